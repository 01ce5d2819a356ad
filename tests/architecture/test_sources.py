"""What the sources must not contain; each rule is tried on a planted offence first, so that none is blind."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import orders.services

ROOT = Path(__file__).resolve().parents[2]
APPS = ("config", "tracking", "orders", "payments", "drivers", "restaurants", "deliveryapp")
FILES = sorted(
    path
    for app in APPS
    for path in (ROOT / app).rglob("*.py")
    if "migrations" not in path.relative_to(ROOT).parts
)
Finding = Iterator[int]
STATE_FIELDS = {"status", "state"}

# Where the state of a row is written by a conditional update instead of a transition, and why.
STATE_WRITERS = {
    "payments/services/applying.py": "the one place where the provider's view becomes ours",
    "payments/services/operations.py": "operations have no state machine: it is what the call came to",
    "payments/services/authorizing.py": "the same",
    "payments/services/following.py": "the same",
    "drivers/models/driver.py": "the slots of a driver",
    "deliveryapp/saga.py": "the engine's own rows",
    "deliveryapp/letters.py": "dead letters",
    "payments/sandbox/intents.py": "the provider's own dictionaries, no rows of ours",
}


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def state_updates(tree: ast.AST) -> Finding:
    """`.update(status=…)` and `.update(state=…)`, also by batch."""
    for call in calls(tree):
        if name_of(call) in ("update", "bulk_update") and STATE_FIELDS & {word.arg for word in call.keywords}:
            yield call.lineno


def prints(tree: ast.AST) -> Finding:
    return (
        call.lineno for call in calls(tree) if isinstance(call.func, ast.Name) and call.func.id == "print"
    )


def delays(tree: ast.AST) -> Finding:
    """Celery called by hand; events and nudges go through the transport."""
    return (
        call.lineno for call in calls(tree) if name_of(call) in ("delay", "apply_async", "delay_on_commit")
    )


def signals(tree: ast.AST) -> Finding:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("django.db.models.signals"):
            yield node.lineno


def floats_for_money(tree: ast.AST) -> Finding:
    """Something in `_minor` divided with `/`, or made a float."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and "_minor" in ast.unparse(node):
            yield node.lineno
        if isinstance(node, ast.Call) and name_of(node) == "float" and "_minor" in ast.unparse(node):
            yield node.lineno


def naive_times(tree: ast.AST) -> Finding:
    return (
        call.lineno for call in calls(tree) if ast.unparse(call) in ("datetime.now()", "datetime.utcnow()")
    )


def long_functions(tree: ast.AST) -> Finding:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (node.end_lineno or 0) - node.lineno >= 60
        ):
            yield node.lineno


RULES: dict[str, tuple[Callable[[ast.AST], Finding], str]] = {
    "state is written by its owner": (state_updates, "Order.objects.filter(pk=1).update(status='ready')"),
    "no print": (prints, "print('x')"),
    "no delay": (delays, "task.apply_async(kwargs={})"),
    "no signals": (signals, "from django.db.models.signals import post_save"),
    "no floats for money": (floats_for_money, "x = total_minor / 100"),
    "no naive times": (naive_times, "x = datetime.now()"),
    "no long functions": (long_functions, "def f():\n" + "    x = 1\n" * 60),
}
ALLOWED: dict[str, set[str]] = {
    "state is written by its owner": set(STATE_WRITERS),
    "no delay": {"drivers/tasks.py"},  # a task that fans out to one task per region
    "no floats for money": {"restaurants/menu_generator/generate.py"},  # invents prices, then rounds them
}


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_sees_an_offence(rule: str) -> None:
    find, planted = RULES[rule]
    assert list(find(ast.parse(planted)))


@pytest.mark.parametrize("rule", RULES)
def test_nobody_offends(rule: str) -> None:
    find, _ = RULES[rule]
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in FILES
        if str(path.relative_to(ROOT)) not in ALLOWED.get(rule, set())
        for line in find(ast.parse(path.read_text()))
    }
    assert found == set()


def test_every_exception_from_the_rules_is_still_needed() -> None:
    for rule, paths in ALLOWED.items():
        for path in paths:
            assert list(RULES[rule][0](ast.parse((ROOT / path).read_text()))), (
                f"{path} needs no pardon for: {rule}"
            )


def test_no_file_is_too_long() -> None:
    long = {
        str(path.relative_to(ROOT)): lines for path in FILES if (lines := path.read_text().count("\n")) > 400
    }
    assert long == {}


@pytest.mark.parametrize("verb", [name for name in orders.services.__all__ if name.islower()])
def test_a_use_case_takes_keywords_only(verb: str) -> None:
    parameters = inspect.signature(getattr(orders.services, verb)).parameters.values()
    assert {parameter.kind for parameter in parameters} == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize("verb", ["confirm", "reject", "cancel_once", "place_once", "pick_up", "deliver"])
def test_a_use_case_is_told_what_time_it_is(verb: str) -> None:
    assert "now" in inspect.signature(getattr(orders.services, verb)).parameters
