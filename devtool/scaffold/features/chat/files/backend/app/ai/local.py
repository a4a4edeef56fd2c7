"""The assistant without a model: a few rules, which say that they are rules.

It reads only what the user wrote, never what a tool gave back, so a task's title cannot tell it
what to do.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from app.ai.parts import Call, Called, CallState, Message

NAME = "local-rules"
LABEL = "\n(local rule-based assistant)"
HELP = """\
I am a local rule-based assistant: no AI model is connected. I understand:
- add buy milk
- what is left?
- what is done?
- show 3, done 3, reopen 3, delete 3
- rename 3 to buy oat milk
A task may be given by its number or its title.
To connect a model, set AI_API_KEY and AI_MODEL, or AI_BASE_URL for one on this machine."""
Say = str
Step = Say | Called


@dataclass(frozen=True, slots=True)
class Rule:
    """What is understood, and the next step towards it.

    Args:
        pattern: The words of it, as groups.
        steps: The words and the calls made so far, to the next step.
    """

    pattern: re.Pattern[str]
    steps: Callable[[re.Match[str], tuple[Call, ...]], Step]


def next_step(asked: Message, calls: tuple[Call, ...]) -> Step:
    """What the assistant says or calls next, after these calls for what the user asked."""
    wanted = " ".join(asked.text.split()).rstrip(".!")
    for rule in RULES:
        if match := rule.pattern.fullmatch(wanted):
            step = _trouble(calls) or rule.steps(match, calls)
            return step if isinstance(step, Called) else f"{step}{LABEL}"
    return HELP


def _call(name: str, **arguments: Any) -> Called:
    return Called(uuid4().hex, name, arguments)


def _trouble(calls: tuple[Call, ...]) -> Say:
    """What went wrong with the last call, or nothing."""
    if not calls or calls[-1].state is CallState.DONE:
        return ""
    if calls[-1].state is CallState.DENIED:
        return "Nothing was changed."
    why = calls[-1].output.get("error", "the tool failed").rstrip(".")
    return f"That did not work: {why}."


def _add(match: re.Match[str], calls: tuple[Call, ...]) -> Step:
    if not calls:
        return _call("add_task", title=match["title"].strip("\"'"))
    return f"Added {_named(calls[-1].output)}."


def _left(_match: re.Match[str], calls: tuple[Call, ...]) -> Step:
    if not calls:
        return _call("list_tasks", completed=False, limit=100)
    return _listed(calls[-1].output, "Left to do", "Nothing is left to do")


def _finished(_match: re.Match[str], calls: tuple[Call, ...]) -> Step:
    if not calls:
        return _call("list_tasks", completed=True, limit=100)
    return _listed(calls[-1].output, "Done", "Nothing is done yet")


def _every(_match: re.Match[str], calls: tuple[Call, ...]) -> Step:
    if not calls:
        return _call("list_tasks", limit=100)
    return _listed(calls[-1].output, "Your tasks", "There are no tasks yet")


def _with_task(
    tool: str, said: str, **fixed: Any
) -> Callable[[re.Match[str], tuple[Call, ...]], Step]:
    """The steps of a rule about one task: find it by its title if need be, call, and say so."""

    def steps(match: re.Match[str], calls: tuple[Call, ...]) -> Step:
        if calls and calls[-1].name == tool:
            return said.format(_named(_task_of(calls)))
        words = match.groupdict()
        title = words.pop("task").strip("\"'")
        if title.removeprefix("#").isdigit():
            return _call(tool, task_id=int(title.removeprefix("#")), **words, **fixed)
        if not calls:
            return _call("list_tasks", limit=100)
        found = [task for task in _items(calls[-1].output) if _same(task["title"], title)]
        if len(found) != 1:
            return _which(title, found)
        return _call(tool, task_id=found[0]["id"], **words, **fixed)

    return steps


def _task_of(calls: tuple[Call, ...]) -> dict[str, Any]:
    """The task that the last call was about, with what an earlier one told of it."""
    last = {**calls[-1].arguments, **calls[-1].output}
    listed = (task for call in calls[:-1] for task in _items(call.output))
    earlier = next((task for task in listed if task["id"] == last.get("task_id")), {})
    return {**earlier, **last}


def _which(title: str, found: list[dict[str, Any]]) -> Say:
    if not found:
        return f'There is no task "{title}" among the first 100.'
    return f"Which one? {', '.join(map(_named, found))}."


def _same(title: str, wanted: str) -> bool:
    return title.casefold() == wanted.casefold()


def _items(output: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = output.get("items", [])
    return items


def _listed(output: dict[str, Any], heading: str, nothing: str) -> Say:
    tasks = _items(output)
    if not tasks:
        return f"{nothing}."
    lines = "".join(f"\n- {_named(task)}{' (done)' * task['completed']}" for task in tasks)
    more = "\nThere are more." if output.get("next_cursor") else ""
    return f"{heading}:{lines}{more}"


def _named(task: dict[str, Any]) -> str:
    number = task.get("id", task.get("task_id"))
    return f"{number}: {task['title']}" if "title" in task else f"task {number}"


_TASK = r"(?:task )?(?P<task>.+?)"
_COMPLETE = ("complete_task", "Done: {}.")


def _rule(pattern: str, steps: Callable[[re.Match[str], tuple[Call, ...]], Step]) -> Rule:
    return Rule(re.compile(pattern, re.IGNORECASE | re.DOTALL), steps)


RULES = (
    _rule(r"(?:please )?(?:add|create|new)(?: a)?(?: task)?:? (?P<title>.+)", _add),
    _rule(
        r"(?:what(?: is|'s|\u2019s) (?:left|open)(?: to do)?|list open(?: tasks)?|left)\??", _left
    ),
    _rule(r"(?:what(?: is|'s|\u2019s) done|list done(?: tasks)?|finished)\??", _finished),
    _rule(r"(?:list|show|tasks|(?:list|show)(?: me)?(?: all)?(?: my)? tasks)\??", _every),
    _rule(rf"(?:done|complete|finish|check)(?: with)? {_TASK}", _with_task(*_COMPLETE)),
    _rule(rf"(?:mark )?{_TASK}(?: as| is)? done", _with_task(*_COMPLETE)),
    _rule(
        rf"(?:reopen|undo|uncheck) {_TASK}",
        _with_task("update_task", "Open again: {}.", completed=False),
    ),
    _rule(rf"rename {_TASK} to (?P<title>.+)", _with_task("update_task", "Renamed: {}.")),
    _rule(rf"(?:delete|remove) {_TASK}", _with_task("delete_task", "Deleted {}.")),
    _rule(rf"show {_TASK}", _with_task("get_task", "That is {}.")),
)
