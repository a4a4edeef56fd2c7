"""Which versions a requirement allows, in the words of pip, Poetry and Pipenv. Pure."""

from __future__ import annotations

import re

PART = re.compile(r"\s*(===|==|~=|!=|<=|>=|\^|~|<|>|=)?\s*v?(\d+(?:\.\d+)*)(\.\*)?.*", re.DOTALL)
Version = tuple[int, ...]


def admits(spec: str, least: Version) -> bool:
    """Whether some version from the least on is allowed; what cannot be read allows all.

    Args:
        spec: The versions, such as `>=1.8,<2`, `^0.79` or `==1.10.*`.
        least: The first version that would do.
    """
    return all(_admits(part, least) for part in spec.split(",") if part.strip())


def as_pip(spec: str) -> str:
    """Versions as pip writes them, of those that Poetry and Pipenv write: `^1.2` as `>=1.2,<2`."""
    return ",".join(filter(None, (_as_pip(part.strip()) for part in spec.split(","))))


def _as_pip(part: str) -> str:
    match = PART.fullmatch(part)
    if match is None:
        return ""
    sign, version = match[1] or "", tuple(map(int, match[2].split(".")))
    upper = _upper(sign, version) if sign in ("^", "~") else None
    if upper is not None:
        return f">={match[2]},<{'.'.join(map(str, upper))}"
    return part if sign and sign != "=" else f"=={part.removeprefix('=').strip()}"


def demands(spec: str, least: Version) -> bool:
    """Whether every version that is allowed is the least one or later."""
    signs = (">=", ">", "==", "===", "=", "^", "~", "~=", "")
    found = [PART.fullmatch(part) for part in spec.split(",")]
    lowest = [tuple(map(int, m[2].split("."))) for m in found if m and (m[1] or "") in signs]
    return any(_padded(version) >= _padded(least) for version in lowest)


def allows(spec: str, version: Version) -> bool:
    """Whether a version is allowed; what says more of it than it says itself counts as itself."""
    return all(_allows(part, version) for part in spec.split(",") if part.strip())


def _allows(part: str, version: Version) -> bool:
    match = PART.fullmatch(part)
    if match is None:
        return True
    sign, said = match[1] or "==", tuple(map(int, match[2].split(".")))[: len(version)]
    match sign:
        case "==" | "===" | "=":
            return version[: len(said)] == said
        case "!=":
            return bool(match[3]) is False or version[: len(said)] != said
        case "<":
            return _padded(version) < _padded(said)
        case "<=":
            return _padded(version) <= _padded(said)
    upper = _upper(sign, said)
    return _padded(version) >= _padded(said) and (
        upper is None or _padded(version) < _padded(upper)
    )


def _admits(part: str, least: Version) -> bool:
    match = PART.fullmatch(part)
    if match is None:
        return True
    sign, version = match[1] or "==", tuple(map(int, match[2].split(".")))
    if match[3] and sign == "==":
        return _padded(_next(version, len(version) - 1)) > _padded(least)
    if sign in ("==", "===", "=", "<="):
        return _padded(version) >= _padded(least)
    if sign == "<":
        return _padded(version) > _padded(least)
    upper = _upper(sign, version)
    return upper is None or _padded(upper) > _padded(least)


def _upper(sign: str, version: Version) -> Version | None:
    """The first version that is not allowed any more, or None."""
    if sign == "^":
        places = (place for place, number in enumerate(version) if number)
        return _next(version, next(places, len(version) - 1))
    if sign == "~":
        return _next(version, min(1, len(version) - 1))
    if sign == "~=":
        return _next(version, max(len(version) - 2, 0))
    return None


def _next(version: Version, place: int) -> Version:
    return (*version[:place], version[place] + 1)


def _padded(version: Version) -> Version:
    return (*version, *(0,) * (6 - len(version)))
