from importlib import import_module

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.utils.crypto import constant_time_compare

from deliveryapp.models import User


def user_for_session_key(session_key: str | None) -> User | None:
    """The user of a browser session, for doors that see no Django request (sockets)."""
    if not session_key:
        return None
    store = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = User.objects.filter(pk=store.get(SESSION_KEY), is_active=True).first()
    if user is None:
        return None
    matches = constant_time_compare(store.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
    return user if matches else None
