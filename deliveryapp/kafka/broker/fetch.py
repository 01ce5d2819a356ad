"""Get the broker's jars from Maven Central once, each checked against jars.txt; only the standard library.

Kept in ``$XDG_CACHE_HOME/deliveryapp`` (``~/.cache`` by default). MAVEN_CENTRAL names a mirror; proxies are
taken from the environment.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deliveryapp.embedded.errors import InterruptedByUserError, ServiceError
from deliveryapp.embedded.rundir import exclusive

JARS_FILE = Path(__file__).resolve().with_name("jars.txt")
CENTRAL = "https://repo1.maven.org/maven2"
AT_ONCE = 6
TRIES = 3
READ_TIMEOUT_S = 30
CHUNK_BYTES = 256 * 1024
TELL_EVERY_S = 1.0
MEGABYTE = 1_000_000


class DownloadError(ServiceError):
    """Maven Central did not give us what jars.txt names."""


@dataclass(frozen=True, kw_only=True)
class Jar:
    """One file of the broker, exactly this one."""

    sha256: str
    size_bytes: int
    group: str
    artifact: str
    version: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    def url(self, base: str) -> str:
        return f"{base}/{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.file_name}"


def locked_jars(file: Path = JARS_FILE) -> list[Jar]:
    lines = [line.split() for line in file.read_text().splitlines() if not line.startswith("#")]
    return [_jar(sha256, int(size), *name.split(":")) for sha256, size, name in lines]


def _jar(sha256: str, size_bytes: int, group: str, artifact: str, version: str) -> Jar:
    return Jar(sha256=sha256, size_bytes=size_bytes, group=group, artifact=artifact, version=version)


def kafka_version() -> str:
    return next(jar.version for jar in locked_jars() if jar.artifact.startswith("kafka_"))


def cache_dir() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "deliveryapp" / f"kafka-{kafka_version()}"


def ensure_jars(
    directory: Path | None = None,
    *,
    say: Callable[[str], None],
    cancelled: threading.Event | None = None,
    jars: Sequence[Jar] | None = None,
    base: str | None = None,
) -> list[Path]:
    """The paths of all jars, after fetching those that are missing; one process fetches, others wait.

    Raises DownloadError, or InterruptedByUserError once ``cancelled`` is set.
    """
    directory, jars = directory or cache_dir(), locked_jars() if jars is None else jars
    base = (base or os.environ.get("MAVEN_CENTRAL") or CENTRAL).rstrip("/")
    paths = {jar: directory / jar.file_name for jar in jars}
    if not all(path.exists() for path in paths.values()):
        with exclusive(directory / "lock"):
            missing = [jar for jar, path in paths.items() if not path.exists()]
            progress = _Progress(sum(jar.size_bytes for jar in missing), say, cancelled)
            _fetch_all(missing, directory, base, progress)
            progress.finish(len(missing))
    return list(paths.values())


def _fetch_all(jars: list[Jar], directory: Path, base: str, progress: _Progress) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        work = partial(_fetch, directory=directory, base=base, progress=progress)
        for _ in pool.map(work, sorted(jars, key=lambda jar: -jar.size_bytes)):
            pass


class _Progress:
    """Tells once a second how far we are. Several threads may add: a lost line of it does no harm."""

    def __init__(
        self, total_bytes: int, say: Callable[[str], None], cancelled: threading.Event | None
    ) -> None:
        self._total, self._say, self._cancelled = total_bytes, say, cancelled
        self._done, self._told_s = 0, time.monotonic()

    def finish(self, jars: int) -> None:
        size = f"{self._total / MEGABYTE:.0f} MB"
        self._say(f"Apache Kafka {kafka_version()}: {jars} jars, {size}, checksums right")

    def add(self, size_bytes: int) -> None:
        if self._cancelled is not None and self._cancelled.is_set():
            raise InterruptedByUserError("Apache Kafka")
        self._done += size_bytes
        if time.monotonic() - self._told_s > TELL_EVERY_S:
            self._told_s = time.monotonic()
            done, total = self._done / MEGABYTE, self._total / MEGABYTE
            self._say(f"Apache Kafka from Maven Central: {done:.0f} of {total:.0f} MB")


def _fetch(jar: Jar, *, directory: Path, base: str, progress: _Progress) -> None:
    for number in range(1, TRIES + 1):
        try:
            _download(jar, directory, base, progress)
            return
        except (OSError, urllib.error.URLError) as error:
            if number == TRIES:
                raise DownloadError(
                    f"{jar.url(base)} could not be fetched: {error}. "
                    "Is Maven Central reachable? MAVEN_CENTRAL can name a mirror."
                ) from error


def _download(jar: Jar, directory: Path, base: str, progress: _Progress) -> None:
    part = directory / f"{jar.file_name}.part"
    digest = hashlib.sha256()
    with urllib.request.urlopen(jar.url(base), timeout=READ_TIMEOUT_S) as answer, part.open("wb") as file:  # noqa: S310 - https, or the mirror that was named
        while chunk := answer.read(CHUNK_BYTES):
            file.write(chunk)
            digest.update(chunk)
            progress.add(len(chunk))
    if digest.hexdigest() != jar.sha256:
        part.unlink()
        raise DownloadError(f"{jar.url(base)} is not the file that jars.txt names: its sha-256 is another")
    part.replace(directory / jar.file_name)
