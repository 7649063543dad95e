-- Invoices without a subscription, and the ledger.
SET search_path = public, charmbills, tap;
SET timezone = 'UTC';
SELECT plan(81);

CREATE FUNCTION lines_of(invoice uuid) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(kind || ' ' || quantity || ' x ' || unit_amount || ' = ' || amount, ', ' ORDER BY position) FROM invoice_lines WHERE invoice_id = invoice $$;
CREATE FUNCTION bill(invoice uuid) RETURNS text LANGUAGE sql AS
$$ SELECT concat_ws(' ', status, amount_sats, received_sats, CASE WHEN is_late THEN 'late' END) FROM invoices WHERE id = invoice $$;
CREATE FUNCTION pay(invoice uuid, sats bigint DEFAULT NULL) RETURNS txid LANGUAGE sql AS
$$ SELECT sandbox_pay(address, coalesce(sats, amount_sats)) FROM invoices WHERE id = invoice $$;
CREATE FUNCTION balance_of(who text) RETURNS bigint LANGUAGE sql AS
$$ SELECT balance_sats FROM customer_balances WHERE external_id = who $$;
CREATE FUNCTION rows_stored() RETURNS text LANGUAGE sql AS
$$ SELECT concat_ws(' ', (SELECT count(*) FROM customers), (SELECT count(*) FROM invoices), (SELECT count(*) FROM invoice_lines),
                    (SELECT count(*) FROM idempotency_keys), (SELECT count(*) FROM events), (SELECT sum(next_index) FROM descriptors),
                    (SELECT sum(next_invoice_number) FROM merchant_counters)) $$;

SELECT sandbox_mine(12) AS height \gset
SELECT sandbox_advance_clock('1 second') AS clock \gset
SELECT derive_address('wpkh(tpubDC5FSnBiZDMmhiuCmWAYsLwgLYrrT9rAqvTySfuCCrgsWz8wxMXUS9Tb9iVMvcRbvFcAHGkMD5Kx8koh4GquNGNTfohfk7pgjhaPCdXpoba/1/*)', 0) AS someone \gset
SELECT (create_merchant(name => 'Shop', timezone => 'Europe/Berlin',
    descriptor => 'wpkh(tpubDC5FSnBiZDMmhiuCmWAYsLwgLYrrT9rAqvTySfuCCrgsWz8wxMXUS9Tb9iVMvcRbvFcAHGkMD5Kx8koh4GquNGNTfohfk7pgjhaPCdXpoba/0/*)')).id AS shop,
       (create_merchant(name => 'Stall', address => 'bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk')).id AS stall,
       (create_merchant(name => 'Closed', address => :'someone')).id AS closed \gset
SELECT (update_merchant(:'closed', is_active => false)).is_active AS open \gset

-- For an amount
SELECT id AS repair FROM create_invoice(:'shop', 5000, 'Repair', external_id => 'ann', metadata => '{"job": 7}') \gset
SELECT is((SELECT row(kind, status, amount_sats, subscription_id, description, metadata, confirmations, number)::text FROM invoices WHERE id = :'repair'),
          row('one_off', 'open', 5000, NULL::uuid, 'Repair', '{"job": 7}'::jsonb, 1, 1)::text, 'an invoice for something else');
SELECT is((SELECT row(due_at, expires_at)::text FROM invoices WHERE id = :'repair'),
          row(charmbills.now(), charmbills.now() + interval '1 day')::text, 'it is due at once, and can be paid for a day');
SELECT is(lines_of(:'repair'), 'item 1 x 5000 = 5000', 'with one line');
SELECT is((SELECT external_id || ' ' || metadata FROM customers), 'ann {}', 'of a customer who is new');
SELECT is((SELECT payload ->> 'kind' FROM events WHERE type = 'invoice.issued'), 'one_off', 'it is told');
SELECT alike(payment_uri(:'repair'), 'bitcoin:%?amount=0.00005&%message=1', 'and can be paid');
SELECT pay(:'repair', 5600) AS payment, sandbox_mine() AS height \gset
SELECT sandbox_mine() AS height \gset
SELECT is(bill(:'repair') || ' ' || balance_of('ann'), 'paid 5000 5600 600', 'like any other');

-- For lines
SELECT id AS order FROM create_invoice(:'shop', external_id => 'bob', tax_rate => 7.5, due_in => '14 days', expires_in => '7 days', tolerance_sats => 5,
    confirmations => 2, lines => '[{"description": "Chair", "quantity": 3, "unit_amount": 1000}, {"description": "Table", "unit_amount": 2e3},
                                   {"description": "Because it is you", "quantity": 1, "unit_amount": -501}]') \gset
SELECT is(lines_of(:'order'), 'item 3 x 1000 = 3000, item 1 x 2000 = 2000, item 1 x -501 = -501, tax 1 x 337 = 337', 'an invoice has lines, and tax');
SELECT is((SELECT sum(amount) FROM invoice_lines WHERE invoice_id = :'order'), (SELECT amount_sats::numeric FROM invoices WHERE id = :'order'), 'that add up');
SELECT is((SELECT row(due_at, expires_at, tolerance_sats, confirmations)::text FROM invoices WHERE id = :'order'),
          row(charmbills.now() + interval '14 days', charmbills.now() + interval '21 days', 5, 2)::text, 'and terms of its own');

-- From credit
SELECT is((SELECT row(status, amount_sats, credit_sats, address)::text FROM create_invoice(:'shop', 400, 'Screw', external_id => 'ann')),
          row('paid', 0, 400, NULL::text)::text, 'credit pays it');
SELECT is(balance_of('ann'), 200::bigint, 'and is used');
SELECT id AS bolt FROM create_invoice(:'shop', 1000, 'Bolt', external_id => 'ann', use_credit => false) \gset
SELECT is(bill(:'bolt') || ' ' || balance_of('ann'), 'open 1000 0 200', 'unless it is not to');
SELECT id AS nut FROM create_invoice(:'shop', 400, 'Nut', external_id => 'ann') \gset
SELECT is(bill(:'nut') || ' ' || balance_of('ann'), 'open 294 0 94', 'as much as leaves an amount that can be paid');
SELECT void_invoice(:'nut') AS row \gset
SELECT is(balance_of('ann'), 200::bigint, 'void, it gives that back');
SELECT is_empty('SELECT * FROM ledger_check()', 'the books are right');

-- Time passes
SELECT sandbox_advance_clock('1 day') AS clock \gset
SELECT is(bill(:'bolt') || ', ' || bill(:'order'), 'expired 1000 0, open 4836 0', 'an invoice expires when it is to');
SELECT is(run_billing(), 0, 'once');
SELECT sandbox_mine(12) AS height \gset
SELECT pay(:'bolt') AS payment, sandbox_mine() AS height \gset
SELECT sandbox_mine() AS height \gset
SELECT is(bill(:'bolt'), 'paid 1000 1000 late', 'and a late payment pays it');
SELECT pay(:'order', 4000) AS payment, sandbox_mine() AS height \gset
SELECT sandbox_mine(2) AS height \gset
SELECT pay(:'order', 831) AS payment \gset
SELECT sandbox_mine() AS height \gset
SELECT is(bill(:'order'), 'processing 4836 4831', 'parts add up');
SELECT sandbox_mine() AS height \gset
SELECT is(bill(:'order'), 'paid 4836 4831', 'to what is enough, when they are deep enough');
SELECT is_empty('SELECT * FROM ledger_check()', 'the books are right');

-- In a currency, and at a fixed address
SELECT is((SELECT row(currency, amount, amount_sats, status)::text FROM create_invoice(:'shop', external_id => 'cid', currency => 'EUR', amount => 10.50,
           description => 'Book', tax_rate => 7)), row('EUR', 11.23, NULL::bigint, 'open')::text, 'an invoice is in a currency');
SELECT is((SELECT amount FROM create_invoice(:'shop', external_id => 'cid', currency => 'JPY', lines => '[{"description": "Book", "quantity": 2, "unit_amount": 750}]')),
          1500::numeric, 'in lines as well');
SELECT throws_ok(format('SELECT create_invoice(%L, external_id => %L, currency => %L, amount => 10, description => %L)', :'stall', 'cid', 'EUR', 'Book'), 'CB010', NULL,
                 'for which there must be an address of its own');
SELECT create_invoice(:'stall', 5000, 'Apples', external_id => 'dan') AS row, create_invoice(:'stall', 5000, 'Pears', subscriber_address => :'someone') AS row2 \gset
SELECT is((SELECT array_agg(amount_sats::bigint ORDER BY number) FROM invoices WHERE merchant_id = :'stall'), ARRAY[5000, 5001]::bigint[],
          'at a fixed address amounts differ');

-- Once
SELECT id AS once FROM create_invoice(:'shop', 5000, 'Once', external_id => 'eve', idempotency_key => 'key') \gset
SELECT rows_stored() AS stored \gset
SELECT is((SELECT id FROM create_invoice(:'shop', 5000, 'Once', external_id => 'eve', idempotency_key => 'key')), :'once'::uuid, 'the same key gives the same invoice');
SELECT throws_ok(format('SELECT create_invoice(%L, 5001, %L, external_id => %L, idempotency_key => %L)', :'shop', 'Once', 'eve', 'key'), 'CB016', NULL, 'for the same arguments');
SELECT is(rows_stored(), :'stored', 'and stores nothing');

-- Bad input stores nothing
SELECT throws_ok(format('SELECT create_invoice(%L, external_id => %L, idempotency_key => %L, %s)', :'shop', 'new', 'other', arguments), code, NULL, what)
FROM (VALUES
	('description => ''Nothing''', 'CB011', 'an invoice needs an amount'),
	('amount_sats => 5000', 'CB011', 'and a description'),
	('amount_sats => 5000, description => ''''', 'CB011', 'that is not empty'),
	('amount_sats => 5000, description => ''Both'', lines => ''[{"description": "a", "unit_amount": 1000}]''', 'CB011', 'either an amount or lines'),
	('amount_sats => 5000, amount => 10, description => ''Both''', 'CB011', 'either sats or a currency'),
	('amount => 10, description => ''Which?''', 'CB011', 'which is named'),
	('currency => ''EUR'', amount_sats => 5000, description => ''Both''', 'CB011', 'and has amounts of its own'),
	('currency => ''XXX'', amount => 10, description => ''Unknown''', 'CB011', 'a currency that there is'),
	('currency => ''EUR'', amount => 10.001, description => ''Fraction''', 'CB005', 'no more decimals than it has'),
	('currency => ''EUR'', amount => ''NaN'', description => ''None''', 'CB005', 'a number'),
	('currency => ''EUR'', amount => ''Infinity'', description => ''All''', 'CB005', 'that is finite'),
	('currency => ''EUR'', amount => 10, description => ''Tolerant'', tolerance_sats => 1', 'CB011', 'no sats as tolerance in a currency'),
	('amount_sats => 0, description => ''Nothing''', 'CB005', 'more than nothing'),
	('amount_sats => -5000, description => ''Less''', 'CB005', 'not less'),
	('amount_sats => 9223372036854775807, description => ''All''', 'CB005', 'not more than there is'),
	('amount_sats => 293, description => ''Dust''', 'CB005', 'no dust'),
	('amount_sats => 5000, description => ''Tax'', tax_rate => -1', 'CB011', 'no negative tax'),
	('amount_sats => 5000, description => ''Tax'', tax_rate => 100.1', 'CB011', 'no tax beyond all'),
	('amount_sats => 5000, description => ''Tax'', tax_rate => 1.00001', 'CB011', 'nor in finer steps'),
	('amount_sats => 5000, description => ''Tolerant'', tolerance_sats => 5001', 'CB005', 'no tolerance beyond the amount'),
	('amount_sats => 5000, description => ''Tolerant'', tolerance_sats => -1', 'CB005', 'nor below nothing'),
	('amount_sats => 5000, description => ''Deep'', confirmations => 1001', 'CB011', 'no depth that nobody waits for'),
	('amount_sats => 5000, description => ''Past'', due_in => ''-1 day''', 'CB011', 'nothing due in the past'),
	('amount_sats => 5000, description => ''Past'', expires_in => ''0''', 'CB011', 'nothing that cannot be paid'),
	('amount_sats => 5000, description => ''Meta'', metadata => ''[]''', 'CB011', 'metadata that is an object'),
	('lines => ''{}''', 'CB011', 'lines that are a list'),
	('lines => ''[]''', 'CB011', 'which is not empty'),
	('lines => ''"a"''', 'CB011', 'nor a text'),
	('lines => ''[7]''', 'CB011', 'a line that is an object'),
	('lines => ''[{"unit_amount": 5000}]''', 'CB011', 'with a description'),
	('lines => ''[{"description": "a"}]''', 'CB011', 'and an amount'),
	('lines => ''[{"description": "a", "unit_amount": "5000"}]''', 'CB011', 'that is a number'),
	('lines => ''[{"description": "a", "unit_amount": 5000.5}]''', 'CB005', 'of whole sats'),
	('lines => ''[{"description": "a", "unit_amount": 5000, "quantity": 0}]''', 'CB011', 'at least one of it'),
	('lines => ''[{"description": "a", "unit_amount": 5000, "quantity": null}]''', 'CB011', 'a quantity that is a number'),
	('lines => ''[{"description": "a", "unit_amount": 5000, "quantity": 1.5}]''', 'CB011', 'a whole one'),
	('lines => ''[{"description": "a", "unit_amount": 5000, "count": 2}]''', 'CB011', 'and no key that is not known'),
	('lines => ''[{"description": "a", "unit_amount": 5000}, {"description": "b", "unit_amount": -5000}]''', 'CB005', 'not nothing in all'),
	('lines => (SELECT jsonb_agg(''{"description": "a", "unit_amount": 1000}''::jsonb) FROM generate_series(1, 101))', 'CB011', 'at most a hundred lines'))
	v (arguments, code, what);
SELECT throws_ok(format('SELECT create_invoice(%L, 5000, %L)', :'shop', 'Whose?'), 'CB011', NULL, 'a customer');
SELECT throws_ok(format('SELECT create_invoice(%L, 5000, %L, external_id => %L)', :'closed', 'Late', 'new'), 'CB010', NULL, 'a merchant who is active');
SELECT throws_ok('SELECT create_invoice(uuid_v7(), 5000, ''Whose?'', external_id => ''new'')', 'CB008', NULL, 'and is one');
SELECT throws_ok('SELECT create_invoice(NULL, 5000, ''Whose?'', external_id => ''new'')', 'CB011', NULL, 'and is named');
SELECT throws_ok('SELECT customer_balance(uuid_v7())', 'CB008', NULL, 'a balance is a customer''s');
SELECT throws_ok('SELECT customer_balance(NULL)', 'CB011', NULL, 'who is named');
SELECT is(rows_stored(), :'stored', 'and nothing was stored');

-- The ledger finds what is wrong
SELECT is_empty('SELECT * FROM ledger_check()', 'the books are right');
INSERT INTO credits (merchant_id, customer_id, amount_sats, kind, invoice_id) SELECT merchant_id, customer_id, 7, 'overpayment', id FROM invoices WHERE id = :'repair';
INSERT INTO credits (merchant_id, customer_id, amount_sats, kind, invoice_id) SELECT merchant_id, customer_id, -3, 'carried', id FROM invoices WHERE id = :'order';
SELECT is((SELECT array_agg(row(external_id, difference_sats, carried_difference_sats)::text ORDER BY external_id) FROM ledger_check() l JOIN customers u ON u.id = l.customer_id),
          ARRAY['(ann,-7,0)', '(bob,0,-3)'], 'until they are not');

-- Whose
CREATE ROLE other_merchant;
GRANT USAGE ON SCHEMA charmbills, tap TO other_merchant;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA charmbills, tap TO other_merchant;
GRANT SELECT ON customers, credits, customer_balances TO other_merchant;
SELECT grant_merchant('other_merchant', :'stall') AS granted \gset
SELECT id AS ann FROM customers WHERE external_id = 'ann' \gset
SET ROLE other_merchant;
SELECT throws_ok(format('SELECT create_invoice(%L, 5000, %L, external_id => %L)', :'shop', 'Theft', 'ann'), '42501', NULL, 'a merchant invoices for itself');
SELECT throws_ok(format('SELECT customer_balance(%L)', :'ann'), '42501', NULL, 'sees its own customers'' balances');
SELECT throws_ok('SELECT * FROM ledger_check()', '42501', NULL, 'and not the ledger''s check');
SELECT is((SELECT array_agg(DISTINCT merchant_id) FROM customer_balances), ARRAY[:'stall']::uuid[], 'nor others'' rows');
RESET ROLE;
DROP OWNED BY other_merchant;
DROP ROLE other_merchant;

SELECT * FROM finish();
