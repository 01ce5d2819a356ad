"""How far consumers are behind, as the broker says: asked by the relay, which talks to it anyhow, and kept in
the database, so that whoever looks at the gauges needs neither the broker nor its client.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from deliveryapp.models import Broker
from deliveryapp.transport import Transport, transport

ASK_EVERY = timedelta(seconds=10)
STALE_AFTER = timedelta(minutes=1)


def note(*, carrier: Transport | None = None) -> bool:
    """Called each second; asks when the last answer is ASK_EVERY old. True when it did. Raises
    TransportDown.
    """
    due = Q(lags_at=None) | Q(lags_at__lt=Now() - ASK_EVERY)
    mine = Broker.objects.filter(due, name=settings.EVENT_TRANSPORT)
    if not mine.exists():
        return False
    lags = (carrier or transport()).lags()
    told = sorted([group, topic, behind] for (group, topic), behind in lags.items())
    Broker.objects.filter(name=settings.EVENT_TRANSPORT).update(lags=told, lags_at=Now())
    return True
