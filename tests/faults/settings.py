"""Of the processes in fault tests: those of other tests, in a hurry, with one more subscriber."""

from config.settings.test import *

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults"]
EVENT_SUBSCRIPTIONS = "tests.faults.subscribers.SUBSCRIPTIONS"
