"""Who works where: being staff is a row of this app."""

from django.conf import settings
from django.db import models

from restaurants.models.restaurant import Restaurant


class StaffRole(models.TextChoices):
    OWNER = "owner"
    MANAGER = "manager"
    KITCHEN = "kitchen"


class StaffMember(models.Model):
    restaurant = models.ForeignKey(Restaurant, on_delete=models.PROTECT, related_name="staff")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=StaffRole.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="staff_member_once_per_restaurant", fields=["restaurant", "user"]),
            models.CheckConstraint(
                name="staff_member_role_is_known", condition=models.Q(role__in=StaffRole.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.user_id}"
