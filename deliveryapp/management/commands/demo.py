"""`manage.py demo`: one command, and a city orders, cooks, rides and pays on this machine."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from deliveryapp.embedded.errors import InterruptedByUserError, ServiceError
from deliveryapp.embedded.interrupts import Interrupts
from deliveryapp.embedded.showcase import DemoOptions, Showcase
from deliveryapp.kafka.names import groups
from deliveryapp.kafka.needed import require_client
from deliveryapp.management.commands.services import add_run_dir

INTERRUPTED = 130


class Command(BaseCommand):
    help = "Start everything, let a city order, check the books; on a terminal, stay up until ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        add_run_dir(parser)
        parser.add_argument("--orders", type=int, default=60, help="how many orders the city places")
        parser.add_argument("--speed", type=float, default=20.0, help="how much faster than life people are")
        parser.add_argument("--seed", type=int, default=1, help="the same seed, the same city and people")
        parser.add_argument("--exit", action="store_true", help="end after the closing table")
        parser.add_argument("--city", default="helsinki")
        parser.add_argument("--restaurants", type=int)
        parser.add_argument("--drivers", type=int)
        parser.add_argument("--customers", type=int)
        parser.add_argument("--rate", type=float, help="orders a second")
        parser.add_argument("--port", type=int, default=8000, help="of the pages; another if taken")
        parser.add_argument(
            "--events", choices=("celery", "kafka"), default="celery", help="what carries events to handlers"
        )
        parser.add_argument(
            "--payment-faults",
            default="[]",
            help='of the payment sandbox: a JSON list of rules, or "5%%" of its calls',
        )

    def handle(self, *args: Any, **given: Any) -> None:
        if given["events"] == "kafka":
            require_client()
        names = DemoOptions.__dataclass_fields__
        options = DemoOptions(
            **{name: value for name, value in given.items() if name in names},
            groups=tuple(groups()) if given["events"] == "kafka" else (),
            stays=sys.stdout.isatty() and sys.stdin.isatty() and not given["exit"],
        )
        with Interrupts() as interrupts:
            try:
                code = Showcase(options, say=self._say, interrupts=interrupts).run()
            except ServiceError as error:
                raise CommandError(str(error)) from error
            except InterruptedByUserError:
                code = INTERRUPTED
        sys.exit(code)

    def _say(self, message: str) -> None:
        self.stdout.write(message)
        # The children write to the same place without knowing of our buffer.
        self.stdout.flush()
