"""`If-Match`: change a thing only if it is still as the caller saw it.

A caller sends the ETag it was given; if the thing has another one by now, the answer is 412.
Without the header, or with `*`, the change is made whatever was there.
"""

import re
from typing import Annotated

from fastapi import Header

from app.errors import PreconditionFailedError

# Not a parameter of the schema: whoever tries every value the schema allows would call 412 a fault.
IfMatch = Annotated[str | None, Header(max_length=200, include_in_schema=False)]
# Weak tags never match (RFC 9110), nor does what no version ever was.
TAG = re.compile(r'(?<!W/)"([0-9]{1,9})"')


def etag(version: int) -> str:
    """The ETag of a version."""
    return f'"{version}"'


def versions(if_match: str | None) -> tuple[int, ...] | None:
    """The versions that a header allows, or None if it allows any.

    Raises:
        PreconditionFailedError: If no version can ever match.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    found = tuple(int(tag) for tag in TAG.findall(if_match))
    if not found:
        raise PreconditionFailedError("It has changed since you saw it.")
    return found
