"""`manage.py relay`: publish the outbox until SIGTERM or ctrl-C. Several may run."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from deliveryapp import relaying
from deliveryapp.connections import use_one_connection


class Command(BaseCommand):
    help = "Publish events from the outbox, as they are committed, until SIGTERM or ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        use_one_connection()
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        relaying.run(stop)
