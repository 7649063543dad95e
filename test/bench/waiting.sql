-- A database in which :waiting payments are in the block at height 1 and count
-- from a hundred confirmations on; one more invoice, the one with k = 0, is
-- unpaid.
CREATE TABLE bench_paid AS
SELECT k, '\x0014'::bytea || substr(sha256(int4send(k)), 1, 20) AS script, 50000::bigint AS amount
FROM generate_series(0, :waiting) k;

\set confirmations 100
\ir selling.sql

SELECT charmbills.chain_start(0, :'genesis') \g /dev/null
SELECT charmbills.chain_apply_block(1, decode(:'first', 'hex')) \g /dev/null
SELECT charmbills.chain_apply_block(2, decode(:'second', 'hex')) \g /dev/null

CREATE FUNCTION bench_txid(k integer) RETURNS charmbills.txid LANGUAGE sql IMMUTABLE
RETURN encode(sha256(int4send(-k)), 'hex')::charmbills.txid;

INSERT INTO charmbills.chain_transactions (txid, raw, status, block_height, block_hash, block_median_time,
    parents_known, first_seen_at)
SELECT bench_txid(k), sha256(int4send(k)), 'confirmed', b.height, b.hash, b.median_time, true, now()
FROM bench_paid, charmbills.blocks b WHERE k > 0 AND b.height = 1;
INSERT INTO charmbills.watched_outpoints (outpoint, spender, is_armed)
SELECT charmbills.outpoint(bench_txid(-k), 0), bench_txid(k), true FROM bench_paid WHERE k > 0;
INSERT INTO charmbills.payments (outpoint, invoice_id, merchant_id, amount_sats, script, txid, confirmations,
    block_height, block_hash, block_median_time, matures_at_height, status, first_seen_at)
SELECT charmbills.outpoint(bench_txid(k), 0), bench_id('invoice', k), bench_id('merchant', k % 10), amount, script,
       bench_txid(k), 100, b.height, b.hash, b.median_time, b.height + 99, 'confirmed', now()
FROM bench_paid, charmbills.blocks b WHERE k > 0 AND b.height = 1;
UPDATE charmbills.invoices SET status = 'processing', received_sats = amount_sats WHERE number > 0;
VACUUM (ANALYZE);
