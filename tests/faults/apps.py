import os
from datetime import timedelta

from django.apps import AppConfig

DIGESTED_VARIABLE = "FAULTS_DIGESTED_S"


class FaultsConfig(AppConfig):
    """Leases and second looks of seconds instead of minutes: a sweep of a hundred deaths waits for each.

    They stay longer than what they guard takes. tests/journeys/test_killed.py waits for the real ones.
    """

    name = "tests.faults"

    def ready(self) -> None:
        from deliveryapp import letters, redelivery, relay, saga, watchdog
        from drivers.services import dispatch
        from orders.services import placing
        from payments.services import authorizing, operations

        saga.LEASE = operations.LEASE = authorizing.HELD_FOR = timedelta(seconds=4)
        placing.ANSWERED_WITHIN = timedelta(seconds=3)
        relay.LEASE = dispatch.CLAIM = timedelta(seconds=2)
        watchdog.LIMIT_S = 8.0
        letters.MAX_ATTEMPTS = 4
        letters.BEING_TRIED_FOR = timedelta(seconds=3)
        redelivery.DIGESTED_WITHIN = timedelta(seconds=float(os.environ.get(DIGESTED_VARIABLE, "3")))
        redelivery.CHECK_EVERY = timedelta(seconds=1)
