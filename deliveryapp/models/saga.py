from django.db import models
from django.db.models.functions import Now

from deliveryapp.ids import new_id


class SagaRun(models.Model):
    """Where one subject's saga stands. The row is the truth; a message about it is only a nudge."""

    class Status(models.TextChoices):
        RUNNING = "running"
        COMPENSATING = "compensating"
        COMPLETED = "completed"
        COMPENSATED = "compensated"
        MANUAL_REVIEW = "manual_review"

    LIVE = (Status.RUNNING, Status.COMPENSATING)
    OPEN = (*LIVE, Status.MANUAL_REVIEW)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    saga = models.CharField(max_length=30)
    subject_id = models.UUIDField()
    step = models.CharField(max_length=40)
    status = models.CharField(max_length=15, choices=Status, default=Status.RUNNING)
    reason = models.CharField(max_length=200, blank=True)
    due_at = models.DateTimeField()
    wakes = models.PositiveIntegerField(default=0)  # counts nudges, so that none is lost while a step runs
    attempts = models.PositiveSmallIntegerField(default=0)  # failed tries of the present step
    lease_token = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["saga", "subject_id"], name="saga_runs_once_per_subject"),
            models.CheckConstraint(
                name="saga_review_has_a_reason",
                condition=~models.Q(status="manual_review") | ~models.Q(reason=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                name="saga_due",
                condition=models.Q(status__in=["running", "compensating"]),
            ),
            models.Index(
                fields=["created_at"], name="saga_in_review", condition=models.Q(status="manual_review")
            ),
        ]


class SagaStep(models.Model):
    """The write-ahead log: a row before a step or compensation begins, its outcome after."""

    class Phase(models.TextChoices):
        ACTION = "action"
        COMPENSATION = "compensation"

    class Outcome(models.TextChoices):
        STARTED = "started"
        WAITING = "waiting"
        DONE = "done"
        RETRY = "retry"
        ABORTED = "aborted"
        ABANDONED = "abandoned"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(SagaRun, on_delete=models.PROTECT, related_name="log")
    step = models.CharField(max_length=40)
    phase = models.CharField(max_length=12, choices=Phase, default=Phase.ACTION)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.STARTED)
    attempt = models.PositiveSmallIntegerField(default=0)
    detail = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["run", "id"], name="saga_log_of_run")]
