"""Money as integer minor units with its ISO 4217 currency; never a float."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Money:
    """`amount_minor` counts the smallest unit of `currency`: 1299 EUR is 12.99 euros."""

    amount_minor: int
    currency: str

    def as_json(self) -> dict[str, int | str]:
        return {"amount_minor": self.amount_minor, "currency": self.currency}


def share_bp(amount_minor: int, basis_points: int) -> int:
    """`basis_points` ten-thousandths of the amount, rounded half up; both non-negative."""
    return (amount_minor * basis_points + 5_000) // 10_000


def included_tax(gross_minor: int, tax_bp: int) -> int:
    """The tax contained in a gross amount: gross * t / (1 + t), rounded half up."""
    divisor = 10_000 + tax_bp
    return (gross_minor * tax_bp + divisor // 2) // divisor
