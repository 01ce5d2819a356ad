"""Who is asking: sign-up, log-in by session (web) and by token (apps), and revocation."""

from deliveryapp.identity.sessions import user_for_session_key
from deliveryapp.identity.tokens import (
    TokenPair,
    issue,
    log_out_everywhere,
    refresh,
    revoke,
    user_for_access_token,
)
from deliveryapp.identity.users import log_in, roles_of, sign_up

__all__ = [
    "TokenPair",
    "issue",
    "log_in",
    "log_out_everywhere",
    "refresh",
    "revoke",
    "roles_of",
    "sign_up",
    "user_for_access_token",
    "user_for_session_key",
]
