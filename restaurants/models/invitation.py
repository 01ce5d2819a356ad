"""Who was asked to join a restaurant's staff and has not answered yet."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from deliveryapp.ids import new_id
from restaurants.models.restaurant import Restaurant
from restaurants.models.staff import StaffRole


class StaffInvitation(models.Model):
    """For whoever signs in with this address and has the link; of its token only the hash is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    restaurant = models.ForeignKey(Restaurant, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=10, choices=StaffRole.choices)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-invited_at"]
        constraints = [
            models.UniqueConstraint(
                name="staff_invitation_open_once_per_address",
                fields=["restaurant", "email"],
                condition=Q(accepted_at__isnull=True),
            ),
            models.CheckConstraint(
                name="staff_invitation_role_is_known", condition=Q(role__in=StaffRole.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} at {self.restaurant_id}"
