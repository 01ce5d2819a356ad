"""A ticket: an order as the kitchen sees it arrive."""

from django.db import models
from django.db.models import Q

from deliveryapp.ids import new_id
from restaurants.models.restaurant import Restaurant


class Ticket(models.Model):
    """`seq` counts the restaurant's tickets without a gap; `order_id` belongs to who conducts the order."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order_id = models.UUIDField(unique=True)
    restaurant = models.ForeignKey(Restaurant, on_delete=models.PROTECT, related_name="tickets")
    seq = models.BigIntegerField()
    opened_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.UUIDField(null=True, blank=True)  # whose screen showed it
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["restaurant", "seq"]
        indexes = [
            models.Index(
                fields=["restaurant", "opened_at"],
                name="ticket_unacknowledged",
                condition=Q(acknowledged_at__isnull=True, withdrawn_at__isnull=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(name="ticket_seq_once_per_restaurant", fields=["restaurant", "seq"]),
            models.CheckConstraint(name="ticket_seq_from_one", condition=Q(seq__gte=1)),
        ]

    def __str__(self) -> str:
        return f"ticket {self.seq}"
