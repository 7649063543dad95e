-- Prices in a currency: rates, quotes, and payments judged by them, on the sandbox's chain.
SET search_path = public, charmbills, tap;
SET timezone = 'UTC';
SELECT plan(173);

CREATE FUNCTION offer(money text, cost numeric, cycle text DEFAULT 'monthly') RETURNS uuid LANGUAGE sql AS
$$ SELECT (create_plan(m.id, 'Service', currency => money, price => cost, billing_cycle => cycle)).id FROM merchants m WHERE name = 'Shop' $$;
CREATE FUNCTION invoice_of(who text) RETURNS uuid LANGUAGE sql AS
$$ SELECT i.id FROM invoices i JOIN customers c ON c.id = i.customer_id WHERE c.external_id = who ORDER BY i.created_at DESC, number DESC LIMIT 1 $$;
CREATE FUNCTION buy(money text, cost numeric, who text) RETURNS uuid LANGUAGE sql AS
$$ SELECT subscribe(offer(money, cost), external_id => who); SELECT invoice_of(who) $$;
CREATE FUNCTION pay(invoice uuid, amount bigint) RETURNS txid LANGUAGE sql AS
$$ SELECT sandbox_pay(address, pay.amount) FROM invoices WHERE id = invoice $$;
CREATE FUNCTION quoted(invoice uuid) RETURNS bigint LANGUAGE sql AS
$$ SELECT amount_sats::bigint FROM quote_invoice(invoice) $$;
CREATE FUNCTION rate(money text, price numeric) RETURNS numeric LANGUAGE sql AS
$$ SELECT rate FROM set_exchange_rate(money, price) $$;
-- Status, sum received, and flags.
CREATE FUNCTION look(invoice uuid) RETURNS text LANGUAGE sql AS
$$ SELECT concat_ws(' ', status, received_sats, CASE WHEN is_underpaid THEN 'under' END, CASE WHEN is_overpaid THEN 'over' END,
                    CASE WHEN is_late THEN 'late' END) FROM invoices WHERE id = invoice $$;
CREATE FUNCTION credit_of(invoice uuid) RETURNS bigint LANGUAGE sql AS
$$ SELECT coalesce(sum(amount_sats), 0)::bigint FROM credits WHERE invoice_id = invoice $$;
CREATE FUNCTION rates_of(invoice uuid) RETURNS numeric[] LANGUAGE sql AS
$$ SELECT array_agg(rate ORDER BY first_seen_at, amount_sats) FROM payments WHERE invoice_id = invoice $$;

SELECT sandbox_mine(12) AS height \gset
SELECT sandbox_advance_clock('1 second') AS clock \gset
SELECT (create_merchant(name => 'Shop',
    descriptor => 'wpkh(tpubDC5FSnBiZDMmhiuCmWAYsLwgLYrrT9rAqvTySfuCCrgsWz8wxMXUS9Tb9iVMvcRbvFcAHGkMD5Kx8koh4GquNGNTfohfk7pgjhaPCdXpoba/0/*)')).id AS shop,
       (create_merchant(name => 'Stall', address => 'bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk')).id AS stall \gset

-- Without a rate
SELECT buy('EUR', 10, 'ann') AS ann \gset
SELECT is((SELECT (currency, amount, amount_sats, status)::text FROM invoices WHERE id = :'ann'), '(EUR,10.00,,open)',
          'an invoice in a currency is issued without a rate');
SELECT throws_ok(format('SELECT quote_invoice(%L)', :'ann'), 'CB018', NULL, 'but not quoted');
SELECT throws_ok(format('SELECT payment_uri(%L)', :'ann'), 'CB010', NULL, 'and has no payment URI');
SELECT throws_ok($$SELECT set_exchange_rate('EUR', 0)$$, 'CB005', NULL, 'a rate is not zero');
SELECT throws_ok($$SELECT set_exchange_rate('EUR', -5)$$, 'CB005', NULL, 'nor negative');
SELECT throws_ok($$SELECT set_exchange_rate('EUR', 0.0000001)$$, 'CB005', NULL, 'nor too small for what is kept of it');
SELECT throws_ok($$SELECT set_exchange_rate('EUR', 1e12)$$, 'CB005', NULL, 'nor absurd');
SELECT throws_ok($$SELECT set_exchange_rate('EUR', 'NaN')$$, 'CB005', NULL, 'nor no number');
SELECT throws_ok($$SELECT set_exchange_rate('EUR', 'Infinity')$$, 'CB005', NULL, 'nor infinite');
SELECT throws_ok($$SELECT set_exchange_rate('EUR', NULL)$$, 'CB011', NULL, 'nor null');
SELECT throws_ok($$SELECT set_exchange_rate('eur', 1)$$, 'CB011', NULL, 'a code is in capital letters');
SELECT throws_ok($$SELECT set_exchange_rate('XBT', 1)$$, 'CB011', NULL, 'bitcoin has no rate');
SELECT throws_ok($$SELECT set_exchange_rate('XAU', 1)$$, 'CB011', NULL, 'nor has gold');
SELECT is((SELECT count(*) FROM currencies)::int, 0, 'and nothing of this is stored');
SELECT is((SELECT (rate, source)::text FROM set_exchange_rate('EUR', 50000)), '(50000,manual)', 'a rate is set');
SELECT is((SELECT (rate, source)::text FROM set_exchange_rate('EUR', 50000.1234569, 'desk')), '(50000.123456,desk)', 'six decimals are kept');
SELECT is(rate('EUR', 50000), 50000::numeric, 'the same instant again');
SELECT is((SELECT count(*) FROM exchange_rates)::int, 1, 'replaces');

-- A quote, while it is valid
SELECT * FROM quote_invoice(:'ann') \gset ann_
SELECT is(:ann_amount_sats, 20000, 'a quote is what is missing in sats');
SELECT is(:'ann_valid_until'::timestamptz, charmbills.now() + interval '15 minutes', 'for fifteen minutes');
SELECT is((SELECT amount_sats::int FROM invoices WHERE id = :'ann'), 20000, 'the invoice shows it');
SELECT matches(payment_uri(:'ann'), '[?]amount=0[.]0002&', 'and so does the payment URI');
SELECT sandbox_advance_clock('1 minute') AS clock \gset
SELECT rate('EUR', 40000) AS moved \gset
SELECT is((SELECT id FROM quote_invoice(:'ann')), :'ann_id'::uuid, 'it is given again while it is valid, though the rate has moved');
SELECT is((SELECT count(*) FROM quotes)::int, 1, 'and no other beside it');
SELECT pay(:'ann', 20000) AS tx \gset
SELECT is(look(:'ann'), 'processing 20000', 'what was quoted covers the invoice at another rate');
SELECT is(rates_of(:'ann'), '{50000}', 'the payment is judged at the rate of the quote');
SELECT throws_ok(format('SELECT quote_invoice(%L)', :'ann'), 'CB010', NULL, 'nothing is left to be quoted');
SELECT throws_ok(format('SELECT payment_uri(%L)', :'ann'), 'CB010', NULL, 'nor to be paid');
SELECT sandbox_mine() AS height \gset
SELECT is(look(:'ann'), 'paid 20000', 'and pays it, neither more nor less');
SELECT is(credit_of(:'ann'), 0::bigint, 'so that nothing is left over');
SELECT rate('EUR', 30000) AS moved \gset
SELECT sandbox_reorg(1) AS height, sandbox_mine(2) AS mined \gset
SELECT is(look(:'ann'), 'paid 20000', 'a payment mined again at another rate');
SELECT is(rates_of(:'ann'), '{50000}', 'keeps its own');

-- Without a quote, at the rate when it was seen
SELECT rate('EUR', 40000) AS moved \gset
SELECT buy('EUR', 10, 'bob') AS bob \gset
SELECT pay(:'bob', 25000) AS tx \gset
SELECT sandbox_advance_clock('1 minute') AS clock \gset
SELECT rate('EUR', 60000) AS moved \gset
SELECT pay(:'bob', 1) AS tx \gset
SELECT sandbox_mine() AS height \gset
SELECT is(look(:'bob'), 'paid 25001 over', 'a payment without a quote pays');
SELECT is(rates_of(:'bob'), '{40000,60000}', 'each at the rate when it was seen');
SELECT is(credit_of(:'bob'), 1::bigint, 'what is too much is credit');

-- A quote that has run out
SELECT rate('EUR', 40000) AS moved \gset
SELECT buy('EUR', 10, 'cat') AS cat \gset
SELECT is(quoted(:'cat'), 25000::bigint, 'a quote');
SELECT sandbox_advance_clock('14 minutes 59 seconds') AS clock \gset
SELECT matches(payment_uri(:'cat'), '[?]amount=0[.]00025&', 'is valid until its last second');
SELECT sandbox_advance_clock('1 second') AS clock \gset
SELECT throws_ok(format('SELECT payment_uri(%L)', :'cat'), 'CB010', NULL, 'and then no more');
SELECT rate('EUR', 80000) AS moved \gset
SELECT is(quoted(:'cat'), 12500::bigint, 'the next one is at the present rate');
SELECT is((SELECT amount_sats::int FROM invoices WHERE id = :'cat'), 12500, 'and the invoice shows it');
SELECT pay(:'cat', 25000) AS tx \gset
SELECT is(look(:'cat'), 'processing 25000 over', 'who pays the old one pays too much');
SELECT sandbox_mine() AS height \gset
SELECT is(credit_of(:'cat'), 12500::bigint, 'and has the rest as credit, in sats');

-- Too little, and the rest
SELECT buy('EUR', 10, 'dan') AS dan \gset
SELECT id AS first FROM quote_invoice(:'dan') \gset
SELECT pay(:'dan', 5000) AS tx \gset
SELECT is(look(:'dan'), 'open 5000 under', 'a part is too little');
SELECT throws_ok(format('SELECT payment_uri(%L)', :'dan'), 'CB010', NULL, 'and ends the quote');
SELECT is(quoted(:'dan'), 7500::bigint, 'the next one is for the rest');
SELECT sandbox_advance_clock('1 hour') AS clock \gset
SELECT throws_ok(format('SELECT quote_invoice(%L)', :'dan'), 'CB018', NULL, 'nothing is quoted at a stale rate');
SELECT rate('EUR', 60000) AS moved \gset
SELECT is(quoted(:'dan'), 10000::bigint, 'the rest costs more at a lower rate');
SELECT pay(:'dan', 9999) AS tx \gset
SELECT is(look(:'dan'), 'open 14999 under', 'one sat less is too little');
SELECT is(quoted(:'dan'), 294::bigint, 'what nodes would not relay is quoted as what they do');
SELECT pay(:'dan', 294) AS tx \gset
SELECT sandbox_mine() AS height \gset
SELECT is(look(:'dan'), 'paid 15293 over', 'and paid');
SELECT is(credit_of(:'dan'), 293::bigint, 'the rest of it is credit');
SELECT is(rates_of(:'dan'), '{80000,60000,60000}', 'each part was judged at its rate');

-- To the sat
SELECT buy('EUR', 10, 'eve') AS eve \gset
CREATE FUNCTION is_least(invoice uuid, rate numeric) RETURNS boolean LANGUAGE sql AS $$
    SELECT sandbox_advance_clock('15 minutes');
    SELECT set_exchange_rate('EUR', is_least.rate);
    SELECT trunc(q.amount_sats * is_least.rate) >= 1000000000 AND trunc((q.amount_sats - 1) * is_least.rate) < 1000000000
    FROM quote_invoice(invoice) q
$$;
SELECT ok(is_least(:'eve', r), 'the least that is enough at ' || r)
FROM unnest('{64123.456789, 3, 7, 0.000001, 333333.333333, 99999.999999, 100000.000001, 999999.999999}'::numeric[]) r
WHERE r > 0.00001;
SELECT sandbox_advance_clock('15 minutes') AS clock \gset
SELECT rate('EUR', 0.000001) AS moved \gset
SELECT is(quoted(:'eve'), 1000000000000000::bigint, 'and at the lowest rate');
SELECT buy('EUR', 9999999999.99, 'max') AS max \gset
SELECT throws_ok(format('SELECT quote_invoice(%L)', :'max'), 'CB005', NULL, 'more bitcoin than there is cannot be quoted');

-- Decimals
SELECT rate('JPY', 7000000) AS jpy, rate('KWD', 20000) AS kwd \gset
SELECT buy('JPY', 1500, 'fumi') AS fumi, buy('KWD', 3.125, 'gada') AS gada \gset
SELECT is((SELECT string_agg(currency || ' ' || amount, ', ' ORDER BY currency) FROM invoices WHERE id IN (:'fumi', :'gada')),
          'JPY 1500, KWD 3.125', 'amounts have their currency''s decimals');
SELECT is(quoted(:'fumi'), 21429::bigint, 'yen are rounded up to a sat');
SELECT is(quoted(:'gada'), 15625::bigint, 'dinars come out even');
SELECT throws_ok(format('SELECT create_plan(%L, ''x'', currency => ''JPY'', price => 1500.5)', :'shop'), 'CB005', NULL, 'a yen has no parts');
SELECT throws_ok(format('SELECT create_plan(%L, ''x'', currency => ''KWD'', price => 3.1255)', :'shop'), 'CB005', NULL, 'a dinar has a thousand');

-- A payment before there is any rate
SELECT buy('GBP', 10, 'hal') AS hal \gset
SELECT pay(:'hal', 25000) AS tx \gset
SELECT sandbox_mine() AS height \gset
SELECT is(look(:'hal'), 'open 25000', 'a payment counts for nothing while there is no rate');
SELECT is((SELECT (currency, rate)::text FROM payments WHERE invoice_id = :'hal'), '(GBP,)', 'and waits for one');
SELECT rate('GBP', 40000) AS first \gset
SELECT is(look(:'hal'), 'paid 25000', 'which judges it when it comes');
SELECT is((SELECT s.status FROM subscriptions s JOIN invoices i ON i.subscription_id = s.id WHERE i.id = :'hal'), 'active', 'with all that follows');
SELECT rate('GBP', 20000) AS second \gset
SELECT is(look(:'hal'), 'paid 25000', 'and the next one leaves it alone');
SELECT is(rates_of(:'hal'), '{40000}', 'rate and all');

-- Assigned by hand
SELECT rate('EUR', 50000) AS moved \gset
SELECT sandbox_pay('bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk', 999) AS stray \gset
SELECT buy('EUR', 10, 'ida') AS ida \gset
SELECT sandbox_advance_clock('10 days') AS clock, sandbox_mine(12) AS height, run_billing() AS done \gset
SELECT is(look(:'ida'), 'expired 0', 'an invoice expires');
SELECT rate('EUR', 100000) AS moved \gset
SELECT throws_ok(format('SELECT quote_invoice(%L)', :'ida'), 'CB010', NULL, 'and is paid at no rate any more');
SELECT throws_ok(format('SELECT payment_uri(%L)', :'ida'), 'CB010', NULL, 'nor by a payment URI');
SELECT pay(:'ida', 10000) AS late \gset
SELECT sandbox_mine() AS height \gset
SELECT is(look(:'ida'), 'expired 10000', 'a late payment leaves it expired');
SELECT is(credit_of(:'ida'), 10000::bigint, 'and is credit');
SELECT buy('EUR', 5, 'jan') AS jan, buy('JPY', 1000, 'kim') AS kim \gset
SELECT outpoint AS late FROM payments WHERE invoice_id = :'ida' \gset
SELECT sandbox_advance_clock('1 minute') AS clock \gset
SELECT rate('EUR', 70000) AS moved, rate('JPY', 9000000) AS yen \gset
SELECT (assign_payment(:'late', :'jan')).rate AS rate \gset
SELECT is(:rate, 100000, 'assigned to another, it is judged at the rate when it was seen');
SELECT is(look(:'jan'), 'paid 10000 over', 'and pays that');
SELECT is(credit_of(:'jan'), 5000::bigint, 'with the rest as credit');
SELECT throws_ok(format('SELECT assign_payment(%L, %L)', :'late', :'kim'), 'CB009', NULL, 'but not a third');

-- In sats, and not at all
SELECT (create_plan(:'shop', 'Sats', 1000)).id AS in_sats \gset
SELECT subscribe(:'in_sats', external_id => 'lea') AS lea \gset
SELECT throws_ok(format('SELECT quote_invoice(%L)', invoice_of('lea')), 'CB010', NULL, 'an invoice in sats needs no quote');
SELECT throws_ok($$SELECT quote_invoice('00000000-0000-0000-0000-000000000000')$$, 'CB008', NULL, 'one that is not there has none');
SELECT throws_ok('SELECT quote_invoice(NULL)', 'CB011', NULL, 'nor has NULL');

-- A new price is for the next invoice
SELECT offer('EUR', 10, 'weekly') AS weekly \gset
SELECT subscribe(:'weekly', external_id => 'mia') AS mia \gset
SELECT is((SELECT price FROM update_plan(:'weekly', price => 12)), 12.00, 'a plan gets another price');
SELECT is((SELECT price FROM update_plan(:'weekly', price => 15, price_from => charmbills.now() + interval '8 days')), 12.00,
          'and a third, which begins later');
SELECT rate('EUR', 100000) AS moved \gset
SELECT pay(invoice_of('mia'), 10000) AS tx, sandbox_mine() AS height \gset
SELECT is(look(invoice_of('mia')), 'paid 10000', 'what was issued stays as it was');
SELECT sandbox_advance_clock('6 days 12 hours') AS clock, sandbox_mine(12) AS height \gset
SELECT run_billing() AS done \gset
SELECT is((SELECT amount FROM invoices WHERE id = invoice_of('mia')), 12.00, 'the next period costs what holds when it begins');
SELECT rate('EUR', 100000) AS moved \gset
SELECT pay(invoice_of('mia'), 12000) AS tx, sandbox_mine() AS height \gset
SELECT sandbox_advance_clock('7 days') AS clock, sandbox_mine(12) AS height \gset
SELECT run_billing() AS done \gset
SELECT is((SELECT amount FROM invoices WHERE id = invoice_of('mia')), 15.00, 'and the one after that its own');
SELECT is((SELECT string_agg(concat_ws(' ', version, currency, price), ', ' ORDER BY version) FROM plan_prices WHERE plan_id = :'weekly'),
          '1 EUR 10.00, 2 EUR 12.00, 3 EUR 15.00', 'all prices are kept');

-- Where rates come from
SELECT throws_ok($$SELECT set_rate_source('EUR', 'ftp://rates/', '/a')$$, 'CB011', NULL, 'a rate comes by http');
SELECT throws_ok($$SELECT set_rate_source('EUR', 'https://me:secret@rates/', '/a')$$, 'CB011', NULL, 'without credentials');
SELECT throws_ok($$SELECT set_rate_source('EUR', 'https://rates/', 'a')$$, 'CB011', NULL, 'a pointer begins with a slash');
SELECT throws_ok($$SELECT set_rate_source('EUR', 'https://rates/', '/a~2')$$, 'CB011', NULL, 'a tilde is escaped');
SELECT throws_ok($$SELECT set_rate_source('EUR', 'https://rates/', NULL)$$, 'CB011', NULL, 'a URL needs a pointer');
SELECT throws_ok($$SELECT set_rate_source('EUR', 'https://rates/', '/a', '9 seconds')$$, 'CB011', NULL, 'not more often than every ten seconds');
SELECT throws_ok($$SELECT set_rate_source('EUR', 'https://rates/', '/a', max_age => '4 minutes')$$, 'CB011', NULL, 'a rate is not stale before the next comes');
SELECT throws_ok($$SELECT set_rate_source('ABC', 'https://rates/', '/a')$$, 'CB011', NULL, 'the currency must be known');

SELECT set_rate_source('CHF', 'https://rates/?key=1', '/a') AS unused, charmbills.now() AS asked \gset
SELECT is((SELECT next_billing_at FROM worker_agenda()), :'asked'::timestamptz, 'the worker is to bill when a rate is to be fetched');
SELECT run_billing() AS done \gset
SELECT is((SELECT count(*) FROM jobs WHERE kind = 'exchange_rate')::int, 0, 'which it is not while nothing needs it');
SELECT is((SELECT next_fetch_at FROM currencies WHERE code = 'CHF'), :'asked'::timestamptz + interval '5 minutes', 'it looks again later');
SELECT offer('CHF', 10) AS swiss, sandbox_advance_clock('5 minutes') AS clock \gset
SELECT run_billing() AS done, run_billing() AS again \gset
SELECT id AS job FROM claim_http_jobs('w', 5, '1 minute') \gset
SELECT is((SELECT string_agg(dedup_key, ' ') FROM jobs WHERE kind = 'exchange_rate'), 'exchange_rate:CHF', 'once it does, one job fetches it');
SELECT is(http_request(:'job') - 'headers', '{"method": "GET", "url": "https://rates/?key=1", "body": null, "timeout_ms": 15000, "max_answer": 65536, "allow_private": true}',
          'by a simple request');
SELECT is(report_job(:'job', 'w', '{"http": {"status": 200, "body": "{\"a\": 90000.5}", "duration_ms": 3}}'), 'done', 'its answer');
SELECT is((SELECT (rate, source)::text FROM exchange_rates WHERE currency = 'CHF'), '(90000.5,https://rates/)', 'is a rate, of a source without its key');
SELECT is((SELECT last_error FROM currencies WHERE code = 'CHF'), NULL, 'and no error');

-- What an answer does: the rate, or why not.
CREATE FUNCTION report(answer jsonb, pointer text) RETURNS text LANGUAGE sql AS $$
    SELECT sandbox_advance_clock('2 hours');
    SELECT set_rate_source('CHF', 'https://rates/', pointer);
    UPDATE jobs SET state = 'done' WHERE kind = 'exchange_rate';
    SELECT run_billing();
    SELECT report_job(j.id, 'w', answer) FROM claim_http_jobs('w', 5, '1 minute') j;
    SELECT coalesce(c.last_error, (SELECT r.rate::text FROM exchange_rates r WHERE r.currency = 'CHF' ORDER BY set_at DESC LIMIT 1))
    FROM currencies c WHERE c.code = 'CHF'
$$;
CREATE FUNCTION read(body text, pointer text) RETURNS text LANGUAGE sql AS
$$ SELECT report(jsonb_build_object('http', jsonb_build_object('status', 200, 'body', body)), pointer) $$;
SELECT is(read(body, pointer), rate, body || ' at ' || pointer) FROM (VALUES
    ('{"a":1}', '/a', '1'), (' [ 7 , {"b" : [10, 20.5]} ] ', '/1/b/1', '20.5'), ('5', '', '5'), ('"6.5"', '', '6.5'),
    ('{"a/b":{"c~d":3}}', '/a~1b/c~0d', '3'), ('{"~1":4}', '/~01', '4'), ('{"":{"":8}}', '//', '8'),
    ('{"\u0061\n\"":9}', E'/a\n"', '9'), ('{"\ud83d\ude00":11}', '/😀', '11'), ('{"0":12}', '/0', '12'),
    ('{"a":{"x":1},"a":2,"b":13}', '/b', '13'), ('{"a":1.5e2}', '/a', '150'), ('{"a":"1E+2"}', '/a', '100'),
    ('{"b":[[],{},[[]],{"a":{}}],"a":17}', '/a', '17'), ('{"a":[1,2],"b":true,"c":null,"d":18}', '/d', '18'),
    ('{"a":1.23456789}', '/a', '1.234567'), ('{"x":1e999999,"y":"\u0000","a":19}', '/a', '19')) v(body, pointer, rate);
SELECT is(read(body, pointer), reason, body || ' at ' || pointer || ': ' || reason) FROM (VALUES
    ('', '', 'the answer is not JSON'), ('{"a":1', '/a', 'the answer is not JSON'), ('{"a":1}x', '/a', 'the answer is not JSON'),
    ('{a:1}', '/a', 'the answer is not JSON'), ('[1,]', '/0', 'the answer is not JSON'), ('{"a":01}', '/a', 'the answer is not JSON'),
    ('{"a":1.}', '/a', 'the answer is not JSON'), ('{"a":"\x"}', '/a', 'the answer is not JSON'), ('[1}', '/0', 'the answer is not JSON'),
    (repeat('[', 65), '/0', 'the answer is not JSON'), ('{"a" 1}', '/a', 'the answer is not JSON'), (E'{"a":"\n"}', '/a', 'the answer is not JSON'),
    ('{"a":1}', '/b', 'the answer has nothing where json_pointer leads'), ('[1]', '/1', 'the answer has nothing where json_pointer leads'),
    ('[1]', '/00', 'the answer has nothing where json_pointer leads'), ('[1]', '/-', 'the answer has nothing where json_pointer leads'),
    ('[1]', '/', 'the answer has nothing where json_pointer leads'), ('[]', '/0', 'the answer has nothing where json_pointer leads'),
    ('{"a":1}', '/a/b', 'the answer has nothing where json_pointer leads'), ('{}', '/a', 'the answer has nothing where json_pointer leads'),
    ('{"a":1}', '', 'what is where json_pointer leads is no number'), ('{"a":[1]}', '/a', 'what is where json_pointer leads is no number'),
    ('{"a":true}', '/a', 'what is where json_pointer leads is no number'), ('{"a":null}', '/a', 'what is where json_pointer leads is no number'),
    ('{"a":"1,000"}', '/a', 'what is where json_pointer leads is no number'), ('{"a":-1}', '/a', 'what is where json_pointer leads is no number'),
    ('{"a":"NaN"}', '/a', 'what is where json_pointer leads is no number'), ('{"a":1e999999}', '/a', 'what is where json_pointer leads is no number'),
    ('{"a":0}', '/a', 'the rate is out of range'), ('{"a":1e12}', '/a', 'the rate is out of range'), ('{"a":1e-9}', '/a', 'the rate is out of range')
    ) v(body, pointer, reason);
SELECT is(report('{"http": {"status": 404, "body": "{\"a\":1}"}}', '/a'), 'HTTP status 404', 'an answer that is no success');
SELECT is(report('{"http": {"status": 302, "body": ""}}', '/a'), 'HTTP status 302', 'a redirection');
SELECT is(report('{"http": {"status": 200, "body": null}}', '/a'), 'the answer is too long, or no text', 'an answer that is no text');
SELECT is(report('{"http": {"error": "could not connect", "duration_ms": 15000}}', '/a'), 'could not connect', 'no answer');
SELECT is(read('{"a":50000}', '/a'), '50000', 'an answer at last');

-- Failing, and trying again
SELECT set_rate_source('CHF', 'https://rates/', '/a') AS source \gset
SELECT sandbox_advance_clock('5 minutes') AS clock, run_billing() AS done \gset
SELECT id AS job FROM claim_http_jobs('w', 5, '1 minute') \gset
SELECT is(report_job(:'job', 'w', '{"http": {"status": 200, "body": "{\"a\":500001}"}}'), 'queued', 'a rate ten times a fresh one is not believed');
SELECT is((SELECT count(*) FROM exchange_rates WHERE currency = 'CHF' AND rate = 500001)::int, 0, 'nor taken');
SELECT ok((SELECT run_after BETWEEN charmbills.now() + interval '7 seconds' AND charmbills.now() + interval '13 seconds' FROM jobs WHERE id = :'job'),
          'it is asked for again soon');
SELECT sandbox_advance_clock('15 seconds') AS clock \gset
SELECT id AS job FROM claim_http_jobs('w', 5, '1 minute') \gset
SELECT is(report_job(:'job', 'w', '{"http": {"status": 200, "body": "{\"a\":4999}"}}'), 'queued', 'neither is a tenth of it');
SELECT sandbox_advance_clock('4 minutes 30 seconds') AS clock \gset
SELECT id AS job FROM claim_http_jobs('w', 5, '1 minute') \gset
SELECT is(report_job(:'job', 'w', '{"http": {"error": "reset"}}'), 'failed', 'shortly before the next fetch a job gives up');
SELECT is((SELECT last_error FROM currencies WHERE code = 'CHF'), 'reset', 'with the reason where operators see it');
SELECT sandbox_advance_clock('1 minute') AS clock, run_billing() AS done \gset
SELECT id AS job FROM claim_http_jobs('w', 5, '1 minute') \gset
SELECT is((SELECT attempts FROM jobs WHERE id = :'job'), 0, 'the next one begins anew');
SELECT set_rate_source('CHF', NULL, NULL, max_age => '1 day') AS source \gset
SELECT is(http_request(:'job'), NULL, 'without a source there is nothing to ask');
SELECT is(report_job(:'job', 'w', '{"http": {"status": 200, "body": "{\"a\":60000}"}}'), 'done', 'and an answer on its way');
SELECT is((SELECT count(*) FROM exchange_rates WHERE currency = 'CHF' AND rate = 60000)::int, 0, 'is not taken');
SELECT is((SELECT (url, next_fetch_at, max_age)::text FROM currencies WHERE code = 'CHF'), '(,,"1 day")', 'only how long a rate is fresh');

-- Old rates
SELECT sandbox_advance_clock('91 days') AS clock, sandbox_mine(12) AS height \gset
SELECT rate('CHF', 55555) AS latest \gset
SELECT is((SELECT array_agg(rate) FROM exchange_rates WHERE currency = 'CHF'), '{55555}', 'rates are kept for ninety days');
SELECT ok((SELECT count(*) FROM exchange_rates WHERE currency = 'GBP') > 0, 'and the last one for ever');
SELECT is(rates_of(:'hal'), '{40000}', 'payments keep theirs');

SELECT * FROM finish();
