"""What health checks answer."""

from typing import Literal

from pydantic import BaseModel


class Health(BaseModel):
    """All is well; trouble is told by a problem document."""

    status: Literal["ok"] = "ok"
