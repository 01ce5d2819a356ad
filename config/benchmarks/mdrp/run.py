"""Many instances in parallel processes."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from config.benchmarks.mdrp.instance import read_instance
from config.benchmarks.mdrp.metrics import Figures, figures
from config.benchmarks.mdrp.replay import Day, Decide
from config.benchmarks.mdrp.solution import write_solution
from drivers.dispatch import nearest, reyes, rolling

POLICIES: dict[str, Decide] = {"ours": rolling.decide, "reyes": reyes.decide, "nearest": nearest.decide}


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What one process is told to do; `solutions` is where to write what it decided, if anywhere."""

    folder: Path
    policy: str
    solutions: Path | None
    estimated_prep: bool


def replay_one(errand: Errand) -> Figures:
    instance = read_instance(errand.folder)
    replayed = Day(instance, estimated_prep=errand.estimated_prep).run(POLICIES[errand.policy])
    if errand.solutions:
        write_solution(instance, replayed, errand.solutions / instance.name)
    return figures(instance, replayed)


def find_instances(folder: Path, only: str) -> list[Path]:
    """Raises ValueError when there is none."""
    found = sorted(file.parent for file in folder.glob(f"{only}/instance_parameters.txt"))
    if not found:
        raise ValueError(f"no instance {only} in {folder}")
    return found


def replay_all(errands: Sequence[Errand]) -> Iterator[Figures]:
    """As they are done, one process per core; the largest first, so that none is left over at the end."""
    largest = sorted(errands, key=_weight, reverse=True)
    with ProcessPoolExecutor(min(len(errands), os.cpu_count() or 1), get_context("spawn")) as processes:
        for done in as_completed([processes.submit(replay_one, errand) for errand in largest]):
            yield done.result()


def _weight(errand: Errand) -> tuple[int, Path]:
    orders = errand.folder / "orders.txt"
    return (orders.stat().st_size if orders.exists() else 0), errand.folder
