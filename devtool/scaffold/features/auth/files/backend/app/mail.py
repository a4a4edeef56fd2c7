"""Send mail: to the console, into a folder, or through a server."""

import smtplib
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit
from uuid import uuid4

from anyio import to_thread

from app.auth_settings import get_auth_settings
from app.logs import logger
from app.settings import get_settings

SECONDS = 20.0


class Mail(NamedTuple):
    """What somebody is told."""

    to: str
    subject: str
    text: str


async def send(mail: Mail) -> None:
    """Send a mail. A failure is logged, not raised: whoever asked for it must not see it."""
    settings = get_auth_settings()
    url = urlsplit(settings.mail_url.get_secret_value())
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.mail_from, mail.to, mail.subject
    message.set_content(mail.text)
    deliver = {"file": _to_folder, "smtp": _to_server, "smtps": _to_server}.get(
        url.scheme, _to_console
    )
    try:
        await to_thread.run_sync(deliver, message, url)
    except (OSError, smtplib.SMTPException) as error:
        logger.error("mail not sent", extra={"reason": type(error).__name__})


def _to_console(message: EmailMessage, _url: SplitResult) -> None:
    if get_settings().environment == "production":
        # The text may hold a token, and logs are read by more people than mails.
        logger.error("mail not sent", extra={"reason": "MAIL_URL is not set"})
        return
    logger.info("mail", extra={"to": message["To"], "text": message.get_content()})


def _to_folder(message: EmailMessage, url: SplitResult) -> None:
    folder = Path(unquote(url.path))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{uuid4()}.eml").write_bytes(message.as_bytes())


def _to_server(message: EmailMessage, url: SplitResult) -> None:
    kind = smtplib.SMTP_SSL if url.scheme == "smtps" else smtplib.SMTP
    with kind(url.hostname or "localhost", url.port or 0, timeout=SECONDS) as server:
        if url.username:
            if url.scheme == "smtp":
                server.starttls()
            server.login(unquote(url.username), unquote(url.password or ""))
        server.send_message(message)
