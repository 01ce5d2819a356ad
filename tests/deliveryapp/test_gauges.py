"""How the events stand: the command with its exit code, and /metrics behind its token."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from deliveryapp import inbox, lagging, letters, redelivery, relay
from deliveryapp.gauges import read_gauges
from deliveryapp.models import Broker, OutboxEvent, SagaRun, User
from deliveryapp.web import metrics
from tests.deliveryapp import toys
from tests.deliveryapp.toys import Recorder, wire, written
from tests.worker import DirectTransport

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("subscribe")]


@pytest.fixture(autouse=True)
def _fresh_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_page", metrics.Page())


@pytest.fixture
def well() -> None:
    """A relay that has just looked."""
    redelivery.check(carrier=DirectTransport())
    redelivery.check(carrier=DirectTransport())


def status() -> tuple[dict[str, float], bool]:
    """Every gauge by name and handler; whether the command was content."""
    out = StringIO()
    try:
        call_command("events_status", "--json", stdout=out)
        content = True
    except CommandError:
        content = False
    rows = json.loads(out.getvalue())
    assert all(row["ok"] for row in rows) is content
    return {
        " ".join([row["name"], row["handler"]] if "handler" in row else [row["name"]]): row["value"]
        for row in rows
    }, content


@pytest.mark.usefixtures("well")
def test_when_nothing_waits_everything_is_zero_and_well() -> None:
    gauges, content = status()

    assert content
    assert 0 <= gauges.pop("relay_last_look_age_seconds") < 10
    assert set(gauges.values()) == {0}
    assert set(gauges) == {
        "outbox_waiting",
        "outbox_oldest_waiting_age_seconds",
        "outbox_parked",
        "handler_retrying_letters toy.count",
        "handler_dead_letters toy.count",
        "handler_undigested toy.count",
        "handler_oldest_undigested_age_seconds toy.count",
        "saga_due",
        "saga_oldest_due_age_seconds",
    }


@pytest.mark.usefixtures("well")
def test_each_gauge_counts_what_it_says(ada: User) -> None:
    OutboxEvent.objects.bulk_create([written(uuid4(), 1) for _ in range(5)])
    relay.publish_waiting(carrier=Recorder())
    digested = relay.envelope_of(OutboxEvent.objects.all()[0]).as_json()
    inbox.handle(handler="toy.count", envelopes=[digested])
    OutboxEvent.objects.bulk_create([written(uuid4(), 1) for _ in range(3)])
    some = OutboxEvent.objects.filter(published_at=None).values("pk")
    OutboxEvent.objects.filter(pk__in=some[:1]).update(parked_at=Now())
    letters.note(handler="toy.count", wire=wire(uuid4()), reason="", hopeless=False)
    for _ in range(2):
        letters.note(handler="toy.gone", wire=wire(uuid4()), reason="", hopeless=True)
    toys.begin()

    gauges, content = status()

    assert not content
    expected = {
        "outbox_waiting": 2,
        "outbox_parked": 1,
        "handler_undigested toy.count": 4,
        "handler_retrying_letters toy.count": 1,
        "handler_dead_letters toy.count": 0,
        "handler_retrying_letters toy.gone": 0,
        "handler_dead_letters toy.gone": 2,
        "saga_due": 1,
    }
    assert {name: gauges[name] for name in expected} == expected


class TestConsumerLag:
    """What the broker tells the relay, by group and topic."""

    def lags(self) -> dict[str, tuple[dict[str, str], float | None]]:
        return {
            gauge.name: (dict(gauge.labels), gauge.value)
            for gauge in read_gauges()
            if gauge.name == "consumer_lag"
        }

    @pytest.mark.usefixtures("well")
    def test_it_is_shown_until_it_is_too_old(self) -> None:
        carrier = Recorder()
        carrier.send([wire(uuid4()), wire(uuid4())])
        assert self.lags() == {}

        assert lagging.note(carrier=carrier)

        labels = {"group": "toys", "topic": "orders.status"}
        assert self.lags() == {"consumer_lag": (labels, 2)}
        Broker.objects.update(lags_at=Now() - lagging.STALE_AFTER)
        assert self.lags() == {"consumer_lag": (labels, None)}

    @pytest.mark.usefixtures("well")
    def test_the_broker_is_not_asked_each_second(self) -> None:
        assert lagging.note(carrier=Recorder())
        assert not lagging.note(carrier=Recorder())
        Broker.objects.update(lags_at=Now() - lagging.ASK_EVERY - timedelta(seconds=1))
        assert lagging.note(carrier=Recorder())

    @pytest.mark.usefixtures("well")
    def test_prometheus_gets_a_sample_per_group_and_topic(self, client: Client, settings: Any) -> None:
        settings.METRICS_TOKEN = "t0ken"
        lagging.note(carrier=Recorder())
        page = client.get("/metrics", headers={"authorization": "Bearer t0ken"}).text
        assert 'deliveryapp_consumer_lag{group="toys",topic="orders.status"} 0.0\n' in page


def old_event() -> None:
    OutboxEvent.objects.bulk_create([written(uuid4(), 1)])
    OutboxEvent.objects.update(occurred_at=Now() - timedelta(seconds=61))


def parked_event() -> None:
    OutboxEvent.objects.bulk_create([written(uuid4(), 1)])
    OutboxEvent.objects.update(parked_at=Now())


def lost_event() -> None:
    OutboxEvent.objects.bulk_create([written(uuid4(), 1)])
    OutboxEvent.objects.update(published_at=Now() - timedelta(minutes=8))


def dead_letter() -> None:
    letters.note(handler="toy.count", wire=wire(uuid4()), reason="", hopeless=True)


def forgotten_saga() -> None:
    toys.begin()
    SagaRun.objects.update(due_at=Now() - timedelta(seconds=61))


def silent_relay() -> None:
    Broker.objects.update(looked_at=Now() - timedelta(seconds=11))


def no_relay_ever() -> None:
    Broker.objects.all().delete()


@pytest.mark.usefixtures("well")
@pytest.mark.parametrize(
    ("happen", "name"),
    [
        (old_event, "outbox_oldest_waiting_age"),
        (parked_event, "outbox_parked"),
        (lost_event, "handler_oldest_undigested_age toy.count"),
        (dead_letter, "handler_dead_letters toy.count"),
        (forgotten_saga, "saga_oldest_due_age"),
        (silent_relay, "relay_last_look_age"),
        (no_relay_ever, "relay_last_look_age"),
    ],
)
def test_what_is_above_its_limit_is_pointed_at_and_an_error(happen: Any, name: str) -> None:
    happen()
    out = StringIO()

    with pytest.raises(CommandError, match=r"^1 above their limits$"):
        call_command("events_status", stdout=out)

    [line] = [line for line in out.getvalue().splitlines() if line.endswith("<-- look")]
    assert line.startswith(f"{name} ")


class TestMetrics:
    def get(self, client: Client) -> Any:
        token = "t0ken"
        return client.get("/metrics", headers={"authorization": f"Bearer {token}"})

    def test_without_a_token_in_the_settings_it_is_not_there(self, client: Client, settings: Any) -> None:
        settings.METRICS_TOKEN = ""
        assert self.get(client).status_code == 404
        assert client.get("/metrics").status_code == 404

    @pytest.mark.parametrize(
        "header", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic t0ken", "t0ken", "Bearer ü"]
    )
    def test_who_does_not_know_it_sees_nothing(self, client: Client, settings: Any, header: str) -> None:
        settings.METRICS_TOKEN = "t0ken"
        answer = client.get("/metrics", headers={"authorization": header})
        assert (answer.status_code, answer.content) == (401, b"")
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    @pytest.mark.usefixtures("well")
    def test_it_says_the_same_in_prometheus_words(self, client: Client, settings: Any) -> None:
        settings.METRICS_TOKEN = "t0ken"
        OutboxEvent.objects.bulk_create([written(uuid4(), 1) for _ in range(3)])

        answer = self.get(client)

        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        samples = {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }
        assert samples["deliveryapp_outbox_waiting",] == 3
        assert samples["deliveryapp_handler_dead_letters", "toy.count"] == 0

    @pytest.mark.usefixtures("well")
    def test_many_who_ask_within_a_second_cost_five_queries(
        self, client: Client, settings: Any, django_assert_num_queries: Any
    ) -> None:
        settings.METRICS_TOKEN = "t0ken"
        with django_assert_num_queries(5):
            assert len({self.get(client).content for _ in range(20)}) == 1
