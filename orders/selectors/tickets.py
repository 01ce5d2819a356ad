"""An order as it is printed for its kitchen: what to cook, what to mind; no price, no number to call."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from deliveryapp.models import User
from orders.errors import OrderNotFound
from orders.models import Order, OrderLine
from orders.selectors.access import get_board_order, require_board_order
from restaurants import facade as restaurants


@dataclass(frozen=True, slots=True)
class PaperLine:
    """`allergens` are those of the dish as the menu has it today; options may add to them."""

    quantity: int
    name: str
    options: tuple[str, ...]
    note: str
    allergens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PaperTicket:
    """Times on the restaurant's clock."""

    number: str
    ticket_seq: int | None
    status: str
    restaurant_name: str
    customer_first_name: str
    note: str
    placed_at: datetime | None
    ready_at: datetime | None
    scheduled_for: datetime | None
    lines: tuple[PaperLine, ...]

    @property
    def pieces(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def allergens(self) -> tuple[str, ...]:
        """Of all dishes together."""
        return tuple(sorted({word for line in self.lines for word in line.allergens}))


def paper_ticket(*, user: User, slug: str, order_id: UUID) -> PaperTicket:
    """Raises OrderNotFound and RestaurantNotFound for who does not work where it was placed."""
    places = restaurants.restaurants_of(user_id=user.pk)
    place = next((place for place in places if place.slug == slug), None)
    if place is None:
        raise OrderNotFound
    require_board_order(user=user, restaurant_id=place.restaurant_id, order_id=order_id)
    order = get_board_order(order_id=order_id)
    zone = ZoneInfo(restaurants.get_restaurant(restaurant_id=place.restaurant_id).timezone)
    return _paper(order, list(order.lines.order_by("position")), zone)


def _paper(order: Order, lines: list[OrderLine], zone: ZoneInfo) -> PaperTicket:
    allergens = restaurants.allergens_of(item_ids={line.item_id for line in lines})
    ticket = restaurants.tickets(order_ids=[order.pk]).get(order.pk)
    return PaperTicket(
        number=order.number,
        ticket_seq=ticket.seq if ticket else None,
        status=str(order.status),
        restaurant_name=order.restaurant_name,
        customer_first_name=order.customer_first_name,
        note=order.note,
        placed_at=_on_the_wall(order.placed_at, zone),
        ready_at=_on_the_wall(order.ready_at, zone),
        scheduled_for=_on_the_wall(order.scheduled_for, zone),
        lines=tuple(_line(line, allergens.get(line.item_id, ())) for line in lines),
    )


def _line(line: OrderLine, allergens: tuple[str, ...]) -> PaperLine:
    options = tuple(f"{option['group']}: {option['name']}" for option in line.options)
    return PaperLine(line.quantity, line.name, options, line.note, allergens)


def _on_the_wall(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    return at and at.astimezone(zone)
