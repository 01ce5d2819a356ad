"""Settings of the processes under test: the toy table in the place of `config/subscriptions.py`."""

from config.settings.test import *

INSTALLED_APPS = [*INSTALLED_APPS, "tests.kafka"]
EVENT_SUBSCRIPTIONS = "tests.kafka.handlers.SUBSCRIPTIONS"
