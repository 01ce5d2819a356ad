"""The restaurants that somebody keeps at hand."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from restaurants.models.restaurant import Restaurant


class Favourite(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    restaurant = models.ForeignKey(Restaurant, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(name="favourite_once_per_restaurant", fields=["user", "restaurant"]),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} likes {self.restaurant_id}"
