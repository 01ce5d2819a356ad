"""The append-only file behind the store: one JSON line per committed change.

Each line is written with one ``write`` straight to the kernel, so a killed process loses nothing that it
answered. A torn last line (killed in the middle of the write) was never answered and is cut off at start.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import orjson

from .errors import Obj

_FILE = "journal.jsonl"


class JournalInUseError(RuntimeError):
    """Another sandbox process works on this state directory."""


class Journal:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / _FILE
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise JournalInUseError(str(folder)) from error

    def replay(self) -> Iterator[Obj]:
        good = 0
        with self._path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                good += len(line)
                yield orjson.loads(line)
        os.ftruncate(self._descriptor, good)

    def append(self, record: Obj) -> None:
        left = memoryview(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
        while left:
            left = left[os.write(self._descriptor, left) :]

    def erase(self) -> None:
        os.ftruncate(self._descriptor, 0)

    def close(self) -> None:
        os.close(self._descriptor)
