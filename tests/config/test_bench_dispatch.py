"""`manage.py bench dispatch`: a made-up instance through the engine, by the command's door."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from config.benchmarks.mdrp.feasibility import violations
from config.benchmarks.mdrp.instance import read_instance
from config.benchmarks.mdrp.replay import Bag, Day, Delivered, Move, Replayed
from config.benchmarks.mdrp.run import POLICIES

POLICY = pytest.mark.parametrize("policy", sorted(POLICIES))


def table(file: Path, *rows: tuple[object, ...]) -> None:
    file.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))


def an_instance(folder: Path, *, orders: int = 40, couriers: int = 6, seed: int = 1) -> Path:
    """Two hours in a town of three by three kilometres; the last couriers stay for another hour."""
    chance = random.Random(seed)
    folder.mkdir(parents=True)

    def place() -> tuple[int, int]:
        return chance.randrange(3_000), chance.randrange(3_000)

    rows = [
        (f"o{n}", *place(), placed := chance.randrange(120), f"r{n % 5}", placed + chance.randrange(25))
        for n in range(orders)
    ]
    table(folder / "orders.txt", ("order", "x", "y", "placement_time", "restaurant", "ready_time"), *rows)
    kitchens = [(f"r{n}", *place()) for n in range(5)]
    table(folder / "restaurants.txt", ("restaurant", "x", "y"), *kitchens)
    shifts = [(f"c{n}", *place(), 10 * (n % 2), 120 if n % 3 == 1 else 240) for n in range(couriers)]
    table(folder / "couriers.txt", ("courier", "x", "y", "on_time", "off_time"), *shifts)
    table(folder / "instance_parameters.txt", ("speed", *"abcdef"), (320, 4, 4, 40, 90, 10, 15))
    return folder


def bench(**options: object) -> list[str]:
    out = StringIO()
    call_command("bench", "dispatch", stdout=out, **options)
    return out.getvalue().splitlines()


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines()[1:]


def figure(line: str, name: str) -> str:
    return dict(part.split("=", 1) for part in line.split() if "=" in part)[name]


def test_a_row_per_instance_then_the_line_of_means(tmp_path):
    for name in ("a1", "a2"):
        an_instance(tmp_path / name, seed=int(name[1]))
    an_instance(tmp_path / "b1")

    *rows, line = bench(instances=tmp_path, only="a*")

    told = [json.loads(row) for row in rows]
    assert [row["done"] for row in told] == ["1/2", "2/2"]
    assert {(row["instance"], row["orders"], row["strict_violations"]) for row in told} == {
        ("a1", 40, 0),
        ("a2", 40, 0),
    }
    assert line.startswith("mdrp n=2 feasible=2/2 strict_violations=0 undelivered%=0.000 ctd=")
    assert "| vs published default: " in line
    mean = sum(row["ctd"] for row in told) / 2
    assert float(figure(line, "ctd")) == pytest.approx(mean, abs=0.006)


@POLICY
@pytest.mark.parametrize("estimated", [False, True])
def test_every_policy_keeps_the_rules(tmp_path, policy, estimated):
    for seed in range(3):
        instance = read_instance(an_instance(tmp_path / f"i{seed}", orders=60, couriers=5, seed=seed))

        replayed = Day(instance, estimated_prep=estimated).run(POLICIES[policy])

        assert violations(instance, replayed) == []
        assert len(replayed.delivered) >= 40


def test_ours_is_better_than_the_nearest(tmp_path):
    an_instance(tmp_path / "a", orders=90, couriers=6)

    ours, nearest = (
        float(figure(bench(instances=tmp_path, policy=p)[-1], "ctd")) for p in ("ours", "nearest")
    )

    assert ours < nearest


def test_the_same_instance_gives_the_same_day(tmp_path):
    instance = read_instance(an_instance(tmp_path / "a"))
    first, second = (Day(instance).run(POLICIES["ours"]) for _ in range(2))

    assert (first.bags, first.moves) == (second.bags, second.moves)


def test_the_future_is_hidden(tmp_path):
    """What will be placed after a minute changes nothing that was decided before it."""
    whole = an_instance(tmp_path / "whole")
    cut = an_instance(tmp_path / "cut")
    lines = (cut / "orders.txt").read_text().splitlines()
    (cut / "orders.txt").write_text(
        "".join(f"{line}\n" for line in lines if line[0:5] == "order" or int(line.split("\t")[3]) <= 60)
    )

    days = [Day(read_instance(folder)).run(POLICIES["ours"]) for folder in (whole, cut)]

    bags = [{bag for bag in day.bags if bag.assigned_min <= 60} for day in days]
    assert bags[0] == bags[1] != set()


def test_the_solution_files(tmp_path):
    instance = read_instance(an_instance(tmp_path / "in" / "a"))
    bench(instances=tmp_path / "in", solutions=tmp_path / "out")
    replayed = Day(instance).run(POLICIES["ours"])
    read = {
        name: [line.split() for line in _lines(tmp_path / "out" / "a" / f"solution_info_{name}.txt")]
        for name in ("assignments", "orders", "couriers")
    }

    assert read["assignments"] == [
        [str(bag.assigned_min), str(bag.pickup_min), bag.courier_id, *bag.order_ids] for bag in replayed.bags
    ]
    assert {row[0]: row[1:] for row in read["orders"]} == {
        d.order.id: [
            *(str(minute) for minute in (d.order.placed_min, d.order.ready_min, d.pickup_min, d.dropoff_min)),
            d.courier_id,
        ]
        for d in replayed.delivered
    }
    ways = defaultdict(list)
    for courier, _, origin, destination in read["couriers"]:
        ways[courier].append((origin, destination))
    assert all(way[0][0] == "0" for way in ways.values())
    assert all(a[1] == b[0] for way in ways.values() for a, b in pairwise(way))


def test_a_broken_day_is_called_so(tmp_path):
    instance = read_instance(an_instance(tmp_path / "a"))
    order, courier = instance.orders[0], instance.couriers[0]
    kitchen = instance.kitchens[order.kitchen_id]
    early = order.placed_min - 1
    day = Replayed(
        delivered=[Delivered(order, courier.id, early, early - 1, early)],
        moves=[Move(courier.id, 0, kitchen, order.place)],
        bags=[Bag(courier.id, early, early - 1, (order.id,)), Bag("c1", early, early, (order.id,))],
    )

    told = "\n".join(violations(instance, day))

    for words in ("is in 2 bags", "before it was assigned", "before it was placed", "from where he is not"):
        assert words in told


@pytest.mark.parametrize(
    ("options", "words"),
    [({}, "needs --instances"), ({"instances": Path("/nowhere")}, "no instance")],
)
def test_without_instances_it_says_so(options, words):
    with pytest.raises(CommandError, match=words):
        bench(**options)


def test_a_file_that_is_no_instance_is_named(tmp_path):
    (an_instance(tmp_path / "a") / "orders.txt").write_text("order\nnonsense\n")

    with pytest.raises(CommandError, match="a is not an instance"):
        bench(instances=tmp_path)
