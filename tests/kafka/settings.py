"""Settings of the processes under test: the toy table in the place of `config/subscriptions.py`."""

from config.settings.test import *  # noqa: F403 - the settings of all tests

EVENT_SUBSCRIPTIONS = "tests.kafka.handlers.SUBSCRIPTIONS"
