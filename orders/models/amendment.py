"""What the kitchen could not make: pieces taken off an order, or a swap proposed for them."""

from datetime import datetime
from uuid import UUID

from django.db import models
from django.db.models import Q
from django_fsm import FSMField, transition

from deliveryapp.ids import new_id
from orders.models.order import Order


class Amendment(models.Model):
    """`quantity` pieces of a line, as it was called and priced: taken off at once, or what a swap is for.

    `line_id` is the line of then; it is gone once all its pieces are. `swap` is what is proposed, as a line
    of an order keeps it, and empty for a mere removal.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed"  # the customer has until `expires_at`
        ACCEPTED = "accepted"
        REMOVED = "removed"  # by the kitchen, or as the customer wished instead of a swap
        EXPIRED = "expired"  # nobody answered: removed as well
        REFUSED = "refused"  # the customer rather cancelled the order
        WITHDRAWN = "withdrawn"  # the order ended otherwise

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="amendments")
    state = FSMField(default=State.PROPOSED, choices=State.choices, protected=True)
    line_id = models.UUIDField()
    name = models.CharField(max_length=200)
    quantity = models.PositiveSmallIntegerField()
    amount_minor = models.BigIntegerField()  # what these pieces cost
    swap = models.JSONField(null=True)
    made_by = models.UUIDField()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="order_line_has_one_open_swap", fields=["line_id"], condition=Q(state="proposed")
            ),
            models.CheckConstraint(
                name="amendment_concerns_some_pieces", condition=Q(quantity__gte=1, amount_minor__gte=0)
            ),
            models.CheckConstraint(
                name="amendment_swap_has_a_time_limit",
                condition=Q(swap__isnull=True, expires_at__isnull=True)
                | Q(swap__isnull=False, expires_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="amendment_open", condition=Q(state="proposed")),
            models.Index(fields=["order"], name="amendment_of_order"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name} ({self.state})"

    @transition(field=state, source=State.PROPOSED, target=State.ACCEPTED)
    def accept(self, *, now: datetime) -> None:
        self.settled_at = now

    @transition(field=state, source=State.PROPOSED, target=State.REMOVED)
    def remove(self, *, now: datetime) -> None:
        self.settled_at = now

    @transition(field=state, source=State.PROPOSED, target=State.EXPIRED)
    def expire(self, *, now: datetime) -> None:
        self.settled_at = now

    @transition(field=state, source=State.PROPOSED, target=State.REFUSED)
    def refuse(self, *, now: datetime) -> None:
        self.settled_at = now

    @transition(field=state, source=State.PROPOSED, target=State.WITHDRAWN)
    def withdraw(self, *, now: datetime) -> None:
        self.settled_at = now

    @property
    def is_open(self) -> bool:
        return bool(self.state == self.State.PROPOSED)

    @property
    def swap_item_id(self) -> UUID | None:
        return UUID(self.swap["item_id"]) if self.swap else None
