"""Keeping restaurants at hand, and no longer."""

from uuid import UUID

from restaurants.errors import FavouritesFull, RestaurantNotFound
from restaurants.models import Favourite, Restaurant

MOST = 500


def add_favourite(*, user_id: UUID, restaurant_id: UUID) -> None:
    """Keeping it twice changes nothing. Raises RestaurantNotFound and FavouritesFull."""
    if not Restaurant.objects.filter(pk=restaurant_id, is_active=True).exists():
        raise RestaurantNotFound
    if Favourite.objects.filter(user=user_id).exclude(restaurant=restaurant_id).count() >= MOST:
        raise FavouritesFull
    Favourite.objects.bulk_create(
        [Favourite(user_id=user_id, restaurant_id=restaurant_id)], ignore_conflicts=True
    )


def remove_favourite(*, user_id: UUID, restaurant_id: UUID) -> None:
    """Nothing happens when it was none."""
    Favourite.objects.filter(user=user_id, restaurant=restaurant_id).delete()
