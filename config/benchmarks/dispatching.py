"""What the dispatch engine achieves on the public meal-delivery-routing instances."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

from config.benchmarks.mdrp.report import summary
from config.benchmarks.mdrp.run import POLICIES, Errand, find_instances, replay_all

OPTIONS = ("instances", "policy", "solutions", "estimated_prep", "only")


def replay(
    *, instances: Path, policy: str, solutions: Path | None, estimated_prep: bool, only: str
) -> Iterator[str]:
    """A JSON row as each instance is done, with how many are, then the means. Raises ValueError when there is
    nothing to replay."""
    errands = [
        Errand(folder=folder, policy=policy, solutions=solutions, estimated_prep=estimated_prep)
        for folder in find_instances(instances, only)
    ]
    rows = []
    for done in replay_all(errands):
        rows.append(done)
        yield json.dumps({"done": f"{len(rows)}/{len(errands)}", "policy": policy, **done.row()})
    yield summary(sorted(rows, key=lambda row: row.instance))


def add_arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("dispatch")
    group.add_argument("--instances", type=Path, help="folder of mdrplib instances")
    group.add_argument("--policy", choices=sorted(POLICIES), default="ours")
    group.add_argument("--solutions", type=Path, help="write solution files here, a folder each")
    group.add_argument("--estimated-prep", action="store_true", help="ready times are known when they come")
    group.add_argument("--only", default="*", help="pattern of instance names")
