"""What is sold out: a switch for everybody in the kitchen, which may come back by itself."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from deliveryapp.transactions import durable, require_transaction
from restaurants.dayparts import end_of_day
from restaurants.models import MenuItem, Option, Restaurant
from restaurants.selectors.catalogue import TABLES, Kind, locked_row
from restaurants.selectors.staff import require_staff


def set_availability(
    *,
    user_id: UUID,
    restaurant_id: UUID,
    kind: Kind,
    row_id: UUID,
    is_available: bool,
    sold_out_until: datetime | None = None,
    until_end_of_day: bool = False,
    now: datetime,
) -> MenuItem | Option:
    """Sell an item or an option, or do not: until `sold_out_until`, until the restaurant's next calendar day
    begins, or until a person says so.

    For staff of any role. Raises RestaurantNotFound for a stranger, MenuItemNotFound or OptionNotFound for
    what is not this restaurant's.
    """
    require_staff(user_id=user_id, restaurant_id=restaurant_id)
    if until_end_of_day:
        sold_out_until = _end_of_today(restaurant_id, now)
    comes_back = not is_available and sold_out_until is not None
    with durable():
        row = locked_row(kind, restaurant_id=restaurant_id, row_id=row_id)
        assert isinstance(row, MenuItem | Option)
        if row.archived_at is not None:
            raise TABLES[kind].missing
        row.is_available = is_available or comes_back
        row.sold_out_until = sold_out_until if comes_back else None
        row.save(update_fields=["is_available", "sold_out_until"])
    return row


def end_for_today(*, restaurant_id: UUID, item_id: UUID, now: datetime) -> None:
    """The kitchen has no more of an item until its next calendar day, in the caller's transaction; nothing
    happens when it is not on the menu any more.
    """
    require_transaction()
    rows = MenuItem.objects.filter(pk=item_id, restaurant=restaurant_id, archived_at=None)
    rows.update(sold_out_until=_end_of_today(restaurant_id, now))


def _end_of_today(restaurant_id: UUID, now: datetime) -> datetime:
    zone = Restaurant.objects.values_list("timezone", flat=True).get(pk=restaurant_id)
    return end_of_day(zone=ZoneInfo(zone), at=now)
