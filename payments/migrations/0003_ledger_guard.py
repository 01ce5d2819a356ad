"""The books balance whoever writes them: each statement's postings add up to zero, and nothing is rewritten."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION payments_require_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    off record;
BEGIN
    SELECT posting, currency, sum(amount_minor) AS amount INTO off
    FROM entered GROUP BY posting, currency HAVING sum(amount_minor) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'posting % is off by % %', off.posting, off.amount, off.currency
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balances';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER payments_ledger_balances AFTER INSERT ON payments_ledgerentry
    REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION payments_require_balance();

CREATE FUNCTION payments_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is never rewritten' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER payments_ledger_is_append_only BEFORE UPDATE OR DELETE ON payments_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION payments_refuse_change();
"""
BACKWARD = """
DROP TRIGGER payments_ledger_is_append_only ON payments_ledgerentry;
DROP FUNCTION payments_refuse_change();
DROP TRIGGER payments_ledger_balances ON payments_ledgerentry;
DROP FUNCTION payments_require_balance();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_books")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
