-- A transaction of ours in place of another one, to pay a higher fee: whichever
-- of the two the chain takes, it holds what both spend, and nothing else can.
SET search_path = public, charmbills, tap;
SELECT plan(58);

SELECT sandbox_mine(3) AS height \gset
SELECT (create_merchant(name => 'Mint', address => script_to_address('\x0014' || decode(repeat('01', 20), 'hex')))).id AS mint \gset
SELECT (create_merchant(name => 'Other', address => script_to_address('\x0014' || decode(repeat('02', 20), 'hex')))).id AS other \gset
CREATE FUNCTION utxo(n integer) RETURNS outpoint LANGUAGE sql IMMUTABLE AS
$$ SELECT (lpad(to_hex(n), 64, '0') || ':0')::outpoint $$;
CREATE FUNCTION little_endian(bytes bytea) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT string_agg(encode(substr(bytes, i, 1), 'hex'), '' ORDER BY i DESC) FROM generate_series(1, length(bytes)) i $$;
-- A transaction that spends these and pays nobody; the tag is its fee, so to speak.
CREATE FUNCTION spend(inputs outpoint[], tag integer) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT '02000000' || lpad(to_hex(cardinality(inputs)), 2, '0')
          || string_agg(encode(txid_send(outpoint_txid(o)), 'hex') || little_endian(int4send(outpoint_vout(o)))
                        || '00fdffffff', '' ORDER BY position)
          || '01' || little_endian(int8send(1000)) || '225120' || repeat(lpad(to_hex(tag), 8, '0'), 8) || '00000000'
   FROM unnest(inputs) WITH ORDINALITY AS i(o, position) $$;
CREATE FUNCTION id_of(tx text) RETURNS uuid LANGUAGE sql STABLE AS
$$ SELECT t.id FROM transactions t WHERE coalesce(t.spell_txid, t.commit_txid) = transaction_txid(tx) $$;
CREATE FUNCTION status_of(tx text) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT t.status FROM transactions t WHERE t.id = id_of(tx) $$;
CREATE FUNCTION holder(utxo outpoint) RETURNS uuid LANGUAGE sql STABLE AS
$$ SELECT u.transaction_id FROM used_utxos u WHERE u.outpoint = utxo $$;
CREATE FUNCTION news(tx text) RETURNS text[] LANGUAGE sql STABLE AS
$$ SELECT array_agg(type ORDER BY subject_seq) FROM events WHERE subject = 'transaction:' || id_of(tx) $$;

--
-- Given up, released, and mined all the same
--
SELECT spend(ARRAY[utxo(90), utxo(91)], 90) AS late \gset
SELECT id AS row_late FROM broadcast_package(spell_tx => :'late', merchant_id => :'mint', type => 'send') \gset
SELECT sandbox_evict(transaction_txid(:'late')) AS gone \gset
UPDATE transactions SET status = 'failed' WHERE id = :'row_late';
SELECT cmp_ok(cleanup_utxos('0'), '>=', 2::bigint, 'what was given up is released');
SELECT is(holder(utxo(90)), NULL, 'and nobody has it');
SELECT sandbox_submit(:'late') AS txid \gset
SELECT sandbox_mine() AS height \gset
SELECT is(status_of(:'late'), 'confirmed', 'a block has it all the same');
SELECT is((SELECT array_agg((transaction_id = :'row_late', spent_by = transaction_txid(:'late'))::text ORDER BY outpoint) FROM used_utxos WHERE outpoint IN (utxo(90), utxo(91))),
          ARRAY['(t,t)', '(t,t)'], 'and it holds again what it spends');

--
-- The replacement is mined
--
SELECT spend(ARRAY[utxo(1), utxo(2)], 1) AS a, spend(ARRAY[utxo(2), utxo(3)], 2) AS b, spend(ARRAY[utxo(2)], 3) AS stranger \gset
SELECT id AS row_a FROM broadcast_package(spell_tx => :'a', merchant_id => :'mint', type => 'send') \gset
SELECT throws_ok(format('SELECT broadcast_package(spell_tx => %L, merchant_id => %L)', :'b', :'mint'), 'CB009', NULL,
                 'what a pending transaction spends is reserved');
SELECT is((SELECT (merchant_id, type, status) FROM broadcast_package(spell_tx => :'b', replaces => :'row_a')),
          ROW(:'mint'::uuid, 'send'::text, 'pending'::text), 'a replacement is for whom the replaced one was, and of its type');
SELECT is(status_of(:'a'), 'replaced', 'the node takes it in the place of the first one');
SELECT is(holder(utxo(2)), id_of(:'b'), 'what both spend is its own');
SELECT is(holder(utxo(3)), id_of(:'b'), 'and so is what it spends beside that');
SELECT is(holder(utxo(1)), id_of(:'a'), 'the rest stays with the first one');
SELECT is((SELECT payload->>'replaces' FROM events WHERE subject = 'transaction:' || id_of(:'b') AND type = 'transaction.pending'),
          :'row_a', 'the event tells what it replaces');
SELECT is((SELECT id FROM broadcast_package(spell_tx => :'b', replaces => :'row_a')), id_of(:'b'), 'the same again gives the same row');
SELECT throws_ok(format('SELECT broadcast_package(spell_tx => %L, merchant_id => %L)', :'stranger', :'mint'), 'CB009', NULL,
                 'nothing else can have it');
SELECT is((SELECT status FROM broadcast_package(spell_tx => spend(ARRAY[utxo(1)], 4), merchant_id => :'mint')), 'pending',
          'what only the dead one spends is free');
SELECT sandbox_mine() AS height \gset
SELECT is(status_of(:'b'), 'confirmed', 'the replacement is mined');
SELECT is(status_of(:'a'), 'replaced', 'and the first one replaced');
SELECT is((SELECT (confirmed, spent_by = transaction_txid(:'b')) FROM used_utxos WHERE outpoint = utxo(2)), ROW(true, true),
          'what both spend is spent for good');
SELECT sandbox_reorg(1) AS height \gset
SELECT is(status_of(:'b'), 'pending', 'without its block it is pending again');
SELECT is(holder(utxo(2)), id_of(:'b'), 'and holds what it held');
SELECT sandbox_mine() AS height \gset
SELECT is(status_of(:'b'), 'confirmed', 'another block has it');
SELECT is(news(:'a'), ARRAY['transaction.pending', 'transaction.replaced'], 'what happened to the first one is told once');
SELECT is(news(:'b'), ARRAY['transaction.pending', 'transaction.confirmed', 'transaction.unconfirmed', 'transaction.confirmed'],
          'and to the other each time');

--
-- The first one is mined after all
--
SELECT spend(ARRAY[utxo(11), utxo(12)], 11) AS c, spend(ARRAY[utxo(12), utxo(13)], 12) AS d \gset
SELECT id AS row_c FROM broadcast_package(spell_tx => :'c', merchant_id => :'mint') \gset
SELECT id AS row_d FROM broadcast_package(spell_tx => :'d', replaces => :'row_c') \gset
SELECT sandbox_submit(:'c') AS txid \gset
SELECT is(status_of(:'c'), 'pending', 'somebody has the first one relayed again');
SELECT is(status_of(:'d'), 'replaced', 'in the place of the replacement');
SELECT is(holder(utxo(12)), id_of(:'c'), 'so it holds again what both spend');
SELECT throws_ok(format('SELECT broadcast_package(spell_tx => %L, merchant_id => %L)', spend(ARRAY[utxo(12)], 14), :'mint'), 'CB009', NULL,
                 'and nothing else can have that');
SELECT sandbox_mine() AS height \gset
SELECT is(status_of(:'c'), 'confirmed', 'it is mined');
SELECT is((SELECT (transaction_id = :'row_c', confirmed) FROM used_utxos WHERE outpoint = utxo(12)), ROW(true, true), 'and has spent it for good');
SELECT is((SELECT count(*) FROM events WHERE type = 'transaction.replaced_for_good' AND subject IN ('transaction:' || :'row_c', 'transaction:' || :'row_d')),
          0::bigint, 'neither has lost anything to a stranger');
-- Undone, and the other one mined
SELECT sandbox_reorg(1) AS height \gset
SELECT sandbox_submit(:'d') AS txid \gset
SELECT is(status_of(:'c'), 'replaced', 'a reorganisation, and it is replaced again');
SELECT is(holder(utxo(12)), id_of(:'d'), 'the replacement holds what both spend');
SELECT sandbox_mine() AS height \gset
SELECT is(ARRAY[status_of(:'c'), status_of(:'d')], ARRAY['replaced', 'confirmed'], 'and is mined');
SELECT is((SELECT (transaction_id = :'row_d', confirmed) FROM used_utxos WHERE outpoint = utxo(12)), ROW(true, true), 'which is for good');

--
-- A plan is minted once, by whichever
--
SELECT spend(ARRAY[utxo(21), utxo(22)], 21) AS e, spend(ARRAY[utxo(21), utxo(23)], 22) AS f \gset
SELECT (create_plan(:'mint', 'Minted', 1000, app_id => encode(sha256(convert_to(utxo(21)::text, 'UTF8')), 'hex'))).id AS plan \gset
SELECT id AS row_e FROM broadcast_package(spell_tx => :'e', plan_id => :'plan') \gset
SELECT is((SELECT (plan_id = :'plan', type, confirmations) FROM broadcast_package(spell_tx => :'f', replaces => :'row_e')),
          (SELECT ROW(true, t.type, t.confirmations) FROM transactions t WHERE t.id = :'row_e'), 'a replacement is for the same plan, and as deep');
SELECT is((SELECT status FROM plans WHERE id = :'plan'), 'pending_confirmation', 'the plan waits on');
SELECT sandbox_mine(10) AS height \gset
SELECT is((SELECT status FROM plans WHERE id = :'plan'), 'active', 'and is active with the replacement');
SELECT is((SELECT count(*) FROM events WHERE subject = 'plan:' || :'plan' AND type = 'plan.activated'), 1::bigint, 'which is told once');

--
-- With a node: it may refuse the replacement
--
SET charmbills.rpc_url = 'http://127.0.0.1:1';
SELECT spend(ARRAY[utxo(31), utxo(32)], 31) AS g, spend(ARRAY[utxo(32)], 32) AS h, spend(ARRAY[utxo(32)], 33) AS i \gset
SELECT id AS row_g FROM broadcast_package(spell_tx => :'g', merchant_id => :'mint') \gset
SELECT id AS row_h FROM broadcast_package(spell_tx => :'h', replaces => :'row_g') \gset
SELECT is(ARRAY[status_of(:'g'), status_of(:'h')], ARRAY['pending', 'pending'], 'until the node has decided both are pending');
SELECT is(holder(utxo(32)), :'row_h'::uuid, 'the later one holds what both spend');
SELECT cleanup_utxos('0') AS released \gset
SELECT is((SELECT count(*) FROM used_utxos WHERE outpoint IN (utxo(31), utxo(32))), 2::bigint, 'nothing of theirs is idle');
SELECT count(*) AS n FROM claim_jobs('w1', 10, '1 minute') \gset
SELECT id AS job FROM jobs WHERE payload->>'transaction_id' = :'row_h' \gset
SELECT report_job(:'job', 'w1', jsonb_build_object('results', jsonb_build_array(jsonb_build_object(
    'txid', transaction_txid(:'h')::text, 'ok', false, 'code', -26, 'message', 'mandatory-script-verify-flag-failed')))) AS state \gset
SELECT is(ARRAY[status_of(:'g'), status_of(:'h')], ARRAY['pending', 'failed'], 'it refuses the replacement');
SELECT is(holder(utxo(32)), :'row_g'::uuid, 'so the first one has it again');
SELECT throws_ok(format('SELECT broadcast_package(spell_tx => %L, merchant_id => %L)', :'i', :'mint'), 'CB009', NULL, 'and nothing else can have it');
SELECT is((SELECT status FROM broadcast_package(spell_tx => :'i', replaces => :'row_g')), 'pending', 'but another replacement');
SELECT throws_ok(format('SELECT broadcast_package(spell_tx => %L, merchant_id => %L)', :'h', :'mint'), 'CB009', NULL,
                 'the refused one is no longer taken by itself');
RESET charmbills.rpc_url;

--
-- Refusals
--
SELECT id AS row_x FROM broadcast_package(spell_tx => spend(ARRAY[utxo(41)], 41), merchant_id => :'mint') \gset
CREATE FUNCTION replace_x(inputs outpoint[], parties text) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT format('SELECT broadcast_package(spell_tx => %L, %s)', spend(inputs, 42), parties) $$;
SELECT throws_ok(replace_x(ARRAY[utxo(42)], format('replaces => %L', :'row_x')), 'CB011',
                 'the transaction spends nothing that the one to be replaced spends', 'what could be mined beside it is no replacement');
SELECT throws_ok(replace_x(ARRAY[utxo(41)], format('replaces => %L, merchant_id => %L', :'row_x', :'other')), 'CB011',
                 'the transaction to be replaced is another merchant''s', 'nor what is another merchant''s');
SELECT throws_ok(replace_x(ARRAY[utxo(41)], format('replaces => %L, type => %L', :'row_x', 'burn')), 'CB011', NULL, 'nor what is of another type');
SELECT throws_ok(replace_x(ARRAY[utxo(41)], format('replaces => %L, plan_id => %L', :'row_x', :'plan')), 'CB011', NULL, 'or for another plan');
SELECT throws_ok(replace_x(ARRAY[utxo(2)], format('replaces => %L', id_of(:'b'))), 'CB010',
                 'the transaction to be replaced is confirmed', 'what is confirmed is not replaced');
SELECT throws_ok(replace_x(ARRAY[utxo(41)], 'replaces => ''00000000-0000-0000-0000-000000000000'''), 'CB008',
                 'transaction to be replaced does not exist', 'nor what is not there');
SELECT is(holder(utxo(41)), :'row_x'::uuid, 'nothing has changed');
SELECT sandbox_double_spend(transaction_txid(spend(ARRAY[utxo(41)], 41))) AS thief \gset
SELECT is(status_of(spend(ARRAY[utxo(41)], 41)), 'replaced', 'a stranger replaces it');
SELECT is(holder(utxo(41)), :'row_x'::uuid, 'and inherits nothing');

--
-- Both dead, until a reorganisation brings the one that holds nothing
--
SELECT spend(ARRAY[utxo(51)], 51) AS j, spend(ARRAY[utxo(51)], 52) AS k, spend(ARRAY[utxo(51)], 53) AS stranger \gset
SET charmbills.rpc_url = 'http://127.0.0.1:1';
SELECT id AS row_j FROM broadcast_package(spell_tx => :'j', merchant_id => :'mint') \gset
SELECT id AS row_k FROM broadcast_package(spell_tx => :'k', replaces => :'row_j') \gset
UPDATE jobs SET state = 'running', claimed_by = 'w', lease_until = now() + interval '1 hour' WHERE payload->>'transaction_id' = :'row_k';
SELECT report_job(id, 'w', jsonb_build_object('results', jsonb_build_array(jsonb_build_object('txid', transaction_txid(:'k'), 'ok', false, 'code', -26, 'message', 'dust'))))
FROM jobs WHERE payload->>'transaction_id' = :'row_k' \gset
RESET charmbills.rpc_url;
SELECT sandbox_mine() AS fork \gset
BEGIN;
SELECT sandbox_submit(:'k') AS txid \gset
SELECT sandbox_mine(2) AS height \gset
SELECT array_agg(raw ORDER BY height) AS branch FROM sandbox_blocks WHERE height > :fork \gset
ROLLBACK;
SELECT sandbox_submit(:'stranger') AS txid \gset
SELECT sandbox_mine() AS height \gset
SELECT is(ARRAY[status_of(:'j'), status_of(:'k')], ARRAY['replaced', 'replaced'], 'a stranger replaces both');
SELECT is(holder(utxo(51)), :'row_j'::uuid, 'the one that was not refused has what they spent');
SELECT chain_reorganise(:fork, :'branch'::bytea[]) AS undone \gset
SELECT is(ARRAY[status_of(:'j'), status_of(:'k')], ARRAY['replaced', 'confirmed'], 'the other one is in the branch that wins');
SELECT is(holder(utxo(51)), :'row_k'::uuid, 'and has it then');

SELECT * FROM finish();
