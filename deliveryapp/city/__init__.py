"""The demo cities: places, addresses and streets as frozen facts. `load_city` is the way in."""

from deliveryapp.city.loader import UnknownCity, load_city
from deliveryapp.city.model import Address, City, Hours, Place

__all__ = ["Address", "City", "Hours", "Place", "UnknownCity", "load_city"]
