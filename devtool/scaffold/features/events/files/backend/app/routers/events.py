"""Where Dapr's side-car brings events; nobody else, and not without Dapr."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Header, Request

from app.errors import NotFoundError, documented
from app.events.consumers import deliver
from app.events.event import Event
from app.events.settings import get_event_settings
from app.schemas.event import Heard

router = APIRouter(prefix="/events", tags=["events"], include_in_schema=False)


@router.post("", response_model=Heard, responses=documented(404))
async def hear(
    request: Request, token: Annotated[str, Header(alias="dapr-api-token")] = ""
) -> Heard:
    """Handle one event. What is none is dropped: it would be none the next time, too."""
    settings = get_event_settings()
    known = settings.events_token.get_secret_value()
    if settings.events_broker != "dapr" or not known or not hmac.compare_digest(known, token):
        raise NotFoundError("There is nothing here.")
    try:
        event = Event.from_json(await request.body())
    except ValueError:
        return Heard(status="DROP")
    await deliver([event])
    return Heard(status="SUCCESS")
