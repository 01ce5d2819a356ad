"""Doors: pages that carry hardly any data; their scripts speak to the API."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from deliveryapp.models import User
from restaurants.errors import RestaurantNotFound
from restaurants.selectors.menu import picture_svg, restaurant_by_slug
from restaurants.selectors.staff import MAY_SEE_STAFF, membership, restaurants_of
from restaurants.services.hours import MAY_CHANGE_HOURS


@require_safe
def discover(request: HttpRequest) -> HttpResponse:
    return render(request, "restaurants/discover.html")


@require_safe
def restaurant(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        return render(request, "restaurants/restaurant.html", {"restaurant": restaurant_by_slug(slug=slug)})
    except RestaurantNotFound:
        raise Http404 from None


@require_safe
@cache_control(public=True, max_age=3600)
@conditional_page
def picture(request: HttpRequest, slug: str) -> HttpResponse:
    """The picture alone; opened as a page it may run nothing."""
    try:
        response = HttpResponse(picture_svg(slug=slug), content_type="image/svg+xml")
    except RestaurantNotFound:
        raise Http404 from None
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


@require_safe
@login_required
def kitchens(request: HttpRequest) -> HttpResponse:
    """Where somebody works; says so honestly when that is nowhere."""
    places = restaurants_of(user_id=_user(request).pk)
    return render(request, "restaurants/kitchen.html", {"restaurants": places})


@require_safe
@login_required
def board(request: HttpRequest, slug: str) -> HttpResponse:
    """One kitchen's board; for strangers it does not exist."""
    try:
        place = membership(user_id=_user(request).pk, slug=slug)
    except RestaurantNotFound:
        raise Http404 from None
    return render(request, "restaurants/kitchen_board.html", {"restaurant": place, "role": place.role})


@require_safe
@login_required
def menu(request: HttpRequest, slug: str) -> HttpResponse:
    """The menu as those who work there see it; what they may change, the API decides."""
    try:
        place = membership(user_id=_user(request).pk, slug=slug)
    except RestaurantNotFound:
        raise Http404 from None
    return render(request, "restaurants/kitchen_menu.html", {"restaurant": place, "role": place.role})


@require_safe
@login_required
def hours(request: HttpRequest, slug: str) -> HttpResponse:
    """The editor of one restaurant's hours; it does not exist for who may not change them."""
    try:
        place = membership(user_id=_user(request).pk, slug=slug)
    except RestaurantNotFound:
        raise Http404 from None
    if place.role not in MAY_CHANGE_HOURS:
        raise Http404
    return render(request, "restaurants/kitchen_hours.html", {"restaurant": place})


@require_safe
@login_required
def staff(request: HttpRequest, slug: str) -> HttpResponse:
    """Who works at one restaurant; it does not exist for who may not see them."""
    try:
        place = membership(user_id=_user(request).pk, slug=slug)
    except RestaurantNotFound:
        raise Http404 from None
    if place.role not in MAY_SEE_STAFF:
        raise Http404
    return render(request, "restaurants/kitchen_staff.html", {"restaurant": place, "role": place.role})


@require_safe
@login_required
def join(request: HttpRequest) -> HttpResponse:
    """The way in by an invitation; the API says whether it is for whoever has signed in."""
    return render(request, "restaurants/kitchen_join.html")


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # login_required
    return request.user
