"""Money in minor units: exact, and the parts make the whole."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliveryapp.money import Money, included_tax, share_bp

AMOUNTS = st.integers(0, 10**15)
BASIS_POINTS = st.integers(0, 10_000)


def half_up(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def test_money_on_the_wire() -> None:
    assert Money(1299, "EUR").as_json() == {"amount_minor": 1299, "currency": "EUR"}


def test_money_is_a_value() -> None:
    assert Money(1, "EUR") == Money(1, "EUR") != Money(1, "USD")
    with pytest.raises(AttributeError):
        Money(1, "EUR").amount_minor = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("amount", "bp", "share"),
    [(0, 1_400, 0), (1_000, 1_400, 140), (1, 5_000, 1), (1, 4_999, 0), (999, 10_000, 999), (333, 333, 11)],
)
def test_a_share_is_rounded_half_up(amount: int, bp: int, share: int) -> None:
    assert share_bp(amount, bp) == share


@pytest.mark.parametrize(
    ("gross", "bp", "tax"),
    [(0, 1_400, 0), (1_140, 1_400, 140), (2_500, 1_400, 307), (3, 10_000, 2), (100, 0, 0)],
)
def test_the_tax_inside_a_gross_amount(gross: int, bp: int, tax: int) -> None:
    assert included_tax(gross, bp) == tax


@given(AMOUNTS, BASIS_POINTS)
def test_a_share_is_what_decimals_say(amount: int, bp: int) -> None:
    assert share_bp(amount, bp) == half_up(Decimal(amount) * bp / 10_000)


@given(AMOUNTS, BASIS_POINTS)
def test_included_tax_is_what_decimals_say_and_less_than_the_gross(gross: int, bp: int) -> None:
    tax = included_tax(gross, bp)

    assert abs(tax - half_up(Decimal(gross) * bp / (10_000 + bp))) == 0
    assert 0 <= tax <= gross


@given(AMOUNTS, BASIS_POINTS)
def test_tax_on_top_can_be_taken_out_again(net: int, bp: int) -> None:
    tax = share_bp(net, bp)

    assert abs(included_tax(net + tax, bp) - tax) <= 1
