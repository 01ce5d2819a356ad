"""Support looks at dead letters and parked events, replays, discards with a reason; edits nothing (I16)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from deliveryapp import inbox, letters
from deliveryapp.models import DeadLetter, OutboxEvent, User
from tests.cast import make_user
from tests.deliveryapp import toys
from tests.deliveryapp.toys import BROKEN, effects, wire, written

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("subscribe")]
LETTERS = reverse("admin:deliveryapp_deadletter_changelist")
EVENTS = reverse("admin:deliveryapp_outboxevent_changelist")
State = DeadLetter.State


@pytest.fixture
def support(client: Client, sam: User) -> Client:
    client.force_login(sam)
    return client


@pytest.fixture
def broken() -> None:
    toys.broken_with.append(RuntimeError("the soup is cold"))


def dead(user: User) -> DeadLetter:
    envelope = wire(user.pk, region=BROKEN)
    for _ in range(letters.MAX_ATTEMPTS):
        inbox.handle(handler="toy.count", envelopes=[envelope])
    letter = DeadLetter.objects.get(event_id=envelope["id"])
    assert letter.state == State.DEAD
    return letter


def page(letter: DeadLetter, verb: str = "change") -> str:
    return reverse(f"admin:deliveryapp_deadletter_{verb}", args=[letter.pk])


def said(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def act(client: Client, path: str, action: str, *rows: Any, **more: str) -> Any:
    body = {"action": action, "_selected_action": [str(row.pk) for row in rows], **more}
    return client.post(path, body, follow=True)


def log() -> list[tuple[Any, str]]:
    entries = LogEntry.objects.order_by("id").select_related("user")
    return [(entry.user, entry.change_message) for entry in entries]


@pytest.mark.usefixtures("broken")
class TestALetter:
    def test_its_page_shows_everything_and_lets_nothing_be_edited(self, support: Client, ada: User) -> None:
        letter = dead(ada)
        text = support.get(page(letter)).text
        for part in (str(letter.event_id), "toy.count", "the soup is cold", "&quot;dataversion&quot;: 1"):
            assert part in text
        assert 'name="_save"' not in text
        assert support.post(page(letter), {"state": "done"}).status_code == 403

    def test_a_repaired_handler_digests_it(self, support: Client, ada: User, sam: User) -> None:
        letter = dead(ada)
        toys.broken_with.clear()

        answer = support.post(page(letter, "replay"), follow=True)

        assert said(answer) == [f"{letter} is digested."]
        letter.refresh_from_db()
        assert letter.state == State.DONE
        assert letter.resolved_at is not None
        assert effects(ada) == 1
        assert log() == [(sam, "Replayed: digested")]
        assert page(letter, "replay") not in answer.text

    def test_a_handler_that_is_still_broken_says_so(self, support: Client, ada: User) -> None:
        letter = dead(ada)
        answer = support.post(page(letter, "replay"), follow=True)
        assert said(answer) == [f"{letter} failed again. RuntimeError: the soup is cold"]
        assert DeadLetter.objects.get().state == State.DEAD

    def test_it_is_discarded_with_a_reason(self, support: Client, ada: User, sam: User) -> None:
        letter = dead(ada)
        answer = support.post(page(letter, "discard"), {"reason": " a test order "}, follow=True)
        assert said(answer) == [f"{letter} is discarded."]
        letter.refresh_from_db()
        assert (letter.state, letter.resolved_by, letter.resolved_reason) == (
            State.DISCARDED,
            sam,
            "a test order",
        )
        assert log() == [(sam, "Discarded: a test order")]

    @pytest.mark.parametrize("body", [{}, {"reason": "  "}])
    def test_without_a_reason_it_is_not(self, support: Client, ada: User, body: dict[str, str]) -> None:
        letter = dead(ada)
        answer = support.post(page(letter, "discard"), body, follow=True)
        assert said(answer) == [f"{letter} was not changed. Say why nobody needs it"]
        assert DeadLetter.objects.get().state == State.DEAD
        assert log() == []

    @pytest.mark.parametrize("verb", ["replay", "discard"])
    def test_the_second_click_changes_nothing_and_says_so(
        self, support: Client, ada: User, verb: str
    ) -> None:
        letter = dead(ada)
        toys.broken_with.clear()
        support.post(page(letter, "discard"), {"reason": "first"}, follow=True)
        answer = support.post(page(letter, verb), {"reason": "second"}, follow=True)
        assert said(answer) == [f"{letter} was not changed. It is discarded already."]
        assert DeadLetter.objects.get().resolved_reason == "first"
        assert effects(ada) == 0
        assert len(log()) == 1

    def test_looking_is_no_doing(self, support: Client, ada: User) -> None:
        letter = dead(ada)
        for verb in ("replay", "discard"):
            assert support.get(page(letter, verb)).status_code == 405
        assert support.post(reverse("admin:deliveryapp_deadletter_replay", args=[uuid4()])).status_code == 404
        assert DeadLetter.objects.get().state == State.DEAD

    def test_who_may_only_look_cannot_do(self, client: Client, ada: User) -> None:
        letter = dead(ada)
        mia = make_user("Mia", is_staff=True)
        mia.user_permissions.set(Permission.objects.filter(codename="view_deadletter"))
        client.force_login(mia)
        assert page(letter, "replay") not in client.get(page(letter)).text
        for verb in ("replay", "discard"):
            assert client.post(page(letter, verb), {"reason": "why"}).status_code == 403
        assert act(client, LETTERS, "discard", letter, reason="why").status_code == 200
        assert DeadLetter.objects.get().state == State.DEAD

    def test_strangers_see_nothing(self, client: Client, ada: User, dov: User) -> None:
        letter = dead(ada)
        client.force_login(dov)
        for path in (LETTERS, EVENTS, page(letter)):
            assert client.get(path).status_code == 302
        assert client.post(page(letter, "discard"), {"reason": "why"}).status_code == 302
        assert DeadLetter.objects.get().state == State.DEAD

    def test_strange_content_is_shown_as_text(self, support: Client, ada: User) -> None:
        strange = {"id": "<script>alert(1)</script>", "nul": "\x00", "half": "\ud800", "long": "x" * 30_000}
        letters.note(handler="toy.count", wire=strange, reason="odd", hopeless=True)
        text = support.get(page(DeadLetter.objects.get())).text
        assert "<script>alert(1)" not in text
        assert "\\u0000" in text
        assert "characters more" in text


@pytest.mark.usefixtures("broken")
class TestTheList:
    def test_open_ones_come_first_and_filters_narrow(self, support: Client, ada: User) -> None:
        first, second = dead(ada), dead(ada)
        support.post(page(first, "discard"), {"reason": "why"})
        letters.note(handler="toy.gone", wire=wire(uuid4()), reason="", hopeless=True)
        third = DeadLetter.objects.get(handler="toy.gone")

        def listed(**query: str) -> list[DeadLetter]:
            return list(support.get(LETTERS, query).context["cl"].result_list)

        assert listed() == [second, third, first]
        assert listed(handler="toy.gone") == [third]
        assert listed(state__exact="discarded") == [first]
        assert listed(q=str(second.event_id)) == [second]

    def test_several_at_once(self, support: Client, ada: User) -> None:
        chosen = [dead(ada), dead(ada)]
        assert said(act(support, LETTERS, "discard", *chosen)) == [
            f"{letter} was not changed. Say why nobody needs it" for letter in chosen
        ]
        toys.broken_with.clear()
        act(support, LETTERS, "replay", chosen[0])
        answer = act(support, LETTERS, "discard", *chosen, reason="the same cause")
        assert sorted(said(answer)) == sorted(
            [f"{chosen[0]} was not changed. It is done already.", f"{chosen[1]} is discarded."]
        )


class TestParkedEvents:
    def parked(self) -> list[OutboxEvent]:
        OutboxEvent.objects.bulk_create(written(uuid4(), 1) for _ in range(3))
        rows = list(OutboxEvent.objects.order_by("position"))
        OutboxEvent.objects.filter(pk__in=[rows[0].pk, rows[1].pk]).update(parked_at=Now(), error="too large")
        return rows

    def test_they_are_found_and_published_again(self, support: Client, sam: User) -> None:
        first, second, waiting = self.parked()
        answer = support.get(EVENTS, {"state": "parked"})
        assert {row.pk for row in answer.context["cl"].result_list} == {first.pk, second.pk}

        answer = act(support, EVENTS, "publish_again", first, waiting)

        assert said(answer) == ["1 will be published again.", f"{waiting.id} is not parked."]
        left = OutboxEvent.objects.exclude(parked_at=None)
        assert [row.pk for row in left] == [second.pk]
        assert log() == [(sam, "Published again; it was parked because: too large")]
        assert said(act(support, EVENTS, "publish_again", first)) == [f"{first.id} is not parked."]

    @pytest.mark.parametrize("state", ["waiting", "published"])
    def test_the_other_states(self, support: Client, state: str) -> None:
        *_, waiting = self.parked()
        if state == "published":
            OutboxEvent.objects.filter(pk=waiting.pk).update(published_at=Now())
        answer = support.get(EVENTS, {"state": state})
        assert [row.pk for row in answer.context["cl"].result_list] == [waiting.pk]

    def test_its_page_shows_the_data(self, support: Client) -> None:
        row = self.parked()[0]
        text = support.get(reverse("admin:deliveryapp_outboxevent_change", args=[row.pk])).text
        assert "&quot;region&quot;: &quot;helsinki&quot;" in text
        assert "too large" in text

    def test_who_may_only_look_cannot_publish(self, client: Client) -> None:
        row = self.parked()[0]
        mia = make_user("Mia", is_staff=True)
        mia.user_permissions.set(Permission.objects.filter(codename="view_outboxevent"))
        client.force_login(mia)
        act(client, EVENTS, "publish_again", row)
        assert OutboxEvent.objects.exclude(parked_at=None).count() == 2
