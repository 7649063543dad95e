-- The sandbox: the chain inside the database, in a database of its own.
SELECT current_database() AS home \gset
CREATE DATABASE charmbills_sandbox;
\c charmbills_sandbox
CREATE EXTENSION charmbills;
SET search_path = public, charmbills;
SET timezone = 'UTC';

-- What the tests build and look at.
CREATE FUNCTION address(n integer) RETURNS text LANGUAGE sql AS
$$ SELECT script_to_address('\x0014' || decode(lpad(to_hex(n), 40, '0'), 'hex')) $$;
CREATE FUNCTION watch(n integer) RETURNS void LANGUAGE sql AS
$$ INSERT INTO watched_scripts (script, merchant_id, offered_height, is_armed)
   SELECT address_to_script(address(n)), m.id, coalesce((SELECT height FROM chain_state), -1), false
   FROM merchants m $$;
CREATE FUNCTION reverse_bytes(bytes bytea) RETURNS bytea LANGUAGE sql AS
$$ SELECT string_agg(substring(bytes, i, 1), '' ORDER BY i DESC) FROM generate_series(1, length(bytes)) i $$;
-- A transaction that spends an output and pays address n.
CREATE FUNCTION spend(parent txid, vout integer, n integer, amount bigint) RETURNS text LANGUAGE sql AS
$$ SELECT '02000000' || '01' || encode(txid_send(parent), 'hex') || encode(set_byte('\x00000000', 0, vout), 'hex')
       || '00' || 'fdffffff' || '01' || encode(reverse_bytes(int8send(amount)), 'hex')
       || '16' || encode(address_to_script(address(n)), 'hex') || '00000000' $$;
CREATE FUNCTION coinbase(height integer) RETURNS jsonb LANGUAGE sql AS
$$ SELECT decode_transaction(encode(substring(raw, 82), 'hex')) FROM sandbox_blocks b WHERE b.height = coinbase.height $$;
CREATE FUNCTION fate(txid txid) RETURNS text LANGUAGE sql AS
$$ SELECT coalesce((SELECT concat_ws(' at ', status, block_height) FROM chain_transactions k WHERE k.txid = fate.txid), 'unknown') $$;
CREATE FUNCTION waiting() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM sandbox_mempool $$;
CREATE FUNCTION tip() RETURNS TABLE (height integer, is_sandboxes boolean) LANGUAGE sql AS
$$ SELECT s.height, (b.height, b.hash) = (s.height, s.hash)
   FROM chain_state s, (SELECT height, hash FROM sandbox_blocks ORDER BY height DESC LIMIT 1) b $$;

--
-- Only where there is a sandbox, and only for operators
--
SET charmbills.network = 'testnet4';
SELECT sandbox_mine();
\set VERBOSITY sqlstate
SELECT sandbox_pay(NULL, NULL);
SELECT sandbox_pay_many(NULL, NULL);
SELECT sandbox_submit(NULL);
SELECT sandbox_double_spend(NULL);
SELECT sandbox_evict(NULL);
SELECT sandbox_reorg(NULL);
SELECT sandbox_advance_clock(NULL);
SELECT sandbox_sign(NULL);
RESET charmbills.network;
SET charmbills.rpc_url = 'http://127.0.0.1:18443';
SELECT sandbox_mine();
SELECT sandbox_pay(address(1), 1000);
RESET charmbills.rpc_url;

CREATE ROLE charmbills_test_visitor;
GRANT USAGE ON SCHEMA charmbills TO charmbills_test_visitor;
SET ROLE charmbills_test_visitor;
SELECT sandbox_mine();
RESET ROLE;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA charmbills TO charmbills_test_visitor;
SET ROLE charmbills_test_visitor;
SELECT sandbox_mine();
SELECT sandbox_pay('', 1000);
SELECT sandbox_pay_many('{}', '{}');
SELECT sandbox_submit('');
SELECT sandbox_double_spend(repeat('0', 64)::txid);
SELECT sandbox_evict(repeat('0', 64)::txid);
SELECT sandbox_reorg(1);
SELECT sandbox_advance_clock('1 day');
SELECT sandbox_sign('00000000-0000-0000-0000-000000000000');
RESET ROLE;
SELECT count(*) FROM sandbox_blocks;

--
-- Every argument is needed, and within its bounds
--
SELECT sandbox_mine(NULL);
SELECT sandbox_mine(0);
SELECT sandbox_mine(-1);
SELECT sandbox_mine(10001);
SELECT sandbox_mine(1, 'nowhere');
SELECT sandbox_pay(NULL, 1000);
SELECT sandbox_pay(address(1), NULL);
SELECT sandbox_pay(address(1), 0);
SELECT sandbox_pay(address(1), -1);
SELECT sandbox_pay(address(1), 2100000000000001);
SELECT sandbox_pay('nowhere', 1000);
SELECT sandbox_pay('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 1000);
SELECT sandbox_pay_many(NULL, '{1000}');
SELECT sandbox_pay_many('{}', '{}');
SELECT sandbox_pay_many(ARRAY[address(1)], '{1000, 1000}');
SELECT sandbox_pay_many(ARRAY[address(1), NULL], '{1000, 1000}');
SELECT sandbox_pay_many(ARRAY[address(1), address(2)], '{1000, NULL}');
SELECT sandbox_pay_many(ARRAY[[address(1)], [address(2)]], '{1000, 1000}');
SELECT sandbox_pay_many(ARRAY[address(1), address(2)], '{1000, 0}');
SELECT sandbox_pay_many(ARRAY[address(1), address(2)], '{2100000000000000, 1}');
SELECT sandbox_pay_many(array_fill(address(1), '{1001}'), array_fill(1000::bigint, '{1001}'));
SELECT sandbox_submit(NULL);
SELECT sandbox_submit('no hex');
SELECT sandbox_submit('');
SELECT sandbox_submit('0200000001');
SELECT sandbox_double_spend(NULL);
SELECT sandbox_evict(NULL);
SELECT sandbox_reorg(NULL);
SELECT sandbox_reorg(1, NULL);
SELECT sandbox_advance_clock(NULL);
\set VERBOSITY default
SELECT count(*) FROM sandbox_blocks;

--
-- The first use finds the network's first block
--
SELECT sandbox_evict(repeat('0', 64)::txid);
SELECT height, hash FROM sandbox_blocks;
SELECT height, hash FROM chain_state;
\set VERBOSITY sqlstate
SELECT sandbox_reorg(1);
\set VERBOSITY default
SELECT sandbox_mine();
SELECT * FROM tip();

--
-- Payments are seen, then confirmed; only those to watched scripts matter
--
INSERT INTO merchants (name, address) VALUES ('Shop', address(1000));
SELECT watch(1), watch(2);
SELECT sandbox_pay(address(1), 1000) AS paid \gset
SELECT sandbox_pay(address(9), 1000) AS unrelated \gset
SELECT count(*) FILTER (WHERE is_armed) AS armed, count(*) AS watched FROM watched_scripts;
SELECT fate(:'paid'), fate(:'unrelated'), waiting();
SELECT sandbox_mine();
SELECT fate(:'paid'), fate(:'unrelated'), waiting();
SELECT * FROM tip();

SELECT sandbox_pay_many(ARRAY[address(1), address(9), address(2)], '{1000, 2000, 3000}') AS many \gset
SELECT vout ->> 'value' AS value, vout -> 'scriptPubKey' ->> 'address' AS address
FROM sandbox_mempool, jsonb_array_elements(decode_transaction(encode(raw, 'hex')) -> 'vout') vout;
SELECT sandbox_mine(3);
SELECT fate(:'many');

-- Two payments are never the same transaction.
SELECT sandbox_pay(address(1), 1000) <> sandbox_pay(address(1), 1000) AS differ;
SELECT sandbox_mine();

--
-- The blocks are blocks
--
SELECT sandbox_mine(146);
SELECT * FROM tip();
-- Each names the one before it by its hash.
SELECT count(*) AS blocks,
       count(*) FILTER (WHERE substring(b.raw, 5, 32) = sha256(sha256(substring(p.raw, 1, 80)))) AS linked,
       count(*) FILTER (WHERE b.hash = encode(reverse_bytes(sha256(sha256(substring(b.raw, 1, 80)))), 'hex')) AS hashed,
       count(*) FILTER (WHERE b.hash < '7fffff') AS with_work,
       count(DISTINCT b.hash) AS different
FROM sandbox_blocks b JOIN sandbox_blocks p ON p.height = b.height - 1;
-- The coinbase begins with the height, and creates what is due.
SELECT height, left(coinbase(height) -> 'vin' -> 0 ->> 'coinbase', -18) AS script,
       coinbase(height) -> 'vout' -> 0 ->> 'value' AS subsidy,
       coinbase(height) -> 'vout' -> 1 -> 'scriptPubKey' ->> 'type' AS commitment
FROM unnest('{1, 16, 17, 127, 128, 149, 150}'::integer[]) height;
-- Times are in order, and after the median of those before.
SELECT count(*) FILTER (WHERE b.block_time < p.block_time) AS backward,
       count(*) FILTER (WHERE b.block_time <= p.median_time) AS not_after_median
FROM blocks b JOIN blocks p ON p.height = b.height - 1;
-- One that was tampered with would not have been taken: here the last byte of a witness.
SELECT chain_rollback(151);
SELECT overlay(raw PLACING '\x01' FROM length(raw) - 4 FOR 1) AS tampered FROM sandbox_blocks WHERE height = 152 \gset
\set VERBOSITY sqlstate
SELECT chain_apply_block(152, :'tampered');
\set VERBOSITY default
-- What was rolled back by hand is followed again.
SELECT sandbox_evict(repeat('0', 64)::txid);
SELECT * FROM tip();

-- A coinbase can pay somebody.
SELECT sandbox_mine(1, address(2));
SELECT is_coinbase, status, block_height FROM chain_transactions WHERE is_coinbase;

--
-- Any transaction can be broadcast
--
SELECT sandbox_pay(address(1), 5000) AS parent \gset
SELECT spend(:'parent', 0, 2, 4000) AS child_raw \gset
SELECT sandbox_submit(:'child_raw') AS child \gset
SELECT transaction_txid(:'child_raw') = :'child'::txid AS same, waiting(), fate(:'parent'), fate(:'child');
-- Again, it stays.
SELECT sandbox_submit(:'child_raw') = :'child'::txid AS same, waiting();
-- A conflicting one takes its place, and that of all that depends on it.
SELECT sandbox_submit(spend(:'child', 0, 2, 3000)) AS grandchild \gset
SELECT waiting(), fate(:'grandchild');
SELECT sandbox_submit(spend(:'parent', 0, 1, 4500)) AS rival \gset
SELECT waiting(), fate(:'parent'), fate(:'child'), fate(:'grandchild'), fate(:'rival');
-- Mined in order, parents first.
SELECT sandbox_mine();
SELECT waiting(), fate(:'parent'), fate(:'rival'), fate(:'child');
-- Once mined, again, it stays where it is; what conflicts with it is refused.
SELECT sandbox_submit(spend(:'parent', 0, 1, 4500)) = :'rival'::txid AS same, waiting();
\set VERBOSITY terse
SELECT sandbox_submit(:'child_raw');
-- Nor can one take the place of its own parent.
SELECT sandbox_pay(address(1), 6000) AS parent \gset
SELECT sandbox_submit(spend(:'parent', 0, 2, 5000)) AS child \gset
SELECT replace(replace(spend(:'parent', 0, 2, 4000), '0200000001', '0200000002'), '00fdffffff',
               '00fdffffff' || encode(txid_send(:'child'), 'hex') || '0000000000fdffffff') AS incest \gset
SELECT jsonb_array_length(decode_transaction(:'incest') -> 'vin') AS inputs;
SELECT sandbox_submit(:'incest');
-- A block's first transaction, and one that no block may hold, have no place here.
SELECT sandbox_submit(encode(substring(raw, 82), 'hex')) FROM sandbox_blocks WHERE height = 1;
SELECT sandbox_pay(script_to_address('\x51024e73'), 1000);
SELECT sandbox_submit('02000000' || '01' || repeat('11', 36) || '00' || 'ffffffff' || '01' || repeat('00', 8)
                      || 'fea0860100' || repeat('6a', 100000) || '00000000');
\set VERBOSITY default
SELECT waiting(), fate(:'parent'), fate(:'child');
SELECT sandbox_mine();

--
-- Double-spending
--
SELECT sandbox_pay(address(1), 7000) AS victim \gset
SELECT sandbox_submit(spend(:'victim', 0, 2, 6000)) AS child \gset
SELECT sandbox_double_spend(:'victim') AS thief \gset
SELECT waiting(), fate(:'victim'), fate(:'child'), fate(:'thief');
SELECT replaced_by = :'thief'::txid AS by_thief FROM chain_transactions WHERE txid = :'victim';
-- Of the replacement too.
SELECT sandbox_double_spend(:'thief') NOT IN (:'thief'::txid, :'victim'::txid) AS differs;
SELECT waiting();
SELECT sandbox_mine();
SELECT fate(:'victim'), fate(:'child');
\set VERBOSITY terse
SELECT sandbox_double_spend(:'victim');
SELECT sandbox_double_spend(:'many');
SELECT sandbox_double_spend(repeat('0', 64)::txid);
\set VERBOSITY default

--
-- Eviction
--
SELECT sandbox_pay(address(1), 8000) AS dropped \gset
SELECT sandbox_submit(spend(:'dropped', 0, 2, 7000)) AS child \gset
SELECT sandbox_evict(:'dropped'), waiting(), fate(:'dropped'), fate(:'child');
SELECT sandbox_evict(:'dropped'), sandbox_evict(:'many'), fate(:'many');

--
-- Reorganisation
--
SELECT height AS before FROM chain_state \gset
SELECT sandbox_pay(address(1), 9000) AS paid \gset
SELECT sandbox_mine() - :before AS above;
SELECT sandbox_pay(address(9), 9000) AS unrelated \gset
SELECT sandbox_submit(spend(:'paid', 0, 2, 8000)) AS child \gset
SELECT sandbox_mine(2) - :before AS above;
SELECT sandbox_submit(spend(:'child', 0, 1, 7000)) AS grandchild \gset
SELECT sandbox_reorg(3) - :before AS above;
SELECT * FROM tip();
SELECT fate(:'paid'), fate(:'child'), fate(:'grandchild'), fate(:'unrelated'), waiting();
SELECT array_agg(txid ORDER BY position) = ARRAY[:'paid', :'unrelated', :'child', :'grandchild']::txid[] AS in_order
FROM sandbox_mempool;
-- Now it can be double-spent.
SELECT sandbox_double_spend(:'paid') <> :'paid' AS differs;
SELECT fate(:'paid'), fate(:'child'), fate(:'grandchild'), waiting();
SELECT sandbox_mine() - :before AS above;
-- The same transactions in both branches: nothing changes but their blocks.
SELECT sandbox_pay(address(1), 9000) AS paid \gset
SELECT sandbox_mine(2) - :before AS above;
SELECT block_height - :before AS above, block_hash AS old_hash FROM chain_transactions WHERE txid = :'paid' \gset
SELECT :above AS above;
SELECT max(id) AS last_event FROM events \gset
SELECT sandbox_reorg(2, keep_transactions => true) - :before AS above;
SELECT status, block_height - :before AS above, block_hash <> :'old_hash' AS in_new_block, waiting()
FROM chain_transactions WHERE txid = :'paid';
SELECT type, count(*) FROM events WHERE id > :last_event GROUP BY type ORDER BY type;
-- What spends a coinbase goes with it.
SELECT sandbox_mine(1, address(2)) - :before AS above;
SELECT txid AS coinbase FROM chain_transactions WHERE is_coinbase ORDER BY block_height DESC LIMIT 1 \gset
SELECT sandbox_submit(spend(:'coinbase', 0, 1, 1000)) AS child \gset
SELECT fate(:'child');
SELECT sandbox_reorg(1) - :before AS above;
SELECT waiting(), fate(:'child');
-- No deeper than may be.
SET charmbills.max_reorg_depth = 5;
\set VERBOSITY sqlstate
SELECT sandbox_reorg(0);
SELECT sandbox_reorg(-1);
SELECT sandbox_reorg(6);
\set VERBOSITY default
SELECT sandbox_reorg(5) - :before AS above;
RESET charmbills.max_reorg_depth;

--
-- A watch that a block was hidden from is armed after it has seen it
--
SELECT sandbox_pay(address(3), 1000) AS early \gset
SELECT sandbox_mine(2) - :before AS above;
SELECT fate(:'early');
SELECT sandbox_pay(address(3), 2000) AS waiting \gset
SELECT watch(3);
UPDATE watched_scripts SET offered_height = offered_height - 2 WHERE NOT is_armed;
SELECT sandbox_evict(repeat('0', 64)::txid);
SELECT status, block_height - :before AS above FROM chain_transactions WHERE txid = :'early';
SELECT fate(:'waiting');
SELECT count(*) FROM watched_scripts WHERE NOT is_armed;
SELECT count(*) FROM watched_outpoints WHERE NOT is_armed;

--
-- The clock
--
\set VERBOSITY sqlstate
SELECT sandbox_advance_clock('0');
SELECT sandbox_advance_clock('-1 day');
SELECT sandbox_advance_clock('100 years');
SELECT sandbox_advance_clock('1000000 years');
\set VERBOSITY default
SELECT test_clock IS NULL AS unset FROM chain_state;
SELECT sandbox_advance_clock('1 day') - transaction_timestamp() AS from_now;
SELECT charmbills.now() AS clock \gset
SELECT sandbox_advance_clock('30 days') - :'clock' AS step;
SELECT charmbills.now() - :'clock' AS step, followed_until = charmbills.now() AS followed FROM chain_state;
-- Blocks are found while it moves; they carry its time, and their median follows.
SELECT sandbox_mine(6) - :before AS above;
SELECT max(median_time) BETWEEN date_trunc('second', charmbills.now()) AND charmbills.now() + '1 minute' AS is_median FROM blocks;
SELECT sandbox_mine(20) - :before AS above;
-- Billing runs wherever something falls due on the way, and not before.
INSERT INTO plans (merchant_id, service_name, price_sats, billing_cycle, status)
SELECT id, 'Service', 1000, 'monthly', 'active' FROM merchants;
INSERT INTO customers (merchant_id, external_id) SELECT m.id, n FROM merchants m, generate_series(1, 3) n;
INSERT INTO subscription_facts (plan_id, merchant_id, customer_id, status, cycle, timezone, grace, anchor)
SELECT p.id, p.merchant_id, c.id, 'pending', 'monthly', 'UTC', '0', charmbills.now() FROM plans p, customers c;
INSERT INTO invoices (number, merchant_id, subscription_id, customer_id, kind, amount_sats, address, script,
                      confirmations, status, due_at, expires_at, period_start, period_end)
SELECT n, s.merchant_id, s.id, c.id, 'period', 1000, address(100 + n), address_to_script(address(100 + n)),
       1, 'open', s.anchor, s.anchor + n * interval '1 hour', s.anchor, s.anchor + interval '1 month'
FROM subscription_facts s JOIN customers c ON c.id = s.customer_id, LATERAL CAST(c.external_id AS integer) n;
SELECT sandbox_advance_clock('59 minutes') - :'clock' AS step;
SELECT number, status FROM invoices ORDER BY number;
SELECT sandbox_advance_clock('61 minutes') - :'clock' AS step;
SELECT number, status FROM invoices ORDER BY number;
SELECT type, occurred_at - :'clock' AS step FROM events WHERE type = 'invoice.expired' ORDER BY id;

--
-- A chain that is not the sandbox's own
--
BEGIN;
DELETE FROM sandbox_blocks WHERE height = (SELECT height FROM chain_state);
\set VERBOSITY sqlstate
SELECT sandbox_mine();
\set VERBOSITY default
ROLLBACK;
SELECT * FROM tip();

\c :home
DROP DATABASE charmbills_sandbox;
DROP ROLE charmbills_test_visitor;
