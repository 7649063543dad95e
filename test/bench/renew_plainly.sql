-- The rows of renewals that are known already, and nothing but writing them.
BEGIN;
UPDATE charmbills.merchant_counters c SET next_invoice_number = i.number + 1
FROM (SELECT merchant_id, max(number) AS number FROM bench_invoices GROUP BY merchant_id) i
WHERE c.merchant_id = i.merchant_id;
UPDATE charmbills.descriptors d SET next_index = i.derivation_index + 1
FROM (SELECT descriptor_id, max(derivation_index) AS derivation_index FROM bench_invoices GROUP BY descriptor_id) i
WHERE d.id = i.descriptor_id;
INSERT INTO charmbills.watched_scripts SELECT * FROM bench_scripts;
INSERT INTO charmbills.invoices SELECT * FROM bench_invoices;
INSERT INTO charmbills.invoice_lines SELECT * FROM bench_lines;
UPDATE charmbills.subscription_facts s SET next_invoice_at = NULL, billing_error = NULL, held_until = NULL
FROM bench_invoices i WHERE i.subscription_id = s.id;
INSERT INTO charmbills.events SELECT * FROM bench_events;
COMMIT;
