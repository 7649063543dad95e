-- Following the chain by hand: every function that does it, and its refusals.
SELECT current_database() AS home \gset
CREATE DATABASE charmbills_chain;
\c charmbills_chain
SET timezone = 'UTC';

--
-- What a node would have: a chain, and a branch that is one block longer.  Made
-- in the sandbox, which is then thrown away with the extension.
--
CREATE EXTENSION charmbills;
SET search_path = public, charmbills;
CREATE TABLE node (branch text, height integer, hash text, raw bytea);
CREATE TABLE mempool (name text, txid text, raw bytea);
CREATE FUNCTION address(n integer) RETURNS text LANGUAGE plpgsql AS
$$ BEGIN RETURN charmbills.script_to_address('\x0014' || decode(lpad(to_hex(n), 40, '0'), 'hex')); END $$;
SELECT sandbox_mine(5);
SELECT sandbox_pay(address(1), 1000) IS NOT NULL AS paid;
INSERT INTO mempool SELECT 'early', txid, raw FROM sandbox_mempool;
SELECT sandbox_mine(20);
INSERT INTO node SELECT 'trunk', height, hash, raw FROM sandbox_blocks;
SELECT sandbox_reorg(5, keep_transactions => true);
INSERT INTO node SELECT 'branch', b.height, b.hash, b.raw FROM sandbox_blocks b WHERE height > 20;
SELECT sandbox_pay(address(1), 3000) AS parent \gset
INSERT INTO mempool SELECT 'late', txid, raw FROM sandbox_mempool;
SELECT sandbox_double_spend(:'parent') IS NOT NULL AS replaced;
INSERT INTO mempool SELECT 'rival', txid, raw FROM sandbox_mempool;
-- One that spends what the late one pays.
INSERT INTO mempool
SELECT 'child', transaction_txid(encode(tx, 'hex')), tx
FROM (SELECT '\x0200000001' || txid_send(:'parent'::txid) || '\x0000000000fdffffff01d007000000000000' || '\x16'
             || address_to_script(address(2)) || '\x00000000') v (tx);
DROP EXTENSION charmbills CASCADE;
SELECT branch, count(*), min(height), max(height) FROM node GROUP BY 1 ORDER BY 1;

CREATE EXTENSION charmbills;
CREATE FUNCTION raw(branch text, height integer) RETURNS bytea LANGUAGE sql AS
$$ SELECT n.raw FROM node n WHERE (n.branch, n.height) = ($1, $2) $$;
CREATE FUNCTION hash(branch text, height integer) RETURNS text LANGUAGE sql AS
$$ SELECT n.hash FROM node n WHERE (n.branch, n.height) = ($1, $2) $$;
CREATE FUNCTION raws(branch text, from_height integer, to_height integer) RETURNS bytea[] LANGUAGE sql AS
$$ SELECT array_agg(n.raw ORDER BY n.height) FROM node n WHERE n.branch = $1 AND n.height BETWEEN $2 AND $3 $$;
CREATE FUNCTION tx(name text) RETURNS bytea LANGUAGE sql AS $$ SELECT m.raw FROM mempool m WHERE m.name = $1 $$;
CREATE FUNCTION id(name text) RETURNS txid LANGUAGE sql AS $$ SELECT m.txid::txid FROM mempool m WHERE m.name = $1 $$;
-- Where we are, on which branch.
CREATE FUNCTION at() RETURNS text LANGUAGE sql AS
$$ SELECT coalesce((SELECT t.height || ' ' || coalesce(n.branch, '?') FROM chain_tip() t LEFT JOIN node n ON n.hash = t.hash), 'nowhere') $$;
-- What a call is refused with; block hashes and identifiers are not the same in two runs.
CREATE FUNCTION refusal(call text) RETURNS TABLE (error text) LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint text;
    answer text;
BEGIN
    EXECUTE 'SELECT charmbills.' || call INTO answer;
    RETURN QUERY SELECT 'not refused: ' || coalesce(answer, 'NULL');
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN QUERY SELECT regexp_replace(line, '[0-9a-f]{64}', '<hash>', 'g')
                 FROM unnest(ARRAY[SQLSTATE || ' ' || SQLERRM, nullif(detail, ''), nullif(hint, '')]) line WHERE line IS NOT NULL;
END $$;
CREATE FUNCTION fate(name text) RETURNS text LANGUAGE sql AS
$$ SELECT coalesce((SELECT concat_ws(' at ', status, block_height) FROM chain_transactions k WHERE k.txid = id(name)), 'unknown') $$;

--
-- Nothing is followed yet
--
SELECT at();
SELECT count(*) FROM chain_locator();
SELECT * FROM chain_watch_backlog();
SELECT chain_rollback(3);
SELECT chain_evict_mempool(id('early'), hash('trunk', 5));
SELECT chain_arm_watches('{}');
SELECT * FROM refusal($$chain_reorganise(3, raws('trunk', 4, 5))$$);
SELECT * FROM refusal($$chain_offer_block(5, raw('trunk', 5))$$);
SELECT * FROM refusal($$chain_accept(5, hash('trunk', 5))$$);

--
-- Beginning
--
SELECT * FROM refusal($$chain_start(-1, hash('trunk', 5))$$);
SELECT * FROM refusal($$chain_start(5, 'five')$$);
SELECT * FROM refusal($$chain_start(NULL, NULL)$$);
SELECT chain_start(3, hash('trunk', 3));
SELECT at(), height, "time" FROM chain_tip();
-- Again it does nothing, also in capitals; elsewhere it cannot.
SELECT chain_start(3, upper(hash('trunk', 3)));
SELECT * FROM refusal($$chain_start(4, hash('trunk', 4))$$);
SELECT chain_apply_block(4, raw('trunk', 4)), at();
SELECT chain_apply_block(4, raw('trunk', 4)), at();
SELECT * FROM refusal($$chain_apply_block(6, raw('trunk', 6))$$);
SELECT * FROM refusal($$chain_apply_block(4, raw('trunk', 5))$$);
SELECT * FROM refusal($$chain_apply_block(-1, raw('trunk', 5))$$);
SELECT * FROM refusal($$chain_apply_block(0, raw('trunk', 5))$$);
SELECT * FROM refusal($$chain_apply_block(5, substr(raw('trunk', 5), 1, 100))$$);
SELECT * FROM refusal($$chain_apply_block(NULL, raw('trunk', 5))$$);
SELECT at();
-- What was before the beginning cannot be undone.
SELECT * FROM refusal($$chain_rollback(2)$$);
SELECT * FROM refusal($$chain_rollback(3)$$);

--
-- Watching
--
SELECT name FROM create_merchant(name => 'Shop', address => address(1));
SELECT from_height, since <= now() AS since FROM chain_watch_backlog();
SELECT chain_arm_watches('{}');
SELECT * FROM chain_watch_backlog();
SELECT height, chain_apply_block(height, raw) FROM node WHERE branch = 'trunk' AND height BETWEEN 5 AND 25 ORDER BY height;
SELECT at(), fate('early');
SELECT amount_sats, status, block_height FROM payments;

-- The newest twelve, ever fewer, the first.
SELECT array_agg(l.height ORDER BY l.height DESC) AS heights, bool_and(n.hash = l.hash) AS ours
FROM chain_locator() l LEFT JOIN node n ON (n.branch, n.height) = ('trunk', l.height);

-- A watch that is younger than a block is offered it.
SELECT name FROM create_merchant(name => 'Stall', address => address(2));
SELECT chain_rollback(5), fate('early');
SELECT from_height FROM chain_watch_backlog();
SELECT height, chain_apply_block(height, raw) FROM node WHERE branch = 'trunk' AND height BETWEEN 6 AND 25 ORDER BY height;
SELECT fate('early');
UPDATE watched_scripts SET offered_height = 24 WHERE NOT is_armed;
SELECT chain_arm_watches('{}');
SELECT chain_offer_block(25, raw('trunk', 25));
SELECT chain_arm_watches('{}');
SELECT * FROM refusal($$chain_offer_block(24, raw('trunk', 25))$$);
SELECT * FROM refusal($$chain_offer_block(25, raw('branch', 25))$$);
SELECT * FROM refusal($$chain_offer_block(25, '\x00')$$);
SELECT * FROM refusal($$chain_offer_block(NULL, NULL)$$);
SELECT * FROM refusal($$chain_arm_watches(NULL)$$);

--
-- Mempool
--
SELECT * FROM refusal($$chain_apply_mempool(NULL)$$);
SELECT * FROM refusal($$chain_apply_mempool('{NULL}')$$);
SELECT * FROM refusal($$chain_apply_mempool(ARRAY['\x00'::bytea])$$);
SELECT * FROM refusal($$chain_apply_mempool(ARRAY[substr(raw('trunk', 1), 82)])$$);
SELECT chain_apply_mempool('{}');
-- Nobody's.
SELECT chain_apply_mempool(ARRAY[tx('rival')]), fate('rival');
SELECT chain_apply_mempool(ARRAY[tx('child')]), fate('child'), fate('late');
-- Its parent is wanted, until the node has been asked.
SELECT w = id('late') AS late FROM chain_wanted_parents() w;
SELECT chain_parents_asked();
SELECT count(*) FROM chain_wanted_parents();
SELECT chain_apply_mempool(ARRAY[tx('late')]), fate('late');
SELECT array_agg(m.name ORDER BY m.name) FROM chain_unconfirmed() u JOIN mempool m ON m.txid = u::text;
-- Replaced by what pays nobody, with all that depends on it; and back.
SELECT chain_apply_mempool(ARRAY[tx('rival')]), fate('rival'), fate('late'), fate('child');
SELECT chain_apply_mempool(ARRAY[tx('late'), tx('child')]), fate('rival'), fate('late'), fate('child');
-- What is in a block stays there.
SELECT chain_apply_mempool(ARRAY[tx('early')]), fate('early');
-- Gone, says a node that stands where we stand; any other is not believed.
SELECT chain_evict_mempool(id('late'), hash('trunk', 24)), fate('late');
SELECT chain_evict_mempool(id('late'), hash('branch', 25)), fate('late');
SELECT chain_evict_mempool(id('late'), hash('trunk', 25)), fate('late'), fate('child');
SELECT chain_evict_mempool(id('late'), hash('trunk', 25)), fate('late');
SELECT chain_evict_mempool(id('early'), hash('trunk', 25)), fate('early');
SELECT chain_evict_mempool(repeat('0', 64)::txid, hash('trunk', 25));
SELECT * FROM refusal($$chain_evict_mempool(NULL, NULL)$$);
-- Seen together.
SELECT chain_apply_mempool(ARRAY[tx('child'), tx('late')]), fate('late'), fate('child');

--
-- Another branch
--
SELECT * FROM refusal($$chain_reorganise(20, raws('branch', 21, 24))$$);
SELECT * FROM refusal($$chain_reorganise(20, raws('branch', 21, 25))$$);
SELECT * FROM refusal($$chain_reorganise(26, raws('branch', 21, 26))$$);
SELECT * FROM refusal($$chain_reorganise(19, raws('branch', 21, 26) || raws('branch', 21, 26))$$);
SELECT * FROM refusal($$chain_reorganise(2, raws('branch', 21, 26) || raws('branch', 21, 26) || raws('branch', 21, 26) || raws('branch', 21, 26))$$);
SELECT * FROM refusal($$chain_reorganise(20, raws('branch', 21, 25) || raws('branch', 25, 26))$$);
SELECT * FROM refusal($$chain_reorganise(20, raws('branch', 21, 25) || '\x00'::bytea)$$);
SELECT * FROM refusal($$chain_reorganise(20, '{NULL}')$$);
SELECT * FROM refusal($$chain_reorganise(20, '{}')$$);
SET charmbills.max_reorg_depth = 4;
SELECT * FROM refusal($$chain_reorganise(20, raws('branch', 21, 26))$$);
RESET charmbills.max_reorg_depth;
SELECT at(), fate('early');
SELECT max(id) AS last_event FROM events \gset
SELECT chain_reorganise(20, raws('branch', 21, 26)), at(), fate('early');
SELECT type, payload - 'old_hash' AS payload FROM events WHERE id > :last_event ORDER BY id;
-- Undone and done again by hand it comes to the same.
SELECT chain_rollback(20), at();
SELECT chain_rollback(20), chain_rollback(30), at();
SELECT height, chain_apply_block(height, raw) FROM node WHERE branch = 'branch' ORDER BY height;
SELECT * FROM refusal($$chain_rollback(NULL)$$);
-- Where nothing is undone it is no reorganisation, but blocks are applied.
SELECT chain_rollback(24);
SELECT max(id) AS last_event FROM events \gset
SELECT chain_reorganise(24, raws('branch', 25, 26)), at();
SELECT type FROM events WHERE id > :last_event ORDER BY id;

--
-- What the node says of itself
--
UPDATE chain_state SET followed_until = '2020-01-01';
SELECT chain_report_node(30, repeat('ab', 32), 31, false, 5, true, '/Satoshi:28.0.0/', hash('trunk', 0));
SELECT node_height, node_hash = repeat('ab', 32) AS hash, node_headers, node_initial_download, node_prune_height, node_mempool_loaded, node_version
FROM chain_state;
-- All it says is known by then only where it stands where we stand.
SELECT followed_until = '2020-01-01' AS behind FROM chain_state;
SELECT chain_report_node(26, hash('branch', 26), initial_download => true);
SELECT followed_until = '2020-01-01' AS behind FROM chain_state;
SELECT chain_report_node(26, upper(hash('branch', 26)), initial_download => false);
SELECT followed_until = '2020-01-01' AS behind FROM chain_state;
SELECT * FROM refusal($$chain_report_node(26, NULL)$$);
SELECT * FROM refusal($$chain_report_node(26, 'x')$$);
SELECT * FROM refusal($$chain_report_node(26, hash('branch', 26), genesis => '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f')$$);

--
-- Stopped, until an operator decides
--
SELECT * FROM refusal($$chain_stop(NULL)$$);
SELECT chain_stop('too deep a reorganisation');
SELECT chain_stop('and nobody came');
SELECT stopped_reason FROM worker_agenda();
SELECT chain_rollback(24);
SELECT * FROM refusal($$chain_apply_block(25, raw('branch', 25))$$);
SELECT * FROM refusal($$chain_reorganise(24, raws('branch', 25, 26))$$);
SELECT * FROM refusal($$chain_accept(2, hash('trunk', 2))$$);
SELECT * FROM refusal($$chain_accept(24, NULL)$$);
SELECT * FROM refusal($$chain_accept(24, 'here')$$);
SELECT at();
-- A block of ours: back to it.
SELECT chain_accept(23, hash('branch', 23)), at();
SELECT chain_apply_block(24, raw('branch', 24)), at();
-- Another at a height of ours, and one beyond a gap.
SELECT chain_accept(22, hash('trunk', 22)), at();
SELECT chain_apply_block(23, raw('trunk', 23)), at();
SELECT fate('early');
SELECT chain_accept(24, hash('branch', 24)), at();
SELECT * FROM refusal($$chain_apply_block(24, raw('trunk', 24))$$);
SELECT chain_apply_block(25, raw('branch', 25)), at();
SELECT * FROM refusal($$chain_rollback(23)$$);
SELECT type, payload - 'hash' AS payload FROM events WHERE type ~ '^chain\.(stopped|accepted)' ORDER BY id;

--
-- Settings
--
SET charmbills.checkpoint = '26:0000000000000000000000000000000000000000000000000000000000000000';
SELECT * FROM refusal($$chain_apply_block(26, raw('branch', 26))$$);
SET charmbills.network = 'testnet4';
SELECT * FROM refusal($$chain_apply_block(26, raw('branch', 26))$$);
SELECT * FROM refusal($$chain_rollback(25)$$);
RESET charmbills.network;
SELECT set_config('charmbills.checkpoint', '26:' || hash('branch', 26), false) <> '' AS set;
SELECT chain_apply_block(26, raw('branch', 26)), at();
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM refusal($$chain_rollback(25)$$);
ROLLBACK;

--
-- This is the database that it was
--
SELECT adopt_database();

\c :home
DROP DATABASE charmbills_chain;
