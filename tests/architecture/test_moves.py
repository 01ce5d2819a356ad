"""Every move of an order's state machine is told by exactly one kind of event (DESIGN 5)."""

from __future__ import annotations

import ast
from pathlib import Path

from config.audit.invariants import legal_moves
from config.subscriptions import ORDER_EVENTS
from deliveryapp.subscriptions import subscriptions
from orders.models import Order
from orders.services.moving import MOVED_FIELDS

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ("config", "tracking", "orders", "payments", "drivers", "restaurants", "deliveryapp")
MAY_WRITE_STATES = {"orders/services/moving.py", "payments/services/applying.py"}


def sources():
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            if "migrations" not in path.parts:
                yield path


def moves_called():
    """(transition, event) of every call of `move(order, order.x, Event, …)` in orders/services."""
    for path in (ROOT / "orders" / "services").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "move":
                yield node.args[1].attr, node.args[2].id


def test_each_transition_is_used_and_has_one_event():
    transitions = {move.name for move in Order._meta.get_field("status").get_all_transitions(Order)}
    events = {}
    for transition, event in moves_called():
        events.setdefault(transition, set()).add(event)

    assert set(events) == transitions
    assert {name: len(told) for name, told in events.items()} == dict.fromkeys(transitions, 1)


def test_every_event_of_an_order_reaches_those_who_watch():
    assert set(ORDER_EVENTS) == set(subscriptions()["tracking.orders"].events)


def test_the_database_allows_exactly_the_moves_of_the_model(db):
    import importlib

    migration = importlib.import_module("orders.migrations.0002_legal_moves")
    written = {(source, target) for source, targets in migration.MOVES.items() for target in targets}

    assert written == set(legal_moves())


def test_a_move_stores_every_field_that_transitions_touch():
    stamps = {field.name for field in Order._meta.fields if field.name.endswith("_at")} - {"created_at"}

    assert stamps <= set(MOVED_FIELDS)


def test_nobody_else_writes_a_state_past_the_state_machine():
    """`.update(status=…)` on orders or payments is for the two functions that have just made a transition."""
    found = set()
    for path in sources():
        relative = str(path.relative_to(ROOT))
        if not relative.startswith(("orders/", "payments/")) or relative.startswith("payments/sandbox"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "update":
                names = {keyword.arg for keyword in node.keywords}
                subject = ast.unparse(node)
                about_rows = "Order.objects" in subject or "Payment.objects" in subject
                if about_rows and names & {"status", "state"}:
                    found.add(relative)

    assert found <= MAY_WRITE_STATES


def test_no_rule_hides_in_a_signal():
    guilty = [
        str(path.relative_to(ROOT))
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "django.db.models.signals"
    ]

    assert guilty == []
