from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from deliveryapp.ids import new_id


class IdempotencyRecord(models.Model):
    """A client's key, what it asked for, and the answer it got; in the commit of the effect."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=100)
    request_hash = models.CharField(max_length=64)
    resource_id = models.UUIDField(null=True)
    answer_status = models.SmallIntegerField(null=True)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_is_unique_per_user")
        ]
