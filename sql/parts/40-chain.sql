-- Following the chain.  Plans that stay right while a table grows from nothing
-- matter more here than plans that are best: every step goes by an index.

CREATE FUNCTION charmbills.now() RETURNS timestamptz
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_now';
COMMENT ON FUNCTION charmbills.now() IS
'The time by which billing goes: the sandbox''s clock when one is set, else the time the transaction began.';

CREATE FUNCTION charmbills.chain_start(height integer, hash text) RETURNS void
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_start';
COMMENT ON FUNCTION charmbills.chain_start(integer, text) IS
'Sets where following the chain begins: the next block applied continues this one.';

CREATE FUNCTION charmbills.chain_apply_block(height integer, block bytea) RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_apply_block';
COMMENT ON FUNCTION charmbills.chain_apply_block(integer, bytea) IS
'Extends the chain followed by one raw block, after checking it. False when it is the tip already.';

CREATE FUNCTION charmbills.chain_rollback(height integer) RETURNS integer
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_rollback';
COMMENT ON FUNCTION charmbills.chain_rollback(integer) IS
'Undoes all blocks above a height and gives how many.';

CREATE FUNCTION charmbills.chain_reorganise(fork_height integer, blocks bytea[]) RETURNS integer
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_reorganise';
COMMENT ON FUNCTION charmbills.chain_reorganise(integer, bytea[]) IS
'Replaces all blocks above a height by a branch with more work, as one change, and gives how many were undone.';

CREATE FUNCTION charmbills.chain_apply_mempool(txs bytea[]) RETURNS integer
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_apply_mempool';
COMMENT ON FUNCTION charmbills.chain_apply_mempool(bytea[]) IS
'Takes note of raw transactions that are in the mempool and gives how many of them mattered.';

CREATE FUNCTION charmbills.chain_evict_mempool(txid charmbills.txid, at_tip text) RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_evict_mempool';
COMMENT ON FUNCTION charmbills.chain_evict_mempool(charmbills.txid, text) IS
'Takes note that a transaction is no longer in the mempool of a node whose tip is at_tip; does nothing unless that is the tip here too.';

CREATE FUNCTION charmbills.chain_offer_block(height integer, block bytea) RETURNS integer
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_offer_block';
COMMENT ON FUNCTION charmbills.chain_offer_block(integer, bytea) IS
'Matches a block applied before with the watches that were not visible then, and gives how many transactions mattered.';

CREATE FUNCTION charmbills.chain_arm_watches(txs bytea[]) RETURNS bigint
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_arm_watches';
COMMENT ON FUNCTION charmbills.chain_arm_watches(bytea[]) IS
'Offers mempool transactions to the watches that have been offered every block, arms these, and gives how many.';

CREATE FUNCTION charmbills.chain_watch_backlog(OUT from_height integer, OUT since timestamptz)
RETURNS SETOF record
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_watch_backlog';
COMMENT ON FUNCTION charmbills.chain_watch_backlog() IS
'From which height on blocks, and since when mempool transactions, are to be offered again to watches not yet armed; no row when all are.';

CREATE FUNCTION charmbills.chain_report_node(
    height integer, hash text, headers integer DEFAULT NULL, initial_download boolean DEFAULT NULL,
    prune_height integer DEFAULT NULL, mempool_loaded boolean DEFAULT NULL,
    version text DEFAULT NULL, genesis text DEFAULT NULL) RETURNS void
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_report_node';
COMMENT ON FUNCTION charmbills.chain_report_node(integer, text, integer, boolean, integer, boolean, text, text) IS
'Stores what the node says of itself, with the time.';

CREATE FUNCTION charmbills.chain_stop(reason text) RETURNS void
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_stop';
COMMENT ON FUNCTION charmbills.chain_stop(text) IS
'Stops following the chain, visibly, until an operator calls chain_accept().';

CREATE FUNCTION charmbills.chain_accept(height integer, hash text) RETURNS void
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_accept';
COMMENT ON FUNCTION charmbills.chain_accept(integer, text) IS
'The operator''s word that the chain contains this block: following goes on from it, behind a reorganisation that was too deep or beyond a gap.';

CREATE FUNCTION charmbills.chain_tip(OUT height integer, OUT hash text, OUT "time" timestamptz)
RETURNS SETOF record
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_tip';
COMMENT ON FUNCTION charmbills.chain_tip() IS
'The last block applied; no row before there is one.';

CREATE FUNCTION charmbills.chain_locator(OUT height integer, OUT hash text)
RETURNS SETOF record
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_locator';
COMMENT ON FUNCTION charmbills.chain_locator() IS
'Blocks of ours from the tip down, ever sparser, by which the fork with another chain is found.';

CREATE FUNCTION charmbills.chain_unconfirmed() RETURNS SETOF charmbills.txid
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_unconfirmed';
COMMENT ON FUNCTION charmbills.chain_unconfirmed() IS
'Known transactions that are thought to be in the mempool.';

CREATE FUNCTION charmbills.chain_wanted_parents() RETURNS SETOF charmbills.txid
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_wanted_parents';
COMMENT ON FUNCTION charmbills.chain_wanted_parents() IS
'Transactions whose outputs known unconfirmed ones spend: those that are in the mempool are to be offered too, since whoever replaces one replaces its descendants.';

CREATE FUNCTION charmbills.chain_parents_asked() RETURNS void
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_parents_asked';
COMMENT ON FUNCTION charmbills.chain_parents_asked() IS
'The node has been asked for the parents of all known unconfirmed transactions.';

CREATE FUNCTION charmbills.adopt_database() RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_adopt_database';
COMMENT ON FUNCTION charmbills.adopt_database() IS
'Says that this copy of the database takes the place of the one it was made from, which is gone: invoices and jobs go on, with a new series of numbers. False when it was the one already.';
