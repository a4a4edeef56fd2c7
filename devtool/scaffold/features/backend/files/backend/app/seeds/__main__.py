"""`python -m app.seeds`: migrate the database and plant the demo data."""

import asyncio

from app import current_user, migrations, seeds
from app.database import get_database


async def main() -> None:
    """Plant the demo data in the database of the settings."""
    database = get_database()
    await migrations.wait_for(database, 5)
    await migrations.upgrade(database)
    await current_user.prepare()
    await seeds.plant()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main())
