"""What people press, out of the bytes that a terminal sends."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

UP, DOWN, PAGE_UP, PAGE_DOWN, HOME, END = "up", "down", "page up", "page down", "home", "end"
ENTER, ESCAPE, BACKSPACE, INTERRUPT = "enter", "escape", "backspace", "ctrl-c"

_CONTROL = {
    "\r": ENTER,
    "\n": ENTER,
    "\x03": INTERRUPT,
    "\x7f": BACKSPACE,
    "\x08": BACKSPACE,
    "\x10": UP,
    "\x0e": DOWN,
}
# The end of an escape sequence: cursor keys end with a letter, the others with a number and a tilde.
_SEQUENCES = {
    "A": UP,
    "B": DOWN,
    "H": HOME,
    "F": END,
    "1~": HOME,
    "4~": END,
    "5~": PAGE_UP,
    "6~": PAGE_DOWN,
    "7~": HOME,
    "8~": END,
}
_SEQUENCE = re.compile(r"\x1b(?:\[([0-?]*)[ -/]*([@-~])|O([@-~]))")
# An unfinished sequence; a terminal sends the whole of it at once, save over a slow line.
_BEGUN = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|O)$")


class Keyboard:
    """Turns bytes into keys: a name for what does something, and else the character itself."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="ignore")
        self._rest = ""

    def keys(self, sent: bytes) -> Iterator[str]:
        """The keys of one read; what is not known is left out."""
        text = self._rest + self._decoder.decode(sent)
        begun = _BEGUN.search(text)
        self._rest = begun[0] if begun else ""
        text = text[: begun.start()] if begun else text
        while text:
            key, text = _first(text)
            if key:
                yield key


def _first(text: str) -> tuple[str, str]:
    """The first key, or nothing where it is not known, and the rest."""
    if found := _SEQUENCE.match(text):
        number, last, application = found.groups()
        name = application or (f"{number.partition(';')[0]}~" if last == "~" else last)
        return _SEQUENCES.get(name, ""), text[found.end() :]
    if text[0] == "\x1b":
        return ESCAPE, text[1:]
    if text[0].isprintable():
        return text[0], text[1:]
    return _CONTROL.get(text[0], ""), text[1:]
