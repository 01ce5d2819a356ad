"""R12: two of the support act on one review: one answer is kept, the other hears whose it was."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from deliveryapp.clock import utc_now
from deliveryapp.models import User
from payments.models import ManualReview
from payments.services.reviewing import open_review
from tests.cast import make_user
from tests.crowd import PATIENCE_S, ROUNDS, at_once, statuses

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("wide_pool")]


def asked(subject: object) -> ManualReview:
    open_review(kind="hold_lost", subject=str(subject), detail="what happened")
    return ManualReview.objects.get(subject=str(subject))


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def resolve(client: Client, review: ManualReview, reason: str) -> Any:
    path = reverse("admin:payments_manualreview_resolve", args=[review.pk])
    return client.post(path, {"reason": reason})


def test_one_answer_wins_and_the_other_is_told(sam: User) -> None:
    mia = make_user("Mia", is_staff=True, is_superuser=True)
    reasons = {sam.pk: "voided", mia.pk: "captured"}
    clients = {user.pk: signed_in(user) for user in (sam, mia)}
    wins = dict.fromkeys(reasons, 0)
    for number in range(ROUNDS):
        review = asked(number)
        calls = [
            lambda pk=pk, review=review: resolve(clients[pk], review, reasons[pk]) for pk in (sam.pk, mia.pk)
        ]
        assert statuses(at_once(*calls)) == [302, 302]
        review.refresh_from_db()
        assert review.resolved_by_id is not None
        assert review.resolution == reasons[review.resolved_by_id]
        wins[review.resolved_by_id] += 1
    assert sum(wins.values()) == ROUNDS
    for pk, client in clients.items():
        page = client.get(reverse("admin:payments_manualreview_changelist"))
        told = [str(message) for message in page.context["messages"]]
        assert sum("is resolved." in text for text in told) == wins[pk]
        assert sum("was quicker" in text for text in told) == ROUNDS - wins[pk]


def test_control_look_then_write_lets_both_win(sam: User) -> None:
    """Without the condition in the update both see it open, and the second overwrites the first."""
    mia = make_user("Mia", is_staff=True, is_superuser=True)
    review = asked("control")
    both_have_looked = threading.Barrier(2)

    def look_then_write(user_id: UUID, reason: str) -> bool:
        row = ManualReview.objects.get(pk=review.pk)
        both_have_looked.wait(PATIENCE_S)
        if row.resolved_at is not None:
            return False
        row.resolved_at, row.resolved_by_id, row.resolution = utc_now(), user_id, reason
        row.save()
        return True

    won = at_once(lambda: look_then_write(sam.pk, "voided"), lambda: look_then_write(mia.pk, "captured"))
    assert won == [True, True]
