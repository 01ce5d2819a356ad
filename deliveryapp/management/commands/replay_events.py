"""`manage.py replay_events`: publish events again that somebody has missed."""

import sys
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deliveryapp import replaying
from deliveryapp.replaying import CannotReplay, Selection


def moment(text: str) -> datetime:
    """An ISO 8601 time with its zone."""
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError("without a time zone")
    return value


class Command(BaseCommand):
    help = (
        "Publish events again that a handler has not digested, by the time at which they were published. "
        "With --handler they go to it alone. Exit code 2 when some of them could not be digested."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", type=moment, metavar="ISO", help="2026-11-23T10:00:00+00:00")
        parser.add_argument("--until", type=moment, metavar="ISO")
        parser.add_argument("--handler", default="", metavar="NAME", help="for this handler alone")
        parser.add_argument("--type", default="", metavar="NAME", help="only events of this type")
        parser.add_argument(
            "--again", action="store_true", help="also what it digested: effects happen again"
        )
        parser.add_argument("--parked", action="store_true", help="let the relay try parked events again")
        parser.add_argument("--dry-run", action="store_true", help="only count")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["since"] is None and not options["parked"]:
            raise CommandError("Say --since when.")
        names = ("since", "until", "handler", "type", "again")
        try:
            selection = Selection(**{name: options[name] for name in names})
        except CannotReplay as refusal:
            raise CommandError(refusal.detail) from None
        if options["parked"]:
            self._unpark(selection, dry_run=options["dry_run"])
        else:
            self._replay(selection, dry_run=options["dry_run"], sure=options["yes"])

    def _unpark(self, selection: Selection, *, dry_run: bool) -> None:
        if selection.handler:
            raise CommandError("Parked events have reached no handler: --handler says nothing about them.")
        parked = selection.parked()
        count = parked.count() if dry_run else replaying.unpark(parked)
        self.stdout.write(f"{count} parked events {'would be' if dry_run else 'are'} tried again")

    def _replay(self, selection: Selection, *, dry_run: bool, sure: bool) -> None:
        count = selection.published().count()
        self.stdout.write(f"{count} events{' would go' if dry_run else ''} to {selection.handler or 'all'}")
        if dry_run or not count:
            return
        if selection.again and not sure:
            self._confirm(selection, count)
        outcome = replaying.replay(selection, progress=self._tell)
        if outcome.failed:
            raise CommandError(f"{outcome.failed} of {outcome.events} could not be digested", returncode=2)
        self.stdout.write(f"{outcome.events} events {'digested' if selection.handler else 'sent'}")

    def _confirm(self, selection: Selection, count: int) -> None:
        if not sys.stdin.isatty():
            raise CommandError("Effects would happen again: say --yes.")
        self.stdout.write(f"What {selection.handler} did about {count} events will happen once more.")
        if input("Sure? [y/N] ").strip().lower() != "y":
            raise CommandError("Nothing was done.")

    def _tell(self, done: int, total: int) -> None:
        self.stdout.write(f"  {done} of {total}")
