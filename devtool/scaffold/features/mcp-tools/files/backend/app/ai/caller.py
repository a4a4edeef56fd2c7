"""For whom a tool is run."""

from dataclasses import dataclass

# Where the scope of a request keeps its caller once the token was verified.
CALLER = "app.ai.caller"


@dataclass(frozen=True, slots=True)
class Caller:
    """The user a tool acts for: taken from a verified token, never from what a model wrote."""

    user_id: str
