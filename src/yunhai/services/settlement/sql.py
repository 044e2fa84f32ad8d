"""Obligations, summed inside the database from the postings of each batch, in the same statement that added them."""

from typing import Final

from yunhai.trading.words import Bucket, PostingKind

CREATE: Final = """
CREATE FUNCTION settlement_sum() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    MERGE INTO settlement_obligation o USING (
        SELECT tenant_id, account, settles_on, asset,
            coalesce(sum(amount) FILTER (WHERE credit = 10 AND kind <> 12), 0)::bigint AS owed,
            coalesce(sum(amount) FILTER (WHERE debit = 10 AND kind <> 12), 0)::bigint AS due,
            coalesce(sum(amount) FILTER (WHERE debit = 10 AND kind = 12), 0)::bigint AS settled_owed,
            coalesce(sum(amount) FILTER (WHERE credit = 10 AND kind = 12), 0)::bigint AS settled_due,
            coalesce(sum(CASE WHEN credit = 11 THEN amount ELSE -amount END)
                FILTER (WHERE debit = 11 OR credit = 11), 0)::bigint AS fee,
            coalesce(sum(CASE WHEN credit = 12 THEN amount ELSE -amount END)
                FILTER (WHERE debit = 12 OR credit = 12), 0)::bigint AS tax
        FROM added WHERE settles_on IS NOT NULL AND (debit BETWEEN 10 AND 12 OR credit BETWEEN 10 AND 12)
        GROUP BY 1, 2, 3, 4) a
    ON o.tenant_id = a.tenant_id AND o.account = a.account AND o.settles_on = a.settles_on AND o.asset = a.asset
    WHEN MATCHED THEN UPDATE SET owed = o.owed + a.owed, due = o.due + a.due,
        settled_owed = o.settled_owed + a.settled_owed, settled_due = o.settled_due + a.settled_due,
        fee = o.fee + a.fee, tax = o.tax + a.tax
    WHEN NOT MATCHED THEN
        INSERT (tenant_id, account, settles_on, asset, owed, due, settled_owed, settled_due, fee, tax)
        VALUES (a.tenant_id, a.account, a.settles_on, a.asset, a.owed, a.due, a.settled_owed, a.settled_due, a.fee, a.tax);
    RETURN NULL;
END $$;
CREATE TRIGGER settlement_sum AFTER INSERT ON ledger_posting REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION settlement_sum();
CREATE TRIGGER settlement_obligation_made_here BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON settlement_obligation
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_made_here();
ALTER TABLE settlement_obligation SET (fillfactor = 50);
"""

DROP: Final = """
DROP TRIGGER settlement_obligation_made_here ON settlement_obligation;
DROP TRIGGER settlement_sum ON ledger_posting;
DROP FUNCTION settlement_sum();
"""

assert (Bucket.CLEARING, Bucket.FEE, Bucket.TAX, PostingKind.SETTLE) == (10, 11, 12, 12), "the SQL says so in numbers"
