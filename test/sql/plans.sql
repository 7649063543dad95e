-- Plans: making, changing, importing, and following their mint; in a database of its own.
SELECT current_database() AS home \gset
CREATE DATABASE charmbills_plans;
\c charmbills_plans
CREATE EXTENSION charmbills;
SET search_path = public, charmbills;
SET timezone = 'Asia/Tokyo';
SELECT script_to_address('\x0014' || decode(repeat('01', 20), 'hex')) AS address, script_to_address('\x0014' || decode(repeat('03', 20), 'hex')) AS new_address \gset
SELECT id AS alice FROM create_merchant(:'address', 'Alice') \gset
SELECT id AS bob FROM create_merchant(script_to_address('\x0014' || decode(repeat('02', 20), 'hex')), 'Bob') \gset
CREATE FUNCTION utxo(n integer) RETURNS outpoint LANGUAGE sql IMMUTABLE AS
$$ SELECT (lpad(to_hex(n), 64, '0') || ':' || n % 3)::outpoint $$;
CREATE FUNCTION identity(o outpoint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT encode(sha256(convert_to(o::text, 'UTF8')), 'hex') $$;
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
$$ WITH told AS (UPDATE events SET payload = payload || '{"told": true}'
                 WHERE NOT payload ? 'told' RETURNING id, type)
   SELECT type FROM told WHERE type ~ '^plan\.' ORDER BY id $$;

--
-- Making
--
SELECT merchant_address = :'address' AS hers, service_name, price_sats, billing_cycle, trial, grace, confirmations,
       tolerance_sats, allow_multiple, remaining_supply, status, metadata
FROM create_plan(:'alice', 'News', 25000);
SELECT service_name, price_sats, billing_cycle, trial, grace, confirmations, tolerance_sats, allow_multiple,
       ticker, app_id = repeat('ab', 32) AS app_id, app_vk, remaining_supply, nft_utxo = utxo(1) AS nft, status, metadata
FROM create_plan(:'alice', 'Club', 0, 'lifetime', '7 days', '1 day', 6, 0, true, 'CLUB', repeat('AB', 32), NULL, 1000, utxo(1), '{"colour": "red"}');
SELECT count(*) FROM watched_outpoints WHERE outpoint = utxo(1) AND spender = repeat('0', 64)::txid;
\set VERBOSITY terse
SELECT create_plan(NULL, 'News', 1);
SELECT create_plan(:'alice', NULL, 1);
SELECT create_plan(:'alice', 'News', NULL);
SELECT create_plan('00000000-0000-0000-0000-000000000000', 'News', 1);
SELECT create_plan(:'alice', '', 1);
SELECT create_plan(:'alice', 'News', -1);
SELECT create_plan(:'alice', 'News', 2100000000000001);
SELECT create_plan(:'alice', 'News', 1, 'fortnightly');
SELECT create_plan(:'alice', 'News', 1, trial => '-1 day');
SELECT create_plan(:'alice', 'News', 1, grace => '-1 day');
SELECT create_plan(:'alice', 'News', 1, confirmations => 1001);
SELECT create_plan(:'alice', 'News', 1, tolerance_sats => 2);
SELECT create_plan(:'alice', 'News', 1, tolerance_sats => -1);
SELECT create_plan(:'alice', 'News', 1, app_id => 'abc');
SELECT create_plan(:'alice', 'News', 1, app_vk => repeat('g', 64));
SELECT create_plan(:'alice', 'News', 1, remaining_supply => 0.5);
SELECT create_plan(:'alice', 'News', 1, remaining_supply => -1);
SELECT create_plan(:'alice', 'News', 1, remaining_supply => 'NaN');
SELECT create_plan(:'alice', 'News', 1, metadata => '[]');
SELECT create_plan(:'alice', 'News', 1, nft_utxo => '1:1');
\set VERBOSITY default
SELECT count(*) FROM plans;

--
-- Changing
--
SELECT id AS news FROM plans WHERE service_name = 'News' \gset
SELECT id AS plan FROM plans WHERE service_name = 'Club' \gset
SELECT service_name, price_sats, billing_cycle, grace, metadata FROM update_plan(:'news', price_sats => 30000, metadata => '{"new": 1}');
SELECT service_name, price_sats, nft_utxo = utxo(2) AS nft FROM update_plan(:'news', 'Daily news', nft_utxo => utxo(2));
SELECT count(*) FROM watched_outpoints WHERE outpoint = utxo(2);
SELECT status FROM deactivate_plan(:'news');
SELECT status FROM deactivate_plan(:'news');
SELECT status FROM activate_plan(:'news');
SELECT status FROM activate_plan(:'news');
SELECT * FROM news();
\set VERBOSITY terse
SELECT update_plan(NULL);
SELECT update_plan('00000000-0000-0000-0000-000000000000');
SELECT update_plan(:'news', price_sats => -5);
SELECT update_plan(:'news', tolerance_sats => 30001);
SELECT update_plan(:'news', billing_cycle => 'never');
SELECT update_plan(:'news', service_name => '');
SELECT deactivate_plan('00000000-0000-0000-0000-000000000000');
SELECT deactivate_plan(:'plan');
SELECT activate_plan(:'plan');
UPDATE plans SET status = 'active' WHERE id = :'plan';
\set VERBOSITY default

--
-- The mint: only what spends the plan's identity makes it active
--
SELECT sandbox_mine(1);
SELECT id AS minted FROM create_plan(:'alice', 'Minted', 1000, app_id => identity(utxo(10))) \gset
SELECT status FROM broadcast_package(spend(ARRAY[utxo(11)], 1), plan_id => :'minted');
SELECT sandbox_mine(1);
SELECT status FROM plans WHERE id = :'minted';
SELECT type FROM broadcast_package(spend(ARRAY[utxo(12), utxo(10)], 2), plan_id => :'minted');
SELECT status FROM plans WHERE id = :'minted';
SELECT sandbox_mine(1);
SELECT status FROM plans WHERE id = :'minted';
SELECT * FROM news();
SELECT sandbox_reorg(1);
SELECT status FROM plans WHERE id = :'minted';
SELECT sandbox_mine(1);
SELECT status FROM plans WHERE id = :'minted';
SELECT * FROM news();
-- What uses its NFT later does not undo the mint
SELECT nft_utxo IS NOT NULL AS nft FROM update_plan(:'minted', nft_utxo => outpoint(transaction_txid(spend(ARRAY[utxo(12), utxo(10)], 2)), 0));
SELECT status FROM broadcast_package(spend(ARRAY[outpoint(transaction_txid(spend(ARRAY[utxo(12), utxo(10)], 2)), 0)], 3), plan_id => :'minted', type => 'mint-token');
SELECT sandbox_mine(1);
SELECT sandbox_reorg(1);
SELECT status FROM plans WHERE id = :'minted';
SELECT * FROM news() WHERE news <> 'plan.updated';
-- Taken off sale it stays off, whatever the chain does
SELECT status FROM deactivate_plan(:'minted');
SELECT sandbox_reorg(3);
SELECT status FROM plans WHERE id = :'minted';
SELECT activate_plan(:'minted');
SELECT sandbox_mine(1);
SELECT status FROM plans WHERE id = :'minted';
SELECT status FROM activate_plan(:'minted');
-- Double-spent it has failed, and is back with the mint
SELECT sandbox_reorg(2);
SELECT sandbox_submit(spend(ARRAY[utxo(10)], 4)) AS thief \gset
SELECT status FROM plans WHERE id = :'minted';
SELECT * FROM news();
SELECT sandbox_submit(spend(ARRAY[utxo(12), utxo(10)], 2)) IS NOT NULL AS again, sandbox_mine(1);
SELECT status FROM plans WHERE id = :'minted';
SELECT * FROM news();

--
-- Importing
--
CREATE FUNCTION stored(changes jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql STABLE AS
$$ SELECT jsonb_strip_nulls(jsonb_build_object('id', 'plan-1', 'serviceName', 'Old news', 'priceBTC', 0.00012345, 'billingCycle', 'Monthly',
       'merchantAddress', script_to_address('\x0014' || decode(repeat('01', 20), 'hex')), 'nftUtxoId', utxo(40)::text, 'ticker', 'OLD',
       'appId', repeat('cd', 32), 'remaining', 0, 'createdAt', '2025-01-31T12:00:00.000Z',
       'description', 'as it was') || changes) $$;
SELECT merchant_id = :'alice' AS hers, service_name, price_sats, billing_cycle, ticker, nft_utxo = utxo(40) AS nft,
       remaining_supply, status, metadata, created_at AT TIME ZONE 'UTC' AS created_at
FROM import_plan(stored());
SELECT count(DISTINCT id) FROM (SELECT (import_plan(stored())).id UNION ALL SELECT (import_plan(stored('{"serviceName": "Renamed"}'))).id) twice;
SELECT count(*), min(service_name) FROM plans WHERE import_key IS NOT NULL;
SELECT count(*) FROM watched_outpoints WHERE outpoint = utxo(40);
SELECT * FROM news();
SELECT status FROM deactivate_plan((SELECT id FROM plans WHERE import_key IS NOT NULL));
SELECT status FROM activate_plan((SELECT id FROM plans WHERE import_key IS NOT NULL));
-- Other spellings; with the merchant
SELECT merchant_address = :'new_address' AS theirs, price_sats, billing_cycle, remaining_supply, status, metadata, created_at AT TIME ZONE 'UTC' AS created_at
FROM import_plan(jsonb_build_object('id', 'plan-2', 'serviceName', 'Other', 'priceBtc', '0.5', 'bitcoinAddress', upper(:'new_address'),
                                    'remainingSupply', '21', 'createdAt', 1738324800000));
SELECT name FROM merchants WHERE address = :'new_address';
SELECT price_sats, billing_cycle, remaining_supply FROM import_plan(stored('{"id": "3", "nftUtxoId": null, "priceBTC": 1e-8, "remaining": null, "billingCycle": "yearly"}'));
\set VERBOSITY terse
SELECT import_plan(NULL);
SELECT import_plan('[]');
SELECT import_plan('{}');
SELECT import_plan(stored('{"serviceName": null}'));
SELECT import_plan(stored('{"priceBTC": 0.000000001}'));
SELECT import_plan(stored('{"priceBTC": "1,5"}'));
SELECT import_plan(stored('{"priceBTC": -1}'));
SELECT import_plan(stored('{"priceBTC": 21000001}'));
SELECT import_plan(stored('{"priceBTC": null}'));
SELECT import_plan(stored('{"merchantAddress": null}'));
SELECT import_plan(stored('{"merchantAddress": "nobody"}'));
SELECT import_plan(stored('{"merchantAddress": "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"}'));
SELECT import_plan(stored('{"id": null, "nftUtxoId": null}'));
SELECT import_plan(stored('{"nftUtxoId": "xyz:1"}'));
SELECT import_plan(stored('{"remaining": "many", "id": "4", "nftUtxoId": null}'));
SELECT import_plan(stored('{"remaining": 1.5, "id": "4", "nftUtxoId": null}'));
SELECT import_plan(stored('{"appId": "1"}'));
SELECT import_plan(stored('{"billingCycle": "sometimes"}'));
SELECT import_plan(stored('{"createdAt": "yesterday evening"}'));
\set VERBOSITY default
SELECT count(*) FROM plans WHERE import_key IS NOT NULL;

--
-- A merchant's role
--
CREATE ROLE regress_charmbills_plans;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public, charmbills TO regress_charmbills_plans;
SELECT grant_merchant('regress_charmbills_plans', :'alice');
SELECT id AS bobs FROM create_plan(:'bob', 'Bob''s', 1) \gset
SET ROLE regress_charmbills_plans;
SELECT service_name FROM create_plan(:'alice', 'Mine', 1);
SELECT service_name FROM import_plan(stored('{"nftUtxoId": null, "id": "5"}'));
\set VERBOSITY terse
SELECT create_plan(:'bob', 'His', 1);
SELECT update_plan(:'bobs', price_sats => 0);
SELECT deactivate_plan(:'bobs');
SELECT activate_plan(:'bobs');
SELECT import_plan(stored(jsonb_build_object('merchantAddress', script_to_address('\x0014' || decode(repeat('02', 20), 'hex')))));
SELECT import_plan(stored(jsonb_build_object('merchantAddress', script_to_address('\x0014' || decode(repeat('09', 20), 'hex')))));
RESET ROLE;
DROP OWNED BY regress_charmbills_plans;
DROP ROLE regress_charmbills_plans;

\c :home
DROP DATABASE charmbills_plans;
