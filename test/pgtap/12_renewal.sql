-- Renewals over time: periods, trials, credit, small amounts, what is given up.
SET search_path = public, charmbills, tap;
SET timezone = 'UTC';
SELECT plan(80);

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
CREATE FUNCTION lines_of(subscription uuid) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(kind || ' ' || amount, ', ' ORDER BY position) FROM invoice_lines WHERE invoice_id = invoice_of(subscription) $$;
CREATE FUNCTION balance_of(who text) RETURNS bigint LANGUAGE sql AS
$$ SELECT balance_sats FROM customer_balances WHERE external_id = who $$;
CREATE FUNCTION paid_until(subscription uuid) RETURNS timestamptz LANGUAGE sql AS
$$ SELECT current_period_end FROM subscriptions WHERE id = subscription $$;
CREATE FUNCTION period_of(subscription uuid) RETURNS tstzrange LANGUAGE sql AS
$$ SELECT tstzrange(current_period_start, current_period_end) FROM subscriptions WHERE id = subscription $$;

SELECT sandbox_mine(12) AS height \gset
SELECT sandbox_advance_clock('1 second') AS clock \gset
SELECT (create_merchant(name => 'Shop',
    descriptor => 'wpkh(tpubDC5FSnBiZDMmhiuCmWAYsLwgLYrrT9rAqvTySfuCCrgsWz8wxMXUS9Tb9iVMvcRbvFcAHGkMD5Kx8koh4GquNGNTfohfk7pgjhaPCdXpoba/0/*)')).id AS shop \gset
SELECT (create_plan(:'shop', 'Service', 10000, '30 days')).id AS plan,
       (create_plan(:'shop', 'Trying', 10000, '30 days', trial => '7 days')).id AS trying,
       (create_plan(:'shop', 'Trying ever again', 10000, '30 days', trial => '7 days', trial_once => false, allow_multiple => true)).id AS again,
       (create_plan(:'shop', 'Patient', 10000, '30 days', restart => 'period_end')).id AS patient,
       (create_plan(:'shop', 'Taxed', 9999, '30 days', tax_rate => 19, tolerance_percent => 1)).id AS taxed,
       (create_plan(:'shop', 'Cheap', 200, '30 days')).id AS cheap,
       (create_plan(:'shop', 'Modest', 1000, '30 days', min_invoice_sats => 2500)).id AS modest \gset

-- Once for each customer and plan there is a trial
SELECT subscribe(:'trying', 'ann') AS trial, subscribe(:'again', 'ann') AS other_trial \gset
SELECT is(state_of(:'trial'), 'trialing', 'a customer has a trial');
SELECT cancel_subscription(:'trial', false) AS row, cancel_subscription(:'other_trial', false) AS other_row \gset
SELECT is(state_of(subscribe(:'trying', 'ann')), 'pending', 'and no second one');
SELECT is(state_of(subscribe(:'again', 'ann')), 'trialing', 'unless the plan gives it');
SELECT is(state_of(subscribe(:'trying', 'bob')), 'trialing', 'another customer has one');

-- Lead time, early payment, grace
SELECT start(:'plan', 'cid') AS cid, start(:'plan', 'dan') AS dan, start(:'plan', 'eve') AS eve, start(:'patient', 'eve') AS patient_eve \gset
SELECT paid_until(:'cid') AS first_end \gset
SELECT wait_until(:'first_end'::timestamptz - interval '3 days 1 second') AS clock \gset
SELECT is((SELECT count(*) FROM invoices WHERE subscription_id = :'cid')::integer, 1, 'the next invoice is not out yet');
SELECT wait('1 second') AS clock \gset
SELECT is(bill_of(:'cid'), 'open 10000 0', 'it comes a tenth of the period before the next one');
SELECT is((SELECT row(period_start, due_at, expires_at)::text FROM invoices WHERE id = invoice_of(:'cid')),
          row(:'first_end'::timestamptz, :'first_end'::timestamptz, :'first_end'::timestamptz + interval '5 days')::text,
          'is due when that begins, and expires with the grace');
SELECT is((issue_invoice(:'cid')).id, invoice_of(:'cid'), 'and is issued once');
SELECT pay(:'cid') AS payment \gset
SELECT is(period_of(:'cid'), tstzrange(:'first_end', :'first_end'::timestamptz + interval '30 days'), 'paid early, the new period follows the old one');
SELECT is(state_of(:'cid'), 'active', 'without a break');
SELECT is((SELECT next_invoice_at FROM subscriptions WHERE id = :'cid'), :'first_end'::timestamptz + interval '27 days', 'and the next invoice after it');
SELECT wait_until(:'first_end'::timestamptz + interval '4 days') AS clock \gset
SELECT is(state_of(:'cid') || ' ' || state_of(:'dan'), 'active past_due', 'unpaid, another is past due');
SELECT is(is_entitled(:'plan', external_id => 'dan'), true, 'and in grace');
SELECT pay(:'dan') AS payment \gset
SELECT is(period_of(:'dan'), tstzrange(:'first_end', :'first_end'::timestamptz + interval '30 days'), 'paid in grace, no day is free');
SELECT is(state_of(:'dan') || ' ' || bill_of(:'dan'), 'active paid 10000 10000', 'and it is not late');

-- Paid after it has expired
SELECT wait_until(:'first_end'::timestamptz + interval '10 days') AS clock \gset
SELECT is(state_of(:'eve') || ' ' || state_of(:'patient_eve'), 'expired expired', 'after the grace it expires');
SELECT pay(:'eve') AS payment, pay(:'patient_eve') AS other_payment \gset
SELECT is(bill_of(:'eve'), 'paid 10000 10000 late', 'a late payment pays it still');
SELECT is(period_of(:'eve'), tstzrange(:'clock', :'clock'::timestamptz + interval '30 days'), 'for a period that begins with the payment');
SELECT is(period_of(:'patient_eve'), tstzrange(:'first_end', :'first_end'::timestamptz + interval '30 days'),
          'or where the old one ended, if the plan says so');
SELECT wait_until(paid_until(:'eve') - interval '1 day') AS clock \gset
SELECT is((SELECT period_start FROM invoices WHERE id = invoice_of(:'eve')), paid_until(:'eve'), 'the next invoice follows that');
SELECT is_empty('SELECT * FROM ledger_check()', 'the books are right');

-- Nobody ran billing for a year
SELECT start(:'plan', 'fay') AS fay \gset
SELECT paid_until(:'fay') AS fay_end \gset
UPDATE chain_state SET test_clock = :'fay_end'::timestamptz + interval '365 days', followed_until = :'fay_end'::timestamptz + interval '365 days';
SELECT is(state_of(:'fay'), 'expired', 'a subscription expires though nobody looks');
SELECT run_billing() AS done \gset
SELECT is((SELECT count(*) FROM invoices WHERE subscription_id = :'fay')::integer, 2, 'after a year without billing there is one invoice');
SELECT is((SELECT row(period_start, period_end, due_at, expires_at)::text FROM invoices WHERE id = invoice_of(:'fay')),
          row(:'fay_end'::timestamptz + interval '360 days', :'fay_end'::timestamptz + interval '390 days',
              :'fay_end'::timestamptz + interval '360 days', :'fay_end'::timestamptz + interval '366 days')::text,
          'for the period that it is now, with a day to pay it');
SELECT is((SELECT string_agg(split_part(type, '.', 2), ' ' ORDER BY subject_seq) FROM events WHERE subject = 'subscription:' || :'fay'),
          'created active past_due expired', 'and each boundary was told once');
SELECT sandbox_mine(12) AS height \gset
SELECT pay(:'fay') AS payment \gset
SELECT is(period_of(:'fay'), tstzrange(:'fay_end'::timestamptz + interval '360 days', :'fay_end'::timestamptz + interval '390 days'), 'paid, that is the period');
SELECT is(state_of(:'fay'), 'active', 'and it is active');
SELECT run_billing() AS done \gset
SELECT is(run_billing(), 0, 'nothing is left to do');

-- Paid from credit
SELECT start(:'plan', 'gus', 35000) AS gus \gset
SELECT is(balance_of('gus'), 25000::bigint, 'what is paid too much is credit');
SELECT paid_until(:'gus') AS gus_end \gset
SELECT wait_until(:'gus_end') AS clock \gset
SELECT is(bill_of(:'gus') || ' ' || balance_of('gus'), 'paid 0 0 15000', 'which pays the next period');
SELECT is(lines_of(:'gus'), 'period 10000, credit -10000', 'as its lines tell');
SELECT wait('30 days') AS clock \gset
SELECT is(state_of(:'gus') || ' ' || balance_of('gus'), 'active 5000', 'and the one after that');
SELECT is((SELECT count(DISTINCT status) FROM events, LATERAL (SELECT payload ->> 'status') v (status) WHERE subject = 'subscription:' || :'gus'
           AND occurred_at > :'gus_end')::integer, 0, 'without a break');
SELECT wait('30 days') AS clock \gset
SELECT is(state_of(:'gus') || ' ' || bill_of(:'gus') || ' ' || balance_of('gus'), 'past_due open 5000 0 0', 'until it is not enough: the rest is invoiced');
SELECT pay(:'gus') AS payment \gset
SELECT is(state_of(:'gus') || ' ' || lines_of(:'gus'), 'active period 10000, credit -5000', 'and paid');
SELECT is((SELECT array_agg(upper(p) = lower(n)) FROM (SELECT tstzrange(period_start, period_end) AS p,
           lead(tstzrange(period_start, period_end)) OVER (ORDER BY number) AS n FROM invoices WHERE subscription_id = :'gus') v WHERE n IS NOT NULL),
          '{t,t,t}', 'all periods follow one another');
SELECT is_empty('SELECT * FROM ledger_check()', 'the books are right');

-- A payment is reversed after its credit was used
SELECT subscribe(:'plan', 'hal') AS hal \gset
SELECT pay(:'hal', 19000) AS payment \gset
SELECT subscribe(:'taxed', 'hal') AS hal_taxed \gset
SELECT is(balance_of('hal') || ' ' || bill_of(:'hal_taxed') || ', ' || lines_of(:'hal_taxed'),
          '0 open 2898 0, period 9999, tax 1899, credit -9000', 'credit is used after tax');
SELECT sandbox_reorg(1) AS height \gset
SELECT sandbox_double_spend(:'payment') AS thief, sandbox_mine() AS height \gset
SELECT is(balance_of('hal') || ' ' || state_of(:'hal'), '-9000 pending', 'credit from a payment that is reversed is owed');
SELECT is_empty('SELECT * FROM ledger_check()', 'and the books are right');
SELECT is((SELECT balance_sats FROM customer_balances WHERE external_id = 'hal'),
          (SELECT customer_balance(id) FROM customers WHERE external_id = 'hal'), 'as view and function say');
SELECT pay(:'hal_taxed') AS payment \gset
SELECT wait_until(paid_until(:'hal_taxed')) AS clock \gset
SELECT is(bill_of(:'hal_taxed') || ', ' || lines_of(:'hal_taxed'), 'open 11898 0, period 9999, tax 1899', 'debts are not renewed from');
SELECT is(balance_of('hal'), -9000::bigint, 'and stay');

-- Tolerance in percent
SELECT pay(:'hal_taxed', 11898 - 118) AS payment \gset
SELECT is(bill_of(:'hal_taxed'), 'paid 11898 11780', 'one percent may be missing, rounded down');
SELECT subscribe(:'taxed', 'ida') AS ida \gset
SELECT pay(:'ida', 11898 - 119) AS payment \gset
SELECT is(bill_of(:'ida'), 'open 11898 11779 under', 'and no more');
SELECT is_empty('SELECT * FROM ledger_check()', 'the books are right');

-- Too little to be paid
SELECT subscribe(:'cheap', 'jon') AS jon \gset
SELECT is(state_of(:'jon') || ' ' || bill_of(:'jon') || ', ' || lines_of(:'jon'), 'active paid 0 0, period 200, carried -200',
          'an amount below dust is left to the next invoice');
SELECT is((SELECT carried_sats FROM customer_balances WHERE external_id = 'jon'), 200::bigint, 'and owed');
SELECT is(balance_of('jon'), 0::bigint, 'which is no part of the balance');
SELECT wait_until(paid_until(:'jon')) AS clock \gset
SELECT is(bill_of(:'jon') || ', ' || lines_of(:'jon'), 'open 400 0, period 200, carried 200', 'that demands both');
SELECT is((SELECT carried_sats FROM customer_balances WHERE external_id = 'jon'), 0::bigint, 'and nothing is owed apart from it');
SELECT void_invoice(invoice_of(:'jon')) AS row \gset
SELECT is((SELECT carried_sats FROM customer_balances WHERE external_id = 'jon'), 200::bigint, 'until it is void');
SELECT issue_invoice(:'jon') AS row \gset
SELECT is(bill_of(:'jon'), 'open 400 0', 'the next one demands it again');
SELECT pay(:'jon') AS payment \gset
SELECT is((SELECT carried_sats FROM customer_balances WHERE external_id = 'jon'), 0::bigint, 'paid, all is paid');
SELECT is_empty('SELECT * FROM ledger_check()', 'the books are right');
SELECT subscribe(:'modest', 'kim') AS kim \gset
SELECT is(lines_of(:'kim'), 'period 1000, carried -1000', 'a plan may have a least amount');
SELECT wait_until(paid_until(:'kim')) AS clock \gset
SELECT is(lines_of(:'kim'), 'period 1000, carried 1000, carried -2000', 'so small ones add up');
SELECT wait_until(paid_until(:'kim')) AS clock \gset
SELECT is(bill_of(:'kim') || ', ' || lines_of(:'kim'), 'open 3000 0, period 1000, carried 2000', 'until it is reached');
SELECT is_empty('SELECT * FROM ledger_check()', 'the books are right');

-- Given up
SELECT start(:'plan', 'leo', 13000) AS leo \gset
SELECT wait_until(paid_until(:'leo')) AS clock \gset
SELECT is(bill_of(:'leo') || ' ' || balance_of('leo'), 'open 7000 0 0', 'credit is on an invoice');
SELECT wait('6 days') AS clock \gset
SELECT is(bill_of(:'leo') || ' ' || balance_of('leo'), 'expired 7000 0 0', 'and stays there when that expires');
SELECT wait('24 days') AS clock \gset
SELECT is(bill_of(:'leo') || ' ' || balance_of('leo'), 'uncollectible 7000 0 3000', 'given up, it is the customer''s again');
SELECT is((SELECT array_agg(type ORDER BY subject_seq) FROM events WHERE subject = 'invoice:' || invoice_of(:'leo')),
          '{invoice.issued,invoice.reminder,invoice.reminder,invoice.expired,invoice.uncollectible}', 'after reminders');
SELECT is((SELECT count(*) FROM invoices WHERE subscription_id = :'leo')::integer, 2, 'no further invoice is issued by itself');
SELECT pay(:'leo') AS payment \gset
SELECT is(bill_of(:'leo') || ' ' || balance_of('leo') || ' ' || state_of(:'leo'), 'paid 7000 7000 late 0 active', 'paid after all, it takes its credit again');
SELECT is_empty('SELECT * FROM ledger_check()', 'the books are right');
SELECT start(:'plan', 'mia', 13000) AS mia \gset
SELECT wait_until(paid_until(:'mia')) AS clock \gset
SELECT void_invoice(invoice_of(:'mia')) AS row \gset
SELECT is(bill_of(:'mia') || ' ' || balance_of('mia'), 'void 7000 0 3000', 'made void, it gives its credit back');
SELECT wait('1 day') AS clock \gset
SELECT is((SELECT count(*) FROM invoices WHERE subscription_id = :'mia')::integer, 2, 'what was made void on request is not issued again by itself');
SELECT issue_invoice(:'mia') AS row \gset
SELECT is(bill_of(:'mia') || ' ' || balance_of('mia'), 'open 7000 0 0', 'another takes it');

-- A period that came to nothing before can be invoiced again
SELECT subscribe(:'patient', 'pia') AS pia \gset
SELECT wait('95 days') AS clock \gset
SELECT pay(:'pia') AS payment \gset
SELECT wait('3 days') AS clock \gset
SELECT period_start AS failed FROM invoices WHERE id = invoice_of(:'pia') \gset
SELECT issue_invoice(:'pia') AS row \gset
SELECT pay(:'pia') AS payment \gset
SELECT wait('1 hour') AS clock \gset
SELECT is((SELECT period_start FROM invoices WHERE id = invoice_of(:'pia')), :'failed', 'a period whose invoice has expired is invoiced again once those before are paid');
SELECT is_empty($$ SELECT billing_error FROM subscription_facts WHERE billing_error IS NOT NULL $$, 'without being in its way');

-- One that fails stops no other
SELECT subscribe((create_plan(:'shop', 'Broken', 5000, '30 days')).id, 'ned') AS ned, start(:'plan', 'ned') AS sound \gset
SELECT pay(:'ned') AS payment \gset
SELECT (create_merchant(name => 'Spent', descriptor => 'wpkh(tpubDC5FSnBiZDMmhiuCmWAYsLwgLYrrT9rAqvTySfuCCrgsWz8wxMXUS9Tb9iVMvcRbvFcAHGkMD5Kx8koh4GquNGNTfohfk7pgjhaPCdXpoba/1/*)')).id AS spent \gset
SELECT start((create_plan(:'spent', 'Service', 5000, '30 days')).id, 'ora') AS ora \gset
SELECT next_index AS next_index FROM descriptors WHERE merchant_id = :'spent' \gset
UPDATE descriptors SET next_index = 2147483647 WHERE merchant_id = :'spent';
SELECT wait_until(paid_until(:'ora') - interval '1 day') AS clock \gset
SELECT is(bill_of(:'ned') || ' ' || bill_of(:'sound'), 'open 5000 0 open 10000 0', 'all others are invoiced');
SELECT is((SELECT count(*) FROM invoices WHERE subscription_id = :'ora')::integer, 1, 'when one fails');
SELECT is((SELECT count(*) FROM events WHERE type = 'subscription.billing_failed')::integer, 1, 'which is told once, however often it is tried');
SELECT is((SELECT payload ->> 'sqlstate' FROM events WHERE type = 'subscription.billing_failed' AND subject = 'subscription:' || :'ora'), 'CB015', 'with the reason');
SELECT is((SELECT held_until BETWEEN charmbills.now() AND charmbills.now() + interval '1 hour' AND billing_error IS NOT NULL
           FROM subscription_facts WHERE id = :'ora'), true, 'it is held back for an hour');
SELECT is(health_jobs() ->> 'held_subscriptions' || ' ' || (health_jobs() ->> 'status'), '1 degraded', 'health_jobs() tells');
UPDATE descriptors SET next_index = :next_index WHERE merchant_id = :'spent';
SELECT wait('1 hour') AS clock \gset
SELECT is((SELECT row(billing_error, held_until)::text FROM subscription_facts WHERE id = :'ora') || bill_of(:'ora'), '(,)open 5000 0', 'and invoiced when it can be');
SELECT is(health_jobs() ->> 'held_subscriptions', '0', 'which health_jobs() tells too');
SELECT is_empty('SELECT * FROM ledger_check()', 'the books are right');

SELECT * FROM finish();
