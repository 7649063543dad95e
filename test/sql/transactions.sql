-- Transactions of ours: broadcast, followed, reported; in a database of its own.
SELECT current_database() AS home \gset
CREATE DATABASE charmbills_transactions;
\c charmbills_transactions
CREATE EXTENSION charmbills;
SET search_path = public, charmbills;
SELECT id AS alice FROM create_merchant(script_to_address('\x0014' || decode(repeat('01', 20), 'hex')), 'Alice') \gset
SELECT id AS bob FROM create_merchant(script_to_address('\x0014' || decode(repeat('02', 20), 'hex')), 'Bob') \gset
CREATE FUNCTION utxo(n integer) RETURNS outpoint LANGUAGE sql IMMUTABLE AS
$$ SELECT (lpad(to_hex(n), 64, '0') || ':' || n % 3)::outpoint $$;
CREATE FUNCTION little_endian(bytes bytea) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT string_agg(encode(substr(bytes, i, 1), 'hex'), '' ORDER BY i DESC) FROM generate_series(1, length(bytes)) i $$;
-- A transaction that spends these and pays nobody.
CREATE FUNCTION spend(inputs outpoint[], tag integer) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT '02000000' || lpad(to_hex(cardinality(inputs)), 2, '0')
          || string_agg(encode(txid_send(outpoint_txid(o)), 'hex') || little_endian(int4send(outpoint_vout(o)))
                        || '00fdffffff', '' ORDER BY position)
          || '01' || little_endian(int8send(1000)) || '225120' || repeat(lpad(to_hex(tag), 8, '0'), 8) || '00000000'
   FROM unnest(inputs) WITH ORDINALITY AS i(o, position) $$;
-- The spell that spends a commit and more.
CREATE FUNCTION spell(commit text, inputs outpoint[], tag integer) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT spend(ARRAY[outpoint(transaction_txid(commit), 0)] || inputs, tag) $$;
CREATE FUNCTION row_of(tx text) RETURNS TABLE (type text, status text, block_height integer, matures_at_height integer, confirmed boolean, error text)
LANGUAGE sql AS
$$ SELECT t.type, t.status, t.block_height, t.matures_at_height, t.confirmed_at IS NOT NULL,
          regexp_replace(t.error_message, '[0-9a-f]{64}', 'TXID')
   FROM transactions t WHERE coalesce(t.spell_txid, t.commit_txid) = transaction_txid(tx) $$;
CREATE FUNCTION news() RETURNS SETOF text LANGUAGE sql VOLATILE AS
$$ WITH told AS (UPDATE events SET payload = payload || '{"told": true}'
                 WHERE NOT payload ? 'told' RETURNING id, type)
   SELECT type FROM told WHERE type ~ '^(utxo|transaction|plan)\.' ORDER BY id $$;

--
-- Broadcast: checked, stored, reserved
--
SELECT sandbox_mine(1);
SELECT spend(ARRAY[utxo(1)], 1) AS commit1 \gset
SELECT spell(:'commit1', ARRAY[utxo(2)], 2) AS spell1 \gset
SELECT type, status, merchant_id = :'alice' AS is_hers, commit_txid = transaction_txid(:'commit1') AS commit,
       spell_txid = transaction_txid(:'spell1') AS spell, confirmations
FROM broadcast_package(:'commit1', upper(:'spell1'), type => 'mint-nft', merchant_id => :'alice');
SELECT outpoint IN (utxo(1), utxo(2)) AS input, used_by, t.status, spent_by IN (transaction_txid(:'commit1'), transaction_txid(:'spell1')) AS by_it
FROM used_utxos u JOIN transactions t ON t.id = u.transaction_id ORDER BY outpoint;
SELECT (broadcast_package(:'commit1', :'spell1', merchant_id => :'alice')).type;
SELECT count(*) FROM transactions;
SELECT * FROM news();
-- Confirmed, undone, confirmed again
SELECT sandbox_mine(1);
SELECT * FROM row_of(:'spell1');
SELECT sandbox_reorg(1);
SELECT * FROM row_of(:'spell1');
SELECT * FROM news();
SELECT sandbox_mine(1);
-- In both branches nothing changes
SELECT * FROM news();
SELECT sandbox_reorg(2, keep_transactions => true);
SELECT * FROM row_of(:'spell1');
SELECT * FROM news();
-- Replaced: by what spends the commit's input, and back when that is undone
SELECT sandbox_reorg(3);
SELECT sandbox_submit(spend(ARRAY[utxo(1)], 3)) AS thief \gset
SELECT * FROM row_of(:'spell1');
SELECT * FROM news();
SELECT sandbox_mine(1);
SELECT * FROM news();
SELECT spent_by = :'thief' AS by_thief, confirmed FROM used_utxos WHERE outpoint = utxo(1);
-- What it had reserved beside that is free for another of hers
SELECT status FROM broadcast_package(spend(ARRAY[utxo(2)], 40), merchant_id => :'alice');
-- A row waits for the depth that is frozen in it
SET charmbills.confirmations = 3;
SELECT status, confirmations FROM broadcast_package(spell_tx => spend(ARRAY[utxo(4)], 4), merchant_id => :'bob');
RESET charmbills.confirmations;
SELECT sandbox_mine(2);
SELECT * FROM row_of(spend(ARRAY[utxo(4)], 4));
SELECT sandbox_mine(1);
SELECT * FROM row_of(spend(ARRAY[utxo(4)], 4));
SELECT * FROM news();

--
-- Reservations of others
--
SELECT mark_utxo_used(utxo(5), 'mine', merchant_id => :'alice'), mark_utxo_used(utxo(6), 'his', merchant_id => :'bob');
SELECT status FROM broadcast_package(spend(ARRAY[utxo(5)], 5), merchant_id => :'alice');
\set VERBOSITY terse
SELECT broadcast_package(spend(ARRAY[utxo(6)], 6), merchant_id => :'alice');
SELECT broadcast_package(spend(ARRAY[utxo(5)], 7), merchant_id => :'alice');
SELECT broadcast_package(spend(ARRAY[utxo(5)], 5), merchant_id => :'bob');
SELECT count(*) FROM chain_transactions WHERE txid = transaction_txid(spend(ARRAY[utxo(6)], 6));

--
-- Refusals
--
SELECT broadcast_package();
SELECT broadcast_package(spend(ARRAY[utxo(7)], 7));
SELECT broadcast_package('zz', merchant_id => :'alice');
SELECT broadcast_package('0200', merchant_id => :'alice');
SELECT broadcast_package(spend(ARRAY[utxo(7)], 7) || '00', merchant_id => :'alice');
SELECT broadcast_package(spend(ARRAY[(repeat('0', 64) || ':4294967295')::outpoint], 7), merchant_id => :'alice');
SELECT broadcast_package(:'commit1', spend(ARRAY[utxo(7)], 7), merchant_id => :'alice');
SELECT broadcast_package(:'commit1', spend(ARRAY[outpoint(transaction_txid(:'commit1'), 1)], 7), merchant_id => :'alice');
SELECT broadcast_package(spend(ARRAY[utxo(7)], 7), merchant_id => :'alice', type => 'Mint NFT');
SELECT broadcast_package(spend(ARRAY[utxo(7)], 7), merchant_id => '00000000-0000-0000-0000-000000000000');
SELECT broadcast_package(spend(ARRAY[utxo(7)], 7), plan_id => '00000000-0000-0000-0000-000000000000');
SELECT broadcast_package(spend(ARRAY[utxo(7)], 7), subscription_id => '00000000-0000-0000-0000-000000000000');
SELECT id AS plan FROM create_plan(:'alice', 'News', 1000) \gset
SELECT broadcast_package(spend(ARRAY[utxo(7)], 7), plan_id => :'plan', merchant_id => :'bob');
\set VERBOSITY default
SELECT is_utxo_used(utxo(7));

--
-- Jobs, as the worker has them where there is a node
--
SET charmbills.rpc_url = 'http://127.0.0.1:1';
SELECT spend(ARRAY[utxo(31)], 31) AS commit3 \gset
SELECT spell(:'commit3', ARRAY[utxo(32)], 32) AS spell3 \gset
SELECT status FROM broadcast_package(:'commit3', :'spell3', merchant_id => :'alice');
SELECT awaiting_mempool, next_job_at <= now() AS job_due, next_billing_at, stopped_reason, adopted, unarmed FROM worker_agenda();
SET charmbills.jobs = off;
SELECT count(*) FROM claim_jobs('w1', 10, '1 minute');
SELECT next_job_at FROM worker_agenda();
RESET charmbills.jobs;
SELECT id AS job, kind, state, attempts, claimed_by, lease_until > now() AS leased FROM claim_jobs('w1', 10, '1 minute') \gset
SELECT :'kind' AS kind, :'state' AS state, :attempts AS attempts, :'claimed_by' AS claimed_by, :'leased' AS leased;
SELECT count(*) FROM claim_jobs('w2', 10, '1 minute');
SELECT r->>'hex' IN (:'commit3', :'spell3') AS hex, r->>'txid' = transaction_txid(r->>'hex')::text AS txid
FROM jsonb_array_elements(broadcast_request(:'job')->'txs') r;
-- The node is away: nothing is charged
SELECT report_job(:'job', 'w1', '{"unreachable": true, "message": "connection refused"}');
SELECT state, attempts, last_error, claimed_by, run_after > now() AS later FROM jobs;
SELECT report_job(:'job', 'w1', '{"done": true}') AS no_longer_held;
UPDATE jobs SET run_after = now();
SELECT count(*) FROM claim_jobs('w1', 10, '1 minute');
SELECT report_job(:'job', 'w2', '{"done": true}') AS not_the_holder;
-- Too low a fee is tried again, and so is what the node did not speak of
CREATE FUNCTION result(tx text, ok boolean, code integer DEFAULT NULL, message text DEFAULT NULL) RETURNS jsonb LANGUAGE sql STABLE AS
$$ SELECT jsonb_strip_nulls(jsonb_build_object('txid', transaction_txid(tx)::text, 'ok', ok, 'code', code, 'message', message)) $$;
CREATE FUNCTION outcome(VARIADIC results jsonb[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS
$$ SELECT jsonb_build_object('results', to_jsonb(results)) $$;
SELECT report_job(:'job', 'w1', outcome(result(:'commit3', false, -26, 'min relay fee not met, 0 < 100'), result(:'spell3', true)));
SELECT state, attempts, last_error FROM jobs;
UPDATE jobs SET run_after = now();
SELECT count(*) FROM claim_jobs('w1', 10, '1 minute');
SELECT report_job(:'job', 'w1', outcome(result(:'commit3', true)));
UPDATE jobs SET run_after = now();
SELECT count(*) FROM claim_jobs('w1', 10, '1 minute');
SELECT report_job(:'job', 'w1', outcome(result(:'commit3', false, -25, 'bad-txns-inputs-missingorspent'), result(:'spell3', true)));
UPDATE jobs SET run_after = now();
-- A lease that ran out is another's, and counts
SELECT count(*) FROM claim_jobs('w1', 10, '1 minute');
UPDATE jobs SET lease_until = now();
SELECT claimed_by, attempts FROM claim_jobs('w2', 10, '1 minute');
SELECT report_job(:'job', 'w1', '{"unreachable": true}') AS late;
-- Known is as good as sent
SELECT report_job(:'job', 'w2', outcome(result(:'commit3', false, -27, 'Transaction already in block chain'),
                                        result(:'spell3', false, NULL, 'same txid different witness')));
SELECT state, last_error, finished_at IS NOT NULL AS finished FROM jobs;
SELECT status FROM row_of(:'spell3');
SELECT count(*) FROM claim_jobs('w1', 10, '1 minute');

-- Refused for good: the transaction fails, and its inputs are free for another
SELECT status FROM broadcast_package(spend(ARRAY[utxo(33)], 33), merchant_id => :'alice');
SELECT id AS job FROM claim_jobs('w1', 10, '1 minute') \gset
SELECT report_job(:'job', 'w1', outcome(result(spend(ARRAY[utxo(33)], 33), false, -26, 'mandatory-script-verify-flag-failed (Invalid Schnorr signature)')));
SELECT * FROM row_of(spend(ARRAY[utxo(33)], 33));
SELECT state, last_error FROM jobs WHERE id = :'job';
SELECT status FROM broadcast_package(spend(ARRAY[utxo(33)], 34), merchant_id => :'alice');
-- The same once more is another try
SELECT status FROM broadcast_package(spend(ARRAY[utxo(35)], 35), merchant_id => :'alice');
SELECT id AS job FROM claim_jobs('w1', 10, '1 minute') WHERE payload->>'transaction_id' = (SELECT id::text FROM transactions WHERE commit_txid = transaction_txid(spend(ARRAY[utxo(35)], 35))) \gset
SELECT report_job(:'job', 'w1', outcome(result(spend(ARRAY[utxo(35)], 35), false, -26, 'dust')));
SELECT status, error_message FROM broadcast_package(spend(ARRAY[utxo(35)], 35), merchant_id => :'alice');
SELECT state, attempts FROM jobs WHERE id = :'job';
-- After the last try it is over
UPDATE jobs SET attempts = 55 WHERE id = :'job';
SELECT count(*) FROM claim_jobs('w1', 10, '1 minute');
SELECT report_job(:'job', 'w1', outcome(result(spend(ARRAY[utxo(35)], 35), false, -26, 'something new')));
SELECT status, error FROM row_of(spend(ARRAY[utxo(35)], 35));
SELECT * FROM news();
-- Mined after all
RESET charmbills.rpc_url;
SELECT sandbox_submit(spend(ARRAY[utxo(35)], 35)) IS NOT NULL AS sent, sandbox_mine(1);
SELECT * FROM row_of(spend(ARRAY[utxo(35)], 35));
SELECT * FROM news();
SET charmbills.rpc_url = 'http://127.0.0.1:1';

-- Gone from the mempool: sent again
SELECT status FROM broadcast_package(spend(ARRAY[utxo(36)], 36), merchant_id => :'alice');
SELECT chain_apply_mempool(ARRAY[decode(spend(ARRAY[utxo(36)], 36), 'hex')]);
SELECT id AS job FROM claim_jobs('w1', 10, '1 minute') WHERE payload->>'transaction_id' = (SELECT id::text FROM transactions WHERE commit_txid = transaction_txid(spend(ARRAY[utxo(36)], 36))) \gset
-- The node cannot find the inputs because it has the transaction: our own chain knows
SELECT report_job(:'job', 'w1', outcome(result(spend(ARRAY[utxo(36)], 36), false, -25, 'bad-txns-inputs-missingorspent')));
SELECT chain_evict_mempool(transaction_txid(spend(ARRAY[utxo(36)], 36)), (SELECT hash FROM chain_tip()));
SELECT state, attempts, finished_at FROM jobs WHERE id = :'job';
SELECT status FROM row_of(spend(ARRAY[utxo(36)], 36));

--
-- Rescans
--
SELECT chain_rescan(3) AS job \gset
SELECT chain_rescan(3) = :'job' AS same;
SELECT kind, payload FROM claim_jobs('w1', 10, '1 minute') WHERE id = :'job';
SELECT report_job(:'job', 'w1', '{"progress": 5}');
SELECT state, payload FROM jobs WHERE id = :'job';
SELECT report_job(:'job', 'w1', '{"message": "block is pruned"}');
SELECT state, last_error FROM jobs WHERE id = :'job';
SELECT chain_rescan_block(2, (SELECT raw FROM sandbox_blocks WHERE height = 2));
\set VERBOSITY terse
SELECT chain_rescan(-1);
SELECT chain_rescan(1000);
SELECT chain_rescan(NULL);
SELECT broadcast_request(:'job');
SELECT broadcast_request('00000000-0000-0000-0000-000000000000');
SELECT report_job('00000000-0000-0000-0000-000000000000', 'w1', '{"done": true}');
SELECT report_job(:'job', 'w1', NULL);
SELECT chain_rescan(3) = :'job' AS again;
SELECT count(*) FROM claim_jobs('w1', 10, '1 minute') WHERE id = :'job';
SELECT report_job(:'job', 'w1', '{}');
SELECT report_job(:'job', 'w1', '[1]');
SELECT * FROM claim_jobs('w1', 0, '1 minute');
SELECT * FROM claim_jobs(NULL, 1, '1 minute');
\set VERBOSITY default

--
-- Blocks below the one that following began with
--
SELECT encode((SELECT raw FROM sandbox_blocks WHERE height = 3), 'hex') AS block3,
       encode((SELECT raw FROM sandbox_blocks WHERE height = 4), 'hex') AS block4,
       encode((SELECT raw FROM sandbox_blocks WHERE height = 5), 'hex') AS block5,
       (SELECT hash FROM sandbox_blocks WHERE height = 4) AS hash4 \gset
\c :home
DROP DATABASE charmbills_transactions;
CREATE DATABASE charmbills_transactions;
\c charmbills_transactions
CREATE EXTENSION charmbills;
SET search_path = public, charmbills;
SET charmbills.rpc_url = 'http://127.0.0.1:1';
-- Begun, but no block yet
SELECT chain_start(4, :'hash4');
SELECT chain_rescan_block(4, decode(:'block4', 'hex'));
SELECT chain_apply_block(5, decode(:'block5', 'hex'));
SELECT base_height, height FROM chain_state;
\set VERBOSITY sqlstate
SELECT chain_rescan_block(3, decode(:'block4', 'hex'));
SELECT chain_rescan_block(3, '\x00');
SELECT chain_rescan_block(2, decode(:'block3', 'hex'));
SELECT chain_rescan_block(6, decode(:'block5', 'hex'));
SELECT chain_rescan_block(3, decode(:'block3' || '00', 'hex'));
\set VERBOSITY default
SELECT chain_rescan_block(3, decode(:'block3', 'hex'));
SELECT chain_rescan_block(3, decode(:'block3', 'hex'));
SELECT base_height, (SELECT array_agg(b.height ORDER BY b.height) FROM blocks b) AS held FROM chain_state;

\c :home
DROP DATABASE charmbills_transactions;
