"""`manage.py kafka_lag GROUP`: how many messages a group has not handled yet; for people and for alarms."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deliveryapp.kafka.names import UnknownGroup
from deliveryapp.kafka.needed import require_client
from deliveryapp.transport import TransportDown

TOO_FAR = 3


class Command(BaseCommand):
    help = f"Show the lag of GROUP per topic and partition; exit code {TOO_FAR} when it is above --most."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("group", metavar="GROUP")
        parser.add_argument("--most", type=int, default=1000, help="messages in all that are still fine")

    def handle(self, *, group: str, most: int, **options: Any) -> None:
        require_client()
        from deliveryapp.kafka.lag import group_lag

        try:
            lags = group_lag(group)
        except (UnknownGroup, TransportDown) as error:
            raise CommandError(str(error)) from error
        for (topic, partition), behind in sorted(lags.items()):
            if behind:
                self.stdout.write(f"{topic:<32} {partition:>4} {behind:>10,}")
        total = sum(lags.values())
        self.stdout.write(f"{group}: {total:,} behind in {len(lags)} partitions")
        if total > most:
            raise CommandError(f"more than {most:,}", returncode=TOO_FAR)
