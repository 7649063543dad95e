-- Transactions of ours, on their way to the chain.

CREATE FUNCTION charmbills.broadcast_package(commit_tx text DEFAULT NULL, spell_tx text DEFAULT NULL, plan_id uuid DEFAULT NULL,
    subscription_id uuid DEFAULT NULL, type text DEFAULT NULL, merchant_id uuid DEFAULT NULL, replaces uuid DEFAULT NULL)
RETURNS charmbills.transactions
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_broadcast_package';
COMMENT ON FUNCTION charmbills.broadcast_package(text, text, uuid, uuid, text, uuid, uuid) IS
'Takes a signed commit transaction, the spell that spends it, or either alone, in hex: checks and stores it, reserves its inputs, and queues its broadcast. The same package again gives the same row; one that had failed is tried again. One that replaces another of ours that is pending, to pay a higher fee, takes over its reservations, and is for the same merchant, plan and subscription.';

CREATE FUNCTION charmbills.transaction_psbt(transaction_id uuid, part text DEFAULT NULL)
RETURNS text
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_transaction_psbt';
COMMENT ON FUNCTION charmbills.transaction_psbt(uuid, text) IS
'A transaction of ours that waits for its signature, as a PSBT in base64: the spell or, for part => ''commit'', the commit transaction that it spends. With all that a signer needs and, where a merchant''s descriptor says, where its keys come from.';

CREATE FUNCTION charmbills.submit_signed(transaction_id uuid, spell_tx text DEFAULT NULL, commit_tx text DEFAULT NULL, replaces uuid DEFAULT NULL)
RETURNS charmbills.transactions
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_submit_signed';
COMMENT ON FUNCTION charmbills.submit_signed(uuid, text, text, uuid) IS
'Takes the signed transactions of a row that waits for them, as hex or as PSBTs: checks that they are what was to be signed and that every signature covers all of it, reserves their inputs, and queues their broadcast. The same again gives the same row. replaces is as in broadcast_package().';

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
