"""One of several processes that want to try the same circuit at the same moment.

Reads lines `<guard> <circuit> <moment>` (by the monotonic clock, which all processes of a machine share) and
answers each with `through` or `refused`. Without the guard it does what a breaker must not: it looks whether
a trial is due, waits for the moment, and then takes it.
"""

from __future__ import annotations

import sys
import time

import django


def main() -> None:
    django.setup()
    from deliveryapp.circuit import Circuit, Permit, Rules

    rules = Rules(window_s=60, min_calls=1, failure_share=0.5, open_s=0.001, longest_open_s=0.001, trial_s=60)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        guard, name, moment = line.split()
        circuit = Circuit(name, rules)
        looked = circuit.status()
        while time.monotonic() < float(moment):
            pass
        if guard == "guarded":
            granted = isinstance(circuit.admit(), Permit)
        else:
            granted = looked.state == "half_open" and not looked.retry_after_s
        sys.stdout.write("through\n" if granted else "refused\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
