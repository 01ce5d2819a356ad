"""Questions about money that only a person can answer."""

from datetime import datetime
from uuid import UUID

from django.db import connection

from deliveryapp.ids import new_id
from deliveryapp.transactions import durable
from payments.errors import ReviewResolved
from payments.models import ManualReview, Payment


def open_review(*, kind: str, subject: str, detail: str, payment: Payment | None = None) -> bool:
    """Ask once while it is open; False when it is open already. In the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO payments_manualreview (id, kind, subject, payment_id, detail, resolution)
            VALUES (%s, %s, %s, %s, %s, '')
            ON CONFLICT (kind, subject) WHERE resolved_at IS NULL DO NOTHING
            """,
            [new_id(), kind[:40], subject[:120], payment.pk if payment else None, detail[:500]],
        )
        return bool(cursor.rowcount)


def was_answered(*, kind: str, subject: str, detail: str | None = None) -> bool:
    """Somebody has resolved this question before; with `detail`, when it said exactly this."""
    answered = ManualReview.objects.filter(kind=kind[:40], subject=subject[:120], resolved_at__isnull=False)
    return (answered if detail is None else answered.filter(detail=detail[:500])).exists()


def resolve_review(*, review_id: UUID, user_id: UUID, resolution: str, now: datetime) -> ManualReview:
    """The first who resolves it wins. Raises ReviewResolved when somebody was quicker."""
    with durable():
        resolved = ManualReview.objects.filter(pk=review_id, resolved_at=None).update(
            resolved_at=now, resolved_by_id=user_id, resolution=resolution[:500]
        )
    review = ManualReview.objects.select_related("resolved_by").get(pk=review_id)
    if not resolved:
        raise ReviewResolved(f"{review.resolved_by} was quicker: {review.resolution}")
    return review
