"""After any edits, what the warm server answers equals what a freshly started process answers.

The project tells everything about itself that a reload could get wrong: the order of imports, the values of its
modules, whether classes are one and the same wherever they are reached, the tables and their columns,
registries that modules fill on import, and settings from the environment.
"""

from __future__ import annotations

import json
import os
import queue
import random
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devtool.runner.environment import read_env_file
from devtool.runner.reload import News, ReloadFailed
from devtool.runner.reload_standby import StandbyReloader
from devtool.runner.reload_warm import Application, WarmReloader
from devtool.runner.watch import Batch, Watcher

DEADLINE = 60

MAIN = """
import json
from shop import trace
from shop.parts import PARTS
import shop.models
import shop.view
from shop.settings import LEVEL


def state():
    from shop.base import Base
    from shop.models import SQLModel, TABLES
    return {
        "order": trace.ORDER,
        "level": LEVEL,
        "parts": {name: part.VALUE for name, part in PARTS.items()},
        "one_base": all(issubclass(part.Kind, Base) for part in PARTS.values()),
        "kinds": sorted(kind.__name__ for kind in Base.__subclasses__()),
        "registry": Base.registry,
        "tables": {name: list(map(str, table.columns)) for name, table in SQLModel.metadata.tables.items()},
        "classes": [SQLModel.metadata.tables[cls.__tablename__] is cls.__table__ for cls in TABLES],
        "view": shop.view.render(),
        "doc": shop.view.__doc__,
    }


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    body = json.dumps(state()).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})
"""

FILES = {
    ".env": "LEVEL=1000\n",
    "main.py": MAIN,
    "shop/__init__.py": "from shop import trace\ntrace.ORDER.append(__name__)\n",
    "shop/trace.py": "ORDER = []\n",
    "shop/settings.py": "import os\nfrom shop import trace\ntrace.ORDER.append(__name__)\nLEVEL = os.environ['LEVEL']\n",
    "shop/base.py": """
from shop import trace
trace.ORDER.append(__name__)
VALUE = 100


class Base:
    registry = []

    def __init_subclass__(cls):
        Base.registry.append((cls.__module__, cls.__name__, VALUE))
""",
    "shop/models.py": """
from sqlmodel import Field, SQLModel
from shop import trace
trace.ORDER.append(__name__)


class User(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str


class Task(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    field_100: str = "100"
    user_id: int | None = Field(default=None, foreign_key="user.id")


TABLES = [User, Task]
""",
    "shop/view.py": """
from shop import trace
from shop.models import Task
from shop.settings import LEVEL
trace.ORDER.append(__name__)
VALUE = 100


def render():
    return f"{VALUE} {LEVEL} {sorted(Task.model_fields)} {Task().model_dump()}"
""",
}

PART = """
from shop import trace
from shop.base import Base
trace.ORDER.append(__name__)
VALUE = {value}


class Kind{name}(Base):
    pass


Kind = Kind{name}
"""


class Project:
    """A project that is edited at random, and served warm."""

    def __init__(
        self, root: Path, environment: Path, seed: int, kind: type[WarmReloader] = WarmReloader
    ) -> None:
        self.root = root
        self.random = random.Random(seed)
        self.python = str(environment / "bin/python")
        self.package = "parts"
        self.names = ["a", "b", "c"]
        self.edits: list[Callable[[Project], None]] = []
        self.fresh = iter(f"n{number}" for number in range(100))
        for name, text in FILES.items():
            self.write(name, text)
        for name in self.names:
            self.write_part(name)
        self.write_list()
        self.news: queue.SimpleQueue[News] = queue.SimpleQueue()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        env_file = str(root / ".env")
        self.reloader = kind(
            Application(
                python=self.python,
                cwd=str(root),
                kind="uvicorn",
                words=("main:app", "--no-access-log", "--log-level", "warning"),
                env_files=(env_file,),
            ),
            [self.listener],
            environment=self.environment,
            on_news=self.news.put,
        )
        self.watcher = Watcher([root], extra=[env_file], on_batch=self.changed, read_after=0)
        self.watcher.start()
        assert self.watcher.begun.wait(DEADLINE)
        self.reloader.start()

    def changed(self, batch: Batch) -> None:
        self.reloader.reload(batch.paths, declared=batch.declared, at=batch.at)

    def environment(self) -> dict[str, str]:
        return read_env_file(self.root / ".env") | dict(os.environ)

    def stop(self) -> None:
        self.watcher.stop()
        self.reloader.stop()
        self.listener.close()

    # What it answers

    def served(self) -> Any:
        url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
            return json.load(answer)

    def started(self) -> Any:
        """What a process answers that was started just now."""
        code = "import json, main; print(json.dumps(main.state()))"
        done = subprocess.run(
            (self.python, "-B", "-c", code),
            cwd=self.root,
            env=self.environment(),
            capture_output=True,
            check=True,
            text=True,
        )
        return json.loads(done.stdout)

    def check(self, edit: str) -> None:
        """The warm server comes to answer what a fresh process answers."""
        wanted, deadline = self.started(), time.monotonic() + DEADLINE
        while (served := self.served()) != wanted:
            assert time.monotonic() < deadline, (edit, served, wanted)
            time.sleep(0.01)
            time.sleep(0.05)

    # Edits

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        saved = path.with_name(f".{path.name}.tmp")
        saved.write_text(text, encoding="utf-8")
        saved.replace(path)

    def write_part(self, name: str) -> None:
        text = PART.format(value=self.random.randrange(100, 1000), name=name.upper())
        self.write(f"shop/{self.package}/{name}.py", text)

    def write_list(self) -> None:
        """The package's own file, which imports every part, in an order of its own."""
        self.random.shuffle(self.names)
        imports = "".join(f"from shop.{self.package} import {name}\n" for name in self.names)
        table = ", ".join(f"{name!r}: {name}" for name in self.names)
        self.write(
            f"shop/{self.package}/__init__.py",
            f"from shop import trace\ntrace.ORDER.append(__name__)\n{imports}PARTS = {{{table}}}\n",
        )

    def edit_part(self) -> None:
        self.write_part(self.random.choice(self.names))

    def edit_value(self) -> None:
        """Another number of the same length, three times within one second."""
        name = self.random.choice(["shop/base.py", "shop/view.py"])
        for _ in range(3):
            self.substitute(name, "VALUE = ")

    def edit_model(self) -> None:
        self.substitute("shop/models.py", "    field_")

    def substitute(self, name: str, before: str) -> None:
        head, found, tail = (self.root / name).read_text(encoding="utf-8").partition(before)
        self.write(name, f"{head}{found}{self.random.randrange(100, 1000)}{tail[3:]}")

    def add_part(self) -> None:
        self.names.append(next(self.fresh))
        self.write_part(self.names[-1])
        self.write_list()

    def delete_part(self) -> None:
        if len(self.names) > 1:
            gone = self.names.pop(self.random.randrange(len(self.names)))
            self.write_list()
            (self.root / f"shop/{self.package}/{gone}.py").unlink()

    def rename_package(self) -> None:
        old, self.package = self.package, f"parts{self.random.randrange(10**6)}"
        (self.root / "shop" / old).rename(self.root / "shop" / self.package)
        self.write_list()
        self.write("main.py", MAIN.replace("shop.parts", f"shop.{self.package}"))
        shutil.rmtree(self.root / "shop" / old, ignore_errors=True)

    def edit_env(self) -> None:
        self.write(".env", f"LEVEL={self.random.randrange(1000, 10_000)}\n")

    def touch(self) -> None:
        (self.root / "shop/base.py").touch()

    def break_and_mend(self) -> None:
        """What is broken changes nothing; what mends it, and what was edited meanwhile, is served."""
        name = self.random.choice(["shop/base.py", "shop/view.py", "shop/models.py"])
        before, sound = self.served(), (self.root / name).read_text(encoding="utf-8")
        wrong = self.random.choice(
            ["def oops(:\n", "import no_such\n", "raise OSError('no')\n", "1 / 0\n"]
        )
        self.write(name, sound + wrong)
        while not isinstance(self.news.get(timeout=DEADLINE), ReloadFailed):
            pass
        assert self.served() == before
        self.edit_part()
        assert self.served() == before
        self.write(name, sound.replace("VALUE = ", "VALUE = 1"))


EDITS: tuple[Callable[[Project], None], ...] = (
    Project.edit_part,
    Project.edit_value,
    Project.edit_model,
    Project.add_part,
    Project.delete_part,
    Project.rename_package,
    Project.edit_env,
    Project.touch,
    Project.break_and_mend,
)


@pytest.fixture(
    params=[(1, WarmReloader, 9), (2, WarmReloader, 5), (3, StandbyReloader, 4)],
    ids=lambda param: f"{param[1].__name__} {param[0]}",
)
def project(request: pytest.FixtureRequest, tmp_path: Path, environment: Path) -> Iterator[Project]:
    seed, kind, steps = request.param
    made = Project(tmp_path, environment, seed, kind)
    made.edits = made.random.sample(EDITS, steps)
    yield made
    made.stop()


@pytest.mark.e2e
def test_a_warm_server_answers_as_a_fresh_one(project: Project) -> None:
    project.check("start")
    for edit in project.edits:
        edit(project)
        project.check(edit.__name__)
