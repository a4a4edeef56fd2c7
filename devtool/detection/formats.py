"""Text out of bytes, and TOML, JSON and YAML out of text, at a cost that grows with the text alone.

Each of the three has inputs of a megabyte that keep its usual parser busy for minutes.
"""

from __future__ import annotations

import re

from devtool.detection.pattern import Pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# tomllib's time grows with the square of the parts of a dotted key, all of which are on one line.
MAX_DOTS_IN_LINE = 1_000
# What `<<:` may add up to, each mapping counted as often as it is merged.
MAX_MERGED = 20_000
# What is wrong with the text, whichever parser says so.
MALFORMED = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
TOO_DEEP = (RecursionError, MemoryError)

# The families of encodings that source is written in; some codecs of Python's are no encodings, and
# others take hours.
_ENCODING = Pattern(
    r"(?:ascii|us[-_]ascii|latin|l\d|iso|8859|cp\d|windows|koi8|utf|u8|gb|big5|euc|sh|sjis|ms|mac|tis)",
    re.IGNORECASE,
)


def decode(raw: bytes, *, is_python: bool) -> str:
    """Text by byte-order mark, UTF-8 or, in Python source, PEP 263 cookie.

    Raises:
        UnicodeError: When it is not text in that encoding.
        LookupError: When the encoding is none that is known.
    """
    if raw.startswith(b"\xef\xbb\xbf"):
        return raw[3:].decode("utf-8")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        if not is_python:
            raise
        return raw.decode(_source_encoding(raw))
    if "\0" in text:
        raise UnicodeDecodeError("utf-8", b"\0", 0, 1, "NUL byte")
    return text


def _source_encoding(raw: bytes) -> str:
    for line in raw.split(b"\n", 2)[:2]:
        cookie = re.match(rb"^[ \t\f]*#.{0,200}?coding[:=][ \t]*([-\w.]{1,40})", line)
        if cookie:
            name = cookie.group(1).decode("ascii", "replace")
            return name if _ENCODING.match(name) else "utf-8"
    return "utf-8"


def load_toml(text: str) -> object:
    """The table of a TOML document.

    Raises:
        ValueError: When it is not TOML.
        RecursionError: When it is nested too deeply.
    """
    import tomllib

    if text.count(".") > MAX_DOTS_IN_LINE and any(
        line.count(".") > MAX_DOTS_IN_LINE for line in text.splitlines()
    ):
        raise RecursionError("a key of too many parts")
    return tomllib.loads(text)


def load_json(text: str) -> object:
    """The value of a JSON document, comments and trailing commas allowed.

    Raises:
        ValueError: When it is not JSON.
        RecursionError: When it is nested too deeply.
    """
    import json

    try:
        return json.loads(text)
    except ValueError:
        return json.loads(_without_comments(text))


def _without_comments(text: str) -> str:
    """JSON out of JSON with comments and trailing commas, as launch.json and tsconfig.json are.

    A string or comment that does not end goes to the end: looking for its end from every other
    quote would take the square of the time.
    """
    string = r'("(?:[^"\\\n]|\\.)*(?:"|\Z|(?=\n)|\\))'
    pieces = re.compile(string + r"|//[^\n]*|/\*(?:.*?\*/|.*)", re.DOTALL)
    bare = pieces.sub(lambda match: match.group(1) or "", text)
    trailing = re.compile(string + r"|,(?=\s*[}\]])", re.DOTALL)
    return trailing.sub(lambda match: match.group(1) or "", bare)


def load_yaml(text: str) -> object:
    """The first document of a YAML stream.

    Raises:
        ValueError: When it is not YAML.
        RecursionError: When it is nested too deeply.
    """
    if text.lstrip().startswith("{"):
        import json

        try:
            return json.loads(text)
        except ValueError:
            pass  # flow-style YAML starts with a brace too
    import yaml

    try:
        return next(iter(yaml.load_all(text, Loader=_loader())), None)
    except yaml.YAMLError as error:
        raise ValueError("not YAML") from error


def _loader() -> Any:
    """The safe loader, with an end to merging: a few lines of `<<` can ask for 10^9 keys."""
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        merged = 0

        def flatten_mapping(self, node: yaml.MappingNode) -> None:
            super().flatten_mapping(node)
            self.merged += len(node.value)
            if self.merged > MAX_MERGED:
                raise ValueError("too much is merged")

    return Loader
