"""`manage.py relay`: publish the outbox until SIGTERM or ctrl-C. Several may run."""

import signal
from typing import Any

from django.core.management.base import BaseCommand

from deliveryapp import relaying
from deliveryapp.connections import use_one_connection
from deliveryapp.transport import stopping


class Command(BaseCommand):
    help = "Publish events from the outbox, as they are committed, until SIGTERM or ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        use_one_connection()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        relaying.run(stopping)
