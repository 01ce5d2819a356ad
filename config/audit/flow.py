"""The invariants of what flows: events from commit to effect, sagas backwards, leases of the dead."""

from config.audit.invariant import Invariant
from deliveryapp.saga import sagas
from deliveryapp.subscriptions import subscriptions


def _readers_sql() -> str:
    """Every (handler, event type) whose effect leaves an inbox row."""
    rows = [row for row in subscriptions().values() if row.exactly_once]
    return ", ".join(f"('{row.name}', '{event.__name__}')" for row in rows for event in row.events)


def _undoable_sql() -> str:
    """Every (saga, step) that has a compensation."""
    return ", ".join(
        f"('{saga.name}', '{step.name}')"
        for saga in sagas().values()
        for step in saga.steps
        if step.compensation is not None
    )


FLOW: tuple[Invariant, ...] = (
    Invariant(
        "I10b",
        "the events of an aggregate were published in their order",
        """
        SELECT type || ' ' || id || ' (#' || seq || ' of ' || source || ' ' || subject
               || ') was published before the one before it'
        FROM (
            SELECT id, type, source, subject, seq, published_at,
                   max(published_at) OVER (PARTITION BY source, subject ORDER BY seq) AS latest
            FROM deliveryapp_outboxevent
            WHERE sends = 1 AND published_at IS NOT NULL AND error = ''
        ) e WHERE published_at < latest
        """,  # what was sent again or parked for a while comes later by intention
    ),
    Invariant(
        "I11",
        "every published event had its one effect in each handler, or was put aside for a person",
        f"""
        SELECT e.type || ' ' || e.id || ' never had its effect in ' || r.handler
        FROM deliveryapp_outboxevent e JOIN (VALUES {_readers_sql()}) r (handler, type) ON r.type = e.type
        WHERE e.published_at > now() - interval '1 day'
          AND NOT EXISTS (SELECT 1 FROM deliveryapp_inboxentry i
                          WHERE i.handler = r.handler AND i.event_id = e.id)
          AND NOT EXISTS (SELECT 1 FROM deliveryapp_deadletter d
                          WHERE d.handler = r.handler AND d.event_id = e.id)
        """,  # noqa: S608 - the names come from the table of subscriptions
    ),
    Invariant(
        "I12",
        "a compensated saga has undone every step that it had begun",
        f"""
        SELECT 'saga ' || r.saga || ' of ' || r.subject_id || ' is compensated, ' || u.step
               || ' is not undone'
        FROM deliveryapp_sagarun r JOIN (VALUES {_undoable_sql()}) u (saga, step) ON u.saga = r.saga
        WHERE r.status = 'compensated'
          AND EXISTS (SELECT 1 FROM deliveryapp_sagastep a
                      WHERE a.run_id = r.id AND a.step = u.step AND a.phase = 'action')
          AND NOT EXISTS (SELECT 1 FROM deliveryapp_sagastep c
                          WHERE c.run_id = r.id AND c.step = u.step AND c.phase = 'compensation'
                            AND c.outcome = 'done')
        """,  # noqa: S608 - the names come from the sagas
    ),
    Invariant(
        "I14b",
        "what a dead process had claimed is taken up by another",
        """
        SELECT 'payment operation ' || id || ' is leased until ' || leased_until
        FROM payments_paymentoperation
        WHERE state IN ('pending', 'unknown') AND leased_until < now() - interval '80 seconds'
          AND next_try_at < now() - interval '80 seconds'
        UNION ALL
        SELECT 'shard ' || shard || ' waits, leased until ' || leased_until FROM deliveryapp_relayshard s
        WHERE leased_until < now() - interval '30 seconds'
          AND EXISTS (SELECT 1 FROM deliveryapp_outboxevent e
                      WHERE e.shard = s.shard AND e.published_at IS NULL AND e.parked_at IS NULL)
        """,
    ),
)
