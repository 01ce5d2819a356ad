"""The state directory: one user at a time, short socket paths, secrets that survive a restart."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from deliveryapp.embedded.errors import RunDirInUseError, ServiceError

# The kernel keeps 108 bytes for the path of a unix socket, the closing NUL included.
LONGEST_SOCKET_PATH = 107
LONGEST_SOCKET_NAME = len("/.s.PGSQL.5432.lock")
SHORT_DIRECTORY = Path("/tmp")  # noqa: S108 - the owner of what we use there is checked
PLAIN_PATH = re.compile(r"[\w./+-]+", re.ASCII)


@contextlib.contextmanager
def locked(run_dir: Path) -> Iterator[None]:
    """Hold the directory for this process; the lock falls with the process, kill -9 included.

    Raises RunDirInUseError if another process holds it, ServiceError if we may not write there.
    """
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        stream = (run_dir / "lock").open("a+")
    except OSError as error:
        raise ServiceError(
            f"{run_dir} is not ours to write ({error.strerror}): was it made by another user? "
            "Remove it, or choose another --run-dir."
        ) from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            raise RunDirInUseError(run_dir=run_dir, pid=stream.read().strip()) from None
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        yield


@contextlib.contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """One process at a time; the others wait."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def short_name(path: Path) -> str:
    """The same few characters for the same path."""
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]


def socket_dir(home: Path, *, server: str, owner: tuple[int, int]) -> Path:
    """A directory for the socket of one server that only ``owner`` may enter.

    Inside ``home`` where the path is short and plain enough for a socket and for every URL parser; otherwise
    a directory in /tmp, always the same one for the same home.
    """
    path = home.resolve() / f"{server}-socket"
    too_long = len(os.fsencode(path)) + LONGEST_SOCKET_NAME > LONGEST_SOCKET_PATH
    if too_long or not PLAIN_PATH.fullmatch(str(path)):
        path = _outside(home, server)
        # Everybody may write there, so somebody may have been faster with a directory of his own.
        if path.is_symlink() or (path.exists() and path.stat().st_uid not in {os.geteuid(), owner[0]}):
            raise ServiceError(f"{path} belongs to somebody else; remove it")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    give(path, owner)
    return path


def forget_sockets(home: Path) -> None:
    """Remove what socket_dir() made outside of ``home``."""
    for left in SHORT_DIRECTORY.glob(_outside(home, "*").name):
        shutil.rmtree(left, ignore_errors=True)


def _outside(home: Path, server: str) -> Path:
    return SHORT_DIRECTORY / f"deliveryapp-{os.getuid()}-{short_name(home)}-{server}"


def give(path: Path, owner: tuple[int, int]) -> None:
    """Make one path belong to ``owner``; nothing to do, and no right needed, where it already does."""
    status = path.lstat()
    if (status.st_uid, status.st_gid) != owner:
        os.chown(path, *owner, follow_symlinks=False)


def give_tree(root: Path, owner: tuple[int, int]) -> None:
    """The same for a directory and all below it; looks only at the top where that is right already."""
    if root.stat().st_uid == owner[0]:
        return
    # From the leaves up, so that a walk that was cut short is done again.
    for directory, _, files in os.walk(root, topdown=False):
        for name in (*files, ""):
            give(Path(directory, name), owner)


def others_may_enter(path: Path) -> bool:
    """Whether a user without rights of his own can reach ``path`` (it exists)."""
    return all(parent.stat().st_mode & 0o001 for parent in (path.resolve(), *path.resolve().parents))


def kept_secrets(file: Path, *, names: Sequence[str]) -> dict[str, str]:
    """Random values by name, the same ones at every start; readable by us alone."""
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    values = {name: known.get(name) or secrets.token_urlsafe(48) for name in names}
    if values != known:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            json.dump(values, stream)
        fresh.replace(file)
    return values
