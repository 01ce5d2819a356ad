"""Error views: API paths get a problem, people get a page."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from deliveryapp.api.problems import CONTENT_TYPE, problem


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 400, "invalid_input", "404.html")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 403, "forbidden", "403.html")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 404, "not_found", "404.html")


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(request, 500, "internal_error", "500.html")


def _answer(request: HttpRequest, status: int, code: str, template: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse(problem(status=status, code=code), status=status, content_type=CONTENT_TYPE)
    return render(request, template, status=status)
