"""Who may use a street: the bits that the cut script writes and the street graph reads."""

from __future__ import annotations

from enum import IntFlag


class Access(IntFlag):
    """WALK on foot (one-way streets do not count), RIDE by bicycle or scooter, DRIVE by car."""

    WALK = 1
    RIDE = 2
    DRIVE = 4
