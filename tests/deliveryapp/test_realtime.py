"""Pushing frames from synchronous code: in order, bounded, never in a transaction, never in anybody's way."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import orjson
import pytest
import pytest_asyncio
import structlog
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import transaction

from deliveryapp import realtime
from deliveryapp.realtime import pushing


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    yield
    realtime.close()


@pytest_asyncio.fixture
async def channel() -> AsyncIterator[str]:
    """A channel in the group `news`."""
    layer = get_channel_layer()
    name = await layer.new_channel()
    await layer.group_add("news", name)
    yield name
    await layer.flush()


async def heard(channel: str) -> dict[str, Any]:
    message = await asyncio.wait_for(get_channel_layer().receive(channel), 5)
    assert message["type"] == "realtime.frame"
    return message


async def test_frames_arrive_in_the_order_they_were_pushed(channel: str) -> None:
    def push_all() -> None:
        for n in range(200):
            realtime.push(group="news", frame={"type": "count", "n": n}, about_whom="cleo")

    await sync_to_async(push_all)()

    messages = [await heard(channel) for _ in range(200)]
    assert [orjson.loads(message["text"])["n"] for message in messages] == list(range(200))
    assert {(message["kind"], message["about"]["about_whom"]) for message in messages} == {("count", "cleo")}


async def test_after_closing_the_next_push_starts_again(channel: str) -> None:
    for n in (1, 2):
        await sync_to_async(realtime.push)(group="news", frame={"type": "count", "n": n})
        await sync_to_async(realtime.close)()
        assert orjson.loads((await heard(channel))["text"])["n"] == n


@pytest.mark.django_db(transaction=True)
def test_nothing_is_pushed_inside_a_transaction() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        realtime.push(group="news", frame={"type": "unborn"})


def test_without_redis_a_push_is_logged_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    class DeadLayer:
        async def group_send(self, group: str, message: dict[str, Any]) -> None:
            raise ConnectionRefusedError("down")

    monkeypatch.setattr(pushing, "get_channel_layer", lambda: DeadLayer())
    with structlog.testing.capture_logs() as logs:
        realtime.push(group="news", frame={"type": "lost"})
        realtime.close()

    assert [(line["event"], line["group"]) for line in logs] == [("push_failed", "news")]


def test_what_does_not_fit_is_dropped_and_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    class StuckLayer:
        async def group_send(self, group: str, message: dict[str, Any]) -> None:
            await asyncio.sleep(60)

    monkeypatch.setattr(pushing, "get_channel_layer", lambda: StuckLayer())
    monkeypatch.setattr(pushing, "MAX_WAITING", 3)
    monkeypatch.setattr(pushing, "DRAIN_TIMEOUT_S", 0.2)
    with structlog.testing.capture_logs() as logs:
        for n in range(10):
            realtime.push(group="news", frame={"type": "count", "n": n})
        realtime.close()

    reasons = [line["reason"] for line in logs if line["event"] == "frames_dropped"]
    assert reasons.count("full") >= 6
    assert reasons[-1] == "closing"


async def test_a_forked_child_pushes_with_a_thread_of_its_own(channel: str) -> None:
    await sync_to_async(realtime.push)(group="news", frame={"type": "from", "who": "parent"})
    assert orjson.loads((await heard(channel))["text"])["who"] == "parent"

    child = os.fork()
    if child == 0:
        realtime.push(group="news", frame={"type": "from", "who": "child"})
        realtime.close()
        os._exit(0)
    assert orjson.loads((await heard(channel))["text"])["who"] == "child"
    assert os.waitpid(child, 0)[1] == 0
