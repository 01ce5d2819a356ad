"""Orders that the customer's credit pays in full: nothing to hold, nothing to ask, always answered."""

from datetime import datetime

from payments.gateways import NOT_FOUND, Answer, Answered, Failure, Hold, Intent, Page, RefundSeen, Refused


class CreditGateway:
    """Speaks for a card of amount zero; the credit itself moves in our own books."""

    def authorize(self, hold: Hold, *, key: str) -> Answer:
        return _is(hold.payment_id, "requires_capture")

    def increment(self, ref: str, *, amount_minor: int, key: str) -> Answer:
        return Refused(code="no_card", detail="this order has no card to ask for more")

    def capture(self, ref: str, *, amount_minor: int, key: str) -> Answer:
        return _is(ref, "succeeded")

    def void(self, ref: str, *, key: str) -> Answer:
        return _is(ref, "canceled")

    def refund(self, ref: str, *, amount_minor: int, key: str, again: bool = False) -> Answer:
        return Refused(code="no_card", detail="this order has no card to refund to")

    def retrieve(self, ref: str) -> Answer:
        return _is(ref, "requires_capture")

    def find(self, key: str, *, since: datetime) -> Answer:
        return Refused(code=NOT_FOUND, detail="no hold was ever made")

    def find_refund(self, ref: str, *, key: str) -> Answer:
        return Refused(code=NOT_FOUND, detail="no refund was ever made")

    def list_intents(self, *, since: datetime, until: datetime, after: str = "") -> Page[Intent] | Failure:
        return Page(())

    def list_refunds(
        self, *, since: datetime, until: datetime, after: str = ""
    ) -> Page[RefundSeen] | Failure:
        return Page(())

    def retrieve_refund(self, ref: str) -> RefundSeen | Failure:
        return Refused(code=NOT_FOUND, detail="no refund was ever made")


def _is(ref: str, status: str) -> Answer:
    return Answered(Intent(ref=ref, status=status, authorized_minor=0, received_minor=0, refunded_minor=0))
