"""`manage.py kafka_topics`: the topics of all events, as they must be."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from deliveryapp.kafka.needed import require_client
from deliveryapp.transport import TransportDown


class Command(BaseCommand):
    help = "Create the topics that are missing; complain about those with another number of partitions."

    def handle(self, **options: Any) -> None:
        require_client()
        from deliveryapp.kafka.topics import ensure_topics

        try:
            topics = ensure_topics()
        except TransportDown as error:
            raise CommandError(f"{settings.KAFKA_BOOTSTRAP_SERVERS}: {error}") from error
        for topic in topics:
            state = "created" if topic.created else "exists"
            self.stdout.write(f"{topic.name:<32} {topic.partitions:>4} partitions  {state}")
        if wrong := [topic.name for topic in topics if not topic.is_right]:
            raise CommandError(
                f"{', '.join(wrong)}: must have {settings.KAFKA_PARTITIONS} partitions. Adding some would "
                "part the events of an order; delete the topic when it is read to its end, or set another "
                "KAFKA_TOPIC_PREFIX, or KAFKA_PARTITIONS to what is there."
            )
