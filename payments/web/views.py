from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from deliveryapp.web.middleware import content_policy
from payments.gateways.browsers import card_form


@require_safe
@login_required
def payment_methods(request: HttpRequest) -> HttpResponse:
    """List, add, remove, choose the default. The bank's page of a card being saved leads back here."""
    form = card_form()
    response = render(request, "payments/cards.html", {"card_form": form})
    response.headers["Content-Security-Policy"] = content_policy(also=form.sources)
    return response
