-- Where rules meet: money that comes in parts or too late, prices and plans that
-- change under a subscription, merchants who pause.
SET search_path = public, charmbills, tap;
SET timezone = 'UTC';
SELECT plan(49);

CREATE FUNCTION subscribe(plan uuid, who text) RETURNS uuid LANGUAGE sql AS
$$ SELECT (charmbills.subscribe(plan, external_id => who)).id $$;
CREATE FUNCTION invoice_of(subscription uuid) RETURNS uuid LANGUAGE sql AS
$$ SELECT id FROM invoices i WHERE i.subscription_id = subscription ORDER BY created_at DESC, number DESC LIMIT 1 $$;
-- Pays the latest invoice, and has it confirmed.
CREATE FUNCTION pay(subscription uuid, sats bigint DEFAULT NULL) RETURNS txid LANGUAGE plpgsql AS
$$ DECLARE paid txid := sandbox_pay(address, coalesce(sats, amount_sats)) FROM invoices WHERE id = invoice_of(subscription);
BEGIN
	PERFORM sandbox_mine();
	RETURN paid;
END $$;
CREATE FUNCTION start(plan uuid, who text, sats bigint DEFAULT NULL) RETURNS uuid LANGUAGE plpgsql AS
$$ DECLARE subscription uuid := subscribe(plan, who);
BEGIN
	PERFORM pay(subscription, sats);
	RETURN subscription;
END $$;
-- The blocks' median time follows the clock.
CREATE FUNCTION wait(step interval) RETURNS timestamptz LANGUAGE plpgsql AS
$$ BEGIN
	PERFORM sandbox_advance_clock(step);
	PERFORM sandbox_mine(12);
	RETURN charmbills.now();
END $$;
CREATE FUNCTION wait_until(instant timestamptz) RETURNS timestamptz LANGUAGE sql AS
$$ SELECT wait(make_interval(secs => extract(epoch FROM instant - charmbills.now())::double precision)) $$;
CREATE FUNCTION state_of(subscription uuid) RETURNS text LANGUAGE sql AS
$$ SELECT status FROM subscriptions WHERE id = subscription $$;
CREATE FUNCTION bill_of(subscription uuid) RETURNS text LANGUAGE sql AS
$$ SELECT concat_ws(' ', status, amount_sats, received_sats, CASE WHEN is_underpaid THEN 'under' END, CASE WHEN is_overpaid THEN 'over' END,
                    CASE WHEN is_late THEN 'late' END) FROM invoices WHERE id = invoice_of(subscription) $$;
CREATE FUNCTION balance_of(who text) RETURNS bigint LANGUAGE sql AS
$$ SELECT balance_sats FROM customer_balances WHERE external_id = who $$;
CREATE FUNCTION paid_until(subscription uuid) RETURNS timestamptz LANGUAGE sql AS
$$ SELECT current_period_end FROM subscriptions WHERE id = subscription $$;


SELECT sandbox_mine(12) AS height \gset
SELECT sandbox_advance_clock('1 second') AS clock \gset
SELECT (create_merchant(name => 'Shop',
    descriptor => 'wpkh(tpubDC5FSnBiZDMmhiuCmWAYsLwgLYrrT9rAqvTySfuCCrgsWz8wxMXUS9Tb9iVMvcRbvFcAHGkMD5Kx8koh4GquNGNTfohfk7pgjhaPCdXpoba/0/*)')).id AS shop \gset
SELECT (create_plan(:'shop', 'Silver', 10000, '30 days')).id AS silver,
       (create_plan(:'shop', 'Gold', 50000, '30 days')).id AS gold,
       (create_plan(:'shop', 'Free', 0, '30 days')).id AS free,
       (create_plan(:'shop', 'Euro', currency => 'EUR', price => 10, billing_cycle => '30 days')).id AS euro \gset

-- A change of plan that is not paid
SELECT start(:'silver', 'ann', 13000) AS ann \gset
SELECT (change_plan(:'ann', :'gold')).status AS changing \gset
SELECT is(bill_of(:'ann') || balance_of('ann'), 'open 37000 00', 'a change takes the customer''s credit');
SELECT wait('25 hours') AS clock \gset
SELECT is(bill_of(:'ann') || balance_of('ann'), 'expired 37000 03000', 'and gives it back when it has not been paid');
SELECT pay(:'ann') AS payment \gset
SELECT is(bill_of(:'ann') || balance_of('ann'), 'expired 37000 3700040000', 'with what is paid for it too late');

-- A change of plan that is paid in part
SELECT start(:'silver', 'ben') AS ben \gset
SELECT paid_until(:'ben') AS ben_end \gset
SELECT (change_plan(:'ben', :'gold')).status AS changing \gset
SELECT pay(:'ben', 15000) AS payment \gset
SELECT wait('25 hours') AS clock \gset
SELECT is(bill_of(:'ben') || ' ' || balance_of('ben'), 'expired 40000 15000 under 15000', 'a part of a change keeps nothing open');
SELECT pay(:'ben', 25000) AS payment \gset
SELECT is(bill_of(:'ben') || ' ' || balance_of('ben'), 'expired 40000 40000 40000', 'the rest comes too late, and all is credit');
SELECT wait_until(:'ben_end') AS clock \gset
SELECT is((SELECT plan_id::text || ' ' || status FROM subscriptions WHERE id = :'ben') || ' ' || bill_of(:'ben') || ' ' || balance_of('ben'),
          :'silver' || ' active paid 0 0 30000', 'which pays the next period as it was');

-- An invoice in a currency, paid in part before it expires
SELECT set_exchange_rate('EUR', 50000) AS rate \gset
SELECT subscribe(:'euro', 'cat') AS cat \gset
SELECT (quote_invoice(invoice_of(:'cat'))).amount_sats AS quoted \gset
SELECT pay(:'cat', 15000) AS payment \gset
SELECT wait('25 hours') AS clock \gset
SELECT set_exchange_rate('EUR', 40000) AS rate \gset
SELECT is((SELECT status || ' ' || (quote_invoice(id)).amount_sats FROM invoices WHERE id = invoice_of(:'cat')), 'open 6250', 'a part keeps it open, and the rest is quoted');
SELECT pay(:'cat', 6250) AS payment \gset
SELECT is(bill_of(:'cat') || ' ' || state_of(:'cat') || ' ' || balance_of('cat'), 'paid 6250 21250 late active 0', 'and pays it');
SELECT is(paid_until(:'cat'), charmbills.now() + interval '30 days', 'for a period from now');

-- What was in time is reversed
SELECT subscribe(:'euro', 'dan') AS dan \gset
SELECT (quote_invoice(invoice_of(:'dan'))).amount_sats AS quoted \gset
SELECT sandbox_pay((SELECT address FROM invoices WHERE id = invoice_of(:'dan')), 15000) AS part \gset
SELECT wait('25 hours') AS clock \gset
SELECT set_exchange_rate('EUR', 40000) AS rate \gset
SELECT sandbox_reorg(12) AS height \gset
SELECT sandbox_double_spend(:'part') AS thief \gset
SELECT sandbox_mine() AS height \gset
SELECT is(bill_of(:'dan'), 'expired 25000 0', 'without the part it has expired');
SELECT pay(:'dan', 25000) AS payment \gset
SELECT is(bill_of(:'dan') || ' ' || balance_of('dan'), 'expired 25000 25000 25000', 'and is not paid by what comes late alone');

-- A free plan that becomes one to be paid
SELECT subscribe(:'free', 'eve') AS eve, subscribe(:'free', 'fay') AS fay \gset
SELECT paid_until(:'eve') AS free_end \gset
SELECT is(state_of(:'eve') || (SELECT expires_at FROM subscriptions WHERE id = :'eve'), 'activeinfinity', 'what is free does not end');
SELECT update_plan(:'free', price_sats => 5000) AS plan \gset
SELECT wait_until(:'free_end') AS clock \gset
SELECT is(state_of(:'eve') || ' ' || bill_of(:'eve'), 'past_due open 5000 0', 'once it costs something it is invoiced');
SELECT pay(:'fay') AS payment \gset
SELECT wait('5 days') AS clock \gset
SELECT is(state_of(:'eve') || ' ' || is_entitled(:'free', external_id => 'eve'), 'expired false', 'and ends like others when it is not paid');
SELECT is(state_of(:'fay') || ' ' || is_entitled(:'free', external_id => 'fay'), 'active true', 'while those who pay go on');

-- Who is not invoiced ends like others
SELECT start(:'silver', 'gil') AS gil \gset
SELECT paid_until(:'gil') AS gil_end \gset
SELECT update_merchant(:'shop', is_active => false) AS shop_row \gset
SELECT wait_until(:'gil_end') AS clock \gset
SELECT is((SELECT status FROM subscription_facts WHERE id = :'gil'), 'past_due', 'of a merchant who is not active the end of a period is announced');
SELECT wait('1 hour') AS clock \gset
SELECT update_merchant(:'shop', is_active => true) AS shop_row \gset
SELECT wait('1 second') AS clock \gset
SELECT is(bill_of(:'gil'), 'open 10000 0', 'and once he is active again, the next one is invoiced at once');
SELECT pay(:'gil') AS payment \gset
SELECT paid_until(:'gil') AS gil_end \gset
UPDATE plans SET currency = 'XAU', price = 1.005, price_sats = NULL WHERE id = :'silver';
SELECT wait_until(:'gil_end') AS clock \gset
SELECT is((SELECT status || ' ' || (billing_error IS NOT NULL) FROM subscription_facts WHERE id = :'gil'), 'past_due true', 'likewise where the renewal fails');
SELECT wait('5 days') AS clock \gset
SELECT results_eq(format('SELECT type FROM events WHERE subject = %L ORDER BY subject_seq DESC LIMIT 3', 'subscription:' || :'gil'),
                  ARRAY['subscription.expired', 'subscription.past_due', 'subscription.billing_failed'], 'each is told once, whatever is tried again');
UPDATE plans SET currency = NULL, price = NULL, price_sats = 10000 WHERE id = :'silver';

-- Who may subscribe again is a question of time, not of what has been announced
SELECT start(:'gold', 'hal') AS hal \gset
SELECT (cancel_subscription(:'hal')).status AS row \gset
SELECT throws_ok(format('SELECT subscribe(%L, %L)', :'gold', 'hal'), 'CB009', NULL, 'who has canceled is subscribed until the period ends');
UPDATE chain_state SET test_clock = paid_until(:'hal'), followed_until = paid_until(:'hal');
SELECT is((SELECT status FROM subscription_facts WHERE id = :'hal') || ' ' || state_of(subscribe(:'gold', 'hal')), 'active pending', 'and may subscribe again then, though billing has not run');
SELECT run_billing() AS rows \gset
SELECT is((SELECT status FROM subscription_facts WHERE id = :'hal'), 'canceled', 'which announces the end later');

-- A customer who has changed to another plan has had the trial
SELECT (create_plan(:'shop', 'Trying', 10000, '30 days', trial => '7 days')).id AS trying \gset
SELECT subscribe(:'trying', 'ivy') AS ivy \gset
SELECT (change_plan(:'ivy', :'gold')).status AS row \gset
SELECT (cancel_subscription(:'ivy', false)).status AS ended \gset
SELECT is(state_of(subscribe(:'trying', 'ivy')), 'pending', 'whoever changes plans has no second trial');

-- Back to the plan that it still is, after a period of another was paid in advance
SELECT start(:'silver', 'joe') AS joe \gset
SELECT paid_until(:'joe') AS joe_end \gset
SELECT (change_plan(:'joe', :'gold', true)).status AS row \gset
SELECT wait_until(:'joe_end'::timestamptz - interval '1 day') AS clock \gset
SELECT pay(:'joe') AS payment \gset
SELECT paid_until(:'joe') AS joe_end \gset
SELECT is((SELECT effective_at::text || ' ' || amount_sats FROM preview_change(:'joe', :'silver', true)), :'joe_end' || ' 10000', 'a change back comes after it');
SELECT (change_plan(:'joe', :'silver', true)).status AS row \gset
SELECT wait_until(:'joe_end'::timestamptz - interval '1 day') AS clock \gset
SELECT is((SELECT plan_id::text FROM subscriptions WHERE id = :'joe') || ' ' || bill_of(:'joe'), :'gold' || ' open 10000 0', 'and is what the next invoice is for');
SELECT start(:'silver', 'lea') AS lea \gset
SELECT paid_until(:'lea') AS lea_end \gset
SELECT (change_plan(:'lea', :'gold', true)).status AS row \gset
SELECT wait_until(:'lea_end'::timestamptz - interval '1 day') AS clock \gset
SELECT pay(:'lea') AS payment \gset
SELECT (change_plan(:'lea', :'silver')).status AS row \gset
SELECT is((SELECT plan_id FROM subscriptions WHERE id = :'lea')::text || ' ' || paid_until(:'lea') || ' ' || balance_of('lea'),
          :'silver' || ' ' || charmbills.now() + interval '30 days' || ' ' || 50000 + 10000 / 30 - 10000, 'or at once, with what was paid as credit');

-- What was due earlier is invoiced now
SELECT (create_plan(:'shop', 'Early', 10000, '30 days', lead_time => '20 days')).id AS early,
       (create_plan(:'shop', 'Early and more', 30000, '30 days', lead_time => '20 days')).id AS more \gset
SELECT start(:'early', 'max') AS max \gset
SELECT update_merchant(:'shop', is_active => false) AS shop_row \gset
SELECT wait('15 days') AS clock \gset
SELECT update_merchant(:'shop', is_active => true) AS shop_row \gset
SELECT (change_plan(:'max', :'more')).status AS row \gset
SELECT pay(:'max') AS payment \gset
SELECT paid_until(:'max') AS max_end, run_billing(charmbills.now() - interval '3 days') AS rows \gset
SELECT is(bill_of(:'max'), 'open 30000 0', 'the renewal that was due then is the latest invoice');
SELECT pay(:'max') AS payment \gset
SELECT is(paid_until(:'max'), :'max_end'::timestamptz + interval '30 days', 'and pays the next period');

-- Transactions that began earlier and issue later
SELECT start(:'early', 'ned') AS ned \gset
SELECT sandbox_pay(address, 60000) AS txid FROM invoices WHERE id = invoice_of(:'ned') \gset
SELECT sandbox_mine() AS height \gset
SELECT wait('9 days 23 hours') AS clock \gset
SELECT (change_plan(:'ned', :'more')).status AS row, charmbills.now() AS issued_at \gset
SELECT is(bill_of(:'ned'), 'paid 0 0', 'a change is paid by credit');
UPDATE subscription_facts SET next_invoice_at = charmbills.now() - interval '2 hours' WHERE id = :'ned';
UPDATE chain_state SET test_clock = test_clock - interval '1 hour';
SELECT paid_until(:'ned') AS ned_end, run_billing() AS rows \gset
UPDATE chain_state SET test_clock = :'issued_at';
SELECT is(bill_of(:'ned') || ' ' || (SELECT created_at FROM invoices WHERE id = invoice_of(:'ned')), 'paid 0 0 ' || :'issued_at', 'a renewal after it is not dated before it');
SELECT is(paid_until(:'ned'), :'ned_end'::timestamptz + interval '30 days', 'and pays the next period');

-- A plan's cycle is changed: periods invoiced from then on are of the new one
SELECT (create_plan(:'shop', 'Changing', 10000, '30 days')).id AS changing \gset
SELECT start(:'changing', 'ora') AS ora, start(:'changing', 'pam') AS pam \gset
SELECT paid_until(:'ora') AS ora_end \gset
SELECT update_plan(:'changing', billing_cycle => '1 year', price_sats => 100000) AS plan \gset
SELECT wait_until(:'ora_end'::timestamptz - interval '1 day') AS clock \gset
SELECT pay(:'pam') AS payment \gset
SELECT is((SELECT cycle FROM subscription_facts WHERE id = :'pam') || ' ' || paid_until(:'pam'), '30 days ' || (:'ora_end'::timestamptz + interval '1 year'), 'paid in advance it begins with its period');
SELECT wait('10 days') AS clock \gset
SELECT is((SELECT cycle || ' ' || lead_time FROM subscription_facts WHERE id = :'pam'), '1 year 3 days', 'and is the subscription''s then');
SELECT pay(:'ora') AS payment \gset
SELECT is(paid_until(:'ora'), charmbills.now() + interval '1 year', 'paid late it is as long');
SELECT sandbox_reorg(1) AS height, sandbox_double_spend(txid) AS thief FROM payments WHERE invoice_id = invoice_of(:'ora') \gset
SELECT is((SELECT cycle FROM subscription_facts WHERE id = :'ora') || ' ' || paid_until(:'ora'), '30 days ' || :'ora_end', 'and reversed it is gone');
-- Counted from one anchor
SELECT wait_until(date_trunc('year', charmbills.now()) + interval '2 years 30 days') AS clock \gset
SELECT update_plan(:'changing', billing_cycle => '7 days', price_sats => 10000) AS plan \gset
SELECT wait('1 second') AS clock, start(:'changing', 'pia', 90000) AS pia \gset
SELECT update_plan(:'changing', billing_cycle => 'monthly') AS plan, wait('150 days') AS clock \gset
SELECT is((SELECT count(DISTINCT anchor) FROM invoices WHERE subscription_id = :'pia')::integer, 2, 'all periods of the new cycle are counted from where it began');

-- A block never fails because of what somebody sells
SELECT throws_ok(format('SELECT create_plan(%L, %L, 1000, grace => %L)', :'shop', 'Endless', '178000000 years'), 'CB011', NULL, 'a grace has an end');
SELECT throws_ok(format('SELECT create_plan(%L, %L, 1000, trial => %L)', :'shop', 'Endless', '178000000 years'), 'CB011', NULL, 'and so has a trial');
SELECT (create_plan(:'shop', 'Long ago', 1000)).id AS old \gset
UPDATE plans SET grace = '178000000 years' WHERE id = :'old';
SELECT subscribe(:'old', 'quy') AS quy \gset
UPDATE subscription_facts SET timezone = 'Atlantis/Old_Town' WHERE id = :'quy';
SELECT lives_ok(format('SELECT pay(%L)', :'quy'), 'a payment comes in whatever its terms are');
SELECT is(state_of(:'quy') || (SELECT expires_at FROM subscriptions WHERE id = :'quy'), 'activeinfinity', 'and counts');
UPDATE subscription_facts SET timezone = 'UTC' WHERE id = :'quy';

-- Credit that an invoice has used is not there to be refunded
SELECT start(:'gold', 'rob', 80000) AS rob \gset
SELECT paid_until(:'rob') AS rob_end, outpoint AS too_much FROM payments WHERE invoice_id = invoice_of(:'rob') \gset
SELECT is((record_refund(:'too_much', repeat('ab', 32)::txid, 5000)).amount_sats, -5000::bigint, 'a part of what was too much is given back');
SELECT wait_until(:'rob_end') AS clock \gset
SELECT is(bill_of(:'rob') || ' ' || balance_of('rob'), 'open 25000 0 0', 'the renewal takes the rest');
SELECT throws_ok(format('SELECT record_refund(%L, %L)', :'too_much', repeat('cd', 32)), 'CB005', NULL, 'of which nothing is left to be refunded');
SELECT (void_invoice(invoice_of(:'rob'))).status AS status \gset
SELECT is((record_refund(:'too_much', repeat('cd', 32)::txid)).amount_sats, -25000::bigint, 'until the invoice gives it back');

-- Another invoice for one that has expired is for a period from now, whatever became of the first
SELECT start(:'gold', 'sam') AS sam, start(:'gold', 'tea') AS tea, subscribe(:'gold', 'ulf') AS ulf \gset
SELECT wait('40 days') AS clock \gset
SELECT is((SELECT (effective_at = charmbills.now()) || ' ' || amount_sats FROM preview_change(:'sam', :'silver')), 'true 10000', 'a change of what has expired is for a period from now');
SELECT (change_plan(:'sam', :'silver')).status AS row \gset
SELECT is((SELECT period_start = charmbills.now() FROM invoices WHERE id = invoice_of(:'sam')), true, 'and so is its invoice');
SELECT (void_invoice(invoice_of(:'tea'))).status AS status, (issue_invoice(:'tea')).period_start = charmbills.now() AS from_now \gset
SELECT is(:'from_now'::boolean, true, 'like one that is issued anew');
SELECT (change_plan(:'ulf', :'silver')).status AS row \gset
SELECT is((SELECT period_start = charmbills.now() FROM invoices WHERE id = invoice_of(:'ulf')), true, 'or the first one');

SELECT is_empty('SELECT * FROM ledger_check()', 'the books are right');
SELECT * FROM finish();
