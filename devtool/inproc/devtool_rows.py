"""Create rows through a generated project's own services, for one of its users.

Runs in the project's own interpreter, 3.9 or newer, with `backend` as working folder. Needs the
standard library only. Reads one JSON object from standard input, and prints one: `{"created": N}` or
an error, as `devtool_answers` tells it. Every row is checked before the first is created, and none is
created twice within a day, however often it is sent.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import json
import sys

from devtool_answers import answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def main() -> int:
    """Answer on standard output; 0 when all rows are there."""
    asked = json.loads(sys.stdin.read())
    code: int = answer(lambda: {"created": asyncio.run(create(asked))})
    return code


async def create(asked: dict[str, Any]) -> int:
    """Create every row; how many."""
    load = importlib.import_module
    database = load("app.database").get_database()
    checked = []
    for batch in asked["batches"]:
        schema = getattr(load("app.schemas." + batch["module"]), batch["name"] + "Create")
        done = "completed" in schema.model_fields
        for row in batch["rows"]:
            rest = {key: value for key, value in row.items() if key != "completed" or done}
            checked.append((batch, row, schema.model_validate(rest), done))
    try:
        await load("app.migrations").upgrade(database)
        owner = await owner_of(database, asked["email"])
        for number, (batch, row, data, done) in enumerate(checked):
            made = await create_one(owner, number, batch["module"], row, data)
            if row.get("completed") and not done:  # a deed of its own
                service = load("app.services." + batch["module"])
                await getattr(service, "complete_" + batch["module"])(owner, made)
    finally:
        await database.close()
    return len(checked)


async def create_one(owner: str, number: int, module: str, row: dict[str, Any], data: Any) -> int:
    """Create one row, unless it was created before; its id."""
    service = importlib.import_module("app.services." + module)
    text = f"{number} {module} {json.dumps(row, sort_keys=True)}"
    key = hashlib.sha256(text.encode()).hexdigest()
    made, _ = await getattr(service, f"create_{module}_once")(owner, data, key)
    return int(made.id)


async def owner_of(database: Any, email: str) -> str:
    """The id of the user with that address, or of the only one there is."""
    text = importlib.import_module("sqlalchemy").text
    await importlib.import_module("app.current_user").prepare()
    async with database.statements() as connection:
        found = (await connection.execute(text("SELECT id, email FROM users"))).all()
    wanted = [row.id for row in found if not email or row.email == email.lower()]
    if len(wanted) != 1:
        known = ", ".join(row.email for row in found) or "nobody yet: sign up first"
        raise LookupError("name the user with --user; there is: " + known)
    return str(wanted[0])


if __name__ == "__main__":
    sys.exit(main())
