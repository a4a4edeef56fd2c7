"""What the parts of the warm reloader decide: which changes matter, and what is learned."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from devtool.inproc import script_path
from devtool.runner.reload_changes import Change, Changes
from devtool.runner.reload_learning import Learning
from devtool.runner.reload_nodes import Kind, Node


def version(**files: str) -> Node:
    named = {f"/{name}.py": held for name, held in files.items()}
    return Node(None, Kind.SERVER, files=named)  # type: ignore[arg-type]  # nobody talks to it


def change(*paths: str, declared: str = "") -> Change:
    return Change(paths, frozenset({declared} - {""}), 0.0)


# --- changes ---------------------------------------------------------------------------------------


def test_a_change_back_to_what_is_starting_needs_no_version() -> None:
    changes = Changes()
    serving, starting = version(a="1", b="1"), version()
    assert changes.that_matter(change("/a.py"), {"/a.py": "2"}, serving, None) == ["/a.py"]
    assert changes.that_matter(change("/a.py"), {"/a.py": "2"}, serving, starting) == []
    # What serves holds it, but what starts does not.
    assert changes.that_matter(change("/a.py"), {"/a.py": "1"}, serving, starting) == ["/a.py"]


def test_after_a_failure_any_source_may_be_the_cure_until_a_version_is_ready() -> None:
    changes = Changes()
    serving = version(a="1")
    stranger = {"/stranger.py": "1"}
    assert changes.that_matter(change("/stranger.py"), stranger, serving, None) == []
    changes.failed({"/a.py": "2"})
    assert changes.that_matter(change("/stranger.py"), stranger, serving, None) == ["/stranger.py"]
    assert changes.that_matter(change("/a.py"), {"/a.py": "1"}, serving, None) == ["/a.py"]
    changes.started(["settings"])
    assert changes.that_matter(change("/stranger.py"), stranger, serving, None) == []
    assert changes.missing == {"settings"}


def test_declared_files_matter_and_only_sources_are_hot() -> None:
    changes = Changes()
    found = changes.that_matter(
        change("/a.py", "/x.md", declared="/x.md"),
        {"/a.py": "2", "/x.md": "1"},
        version(a="1"),
        None,
    )
    assert found == ["/a.py", "/x.md"]
    assert changes.hot == ["/a.py"]


def test_a_checkout_makes_no_file_hot() -> None:
    changes = Changes()
    serving = version(a="1", b="1", c="1")
    changes.that_matter(change("/b.py"), {"/b.py": "2"}, serving, None)
    all_of_them = {"/a.py": "2", "/b.py": "3", "/c.py": "2"}
    assert changes.that_matter(change(*all_of_them), all_of_them, serving, None)
    assert changes.hot == ["/b.py"]


def test_what_was_passed_over_is_judged_once() -> None:
    changes = Changes()
    changes.pass_over(change("/a.py"))
    assert changes.passed_over() == [change("/a.py")]
    assert changes.passed_over() == []


# --- learning --------------------------------------------------------------------------------------


def test_a_module_is_tried_out_once_and_known_in_the_next_run(tmp_path: Path) -> None:
    file = tmp_path / "state" / "learned.json"
    first = Learning(file, sys.executable)
    first.saw(["json", "threads"])
    assert first.untried() == ["json", "threads"]
    assert first.untried() == []
    first.found(["json"], {"threads": "starts a thread"})
    second = Learning(file, sys.executable)
    assert (second.good, second.unsafe) == (["json"], {"threads": "starts a thread"})
    second.saw(["json", "threads", "csv"])
    assert second.untried() == ["csv"]


def test_what_is_blamed_is_no_longer_good() -> None:
    learning = Learning(None, sys.executable)
    learning.saw(["json", "csv"])
    learning.trust_all()
    learning.blame(["csv"], "cannot be imported alone")
    assert (learning.good, learning.unsafe) == (["json"], {"csv": "cannot be imported alone"})


# --- modules from outside --------------------------------------------------------------------------


OUTSIDERS = """
import json, sys, types
from devtool_imports import Imports
from devtool_preload import outsiders

imports = Imports()
known = dict.fromkeys(sys.modules)
for name, folder in (("first", sys.argv[1]), ("ours", "/home/me/shop/"), ("second", sys.argv[1])):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__file__ = f"{folder}{name}.py"
    # As importlib does with a module that it has executed.
    sys.modules["json"] = sys.modules.pop("json")
print(outsiders(known, imports), outsiders(known, imports))
"""


def test_new_modules_are_found_though_known_ones_have_moved() -> None:
    done = subprocess.run(
        (sys.executable, "-c", OUTSIDERS, "/env/lib/python3/site-packages/"),
        env={"PYTHONPATH": str(Path(script_path("devtool_preload")).parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "['first', 'second'] []\n"


# --- code that Python has kept ---------------------------------------------------------------------


KEPT = """
import importlib, importlib.util, os, sys
from pathlib import Path
from devtool_imports import Imports

imports = Imports()
imports.install()
sys.path.insert(0, os.getcwd())
file = Path("shop.py").resolve()
cached = Path(importlib.util.cache_from_source(str(file)))


def answer(text, age, is_sound):
    # Python believes the code in the cache, for the source is as long and as old as what it was made of.
    file.write_text("VALUE = 'kept'")
    os.utime(file, (1000, 1000))
    cached.unlink(missing_ok=True)
    imports.keep_for_later_runs(str(file))
    file.write_text(text)
    os.utime(file, (1000, 1000))
    os.utime(cached, (1000 + age, 1000 + age))
    if not is_sound:
        cached.write_bytes(cached.read_bytes()[:20])
    sys.modules.pop("shop", None)
    return importlib.import_module("shop").VALUE


print(answer("VALUE = 'read'", 2, True), end=" ")
imports._codes.clear()
print(answer("VALUE = 'read'", 5, True), end=" ")
print(answer("VALUE = 'next'", 5, True), end=" ")
imports._codes.clear()
print(answer("VALUE = 'read'", 5, False))
file.write_text("def oops(:")
imports.keep_for_later_runs(str(file))
"""


def test_code_that_python_has_kept_is_taken_once_and_only_if_it_is_clearly_younger(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        (sys.executable, "-c", KEPT),
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(script_path("devtool_preload")).parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "read kept next read\n"
