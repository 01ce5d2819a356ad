"""The Kafka client is an extra: say so in words before an import fails."""

from __future__ import annotations

from importlib.util import find_spec

from django.core.management.base import CommandError


def require_client() -> None:
    """Raises CommandError."""
    if find_spec("confluent_kafka") is None:
        raise CommandError("The Kafka client is not installed: pip install -r requirements-kafka.txt")
