"""Everything the restaurants may refuse, each with its stable code."""

from deliveryapp.errors import Conflict, Forbidden, NotFound, Unprocessable


class RestaurantNotFound(NotFound):
    """There is no such restaurant, or the asker has no business knowing."""

    code, title = "restaurant_not_found", "Restaurant not found"


class RestaurantClosed(Conflict):
    """It takes no orders now; `next_opening_at` says when it will, null when nobody knows."""

    code, title = "restaurant_closed", "The restaurant is closed"


class AreaInvalid(Unprocessable):
    """Its sides cross each other, it has no inside, or a corner is further away than anybody may deliver."""

    code, title = "area_invalid", "The delivery area is not valid"


class RoleRequired(Forbidden):
    """The asker works there, but not in a role that may do this."""

    code, title = "role_required", "Your role does not allow this"


class ItemNotFound(Unprocessable):
    """Not on this restaurant's menu, whether or not another one sells it."""

    code, title = "item_not_found", "The item is not on the menu"


class MenuItemNotFound(NotFound):
    """The address names an item that this restaurant does not have."""

    code, title = "menu_item_not_found", "Menu item not found"


class ItemUnavailable(Conflict):
    """Sold out, or one of the chosen options is."""

    code, title = "item_unavailable", "The item is sold out"


class OptionInvalid(Unprocessable):
    """Unknown, of another item, chosen twice, or too few or too many of its group."""

    code, title = "option_invalid", "The chosen options do not fit the item"


class QuantityInvalid(Unprocessable):
    """Quantities are whole numbers from 1 to 99."""

    code, title = "quantity_invalid", "The quantity is not valid"


class CartInvalid(Unprocessable):
    """A cart has 1 to 100 lines."""

    code, title = "cart_invalid", "The cart cannot be priced"


class TicketNotFound(NotFound):
    """No ticket was opened for this order."""

    code, title = "ticket_not_found", "Ticket not found"


class RestaurantSuspended(Conflict):
    """Support has taken it off the platform for now; only support lifts that."""

    code, title = "restaurant_suspended", "The restaurant is suspended"


class FavouritesFull(Conflict):
    """Nobody keeps more than 500 restaurants."""

    code, title = "favourites_full", "You have too many favourites"
