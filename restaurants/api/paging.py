"""Pages of a list that is ranked in memory, with the same links and parameters as every other list."""

import base64

import orjson
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from deliveryapp.api.pagination import CursorPages
from restaurants.selectors.browsing import Position, SortKey


def page_limit(request: Request) -> int:
    """How many rows the caller wants, within what any list gives."""
    return CursorPages().get_page_size(request) or CursorPages.page_size


def position_of(request: Request) -> Position | None:
    """Where the cursor points; None without one. Raises ValidationError for one that no page gave out."""
    cursor = request.query_params.get("cursor")
    if not cursor:
        return None
    try:
        backwards, first, second, third, row_id = orjson.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, TypeError):
        raise _unknown_cursor() from None
    if any(type(number) is not int for number in (first, second, third)) or not isinstance(row_id, str):
        raise _unknown_cursor()
    return Position(SortKey(first, second, third, row_id), is_backwards=bool(backwards))


def link(request: Request, position: Position | None) -> str | None:
    """The address of the page at `position`."""
    if position is None:
        return None
    cursor = base64.urlsafe_b64encode(orjson.dumps([position.is_backwards, *position.key])).decode()
    return str(replace_query_param(request.build_absolute_uri(), "cursor", cursor))


def _unknown_cursor() -> serializers.ValidationError:
    return serializers.ValidationError({"cursor": "Take the cursor from another page."})
