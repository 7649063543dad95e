-- Transactions of ours, on their way to the chain.

CREATE FUNCTION charmbills.broadcast_package(commit_tx text DEFAULT NULL, spell_tx text DEFAULT NULL, plan_id uuid DEFAULT NULL,
    subscription_id uuid DEFAULT NULL, type text DEFAULT NULL, merchant_id uuid DEFAULT NULL)
RETURNS charmbills.transactions
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_broadcast_package';
COMMENT ON FUNCTION charmbills.broadcast_package(text, text, uuid, uuid, text, uuid) IS
'Takes a signed commit transaction, the spell that spends it, or either alone, in hex: checks and stores it, reserves its inputs, and queues its broadcast. The same package again gives the same row; one that had failed is tried again.';

CREATE FUNCTION charmbills.chain_rescan(from_height integer)
RETURNS uuid
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_rescan';
COMMENT ON FUNCTION charmbills.chain_rescan(integer) IS
'Queues a job that looks at every block from this height again, for payments older than their watches; gives the job.';

CREATE FUNCTION charmbills.chain_rescan_block(height integer, block bytea)
RETURNS integer
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_rescan_block';
COMMENT ON FUNCTION charmbills.chain_rescan_block(integer, bytea) IS
'Matches a block of the chain followed, or the one right below where following began, against all watches; gives how many of its transactions mattered.';
