"""Everything the embedded services may refuse; the text tells a person what to do about it."""

from __future__ import annotations

from pathlib import Path


class ServiceError(RuntimeError):
    """A process or a directory of the embedded stack is not as it must be."""


class RunDirInUseError(ServiceError):
    """Another process already runs on the same state."""

    def __init__(self, *, run_dir: Path, pid: str) -> None:
        super().__init__(
            f"{run_dir} is in use by process {pid or 'unknown'}: "
            "stop that one first, or choose another --run-dir."
        )


class ChildFailedError(ServiceError):
    """A child ended, or did not become ready, before anything could use it."""

    def __init__(self, *, name: str, what: str, log_tail: str) -> None:
        self.name = name
        super().__init__(f"{name} {what}.\n{log_tail}".rstrip())


class InterruptedByUserError(Exception):
    """Somebody asked us to stop while we were still starting or working."""
