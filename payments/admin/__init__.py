"""Support's view of the money: everything to look at, and two things to do: answer a review, ask again."""

from payments.admin import reviews, rows

__all__ = ["reviews", "rows"]
