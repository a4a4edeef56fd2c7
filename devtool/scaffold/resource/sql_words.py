"""Names as a condition of SQL can say them: a word of the language is quoted. Pure."""

from __future__ import annotations

# What SQLite or PostgreSQL takes for something else where a condition means a column.
WORDS = """
add all alter analyse analyze any array asc asymmetric authorization autoincrement between binary
both case cast check collate column commit constraint create cross current_catalog current_date
current_role current_schema current_time current_timestamp current_user default deferrable delete
desc distinct do drop end escape exists false fetch foreign freeze full grant group having ilike
index initially inner insert intersect into isnull join leading left like limit localtime
localtimestamp natural notnull null offset on only order outer overlaps placing primary references
right select session_user set similar some symmetric system_user table then to trailing
transaction true union unique update using values variadic verbose when where window
"""
RESERVED = frozenset(WORDS.split())


def column(name: str) -> str:
    """A column as a condition names it."""
    return f'"{name}"' if name in RESERVED else name


def literal(condition: str) -> str:
    """A condition as a string of Python, in the quotes that the formatter chooses."""
    if condition.count('"') > condition.count("'"):
        return f"'{condition}'"
    escaped = condition.replace('"', '\\"')
    return f'"{escaped}"'
