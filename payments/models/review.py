"""What only a person can decide."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from deliveryapp.ids import new_id
from payments.models.payment import Payment


class ManualReview(models.Model):
    """One open question about money; the same question is not asked twice while it is open."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=120)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, related_name="reviews")
    detail = models.CharField(max_length=500)
    opened_at = models.DateTimeField(db_default=Now())
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    resolution = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="review_is_open_once", fields=["kind", "subject"], condition=Q(resolved_at=None)
            )
        ]
        indexes = [
            models.Index(fields=["opened_at"], name="review_open", condition=Q(resolved_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
