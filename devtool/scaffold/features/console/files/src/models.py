"""What a task is."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

LONGEST_TITLE = 200
LONGEST_DESCRIPTION = 1000


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something to do.

    Raises:
        ValueError: If the title is blank or a text is longer than its bound.
    """

    id: int
    title: str
    description: str = ""
    completed: bool = False
    created_at: datetime = field(default_factory=_now)

    def __post_init__(self) -> None:
        if not self.title.strip():
            raise ValueError("a title is needed")
        if len(self.title) > LONGEST_TITLE:
            raise ValueError(f"a title has at most {LONGEST_TITLE} characters")
        if len(self.description) > LONGEST_DESCRIPTION:
            raise ValueError(f"a description has at most {LONGEST_DESCRIPTION} characters")
