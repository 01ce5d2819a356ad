"""Of the processes that `manage.py bench events` starts: one handler, with an effect of its own."""

from config.settings.dev import *

EVENT_SUBSCRIPTIONS = "config.benchmarks.counting.SUBSCRIPTIONS"
