from uuid import UUID

from django.db.models import QuerySet

from orders.models import Address, Customer


def addresses_of(*, user_id: UUID) -> QuerySet[Address]:
    return Address.objects.filter(customer_id=user_id).order_by("-id")


def customer_of(*, user_id: UUID) -> Customer | None:
    return Customer.objects.filter(pk=user_id).first()
