-- A plan's terms: what they may be, what is kept of its prices, and creating things once.
SET search_path = public, charmbills, tap;
SET timezone = 'UTC';
SELECT plan(112);

SELECT sandbox_mine() AS height \gset
SELECT sandbox_advance_clock('1 second') AS clock \gset
SELECT (create_merchant(name => 'Shop',
    descriptor => 'wpkh(tpubDC5FSnBiZDMmhiuCmWAYsLwgLYrrT9rAqvTySfuCCrgsWz8wxMXUS9Tb9iVMvcRbvFcAHGkMD5Kx8koh4GquNGNTfohfk7pgjhaPCdXpoba/0/*)')).id AS shop,
       (create_merchant(name => 'Stall', address => 'bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk')).id AS stall \gset

-- Usual and given terms
SELECT (create_plan(:'shop', 'Usual', 1000)).id AS usual \gset
SELECT is((SELECT (price_sats, currency, price, tolerance_percent, tax_rate, min_invoice_sats, lead_time, restart, trial_once, dunning,
                   uncollectible_after)::text FROM plans WHERE id = :'usual'),
          '(1000,,,0,0,0,,payment,t,"{""1 day"",""3 days""}","30 days")', 'a plan has usual terms');
SELECT (create_plan(:'shop', 'Other', currency => 'EUR', price => 9.9, tolerance_percent => 0.5, tax_rate => 19, lead_time => '2 days',
                    restart => 'period_end', trial_once => false, dunning => '{-1 day, 0, 2 days}', uncollectible_after => '10 days')).id AS other \gset
SELECT is((SELECT (price_sats, currency, price, tolerance_percent, tax_rate, min_invoice_sats, lead_time, restart, trial_once, dunning,
                   uncollectible_after)::text FROM plans WHERE id = :'other'),
          '(,EUR,9.90,0.5,19,0,"2 days",period_end,f,"{""-1 days"",00:00:00,""2 days""}","10 days")', 'or those that are given');
SELECT is((SELECT (tax_rate, min_invoice_sats, dunning, lead_time, billing_cycle)::text
           FROM update_plan(:'usual', tax_rate => 7.5, min_invoice_sats => 5000, dunning => '{}', lead_time => '0')),
          '(7.5,5000,{},00:00:00,monthly)', 'they can be changed');
SELECT is((SELECT (tax_rate, min_invoice_sats, dunning, lead_time, service_name)::text FROM update_plan(:'usual', service_name => 'New')),
          '(7.5,5000,{},00:00:00,New)', 'NULL leaves them as they are');
SELECT is((SELECT payload FROM events WHERE type = 'plan.created' AND subject = 'plan:' || :'other'),
          '{"currency": "EUR", "price": 9.90, "status": "active"}', 'the event says what it costs');

-- What terms cannot be: refused when a plan is made, and when one is changed.
CREATE FUNCTION refused(terms text, code text, why text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT throws_ok(format('SELECT create_plan(%L, ''Bad'', %s, %s)', m.id, CASE WHEN terms ~ 'price' THEN 'metadata => ''{}''' ELSE 'price_sats => 1' END, terms),
                     code, NULL, 'made: ' || why) FROM merchants m WHERE name = 'Shop'
    UNION ALL
    SELECT throws_ok(format('SELECT update_plan(%L, %s)', p.id, terms), code, NULL, 'changed: ' || why) FROM plans p WHERE service_name = 'New'
$$;
SELECT refused(terms, code, why) FROM (VALUES
    ('tolerance_percent => -1', 'CB011', 'a negative tolerance'), ('tolerance_percent => 100.1', 'CB011', 'a tolerance of more than all'),
    ('tolerance_percent => 0.00001', 'CB011', 'a tolerance with five decimals'), ('tolerance_percent => ''NaN''', 'CB011', 'a tolerance that is no number'),
    ('tax_rate => -0.1', 'CB011', 'a negative tax'), ('tax_rate => 101', 'CB011', 'a tax of more than the price'),
    ('tax_rate => 7.00001', 'CB011', 'a tax with five decimals'), ('tax_rate => ''Infinity''', 'CB011', 'an infinite tax'),
    ('min_invoice_sats => -1', 'CB005', 'a negative least invoice'), ('min_invoice_sats => 2100000000000001', 'CB005', 'a least invoice of more than there is'),
    ('lead_time => ''-1 second''', 'CB011', 'a negative lead time'), ('lead_time => ''11 years''', 'CB011', 'a lead time of years'),
    ('billing_cycle => ''0.9 seconds''', 'CB011', 'periods that end as fast as they are invoiced'), ('billing_cycle => ''1001 years''', 'CB011', 'one that never ends'),
    ('restart => ''never''', 'CB011', 'another restart'), ('uncollectible_after => ''-1 day''', 'CB011', 'giving up before it is due'),
    ('uncollectible_after => ''11 years''', 'CB011', 'giving up after years'), ('dunning => ''{3 days, 1 day}''', 'CB011', 'dunning backwards'),
    ('dunning => ''{1 day, 24:00}''', 'CB011', 'dunning twice at once'), ('dunning => ''{1 day, NULL}''', 'CB011', 'dunning never'),
    ('dunning => ''{{1 day, 2 days}}''', 'CB011', 'dunning in two dimensions'), ('dunning => ''{-11 years}''', 'CB011', 'dunning years before'),
    ('dunning => (SELECT array_agg(n * interval ''1 hour'') FROM generate_series(1, 21) n)', 'CB011', 'more than twenty steps'),
    ('dunning => ''{1 day, 40 days}''', 'CB011', 'dunning after giving up'), ('dunning => ''{1 day, 30 days}''', 'CB011', 'dunning at giving up'),
    ('price_sats => -1', 'CB005', 'a negative price'), ('price_sats => 2100000000000001', 'CB005', 'a price of more than there is')) v(terms, code, why);
SELECT lives_ok(format('SELECT update_plan(%L, dunning => (SELECT array_agg(n * interval ''1 hour'') FROM generate_series(1, 20) n))', :'usual'), 'twenty steps');
SELECT throws_ok(format('SELECT update_plan(%L, uncollectible_after => ''5 hours'')', :'usual'), 'CB011', NULL, 'what comes after the steps cannot move before them');

-- Prices in a currency
SELECT throws_ok(format('SELECT create_plan(%L, ''Bad'', %s)', :'shop', terms), code, NULL, why) FROM (VALUES
    ('currency => ''EUR'', price => -0.01', 'CB005', 'a negative price'), ('currency => ''EUR'', price => 0.001', 'CB005', 'parts of a cent'),
    ('currency => ''JPY'', price => 0.1', 'CB005', 'parts of a yen'), ('currency => ''EUR'', price => 10000000000', 'CB005', 'ten billions'),
    ('currency => ''EUR'', price => ''NaN''', 'CB005', 'no number'), ('currency => ''EUR'', price => ''Infinity''', 'CB005', 'infinity'),
    ('currency => ''ABC'', price => 1', 'CB011', 'an unknown currency'), ('currency => ''eur'', price => 1', 'CB011', 'small letters'),
    ('currency => ''BTC'', price => 1', 'CB011', 'bitcoin'), ('currency => ''XAU'', price => 1', 'CB011', 'gold'), ('currency => '''', price => 1', 'CB011', 'no code'),
    ('currency => ''EUR''', 'CB011', 'a currency without a price'), ('price => 1', 'CB011', 'a price without a currency'),
    ('price_sats => 1, currency => ''EUR'', price => 1', 'CB011', 'two prices'), ('metadata => ''{}''', 'CB011', 'no price'),
    ('currency => ''EUR'', price => 1, tolerance_sats => 1', 'CB011', 'a tolerance in sats'),
    ('currency => ''EUR'', price => 1, min_invoice_sats => 1', 'CB011', 'a least invoice in sats')) v(terms, code, why);
SELECT throws_ok(format('SELECT create_plan(%L, ''Bad'', currency => ''EUR'', price => 1)', :'stall'), 'CB010', NULL, 'a merchant without a descriptor');
SELECT is((SELECT count(*) FROM plans)::int, 2, 'of what was refused nothing is stored');
SELECT is((SELECT count(*) FROM plan_prices)::int, 2, 'and no price');

-- A plan's price stays in its unit
SELECT throws_ok(format('SELECT update_plan(%L, currency => ''EUR'', price => 1)', :'usual'), 'CB010', NULL, 'from sats to a currency');
SELECT throws_ok(format('SELECT update_plan(%L, price => 1)', :'usual'), 'CB010', NULL, 'a price in what');
SELECT throws_ok(format('SELECT update_plan(%L, price_sats => 1)', :'other'), 'CB010', NULL, 'from a currency to sats');
SELECT throws_ok(format('SELECT update_plan(%L, currency => ''USD'', price => 1)', :'other'), 'CB010', NULL, 'to another currency');
SELECT lives_ok(format('SELECT update_plan(%L, currency => ''EUR'')', :'other'), 'to the same');
SELECT throws_ok(format('SELECT update_plan(%L, price => 1.001)', :'other'), 'CB005', NULL, 'decimals are those of its currency');

-- Versions
CREATE FUNCTION versions(plan uuid) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(concat_ws(' ', version, price_sats, price, valid_from - charmbills.now()), ', ' ORDER BY version) FROM plan_prices WHERE plan_id = plan $$;
SELECT (create_plan(:'shop', 'Club', 100)).id AS club \gset
SELECT is(versions(:'club'), '1 100 00:00:00', 'a plan begins with a price');
SELECT is((SELECT price_sats::int FROM update_plan(:'club', price_sats => 100)), 100, 'the same price again');
SELECT is(versions(:'club'), '1 100 00:00:00', 'is none');
SELECT is((SELECT price_sats::int FROM update_plan(:'club', price_sats => 200, price_from => charmbills.now() + interval '10 days')), 100, 'one that begins later');
SELECT is(versions(:'club'), '1 100 00:00:00, 2 200 10 days', 'is kept for then');
SELECT throws_ok(format('SELECT update_plan(%L, tolerance_sats => 101)', :'club'), 'CB005', NULL, 'a tolerance is no more than the price now');
SELECT lives_ok(format('SELECT update_plan(%L, tolerance_sats => 100)', :'club'), 'but may be as much');
SELECT throws_ok(format('SELECT update_plan(%L, price_sats => 99, price_from => charmbills.now() + interval ''20 days'')', :'club'), 'CB005', NULL,
                 'which no later price may be below');
SELECT sandbox_advance_clock('10 days') AS clock \gset
SELECT is((SELECT price_sats::int FROM update_plan(:'club')), 200, 'once it has begun the plan shows it');
SELECT is((SELECT price_sats::int FROM update_plan(:'club', price_sats => 300, price_from => charmbills.now() + interval '5 days')), 200, 'another that begins later');
SELECT is((SELECT price_sats::int FROM update_plan(:'club', price_sats => 250)), 250, 'is overtaken by one given after it');
SELECT sandbox_advance_clock('6 days') AS clock \gset
SELECT is((SELECT price_sats::int FROM update_plan(:'club')), 250, 'which stays when its time comes');
SELECT throws_ok(format('SELECT update_plan(%L, price_sats => 1, price_from => charmbills.now() - interval ''1 second'')', :'club'), 'CB011', NULL, 'no price begins in the past');
SELECT throws_ok(format('SELECT update_plan(%L, price_sats => 1, price_from => ''infinity'')', :'club'), 'CB011', NULL, 'nor never');
SELECT throws_ok(format('SELECT update_plan(%L, price_from => charmbills.now())', :'club'), 'CB011', NULL, 'nor without a price');
SELECT id AS old FROM import_plan('{"serviceName": "Old", "priceBTC": 0.0001, "merchantAddress": "bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk", "id": "1", "createdAt": "2020-01-01T00:00:00Z"}') \gset
SELECT is((SELECT (version, price_sats, valid_from)::text FROM plan_prices WHERE plan_id = :'old'), '(1,10000,"2020-01-01 00:00:00+00")', 'an imported plan has its price since it was made');

-- Once
SELECT (create_plan(:'shop', 'Once', currency => 'EUR', price => 5, trial => '3 days', metadata => '{"a": 1}', idempotency_key => 'k')).id AS once \gset
SET intervalstyle = 'iso_8601';
SELECT is((create_plan(:'shop', 'Once', currency => 'EUR', price => 5, trial => '3 days', metadata => '{"a": 1}', idempotency_key => 'k')).id, :'once'::uuid,
          'the same call gives the same plan, whatever the session''s settings');
RESET intervalstyle;
SELECT throws_ok(format('SELECT create_plan(%L, ''Once'', currency => ''EUR'', price => 6, trial => ''3 days'', metadata => ''{"a": 1}'', idempotency_key => ''k'')', :'shop'),
                 'CB016', NULL, 'another call none');
SELECT throws_ok(format('SELECT create_plan(%L, ''Once'', -1, idempotency_key => ''bad'')', :'shop'), 'CB005', NULL, 'what is refused');
SELECT isnt((create_plan(:'shop', 'Once', 1, idempotency_key => 'bad')).id, :'once'::uuid, 'leaves its key free');
SELECT isnt((create_plan(:'stall', 'Once', 1, idempotency_key => 'k')).id, :'once'::uuid, 'another merchant has keys of its own');
SELECT (create_merchant(name => 'New', address => script_to_address('\x00140000000000000000000000000000000000000001'), idempotency_key => 'k')).id AS new \gset
SELECT is((create_merchant(name => 'New', address => script_to_address('\x00140000000000000000000000000000000000000001'), idempotency_key => 'k')).id, :'new'::uuid,
          'a merchant is made once, too');
SELECT throws_ok($$SELECT create_merchant(name => 'Newer', address => script_to_address('\x00140000000000000000000000000000000000000001'), idempotency_key => 'k')$$,
                 'CB016', NULL, 'and no other with its key');
SELECT sandbox_advance_clock('29 days') AS clock, (create_plan(:'shop', 'Later', 1, idempotency_key => 'l')).id AS later \gset
SELECT is((SELECT count(*) FROM idempotency_keys)::int, 5, 'keys are kept');
SELECT subscribe(:'usual', external_id => 'ann') AS ann, sandbox_advance_clock('25 hours') AS clock, run_billing() AS done \gset
SELECT is((SELECT string_agg(key, ' ') FROM idempotency_keys), 'l', 'for thirty days');

SELECT * FROM finish();
