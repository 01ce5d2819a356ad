"""What goes wrong between the provider's books and ours: made by hand, behind our back."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import httpx
from django.core.management import CommandError, call_command
from django.db.models import F

from deliveryapp.clock import utc_now
from payments.gateways import Answered, Hold, gateway
from payments.models import Payment, PaymentOperation, Refund
from tests.orders.stage import TOTAL_MINOR, Stage

AN_HOUR = timedelta(hours=1)


def ref_of(order_id: UUID) -> str:
    ref = Payment.objects.get(order_id=order_id).provider_ref
    assert ref is not None
    return ref


def hold(*, order_id: object = "", payment_id: object = "", amount_minor: int = TOTAL_MINOR) -> str:
    """The reference of a hold that our books know nothing of."""
    wanted = Hold(
        amount_minor, "EUR", "pm_card_visa", str(order_id), str(payment_id), "https://shop.example/"
    )
    answer = gateway("stripe").authorize(wanted, key=str(uuid4()))
    assert isinstance(answer, Answered)
    return answer.intent.ref


def strangers_hold() -> str:
    """With our marks, for an order that we do not have."""
    return hold(order_id=uuid4(), payment_id=uuid4())


def capture(ref: str, amount_minor: int = TOTAL_MINOR) -> str:
    assert isinstance(gateway("stripe").capture(ref, amount_minor=amount_minor, key=str(uuid4())), Answered)
    return ref


def void(ref: str) -> str:
    assert isinstance(gateway("stripe").void(ref, key=str(uuid4())), Answered)
    return ref


def increment(ref: str, amount_minor: int) -> str:
    assert isinstance(gateway("stripe").increment(ref, amount_minor=amount_minor, key=str(uuid4())), Answered)
    return ref


def dashboard_refund(stage: Stage, ref: str, amount_minor: int) -> str:
    """The reference of a refund that somebody made on the provider's own pages."""
    answer = httpx.post(
        f"{stage.sandbox.url}/v1/refunds",
        data={"payment_intent": ref, "amount": amount_minor},
        headers={"Authorization": "Bearer sk_test_sandbox"},
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def delivered(stage: Stage) -> UUID:
    order_id = stage.on_the_road()
    stage.must(stage.ride(order_id, "delivered"))
    return order_id


def let_it_rest() -> None:
    """As if everything had happened an hour ago, except for when it was made."""
    Payment.objects.update(updated_at=F("updated_at") - AN_HOUR)
    PaymentOperation.objects.update(created_at=F("created_at") - AN_HOUR)
    Refund.objects.update(settled_at=F("settled_at") - AN_HOUR)


def effects(stage: Stage) -> list[tuple[str, str, int]]:
    """(kind, intent, amount) of all money that ever moved."""
    rows = httpx.get(f"{stage.sandbox.url}/_sandbox/effects").json()["effects"]
    return [(row["kind"], row["payment_intent"], row["amount"]) for row in rows]


def reconcile(*options: str, until: timedelta = timedelta(minutes=1)) -> tuple[int, str]:
    """(exit code, standard output); up to now and a little more."""
    said = StringIO()
    try:
        call_command("reconcile", *options, f"--until={(utc_now() + until).isoformat()}", stdout=said)
    except CommandError as error:
        return error.returncode, said.getvalue()
    return 0, said.getvalue()


def report(*options: str) -> dict[str, Any]:
    code, said = reconcile("--json", *options)
    document: dict[str, Any] = json.loads(said)
    assert code == (1 if document["left"] else 0)
    return document


def found(document: dict[str, Any]) -> list[tuple[str, str]]:
    """(kind, the provider's reference), sorted."""
    return sorted((row["kind"], row["provider_ref"]) for row in document["differences"])


def done(document: dict[str, Any]) -> dict[str, str]:
    return {row["provider_ref"]: row["done"] for row in document["differences"]}
