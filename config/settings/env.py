"""Read settings from the environment; a missing or malformed value stops the process with its name."""

import math
import os
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"{name} must be set")
    return value


def given(name: str) -> str:
    """For what production must be told: set, and not empty."""
    value = text(name).strip()
    if not value:
        raise ImproperlyConfigured(f"{name} must not be empty")
    return value


def flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name, str(default)).strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}")


def number(name: str, default: float, *, minimum: float, maximum: float = math.inf) -> float:
    value = os.environ.get(name, str(default))
    try:
        parsed = float(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number, not {value!r}") from None
    if not parsed >= minimum:
        raise ImproperlyConfigured(f"{name} must be at least {minimum}, not {value!r}")
    if parsed > maximum:
        raise ImproperlyConfigured(f"{name} must be at most {maximum}, not {value!r}")
    return parsed


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list; empty items are dropped."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def pairs(name: str) -> dict[str, str]:
    """A comma-separated list of name=value. A refusal never repeats a value: there may be passwords."""
    found = dict(word.partition("=")[::2] for word in words(name))
    if not all(key and value for key, value in found.items()):
        raise ImproperlyConfigured(f"{name} must be a list of name=value")
    return found


def postgres(name: str, default: str) -> dict[str, Any]:
    """`postgresql://user:password@host:port/name?host=/socket/dir` as a Django DATABASES entry."""
    url = urlsplit(os.environ.get(name, default))
    if url.scheme not in {"postgres", "postgresql"} or not url.path.strip("/"):
        raise ImproperlyConfigured(f"{name} must look like postgresql://user@host:port/database")
    query = dict(parse_qsl(url.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.strip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": query.pop("host", url.hostname or ""),
        "PORT": str(url.port or query.pop("port", "")),
        "OPTIONS": query,
    }


def celery_broker(redis_url: str) -> str:
    """kombu's spelling of a Redis URL; unix sockets are written differently there."""
    url = urlsplit(redis_url)
    if url.scheme in {"redis", "rediss"}:
        return redis_url
    if url.scheme != "unix":
        raise ImproperlyConfigured("REDIS_URL must be redis://, rediss:// or unix://")
    database = dict(parse_qsl(url.query)).get("db", "0")
    return f"redis+socket://{url.path}?virtual_host={database}"
