"""`manage.py simulate`: a city of customers, kitchens and drivers who use nothing but the public APIs."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import uvloop
from django.core.management.base import BaseCommand, CommandError, CommandParser

from deliveryapp.city import UnknownCity
from deliveryapp.simulator.plans import Fate
from deliveryapp.simulator.run import CannotStart, simulate
from deliveryapp.simulator.world import Options

TRIP_S = 17 * 60  # of the city's time that an order keeps a driver
UTILISATION = 0.7
DEFAULT_ORDERS = 200


class Command(BaseCommand):
    help = "Run simulated customers, kitchens and drivers against a platform and check what becomes of it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--base-url", default="http://127.0.0.1:8000", help="the REST API")
        parser.add_argument("--live-url", default="http://127.0.0.1:8001", help="the sockets")
        parser.add_argument("--sandbox-url", help="the sandbox payment server, to check the money")
        parser.add_argument("--city", default="helsinki")
        parser.add_argument("--orders", type=int, help=f"{DEFAULT_ORDERS}, or no limit with --duration")
        parser.add_argument("--duration", type=float, help="stop placing orders after so many seconds")
        parser.add_argument("--rate", type=float, help="orders a second; the default keeps the drivers busy")
        parser.add_argument("--speed", type=float, default=20.0, help="the SIMULATION_SPEED of the platform")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--customers", type=int, default=200)
        parser.add_argument("--kitchens", type=int, default=59)
        parser.add_argument("--drivers", type=int, default=40)
        for name, default, what in SHARES:
            parser.add_argument(f"--{name}-share", type=_share, default=default, help=what)
        parser.add_argument("--min-delivered", type=_share, default=0.95, help="a lower share fails the run")
        parser.add_argument("--stay", action="store_true", help="serve on after the table until a signal")
        parser.add_argument("--report", type=Path, help="write the figures as JSON to this file")

    def handle(self, *args: Any, **given: Any) -> None:
        options = run_options(given)
        try:
            facts = uvloop.run(simulate(options, out=sys.stdout))
        except (CannotStart, UnknownCity) as reason:
            raise CommandError(f"cannot start: {reason}") from reason
        if given["report"]:
            given["report"].write_text(json.dumps(facts.as_json(), indent=2), encoding="utf-8")
        if not facts.is_clean:
            sys.exit(1)


SHARES = (
    ("reject", 0.01, "orders that the restaurant rejects"),
    ("no-answer", 0.005, "orders that the restaurant lets time out"),
    ("cancel", 0.01, "orders that the customer cancels before they are confirmed"),
    ("decline", 0.01, "orders paid with a card that is declined"),
    ("three-ds", 0.02, "orders paid with a card that asks for 3-D Secure"),
    ("double-submit", 0.05, "orders that are sent twice at once with the same key"),
    ("driver-decline", 0.04, "offers that the driver declines"),
)


def run_options(given: dict[str, Any]) -> Options:
    """The options of a run from the command line. Raises CommandError."""
    for name in ("speed", "customers", "kitchens", "drivers"):
        if given[name] <= 0:
            raise CommandError(f"--{name} must be positive")
    orders = given["orders"] if given["orders"] or given["duration"] else DEFAULT_ORDERS
    shares = {
        Fate.REJECT: given["reject_share"],
        Fate.NO_ANSWER: given["no_answer_share"],
        Fate.CANCEL: given["cancel_share"],
        Fate.DECLINED: given["decline_share"],
        Fate.THREE_DS: given["three_ds_share"],
    }
    if sum(shares.values()) > 1:
        raise CommandError("the shares add up to more than 1")
    return Options(
        base_url=given["base_url"].rstrip("/"),
        live_url=given["live_url"].rstrip("/"),
        sandbox_url=given["sandbox_url"],
        city=given["city"],
        seed=given["seed"],
        speed=given["speed"],
        rate=given["rate"] or default_rate(drivers=given["drivers"], speed=given["speed"]),
        orders=orders,
        duration_s=given["duration"],
        customers=given["customers"],
        kitchens=given["kitchens"],
        drivers=given["drivers"],
        shares=shares,
        double_share=given["double_submit_share"],
        driver_decline_share=given["driver_decline_share"],
        min_delivered=given["min_delivered"],
        stay=given["stay"],
    )


def default_rate(*, drivers: int, speed: float) -> float:
    """Orders a second of wall clock that keep the drivers busy, but not all of them all the time."""
    return UTILISATION * drivers * speed / TRIP_S


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"{text} is not a share between 0 and 1")
    return value
