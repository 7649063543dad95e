-- The rules of billing, on the sandbox's chain.
SET search_path = public, charmbills, tap;
SET timezone = 'UTC';
SELECT plan(97);

CREATE FUNCTION offer(price bigint, cycle text DEFAULT 'monthly', seller text DEFAULT 'Shop', trial interval DEFAULT NULL,
                      grace interval DEFAULT NULL, confirmations integer DEFAULT NULL, tolerance bigint DEFAULT NULL)
RETURNS uuid LANGUAGE sql AS
$$ SELECT (create_plan(m.id, 'Service', price, cycle, trial => trial, grace => grace, confirmations => confirmations,
                       tolerance_sats => tolerance)).id FROM merchants m WHERE m.name = seller $$;
CREATE FUNCTION subscribe(plan uuid, who text) RETURNS uuid LANGUAGE sql AS
$$ SELECT (charmbills.subscribe(plan, external_id => who)).id $$;
CREATE FUNCTION invoice_of(subscription uuid) RETURNS uuid LANGUAGE sql AS
$$ SELECT id FROM invoices i WHERE i.subscription_id = subscription ORDER BY created_at DESC, number DESC LIMIT 1 $$;
CREATE FUNCTION pay(invoice uuid, amount bigint DEFAULT NULL) RETURNS txid LANGUAGE sql AS
$$ SELECT sandbox_pay(address, coalesce(pay.amount, amount_sats)) FROM invoices WHERE id = invoice $$;
-- Status, sum received, and flags.
CREATE FUNCTION look(invoice uuid) RETURNS text LANGUAGE sql AS
$$ SELECT concat_ws(' ', status, received_sats, CASE WHEN is_underpaid THEN 'under' END, CASE WHEN is_overpaid THEN 'over' END,
                    CASE WHEN is_late THEN 'late' END) FROM invoices WHERE id = invoice $$;
CREATE FUNCTION credit_of(invoice uuid) RETURNS bigint LANGUAGE sql AS
$$ SELECT coalesce(sum(amount_sats), 0)::bigint FROM credits WHERE invoice_id = invoice $$;
CREATE FUNCTION state_of(subscription uuid) RETURNS text LANGUAGE sql AS
$$ SELECT status FROM subscriptions WHERE id = subscription $$;
CREATE FUNCTION events_of(kind text, row_id uuid) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(split_part(type, '.', 2), ' ' ORDER BY subject_seq) FROM events WHERE subject = kind || ':' || row_id $$;
CREATE FUNCTION outpoint_of(txid txid) RETURNS outpoint LANGUAGE sql AS
$$ SELECT outpoint FROM payments p WHERE p.txid = outpoint_of.txid ORDER BY p.outpoint LIMIT 1 $$;

SELECT sandbox_mine(12) AS height \gset
SELECT sandbox_advance_clock('1 second') AS clock \gset
SELECT (create_merchant(name => 'Shop',
    descriptor => 'wpkh(tpubDC5FSnBiZDMmhiuCmWAYsLwgLYrrT9rAqvTySfuCCrgsWz8wxMXUS9Tb9iVMvcRbvFcAHGkMD5Kx8koh4GquNGNTfohfk7pgjhaPCdXpoba/0/*)')).id AS shop,
       (create_merchant(name => 'Stall', address => 'bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk')).id AS stall \gset
SELECT offer(10000) AS plan \gset

-- Paid in full
SELECT subscribe(:'plan', 'ann') AS ann \gset
SELECT invoice_of(:'ann') AS bill \gset
SELECT is(state_of(:'ann'), 'pending', 'a subscription waits for its first payment');
SELECT is(is_entitled(:'plan', external_id => 'ann'), false, 'and gives nothing until then');
SELECT pay(:'bill') AS payment \gset
SELECT is(look(:'bill'), 'processing 10000', 'a payment seen is being processed');
SELECT is(is_entitled(:'plan', external_id => 'ann'), false, 'and gives nothing yet');
SELECT sandbox_mine() AS height \gset
SELECT is(look(:'bill'), 'paid 10000', 'a block makes it paid');
SELECT is(state_of(:'ann'), 'active', 'and the subscription active');
SELECT is(is_entitled(:'plan', external_id => 'ann'), true, 'and the customer entitled');
SELECT is(is_entitled(:'plan', external_id => 'bob'), false, 'but nobody else');
SELECT is(credit_of(:'bill'), 0::bigint, 'nothing is left over');
SELECT is(period_end, period_start + interval '1 month', 'it is for a month') FROM invoices WHERE id = :'bill';

-- Reversed
SELECT sandbox_reorg(1) AS height \gset
SELECT is(look(:'bill'), 'processing 10000', 'a reorganisation takes it back');
SELECT is(state_of(:'ann'), 'pending', 'the subscription too');
SELECT is(is_entitled(:'plan', external_id => 'ann'), false, 'and the entitlement');
SELECT sandbox_double_spend(:'payment') AS thief \gset
SELECT is(look(:'bill'), 'open 0', 'a double-spend empties it');
SELECT sandbox_mine() AS height \gset
SELECT is(events_of('invoice', :'bill'), 'issued processing paid payment_reversed open',
          'each is told once, the reversal exactly once');
SELECT is(events_of('subscription', :'ann'), 'created active pending', 'and what the subscription went through');
SELECT pay(:'bill') AS payment, sandbox_mine() AS height \gset
SELECT sandbox_mine() AS height \gset
SELECT is(look(:'bill') || ' ' || state_of(:'ann'), 'paid 10000 active', 'another payment pays it after all');
SELECT is((SELECT string_agg(status, ' ' ORDER BY first_seen_at, status) FROM payments WHERE invoice_id = :'bill'),
          'confirmed replaced', 'and both payments are remembered');

-- Underpaid, then the rest
SELECT subscribe(:'plan', 'bob') AS bob \gset
SELECT invoice_of(:'bob') AS bill, pay(invoice_of(:'bob'), 4000) AS payment \gset
SELECT is(look(:'bill'), 'open 4000 under', 'a part is not enough');
SELECT sandbox_mine() AS height \gset
SELECT is(look(:'bill'), 'open 4000 under', 'nor when it is confirmed');
SELECT alike(payment_uri(:'bill'), '%?amount=0.00006&%', 'what is missing is asked for');
SELECT pay(:'bill', 6000) AS payment, sandbox_mine() AS height \gset
SELECT sandbox_mine() AS height \gset
SELECT is(look(:'bill'), 'paid 10000', 'the rest completes it');

-- Overpaid, and refunded
SELECT subscribe(:'plan', 'cid') AS cid \gset
SELECT invoice_of(:'cid') AS bill, pay(invoice_of(:'cid'), 10500) AS payment \gset
SELECT is(credit_of(:'bill'), 0::bigint, 'what is not confirmed is no credit');
SELECT sandbox_mine() AS height \gset
SELECT is(look(:'bill'), 'paid 10500 over', 'too much pays too');
SELECT is(credit_of(:'bill'), 500::bigint, 'and leaves the rest as credit');
SELECT is((SELECT external_id FROM credits c JOIN customers u ON u.id = c.customer_id WHERE c.invoice_id = :'bill'), 'cid',
          'of the customer who paid');
SELECT throws_ok(format('SELECT record_refund(%L, %L, 501)', outpoint_of(:'payment'), repeat('01', 32)), 'CB005', NULL,
                 'no more than that can be refunded');
SELECT throws_ok(format('SELECT record_refund(%L, %L, -1)', outpoint_of(:'payment'), repeat('01', 32)), 'CB005', NULL,
                 'nor less than nothing');
SELECT is((record_refund(outpoint_of(:'payment'), repeat('01', 32)::txid, 200)).amount_sats, -200::bigint, 'a part is');
SELECT is((record_refund(outpoint_of(:'payment'), repeat('01', 32)::txid, 200)).amount_sats, -200::bigint,
          'the same again is the same refund');
SELECT is((record_refund(outpoint_of(:'payment'), repeat('02', 32)::txid)).amount_sats, -300::bigint, 'another one takes the rest');
SELECT throws_ok(format('SELECT record_refund(%L, %L)', outpoint_of(:'payment'), repeat('03', 32)), 'CB005', NULL, 'then nothing is left');
SELECT is((SELECT count(*) FROM events WHERE type = 'payment.refunded')::integer, 2, 'two refunds, two events');
SELECT sandbox_reorg(1) AS height \gset
SELECT is(credit_of(:'bill'), 0::bigint, 'a credit whose payment is reversed is compensated');
SELECT is((SELECT count(*) FROM credits WHERE invoice_id = :'bill')::integer, 2, 'by a second entry');
SELECT sandbox_mine() AS height \gset
SELECT is(look(:'bill') || ' ' || credit_of(:'bill'), 'paid 10500 over 500', 'and comes back with it');

-- Several payments, several outputs
SELECT subscribe(:'plan', 'dan') AS dan \gset
SELECT subscribe(:'plan', 'eve') AS eve \gset
SELECT sandbox_pay_many(array_agg(address ORDER BY n), ARRAY[3000, 10000, 7000]) AS payment
FROM (VALUES (1, invoice_of(:'dan')), (2, invoice_of(:'eve')), (3, invoice_of(:'dan'))) v (n, id) JOIN invoices USING (id) \gset
SELECT sandbox_mine() AS height \gset
SELECT is(look(invoice_of(:'dan')) || ', ' || look(invoice_of(:'eve')), 'paid 10000, paid 10000',
          'one transaction pays two invoices, one of them with two outputs');

-- Tolerance
SELECT offer(10000, tolerance => 10) AS tolerant \gset
SELECT subscribe(:'tolerant', 'ann') AS ann_tolerant \gset
SELECT subscribe(:'tolerant', 'bob') AS bob_tolerant \gset
SELECT pay(invoice_of(:'ann_tolerant'), 9990), pay(invoice_of(:'bob_tolerant'), 9989), sandbox_mine() \gset a_
SELECT sandbox_mine() AS height \gset
SELECT is(look(invoice_of(:'ann_tolerant')), 'paid 9990', 'so much may be missing');
SELECT is(look(invoice_of(:'bob_tolerant')), 'open 9989 under', 'and no more');

-- Confirmations
SELECT offer(10000, confirmations => 0) AS trusting, offer(10000, confirmations => 3) AS cautious \gset
SELECT subscribe(:'trusting', 'ann') AS ann_trusting \gset
SELECT subscribe(:'cautious', 'ann') AS ann_cautious \gset
SELECT pay(invoice_of(:'ann_trusting')) AS payment, pay(invoice_of(:'ann_cautious')) AS other \gset
SELECT is(look(invoice_of(:'ann_trusting')), 'paid 10000', 'a plan may take payments unconfirmed');
SELECT is(is_entitled(:'trusting', external_id => 'ann'), true, 'and gives access at once');
SELECT sandbox_double_spend(:'payment') AS thief \gset
SELECT is(look(invoice_of(:'ann_trusting')) || ' ' || is_entitled(:'trusting', external_id => 'ann'), 'open 0 false',
          'until the payment is replaced');
SELECT sandbox_mine(2) AS height \gset
SELECT is(look(invoice_of(:'ann_cautious')), 'processing 10000', 'another plan waits for three blocks');
SELECT sandbox_mine() AS height \gset
SELECT is(look(invoice_of(:'ann_cautious')), 'paid 10000', 'and is paid with the third');
SELECT sandbox_reorg(3, keep_transactions => true) AS height \gset
SELECT is(look(invoice_of(:'ann_cautious')) || ' ' || (events_of('invoice', invoice_of(:'ann_cautious')) LIKE '%reversed%'),
          'paid 10000 false', 'a reorganisation that keeps it changes nothing');

-- Coinbase
SELECT subscribe(:'plan', 'fay') AS fay \gset
SELECT sandbox_mine(1, (SELECT address FROM invoices WHERE id = invoice_of(:'fay'))) AS height \gset
SELECT sandbox_mine(99) AS height \gset
SELECT alike(look(invoice_of(:'fay')), 'processing %', 'a coinbase waits for a hundred blocks');
SELECT sandbox_mine() AS height \gset
SELECT alike(look(invoice_of(:'fay')), 'paid %', 'more');

-- Void, and assigned elsewhere
SELECT subscribe(:'plan', 'gus') AS gus \gset
SELECT invoice_of(:'gus') AS old_bill, pay(invoice_of(:'gus'), 4000) AS payment \gset
SELECT sandbox_mine() AS height \gset
SELECT is((void_invoice(:'old_bill')).status, 'void', 'an open invoice can be made void');
SELECT is(credit_of(:'old_bill'), 4000::bigint, 'what it had received is credit');
SELECT (issue_invoice(:'gus')).id AS new_bill \gset
SELECT isnt(:'new_bill'::uuid, :'old_bill'::uuid, 'another can be issued');
SELECT is((issue_invoice(:'gus')).id, :'new_bill'::uuid, 'but not a third');
SELECT is((assign_payment(outpoint_of(:'payment'), :'new_bill')).invoice_id, :'new_bill'::uuid, 'the payment moves there');
SELECT is(look(:'new_bill') || ' ' || credit_of(:'old_bill'), 'open 4000 under 0', 'and is no credit any more');
SELECT is(credit_of(:'new_bill'), -4000::bigint, 'though the new invoice has taken that');
SELECT throws_ok(format('SELECT assign_payment(%L, %L)', outpoint_of(:'payment'), :'old_bill'), 'CB010', NULL,
                 'a void invoice takes no payment');
SELECT throws_ok(format('SELECT assign_payment(%L, %L)', outpoint_of(:'payment'), invoice_of(:'bob_tolerant')), 'CB009', NULL,
                 'and a payment pays one invoice');
SELECT pay(:'new_bill', 6000) AS payment, sandbox_mine() AS height \gset
SELECT sandbox_mine() AS height \gset
SELECT is(look(:'new_bill') || ' ' || credit_of(:'new_bill'), 'paid 10000 over 0', 'the rest completes it, and gives back what was taken');
SELECT throws_ok(format('SELECT void_invoice(%L)', :'new_bill'), 'CB010', NULL, 'a paid invoice cannot be made void');

-- Marked
SELECT subscribe(:'plan', 'hal') AS hal \gset
SELECT invoice_of(:'hal') AS bill \gset
SELECT throws_ok(format('SELECT mark_invoice_paid(%L, %L)', :'bill', ''), 'CB011', NULL, 'a mark needs a reason');
SELECT is((mark_invoice_paid(:'bill', 'cash')).status, 'paid', 'an operator declares an invoice paid');
SELECT is((mark_invoice_paid(:'bill', 'cash')).status, 'paid', 'once or twice');
SELECT throws_ok(format('SELECT mark_invoice_paid(%L, %L)', :'bill', 'cheque'), 'CB010', NULL, 'but for one reason');
SELECT is(events_of('invoice', :'bill'), 'issued marked_paid paid', 'told once');
SELECT is(is_entitled(:'plan', external_id => 'hal'), true, 'and the customer is entitled');
SELECT pay(:'bill') AS payment, sandbox_mine() AS height \gset
SELECT sandbox_mine() AS height \gset
SELECT is(credit_of(:'bill'), 0::bigint, 'one that is paid on the chain as well has what it asked for');

-- Look-ahead
SELECT next_index AS skipped, derive_address(canonical, next_index) AS address FROM descriptors WHERE merchant_id = :'shop' \gset
SELECT sandbox_pay(:'address', 777) AS payment \gset
SELECT is((SELECT next_index - :skipped FROM descriptors WHERE merchant_id = :'shop'), 1, 'an address paid before it is issued is skipped');
SELECT is((SELECT count(*) FROM events WHERE type = 'descriptor.index_advanced')::integer, 1, 'with an event');
SELECT subscribe(:'plan', 'ida') AS ida \gset
SELECT is((SELECT derivation_index - :skipped FROM invoices WHERE id = invoice_of(:'ida')), 1, 'the next invoice gets the next');
SELECT is((SELECT sum(amount_sats) FROM credits WHERE outpoint = outpoint_of(:'payment')), NULL, 'the payment is no credit yet');
SELECT sandbox_mine() AS height \gset
SELECT is((SELECT sum(amount_sats) FROM credits WHERE outpoint = outpoint_of(:'payment') AND kind = 'unassigned'), 777::numeric,
          'but is when confirmed');

-- A fixed address: the amount tells
SELECT offer(5000, seller => 'Stall') AS stalls \gset
SELECT subscribe(:'stalls', 'ann') AS ann_stall \gset
SELECT subscribe(:'stalls', 'bob') AS bob_stall \gset
SELECT is((SELECT array_agg(amount_sats::bigint ORDER BY number) FROM invoices WHERE merchant_id = :'stall'), ARRAY[5000, 5001]::bigint[],
          'invoices at a fixed address differ in their amounts');
SELECT pay(invoice_of(:'bob_stall')) AS payment, pay(invoice_of(:'bob_stall'), 5005) AS stray \gset
SELECT sandbox_mine() AS height \gset
SELECT is(look(invoice_of(:'ann_stall')) || ', ' || look(invoice_of(:'bob_stall')), 'open 0, paid 5001', 'by which they are paid');
SELECT is((SELECT sum(amount_sats) FROM credits WHERE merchant_id = :'stall'), 5005::numeric, 'another amount is nobody''s credit');
SELECT is((assign_payment(outpoint_of(:'stray'), invoice_of(:'ann_stall'))).amount_sats::bigint, 5005::bigint, 'until it is assigned');
SELECT is(look(invoice_of(:'ann_stall')) || ' ' || credit_of(invoice_of(:'ann_stall')), 'paid 5005 over 5', 'and pays');
SELECT is((SELECT sum(amount_sats) FROM credits WHERE outpoint = outpoint_of(:'stray')), 0::numeric, 'instead of being credit');
SELECT throws_ok(format('SELECT assign_payment(%L, %L)', outpoint_of(:'stray'), invoice_of(:'ida')), 'CB009', NULL,
                 'no payment crosses merchants');

-- Free, trial, lifetime
SELECT offer(0) AS free, offer(10000, trial => '7 days') AS trying, offer(10000, 'lifetime') AS forever \gset
SELECT subscribe(:'free', 'ann') AS ann_free \gset
SELECT subscribe(:'trying', 'ann') AS ann_trying \gset
SELECT subscribe(:'forever', 'ann') AS ann_forever \gset
SELECT is(state_of(:'ann_free') || ' ' || look(invoice_of(:'ann_free')), 'active paid 0', 'what is free is paid at once');
SELECT is(concat_ws(' ', state_of(:'ann_trying'), is_entitled(:'trying', external_id => 'ann'), invoice_of(:'ann_trying')), 'trialing t',
          'a trial gives access without an invoice');
SELECT pay(invoice_of(:'ann_forever')) AS payment \gset
SELECT sandbox_mine() AS height \gset
SELECT is((SELECT current_period_end FROM subscriptions WHERE id = :'ann_forever'), 'infinity', 'a lifetime has no end');

-- Time passes
SELECT subscribe(:'plan', 'jon') AS jon \gset
SELECT sandbox_advance_clock('25 hours') AS clock \gset
-- The median time of the blocks comes after it too.
SELECT sandbox_mine(12) AS height \gset
SELECT is(look(invoice_of(:'jon')) || ' ' || state_of(:'jon'), 'expired 0 expired', 'an invoice that nobody pays expires');
SELECT is(look(invoice_of(:'bob_tolerant')), 'open 9989 under', 'not one on which something is');
SELECT pay(invoice_of(:'jon')) AS payment \gset
SELECT is(look(invoice_of(:'jon')), 'expired 10000', 'a late payment leaves it so');
SELECT sandbox_mine() AS height \gset
SELECT is(look(invoice_of(:'jon')) || ' ' || state_of(:'jon'), 'paid 10000 late active', 'until it is confirmed');
SELECT is((SELECT current_period_start FROM subscriptions WHERE id = :'jon'), :'clock'::timestamptz, 'the period begins when it was paid');

-- Nobody runs billing, and yet access ends when it should
SELECT current_period_end AS ends, expires_at AS gone FROM subscriptions WHERE id = :'jon' \gset
UPDATE chain_state SET test_clock = :'ends'::timestamptz - interval '1 second', followed_until = :'ends'::timestamptz - interval '1 second';
SELECT is(state_of(:'jon') || ' ' || is_entitled(:'plan', external_id => 'jon'), 'active true', 'active until the period ends');
UPDATE chain_state SET test_clock = :'ends', followed_until = :'ends';
SELECT is(state_of(:'jon') || ' ' || is_entitled(:'plan', external_id => 'jon'), 'past_due true', 'past due from then on');
UPDATE chain_state SET test_clock = :'gone', followed_until = :'gone';
SELECT is(state_of(:'jon') || ' ' || is_entitled(:'plan', external_id => 'jon'), 'expired false', 'expired when the grace is over');
SELECT is(state_of(:'ann_trying') || ' ' || is_entitled(:'trying', external_id => 'ann'), 'pending false', 'a trial ends by itself');
SELECT is(state_of(:'ann_forever') || ' ' || is_entitled(:'forever', external_id => 'ann'), 'active true', 'a lifetime does not');
SELECT is((SELECT status FROM subscription_facts WHERE id = :'jon'), 'active', 'though nothing has been announced');
-- While the chain is not followed nobody lapses, for a day at most.
UPDATE chain_state SET followed_until = :'ends'::timestamptz - interval '1 second', test_clock = :'gone'::timestamptz + interval '1 hour';
UPDATE chain_state SET test_clock = :'ends'::timestamptz + interval '23 hours';
SELECT is(state_of(:'jon'), 'active', 'a payment may have been made that is not known yet');
UPDATE chain_state SET test_clock = :'ends'::timestamptz + interval '24 hours';
SELECT is(state_of(:'jon'), 'past_due', 'after a day that is no excuse');
UPDATE chain_state SET followed_until = :'gone', test_clock = :'gone';
SELECT run_billing() > 0 AS announced \gset
SELECT is(events_of('subscription', :'jon'), 'created expired active past_due expired', 'billing announces every boundary, in order');
SELECT is((SELECT array_agg(occurred_at ORDER BY subject_seq) FROM events
           WHERE subject = 'subscription:' || :'jon' AND type IN ('subscription.past_due', 'subscription.expired') AND occurred_at > :'clock'),
          ARRAY[:'ends', :'gone']::timestamptz[], 'dated when it was');
SELECT is(events_of('subscription', :'ann_trying'), 'created pending', 'the end of a trial too');
SELECT is(run_billing(), 0, 'and has nothing left to do');

SELECT * FROM finish();
