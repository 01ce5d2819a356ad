"""Who is to be told what about an order."""

from django.db import models

from deliveryapp.ids import new_id
from orders.models.order import Order


class Audience(models.TextChoices):
    CUSTOMER = "customer"
    RESTAURANT = "restaurant"
    DRIVER = "driver"
    STAFF = "staff"  # one person of a restaurant
    SUPPORT = "support"


class Kind(models.TextChoices):
    ORDER_ENDED = "order_ended"  # the restaurant could not, or did not
    ORDER_LATE = "order_late"
    SEARCH_TAKES_LONGER = "search_takes_longer"
    DRIVER_CHANGED = "driver_changed"
    DRIVER_SILENT = "driver_silent"
    TICKET_OPENED = "ticket_opened"  # a scheduled order's time has come
    KITCHEN_LATE = "kitchen_late"
    DRIVER_REPLACED = "driver_replaced"
    PICKUP_MOVED = "pickup_moved"
    SWAP_PROPOSED = "swap_proposed"
    ITEM_REMOVED = "item_removed"
    TICKET_UNSEEN = "ticket_unseen"  # no screen of the kitchen has shown it


class NotificationRequest(models.Model):
    """Somebody must be told something: asked for once, sent by whoever serves the channel.

    `occurrence` tells repetitions apart that are meant, like a second driver who fell silent.
    """

    class Channel(models.TextChoices):
        IN_APP = "in_app"  # who looks sees it at once
        PUSH = "push"
        SMS = "sms"
        CALL = "call"

    class State(models.TextChoices):
        REQUESTED = "requested"
        SENT = "sent"
        DROPPED = "dropped"  # when its turn came there was no need any more, or no number to call

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="notifications")
    kind = models.CharField(max_length=30, choices=Kind)
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.IN_APP)
    occurrence = models.CharField(max_length=40, blank=True)
    audience = models.CharField(max_length=10, choices=Audience)
    recipient_id = (
        models.UUIDField()
    )  # a user, a driver or a restaurant; for support the restaurant it is about
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED)
    requested_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "kind", "channel", "occurrence"], name="notification_is_requested_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.audience}"
