"""Doors: an order on paper, for the printer at the pass."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from deliveryapp.errors import NotFound
from deliveryapp.models import User
from orders import selectors


@require_safe
@login_required
@never_cache
def ticket(request: HttpRequest, slug: str, order_id: UUID) -> HttpResponse:
    """For staff of this restaurant; to everybody else there is no such page."""
    assert isinstance(request.user, User)  # login_required
    try:
        found = selectors.paper_ticket(user=request.user, slug=slug, order_id=order_id)
    except NotFound:
        raise Http404 from None
    return render(request, "orders/ticket.html", {"ticket": found})
