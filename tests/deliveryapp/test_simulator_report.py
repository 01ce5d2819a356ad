"""The closing table and what stands behind it: how orders ended, where the money went."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from deliveryapp.simulator import measures
from deliveryapp.simulator.endings import CurrencySum, MoneyCheck, check_money, ending
from deliveryapp.simulator.measures import Percentiles
from deliveryapp.simulator.oplog import OpSummary
from deliveryapp.simulator.report import Facts, closing_table
from deliveryapp.simulator.tables import amount, duration, table
from deliveryapp.simulator.threeds import NoForm, approving_form

OPERATIONS = OpSummary(
    operations=203,
    retries=5,
    unknown=3,
    unknown_placed=3,
    unknown_refused=0,
    unresolved=(),
    doubles=11,
    doubles_same=11,
    broken=(),
    refusals={},
)
FACTS = Facts(
    city="Helsinki",
    seed=1,
    speed=20,
    rate=0.55,
    elapsed_s=434.2,
    min_delivered=0.95,
    states={"delivered": 195, "cancelled": 3, "failed": 2},
    unplaced=0,
    reasons=(
        ("cancelled: cancelled_by_customer (changed_mind)", 1, True),
        ("cancelled: rejected_by_restaurant (too_busy)", 2, True),
        ("failed: payment_declined (generic_decline)", 2, True),
    ),
    series={
        measures.PLACE: Percentiles(203, 0.085, 0.14, 0.21, 0.4),
        measures.SEEN: Percentiles(198, 0.3, 0.9, 1.2, 1.31),
        measures.ASSIGNED: Percentiles(195, 2.1, 5.0, 9.9, 12.0),
        measures.STATUS_API: Percentiles(1_812, 0.012, 0.04, 0.121, 0.3),
        measures.POSITION_AGE: None,
        measures.DOOR_TO_DOOR: Percentiles(195, 1_421.0, 2_000.0, 2_400.0, 4_000.0),
        measures.LOOP_LAG: Percentiles(430, 0.001, 0.004, 0.02, 0.09),
    },
    money=MoneyCheck(
        (CurrencySum(currency="EUR", ordered_minor=512_345, captured_minor=512_345, mismatches=0),), ()
    ),
    operations=OPERATIONS,
    requests={"200": 9_000, "201": 200, "402": 2, "503": 4, "broken connection": 1},
    refusals={"402 payment_declined: POST /api/v1/orders/": 2},
    events={
        "http_retry": 5,
        "socket_reconnect": 2,
        "offer_accept": 195,
        "offer_decline": 9,
        "position dropped: jump": 3,
    },
    findings=(),
)

GOLDEN = """\
Simulation of Helsinki: 200 orders in 7 min 14 s, seed 1, speed 20, 0.55 orders/s

Orders     number   share  promise
────────────────────────────────────────────
delivered     195  97.5 %  at least 95.0 % ✓
cancelled       3   1.5 %
failed          2   1.0 %

Not delivered                                    number  cause
────────────────────────────────────────────────────────────────────
cancelled: cancelled_by_customer (changed_mind)       1  ✓ simulated
cancelled: rejected_by_restaurant (too_busy)          2  ✓ simulated
failed: payment_declined (generic_decline)            2  ✓ simulated

Times                            samples          p50          p95          p99         max  promise
───────────────────────────────────────────────────────────────────────────────────────────────────────────
order placed (HTTP)                  203        85 ms       140 ms       210 ms      400 ms
restaurant sees the order            198       300 ms       900 ms       1.20 s      1.31 s  p99 < 2.00 s ✓
confirmed to driver assigned         195       2.10 s       5.00 s       9.90 s      12.0 s  p99 < 30.0 s ✓
  the same in city time              195       42.0 s   1 min 40 s   3 min 18 s  4 min 00 s
order status API                   1,812        12 ms        40 ms       121 ms      300 ms  p99 < 100 ms ✗
position age at the customer           0            -            -            -           -
placed to delivered (city time)      195  23 min 41 s  33 min 20 s  40 min 00 s  1 h 06 min
the simulator's own lag              430         1 ms         4 ms        20 ms       90 ms

Money  delivered for  captured  mismatches
─────────────────────────────────────────────
EUR         5,123.45  5,123.45           0  ✓

Robustness              number
─────────────────────────────────────────────────────────────────────────────────
requests                 9,207  4 answered 5xx, 0 refused, 1 broken; 5 sent again
sockets reconnected          2  0 gaps closed
placings                   203  5 sent again
  of unknown outcome         3  3 were placed, 0 refused, 0 unresolved
double submits              11  11 gave one order ✓
offers accepted            195  9 declined, 0 left to expire
positions not believed       3  3 jump

Refusals                                    number
────────────────────────────────────────────────────
402 payment_declined: POST /api/v1/orders/       2

✓ clean: every order ended as simulated, and the money followed.
"""


class TestClosingTable:
    def test_of_a_clean_run(self) -> None:
        assert closing_table(FACTS).splitlines() == GOLDEN.splitlines()

    def test_names_what_went_wrong(self) -> None:
        facts = replace(
            FACTS,
            states={"delivered": 100, "ready": 3},
            unplaced=1,
            reasons=(("cancelled: no_driver", 1, False), ("ready", 3, False)),
            operations=replace(OPERATIONS, broken=("key-7",)),
            findings=("order A is not final: ready", "key key-7: more than one order"),
        )
        lines = closing_table(facts).splitlines()
        assert "delivered        100  96.2 %  at least 95.0 % ✓" in lines
        assert "open: ready        3   2.9 %  ✗" in lines
        assert "never placed       1   1.0 %  ✗" in lines
        assert "cancelled: no_driver       1  ✗ not simulated" in lines
        assert "double submits              11  11 gave one order ✗" in lines
        assert lines[-3:] == [
            "✗ 2 findings:",
            "  ✗ order A is not final: ready",
            "  ✗ key key-7: more than one order",
        ]

    def test_the_json_report_holds_the_same(self) -> None:
        report = json.loads(json.dumps(FACTS.as_json()))
        assert (report["placed"], report["clean"]) == (200, True)
        assert report["series"]["status_api"]["p99"] == 0.121
        assert report["money"]["sums"][0]["captured_minor"] == 512_345


class TestTables:
    def test_columns_are_as_wide_as_their_widest_cell(self) -> None:
        assert table("A", ["b", ""], [["long name", "7", "end"], ["x", "1,234", ""]]) == [
            "A              b",
            "─────────────────────",
            "long name      7  end",
            "x          1,234",
        ]

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [
            (0, "0 ms"),
            (0.9994, "999 ms"),
            (0.9996, "1.00 s"),
            (9.994, "9.99 s"),
            (9.996, "10.0 s"),
            (59.94, "59.9 s"),
            (59.96, "1 min 00 s"),
            (119.6, "2 min 00 s"),
            (3_599.6, "1 h 00 min"),
            (7_380, "2 h 03 min"),
        ],
    )
    def test_durations(self, seconds: float, text: str) -> None:
        assert duration(seconds) == text

    @pytest.mark.parametrize(
        ("minor", "text"), [(0, "0.00"), (7, "0.07"), (-250, "-2.50"), (123_450, "1,234.50")]
    )
    def test_amounts(self, minor: int, text: str) -> None:
        assert amount(minor) == text


def order(status: str, *, reason: str = "", detail: str = "", total: int = 1_500) -> dict[str, Any]:
    said = f"{reason}: {detail}" if detail else reason
    return {
        "id": "order-1",
        "number": "K7Q2M9",
        "status": status,
        "cancel_reason": reason,
        "failure": {"code": reason, "detail": detail} if status == "failed" else None,
        "history": [{"seq": 1, "from": "", "to": status, "actor": "system", "reason": said}],
        "total": {"amount_minor": total, "currency": "EUR"},
    }


def effect(kind: str, amount_minor: int = 1_500, *, currency: str = "eur") -> dict[str, Any]:
    return {"kind": kind, "order_id": "order-1", "amount": amount_minor, "currency": currency}


HALF = effect("capture", 750)
HOLD, CAPTURE, RELEASE, REFUND = effect("hold"), effect("capture"), effect("release"), effect("refund")


class TestEndings:
    @pytest.mark.parametrize(
        ("status", "reason", "simulated", "explained"),
        [
            ("delivered", "", set(), True),
            ("delivered", "", {"cancel"}, True),
            ("delivered", "", {"reject", "rejected"}, False),
            ("cancelled", "cancelled_by_customer", {"cancel"}, True),
            ("cancelled", "cancelled_by_customer", set(), False),
            ("cancelled", "rejected_by_restaurant", {"reject"}, True),
            ("cancelled", "rejected_by_restaurant", {"cancel"}, False),
            ("cancelled", "restaurant_timeout", {"no_answer"}, True),
            ("cancelled", "restaurant_timeout", {"reject"}, False),
            ("cancelled", "no_driver", {"cancel", "reject", "no_answer"}, False),
            ("failed", "payment_declined", {"declined"}, True),
            ("failed", "payment_declined", set(), False),
            ("failed", "cancelled_by_customer", {"cancel"}, True),
            ("failed", "payment_unknown", {"declined"}, False),
            ("preparing", "", {"cancel"}, False),
        ],
    )
    def test_only_what_somebody_simulated_is_explained(
        self, status: str, reason: str, simulated: set[str], explained: bool
    ) -> None:
        assert ending(order(status, reason=reason), simulated).explained is explained

    @pytest.mark.parametrize(
        ("body", "label"),
        [
            (("cancelled", "restaurant_timeout", ""), "cancelled: restaurant_timeout"),
            (
                ("cancelled", "rejected_by_restaurant", "too_busy"),
                "cancelled: rejected_by_restaurant (too_busy)",
            ),
            (("failed", "payment_declined", "generic"), "failed: payment_declined (generic)"),
            (("ready", "", ""), "ready"),
        ],
    )
    def test_labels_say_why(self, body: tuple[str, str, str], label: str) -> None:
        status, reason, detail = body
        assert ending(order(status, reason=reason, detail=detail), ()).label == label


class TestMoney:
    @pytest.mark.parametrize(
        ("status", "effects", "fault"),
        [
            ("delivered", [HOLD, CAPTURE], ""),
            ("delivered", [HOLD], "delivered for 1500, captured 0 times, 0 in all"),
            ("delivered", [HOLD, CAPTURE, CAPTURE], "delivered for 1500, captured 2 times, 3000 in all"),
            (
                "delivered",
                [HOLD, effect("capture", 1_400)],
                "delivered for 1500, captured 1 times, 1400 in all",
            ),
            ("delivered", [HOLD, CAPTURE, REFUND], "delivered for 1500, captured 1 times, 0 in all"),
            ("delivered", [HOLD, HALF, HALF], "delivered for 1500, captured 2 times, 1500 in all"),
            (
                "delivered",
                [HOLD, CAPTURE, CAPTURE, REFUND],
                "delivered for 1500, captured 2 times, 1500 in all",
            ),
            ("delivered", [effect("capture", currency="usd")], "money moved in another currency"),
            ("cancelled", [], ""),
            ("cancelled", [HOLD, RELEASE], ""),
            ("cancelled", [HOLD], "cancelled, but 1500 is still held"),
            ("cancelled", [HOLD, CAPTURE], "cancelled, but 1500 was kept"),
            ("cancelled", [HOLD, CAPTURE, REFUND], ""),
            ("failed", [], ""),
        ],
    )
    def test_each_order_against_the_effect_log(
        self, status: str, effects: list[dict[str, Any]], fault: str
    ) -> None:
        found = check_money([order(status)], effects)
        assert found.findings == ((f"order K7Q2M9 (order-1): {fault}",) if fault else ())

    def test_sums_per_currency_and_ignores_other_orders(self) -> None:
        dollars = order("delivered", total=900) | {
            "id": "order-2",
            "total": {"amount_minor": 900, "currency": "USD"},
        }
        others = {"kind": "capture", "order_id": "somebody-elses", "amount": 77, "currency": "eur"}
        captured = effect("capture", 800, currency="usd") | {"order_id": "order-2"}
        found = check_money([order("delivered"), dollars], [CAPTURE, others, captured])
        assert found.sums == (
            CurrencySum(currency="EUR", ordered_minor=1_500, captured_minor=1_500, mismatches=0),
            CurrencySum(currency="USD", ordered_minor=900, captured_minor=800, mismatches=1),
        )


class TestAuthenticationPage:
    PAGE = """
        <form method="get"><button name="result" value="fail">Refuse</button></form>
        <form method="post" action="/pay?id=1"><input type="hidden" name="secret" value="s&amp;t">
          <button name="result" value="fail">Fail</button>
          <button name="result" value="complete">Complete <b>authentication</b></button></form>"""

    def test_the_approving_button_of_the_right_form(self) -> None:
        form = approving_form(self.PAGE)
        assert form.action == "/pay?id=1"
        assert form.approval() == {"secret": "s&t", "result": "complete"}

    def test_a_page_without_such_a_button(self) -> None:
        with pytest.raises(NoForm):
            approving_form("<h1>Not found</h1>")


class TestCommandLine:
    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (["--speed", "0"], "--speed must be positive"),
            (["--drivers", "-3"], "--drivers must be positive"),
            (["--cancel-share", "0.6", "--reject-share", "0.6"], "add up to more than 1"),
            (["--cancel-share", "two"], "not a share"),
            (["--city", "atlantis"], "unknown city 'atlantis'"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, arguments: list[str], complaint: str) -> None:
        with pytest.raises(CommandError, match=complaint):
            call_command("simulate", *arguments)
