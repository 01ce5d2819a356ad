"""Support's page of saga runs: find the stuck ones, see each step, let them go on or give them up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from structlog.testing import capture_logs

from deliveryapp.models import SagaRun, User
from tests.cast import make_user
from tests.orders.stage import TOTAL_MINOR, Stage, path_of, saga_of
from tests.orders.test_delays import pass_by
from tests.worker import drain

pytestmark = pytest.mark.django_db
LIST = "admin:deliveryapp_sagarun_changelist"


@pytest.fixture
def support(sam: User) -> Client:
    client = Client()
    client.force_login(sam)
    return client


def run_of(order_id: UUID) -> SagaRun:
    return SagaRun.objects.get(subject_id=order_id)


def listed(client: Client, **filters: str) -> list[UUID]:
    answer = client.get(reverse(LIST), filters)
    assert answer.status_code == 200
    return [row.subject_id for row in answer.context["cl"].result_list]


def page(order_id: UUID) -> str:
    return reverse("admin:deliveryapp_sagarun_change", args=[run_of(order_id).pk])


def decide(client: Client, order_id: UUID, verb: str, reason: str = "called the kitchen") -> Any:
    path = reverse("admin:deliveryapp_sagarun_decide", args=[run_of(order_id).pk])
    return client.post(path, {"verb": verb, "reason": reason}, follow=True)


def said(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def in_review(stage: Stage) -> UUID:
    order_id = stage.assigned()
    with capture_logs() as logs:
        pass_by(order_id, 60)
    alerts = [row for row in logs if row["event"] == "saga_needs_review"]
    assert [(row["log_level"], row["reason"]) for row in alerts] == [("error", "kitchen_late")]
    return order_id


class TestTheList:
    def test_what_waits_for_a_person_comes_first_and_filters_find_the_rest(
        self, stage: Stage, support: Client
    ) -> None:
        waiting, stuck = stage.placed(), in_review(stage)
        assert listed(support) == [stuck, waiting]
        assert listed(support, status__exact="manual_review") == [stuck]
        assert listed(support, step__exact="await_confirmation") == [waiting]
        assert listed(support, q=str(waiting)) == [waiting]

    def test_overdue_is_what_no_worker_takes(self, stage: Stage, support: Client) -> None:
        order_id, held = stage.placed(), stage.placed()
        assert listed(support, overdue="yes") == []
        SagaRun.objects.update(due_at=Now() - timedelta(minutes=2))
        SagaRun.objects.filter(subject_id=held).update(leased_until=Now() + timedelta(minutes=1))
        assert listed(support, overdue="yes") == [order_id]


class TestARun:
    def test_its_page_shows_every_step(self, stage: Stage, support: Client) -> None:
        text = support.get(page(in_review(stage))).text
        for part in ("authorize_payment", "notify_restaurant", "await_pickup", "kitchen_late", "Give up"):
            assert part in text

    def test_resume_looks_again(self, stage: Stage, support: Client, sam: User) -> None:
        order_id = in_review(stage)
        pass_by(order_id, -60)
        assert said(decide(support, order_id, "resume")) == ["Resumed."]
        drain()
        assert saga_of(order_id)[:2] == ("running", "await_pickup")
        entry = LogEntry.objects.get()
        assert (entry.user_id, entry.object_id) == (sam.pk, str(run_of(order_id).pk))
        assert entry.change_message == "Resumed: called the kitchen"

    def test_give_up_ends_the_order_and_undoes_everything(
        self, stage: Stage, support: Client, sam: User
    ) -> None:
        order_id = in_review(stage)
        assert said(decide(support, order_id, "give_up", "kitchen burnt down")) == ["Given up."]
        drain()

        assert saga_of(order_id)[0] == "compensated"
        assert path_of(order_id)[-1] == (
            "cancelled",
            "support",
            "cancelled_by_support: kitchen burnt down",
        )
        assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR), ("release", TOTAL_MINOR)]
        assert LogEntry.objects.get().change_message == "Given up: kitchen burnt down"
        stage.assert_clean()

    @pytest.mark.parametrize("verb", ["resume", "give_up"])
    def test_not_after_its_end(self, stage: Stage, support: Client, verb: str) -> None:
        order_id = stage.placed()
        stage.must(stage.cancel(order_id))
        assert "Decide" not in support.get(page(order_id)).text
        assert said(decide(support, order_id, verb)) == ["Nothing was changed. It is compensated."]
        assert not LogEntry.objects.exists()

    def test_not_twice(self, stage: Stage, support: Client) -> None:
        order_id = stage.placed()
        for answer in ("Given up.", "Nothing was changed. The saga is being compensated already"):
            assert said(decide(support, order_id, "give_up")) == [answer]

    @pytest.mark.parametrize("reason", ["", "   ", "card 4242 4242 4242 4242"])
    def test_only_with_a_reason(self, stage: Stage, support: Client, reason: str) -> None:
        order_id = stage.placed()
        for verb in ("resume", "give_up"):
            assert said(decide(support, order_id, verb, reason)) == [
                "Say why, and never write a card number here."
            ]
        assert stage.order(order_id)["status"] == "placed"

    def test_only_with_the_permission_and_by_post(self, stage: Stage, support: Client) -> None:
        order_id = stage.placed()
        mia = make_user("Mia", is_staff=True)
        mia.user_permissions.set(Permission.objects.filter(codename="view_sagarun"))
        client = Client()
        client.force_login(mia)
        assert "Decide" not in client.get(page(order_id)).text
        assert decide(client, order_id, "give_up").status_code == 403
        path = reverse("admin:deliveryapp_sagarun_decide", args=[run_of(order_id).pk])
        assert support.get(path).status_code == 405
        assert stage.order(order_id)["status"] == "placed"
