"""What this app tells others: frozen values, never rows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from deliveryapp.geo import Point
from restaurants.offers import Offer
from restaurants.pricing import EtaMinutes


@dataclass(frozen=True, slots=True)
class RestaurantInfo:
    """`busy_minutes` come on top of `prep_minutes` until `busy_until`; see `pricing.busy_minutes`."""

    id: UUID
    slug: str
    name: str
    location: Point
    street: str
    city: str
    region: str
    timezone: str
    currency: str
    prep_minutes: int
    busy_minutes: int
    busy_until: datetime | None
    slot_capacity: int | None
    delivery_radius_m: int
    delivery_fee_minor: int
    delivery_fee_per_km_minor: int
    minimum_order_minor: int
    commission_bp: int
    tax_bp: int
    phone: str
    delivery_area: list[list[float]] | None = None

    @property
    def lat(self) -> float:
        return self.location.lat

    @property
    def lng(self) -> float:
        return self.location.lng


@dataclass(frozen=True, slots=True)
class ComingOpenings:
    """When the doors are open in some time to come; orders are taken until `last_order` before they close."""

    restaurant: RestaurantInfo
    spans: tuple[tuple[datetime, datetime], ...]
    last_order: timedelta

    def is_open(self, at: datetime) -> bool:
        return any(opens <= at < closes for opens, closes in self.spans)

    def takes_orders(self, at: datetime) -> bool:
        return any(opens <= at < closes - self.last_order for opens, closes in self.spans)


@dataclass(frozen=True, slots=True)
class CartLine:
    """One wish: `quantity` pieces of an item, all with the same options."""

    item_id: UUID
    quantity: int
    option_ids: tuple[UUID, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who orders, when, and the promotion's code that was typed; for what is on offer to him."""

    customer_id: UUID
    at: datetime
    code: str = ""


@dataclass(frozen=True, slots=True)
class PricedOption:
    option_id: UUID
    group: str
    name: str
    price_delta_minor: int


@dataclass(frozen=True, slots=True)
class PricedLine:
    """`unit_price_minor` is one piece without options; `total_minor` is all pieces with them.

    `is_counted`: its pieces have to be taken from the item's stock.
    """

    item_id: UUID
    name: str
    quantity: int
    unit_price_minor: int
    options: tuple[PricedOption, ...]
    note: str
    total_minor: int
    is_counted: bool = False


@dataclass(frozen=True, slots=True)
class PricedCart:
    """`offers` are what the buyer may get something off by; none where nobody said who buys."""

    restaurant: RestaurantInfo
    lines: tuple[PricedLine, ...]
    offers: tuple[Offer, ...] = ()


@dataclass(frozen=True, slots=True)
class Pieces:
    """So many pieces of a counted item."""

    item_id: UUID
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class PastLine:
    """A line of an earlier order: options as (group, name), `total_minor` for all pieces then."""

    item_id: UUID
    quantity: int
    options: tuple[tuple[str, str], ...]
    note: str
    total_minor: int


@dataclass(frozen=True, slots=True)
class TodaysLine:
    """`change` is empty, `price_changed`, or why there is no `line`: item_gone, item_sold_out, option_gone,
    option_sold_out, or options_changed when the item now asks for other choices.
    """

    change: str
    line: PricedLine | None = None


@dataclass(frozen=True, slots=True)
class TodaysMenu:
    restaurant: RestaurantInfo
    is_open: bool
    next_opening_at: datetime | None
    lines: tuple[TodaysLine, ...]


@dataclass(frozen=True, slots=True)
class TicketInfo:
    seq: int
    opened_at: datetime
    acknowledged_at: datetime | None
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class Alternative:
    """An open restaurant within reach; `rating` in stars, None before anybody rated."""

    id: UUID
    slug: str
    name: str
    cuisines: tuple[str, ...]
    rating: float | None
    distance_m: int
    delivery_fee_minor: int
    currency: str
    eta_minutes: EtaMinutes


@dataclass(frozen=True, slots=True)
class Membership:
    """Somebody works at a restaurant."""

    restaurant_id: UUID
    slug: str
    name: str
    role: str
