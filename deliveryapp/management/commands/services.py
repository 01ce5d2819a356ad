"""`manage.py services`: PostgreSQL and Valkey alone, for developers and for `make bench`."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from deliveryapp.embedded.errors import InterruptedByUserError, ServiceError
from deliveryapp.embedded.interrupts import Interrupts
from deliveryapp.embedded.processes import Command as ChildCommand
from deliveryapp.embedded.services import Services, running_services, temporary_services
from deliveryapp.embedded.stack import ROOT
from deliveryapp.embedded.supervisor import Supervisor


def add_run_dir(parser: CommandParser) -> None:
    parser.add_argument("--run-dir", type=Path, default=ROOT / ".run", help="where the state is kept")


class Command(BaseCommand):
    help = "Run PostgreSQL and Valkey until ctrl-C, or as long as a command runs: services -- COMMAND ..."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        add_run_dir(parser)
        parser.add_argument(
            "--temporary", action="store_true", help="keep no state; only programs are cached there"
        )
        parser.add_argument(
            "command", nargs="*", help="run this with DATABASE_URL and REDIS_URL set, then stop"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        run_dir: Path = options["run_dir"]
        with Interrupts() as interrupts:
            try:
                with self._services(run_dir, interrupts, temporary=options["temporary"]) as services:
                    code = self._serve(services, options["command"], run_dir, interrupts)
            except ServiceError as error:
                raise CommandError(str(error)) from error
            except InterruptedByUserError:
                code = 130
        sys.exit(code)

    def _services(
        self, run_dir: Path, interrupts: Interrupts, *, temporary: bool
    ) -> AbstractContextManager[Services]:
        cancelled, announce = interrupts.requested, self.stderr.write
        if temporary:
            return temporary_services(run_dir / "cache", cancelled=cancelled, announce=announce)
        return running_services(run_dir, cancelled=cancelled, announce=announce)

    def _serve(self, services: Services, argv: list[str], run_dir: Path, interrupts: Interrupts) -> int:
        if argv:
            return _run(argv, services, run_dir, interrupts)
        for name, value in services.env().items():
            self.stdout.write(f"export {name}='{value}'")
        self.stdout.flush()
        interrupts.requested.wait()
        return 0


def _run(argv: list[str], services: Services, run_dir: Path, interrupts: Interrupts) -> int:
    command = ChildCommand(argv=tuple(argv), env=os.environ | services.env(), cwd=Path.cwd())
    with Supervisor(log_dir=run_dir / "logs") as supervisor:
        return supervisor.run("command", command, log=None, cancelled=interrupts.requested)
