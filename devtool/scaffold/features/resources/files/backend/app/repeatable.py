"""`Idempotency-Key`: a request that may be sent again without doing its work twice."""

from typing import Annotated

from fastapi import Header

RepeatKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="A fresh name for this request, such as a UUID: sent again within a day, it is "
        "answered as before and creates nothing.",
    ),
]
