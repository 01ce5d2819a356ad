from collections.abc import Iterator

import pytest
from django.db import connection

from tests.orders.fixtures import sandbox, stage

__all__ = ["sandbox", "stage", "wide_pool"]
CONNECTIONS = 24


@pytest.fixture
def wide_pool(transactional_db: None) -> Iterator[None]:
    """Room for a connection per thread: here the race is to be lost, not the wait for a connection."""
    pool = connection.settings_dict["OPTIONS"]["pool"]
    before = dict(pool)
    connection.close_pool()
    pool.update(max_size=CONNECTIONS, timeout=30)
    yield
    connection.close()
    connection.close_pool()
    pool.clear()
    pool.update(before)
