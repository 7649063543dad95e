-- A transaction that nobody signs fails in time, and counts all the same when
-- it turns up in a block after all.
SET search_path = public, charmbills, tap;
SELECT plan(14);

SELECT sandbox_mine(12) AS height \gset
SELECT sandbox_advance_clock('1 second') AS clock \gset
SELECT (create_merchant(name => 'Mint', address => 'bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk')).id AS mint \gset

-- One input, and one output that pays nobody known.
\set outpoint 0000000000000000000000000000000000000000000000000000000000000007:0
\set tx 020000000107000000000000000000000000000000000000000000000000000000000000000000000000fdffffff01e803000000000000225120070707070707070707070707070707070707070707070707070707070707070700000000

SELECT is(mark_utxo_used(:'outpoint', 'a mint', NULL, :'mint'), true, 'its input is reserved');
INSERT INTO transactions (type, merchant_id, spell_tx, spell_txid, status, created_at)
VALUES ('mint-nft', :'mint', :'tx', transaction_txid(:'tx'), 'pending_signature', charmbills.now())
RETURNING id AS waiting \gset
UPDATE used_utxos SET transaction_id = :'waiting' WHERE outpoint = :'outpoint';

SELECT sandbox_advance_clock('47 hours 59 minutes') AS clock \gset
SELECT run_billing() AS done \gset
SELECT is((SELECT status FROM transactions WHERE id = :'waiting'), 'pending_signature', 'it waits to be signed');
SELECT is(cleanup_utxos('0'), 0::bigint, 'and keeps its reservation');

SELECT sandbox_advance_clock('2 minutes') AS clock \gset
SELECT is((SELECT status FROM transactions WHERE id = :'waiting'), 'failed', 'after 48 hours it fails');
SELECT is((SELECT error_message FROM transactions WHERE id = :'waiting'), 'not signed within 48 hours', 'and says why');
SELECT is(is_utxo_used(:'outpoint'), false, 'its input is free again');
SELECT is((SELECT array_agg(type ORDER BY subject_seq) FROM events WHERE subject = 'transaction:' || :'waiting'),
          ARRAY['transaction.failed'], 'one event tells');
SELECT is(run_billing(), 0, 'and no second one does');

SELECT is(sandbox_submit(:'tx'), transaction_txid(:'tx'), 'somebody has signed it and broadcasts it after all');
SELECT is((SELECT status FROM transactions WHERE id = :'waiting'), 'pending', 'so it is pending');
SELECT sandbox_mine() AS height \gset
SELECT is((SELECT status FROM transactions WHERE id = :'waiting'), 'confirmed', 'a block confirms it');
SELECT is((SELECT error_message FROM transactions WHERE id = :'waiting'), NULL, 'nothing is wrong with it any more');
SELECT sandbox_reorg(1) AS height \gset
SELECT is((SELECT status FROM transactions WHERE id = :'waiting'), 'pending', 'without the block it is pending again');
SELECT sandbox_mine() AS height \gset
SELECT is((SELECT status FROM transactions WHERE id = :'waiting'), 'confirmed', 'and confirmed by another');

SELECT * FROM finish();
