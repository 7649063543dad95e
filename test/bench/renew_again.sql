-- After :due renewals: what they wrote is kept, and as many more subscriptions
-- are made due, of one merchant alone.
CREATE TABLE bench_invoices AS SELECT * FROM charmbills.invoices;
CREATE TABLE bench_lines AS SELECT * FROM charmbills.invoice_lines;
CREATE TABLE bench_events AS SELECT * FROM charmbills.events WHERE type = 'invoice.issued';
CREATE TABLE bench_scripts AS
SELECT w.* FROM charmbills.watched_scripts w JOIN charmbills.descriptors d ON d.id = w.descriptor_id
WHERE w.derivation_index >= d.first_index + 20;

SET session_replication_role = replica;
UPDATE charmbills.subscription_facts SET next_invoice_at = now() - interval '1 day'
WHERE id IN (SELECT s.id FROM charmbills.subscription_facts s JOIN bench_plan p ON p.id = s.plan_id
             WHERE p.k = 0 AND s.next_invoice_at IS NOT NULL
             ORDER BY s.id LIMIT :due);
VACUUM ANALYZE;
