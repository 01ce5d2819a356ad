"""Support's view of the kernel: all to look at, nothing to edit; events can be tried again or given up."""

from deliveryapp.admin import events, letters, people, sagas
from deliveryapp.admin.base import ReadOnlyAdmin

__all__ = ["ReadOnlyAdmin", "events", "letters", "people", "sagas"]
