"""Doors: the sockets of customers and restaurants. Gate, subscribe, forward."""

from typing import Any
from uuid import UUID

from django.urls import path

from deliveryapp.clock import utc_now
from deliveryapp.models import User
from deliveryapp.realtime.consumer import GatedConsumer
from deliveryapp.realtime.frames import Frame
from orders import facade as orders
from restaurants import facade as restaurants
from tracking.selectors import watched_order
from tracking.services.fanout import order_group, restaurant_group


class OrderConsumer(GatedConsumer):
    """`/ws/orders/{id}/` for the order's customer, its restaurant's staff, its driver and support."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._shown_driver = ""

    @property
    def order_id(self) -> UUID:
        order_id: UUID = self.scope["url_route"]["kwargs"]["order_id"]
        return order_id

    def gate(self, user: User) -> None:
        orders.get_order_view_for(user_id=user.pk, order_id=self.order_id)

    def topics(self) -> list[str]:
        return [order_group(self.order_id)]

    def snapshot(self) -> Frame:
        watched = watched_order(order_id=self.order_id, now=utc_now())
        self._shown_driver = str(watched.driver_id or "")
        return watched.as_json()

    async def realtime_frame(self, message: dict[str, Any]) -> None:
        """A position passes only while it is that of this order's driver: a late one from a driver who has
        been
        released, or who has delivered and rides on, stops here."""
        about = message["about"]
        if "shown_driver" in about:
            self._shown_driver = about["shown_driver"]
        if message["kind"] != "position" or about["driver_id"] == self._shown_driver:
            await super().realtime_frame(message)


class RestaurantConsumer(GatedConsumer):
    """`/ws/restaurants/{id}/`: the board of a restaurant, for its staff and support."""

    @property
    def restaurant_id(self) -> UUID:
        restaurant_id: UUID = self.scope["url_route"]["kwargs"]["restaurant_id"]
        return restaurant_id

    def gate(self, user: User) -> None:
        if not user.is_support:
            restaurants.require_staff(user_id=user.pk, restaurant_id=self.restaurant_id)

    def topics(self) -> list[str]:
        return [restaurant_group(self.restaurant_id)]

    def snapshot(self) -> Frame:
        return {"type": "snapshot", "orders": orders.board(restaurant_id=self.restaurant_id)}


websocket_urlpatterns = [
    path("ws/orders/<uuid:order_id>/", OrderConsumer.as_asgi()),
    path("ws/restaurants/<uuid:restaurant_id>/", RestaurantConsumer.as_asgi()),
]
