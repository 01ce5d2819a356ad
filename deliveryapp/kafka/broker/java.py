"""Find a Java that can run the broker."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from deliveryapp.embedded.errors import ServiceError

OLDEST = 17


class NoJavaError(ServiceError):
    """No Java here that Kafka would run on."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"Apache Kafka needs Java {OLDEST} or newer: {why}. Install one (Debian, Ubuntu: apt "
            "install openjdk-17-jre-headless), or run a broker elsewhere "
            "(docker compose -f compose.kafka.yml up) and name it in KAFKA_BOOTSTRAP_SERVERS."
        )


def find_java() -> Path:
    """The Java of JAVA_HOME, else of PATH. Raises NoJavaError."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if found is None:
        raise NoJavaError(f"there is none in JAVA_HOME ({home})" if home else "there is none on PATH")
    version = _version(found)
    if version < OLDEST:
        raise NoJavaError(f"{found} is version {version or 'unknown'}")
    return Path(found)


def _version(java: str) -> int:
    """The major version, 0 if it does not tell; Java 8 calls itself 1.8."""
    shown = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(?:1\.)?(\d+)', shown)
    return int(match[1]) if match else 0
