-- Plans whose tokens give access: their settings, and who has access, of
-- random charms at random times, against a plain query.
SET search_path = public, charmbills, tap;
SET timezone = 'UTC';
SELECT plan(54);

SELECT sandbox_mine() AS height \gset
SELECT (create_merchant(name => 'Shop', address => 'bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk', timezone => 'Asia/Tokyo')).id AS shop \gset
CREATE FUNCTION identity(n integer) RETURNS text LANGUAGE sql IMMUTABLE RETURN encode(sha256(('app ' || n)::bytea), 'hex');
CREATE FUNCTION vk() RETURNS text LANGUAGE sql IMMUTABLE RETURN repeat('5a', 32);
CREATE FUNCTION script_of(n integer) RETURNS bytea LANGUAGE sql IMMUTABLE RETURN '\x0014' || substr(sha256(n::text::bytea), 1, 20);
CREATE FUNCTION address_of(n integer) RETURNS text LANGUAGE sql STABLE RETURN charmbills.script_to_address(script_of(n));

--
-- Settings
--

SELECT results_eq(format($$ SELECT status, entitlement, token_units, token_access, accept_beamed, nft_state
                            FROM create_plan(%L, 'Plain', 1000) $$, :'shop'),
                  $$ VALUES ('active', 'payment', 1::numeric, 'held', false, 'unborn') $$,
                  'a plan without charms is paid for');
SELECT results_eq(format($$ SELECT status, app_vk, entitlement, token_units, token_access, accept_beamed
                            FROM create_plan(%L, 'Tokens', 0, app_id => identity(1), app_vk => upper(vk()), entitlement => 'token',
                                             token_units => 3, token_access => 'cycle', accept_beamed => true) $$, :'shop'),
                  $$ VALUES ('pending_signature', vk(), 'token', 3::numeric, 'cycle', true) $$,
                  'one whose tokens give access waits for its mint');
SELECT id AS tokens FROM plans WHERE service_name = 'Tokens' \gset
SELECT results_eq(format($$ SELECT status, app_id, app_vk FROM create_plan(%L, 'Later', 0, entitlement => 'either') $$, :'shop'),
                  $$ VALUES ('pending_signature', NULL::text, NULL::text) $$,
                  'so does one that has no app yet');
SELECT id AS later FROM plans WHERE service_name = 'Later' \gset
SELECT results_eq(format($$ SELECT status, app_vk FROM create_plan(%L, 'Payment', 1000, app_id => identity(2)) $$, :'shop'),
                  $$ VALUES ('pending_signature', NULL::text) $$,
                  'a plan with an app and no key is not followed');
SELECT id AS unfollowed FROM plans WHERE service_name = 'Payment' \gset
SET charmbills.app_vk = '5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a';
SELECT is((create_plan(:'shop', 'Default', 1000, app_id => identity(3))).app_vk, vk(), 'the key is the setting''s where none is given');
SELECT is((create_plan(:'shop', 'Default later', 1000, entitlement => 'token')).app_vk, vk(), 'also where the app is to come');
SELECT is((create_plan(:'shop', 'No app', 1000)).app_vk, NULL, 'but not where there is none');
SELECT is((create_plan(:'shop', 'Other key', 1000, app_id => identity(4), app_vk => repeat('11', 32))).app_vk, repeat('11', 32),
          'and never in place of one that is given');
RESET charmbills.app_vk;

SELECT throws_ok(format('SELECT create_plan(%L, ''X'', 0, entitlement => ''love'')', :'shop'), 'CB011', NULL, 'entitlement is one of three');
SELECT throws_ok(format('SELECT create_plan(%L, ''X'', 0, token_access => ''always'')', :'shop'), 'CB011', NULL, 'token_access one of two');
SELECT throws_ok(format('SELECT create_plan(%L, ''X'', 0, token_units => %s)', :'shop', units), 'CB011', NULL, 'token_units is not ' || units)
FROM unnest(ARRAY['0', '-1', '1.5', '18446744073709551616', '''NaN''', '''Infinity''']) AS units;
SELECT throws_ok(format('SELECT create_plan(%L, ''X'', 0, app_id => identity(9), entitlement => ''token'')', :'shop'), 'CB011',
                 'a token gives access to no plan whose charms are not followed', 'tokens that are not followed give no access');
SELECT throws_ok(format('SELECT create_plan(%L, ''X'', 0, app_id => identity(9), app_vk => vk(), %s)', :'shop', given), 'CB011', NULL,
                 'of a plan that is followed nobody gives ' || given)
FROM unnest(ARRAY['remaining_supply => 0', 'remaining_supply => 5', 'nft_utxo => outpoint(repeat(''00'', 32)::txid, 1)']) AS given;
SELECT throws_ok(format('SELECT update_plan(%L, %s)', :'tokens', given), 'CB011', NULL, 'nor later ' || given)
FROM unnest(ARRAY['remaining_supply => 0', 'nft_utxo => outpoint(repeat(''00'', 32)::txid, 1)']) AS given;
SELECT is((update_plan(:'unfollowed', remaining_supply => 7)).remaining_supply, 7::numeric, 'of any other plan they do');
SELECT is((update_plan(:'unfollowed', remaining_supply => 0)).remaining_supply, 0::numeric, 'and zero is zero');

SELECT results_eq(format($$ SELECT entitlement, token_units, token_access FROM update_plan(%L, entitlement => 'either', token_units => 2,
                                                                                      token_access => 'held') $$, :'tokens'),
                  $$ VALUES ('either', 2::numeric, 'held') $$, 'what gives access can be changed');
SELECT throws_ok(format('SELECT update_plan(id, entitlement => ''token'') FROM plans WHERE service_name = ''Plain''', 0), 'CB011', NULL,
                 'but not to tokens where nobody follows any');
SELECT throws_ok(format('SELECT update_plan(%L, accept_beamed => false)', :'tokens'), 'CB010', NULL,
                 'whether beamed tokens count stays as it is');
SELECT lives_ok(format('SELECT update_plan(%L, accept_beamed => true)', :'tokens'), 'and may be said again');
SELECT is((update_plan(:'later', accept_beamed => true)).accept_beamed, true, 'before anything is followed it may change');

-- Importing
CREATE FUNCTION stored(changes jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql STABLE AS
$$ SELECT jsonb_strip_nulls(jsonb_build_object('id', 'plan-1', 'serviceName', 'Old news', 'priceBTC', 0.00012345,
       'merchantAddress', 'bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk', 'nftUtxoId', repeat('00', 32) || ':5',
       'appId', identity(20), 'appVk', vk(), 'remaining', 9, 'createdAt', '2025-01-31T12:00:00.000Z') || changes) $$;
SELECT results_eq($$ SELECT status, nft_utxo IS NULL, remaining_supply, metadata, nft_state FROM import_plan(stored()) $$,
                  $$ VALUES ('active', true, NULL::numeric,
                             jsonb_build_object('id', 'plan-1', 'nftUtxoId', repeat('00', 32) || ':5', 'remaining', 9), 'unborn') $$,
                  'an imported plan is on sale, and what was said of its NFT is kept for what it is');
SELECT results_eq($$ SELECT entitlement, token_units, token_access, accept_beamed, metadata FROM import_plan(stored(
                     '{"id": "2", "nftUtxoId": null, "remaining": null, "entitlement": "Token", "tokenUnits": "4", "tokenAccess": "cycle",
                       "acceptBeamed": true}')) $$,
                  $$ VALUES ('token', 4::numeric, 'cycle', true, '{"id": "2"}'::jsonb) $$, 'with its terms');
SELECT throws_ok(format('SELECT import_plan(stored(%L))', '{"id": "3", "nftUtxoId": null}'::jsonb || changes::jsonb), 'CB011', NULL,
                 'not with ' || changes)
FROM unnest(ARRAY['{"tokenUnits": "many"}', '{"tokenUnits": 0}', '{"acceptBeamed": "yes"}', '{"entitlement": "love"}',
                  '{"remaining": 1.5}', '{"appVk": null, "entitlement": "token"}']) AS changes;
SELECT results_eq($$ SELECT nft_utxo IS NOT NULL, remaining_supply FROM import_plan(stored('{"id": "4", "appVk": null, "nftUtxoId": null, "remaining": 0}')) $$,
                  $$ VALUES (false, 0::numeric) $$, 'of one that is not followed the stored supply holds');

--
-- Who has access
--

CREATE TABLE asked AS
SELECT p.id AS plan, k AS kind FROM unnest(ARRAY['token held', 'token cycle', 'either held', 'either cycle', 'payment held']) WITH ORDINALITY AS u(k, n),
    LATERAL create_plan(:'shop', k, 1000, app_id => identity(30 + n::integer), app_vk => vk(), token_units => 5, billing_cycle => 'monthly',
                        entitlement => split_part(k, ' ', 1), token_access => split_part(k, ' ', 2)) AS p;

SELECT setseed(0.17) \gset
-- Hours around noon, so that they often meet; or none.
CREATE FUNCTION some_time(odds double precision) RETURNS timestamptz LANGUAGE sql AS
$$ SELECT CASE WHEN random() < odds THEN timestamptz '2030-01-01 12:00' + floor(13 * random() - 6) * interval '1 hour' END $$;
INSERT INTO charms (outpoint, plan_id, merchant_id, script, amount, beamed_to, block_height, received_at, minted_at,
                    spent_by, spent_height, spent_at, is_unknown)
SELECT outpoint(encode(sha256((n || a.kind)::bytea), 'hex')::txid, n), a.plan, :'shop', script_of(1 + n % 30),
       floor(4 * random()) + CASE WHEN random() < 0.2 THEN 18446744073709551610 ELSE 0 END,
       CASE WHEN random() < 0.1 THEN sha256('x') END, 1, '2029-11-01',
       CASE WHEN random() < 0.9 THEN some_time(1) - interval '1 month' END,
       CASE WHEN spent IS NOT NULL THEN repeat('ee', 32)::txid END, CASE WHEN spent IS NOT NULL THEN 1 END, spent - interval '7 days',
       spent IS NOT NULL AND random() < 0.7
FROM asked a, generate_series(1, 90) AS n, LATERAL (SELECT some_time(0.4) AS spent WHERE n > 0 AND a.plan IS NOT NULL OFFSET 0) AS s;

-- Customers: by name with one address, or two; some have paid.
INSERT INTO customers (merchant_id, external_id, address)
SELECT :'shop', 'customer ' || n, CASE WHEN n % 3 > 0 THEN address_of(n) END FROM generate_series(1, 30) AS n;
INSERT INTO subscription_facts (plan_id, merchant_id, customer_id, subscriber_address, status, cycle, timezone, grace, anchor,
                                paid_through, grace_until)
SELECT a.plan, :'shop', c.id, CASE WHEN random() < 0.7 THEN address_of((1 + floor(30 * random()))::integer) END,
       'pending', 'monthly', 'UTC', '0', '2029-12-01', paid, paid
FROM customers c, asked a, LATERAL (SELECT some_time(0.4) AS paid WHERE c.id IS NOT NULL AND a.plan IS NOT NULL OFFSET 0) AS p
WHERE random() < 0.6;

CREATE VIEW questions AS
SELECT a.plan, q.name, q.address
FROM asked a,
     LATERAL (SELECT 'customer ' || n AS name, NULL AS address FROM generate_series(0, 30) AS n
              UNION ALL SELECT NULL, address_of(n) FROM generate_series(0, 31) AS n
              UNION ALL SELECT 'customer ' || n, address_of(n) FROM generate_series(1, 30) AS n
              UNION ALL SELECT c.external_id, f.subscriber_address FROM subscription_facts f JOIN customers c ON c.id = f.customer_id
                        WHERE f.subscriber_address IS NOT NULL) AS q;

-- By the tables alone.
CREATE FUNCTION tokens_of(p plans, addresses text[]) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(c.amount), 0) FROM charms c
    WHERE c.plan_id = p.id AND script_to_address(c.script) = ANY (addresses) AND c.beamed_to IS NULL
          AND (c.spent_by IS NULL OR (c.is_unknown AND c.spent_at + interval '7 days' > lapse_clock()))
          AND (p.token_access = 'held' OR period_start(coalesce(c.minted_at, c.received_at), p.billing_cycle, 'Asia/Tokyo', 1) > lapse_clock()) $$;
CREATE FUNCTION should_be(plan uuid, name text, address text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT (p.entitlement <> 'token'
            AND EXISTS (SELECT FROM subscriptions s JOIN customers c ON c.id = s.customer_id
                        WHERE s.plan_id = p.id AND (should_be.name IS NULL OR c.external_id = should_be.name)
                              AND (should_be.address IS NULL OR s.subscriber_address = should_be.address)
                              AND s.status IN ('trialing', 'active', 'past_due')))
           OR (p.entitlement <> 'payment'
               AND tokens_of(p, CASE WHEN should_be.name IS NULL THEN ARRAY[should_be.address]
                    ELSE ARRAY(SELECT a FROM (SELECT c.address FROM customers c WHERE c.external_id = should_be.name
                                              UNION SELECT s.subscriber_address FROM subscriptions s JOIN customers c ON c.id = s.customer_id
                                              WHERE c.external_id = should_be.name AND s.plan_id = p.id) u(a)
                               WHERE should_be.address IS NULL OR a = should_be.address) END) >= p.token_units)
    FROM plans p WHERE p.id = should_be.plan $$;
CREATE FUNCTION wrong_answers() RETURNS TABLE (plan uuid, name text, address text, answer boolean) LANGUAGE sql STABLE AS $$
    SELECT plan, name, address, is_entitled(plan, address, name) FROM questions
    WHERE is_entitled(plan, address, name) IS DISTINCT FROM should_be(plan, name, address) $$;
CREATE PROCEDURE set_clock(at integer, followed integer) LANGUAGE sql AS $$
    UPDATE chain_state SET test_clock = timestamptz '2030-01-01' + at * interval '1 hour',
                           followed_until = timestamptz '2030-01-01' + followed * interval '1 hour' $$;
CALL set_clock(12, 12);
SELECT ok(bool_and(yes > 10 AND no > 10), 'of every kind of plan some have access and some have not')
FROM (SELECT count(*) FILTER (WHERE is_entitled(plan, address, name)) AS yes,
             count(*) FILTER (WHERE NOT is_entitled(plan, address, name)) AS no FROM questions GROUP BY plan) AS q;
SELECT is_empty('SELECT * FROM wrong_answers()', 'as the tables have it, at noon');
CALL set_clock(15, 15);
SELECT is_empty('SELECT * FROM wrong_answers()', 'three hours later');
CALL set_clock(15, 10);
SELECT is_empty('SELECT * FROM wrong_answers()', 'with the chain behind');
CALL set_clock(30, 30);
SELECT is_empty('SELECT * FROM wrong_answers()', 'and when all has run out');
SELECT is(is_entitled(a.plan, address_of(1000)), false, 'a stranger has no access') FROM asked a WHERE kind = 'token held';
CALL set_clock(12, 12);
SET charmbills.unknown_grace = 0;
CREATE TABLE without_grace AS SELECT q.*, is_entitled(plan, address, name) AS yes FROM questions q;
RESET charmbills.unknown_grace;
SELECT ok(count(*) > 0, 'without its grace what is unknown gives none')
FROM without_grace w WHERE NOT yes AND is_entitled(plan, address, name);

-- One unit is missing, or one hour.
CREATE FUNCTION has(amounts numeric[], minted timestamptz DEFAULT '2029-12-15') RETURNS boolean LANGUAGE sql AS $$
    DELETE FROM charms WHERE plan_id = (SELECT plan FROM asked WHERE kind = 'token cycle');
    INSERT INTO charms (outpoint, plan_id, merchant_id, script, amount, block_height, received_at, minted_at)
    SELECT outpoint(repeat('0b', 32)::txid, n::integer), a.plan, m.id, script_of(77), u.amount, 1, '2029-11-01', minted
    FROM asked a, merchants m, unnest(amounts) WITH ORDINALITY AS u(amount, n) WHERE kind = 'token cycle';
    SELECT is_entitled(plan, address_of(77)) FROM asked WHERE kind = 'token cycle' $$;
SELECT is(has('{5}'), true, 'five tokens are enough');
SELECT is(has('{4}'), false, 'four are not');
SELECT is(has('{2,2,1}'), true, 'they may be in several outputs');
SELECT is(has('{2,2}'), false, 'where one is missing, too');
-- The same address known twice of a customer is one.
INSERT INTO customers (merchant_id, external_id, address) VALUES (:'shop', 'twice', address_of(77));
INSERT INTO subscription_facts (plan_id, merchant_id, customer_id, subscriber_address, status, cycle, timezone, grace, anchor)
SELECT plan, :'shop', id, address_of(77), 'pending', 'monthly', 'UTC', '0', '2029-12-01' FROM customers, asked
WHERE external_id = 'twice' AND kind = 'token cycle';
SELECT has('{3}') AS three \gset
SELECT is(is_entitled(plan, external_id => 'twice'), false, 'three are not six by being counted twice') FROM asked WHERE kind = 'token cycle';
SELECT has('{5}') AS five \gset
SELECT is(is_entitled(plan, external_id => 'twice'), true, 'and five are five') FROM asked WHERE kind = 'token cycle';
-- A month from the mint, by the merchant's calendar: 21:00 on the 1st in Tokyo is noon.
SELECT is(has('{5}', '2029-12-01 12:00:01'), true, 'a cycle from the mint has not run out a second before');
SELECT is(has('{5}', '2029-12-01 12:00'), false, 'and has when it has');

--
-- Who holds them
--

SELECT results_eq($$ SELECT plan_id, address, amount, unknown_amount FROM charm_holders ORDER BY plan_id, address COLLATE "C" $$,
                  $$ SELECT plan_id, script_to_address(script), coalesce(sum(amount) FILTER (WHERE spent_by IS NULL), 0),
                            coalesce(sum(amount) FILTER (WHERE spent_by IS NOT NULL), 0)
                     FROM charms WHERE (spent_by IS NULL OR is_unknown) AND beamed_to IS NULL AND amount > 0
                     GROUP BY plan_id, script ORDER BY plan_id, script_to_address(script) COLLATE "C" $$,
                  'the view names every holder');

SELECT * FROM finish();
