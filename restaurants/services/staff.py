"""Who works at a restaurant: owners invite, change roles and say goodbye; there is always an owner.

Changes take the restaurant's row lock first, so that two owners cannot remove each other at once.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from deliveryapp.models import User
from deliveryapp.transactions import durable
from restaurants.errors import InvitationNotFound, LastOwner, StaffMemberNotFound
from restaurants.models import Restaurant, StaffInvitation, StaffMember, StaffRole
from restaurants.selectors.facts import Membership
from restaurants.selectors.staff import require_staff

MAY_MANAGE_STAFF = (StaffRole.OWNER,)
VALID_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Invited:
    """`token` is told once and never again."""

    invitation: StaffInvitation
    token: str


def invite(*, user_id: UUID, restaurant_id: UUID, email: str, role: str, now: datetime) -> Invited:
    """Whoever has this address may join with the token; an earlier invitation to it is void.

    Raises RestaurantNotFound and RoleRequired.
    """
    require_staff(user_id=user_id, restaurant_id=restaurant_id, roles=MAY_MANAGE_STAFF)
    token = secrets.token_urlsafe(32)
    with durable():
        _lock(restaurant_id)
        address = email.strip().lower()
        StaffInvitation.objects.filter(
            restaurant=restaurant_id, email=address, accepted_at__isnull=True
        ).delete()
        invitation = StaffInvitation.objects.create(
            restaurant_id=restaurant_id,
            email=address,
            role=role,
            token_hash=_hash(token),
            invited_by_id=user_id,
            invited_at=now,
            valid_until=now + VALID_FOR,
        )
    return Invited(invitation, token)


def withdraw_invitation(*, user_id: UUID, restaurant_id: UUID, invitation_id: UUID) -> None:
    """Raises RestaurantNotFound, RoleRequired, and InvitationNotFound when it was accepted."""
    require_staff(user_id=user_id, restaurant_id=restaurant_id, roles=MAY_MANAGE_STAFF)
    with durable():
        _lock(restaurant_id)
        open_ones = StaffInvitation.objects.filter(restaurant=restaurant_id, accepted_at__isnull=True)
        deleted, _ = open_ones.filter(pk=invitation_id).delete()
        if not deleted:
            raise InvitationNotFound


def join(*, user: User, token: str, now: datetime) -> Membership:
    """Become staff by an invitation to one's own address, once. Raises InvitationNotFound."""
    found = StaffInvitation.objects.filter(token_hash=_hash(token)).values_list("restaurant_id", flat=True)
    restaurant_id = found.first()
    if restaurant_id is None:
        raise InvitationNotFound
    with durable():
        place = _lock(restaurant_id)
        open_ones = StaffInvitation.objects.filter(accepted_at__isnull=True, valid_until__gt=now)
        invitation = open_ones.filter(token_hash=_hash(token), email=user.email.lower()).first()
        if invitation is None:
            raise InvitationNotFound
        invitation.accepted_at = now
        invitation.save(update_fields=["accepted_at"])
        # Who works there already keeps the role that he has: an old link makes nobody less.
        member, _ = StaffMember.objects.get_or_create(
            restaurant=place, user=user, defaults={"role": invitation.role}
        )
    return Membership(place.pk, place.slug, place.name, member.role)


def change_role(*, user_id: UUID, restaurant_id: UUID, member_id: UUID, role: str) -> StaffMember:
    """`member_id` is the user. Raises RestaurantNotFound, RoleRequired, StaffMemberNotFound, LastOwner."""
    require_staff(user_id=user_id, restaurant_id=restaurant_id, roles=MAY_MANAGE_STAFF)
    with durable():
        member = _member(restaurant_id, member_id)
        if role != StaffRole.OWNER:
            _require_another_owner(member)
        member.role = role
        member.save(update_fields=["role"])
    return member


def dismiss(*, user_id: UUID, restaurant_id: UUID, member_id: UUID) -> None:
    """As `change_role`."""
    require_staff(user_id=user_id, restaurant_id=restaurant_id, roles=MAY_MANAGE_STAFF)
    with durable():
        member = _member(restaurant_id, member_id)
        _require_another_owner(member)
        member.delete()


def _lock(restaurant_id: UUID) -> Restaurant:
    rows = Restaurant.objects.select_for_update(no_key=True).only("id", "slug", "name")
    return rows.get(pk=restaurant_id)


def _member(restaurant_id: UUID, member_id: UUID) -> StaffMember:
    place = _lock(restaurant_id)
    member = StaffMember.objects.filter(restaurant=place, user=member_id).select_related("user").first()
    if member is None:
        raise StaffMemberNotFound
    return member


def _require_another_owner(member: StaffMember) -> None:
    owners = StaffMember.objects.filter(
        restaurant=member.restaurant_id, role=StaffRole.OWNER, user__is_active=True
    )
    if member.role == StaffRole.OWNER and not owners.exclude(pk=member.pk).exists():
        raise LastOwner


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
