"""Write jars.txt, the exact jars that pom.xml resolves to; needs mvn, and is run when pom.xml changes.

python3 deliveryapp/kafka/broker/lock.py
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEAD = "# Made by lock.py from pom.xml: sha-256, bytes, group:artifact:version\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        listing = Path(directory, "list")
        subprocess.run(
            [
                *("mvn", "--batch-mode", "--quiet", "--file", str(HERE / "pom.xml")),
                *("dependency:list", "-DincludeScope=runtime", "-DoutputAbsoluteArtifactFilename=true"),
                *(f"-DoutputFile={listing}", "-Dstyle.color=never"),
            ],
            check=True,
        )
        lines = [locked(line) for line in listing.read_text().splitlines() if line.count(":") >= 5]
    (HERE / "jars.txt").write_text(HEAD + "".join(sorted(lines, key=lambda line: line.split()[2])))
    sys.stdout.write(f"jars.txt: {len(lines)} jars\n")


def locked(line: str) -> str:
    """``group:artifact:jar:version:scope:file`` as Maven lists it, as a line of ours."""
    group, artifact, _kind, version, _scope, file = line.strip().partition(" -- ")[0].split(":")
    content = Path(file).read_bytes()
    return f"{hashlib.sha256(content).hexdigest()} {len(content)} {group}:{artifact}:{version}\n"


if __name__ == "__main__":
    main()
