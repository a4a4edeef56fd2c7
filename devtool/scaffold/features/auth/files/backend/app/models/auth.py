"""The tables of accounts. Secrets are apart from users, so that no query of users holds any."""

from datetime import datetime

from sqlmodel import Field

from app.models.base import Moment, Table, new_id, now


class Credential(Table, table=True):
    """How a user proves to be the user."""

    __tablename__ = "credentials"

    user_id: str = Field(
        primary_key=True, max_length=36, foreign_key="users.id", ondelete="CASCADE"
    )
    password_hash: str = Field(max_length=255)
    verified_at: datetime | None = Field(default=None, sa_type=Moment)


class AuthSession(Table, table=True):
    """A sign-in on some device, until it is signed out, expires, or its tokens leak."""

    __tablename__ = "auth_sessions"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    user_id: str = Field(max_length=36, foreign_key="users.id", ondelete="CASCADE", index=True)
    created_at: datetime = Field(default_factory=now, sa_type=Moment, nullable=False)
    expires_at: datetime = Field(sa_type=Moment, nullable=False, index=True)
    revoked_at: datetime | None = Field(default=None, sa_type=Moment)


class RefreshToken(Table, table=True):
    """A token that was given out for a session. Each works once: used twice, it was stolen."""

    __tablename__ = "refresh_tokens"

    token_hash: str = Field(primary_key=True, max_length=64)
    session_id: str = Field(
        max_length=36, foreign_key="auth_sessions.id", ondelete="CASCADE", index=True
    )
    expires_at: datetime = Field(sa_type=Moment, nullable=False)
    used_at: datetime | None = Field(default=None, sa_type=Moment)


class MailToken(Table, table=True):
    """A token that was sent by mail, to prove that somebody reads there."""

    __tablename__ = "mail_tokens"

    token_hash: str = Field(primary_key=True, max_length=64)
    user_id: str = Field(max_length=36, foreign_key="users.id", ondelete="CASCADE", index=True)
    purpose: str = Field(max_length=10)
    expires_at: datetime = Field(sa_type=Moment, nullable=False, index=True)
