"""The routes of accounts."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Form, Request

from app.current_user import USER_RESPONSES, CurrentSession, CurrentUser
from app.errors import documented
from app.mail import send
from app.schemas.auth import (
    Accepted,
    EmailOnly,
    LoginForm,
    Me,
    PasswordChange,
    PasswordReset,
    Refresh,
    SignUp,
    TokenOnly,
    Tokens,
)
from app.services import auth, session
from app.services.auth import Account
from app.services.rate_limit import Rule, attempt, count, forgive

PER_ADDRESS = Rule("auth", attempts=120, seconds=60)
PER_ACCOUNT = Rule("login", attempts=10, seconds=900)
MAILS = Rule("mail", attempts=5, seconds=3600)
SIGN_UP = Accepted(detail="If that address is free, the account is made. Sign in.")
MAILED = Accepted(detail="If that address has an account, a mail is on its way.")


async def limited(request: Request) -> str:
    """The address a request comes from, after counting it."""
    address = request.client.host if request.client else ""
    await count(PER_ADDRESS, request.url.path, address)
    return address


Address = Annotated[str, Depends(limited)]

router = APIRouter(prefix="/auth", tags=["auth"], responses=documented(429))


@router.post("/signup", status_code=201, response_model=Accepted)
async def sign_up(_address: Address, data: SignUp, after: BackgroundTasks) -> Accepted:
    """Make an account. The answer is the same where there was one."""
    mail = await auth.sign_up(data.email, data.password)
    if not await attempt(MAILS, data.email):
        after.add_task(send, mail)
    return SIGN_UP


@router.post("/login", response_model=Tokens, responses=documented(401, 403))
async def log_in(address: Address, form: Annotated[LoginForm, Form()]) -> Tokens:
    """Sign in with an e-mail address and a password."""
    email = form.username.strip().lower()
    await count(PER_ACCOUNT, email, address)
    tokens = await auth.sign_in(email, form.password)
    await forgive(PER_ACCOUNT, email, address)
    return tokens


@router.post("/refresh", response_model=Tokens, responses=documented(401))
async def refresh(_address: Address, data: Refresh) -> Tokens:
    """Get new tokens. A refresh token works once; used again, it ends the session."""
    return await session.refresh(data.refresh_token)


@router.post("/logout", status_code=204, responses=USER_RESPONSES)
async def log_out(identity: CurrentSession) -> None:
    """End this session: none of its tokens works any more."""
    await session.end_session(identity.session_id)


@router.get("/me", response_model=Me, responses=USER_RESPONSES)
async def me(user: CurrentUser) -> Account:
    """Read who is signed in."""
    return await auth.get(user)


@router.post("/password", response_model=Tokens, responses=USER_RESPONSES | documented(403))
async def change_password(user: CurrentUser, data: PasswordChange) -> Tokens:
    """Change the password. Every session ends; the tokens of the answer are a new one."""
    await count(PER_ACCOUNT, user)
    tokens = await auth.change_password(user, data.current_password, data.new_password)
    await forgive(PER_ACCOUNT, user)
    return tokens


@router.post("/password/forgot", status_code=202, response_model=Accepted)
async def forgot_password(_address: Address, data: EmailOnly, after: BackgroundTasks) -> Accepted:
    """Ask for a mail with which to set a new password."""
    after.add_task(_send_reset, data.email)
    return MAILED


@router.post("/password/reset", status_code=204, responses=documented(403))
async def reset_password(_address: Address, data: PasswordReset) -> None:
    """Set a new password with the token of that mail."""
    await auth.reset_password(data.token, data.new_password)


@router.post("/verify", status_code=204, responses=documented(403))
async def verify_email(_address: Address, data: TokenOnly) -> None:
    """Verify an address with the token of the mail that was sent there."""
    await auth.verify_email(data.token)


@router.post("/verify/request", status_code=202, response_model=Accepted, responses=USER_RESPONSES)
async def request_verification(user: CurrentUser, after: BackgroundTasks) -> Accepted:
    """Ask for another such mail."""
    mail = await auth.verification_mail(user)
    if mail and not await attempt(MAILS, mail.to):
        after.add_task(send, mail)
    return MAILED


async def _send_reset(email: str) -> None:
    """Runs after the answer, so that its time does not tell whether there is an account."""
    if await attempt(MAILS, email):
        return
    mail = await auth.reset_mail(email)
    if mail:
        await send(mail)
