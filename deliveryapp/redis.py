"""The process's shared Redis/Valkey clients and the one way keys are named."""

import asyncio
from functools import cache
from weakref import WeakKeyDictionary

import redis
import redis.asyncio
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

_async_clients: "WeakKeyDictionary[asyncio.AbstractEventLoop, redis.asyncio.Redis]" = WeakKeyDictionary()


@cache
def client() -> redis.Redis:
    """Thread-safe and fork-safe (connections of the parent are not reused); answers are bytes."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=2)


@cache
def hasty_client() -> redis.Redis:
    """For those who can do without: half a second for an answer, one try."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=0.5, socket_connect_timeout=0.5, retry=Retry(NoBackoff(), 0)
    )


def async_client() -> redis.asyncio.Redis:
    """One client per event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _async_clients:
        _async_clients[loop] = redis.asyncio.Redis.from_url(
            settings.REDIS_URL, socket_timeout=30, socket_connect_timeout=2, max_connections=200
        )
    return _async_clients[loop]


def key(name: str, region: str = "") -> str:
    """`{region}:name` with the hash tag that keeps a region's keys in one slot of a cluster."""
    return f"{settings.REDIS_PREFIX}{{{region}}}:{name}" if region else f"{settings.REDIS_PREFIX}{name}"
