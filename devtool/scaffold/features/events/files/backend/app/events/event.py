"""An event, and how it goes over the wire: a CloudEvent 1.0 in JSON."""

import json
from datetime import datetime
from typing import Any, NamedTuple, Self


class Event(NamedTuple):
    """Something that has happened to a row.

    Attributes:
        id: Its own, by which it is known again.
        kind: What has happened, such as `tasks.created`.
        key: The row; events of one row are told in their order.
        owner: Whose row it is.
        at: When.
        data: The row as it was then.
    """

    id: str
    kind: str
    key: str
    owner: str
    at: datetime
    data: dict[str, Any]

    def to_json(self) -> str:
        """The event as text."""
        return json.dumps(
            {
                "specversion": "1.0",
                "id": self.id,
                "source": "/__PROJECT__",
                "type": self.kind,
                "subject": self.key,
                "time": self.at.isoformat(),
                "datacontenttype": "application/json",
                "owner": self.owner,
                "data": self.data,
            }
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """The event that a text says.

        Raises:
            ValueError: If it says none.
        """
        said = json.loads(text)
        try:
            return cls(
                id=str(said["id"]),
                kind=str(said["type"]),
                key=str(said["subject"]),
                owner=str(said["owner"]),
                at=datetime.fromisoformat(said["time"]),
                data=dict(said["data"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError("this is no event of ours") from error
