"""Makes the virtual environment and fills it, showing how long it takes; run by make with any Python.

    python3 deliveryapp/embedded/bootstrap.py requirements.txt [--browser]

Does nothing, in a few milliseconds, when what is asked for is already there. Only the standard library.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
LOG = ROOT / ".run" / "logs" / "install.log"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
TELL_EVERY_S = 10


class BootstrapError(Exception):
    """What a person has to do before we can go on."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("requirements")
    parser.add_argument("--browser", action="store_true", help="also get Chromium, for the browser tests")
    options = parser.parse_args()
    try:
        install(ROOT / options.requirements)
        if options.browser:
            ensure_browser()
    except BootstrapError as error:
        sys.exit(f"\n{error}")
    except KeyboardInterrupt:
        sys.exit(130)


def install(requirements: Path) -> None:
    """Install a requirements file unless exactly this one is installed already."""
    stamps = {stamp_of(file): fingerprint(file) for file in with_included(requirements)}
    stamp, wanted = next(iter(stamps.items()))
    if VENV_PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    LOG.parent.mkdir(parents=True, exist_ok=True)
    LOG.write_text("")
    if not VENV_PYTHON.exists():
        make_environment()
    pip = [str(VENV_PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    # Compiling all that is installed takes longer than installing it; Python compiles what is really used.
    options = ["--no-compile", "--prefer-binary", "--progress-bar", "off"]
    run(f"installing {requirements.name}", [*pip, "install", *options, "-r", str(requirements)])
    for stamp, wanted in stamps.items():
        stamp.write_text(wanted)


def stamp_of(requirements: Path) -> Path:
    """Says which content of that file is installed."""
    return VENV / f".installed-{requirements.name}"


def make_environment() -> None:
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        raise BootstrapError(
            f"{sys.executable} comes without venv and pip. On Debian or Ubuntu: apt install python3-venv"
        ) from None
    run("making .venv", [sys.executable, "-m", "venv", "--clear", str(VENV)])


def with_included(requirements: Path) -> list[Path]:
    """The file itself, then those that it includes."""
    lines = requirements.read_text().splitlines()
    included = [line.removeprefix("-r ").strip() for line in lines if line.startswith("-r ")]
    return [requirements, *(requirements.parent / name for name in included)]


def fingerprint(requirements: Path) -> str:
    """Of the file, those it includes, and the Python it was installed for."""
    content = b"".join(file.read_bytes() for file in with_included(requirements))
    return hashlib.sha256(content + sys.version.encode()).hexdigest()


def run(title: str, argv: list[str]) -> None:
    """Run it with its output in the log and the seconds on the screen; shows the log's end if it fails."""
    started = time.monotonic()
    with LOG.open("ab") as output:
        process = subprocess.Popen(
            argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            watch(title, process, started=started)
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise
    say(title, time.monotonic() - started)
    if process.returncode != 0:
        end = "\n".join(LOG.read_text(errors="replace").splitlines()[-25:])
        raise BootstrapError(f"{end}\n{title} failed; the whole log is in {LOG}")


def watch(title: str, process: subprocess.Popen[bytes], *, started: float) -> None:
    """Tell the time each second on a terminal, else every TELL_EVERY_S."""
    every = 1 if sys.stdout.isatty() else TELL_EVERY_S
    while True:
        try:
            process.wait(timeout=every)
            return
        except subprocess.TimeoutExpired:
            end = "" if sys.stdout.isatty() else "\n"
            say(title, time.monotonic() - started, step=last_step(), end=end)


def last_step() -> str:
    """The last thing pip said, without its lists."""
    lines = LOG.read_text(errors="replace").splitlines()
    return lines[-1].partition(": ")[0].strip()[:50] if lines else ""


def say(title: str, seconds: float, *, step: str = "", end: str = "\n") -> None:
    start = "\r\033[K" if sys.stdout.isatty() else ""
    sys.stdout.write(f"{start}{title:<32} {seconds:4.0f} s  {step}{end}")
    sys.stdout.flush()


def ensure_browser() -> None:
    """Get Chromium for the browser tests; without it they are skipped, which CI does not accept."""
    if os.environ.get("CHROMIUM_PATH") or any(shutil.which(name) for name in BROWSERS):
        return
    why = try_apt()
    if why and os.environ.get("CI"):
        raise BootstrapError(f"No Chromium for the browser tests: {why}.")
    if why:
        sys.stdout.write(f"No Chromium here ({why}): the browser tests will be SKIPPED.\n")


def try_apt() -> str:
    """Why it could not be installed; empty if it was."""
    if os.geteuid() != 0:
        return "not root, so it cannot be installed; install chromium or set CHROMIUM_PATH"
    if not shutil.which("apt-get"):
        return "no apt-get; install chromium or set CHROMIUM_PATH"
    LOG.parent.mkdir(parents=True, exist_ok=True)
    try:
        run("apt-get update", ["apt-get", "update"])
        run("installing chromium", ["apt-get", "install", "-y", "--no-install-recommends", "chromium"])
    except BootstrapError as error:
        return f"apt-get failed: {error}"
    return ""


if __name__ == "__main__":
    main()
