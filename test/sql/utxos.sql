-- Reserving UTXOs; in a database of its own.
SELECT current_database() AS home \gset
CREATE DATABASE charmbills_utxos;
\c charmbills_utxos
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
CREATE FUNCTION news() RETURNS SETOF text LANGUAGE sql VOLATILE AS
$$ SELECT type || ' ' || split_part(subject, ':', 1) || coalesce(' at ' || (payload->>'height'), '')
   FROM events WHERE type ~ '^(utxo|transaction)\.' ORDER BY id $$;

-- The first caller has it
SELECT mark_utxo_used(utxo(1), 'mint', 'worker 1');
SELECT mark_utxo_used(utxo(1), 'mint', 'worker 2');
SELECT mark_utxo_used(utxo => utxo(2), used_by => 'send', merchant_id => :'alice');
SELECT is_utxo_used(utxo(1)), is_utxo_used(utxo(2)), is_utxo_used(utxo(3));
-- All or nothing, in any order; what is named twice is one
SELECT mark_utxos_used(ARRAY[utxo(5), utxo(1), utxo(4)], 'batch');
SELECT is_utxo_used(utxo(4)), is_utxo_used(utxo(5));
SELECT mark_utxos_used(ARRAY[utxo(5), utxo(4), utxo(5)], 'batch', 'me', :'bob');
SELECT outpoint = utxo(1) AS first, m.name, used_by, marked_by, confirmed, spent_by
FROM used_utxos u LEFT JOIN merchants m ON m.id = u.merchant_id ORDER BY outpoint;
SELECT count(*) FROM watched_outpoints WHERE outpoint IN (utxo(1), utxo(2), utxo(4), utxo(5));
-- Undone with its transaction
BEGIN;
SELECT mark_utxo_used(utxo(6), 'mint');
ROLLBACK;
SELECT is_utxo_used(utxo(6));

-- Refusals
\set VERBOSITY terse
SELECT mark_utxo_used(NULL, 'mint');
SELECT mark_utxo_used(utxo(7), NULL);
SELECT mark_utxos_used('{}', 'mint');
SELECT mark_utxos_used(ARRAY[utxo(7), NULL], 'mint');
SELECT mark_utxo_used(utxo(7), 'mint', NULL, '00000000-0000-0000-0000-000000000000');
SELECT mark_utxo_used('1:0', 'mint');
SELECT is_utxo_used(NULL);
SELECT confirm_utxo(utxo(7));
SELECT confirm_utxo(NULL);
SELECT cleanup_utxos('-1 hour');
SELECT cleanup_utxos(NULL);

-- The chain shows who spends it, and takes it back
SELECT sandbox_mine(1);
SELECT transaction_txid(spend(ARRAY[utxo(2), utxo(9)], 1)) AS first, transaction_txid(spend(ARRAY[utxo(2)], 2)) AS other \gset
SELECT sandbox_submit(spend(ARRAY[utxo(2), utxo(9)], 1)) = :'first' AS sent;
SELECT spent_by = :'first' AS by_first, spent_height, confirmed FROM used_utxos WHERE outpoint = utxo(2);
SELECT sandbox_mine(1);
SELECT spent_by = :'first' AS by_first, spent_height, confirmed FROM used_utxos WHERE outpoint = utxo(2);
SELECT sandbox_reorg(1);
SELECT spent_by = :'first' AS by_first, spent_height, confirmed FROM used_utxos WHERE outpoint = utxo(2);
SELECT sandbox_submit(spend(ARRAY[utxo(2)], 2)) = :'other' AS sent;
SELECT spent_by = :'other' AS by_other, spent_height, confirmed FROM used_utxos WHERE outpoint = utxo(2);
SELECT sandbox_evict(:'other');
SELECT spent_by, spent_height, confirmed FROM used_utxos WHERE outpoint = utxo(2);
SELECT * FROM news();
-- Reserved when it is spent already
SELECT mark_utxo_used(utxo(10), 'one');
SELECT sandbox_submit(spend(ARRAY[utxo(10), utxo(11)], 3)) IS NOT NULL AS sent;
SELECT mark_utxo_used(utxo(11), 'two');
SELECT spent_by = transaction_txid(spend(ARRAY[utxo(10), utxo(11)], 3)) AS spent FROM used_utxos WHERE outpoint = utxo(11);
-- For good at the depth that the setting asks for, and no longer when that is undone
SET charmbills.confirmations = 3;
SELECT sandbox_mine(2);
SELECT spent_height, matures_at_height, confirmed FROM used_utxos WHERE outpoint = utxo(11);
SELECT sandbox_mine(1);
SELECT spent_height, matures_at_height, confirmed FROM used_utxos WHERE outpoint = utxo(11);
SELECT chain_rollback(5);
SELECT spent_height, matures_at_height, confirmed FROM used_utxos WHERE outpoint = utxo(11);
RESET charmbills.confirmations;

-- Cleaning up: the old ones that nothing is known of
SELECT confirm_utxo(utxo(4)), confirm_utxo(utxo(4));
SELECT cleanup_utxos();
UPDATE used_utxos SET used_at = now() - interval '3 days';
SELECT cleanup_utxos('4 days');
SELECT cleanup_utxos();
SELECT array_agg(n) FROM generate_series(1, 12) n WHERE is_utxo_used(utxo(n));
SELECT count(*) FROM watched_outpoints WHERE outpoint IN (utxo(1), utxo(2), utxo(4), utxo(5)) AND spender = repeat('0', 64)::txid;
SELECT mark_utxo_used(utxo(1), 'again');

-- A merchant's role acts for its own merchant alone
CREATE ROLE regress_charmbills_utxos;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA charmbills TO regress_charmbills_utxos;
SELECT grant_merchant('regress_charmbills_utxos', :'alice');
SET ROLE regress_charmbills_utxos;
SELECT mark_utxo_used(utxo(21), 'mine', NULL, :'alice');
SELECT mark_utxo_used(utxo(22), 'theirs', NULL, :'bob');
SELECT mark_utxo_used(utxo(22), 'nobody''s');
SELECT confirm_utxo(utxo(21));
SELECT confirm_utxo(utxo(4));
SELECT confirm_utxo(utxo(1));
RESET ROLE;
UPDATE used_utxos SET used_at = now() - interval '3 days', confirmed = false WHERE outpoint IN (utxo(1), utxo(4), utxo(21));
SET ROLE regress_charmbills_utxos;
SELECT cleanup_utxos();
RESET ROLE;
SELECT is_utxo_used(utxo(1)), is_utxo_used(utxo(4)), is_utxo_used(utxo(21));
DROP OWNED BY regress_charmbills_utxos;
DROP ROLE regress_charmbills_utxos;

\c :home
DROP DATABASE charmbills_utxos;
