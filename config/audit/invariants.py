"""The invariants that PostgreSQL can check by itself. Each query returns one text per breach.

`settled` invariants speak of orders at rest; a running system may break them for a moment.
"""

from config.audit.flow import FLOW
from config.audit.invariant import Invariant
from orders.models import Order


def legal_moves() -> list[tuple[str, str]]:
    """Every (from, to) of the order's state machine, read from the model."""
    moves = Order._meta.get_field("status").get_all_transitions(Order)
    return [(str(move.source), str(move.target)) for move in moves if move.target is not None]


def changes_in_place() -> set[tuple[str, str]]:
    """(status, status) where something else of the order may change and be told."""
    moves = Order._meta.get_field("status").get_all_transitions(Order)
    return {(str(move.source), str(move.source)) for move in moves if move.target is None}


def _moves_sql() -> str:
    pairs = [("", "created"), *legal_moves(), *sorted(changes_in_place())]
    return ", ".join(f"('{source}', '{target}')" for source, target in pairs)


INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "I1",
        "every order that was acknowledged exists, and a key stands for one order",
        """
        SELECT 'key ' || r.key || ' answered ' || r.answer_status || ' for a missing order'
        FROM deliveryapp_idempotencyrecord r LEFT JOIN orders_order o ON o.id = r.resource_id
        WHERE r.resource_id IS NOT NULL AND r.answer_status < 300 AND o.id IS NULL
        """,
    ),
    Invariant(
        "I2",
        "every order has one saga, and both end together",
        """
        SELECT 'order ' || o.id || ' (' || o.status || ') has a saga ' || coalesce(s.status, 'missing')
        FROM orders_order o LEFT JOIN deliveryapp_sagarun s ON s.saga = 'order' AND s.subject_id = o.id
        WHERE s.id IS NULL
           OR (o.status = 'delivered' AND s.status NOT IN ('completed', 'manual_review'))
           OR (o.status IN ('cancelled', 'failed') AND s.status NOT IN ('compensated', 'manual_review'))
           OR (o.status NOT IN ('delivered', 'cancelled', 'failed')
               AND s.status IN ('completed', 'compensated'))
        """,
    ),
    Invariant(
        "I3a",
        "the history of an order is a legal path",
        f"""
        SELECT 'order ' || order_id || ' moved from ' || from_status || ' to ' || to_status
        FROM (
            SELECT order_id, from_status, to_status, seq,
                   coalesce(lag(to_status) OVER (PARTITION BY order_id ORDER BY seq), '') AS before
            FROM orders_orderstatuschange
        ) h
        WHERE before <> from_status OR (from_status, to_status) NOT IN ({_moves_sql()})
        """,  # noqa: S608 - the pairs come from the model
    ),
    Invariant(
        "I3b",
        "the history has no gaps and ends at the order's status",
        """
        SELECT 'order ' || o.id || ' is ' || o.status || ' #' || o.seq
               || ', its history ends #' || coalesce(max(h.seq), 0)
        FROM orders_order o LEFT JOIN orders_orderstatuschange h ON h.order_id = o.id
        GROUP BY o.id
        HAVING count(h.id) <> o.seq OR max(h.seq) IS DISTINCT FROM o.seq
            OR (array_agg(h.to_status ORDER BY h.seq DESC))[1] <> o.status
        """,
    ),
    Invariant(
        "I5a",
        "a delivered order was captured once, for its total",
        """
        SELECT 'order ' || o.id || ' of ' || o.total_minor || ' took ' || coalesce(p.captured_minor, 0)
               || ' from the card and ' || coalesce(p.credit_minor, 0) || ' from the credit'
        FROM orders_order o LEFT JOIN payments_payment p ON p.order_id = o.id AND p.purpose = 'order'
        WHERE o.status = 'delivered' AND (p.id IS NULL OR p.captured_minor + p.credit_minor <> o.total_minor)
          AND NOT EXISTS (
            SELECT 1 FROM deliveryapp_sagarun s WHERE s.subject_id = o.id AND s.status = 'manual_review')
        """,
    ),
    Invariant(
        "I5b",
        "nothing is held for an order that ended before the door, and nothing kept when no driver had it",
        """
        SELECT 'order ' || o.id || ' is ' || o.status || ', its payment is ' || p.state
        FROM orders_order o JOIN payments_payment p ON p.order_id = o.id AND p.purpose = 'order'
        WHERE o.status IN ('cancelled', 'failed')
          AND NOT (p.state IN ('declined', 'voided', 'refunded')
                   OR p.state = 'partially_refunded' AND o.picked_up_at IS NOT NULL)
          AND NOT EXISTS (
            SELECT 1 FROM deliveryapp_sagarun s WHERE s.subject_id = o.id AND s.status = 'manual_review')
        """,
    ),
    Invariant(
        "I6a",
        "the ledger adds up to zero per currency and per posting",
        """
        SELECT 'posting ' || posting || ' is off by ' || sum(amount_minor) || ' ' || currency
        FROM payments_ledgerentry GROUP BY posting, currency HAVING sum(amount_minor) <> 0
        """,
    ),
    Invariant(
        "I6b",
        "the ledger says of each payment what its row says",
        """
        SELECT 'payment ' || p.id || ' is ' || p.state || ', took ' || p.captured_minor || ', gave back '
               || p.refunded_minor || '; the ledger has ' || coalesce(l.provider, 0) || ' at the provider, '
               || coalesce(l.holds, 0) || ' held and ' || coalesce(l.credit_held, 0) || ' of credit held'
        FROM payments_payment p LEFT JOIN (
            SELECT payment_id,
                   coalesce(sum(amount_minor) FILTER (WHERE account = 'provider'), 0) AS provider,
                   coalesce(sum(amount_minor) FILTER (WHERE account = 'holds'), 0) AS holds,
                   coalesce(sum(amount_minor) FILTER (WHERE account = 'credit_held'), 0) AS credit_held
            FROM payments_ledgerentry GROUP BY payment_id
        ) l ON l.payment_id = p.id
        WHERE coalesce(l.provider, 0) <> p.captured_minor - p.refunded_minor - p.fee_minor
           OR coalesce(l.holds, 0) <> CASE WHEN p.state = 'authorized' THEN p.authorized_minor ELSE 0 END
           OR coalesce(l.credit_held, 0) <>
              CASE WHEN p.state IN ('pending', 'requires_action', 'authorized') THEN -p.credit_minor
                   ELSE 0 END
        """,
    ),
    Invariant(
        "I6c",
        "every refund is borne by somebody, and none is bigger than what was paid",
        """
        SELECT 'payment ' || p.id || ' gave back ' || p.refunded_minor || ', its refunds say '
               || coalesce(r.to_card, 0) || ' to the card and ' || coalesce(r.in_all, 0) || ' in all'
        FROM payments_payment p LEFT JOIN (
            SELECT payment_id, sum(amount_minor) AS in_all,
                   coalesce(sum(amount_minor) FILTER (WHERE destination = 'card'), 0) AS to_card
            FROM payments_refund WHERE state = 'succeeded' GROUP BY payment_id
        ) r ON r.payment_id = p.id
        WHERE coalesce(r.to_card, 0) <> p.refunded_minor
           OR coalesce(r.in_all, 0) > p.captured_minor + p.credit_minor
        """,
    ),
    Invariant(
        "I6d",
        "a customer's credit is what the ledger owes him",
        """
        SELECT 'customer ' || coalesce(c.customer_id, l.party_id) || ' may spend '
               || coalesce(c.balance_minor, 0) || ', the ledger owes ' || coalesce(l.owed, 0)
        FROM payments_customercredit c FULL JOIN (
            SELECT party_id, currency, -sum(amount_minor) AS owed
            FROM payments_ledgerentry WHERE account = 'credit' GROUP BY party_id, currency
        ) l ON l.party_id = c.customer_id AND l.currency = c.currency
        WHERE coalesce(c.balance_minor, 0) <> coalesce(l.owed, 0)
        """,
    ),
    Invariant(
        "I8a",
        "an order has at most one live assignment",
        """
        SELECT 'order ' || order_id || ' has ' || count(*) || ' live assignments' FROM drivers_assignment
        WHERE status IN ('assigned', 'arrived', 'picked_up') GROUP BY order_id HAVING count(*) > 1
        """,
    ),
    Invariant(
        "I8b",
        "a driver's count is what he carries, within his capacity; free means carrying nothing",
        """
        SELECT 'driver ' || d.id || ' (' || d.status || ') counts ' || d.active_count
               || ', carries ' || count(a.id)
        FROM drivers_driver d LEFT JOIN drivers_assignment a
          ON a.driver_id = d.id AND a.status IN ('assigned', 'arrived', 'picked_up')
        GROUP BY d.id
        HAVING count(a.id) <> d.active_count OR count(a.id) > d.capacity
            OR (d.status = 'offline' AND count(a.id) > 0)
        """,
    ),
    Invariant(
        "I9",
        "no live assignment on an order that ended; a picked-up order keeps its driver",
        """
        SELECT 'order ' || o.id || ' is ' || o.status || ', its assignment ' || coalesce(a.status, 'missing')
        FROM orders_order o LEFT JOIN drivers_assignment a
          ON a.order_id = o.id AND a.status IN ('assigned', 'arrived', 'picked_up')
        WHERE (o.status IN ('delivered', 'cancelled', 'failed') AND a.id IS NOT NULL)
           OR (o.status = 'picked_up' AND (a.id IS NULL OR a.status <> 'picked_up'))
        """,
    ),
    Invariant(
        "I10",
        "no event waits longer than a minute, and none is parked or dead",
        """
        SELECT type || ' ' || id || ' is not published' FROM deliveryapp_outboxevent
        WHERE published_at IS NULL AND occurred_at < now() - interval '60 seconds'
        UNION ALL
        SELECT 'dead letter of ' || handler || ': ' || error FROM deliveryapp_deadletter
        WHERE state IN ('retrying', 'dead')
        """,
    ),
    Invariant(
        "I14",
        "no lease and no offer outlives twice its limit",
        """
        SELECT 'saga ' || id || ' is leased until ' || leased_until FROM deliveryapp_sagarun
        WHERE leased_until < now() - interval '120 seconds'
        UNION ALL
        SELECT 'offer ' || id || ' expired at ' || expires_at FROM drivers_offer
        WHERE status = 'pending' AND expires_at < now() - interval '60 seconds'
        """,
    ),
    Invariant(
        "I15",
        "an order's price is the sum of its lines",
        """
        SELECT 'order ' || o.id || ' says ' || o.subtotal_minor
               || ', its lines ' || coalesce(sum(l.total_minor), 0)
        FROM orders_order o LEFT JOIN orders_orderline l ON l.order_id = o.id
        GROUP BY o.id HAVING coalesce(sum(l.total_minor), 0) <> o.subtotal_minor
        """,
    ),
    Invariant(
        "I15b",
        "a proposed swap ends with its order, and soon after its time limit",
        """
        SELECT 'swap ' || a.id || ' of order ' || o.id || ' (' || o.status || ') is open, its limit was '
               || a.expires_at
        FROM orders_amendment a JOIN orders_order o ON o.id = a.order_id
        WHERE a.state = 'proposed'
          AND (o.status NOT IN ('placed', 'confirmed', 'preparing')
               OR a.expires_at < now() - interval '60 seconds')
        """,
    ),
    Invariant(
        "I20",
        "placed = delivered + cancelled + in review + open, exactly",
        """
        SELECT placed || ' orders were placed, ' || accounted || ' are accounted for'
        FROM (
            SELECT (SELECT count(*) FROM orders_orderstatuschange
                    WHERE from_status = 'created' AND to_status = 'placed') AS placed,
                   (SELECT count(*) FROM orders_order
                    WHERE status NOT IN ('created', 'failed')
                   ) AS accounted
        ) t WHERE placed <> accounted
        """,
    ),
    Invariant(
        "I21",
        "a kitchen's slot counts exactly the orders that it holds",
        """
        SELECT 'slot ' || l.starts_at || ' of restaurant ' || l.restaurant_id || ' counts ' || l.taken
               || ', it has ' || count(o.id)
        FROM restaurants_slotload l
        LEFT JOIN orders_order o ON o.restaurant_id = l.restaurant_id AND o.slot_at = l.starts_at
                                AND o.status NOT IN ('cancelled', 'failed')
        GROUP BY l.id HAVING count(o.id) <> l.taken
        """,
    ),
    Invariant(
        "I22",
        "a promotion counts exactly the orders that spent it, in all where that is limited and by customer",
        """
        SELECT 'promotion ' || p.id || ' counts ' || p.used || ', orders spent ' || spent.n
        FROM restaurants_promotion p
        CROSS JOIN LATERAL (SELECT count(*) n FROM orders_order o WHERE o.promotion_id = p.id
                            AND o.promotion_is_spent AND o.promotion_is_counted) spent
        WHERE spent.n <> p.used
        UNION ALL
        SELECT 'promotion ' || u.promotion_id || ' counts ' || u.used || ' for customer ' || u.customer_id
               || ', their orders spent ' || spent.n
        FROM restaurants_promotionuse u
        CROSS JOIN LATERAL (SELECT count(*) n FROM orders_order o WHERE o.promotion_id = u.promotion_id
                            AND o.customer_id = u.customer_id AND o.promotion_is_spent) spent
        WHERE spent.n <> u.used
        """,
    ),
    *FLOW,
)
