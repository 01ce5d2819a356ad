"""What somebody keeps at hand."""

from uuid import UUID

from restaurants.models import Favourite, Restaurant


def favourites_of(*, user_id: UUID) -> list[Restaurant]:
    """The newest first, also those that left the platform; one query, without pictures and hours."""
    rows = Favourite.objects.filter(user=user_id).select_related("restaurant")
    return [row.restaurant for row in rows.defer("restaurant__picture_svg", "restaurant__delivery_area")]
