from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.db import connections

from deliveryapp import realtime
from deliveryapp.redis import async_client
from tests.drivers.stage import KITCHEN, Rider, rider_online


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    yield
    realtime.close()


@pytest_asyncio.fixture
async def loop_ends_clean() -> AsyncIterator[None]:
    """Close what belongs to this test's event loop and its threads."""
    yield
    await async_client().aclose()
    await sync_to_async(connections.close_all)()


@pytest.fixture
def cleo(transactional_db: None) -> Rider:
    """On shift at the kitchen."""
    return rider_online("Cleo", KITCHEN)
