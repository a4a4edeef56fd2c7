"""Structured logs: a message and its facts, with the id of the request they belong to.

In production a record is one JSON object a line; in development it is a line to read.
"""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

logger = logging.getLogger("app")
request_id: ContextVar[str] = ContextVar("request_id", default="")

# What every record has; all else came through `extra=` and is worth showing.
STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


def facts(record: logging.LogRecord) -> dict[str, object]:
    """What a record says besides its message. Bodies and headers are never among it."""
    known = {key: value for key, value in vars(record).items() if key not in STANDARD}
    return {"request_id": request_id.get(), **known} if request_id.get() else known


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **facts(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True, default=str)


class TextFormatter(logging.Formatter):
    """A record as somebody reads it who sits before it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and a traceback below it."""
        line = f"{record.levelname}: {record.getMessage()}"
        line += "".join(f" {key}={value}" for key, value in facts(record).items())
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def configure(level: str, *, as_json: bool) -> None:
    """Send the application's log to standard output; uvicorn's own stays as it is."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter() if as_json else TextFormatter())
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(level)
