"""The one gate to a restaurant on behalf of somebody who works there, and what he then sees of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from restaurants.errors import RestaurantNotFound, RoleRequired
from restaurants.models import Restaurant, StaffInvitation, StaffMember, StaffRole
from restaurants.selectors.facts import Membership
from restaurants.selectors.places import OpenState, open_state, schedule_of, with_schedule

MAY_SEE_STAFF = (StaffRole.OWNER, StaffRole.MANAGER)


@dataclass(frozen=True, slots=True)
class Kitchen:
    """A restaurant as those who work there see it."""

    restaurant: Restaurant
    role: str
    state: OpenState


def require_staff(*, user_id: UUID, restaurant_id: UUID, roles: Collection[str] | None = None) -> str:
    """The asker's role there.

    Raises RestaurantNotFound for a stranger and RoleRequired for a role that is not among `roles`.
    """
    found = StaffMember.objects.filter(user=user_id, restaurant=restaurant_id, user__is_active=True)
    role = found.values_list("role", flat=True).first()
    if role is None:
        raise RestaurantNotFound
    if roles is not None and role not in roles:
        raise RoleRequired
    return role


def restaurants_of(*, user_id: UUID) -> tuple[Membership, ...]:
    """Where somebody works, by name; empty for most people."""
    rows = StaffMember.objects.filter(user=user_id, restaurant__is_active=True)
    ordered = rows.order_by("restaurant__name", "restaurant_id")
    columns = ordered.values_list("restaurant_id", "restaurant__slug", "restaurant__name", "role")
    return tuple(Membership(*row) for row in columns)


def membership(*, user_id: UUID, slug: str) -> Membership:
    """Where somebody works, by the restaurant's slug. Raises RestaurantNotFound for a stranger."""
    found = next((place for place in restaurants_of(user_id=user_id) if place.slug == slug), None)
    if found is None:
        raise RestaurantNotFound
    return found


def kitchens(*, user_id: UUID, now: datetime) -> list[Kitchen]:
    """The restaurants where somebody works, with whether they take orders; by name."""
    roles = {place.restaurant_id: place.role for place in restaurants_of(user_id=user_id)}
    rows = with_schedule(now).filter(pk__in=roles).order_by("name", "id")
    return [Kitchen(row, roles[row.pk], open_state(row, schedule_of(row), now)) for row in rows]


def kitchen(*, user_id: UUID, restaurant_id: UUID, now: datetime) -> Kitchen:
    """One of `kitchens`. Raises RestaurantNotFound for a stranger, and when it left the platform."""
    role = require_staff(user_id=user_id, restaurant_id=restaurant_id)
    row = with_schedule(now).filter(pk=restaurant_id).first()
    if row is None:
        raise RestaurantNotFound
    return Kitchen(row, role, open_state(row, schedule_of(row), now))


def staff_ids(*, restaurant_id: UUID) -> tuple[UUID, ...]:
    """The users who work there."""
    rows = StaffMember.objects.filter(restaurant=restaurant_id, user__is_active=True).order_by("pk")
    return tuple(rows.values_list("user_id", flat=True))


@dataclass(frozen=True, slots=True)
class People:
    members: list[StaffMember]
    invitations: list[StaffInvitation]


def people_of(*, user_id: UUID, restaurant_id: UUID, now: datetime) -> People:
    """Who works there and who is invited, for owners and managers; three statements.

    Raises RestaurantNotFound and RoleRequired.
    """
    require_staff(user_id=user_id, restaurant_id=restaurant_id, roles=MAY_SEE_STAFF)
    members = StaffMember.objects.filter(restaurant=restaurant_id).select_related("user")
    invitations = StaffInvitation.objects.filter(
        restaurant=restaurant_id, accepted_at__isnull=True, valid_until__gt=now
    )
    return People(list(members.order_by("role", "pk")), list(invitations))
