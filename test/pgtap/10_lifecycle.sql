-- Canceling and pausing subscriptions, on the sandbox's chain.
SET search_path = public, charmbills, tap;
SET timezone = 'UTC';
SELECT plan(109);

CREATE FUNCTION offer(price bigint, cycle text DEFAULT 'monthly', trial interval DEFAULT NULL) RETURNS uuid LANGUAGE sql AS
$$ SELECT (create_plan(m.id, 'Service', price, cycle, trial => trial, lead_time => '3 days')).id
   FROM merchants m WHERE m.name = 'Shop' $$;
CREATE FUNCTION subscribe(plan uuid, who text) RETURNS uuid LANGUAGE sql AS
$$ SELECT (charmbills.subscribe(plan, external_id => who)).id $$;
CREATE FUNCTION invoice_of(subscription uuid) RETURNS uuid LANGUAGE sql AS
$$ SELECT id FROM invoices i WHERE i.subscription_id = subscription ORDER BY created_at DESC, number DESC LIMIT 1 $$;
CREATE FUNCTION pay(invoice uuid, sats bigint DEFAULT NULL) RETURNS txid LANGUAGE sql AS
$$ SELECT sandbox_pay(address, coalesce(sats, amount_sats)) FROM invoices WHERE id = invoice $$;
-- Pays a new subscription's first invoice.
CREATE FUNCTION start(plan uuid, who text) RETURNS uuid LANGUAGE plpgsql AS
$$ DECLARE subscription uuid := subscribe(plan, who);
BEGIN
	PERFORM pay(invoice_of(subscription));
	PERFORM sandbox_mine();
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
$$ SELECT concat_ws(' ', status, void_reason, received_sats) FROM invoices WHERE id = invoice_of(subscription) $$;
CREATE FUNCTION events_of(subscription uuid) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(split_part(type, '.', 2), ' ' ORDER BY subject_seq) FROM events WHERE subject = 'subscription:' || subscription $$;
CREATE FUNCTION balance_of(who text) RETURNS bigint LANGUAGE sql AS
$$ SELECT balance_sats FROM customer_balances WHERE external_id = who $$;
CREATE FUNCTION facts_of(subscription uuid) RETURNS jsonb LANGUAGE sql AS
$$ SELECT to_jsonb(f) FROM subscription_facts f WHERE id = subscription $$;
CREATE FUNCTION ends(subscription uuid) RETURNS timestamptz LANGUAGE sql AS
$$ SELECT ended_at FROM subscriptions WHERE id = subscription $$;
CREATE FUNCTION paid_until(subscription uuid) RETURNS timestamptz LANGUAGE sql AS
$$ SELECT current_period_end FROM subscriptions WHERE id = subscription $$;

SELECT sandbox_mine(12) AS height \gset
SELECT sandbox_advance_clock('1 second') AS clock \gset
SELECT (create_merchant(name => 'Shop', timezone => 'Europe/Berlin',
    descriptor => 'wpkh(tpubDC5FSnBiZDMmhiuCmWAYsLwgLYrrT9rAqvTySfuCCrgsWz8wxMXUS9Tb9iVMvcRbvFcAHGkMD5Kx8koh4GquNGNTfohfk7pgjhaPCdXpoba/0/*)')).id AS shop \gset
SELECT offer(10000) AS plan, offer(10000, trial => '7 days') AS trying, offer(10000, 'lifetime') AS forever,
       offer(10000, 'yearly') AS yearly, offer(0) AS free \gset

-- At the end of the period, and back
SELECT start(:'plan', 'ann') AS ann \gset
SELECT facts_of(:'ann') AS before \gset
SELECT is((SELECT row(status, cancel_at_period_end, canceled_at, ended_at, next_invoice_at)::text FROM cancel_subscription(:'ann')),
          row('active', true, charmbills.now(), paid_until(:'ann'), NULL::timestamptz)::text,
          'a subscription is canceled at the end of its period');
SELECT facts_of(:'ann') AS canceled, events_of(:'ann') AS told \gset
SELECT wait('1 day') AS clock \gset
SELECT isnt((SELECT id FROM cancel_subscription(:'ann')), NULL, 'canceling it again is fine');
SELECT is(facts_of(:'ann'), :'canceled'::jsonb, 'and changes nothing');
SELECT is(events_of(:'ann'), :'told', 'and tells nothing');
SELECT throws_ok(format('SELECT issue_invoice(%L)', :'ann'), 'CB010', NULL, 'no further invoice is issued');
SELECT is((SELECT ended_at FROM uncancel_subscription(:'ann')), NULL, 'it can be taken back');
SELECT is(facts_of(:'ann'), :'before'::jsonb, 'and leaves no trace in the facts');
SELECT isnt((SELECT id FROM uncancel_subscription(:'ann')), NULL, 'twice too');
SELECT is(events_of(:'ann'), 'created active cancellation_requested uncanceled', 'each is told once');
SELECT is((SELECT payload ->> 'ended_at' FROM events WHERE type = 'subscription.cancellation_requested')::timestamptz,
          paid_until(:'ann'), 'with when it would have ended');

-- It ends when it was to
SELECT start(:'plan', 'bob') AS bob \gset
SELECT (cancel_subscription(:'bob')).ended_at AS ends \gset
SELECT wait_until(:'ends'::timestamptz - interval '1 second') AS clock \gset
SELECT is(state_of(:'bob') || ' ' || is_entitled(:'plan', external_id => 'bob'), 'active true', 'canceled, it lasts until then');
SELECT wait_until(:'ends') AS clock \gset
SELECT is(state_of(:'bob') || ' ' || is_entitled(:'plan', external_id => 'bob'), 'canceled false', 'and no longer, without grace');
SELECT is((SELECT occurred_at FROM events WHERE subject = 'subscription:' || :'bob' AND type = 'subscription.canceled'), :'ends'::timestamptz,
          'its end is told, dated when it was');
SELECT is((SELECT count(*) FROM invoices WHERE subscription_id = :'bob')::integer, 1, 'and nothing more is invoiced');
SELECT throws_ok(format('SELECT uncancel_subscription(%L)', :'bob'), 'CB010', 'subscription has ended', 'what has ended stays so');
SELECT facts_of(:'bob') AS ended \gset
SELECT is((SELECT status FROM cancel_subscription(:'bob', false)), 'canceled', 'canceling what has ended is fine');
SELECT is(facts_of(:'bob'), :'ended'::jsonb, 'and changes nothing');

-- The next invoice stands already
SELECT start(:'plan', 'cid') AS cid, start(:'plan', 'dan') AS dan \gset
SELECT wait_until(paid_until(:'cid') - interval '2 days') AS clock \gset
SELECT is(bill_of(:'cid'), 'open 0', 'the next invoice is out');
SELECT invoice_of(:'cid') AS old_bill, paid_until(:'cid') AS ends \gset
SELECT is((SELECT ended_at FROM cancel_subscription(:'cid')), :'ends', 'canceled, it ends with what is paid');
SELECT is(bill_of(:'cid'), 'void canceled 0', 'and the next invoice is void');
SELECT is((SELECT next_invoice_at <= charmbills.now() FROM uncancel_subscription(:'cid')), true, 'taken back, another is due');
SELECT run_billing() AS done \gset
SELECT is(bill_of(:'cid') || ' ' || (invoice_of(:'cid') <> :'old_bill'), 'open 0 true', 'and issued when billing is run');
SELECT is((SELECT period_start FROM invoices WHERE id = invoice_of(:'cid')), :'ends', 'for the same period');
SELECT pay(invoice_of(:'cid')) AS payment, sandbox_mine() AS height \gset
SELECT sandbox_mine() AS height \gset
SELECT is(paid_until(:'cid') > :'ends'::timestamptz, true, 'which can be paid');
SELECT pay(:'old_bill') AS payment, sandbox_mine() AS height \gset
SELECT sandbox_mine() AS height \gset
SELECT is(balance_of('cid'), 10000::bigint, 'money for the void one is credit');

-- It has been paid, or nearly
SELECT pay(invoice_of(:'dan'), 1000) AS payment \gset
SELECT period_end AS ends FROM invoices WHERE id = invoice_of(:'dan') \gset
SELECT is((SELECT ended_at FROM cancel_subscription(:'dan')), :'ends'::timestamptz, 'a period on which there is money is kept');
SELECT is(bill_of(:'dan'), 'open 1000', 'and its invoice');
SELECT is((SELECT status FROM cancel_subscription(:'dan', false)), 'canceled', 'what is canceled at the end can be canceled at once');
SELECT is(bill_of(:'dan'), 'void canceled 1000', 'which makes it void');
SELECT is(balance_of('dan'), 0::bigint, 'what is not confirmed is no credit yet');
SELECT sandbox_mine() AS height \gset
SELECT is(balance_of('dan'), 1000::bigint, 'then it is');
SELECT is(events_of(:'dan'), 'created active cancellation_requested cancellation_requested canceled', 'both are told');
SELECT is_empty('SELECT * FROM ledger_check()', 'the books are right');

-- Whatever state it is in
SELECT subscribe(:'plan', 'eve') AS eve, subscribe(:'plan', 'fay') AS fay \gset
SELECT pay(invoice_of(:'fay')) AS payment \gset
SELECT is((SELECT row(status, ended_at, cancel_at_period_end)::text FROM cancel_subscription(:'eve')),
          row('canceled', charmbills.now(), true)::text, 'one that was never paid ends at once');
SELECT is(bill_of(:'eve'), 'void canceled 0', 'and its invoice is void');
SELECT is((SELECT ended_at FROM cancel_subscription(:'fay')), (SELECT period_end FROM invoices WHERE id = invoice_of(:'fay')),
          'but not one whose payment is under way');
SELECT sandbox_mine() AS height \gset
SELECT is(state_of(:'fay'), 'active', 'which gets what was paid for');
SELECT subscribe(:'trying', 'eve') AS trial \gset
SELECT is((SELECT row(status, ended_at)::text FROM cancel_subscription(:'trial')),
          row('trialing', charmbills.now() + interval '7 days')::text, 'a trial is canceled at its end');
SELECT facts_of(:'trial') - ARRAY['canceled_at', 'cancel_at_period_end', 'ended_at', 'next_invoice_at', 'next_boundary'] AS before \gset
SELECT wait('5 days') AS clock \gset
SELECT is((SELECT count(*) FROM invoices WHERE subscription_id = :'trial')::integer, 0, 'and is not invoiced');
SELECT uncancel_subscription(:'trial') AS row \gset
SELECT run_billing() AS done \gset
SELECT is(bill_of(:'trial'), 'open 0', 'taken back, it is');
SELECT cancel_subscription(:'trial') AS row \gset
SELECT uncancel_subscription(:'trial') AS row \gset
SELECT wait('3 days') AS clock \gset
SELECT is((SELECT array_agg(period_start ORDER BY number) FROM invoices WHERE subscription_id = :'trial'),
          (SELECT ARRAY[trial_end, trial_end] FROM subscriptions WHERE id = :'trial'), 'and again, for the period after the trial');
SELECT subscribe(:'trying', 'fay') AS paid_trial \gset
SELECT wait('5 days') AS clock \gset
SELECT pay(invoice_of(:'paid_trial')) AS payment, sandbox_mine() AS height \gset
SELECT sandbox_mine() AS height \gset
SELECT is((SELECT row(status, ended_at = current_period_end)::text FROM cancel_subscription(:'paid_trial')), row('trialing', true)::text,
          'a trial whose first period is paid ends with that');

SELECT start(:'plan', 'gus') AS gus, start(:'plan', 'hal') AS hal \gset
SELECT wait_until(paid_until(:'gus') + interval '1 day') AS clock \gset
SELECT is(state_of(:'gus'), 'past_due', 'one is past due');
SELECT is((SELECT row(status, ended_at)::text FROM cancel_subscription(:'gus')), row('canceled', charmbills.now())::text,
          'and ends at once: its period is over');
SELECT is(bill_of(:'gus'), 'void canceled 0', 'its invoice with it');
SELECT wait('6 days') AS clock \gset
SELECT pay(invoice_of(:'hal')) AS payment \gset
SELECT is(state_of(:'hal') || ' ' || bill_of(:'hal'), 'expired expired 10000', 'one has expired, and is being paid late');
SELECT is((SELECT status FROM cancel_subscription(:'hal', false)), 'canceled', 'and canceled at once');
SELECT sandbox_mine() AS height \gset
SELECT is(bill_of(:'hal') || ' ' || state_of(:'hal') || ' ' || balance_of('hal'), 'void canceled 10000 canceled 10000',
          'so that the payment is credit');
SELECT pay(invoice_of(:'gus')) AS payment, sandbox_mine() AS height \gset
SELECT sandbox_mine() AS height \gset
SELECT is(state_of(:'gus') || ' ' || balance_of('gus'), 'canceled 10000', 'a payment for what has ended is never dropped');

SELECT start(:'forever', 'ann') AS life \gset
SELECT throws_ok(format('SELECT cancel_subscription(%L)', :'life'), 'CB010', NULL, 'a lifetime has no end');
SELECT is((SELECT status FROM cancel_subscription(:'life', false)), 'canceled', 'but can be canceled at once');
SELECT subscribe(:'free', 'ann') AS free_ann \gset
SELECT is((SELECT status FROM cancel_subscription(:'free_ann')), 'active', 'what is free is canceled at the end of its period');
SELECT wait_until(ends(:'free_ann')) AS clock \gset
SELECT is(state_of(:'free_ann'), 'canceled', 'too');
SELECT is_empty('SELECT * FROM ledger_check()', 'the books are right');

-- Paused
SELECT start(:'plan', 'ida') AS ida \gset
SELECT wait('10 days') AS clock \gset
SELECT paid_until(:'ida') AS until \gset
SELECT is((SELECT row(status, paused_at, next_invoice_at)::text FROM pause_subscription(:'ida', 'on holiday')),
          row('paused', charmbills.now(), NULL::timestamptz)::text, 'an active subscription is paused');
SELECT is(is_entitled(:'plan', external_id => 'ida'), false, 'and gives no access');
SELECT throws_ok(format('SELECT pause_subscription(%L)', :'ida'), 'CB010', 'subscription is paused already', 'it is not paused twice');
SELECT throws_ok(format('SELECT issue_invoice(%L)', :'ida'), 'CB010', NULL, 'nor invoiced');
SELECT wait('60 days') AS clock \gset
SELECT is(state_of(:'ida'), 'paused', 'it stays so');
SELECT is((SELECT count(*) FROM invoices WHERE subscription_id = :'ida')::integer, 1, 'and is not invoiced');
SELECT is((SELECT row(status, current_period_end)::text FROM resume_subscription(:'ida')),
          row('active', :'until'::timestamptz + interval '1440 hours')::text, 'resumed, it ends later by as long as it was paused');
SELECT is(is_entitled(:'plan', external_id => 'ida'), true, 'and gives access');
SELECT throws_ok(format('SELECT resume_subscription(%L)', :'ida'), 'CB010', NULL, 'it is not resumed twice');
SELECT is((SELECT row(reason, resumed_at - paused_at = interval '60 days')::text FROM pauses WHERE subscription_id = :'ida'),
          '("on holiday",t)', 'the pause is kept');
SELECT is(events_of(:'ida'), 'created active paused active', 'and told');
SELECT wait_until(paid_until(:'ida') - interval '1 day') AS clock \gset
SELECT is((SELECT period_start FROM invoices WHERE id = invoice_of(:'ida')), paid_until(:'ida'), 'the next period follows without a gap');
SELECT invoice_of(:'ida') AS old_bill \gset
SELECT pause_subscription(:'ida') AS row \gset
SELECT is(bill_of(:'ida'), 'void paused 0', 'a pause makes an invoice void that is out');
SELECT wait('1 day') AS clock \gset
SELECT resume_subscription(:'ida') AS row, run_billing() AS done \gset
SELECT run_billing() AS done \gset
SELECT is((SELECT row(id <> :'old_bill', status, period_start = paid_until(:'ida'))::text FROM invoices WHERE id = invoice_of(:'ida')),
          '(t,open,t)', 'after it another is issued, for the period that begins later');
SELECT pay(invoice_of(:'ida')) AS payment \gset
SELECT pause_subscription(:'ida') AS row \gset
SELECT is(bill_of(:'ida'), 'processing 10000', 'but not one on which there is money');
SELECT sandbox_mine() AS height \gset
SELECT is(state_of(:'ida') || ' ' || bill_of(:'ida'), 'paused paid 10000', 'which is paid during the pause');
SELECT paid_until(:'ida') AS until \gset
SELECT wait('36 hours') AS clock \gset
SELECT is((SELECT row(status, current_period_end)::text FROM resume_subscription(:'ida')),
          row('active', :'until'::timestamptz + interval '36 hours')::text, 'and for a period that moves as well');

-- Paused and canceled
SELECT paid_until(:'ida') AS until, pause_subscription(:'ida') AS row \gset
SELECT is((SELECT row(status, cancel_at_period_end, ended_at)::text FROM cancel_subscription(:'ida')),
          row('paused', true, NULL::timestamptz)::text, 'what is paused can be canceled, to end at a time not known yet');
SELECT wait('1 day') AS clock \gset
SELECT is((SELECT row(status, ended_at)::text FROM resume_subscription(:'ida')),
          row('active', :'until'::timestamptz + interval '1 day')::text, 'resuming tells when');
SELECT pause_subscription(:'ida') AS row \gset
SELECT is(ends(:'ida'), NULL, 'another pause leaves that open again');
SELECT is((SELECT row(status, cancel_at_period_end)::text FROM uncancel_subscription(:'ida')), '(paused,f)', 'it can be taken back meanwhile');
SELECT wait('1 day') AS clock \gset
SELECT is((SELECT row(status, ended_at, paused_at)::text FROM cancel_subscription(:'ida', false)),
          row('canceled', charmbills.now(), NULL::timestamptz)::text, 'canceled at once, its pause ends too');
SELECT is((SELECT count(*) FROM pauses WHERE subscription_id = :'ida' AND resumed_at IS NULL)::integer, 0, 'and none is left open');
SELECT throws_ok(format('SELECT pause_subscription(%L)', :'ida'), 'CB010', NULL, 'what has ended is not paused');
SELECT throws_ok(format('SELECT resume_subscription(%L)', :'ida'), 'CB010', NULL, 'nor resumed');

-- What has no time left
SELECT subscribe(:'plan', 'jon') AS jon, start(:'plan', 'kim') AS kim, start(:'forever', 'kim') AS life, subscribe(:'trying', 'kim') AS trial \gset
SELECT throws_ok(format('SELECT pause_subscription(%L)', :'jon'), 'CB010', NULL, 'what was never paid has no time to keep');
SELECT is((SELECT status FROM pause_subscription(:'life')), 'paused', 'a lifetime is paused');
SELECT trial_end AS until FROM subscriptions WHERE id = :'trial' \gset
SELECT is((SELECT status FROM pause_subscription(:'trial')), 'paused', 'and a trial');
SELECT wait('20 days') AS clock \gset
SELECT is((SELECT row(status, current_period_end)::text FROM resume_subscription(:'life')), '(active,infinity)', 'a lifetime goes on without end');
SELECT is((SELECT row(status, trial_end)::text FROM resume_subscription(:'trial')),
          row('trialing', :'until'::timestamptz + interval '20 days')::text, 'a trial for what was left of it');
SELECT wait_until(:'until'::timestamptz + interval '20 days') AS clock \gset
SELECT is((SELECT period_start FROM invoices WHERE id = invoice_of(:'trial')), :'until'::timestamptz + interval '20 days',
          'the first period follows it');
SELECT wait_until(paid_until(:'kim') + interval '1 day') AS clock \gset
SELECT throws_ok(format('SELECT pause_subscription(%L)', :'kim'), 'CB010', NULL, 'what is past due has no time to keep');

-- R18: however often, whenever and for however long
CREATE FUNCTION pause_often(subscription uuid, rounds integer) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE
	remained interval;
	remains interval;
	whole_ended_at timestamptz;
BEGIN
	FOR i IN 1 .. rounds LOOP
		PERFORM sandbox_advance_clock(make_interval(secs => 1 + random() * 86400));
		SELECT least(current_period_end, trial_end) - charmbills.now() INTO remained FROM subscriptions WHERE id = subscription;
		PERFORM pause_subscription(subscription);
		PERFORM sandbox_advance_clock(make_interval(secs => 0.000001 + random() ^ 4 * 4000000));
		PERFORM resume_subscription(subscription);
		SELECT least(current_period_end, trial_end) - charmbills.now() INTO remains FROM subscriptions WHERE id = subscription;
		IF extract(epoch FROM remains) <> extract(epoch FROM remained) THEN
			RETURN format('round %s: %s before, %s after', i, remained, remains);
		END IF;
	END LOOP;
	RETURN 'the same';
END $$;
SELECT setseed(0.25) \gset
SET timezone = 'America/New_York';
SELECT start(:'yearly', 'leo') AS leo, subscribe((create_plan(:'shop', 'Tour', 10000, trial => '90 days')).id, 'leo') AS tour \gset
SELECT is(pause_often(:'leo', 60), 'the same', 'sixty pauses leave the time paid for as it was, to the microsecond');
SELECT is((SELECT count(*) FROM pauses WHERE subscription_id = :'leo')::integer, 60, 'each is kept');
SELECT is((SELECT extract(epoch FROM f.paused_for) FROM subscription_facts f WHERE id = :'leo'),
          (SELECT sum(extract(epoch FROM resumed_at - paused_at)) FROM pauses WHERE subscription_id = :'leo'), 'and they add up');
SELECT subscribe((create_plan(:'shop', 'Tour', 10000, trial => '90 days')).id, 'mia') AS mia \gset
SELECT is(pause_often(:'mia', 30), 'the same', 'thirty do the same to a trial');
SET timezone = 'UTC';

-- The clock moved backwards
SELECT start(:'plan', 'ned') AS ned \gset
SELECT pause_subscription(:'ned') AS row, test_clock AS clock FROM chain_state \gset
UPDATE chain_state SET test_clock = test_clock - interval '1 second';
SELECT throws_ok(format('SELECT resume_subscription(%L)', :'ned'), 'CB011', NULL, 'a pause does not end before it began');
SELECT throws_ok(format('SELECT cancel_subscription(%L, false)', :'ned'), 'CB011', NULL, 'by being canceled neither');
UPDATE chain_state SET test_clock = :'clock';
SELECT is((SELECT status FROM resume_subscription(:'ned')), 'active', 'but when it began');
UPDATE chain_state SET test_clock = :'clock'::timestamptz - interval '1 second';
SELECT throws_ok(format('SELECT pause_subscription(%L)', :'ned'), 'CB011', NULL, 'nor does one begin before the last one ended');
UPDATE chain_state SET test_clock = :'clock';

-- Bad input
SELECT throws_ok('SELECT ' || call || '(uuid_v7())', 'CB008', 'subscription does not exist', call || '() wants a subscription that there is')
FROM unnest(ARRAY['cancel_subscription', 'uncancel_subscription', 'pause_subscription', 'resume_subscription']) call;
SELECT throws_ok('SELECT ' || call || '(NULL)', 'CB011', NULL, call || '() wants one')
FROM unnest(ARRAY['cancel_subscription', 'uncancel_subscription', 'pause_subscription', 'resume_subscription']) call;
SELECT throws_ok(format('SELECT cancel_subscription(%L, NULL)', :'ned'), 'CB011', NULL, 'cancel_subscription() wants to know when');
CREATE ROLE other_merchant;
GRANT USAGE ON SCHEMA charmbills, tap TO other_merchant;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA charmbills, tap TO other_merchant;
SELECT grant_merchant('other_merchant', (create_merchant(name => 'Stall', address => 'bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk')).id) AS granted \gset
SELECT facts_of(:'ned') AS before \gset
SET ROLE other_merchant;
SELECT throws_ok(format('SELECT %s(%L)', call, :'ned'), '42501', NULL, call || '() is for the merchant')
FROM unnest(ARRAY['cancel_subscription', 'uncancel_subscription', 'pause_subscription', 'resume_subscription']) call;
RESET ROLE;
SELECT is(facts_of(:'ned'), :'before'::jsonb, 'nothing has changed');
DROP OWNED BY other_merchant;
DROP ROLE other_merchant;
SELECT is_empty('SELECT * FROM ledger_check()', 'the books are right');

SELECT * FROM finish();
