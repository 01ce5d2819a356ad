"""What looks like a card number, and what only looks a little like one (C29)."""

from __future__ import annotations

import random
import time

import pytest

from deliveryapp.text import has_card_number

VISA = "4242424242424242"

# Published test numbers of the networks: no real cards.
NUMBERS = {
    "visa": VISA,
    "visa of 13": "4222222222222",
    "visa of 19": "4000000000000000006",
    "mastercard": "5555555555554444",
    "mastercard, second range": "2223003122003222",
    "american express": "378282246310005",
    "diners": "30569309025904",
    "diners of 16": "3600666633334400",
    "discover": "6011111111111117",
    "jcb": "3566002020360505",
    "unionpay": "6200000000000005",
    "unionpay of 19": "6205500000000000004",
    "maestro": "6759649826438453",
}
WRITTEN = {
    "in one piece": "4242424242424242",
    "in fours": "4242 4242 4242 4242",
    "with dashes": "4242-4242-4242-4242",
    "with long dashes": "4242 – 4242 – 4242 – 4242",
    "with dots": "4242.4242.4242.4242",
    "with bullets": "4242•4242•4242•4242",
    "digit by digit": " ".join(VISA),
    "in eights": "42424242 42424242",
    "on two lines": "4242 4242\n4242 4242",
    "with hard spaces": "4242\u00a04242\u20094242\u30004242",
    "with what nobody sees": "4242\u200b4242\u00ad4242\ufeff4242",
    "in Arabic digits": "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢",
    "in Devanagari": "४२४२ ४२४२ ४२४२ ४२४२",
    "full width": "４２４２４２４２４２４２４２４２",
    "circled": "④②④②④②④②④②④②④②④②",
    "mathematical": "𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐",
    "with its date and code": "4242 4242 4242 4242 12/34 123",
    "with its code behind": "4242 4242 4242 4242 123",
    "in a sentence": "take my visa4242424242424242, thanks",
    "after a door code": "door 12 4242 4242 4242 4242",
    "amex as it is printed": "door 12, 3782 822463 10005",
    "behind a plus": "+4242 4242 4242 4242",
    "behind a phone number": "+358 40 123 4567 4242 4242 4242 4242",
    "amex after a number": "12 3782 822463 10005",
}
WELCOME = [
    "",
    "ring twice",
    "+358 40 123 4567",
    "00358401234567",
    "0401234567 or 0507654321",
    "+49 151 12345678",  # 13 digits that start and add up like an old Visa
    "+43 664 12345671",
    "+1 (415) 555-0132, +44 20 7946 0958",
    "Fredrikinkatu 1 A 12, 00120 Helsinki",
    "4242 4242 4242 4241",  # does not add up
    "1234567890123456",  # of no issuer
    "4242 4242 424",
    "FI21 1234 5600 0007 85",
    "01980000-0000-7000-8000-000000000003",
    "order 2026-05-04-0001-0002",
    "978-3-16-148410-0",
    "1.5 l, 2 x 0.33 l",
    "4242, 4242, 4242, 4242",
]


@pytest.mark.parametrize("issuer", NUMBERS)
def test_every_network_is_known(issuer: str) -> None:
    number = NUMBERS[issuer]
    assert has_card_number(number)
    assert not has_card_number(number[:-1] + str((int(number[-1]) + 1) % 10)), "the check digit counts"


@pytest.mark.parametrize("how", WRITTEN)
def test_however_it_is_written(how: str) -> None:
    assert has_card_number(WRITTEN[how])


@pytest.mark.parametrize("text", WELCOME)
def test_other_numbers_are_welcome(text: str) -> None:
    assert not has_card_number(text)


def test_phone_numbers_side_by_side_are_welcome() -> None:
    rng = random.Random(7)

    def phone() -> str:
        parts = rng.choice((40, 41, 44, 45, 50)), rng.randrange(100, 1_000), rng.randrange(1_000, 10_000)
        return rng.choice(("0{} {} {}", "+358 {} {} {}", "0{}-{}{}", "+358{}{}{}")).format(*parts)

    assert [text for text in (f"{phone()} {phone()}" for _ in range(20_000)) if has_card_number(text)] == []


@pytest.mark.parametrize("text", ["1 " * 1_000, "4 " * 1_000, "4" * 2_000, "4242 " * 400, "٤" * 2_000])
def test_a_long_text_takes_no_long_time(text: str) -> None:
    started = time.process_time()
    has_card_number(text)
    assert time.process_time() - started < 0.5
