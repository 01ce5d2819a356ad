"""Text that people write: it must never carry a card number to us (PCI DSS).

The one place that knows what a card number looks like. Serializer fields (`deliveryapp.api.fields.TextField`)
and forms (`deliveryapp.web.forms.TextForm`) use it; a test walks all of them.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from django.core.exceptions import ValidationError

CARD_NUMBER_REFUSED = "card_number_refused"
SHORTEST, LONGEST = 13, 19
LONGEST_PHONE = 15  # after the plus (E.164)
READ_UP_TO = 2_000  # characters; every text field refuses longer ones for their length

# Spaces of every width, dashes and dots, as people put them between the groups of a number.
_BETWEEN = r"[\s.·•\-\u2010-\u2015\u2212]"
_NUMBER = re.compile(rf"(\+\s?)?([0-9]+(?:{_BETWEEN}{{1,3}}[0-9]+)*)")
_PRINTED = {(4, 6, 5), (4, 6, 4), (4, 3, 3, 3)}  # groups on cards that do not have four digits each

# First digits, from and to, and how long such numbers are: ISO/IEC 7812 as the networks publish their ranges.
_ISSUERS: tuple[tuple[str, str, frozenset[int]], ...] = (
    ("4", "4", frozenset({13, 16, 18, 19})),  # Visa
    ("51", "55", frozenset({16})),  # Mastercard
    ("2221", "2720", frozenset({16})),  # Mastercard
    ("34", "34", frozenset({15})),  # American Express
    ("37", "37", frozenset({15})),  # American Express
    ("300", "305", frozenset(range(14, 20))),  # Diners Club
    ("3095", "3095", frozenset(range(14, 20))),  # Diners Club
    ("36", "36", frozenset(range(14, 20))),  # Diners Club
    ("38", "39", frozenset(range(14, 20))),  # Diners Club
    ("3528", "3589", frozenset(range(16, 20))),  # JCB
    ("6011", "6011", frozenset(range(16, 20))),  # Discover
    ("644", "659", frozenset(range(16, 20))),  # Discover, RuPay
    ("62", "62", frozenset(range(16, 20))),  # UnionPay
    ("81", "82", frozenset(range(16, 20))),  # UnionPay, RuPay
    ("50", "50", frozenset(range(13, 20))),  # Maestro
    ("56", "58", frozenset(range(13, 20))),  # Maestro
    ("6304", "6304", frozenset(range(13, 20))),  # Maestro
    ("6759", "6763", frozenset(range(13, 20))),  # Maestro
    ("2200", "2205", frozenset(range(16, 20))),  # Mir
    ("9792", "9792", frozenset({16})),  # Troy
)


def refuse_card_number(text: str) -> None:
    """A validator for forms and serializers alike; its message does not repeat the text."""
    if has_card_number(text):
        raise ValidationError("Never write a card number here.", code=CARD_NUMBER_REFUSED)


def has_card_number(text: str) -> bool:
    """13 to 19 digits of any script, alone or in groups, with a known issuer's start and length and a right
    check digit (Luhn). Phone numbers and order numbers are shorter, start otherwise, or do not add up.
    """
    return any(
        _is_card_number(digits)
        for plus, run in _NUMBER.findall(_plain(text[:READ_UP_TO]))
        for digits in _joined(re.findall("[0-9]+", run), after_plus=bool(plus))
    )


def _plain(text: str) -> str:
    """With every digit, whatever its script or shape, as 0 to 9, and without what nobody sees."""
    folded = (char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf")
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in folded)


def _joined(groups: Sequence[str], *, after_plus: bool) -> Iterator[str]:
    """Neighbouring groups of digits that may be one number, wherever among them it begins and ends."""
    for first in range(len(groups)):
        is_phone = after_plus and first == 0
        shortest = LONGEST_PHONE + 1 if is_phone else SHORTEST
        digits = ""
        for last in range(first, len(groups)):
            digits += groups[last]
            if len(digits) > LONGEST:
                break
            if len(digits) >= shortest and (
                (first == 0 and not is_phone) or _is_one_number(groups[first : last + 1])
            ):
                yield digits


def _is_one_number(groups: Sequence[str]) -> bool:
    """Behind other digits or a plus: only in equal groups or as cards are printed, or two phone numbers would
    be one.
    """
    *sizes, last = (len(group) for group in groups)
    return (*sizes, last) in _PRINTED or (len({*sizes}) <= 1 and last <= (sizes or [last])[0])


def _is_card_number(digits: str) -> bool:
    return _has_issuer(digits) and _adds_up(digits)


def _has_issuer(digits: str) -> bool:
    return any(
        low <= digits[: len(low)] <= high and len(digits) in lengths for low, high, lengths in _ISSUERS
    )


def _adds_up(digits: str) -> bool:
    """Luhn: every second digit from the right doubled, the digits of all summed, divisible by ten."""
    numbers = [int(digit) for digit in reversed(digits)]
    return (sum(numbers[::2]) + sum(sum(divmod(2 * number, 10)) for number in numbers[1::2])) % 10 == 0
