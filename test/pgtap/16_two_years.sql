-- Two years of a subscription: everything on the way, in order, when it was due.
SET search_path = public, charmbills, tap;
SET timezone = 'UTC';
SELECT plan(19);

CREATE FUNCTION pay(invoice uuid, sats bigint) RETURNS integer LANGUAGE sql AS
$$ SELECT sandbox_pay(address, sats) FROM invoices WHERE id = invoice; SELECT sandbox_mine(1) $$;
CREATE FUNCTION invoice_of(subscription uuid) RETURNS uuid LANGUAGE sql AS
$$ SELECT id FROM invoices i WHERE i.subscription_id = subscription ORDER BY created_at DESC, number DESC LIMIT 1 $$;
-- What happened to a subscription since, and when.
CREATE FUNCTION told(subscription uuid, since bigint) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(to_char(e.occurred_at, 'YYYY-MM-DD HH24:MI ') || e.type, ', ' ORDER BY e.id)
   FROM events e LEFT JOIN invoices i ON e.subject = 'invoice:' || i.id
   WHERE e.id > since AND (e.subject = 'subscription:' || subscription OR i.subscription_id = subscription) $$;

SELECT sandbox_mine(12) AS height \gset
UPDATE chain_state SET test_clock = '2031-01-31 12:00+00';
SELECT sandbox_advance_clock('1 second') AS clock \gset
UPDATE chain_state SET test_clock = '2031-01-31 12:00+00';
SELECT (create_merchant(name => 'Shop', timezone => 'Europe/Berlin',
    descriptor => 'wpkh(tpubDC5FSnBiZDMmhiuCmWAYsLwgLYrrT9rAqvTySfuCCrgsWz8wxMXUS9Tb9iVMvcRbvFcAHGkMD5Kx8koh4GquNGNTfohfk7pgjhaPCdXpoba/0/*)')).id AS shop \gset
SELECT (create_plan(:'shop', 'Service', 10000)).id AS plan \gset

-- Paid for two years at once: each month is renewed from credit
SELECT (subscribe(:'plan', external_id => 'ann')).id AS ann \gset
SELECT pay(invoice_of(:'ann'), 240000) AS height \gset
SELECT max(id) AS last_event FROM events \gset
SELECT clock_timestamp() AS began, sandbox_advance_clock('2 years') AS clock \gset
SELECT diag('two years in one statement took ' || to_char(clock_timestamp() - :'began'::timestamptz, 'SS.MS') || ' s');
CREATE TABLE months AS
SELECT k, (timestamp '2031-01-31 13:00' + k * interval '1 month') AT TIME ZONE 'Europe/Berlin' AS starts,
       (timestamp '2031-01-31 13:00' + (k + 1) * interval '1 month') AT TIME ZONE 'Europe/Berlin' AS ends
FROM generate_series(0, 24) k;
SELECT results_eq(format('SELECT period_start, period_end FROM invoices WHERE subscription_id = %L ORDER BY number', :'ann'),
                  'SELECT starts, ends FROM months ORDER BY k',
                  'every month has its invoice, from and to the 31st or the last day, by the clocks of Berlin');
SELECT results_eq(format('SELECT created_at FROM invoices WHERE subscription_id = %L AND number > 1 ORDER BY number', :'ann'),
                  $$ SELECT (starts AT TIME ZONE 'Europe/Berlin' - interval '3 days') AT TIME ZONE 'Europe/Berlin'
                     FROM months WHERE k > 0 ORDER BY k $$, 'issued three days before it');
SELECT results_eq(format('SELECT amount_sats::bigint, credit_sats, status, count(*) FROM invoices WHERE subscription_id = %L GROUP BY 1, 2, 3 ORDER BY 4, 3',
                         :'ann'),
                  $$ VALUES (10000::bigint, 0::bigint, 'open', 1::bigint), (10000, 0, 'paid', 1), (0, 10000, 'paid', 23) $$,
                  'the first was paid, the last is open, and credit has paid those between');
SELECT is(sum(amount_sats), 0::numeric, 'no credit is left') FROM credits WHERE kind <> 'carried';
SELECT is((SELECT array_agg(DISTINCT type ORDER BY type) FROM events WHERE id > :last_event AND subject LIKE 'subscription:%'),
          '{subscription.past_due}', 'what is renewed in time is never past due until then');
SELECT is(status || ' ' || current_period_end, 'past_due 2033-01-31 12:00:00+00', 'after two years it is') FROM subscriptions WHERE id = :'ann';

-- Nobody pays any more
SELECT max(id) AS last_event FROM events \gset
SELECT sandbox_advance_clock('40 days') AS clock \gset
SELECT is(told(:'ann', :last_event),
          '2033-02-01 12:00 invoice.reminder, 2033-02-03 12:00 invoice.reminder, 2033-02-05 12:00 invoice.expired, '
          '2033-02-05 12:00 subscription.expired, 2033-03-02 12:00 invoice.uncollectible',
          'it is reminded of twice, expires with the grace, and is given up');
SELECT is(is_entitled(:'plan', external_id => 'ann'), false, 'and gives nothing any more');

-- Two years by the month: paid early, in grace, late, and again
UPDATE chain_state SET test_clock = '2034-01-30 12:00+00';
SELECT sandbox_advance_clock('1 day') AS clock \gset
SELECT (subscribe(:'plan', external_id => 'bob')).id AS bob \gset
SELECT pay(invoice_of(:'bob'), 10000) AS height \gset
SELECT max(id) AS last_event FROM events \gset
SELECT sandbox_advance_clock('27 days') AS clock \gset
SELECT pay(invoice_of(:'bob'), 10000) AS height \gset
SELECT is(told(:'bob', :last_event), '2034-02-25 12:00 invoice.issued, 2034-02-27 12:00 invoice.processing, 2034-02-27 12:00 invoice.paid',
          'paid in time, a renewal is nothing but that');
SELECT is(current_period_end, '2034-03-31 11:00+00', 'and the new month follows the old one') FROM subscriptions WHERE id = :'bob';

SELECT max(id) AS last_event FROM events \gset
SELECT sandbox_advance_clock('34 days') AS clock \gset
SELECT pay(invoice_of(:'bob'), 10000) AS height \gset
SELECT is(told(:'bob', :last_event),
          '2034-03-28 11:00 invoice.issued, 2034-03-31 11:00 subscription.past_due, 2034-04-01 11:00 invoice.reminder, '
          '2034-04-02 12:00 invoice.processing, 2034-04-02 12:00 invoice.paid, 2034-04-02 12:00 subscription.active',
          'paid in grace, it was past due and reminded of');
SELECT is(current_period_end, '2034-04-30 11:00+00', 'with no day for nothing') FROM subscriptions WHERE id = :'bob';

SELECT max(id) AS last_event FROM events \gset
SELECT sandbox_advance_clock('38 days') AS clock \gset
SELECT pay(invoice_of(:'bob'), 10000) AS height \gset
SELECT is(told(:'bob', :last_event),
          '2034-04-27 11:00 invoice.issued, 2034-04-30 11:00 subscription.past_due, 2034-05-01 11:00 invoice.reminder, '
          '2034-05-03 11:00 invoice.reminder, 2034-05-05 11:00 invoice.expired, 2034-05-05 11:00 subscription.expired, '
          '2034-05-10 12:00 invoice.paid, 2034-05-10 12:00 subscription.active',
          'paid after that, everything had been told');
SELECT is(current_period_start || ' ' || current_period_end, '2034-05-10 12:00:00+00 2034-06-10 12:00:00+00',
          'and a month begins with the payment') FROM subscriptions WHERE id = :'bob';

-- The rest of the two years, with the price raised on the way
SELECT price_sats::bigint AS price FROM update_plan(:'plan', price_sats => 12000, price_from => '2035-01-01 00:00+00') \gset
SELECT sandbox_advance_clock('29 days') AS clock \gset
SELECT pay(invoice_of(:'bob'), 10000 + 6 * 10000 + 13 * 12000) AS height \gset
SELECT sandbox_advance_clock(timestamptz '2036-01-31 12:00+00' - charmbills.now()) AS clock \gset
SELECT results_eq(format($$ SELECT period_start, period_end, period_worth FROM invoices
                            WHERE subscription_id = %L AND period_start >= '2034-06-10' ORDER BY number $$, :'bob'),
                  $$ SELECT starts, lead(starts, 1, '2036-02-10 13:00+00') OVER (ORDER BY starts),
                            CASE WHEN starts < '2035-01-01' THEN 10000 ELSE 12000 END::numeric
                     FROM (SELECT (timestamp '2034-06-10 14:00' + k * interval '1 month') AT TIME ZONE 'Europe/Berlin' AS starts
                           FROM generate_series(0, 19) k) m ORDER BY starts $$,
                  'twenty months from there, each at the price in force when it begins');
SELECT is(count(*), 0::bigint, 'none of them unpaid') FROM invoices WHERE subscription_id = :'bob' AND status <> 'paid';
SELECT is(status || ' ' || current_period_end, 'active 2036-02-10 13:00:00+00', 'two years later it is active') FROM subscriptions WHERE id = :'bob';
SELECT is((SELECT count(*) FROM (SELECT period_start, lag(period_end) OVER (ORDER BY number) AS before FROM invoices
                                 WHERE subscription_id = :'bob' AND status = 'paid' AND NOT is_late) p WHERE before > period_start),
          0::bigint, 'and no time was sold twice');
SELECT ok((SELECT bool_and(l.sum = i.amount_sats) FROM invoices i
           JOIN LATERAL (SELECT sum(amount) FROM invoice_lines l WHERE l.invoice_id = i.id) l(sum) ON true),
          'all lines add up');

SELECT * FROM finish();
