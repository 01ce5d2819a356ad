"""`manage.py replay_events`: what somebody missed goes out again, to nobody else, effects once (R8, I11)."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now

from deliveryapp import inbox, relay, replaying
from deliveryapp.models import DeadLetter, InboxEntry, OutboxEvent, User
from tests.deliveryapp import toys
from tests.deliveryapp.toys import BROKEN, Recorder, effects, written

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("subscribe")]
SINCE = "--since=2020-01-01T00:00:00+00:00"
FOR_COUNT = "--handler=toy.count"


def published(user: User, count: int, **changes: Any) -> list[OutboxEvent]:
    rows = [written(user.pk, seq, **changes) for seq in range(1, count + 1)]
    OutboxEvent.objects.bulk_create(rows)
    OutboxEvent.objects.update(published_at=Now(), sends=1)
    return rows


def digest(*rows: OutboxEvent) -> None:
    inbox.handle(handler="toy.count", envelopes=[relay.envelope_of(row).as_json() for row in rows])


def replay(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("replay_events", *arguments, stdout=out)
    return out.getvalue().splitlines()


def waiting() -> int:
    return OutboxEvent.objects.filter(published_at=None).count()


def test_what_nobody_has_digested_goes_out_again_through_the_relay(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "BATCH", 2)
    rows = published(ada, 5)
    digest(*rows[:2])

    assert replay(SINCE) == ["3 events to all", "  2 of 3", "  3 of 3", "3 events sent"]

    carrier = Recorder()
    relay.publish_waiting(carrier=carrier)
    assert [seq for _, seq in carrier.sent] == [3, 4, 5]


def test_for_one_handler_the_others_do_not_get_it(ada: User, subscribe: Any) -> None:
    subscribe("WITH_PUSH")
    rows = published(ada, 5)
    digest(rows[0])

    assert replay(SINCE, FOR_COUNT)[-1] == "4 events digested"

    assert effects(ada) == 5  # the pushing one would have counted too
    assert waiting() == 0
    assert replay(SINCE, FOR_COUNT) == ["0 events to toy.count"]


def test_a_dry_run_only_counts(ada: User) -> None:
    published(ada, 3)

    assert replay(SINCE, "--dry-run") == ["3 events would go to all"]
    assert replay(SINCE, FOR_COUNT, "--again", "--dry-run") == ["3 events would go to toy.count"]

    assert (effects(ada), waiting()) == (0, 0)


def test_only_what_was_published_in_the_time_and_of_the_type(ada: User) -> None:
    for row, hours in zip(published(ada, 3), (1, 3, 5), strict=True):
        OutboxEvent.objects.filter(pk=row.pk).update(published_at=Now() - timedelta(hours=hours))
    from deliveryapp.clock import utc_now

    now = utc_now()
    since, until = (f"{now - timedelta(hours=hours):%Y-%m-%dT%H:%M:%S}+00:00" for hours in (4, 2))

    assert replay(f"--since={since}", "--dry-run") == ["2 events would go to all"]
    assert replay(f"--since={since}", f"--until={until}", "--dry-run") == ["1 events would go to all"]
    assert replay(SINCE, "--type=OrderReady", "--dry-run") == ["3 events would go to all"]
    assert replay(SINCE, "--type=OrderPlaced", "--dry-run") == ["0 events would go to all"]


def test_again_makes_the_effects_happen_once_more_in_the_handler_alone(ada: User) -> None:
    rows = published(ada, 3)
    digest(*rows)

    assert replay(SINCE, FOR_COUNT, "--again", "--yes")[-1] == "3 events digested"

    assert effects(ada) == 6
    assert InboxEntry.objects.count() == 3
    assert waiting() == 0


def test_again_is_asked_about(ada: User) -> None:
    digest(*published(ada, 1))

    with pytest.raises(CommandError, match="--yes"):
        replay(SINCE, FOR_COUNT, "--again")

    assert effects(ada) == 1


def test_a_push_handler_gets_everything_again_when_told_so(ada: User, subscribe: Any) -> None:
    subscribe("WITH_PUSH")
    published(ada, 2)

    with pytest.raises(CommandError, match="keeps no inbox"):
        replay(SINCE, "--handler=toy.push")
    assert replay(SINCE, "--handler=toy.push", "--again", "--yes")[-1] == "2 events digested"

    assert effects(ada) == 2


def test_what_cannot_be_digested_is_counted_and_is_an_error(ada: User) -> None:
    toys.broken_with.append(RuntimeError("the soup is cold"))
    published(ada, 2)
    OutboxEvent.objects.bulk_create([written(uuid4(), 1, region=BROKEN)])
    OutboxEvent.objects.update(published_at=Now())

    with pytest.raises(CommandError, match="1 of 3 could not be digested") as error:
        replay(SINCE, FOR_COUNT)

    assert error.value.returncode == 2
    assert effects(ada) == 2
    assert DeadLetter.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Say --since when."),
        ([SINCE, "--handler=toy.cuont"], "There is no handler toy.cuont. There are: toy.count."),
        ([SINCE, "--type=OrderTeleported"], "There is no type OrderTeleported. There are: CreditGranted, "),
        ([SINCE, "--again"], "name it"),
        (["--parked", FOR_COUNT], "reached no handler"),
        (["--since=yesterday"], "invalid moment value: 'yesterday'"),
        (["--since=2026-11-23T10:00:00"], "invalid moment value"),
    ],
)
def test_what_makes_no_sense_is_refused(ada: User, arguments: list[str], said: str) -> None:
    published(ada, 1)

    with pytest.raises(CommandError, match=said):
        replay(*arguments)

    assert (effects(ada), waiting()) == (0, 0)


def test_parked_events_are_tried_again(ada: User) -> None:
    OutboxEvent.objects.bulk_create([written(ada.pk, 1), written(ada.pk, 2)])
    OutboxEvent.objects.filter(seq=1).update(parked_at=Now(), error="OrderReady version 1")

    assert replay("--parked", "--dry-run") == ["1 parked events would be tried again"]
    assert replay("--parked", "--type=OrderPlaced") == ["0 parked events are tried again"]
    assert OutboxEvent.objects.exclude(parked_at=None).count() == 1
    assert replay("--parked") == ["1 parked events are tried again"]

    carrier = Recorder()
    relay.publish_waiting(carrier=carrier)
    assert [seq for _, seq in carrier.sent] == [1, 2]
    assert not OutboxEvent.objects.exclude(error="").exists()
