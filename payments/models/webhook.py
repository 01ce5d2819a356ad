"""The provider's messages."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class WebhookEvent(models.Model):
    """A provider's message as it came, once per event id; applied afterwards."""

    id = models.CharField(primary_key=True, max_length=80)
    gateway = models.CharField(max_length=20, default="stripe", db_default="stripe")
    type = models.CharField(max_length=80)
    intent_ref = models.CharField(max_length=80, blank=True)
    payload = models.JSONField()
    received_at = models.DateTimeField(db_default=Now())
    applied_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["gateway", "received_at"],
                name="webhook_unapplied",
                condition=Q(applied_at__isnull=True),
            )
        ]
