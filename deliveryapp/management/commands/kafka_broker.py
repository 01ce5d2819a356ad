"""`manage.py kafka_broker`: Apache Kafka alone, for developers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from deliveryapp.embedded.errors import InterruptedByUserError, ServiceError
from deliveryapp.embedded.interrupts import Interrupts
from deliveryapp.kafka.broker.running import running_kafka
from deliveryapp.management.commands.services import add_run_dir

USUAL_PORT = 9092
INTERRUPTED = 130


class Command(BaseCommand):
    help = "Fetch Apache Kafka if need be, and run one node on loopback until ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        add_run_dir(parser)
        parser.add_argument("--port", type=int, default=USUAL_PORT, help="another one if this is taken")

    def handle(self, *, run_dir: Path, port: int, **options: Any) -> None:
        with Interrupts() as interrupts:
            try:
                with running_kafka(
                    run_dir,
                    port=port,
                    bootstrap_servers="",
                    cancelled=interrupts.requested,
                    announce=self.stderr.write,
                ) as servers:
                    self.stdout.write(f"export KAFKA_BOOTSTRAP_SERVERS='{servers}' EVENT_TRANSPORT=kafka")
                    self.stdout.flush()
                    interrupts.requested.wait()
            except ServiceError as error:
                raise CommandError(str(error)) from error
            except InterruptedByUserError:
                sys.exit(INTERRUPTED)
