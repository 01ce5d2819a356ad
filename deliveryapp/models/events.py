"""The outbox, the relay's shards, the inbox and the dead letters."""

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now

from deliveryapp.ids import new_id
from deliveryapp.models.verbatim import VerbatimJSONField


class OutboxEvent(models.Model):
    """An event in the commit of the change it tells of. `position` rises per aggregate because the
    aggregate's row is locked when it is drawn; across aggregates it promises nothing."""

    position = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True, default=new_id, editable=False)
    shard = models.SmallIntegerField()
    topic = models.CharField(max_length=60)
    type = models.CharField(max_length=60)
    source = models.CharField(max_length=30)
    subject = models.UUIDField()
    key = models.CharField(max_length=60)
    seq = models.BigIntegerField()
    dataversion = models.SmallIntegerField(default=1)
    data = models.JSONField()
    trace_id = models.CharField(max_length=64, blank=True)
    occurred_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    sends = models.SmallIntegerField(db_default=0, default=0)  # more than one: it was published again
    parked_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "subject", "seq"], name="outbox_seq_is_unique_per_aggregate"
            )
        ]
        indexes = [
            models.Index(
                fields=["shard", "position"],
                name="outbox_waiting",
                condition=models.Q(published_at__isnull=True, parked_at__isnull=True),
            ),
            models.Index(
                fields=["published_at"],
                name="outbox_published",
                condition=models.Q(published_at__isnull=False),
            ),
            models.Index(
                fields=["published_at"],
                name="outbox_repeated",
                condition=models.Q(published_at__isnull=False, sends__gt=1),
            ),
            models.Index(
                fields=["parked_at"],
                name="outbox_parked",
                condition=models.Q(parked_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.seq} of {self.subject}"


class RelayShard(models.Model):
    """The right to publish one shard, held for a while. The token fences a publisher that overslept."""

    shard = models.SmallIntegerField(primary_key=True)
    token = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)


class Broker(models.Model):
    """What the relay knows of a broker: another `identity` means that it has lost all it was given."""

    name = models.CharField(primary_key=True, max_length=40)
    identity = models.CharField(max_length=100)
    checked_until = models.DateTimeField()  # what was published before then was looked after
    looked_at = models.DateTimeField(null=True)  # each second by a relay that is alive
    lags = models.JSONField(null=True)  # [group, topic, messages behind], as it was at lags_at
    lags_at = models.DateTimeField(null=True)


class InboxEntry(models.Model):
    """This handler has seen this event; written in the commit of the handler's effect."""

    pk = models.CompositePrimaryKey("handler", "event_id")
    handler = models.CharField(max_length=80)
    event_id = models.UUIDField()
    handled_at = models.DateTimeField(db_default=Now())

    class Meta:
        # Rows are inserted in the order of time: a few pages of index find what is past its time.
        indexes = [BrinIndex(fields=["handled_at"], name="inbox_by_age", autosummarize=True)]


class DeadLetter(models.Model):
    """An event that a handler could not digest: retried for a while, then kept for a person.

    `attempts` counts failures. `deaths` counts the processes that began with it since it last failed in an
    orderly way, and did not come back.
    """

    class State(models.TextChoices):
        RETRYING = "retrying"
        DEAD = "dead"
        DONE = "done"
        DISCARDED = "discarded"

    OPEN = (State.RETRYING, State.DEAD)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    handler = models.CharField(max_length=80)
    event_id = models.UUIDField()
    envelope = VerbatimJSONField()
    error = models.TextField()
    attempts = models.SmallIntegerField(default=1)
    deaths = models.SmallIntegerField(db_default=0, default=0)
    state = models.CharField(max_length=10, choices=State, default=State.RETRYING)
    next_try_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    resolved_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["handler", "event_id"], name="dead_letter_is_one_per_handler_and_event"
            ),
            models.CheckConstraint(
                name="dead_letter_is_discarded_with_a_reason",
                condition=~models.Q(state="discarded") | ~models.Q(resolved_reason=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["handler", "next_try_at"],
                name="dead_letter_due",
                condition=models.Q(state="retrying"),
            ),
            models.Index(
                fields=["handler", "created_at"], name="dead_letter_dead", condition=models.Q(state="dead")
            ),
            models.Index(
                fields=["resolved_at"],
                name="dead_letter_resolved",
                condition=models.Q(resolved_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.handler} {self.event_id}"
