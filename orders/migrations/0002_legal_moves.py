"""The database itself refuses a status that the state machine does not allow, whoever writes it."""

from django.db import migrations

MOVES = {
    "created": ("placed", "failed"),
    "placed": ("confirmed", "cancelled"),
    "confirmed": ("preparing", "cancelled"),
    "preparing": ("ready", "cancelled"),
    "ready": ("picked_up", "cancelled"),
    "picked_up": ("delivered", "cancelled"),
}
PAIRS = ", ".join(f"('{source}', '{target}')" for source, targets in MOVES.items() for target in targets)

FORWARD = f"""
CREATE FUNCTION orders_refuse_illegal_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN ({PAIRS}) THEN
        RAISE EXCEPTION 'order % may not move from % to %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_moves_are_legal';
    END IF;
    IF NEW.seq <> OLD.seq + 1 THEN
        RAISE EXCEPTION 'order % must count its moves', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_moves_are_counted';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER orders_legal_moves BEFORE UPDATE OF status ON orders_order
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION orders_refuse_illegal_move();

CREATE FUNCTION orders_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of orders is never rewritten' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER orders_history_is_append_only BEFORE UPDATE OR DELETE ON orders_orderstatuschange
    FOR EACH ROW EXECUTE FUNCTION orders_refuse_change();
"""
BACKWARD = """
DROP TRIGGER orders_history_is_append_only ON orders_orderstatuschange;
DROP FUNCTION orders_refuse_change();
DROP TRIGGER orders_legal_moves ON orders_order;
DROP FUNCTION orders_refuse_illegal_move();
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
