"""What Dapr is answered."""

from typing import Literal

from app.schemas.base import Output


class Heard(Output):
    """What became of an event."""

    status: Literal["SUCCESS", "RETRY", "DROP"]
