"""What a pair of driver and delivery costs, in seconds.

The food leaves the kitchen when both are there: max(travel, time until ready). The ride itself counts half
on top, because a driver on the way is missing elsewhere; so of two who would be in time the nearer one
goes. A star of rating is worth 10 s, a minute of idling 1.2 s up to 24 s: enough to break ties fairly, too
little to send somebody from far away.
"""

import numpy as np
from numpy.typing import NDArray

Seconds = NDArray[np.float64]

RIDE_WEIGHT = 0.5
SECONDS_PER_STAR = 10.0
BEST_RATING = 5.0
IDLE_WEIGHT = 0.02
IDLE_CAP_S = 1_200.0
URGENCY_WEIGHT = 0.5
URGENCY_CAP_S = 3_600.0


def pair_costs_s(travel_s: Seconds, *, until_ready_s: Seconds, rating: Seconds, idle_s: Seconds) -> Seconds:
    """Shape (drivers, deliveries), like `travel_s`; strictly rising with travel."""
    leaves_kitchen_s = np.maximum(travel_s, np.maximum(until_ready_s, 0.0)[np.newaxis, :])
    of_driver_s = SECONDS_PER_STAR * (BEST_RATING - rating) - IDLE_WEIGHT * np.clip(idle_s, 0.0, IDLE_CAP_S)
    return leaves_kitchen_s + RIDE_WEIGHT * travel_s + of_driver_s[:, np.newaxis]


def urgency_s(waited_s: Seconds) -> Seconds:
    """What a delivery gains over younger ones when there are too few drivers; the same for every driver."""
    return URGENCY_WEIGHT * np.clip(waited_s, 0.0, URGENCY_CAP_S)
