"""Customers and their addresses."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from orders.models import Address, Customer


@dataclass(frozen=True, slots=True)
class AddressInput:
    street: str
    lat: float
    lng: float
    label: str = ""
    city: str = ""
    postcode: str = ""
    note: str = ""


def add_address(*, user_id: UUID, address: AddressInput) -> Address:
    with transaction.atomic():
        Customer.objects.bulk_create([Customer(user_id=user_id)], ignore_conflicts=True)
        row = _row(user_id, address)
        row.save(force_insert=True)
    return row


def register_customers(*, customers: Sequence[tuple[UUID, Sequence[AddressInput]]]) -> None:
    """Many at once; those who are customers already are left as they are."""
    with transaction.atomic():
        known = set(
            Customer.objects.filter(pk__in=[user_id for user_id, _ in customers]).values_list("pk", flat=True)
        )
        new = [(user_id, addresses) for user_id, addresses in customers if user_id not in known]
        Customer.objects.bulk_create([Customer(user_id=user_id) for user_id, _ in new], batch_size=1_000)
        rows = [_row(user_id, address) for user_id, addresses in new for address in addresses]
        Address.objects.bulk_create(rows, batch_size=1_000)


def _row(user_id: UUID, address: AddressInput) -> Address:
    return Address(
        customer_id=user_id,
        label=address.label,
        street=address.street,
        city=address.city,
        postcode=address.postcode,
        lat=address.lat,
        lng=address.lng,
        note=address.note,
    )
