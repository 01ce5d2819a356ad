"""Short access tokens (JWT) and rotating refresh tokens (opaque, hashed at rest).

A refresh token that comes back after its rotation ends its whole family: either it was stolen or its
successor was (RFC 9700, section 4.14.2).
"""

import hashlib
import secrets
from dataclasses import dataclass
from uuid import UUID

import jwt
from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now

from deliveryapp.clock import utc_now
from deliveryapp.identity.errors import TokenInvalid
from deliveryapp.ids import new_id
from deliveryapp.models import RefreshToken, User
from deliveryapp.transactions import durable

ALGORITHM = "HS256"
MAX_LENGTH = 2_000


@dataclass(frozen=True, slots=True)
class TokenPair:
    access: str
    refresh: str
    expires_in_s: int


def issue(*, user: User) -> TokenPair:
    """Tokens of a new family: one per log-in."""
    return TokenPair(_access(user), _new_refresh(user.pk, new_id()), _lifetime_s())


def refresh(*, token: str) -> TokenPair:
    """Exchange a refresh token for a new pair. Raises TokenInvalid."""
    with durable():
        pair = _rotate(token)
    if pair is None:
        raise TokenInvalid
    return pair


def _rotate(token: str) -> TokenPair | None:
    """None when the token is of no use; one that was rotated before has then ended its family."""
    user, row = _locked(token)
    if user is None or row is None:
        return None
    if row.rotated_at is not None:
        _end_family(row)
        return None
    if row.revoked_at is not None or row.expires_at <= utc_now() or not user.is_active:
        return None
    RefreshToken.objects.filter(pk=row.pk).update(rotated_at=Now())
    return TokenPair(_access(user), _new_refresh(user.pk, row.family), _lifetime_s())


def _locked(token: str) -> tuple[User | None, RefreshToken | None]:
    """The token and, locked, its user: without the lock a rotation could slip its successor past whoever is
    just ending the family or logging the user out everywhere.
    """
    owners = User.objects.select_for_update(of=("self",), no_key=True)
    user = owners.filter(refresh_tokens__token_hash=_hash(token)).first()
    return user, RefreshToken.objects.filter(token_hash=_hash(token)).first()


def _end_family(row: RefreshToken) -> None:
    RefreshToken.objects.filter(family=row.family, revoked_at=None).update(revoked_at=Now())


def revoke(*, token: str) -> None:
    """End the family of this refresh token; silent when it is unknown."""
    with durable():
        _, row = _locked(token)
        if row is not None:
            _end_family(row)


def log_out_everywhere(*, user_id: UUID) -> None:
    """End every access token, refresh token, web session and socket of the user."""
    with durable():
        User.objects.filter(pk=user_id).update(token_epoch=F("token_epoch") + 1)
        RefreshToken.objects.filter(user_id=user_id, revoked_at=None).update(revoked_at=Now())


def user_for_access_token(token: str) -> User:
    """Raises TokenInvalid: bad signature, expired, other audience, revoked, or the user was suspended."""
    if len(token) > MAX_LENGTH:
        raise TokenInvalid
    try:
        claims = jwt.decode(
            token,
            settings.JWT_SIGNING_KEY,
            algorithms=[ALGORITHM],
            audience=settings.JWT_AUDIENCE,
            issuer=settings.JWT_ISSUER,
            options={"require": ["exp", "iat", "sub", "aud", "iss"]},
        )
        user_id = UUID(claims["sub"])
    except (jwt.InvalidTokenError, ValueError):
        raise TokenInvalid from None
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None or user.token_epoch != claims.get("epoch"):
        raise TokenInvalid
    return user


def _access(user: User) -> str:
    now = utc_now()
    claims = {
        "sub": str(user.pk),
        "epoch": user.token_epoch,
        "iss": settings.JWT_ISSUER,
        "aud": settings.JWT_AUDIENCE,
        "iat": now,
        "exp": now + settings.ACCESS_TOKEN_LIFETIME,
    }
    return jwt.encode(claims, settings.JWT_SIGNING_KEY, algorithm=ALGORITHM)


def _new_refresh(user_id: UUID, family: UUID) -> str:
    token = secrets.token_urlsafe(32)
    RefreshToken.objects.create(
        user_id=user_id,
        family=family,
        token_hash=_hash(token),
        expires_at=utc_now() + settings.REFRESH_TOKEN_LIFETIME,
    )
    return token


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _lifetime_s() -> int:
    return int(settings.ACCESS_TOKEN_LIFETIME.total_seconds())
