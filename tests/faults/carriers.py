"""A carrier that treats events as a bad network would: selected by EVENT_TRANSPORT in the relay's process."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping, Sequence

from django.utils.module_loading import import_string

from deliveryapp.ids import new_id
from deliveryapp.transport import _TRANSPORTS, Lags, Transport, Wire

PATH = "tests.faults.carriers.Unreliable"
CARRIER_VARIABLE, SEED_VARIABLE = "FAULTS_CARRIER", "FAULTS_SEED"
TWICE, LATE, NEVER, STRANGE = 0.2, 0.1, 0.02, 0.02
STRANGE_VERSION, GARBAGE = 99, "not what it seems"


class Unreliable:
    """Over a real one: some events twice, some after those behind them, some not at all, some that nobody
    can read. What is dropped or late when the process dies comes with the redelivery.
    """

    def __init__(self) -> None:
        self._real: Transport = import_string(_TRANSPORTS[os.environ[CARRIER_VARIABLE]])()
        self._random = random.Random(int(os.environ[SEED_VARIABLE]))
        self._late: list[Wire] = []

    def send(self, envelopes: Sequence[Wire]) -> Mapping[str, str]:
        going = [*envelopes, *self._late]
        self._late = [wire for wire in envelopes if self._chance(LATE)]
        late = {wire["id"] for wire in self._late}
        going = [wire for wire in going if wire["id"] not in late and not self._chance(NEVER)]
        going += [wire for wire in going if self._chance(TWICE)]
        going += [self._strange(wire) for wire in going if self._chance(STRANGE)]
        self._random.shuffle(going)
        return self._real.send(going)

    def identity(self) -> str:
        return self._real.identity()

    def lags(self) -> Lags:
        return self._real.lags()

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _strange(self, wire: Wire) -> Wire:
        """Another event, of a version from the future or with rubbish inside."""
        change = self._random.choice([{"dataversion": STRANGE_VERSION}, {"data": GARBAGE}])
        return {**wire, "id": str(new_id()), **change}
