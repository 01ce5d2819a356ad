"""Everything the restaurants may refuse, each with its stable code."""

from deliveryapp.errors import Conflict, Forbidden, InvalidInput, NotFound, Unprocessable


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


class ItemOutOfStock(Conflict):
    """Fewer pieces are left than the cart asks for; `left` says how many, when that is known."""

    code, title = "item_out_of_stock", "There is not enough of an item left"


class ItemNotServed(Conflict):
    """Its hours are not now; `next_served_at` says when it is served again, null when nobody knows."""

    code, title = "item_not_served", "The item is not served at this hour"


class OptionInvalid(Unprocessable):
    """Unknown, of another item, chosen twice, or too few or too many of its group."""

    code, title = "option_invalid", "The chosen options do not fit the item"


class QuantityInvalid(Unprocessable):
    """Quantities are whole numbers from 1 to 99."""

    code, title = "quantity_invalid", "The quantity is not valid"


class CartInvalid(Unprocessable):
    """A cart has 1 to 100 lines."""

    code, title = "cart_invalid", "The cart cannot be priced"


class SectionNotFound(NotFound):
    """The address names a section that this restaurant does not have."""

    code, title = "menu_section_not_found", "Menu section not found"


class OptionGroupNotFound(NotFound):
    """The address names an option group that this restaurant does not have."""

    code, title = "option_group_not_found", "Option group not found"


class OptionNotFound(NotFound):
    """The address names an option that this restaurant does not have."""

    code, title = "option_not_found", "Option not found"


class ParentInvalid(Unprocessable):
    """What a row is to stand in is archived or not of this menu."""

    code, title = "parent_invalid", "The row cannot stand there"


class NestedTooDeep(Unprocessable):
    """An option opens further groups only from a group that is always asked, of the same item."""

    code, title = "nested_too_deep", "Option groups are nested one level deep"


class ChoicesInvalid(Unprocessable):
    """At least one may be chosen, and not less than the least."""

    code, title = "choices_invalid", "The number of choices is not a range"


class MarksContradict(Unprocessable):
    """A diet mark that the allergens of the item rule out."""

    code, title = "marks_contradict", "Allergens and diet marks contradict each other"


class ExternalKeyTaken(Conflict):
    """Another row of the kind has this key already."""

    code, title = "external_key_taken", "The external key is taken"


class CatalogueFull(Conflict):
    """A menu has its limits, so that its page can be sent at once."""

    code, title = "catalogue_full", "The menu is full"


class ImportRefused(Unprocessable):
    """Rows of the file are wrong; `errors` names line, field and code of each. Nothing was written."""

    code, title = "import_refused", "The file was not imported"


class TicketNotFound(NotFound):
    """No ticket was opened for this order."""

    code, title = "ticket_not_found", "Ticket not found"


class RestaurantSuspended(Conflict):
    """Support has taken it off the platform for now; only support lifts that."""

    code, title = "restaurant_suspended", "The restaurant is suspended"


class HoursInvalid(InvalidInput):
    """Spans overlap, a day is given twice, or an imported line cannot be read; `rows` says which."""

    code, title = "hours_invalid", "The opening hours do not fit together"


class SlotFull(Conflict):
    """The kitchen begins no more orders then; `next_free_at` is a time to schedule for, null without one."""

    code, title = "slot_full", "The kitchen is full at that time"


class FavouritesFull(Conflict):
    """Nobody keeps more than 500 restaurants."""

    code, title = "favourites_full", "You have too many favourites"


class PromotionUnknown(Unprocessable):
    """No promotion of this restaurant or of the platform has this code."""

    code, title = "promotion_unknown", "There is no such code"


class PromotionRefused(Conflict):
    """There is such a promotion, but not for this order."""


class PromotionNotYet(PromotionRefused):
    """`starts_at` says when it begins."""

    code, title = "promotion_not_yet", "The promotion has not begun yet"


class PromotionExpired(PromotionRefused):
    """`ended_at` says since when."""

    code, title = "promotion_expired", "The promotion is over"


class PromotionUsedUp(PromotionRefused):
    """As often as it may be; `by_customer` says whether that is as often as this customer may."""

    code, title = "promotion_used_up", "The promotion is used up"


class PromotionMinimum(PromotionRefused):
    """Too little food for it; `minimum_minor` is what it asks for."""

    code, title = "promotion_minimum", "The order is too small for the promotion"


class PromotionFirstOrderOnly(PromotionRefused):
    """The customer has ordered before."""

    code, title = "promotion_first_order_only", "The promotion is for a first order"


class PromotionNotFound(NotFound):
    """The address names a promotion that this restaurant does not have."""

    code, title = "promotion_not_found", "Promotion not found"


class PromotionInvalid(Unprocessable):
    """Its kind asks for another value, it ends before it begins, or it is for first orders without a code."""

    code, title = "promotion_invalid", "The promotion does not fit together"


class PromotionCodeTaken(Conflict):
    """Another promotion of the restaurant that is not over has this code."""

    code, title = "promotion_code_taken", "The code is taken"


class PromotionOfOthers(Forbidden):
    """Whoever pays for a promotion may change it."""

    code, title = "promotion_of_others", "Only who pays for a promotion may change it"


class PromotionsFull(Conflict):
    """A restaurant has at most 50 promotions at once."""

    code, title = "promotions_full", "There are too many promotions"


class StaffMemberNotFound(NotFound):
    """Nobody of that id works here."""

    code, title = "staff_member_not_found", "Nobody of that name works here"


class InvitationNotFound(NotFound):
    """It was taken back, used, is over, or for another address."""

    code, title = "invitation_not_found", "The invitation is not valid"


class LastOwner(Conflict):
    """A restaurant always has an owner."""

    code, title = "last_owner", "Somebody has to be the owner"
