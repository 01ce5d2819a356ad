"""Sessions in the database (SESSION_ENGINE). The key comes from a cookie, so anything can stand there."""

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    def _validate_session_key(self, value: str | None) -> bool:
        """Django's hook, stricter: PostgreSQL refuses a NUL, and we give out only letters and digits."""
        return value is not None and len(value) >= 8 and value.isascii() and value.isalnum()
