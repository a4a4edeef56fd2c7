"""The terminal in front of the task list."""

from collections.abc import Callable

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from manager import TaskManager, TaskNotFoundError

HELP = """\
  add TITLE          add a task; a description may follow after " | "
  list               show every task
  todo               show what is left
  done NUMBER        complete a task
  undo NUMBER        make it open again
  edit NUMBER TITLE  give it another title
  delete NUMBER      remove it
  help               show this
  quit               end; tasks live in memory and are gone then"""


class Terminal:
    """Reads commands and shows what they did."""

    def __init__(self, tasks: TaskManager, console: Console) -> None:
        self.tasks = tasks
        self.console = console
        self.commands: dict[str, Callable[[str], None]] = {
            "add": self.add,
            "list": self.show_all,
            "todo": self.show_open,
            "done": self.done,
            "undo": self.undo,
            "edit": self.edit,
            "delete": self.delete,
            "help": self.help,
        }

    def run(self, read: Callable[[], str]) -> None:
        """Obey what is read until it says quit or ends."""
        self.say("Tasks. Type help for the commands.")
        while True:
            try:
                line = read().strip()
            except (EOFError, KeyboardInterrupt):
                self.console.print()
                return
            if line == "quit":
                return
            if line:
                self.obey(line)

    def obey(self, line: str) -> None:
        """Do what one line asks, or say why not."""
        name, _, rest = line.partition(" ")
        command = self.commands.get(name.lower())
        if command is None:
            self.say(f"{name} is no command; type help")
            return
        try:
            command(rest.strip())
        except (TaskNotFoundError, ValueError) as error:
            self.say(str(error))

    def add(self, rest: str) -> None:
        title, _, description = rest.partition(" | ")
        task = self.tasks.create_task(title, description)
        self.say(f"added {task.id}: {task.title}")

    def show_all(self, _: str) -> None:
        self.show(completed=None)

    def show_open(self, _: str) -> None:
        self.show(completed=False)

    def show(self, *, completed: bool | None) -> None:
        tasks = self.tasks.list_tasks(completed=completed)
        if not tasks:
            self.say("nothing here; add TITLE adds a task")
            return
        table = Table("no.", "", "title", "description", box=None)
        for task in tasks:
            mark = "done" if task.completed else "open"
            # Text, because what people type must not be read as markup.
            table.add_row(str(task.id), mark, Text(task.title), Text(task.description))
        self.console.print(table)

    def done(self, rest: str) -> None:
        self.say(f"done: {self.tasks.complete_task(number(rest)).title}")

    def undo(self, rest: str) -> None:
        self.say(f"open again: {self.tasks.complete_task(number(rest), completed=False).title}")

    def edit(self, rest: str) -> None:
        task_id, _, title = rest.partition(" ")
        self.say(f"now: {self.tasks.update_task(number(task_id), title=title).title}")

    def delete(self, rest: str) -> None:
        self.tasks.delete_task(number(rest))
        self.say(f"deleted {rest}")

    def help(self, _: str) -> None:
        self.say(HELP)

    def say(self, text: str) -> None:
        self.console.print(Text(text))


def number(text: str) -> int:
    """The number of a task.

    Raises:
        ValueError: If the text is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError("the number of a task is needed, see list")
    return int(text)


def main() -> None:
    """Keep a list of tasks until you quit."""
    console = Console(highlight=False)
    Terminal(TaskManager(), console).run(lambda: console.input("> "))


if __name__ == "__main__":
    typer.run(main)
