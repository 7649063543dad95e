-- The renewals in batches have not been made, and none other either.
TRUNCATE charmbills.invoices, charmbills.events CASCADE;
DELETE FROM charmbills.watched_scripts w
USING charmbills.descriptors d WHERE d.id = w.descriptor_id AND w.derivation_index >= d.first_index + 20;
SET session_replication_role = replica;
UPDATE charmbills.subscription_facts s SET next_invoice_at = now() + interval '1 day'
FROM bench_invoices i WHERE i.subscription_id = s.id;
VACUUM ANALYZE;
CHECKPOINT;
