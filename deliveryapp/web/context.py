from django.conf import settings
from django.http import HttpRequest


def page(request: HttpRequest) -> dict[str, object]:
    """What the base template needs on every page."""
    return {
        "live_url": settings.LIVE_URL,
        "city": settings.CITY,
        "simulation_speed": settings.SIMULATION_SPEED,
    }
