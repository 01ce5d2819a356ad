"""Transactions that state their intent."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection, transaction

from deliveryapp.models import User
from deliveryapp.transactions import durable, require_no_transaction, require_transaction
from tests.cast import make_user
from tests.crowd import at_once

REFUSED = "must be called inside a transaction"


@pytest.mark.django_db(transaction=True)
def test_a_use_case_cannot_be_part_of_another_ones_transaction() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"), durable():
        pass


@pytest.mark.django_db(transaction=True)
def test_what_a_use_case_wrote_is_gone_when_it_is_refused() -> None:
    @durable()
    def refuse_at_last() -> None:
        make_user("Ada")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        refuse_at_last()

    assert not User.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_rows_that_must_share_a_commit_need_a_transaction() -> None:
    with pytest.raises(RuntimeError, match=REFUSED):
        require_transaction()
    with durable():
        require_transaction()


@pytest.mark.django_db(transaction=True)
def test_the_network_is_not_called_inside_a_transaction() -> None:
    require_no_transaction()
    with durable(), pytest.raises(RuntimeError, match="must not be called inside a transaction"):
        require_no_transaction()
    with durable(), transaction.atomic(), pytest.raises(RuntimeError, match="must not be called"):
        require_no_transaction()


@pytest.mark.django_db
def test_the_transaction_of_a_test_case_does_not_count() -> None:
    require_no_transaction()
    with durable(), pytest.raises(RuntimeError, match="must not be called inside a transaction"):
        require_no_transaction()


@pytest.mark.django_db(transaction=True)
def test_whoever_waits_too_long_for_a_lock_gives_up(ada: User) -> None:
    def change() -> None:
        with durable():
            User.objects.filter(pk=ada.pk).update(name="Eve")

    with durable():
        User.objects.select_for_update().get(pk=ada.pk)
        [refusal] = at_once(change, refusals=OperationalError)

    assert isinstance(refusal, OperationalError)
    assert "lock timeout" in str(refusal)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lock_timeout", "2s"),
        ("statement_timeout", "15s"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("transaction_isolation", "read committed"),
        ("TimeZone", "UTC"),
    ],
)
def test_every_connection_has_these_limits(name: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        assert cursor.fetchone() == (value,)
