"""Accounts: what somebody may do who has one, or wants one."""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError

from app.auth_settings import get_auth_settings
from app.database import get_database
from app.errors import ForbiddenError
from app.mail import Mail
from app.models.auth import Credential, MailToken
from app.models.base import new_id, now
from app.models.user import User
from app.schemas.auth import Tokens
from app.security import hash_password, new_token, token_hash, unauthorized, verify_password
from app.services.session import end_sessions, open_session

Purpose = Literal["reset", "verify"]
LIFETIMES: dict[Purpose, timedelta] = {"reset": timedelta(hours=1), "verify": timedelta(days=3)}

USERS = User.metadata.tables["users"]
CREDENTIALS = Credential.metadata.tables["credentials"]
MAIL_TOKENS = MailToken.metadata.tables["mail_tokens"]

ACCOUNT = select(
    USERS.c.id,
    USERS.c.email,
    USERS.c.created_at,
    CREDENTIALS.c.password_hash,
    CREDENTIALS.c.verified_at,
).join_from(USERS, CREDENTIALS)
BY_EMAIL = ACCOUNT.where(USERS.c.email == bindparam("email"))
BY_ID = ACCOUNT.where(USERS.c.id == bindparam("user_id"))
OWN = CREDENTIALS.c.user_id == bindparam("owner")
SET_PASSWORD = update(CREDENTIALS).where(OWN).values(password_hash=bindparam("hashed"))
SET_VERIFIED = update(CREDENTIALS).where(OWN).values(verified_at=bindparam("moment"))
USE_TOKEN = (
    delete(MAIL_TOKENS)
    .where(
        MAIL_TOKENS.c.token_hash == bindparam("hashed"),
        MAIL_TOKENS.c.purpose == bindparam("purpose"),
        MAIL_TOKENS.c.expires_at > bindparam("moment"),
    )
    .returning(MAIL_TOKENS.c.user_id)
)
FORGET_OLD = delete(MAIL_TOKENS).where(MAIL_TOKENS.c.expires_at < bindparam("moment"))


class Account(NamedTuple):
    """A user with what is needed to sign in; not for the wire."""

    id: str
    email: str
    created_at: datetime
    password_hash: str
    verified_at: datetime | None

    @property
    def verified(self) -> bool:
        """Whether the address was proven to be theirs."""
        return self.verified_at is not None


async def sign_up(email: str, password: str) -> Mail:
    """Create an account unless there is one, and the mail that tells the owner of the address.

    Both cases look and last alike, so that nobody can find out who has an account.
    """
    hashed = await hash_password(password)
    try:
        user_id = await _create(email, hashed)
    except IntegrityError:
        return Mail(email, "You have an account", "Somebody signed up with your address again.\n")
    return await _verification(user_id, email)


async def create_verified(email: str, password: str) -> str:
    """Create an account whose address needs no proof; its user's id."""
    user_id = await _create(email, await hash_password(password))
    await get_database().execute(SET_VERIFIED, {"owner": user_id, "moment": now()})
    return user_id


async def sign_in(email: str, password: str) -> Tokens:
    """Tokens for somebody who knows the password.

    Raises:
        UnauthorizedError: If the password is wrong, or there is no such account: which of both is
            not told, and cannot be measured.
        ForbiddenError: If the address has to be verified first.
    """
    account = await find(email)
    fits, renewed = await verify_password(password, account and account.password_hash)
    if account is None or not fits:
        raise unauthorized("The e-mail address or the password is wrong.")
    if get_auth_settings().require_verified_email and not account.verified:
        raise ForbiddenError("Verify your e-mail address first.")
    if renewed:
        await get_database().execute(SET_PASSWORD, {"owner": account.id, "hashed": renewed})
    return await open_session(account.id)


async def find(email: str) -> Account | None:
    """The account with that address."""
    row = await get_database().first(BY_EMAIL, {"email": email})
    return None if row is None else Account._make(row)


async def get(user_id: str) -> Account:
    """The account of a user.

    Raises:
        UnauthorizedError: If it is gone.
    """
    row = await get_database().first(BY_ID, {"user_id": user_id})
    if row is None:
        raise unauthorized()
    return Account._make(row)


async def change_password(user_id: str, current: str, new: str) -> Tokens:
    """Set a new password, end every session, and open a new one for the caller.

    Raises:
        ForbiddenError: If the current password is wrong.
    """
    account = await get(user_id)
    fits, _ = await verify_password(current, account.password_hash)
    if not fits:
        raise ForbiddenError("The current password is wrong.")
    await _set_password(user_id, new)
    return await open_session(user_id)


async def reset_password(token: str, new: str) -> None:
    """Set a new password with a token from a mail, and end every session.

    Raises:
        ForbiddenError: If the token is not valid, or was used.
    """
    user_id = await _use(token, "reset")
    await _set_password(user_id, new)


async def verify_email(token: str) -> None:
    """Note that whoever has the account reads the mails to its address.

    Raises:
        ForbiddenError: If the token is not valid, or was used.
    """
    user_id = await _use(token, "verify")
    await get_database().execute(SET_VERIFIED, {"owner": user_id, "moment": now()})


async def reset_mail(email: str) -> Mail | None:
    """The mail that lets the owner of an address set a new password, if there is an account."""
    account = await find(email)
    if account is None:
        return None
    link = await _link(account.id, "reset", "reset-password")
    return Mail(email, "Set a new password", f"If you asked for it, follow\n{link}\n")


async def verification_mail(user_id: str) -> Mail | None:
    """The mail that lets a user prove that the address is theirs, unless that is done."""
    account = await get(user_id)
    return None if account.verified else await _verification(user_id, account.email)


async def forget_old() -> None:
    """Delete the tokens from mails whose time is over."""
    await get_database().execute(FORGET_OLD, {"moment": now()})


async def _create(email: str, hashed: str) -> str:
    user_id = new_id()
    user = {"id": user_id, "email": email, "created_at": now()}
    async with get_database().transaction() as connection:
        await connection.execute(USERS.insert().values(user))
        row = {"user_id": user_id, "password_hash": hashed}
        await connection.execute(CREDENTIALS.insert().values(row))
    return user_id


async def _set_password(user_id: str, password: str) -> None:
    hashed = await hash_password(password)
    async with get_database().transaction() as connection:
        await connection.execute(SET_PASSWORD, {"owner": user_id, "hashed": hashed})
        await end_sessions(connection, user_id)


async def _verification(user_id: str, email: str) -> Mail:
    link = await _link(user_id, "verify", "verify-email")
    return Mail(
        email, "Verify your address", f"Welcome! To show that you read here, follow\n{link}\n"
    )


async def _link(user_id: str, purpose: Purpose, page: str) -> str:
    secret = new_token()
    row = {
        "token_hash": token_hash(secret),
        "user_id": user_id,
        "purpose": purpose,
        "expires_at": now() + LIFETIMES[purpose],
    }
    await get_database().execute(MAIL_TOKENS.insert().values(row))
    return f"{get_auth_settings().frontend_url}/{page}?token={secret}"


async def _use(token: str, purpose: Purpose) -> str:
    values = {"hashed": token_hash(token), "purpose": purpose, "moment": now()}
    user_id: str | None = await get_database().value(USE_TOKEN, values)
    if user_id is None:
        raise ForbiddenError("This link is not valid any more.")
    return user_id
