"""Handlers that never end: their process ends with a traceback instead, and what they had comes again as
suspect (see `inbox`). A thread of C does it: no loop without a break and no caught exception hinders it.
"""

import contextlib
import faulthandler
from collections.abc import Iterator

STDERR = 2  # by its number: a worker's sys.stderr is its logger, which has no file
LIMIT_S = 20.0  # below the time limits of a task, after which its broker would think the message handled


@contextlib.contextmanager
def cut_off() -> Iterator[None]:
    """Ends this process if the block takes longer than LIMIT_S."""
    faulthandler.dump_traceback_later(LIMIT_S, exit=True, file=STDERR)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
