"""Fills the database with a demo city; a second run with the same arguments changes nothing."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.core.management.base import BaseCommand, CommandError

from config.management.seeding import (
    VEHICLES,
    Neighbourhoods,
    customer_addresses,
    new_restaurant,
    numbered,
    osm_id_of,
    places_in_order,
    stream,
)
from deliveryapp.city import City, Place, UnknownCity, load_city
from deliveryapp.clock import utc_now
from deliveryapp.models import User
from deliveryapp.transactions import durable
from drivers.services.registering import NewDriver, register_drivers
from orders.services.customers import register_customers
from restaurants.services.creating import create_restaurants, known_osm_ids

PASSWORD = "demo-pass-1"  # noqa: S105 - the published password of every demo account
ADA, BO, CLEO = ("ada@demo.example", "Ada"), ("bo@demo.example", "Bo"), ("cleo@demo.example", "Cleo")
SUPPORT = ("support@demo.example", "Support")
PEOPLE_BATCH, RESTAURANT_BATCH = 1_000, 100

Account = tuple[str, str]
T = TypeVar("T")


class Command(BaseCommand):
    help = "Fill the database with a demo city: restaurants with menus, drivers, customers and log-ins."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--city", default=settings.CITY, help='"helsinki", or "grid:ROWSxCOLS[@SEED]"')
        parser.add_argument(
            "--restaurants", type=_at_least_one, default=60, help="at most as many as the city has"
        )
        parser.add_argument("--drivers", type=_count, default=40, help="besides Cleo")
        parser.add_argument("--customers", type=_count, default=200, help="besides Ada")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--always-open",
            type=int,
            nargs="?",
            const=100,
            default=0,
            metavar="PERCENT",
            help="so many of the new restaurants, Bo's first, are open around the clock; the others keep the"
            " hours of the map (100 if no number is given)",
        )

    def handle(self, **options: object) -> None:
        city = _city(str(options["city"]))
        seed, sizes = int(str(options["seed"])), {name: int(str(options[name])) for name in _SIZES}
        places = places_in_order(city, seed)[: sizes["restaurants"]]
        accounts = _Accounts()
        accounts.ensure_support()
        self._restaurants(city, places, accounts, seed, always_open=int(str(options["always_open"])))
        self._drivers(city, accounts, seed, sizes["drivers"])
        self._customers(city, places, accounts, seed, sizes["customers"])

    def _restaurants(
        self, city: City, places: Sequence[Place], accounts: _Accounts, seed: int, *, always_open: int
    ) -> None:
        owners = [BO, *numbered("kitchen", len(places) - 1)]
        sleepless = set(places[: -(-len(places) * always_open // 100)])
        new = 0
        for batch in _batches(zip(places, owners, strict=True), RESTAURANT_BATCH):
            known = known_osm_ids(osm_ids=[osm_id_of(city, place) for place, _ in batch])
            fresh = [(place, owner) for place, owner in batch if osm_id_of(city, place) not in known]
            ids = accounts.ensure([owner for _, owner in fresh])
            rows = [
                new_restaurant(
                    city, place, seed=seed, owner_ids=[ids[owner[0]]], is_always_open=place in sleepless
                )
                for place, owner in fresh
            ]
            new += create_restaurants(rows=rows)
            self._progress("restaurants", new, len(places))
        self._tell("restaurants", len(places), new)

    def _drivers(self, city: City, accounts: _Accounts, seed: int, count: int) -> None:
        new = 0
        for batch in _batches([CLEO, *numbered("driver", count)], PEOPLE_BATCH):
            with durable():
                ids = accounts.create_missing(batch)
                rows = [_driver(city, seed, email, name, ids[email]) for email, name in batch if email in ids]
                new += register_drivers(rows=rows, now=utc_now())
        self._tell("drivers", count + 1, new)

    def _customers(
        self, city: City, places: Sequence[Place], accounts: _Accounts, seed: int, count: int
    ) -> None:
        doors, new = Neighbourhoods(city), 0
        for batch in _batches([ADA, *numbered("customer", count)], PEOPLE_BATCH):
            with durable():
                ids = accounts.create_missing(batch)
                addresses = (customer_addresses(doors, places, stream(seed, email)) for email in ids)
                register_customers(customers=list(zip(ids.values(), addresses, strict=True)))
            new += len(ids)
            self._progress("customers", new, count + 1)
        self._tell("customers", count + 1, new)

    def _progress(self, what: str, new: int, total: int) -> None:
        if new and total > RESTAURANT_BATCH:
            self.stdout.write(f"  {what}: {new} of {total} …")

    def _tell(self, what: str, total: int, new: int) -> None:
        self.stdout.write(f"{what}: {total}, of which {new} new")


class _Accounts:
    """Log-ins by e-mail. All share one password hash, which is computed only if somebody is missing."""

    def __init__(self) -> None:
        self._password_hash = ""

    def ensure(self, wanted: Sequence[Account]) -> dict[str, UUID]:
        """The ids of all these people, by e-mail, whether new or not."""
        with durable():
            return self._ids(wanted) | self.create_missing(wanted)

    def create_missing(self, wanted: Sequence[Account], *, is_staff: bool = False) -> dict[str, UUID]:
        """The ids of those that were not there before, by e-mail, in the order given."""
        known = self._ids(wanted)
        missing = [
            User(email=email, name=name, password=self._hash(), is_staff=is_staff)
            for email, name in wanted
            if email not in known
        ]
        User.objects.bulk_create(missing)
        return {user.email: user.pk for user in missing}

    def ensure_support(self) -> None:
        """Support may look at everything in the admin and change nothing there."""
        with durable():
            created = self.create_missing([SUPPORT], is_staff=True)
            if not created:
                return
            group, _ = Group.objects.get_or_create(name="Support")
            group.permissions.set(Permission.objects.filter(codename__startswith="view_"))
            for user in User.objects.filter(pk__in=created.values()):
                user.groups.add(group)

    def _ids(self, wanted: Sequence[Account]) -> dict[str, UUID]:
        emails = [email for email, _ in wanted]
        return dict(User.objects.filter(email__in=emails).values_list("email", "id"))

    def _hash(self) -> str:
        self._password_hash = self._password_hash or make_password(PASSWORD)
        return self._password_hash


_SIZES = ("restaurants", "drivers", "customers")


def _driver(city: City, seed: int, email: str, name: str, user_id: UUID) -> NewDriver:
    rng = stream(seed, email)
    return NewDriver(
        user_id=user_id,
        name=name,
        region=city.slug,
        vehicle=rng.choice(VEHICLES),
        rating_tenths=rng.randint(42, 50),
        point=rng.choice(city.addresses).location,
    )


def _city(name: str) -> City:
    try:
        return load_city(name)
    except UnknownCity as error:
        raise CommandError(str(error)) from error


def _count(text: str, minimum: int = 0) -> int:
    count = int(text)
    if count < minimum:
        raise ValueError(f"{count} is below {minimum}")
    return count


def _at_least_one(text: str) -> int:
    """Bo owns the first restaurant."""
    return _count(text, minimum=1)


def _batches(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch
