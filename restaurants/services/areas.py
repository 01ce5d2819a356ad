"""How far a restaurant delivers, when a circle does not say it."""

from collections.abc import Sequence
from itertools import combinations
from uuid import UUID

from deliveryapp.geo import Point, haversine_m
from restaurants.errors import AreaInvalid, RestaurantNotFound
from restaurants.models import Restaurant, StaffRole
from restaurants.models.restaurant import MAX_DELIVERY_RADIUS_M
from restaurants.selectors.staff import require_staff

DRAWN_BY = (StaffRole.OWNER, StaffRole.MANAGER)


def draw_area(*, user_id: UUID, restaurant_id: UUID, ring: Sequence[Point]) -> list[list[float]]:
    """Deliver to what lies inside the ring, from the next look on. Returns the closed ring as [lng, lat].

    Raises RestaurantNotFound for a stranger, RoleRequired for the kitchen, and AreaInvalid.
    """
    require_staff(user_id=user_id, restaurant_id=restaurant_id, roles=DRAWN_BY)
    corners = list(ring[:-1]) if ring[0] == ring[-1] else list(ring)
    _check(corners, _home(restaurant_id))
    drawn = [[corner.lng, corner.lat] for corner in [*corners, corners[0]]]
    Restaurant.objects.filter(pk=restaurant_id).update(delivery_area=drawn)
    return drawn


def clear_area(*, user_id: UUID, restaurant_id: UUID) -> None:
    """The radius decides again. Raises as `draw_area` does."""
    require_staff(user_id=user_id, restaurant_id=restaurant_id, roles=DRAWN_BY)
    Restaurant.objects.filter(pk=restaurant_id).update(delivery_area=None)


def _home(restaurant_id: UUID) -> Point:
    found = Restaurant.objects.filter(pk=restaurant_id).values_list("lat", "lng").first()
    if found is None:
        raise RestaurantNotFound
    return Point(*found)


def _check(corners: Sequence[Point], home: Point) -> None:
    if len(set(corners)) < 3:
        raise AreaInvalid("An area has at least three different corners.")
    if any(haversine_m(home, corner) > MAX_DELIVERY_RADIUS_M for corner in corners):
        raise AreaInvalid(f"No corner may be further than {MAX_DELIVERY_RADIUS_M // 1_000} km away.")
    if any(abs(a.lng - b.lng) > 180 for a, b in combinations(corners, 2)):
        raise AreaInvalid("An area does not cross the antimeridian; use a radius there.")
    sides = list(zip(corners, [*corners[1:], corners[0]], strict=True))
    if any(_cross(*one, *other) for one, other in combinations(sides, 2)):
        raise AreaInvalid("The sides of an area do not cross each other.")


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether a-b and c-d meet inside both; neighbours that share a corner do not."""
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b.lng - a.lng) * (c.lat - a.lat) - (b.lat - a.lat) * (c.lng - a.lng)
