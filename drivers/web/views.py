from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from deliveryapp.models import User
from drivers import selectors


@require_GET
@login_required
def console(request: HttpRequest) -> HttpResponse:
    """Shift, offers and the delivery on hand; for drivers only."""
    assert isinstance(request.user, User)
    driver = selectors.find_driver(user_id=request.user.pk)
    if driver is None:
        raise PermissionDenied
    return render(request, "drivers/console.html", {"driver": driver})
