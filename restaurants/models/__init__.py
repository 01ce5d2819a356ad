"""Tables of the restaurants: the place, its hours, its menu, its people and its tickets."""

from restaurants.models.favourite import Favourite
from restaurants.models.invitation import StaffInvitation
from restaurants.models.menu import MenuItem, MenuSection, Option, OptionGroup
from restaurants.models.promotion import Promotion, PromotionUse
from restaurants.models.restaurant import HoursChange, OpeningHours, Restaurant, SlotLoad, SpecialDay
from restaurants.models.staff import StaffMember, StaffRole
from restaurants.models.ticket import Ticket

__all__ = [
    "Favourite",
    "HoursChange",
    "MenuItem",
    "MenuSection",
    "OpeningHours",
    "Option",
    "OptionGroup",
    "Promotion",
    "PromotionUse",
    "Restaurant",
    "SlotLoad",
    "SpecialDay",
    "StaffInvitation",
    "StaffMember",
    "StaffRole",
    "Ticket",
]
