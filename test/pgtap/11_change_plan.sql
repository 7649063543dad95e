-- Changing plans: what it costs, when it takes effect, and that the preview is
-- the invoice.
SELECT plan(64);
SET search_path = public, tap, charmbills;

SELECT sandbox_mine(1);
CREATE TABLE shop AS
SELECT m.id AS merchant FROM create_merchant(name => 'shop',
    descriptor => 'wpkh(tpubD6NzVbkrYhZ4XcACN3PEwNjRpR1g4tZjBVk5pdMR2B6dbd3HYhdGVZNKofAiFZd9okBserZvv58A6tBX4pE64UpXGNTSesfUW7PpW36HuKz/0/*)') m;
CREATE TABLE stall AS
SELECT m.id AS merchant FROM create_merchant(name => 'stall', address => 'bcrt1qm90ugl4d48jv8n6e5t9ln6t9zlpm5th68x4f8g') m;
CREATE TABLE offer AS
SELECT s.name, p.id FROM shop,
    (VALUES ('silver', 10000, 'monthly', 0), ('gold', 30000, 'monthly', 0), ('taxed', 20000, 'monthly', 19),
            ('year', 100000, 'yearly', 0), ('life', 500000, 'lifetime', 0), ('more life', 700000, 'lifetime', 0),
            ('free', 0, 'monthly', 0)) s(name, price, cycle, tax),
    LATERAL create_plan(merchant_id => merchant, service_name => s.name, price_sats => s.price,
                        billing_cycle => s.cycle, tax_rate => s.tax) p
UNION ALL
SELECT s.name, p.id FROM stall, (VALUES ('stall silver', 10000), ('stall gold', 30000)) s(name, price),
    LATERAL create_plan(merchant_id => merchant, service_name => s.name, price_sats => s.price) p;

CREATE FUNCTION offer(wanted text) RETURNS uuid LANGUAGE sql STABLE RETURN (SELECT id FROM offer WHERE name = wanted);
CREATE FUNCTION pay_open(subscription uuid) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sandbox_pay(address, amount_sats) FROM invoices WHERE subscription_id = subscription AND status = 'open';
    PERFORM sandbox_mine(1);
    RETURN (SELECT amount_sats FROM invoices WHERE subscription_id = subscription ORDER BY created_at DESC, number DESC LIMIT 1);
END $$;
-- A subscription to a plan, its first period paid.
CREATE FUNCTION customer(plan text, who text, quantity integer DEFAULT 1) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE s uuid;
BEGIN
    s := (subscribe(offer(plan), external_id => who, quantity => quantity)).id;
    PERFORM pay_open(s);
    RETURN s;
END $$;
CREATE FUNCTION last_invoice(subscription uuid) RETURNS invoices LANGUAGE sql
RETURN (SELECT i FROM invoices i WHERE subscription_id = subscription ORDER BY created_at DESC, number DESC LIMIT 1);
CREATE FUNCTION balance(subscription uuid) RETURNS numeric LANGUAGE sql STABLE
RETURN (SELECT coalesce(sum(c.amount_sats), 0) FROM credits c JOIN subscription_facts f USING (customer_id)
        WHERE f.id = subscription AND c.kind <> 'carried');
CREATE FUNCTION plan_of(subscription uuid) RETURNS text LANGUAGE sql STABLE
RETURN (SELECT o.name FROM subscriptions s JOIN offer o ON o.id = s.plan_id WHERE s.id = subscription);

--
-- Up, within a period: the difference for the rest of it
--
CREATE TABLE anna AS SELECT customer('silver', 'anna') AS id;
SELECT sandbox_advance_clock('10 days');
CREATE TABLE before AS SELECT s.* FROM subscriptions s, anna WHERE s.id = anna.id;
CREATE TABLE preview AS SELECT p.* FROM anna, preview_change(id, offer('gold')) p;

SELECT is((SELECT count(*) FROM invoices, anna WHERE subscription_id = anna.id), 1::bigint, 'a preview issues nothing');
SELECT is((change_plan(id, offer('gold'))).status, 'active', 'changing keeps the subscription active') FROM anna;
SELECT is(plan_of(id), 'silver', 'the plan stays until the difference is paid') FROM anna;
SELECT is(i.kind, 'change', 'there is an invoice for the change') FROM anna, last_invoice(anna.id) i;
SELECT is(i.amount_sats::bigint,
          floor(30000 * extract(epoch FROM b.current_period_end - charmbills.now())
                / extract(epoch FROM b.current_period_end - b.current_period_start))::bigint
          - floor(10000 * extract(epoch FROM b.current_period_end - charmbills.now())
                  / extract(epoch FROM b.current_period_end - b.current_period_start))::bigint,
          'for the unused part of both prices') FROM anna, before b, last_invoice(anna.id) i;
SELECT is(i.amount_sats::bigint, p.amount_sats, 'as the preview said') FROM anna, preview p, last_invoice(anna.id) i;
SELECT is(i.period_end, b.current_period_end, 'the period ends when it did') FROM anna, before b, last_invoice(anna.id) i;
SELECT is((SELECT jsonb_agg(l.amount::bigint ORDER BY position) FROM invoice_lines l WHERE l.invoice_id = i.id),
          (SELECT jsonb_agg((l ->> 'amount')::bigint) FROM jsonb_array_elements(p.lines) l),
          'the lines are the preview''s') FROM anna, preview p, last_invoice(anna.id) i;
SELECT is((change_plan(id, offer('gold'))).status, 'active', 'asking again') FROM anna;
SELECT results_eq($$ SELECT status, void_reason FROM invoices, anna
                     WHERE subscription_id = anna.id AND kind = 'change' ORDER BY number $$,
                  $$ VALUES ('void', 'changed'), ('open', NULL) $$, 'takes the place of what was asked before');
SELECT pay_open(id) FROM anna;
SELECT is(plan_of(id), 'gold', 'paid, the plan is the new one') FROM anna;
SELECT is(s.current_period_end, b.current_period_end, 'and the period as it was') FROM anna, before b, subscriptions s
WHERE s.id = anna.id;
SELECT is(is_entitled(offer('gold'), external_id => 'anna'), true, 'it gives access to the new plan');
SELECT is(is_entitled(offer('silver'), external_id => 'anna'), false, 'and no longer to the old one');
SELECT is((SELECT count(*) FROM events, anna WHERE type = 'subscription.changed' AND subject = 'subscription:' || anna.id),
          1::bigint, 'with one event');

-- A reorganisation takes the payment back, and the plan with it.
SELECT sandbox_reorg(1);
SELECT is(plan_of(id), 'silver', 'the payment undone, the plan is the old one') FROM anna;
SELECT sandbox_mine(1);
SELECT is(plan_of(id), 'gold', 'and the new one once it is confirmed again') FROM anna;

--
-- Down again in the same instant: nothing gained, nothing lost
--
CREATE TABLE paid AS SELECT i.amount_sats FROM anna, last_invoice(anna.id) i;
SELECT is((change_plan(id, offer('silver'))).status, 'active', 'down within the period') FROM anna;
SELECT is(plan_of(id), 'silver', 'takes effect at once, since nothing is to be paid') FROM anna;
SELECT is(i.amount_sats::bigint, 0::bigint, 'the invoice is for nothing') FROM anna, last_invoice(anna.id) i;
SELECT is(balance(anna.id), (SELECT amount_sats FROM paid)::numeric, 'what the change up cost is credit, to the sat') FROM anna;

--
-- The next period is the plan's, paid from the credit
--
SELECT sandbox_advance_clock('20 days');
SELECT is(i.plan_id, offer('silver'), 'the next invoice is for the plan now') FROM anna, last_invoice(anna.id) i;
SELECT is(i.amount_sats + i.credit_sats, 10000::bigint, 'at its price') FROM anna, last_invoice(anna.id) i;
SELECT is(i.credit_sats, least((SELECT amount_sats FROM paid), 10000)::bigint, 'with the credit') FROM anna, last_invoice(anna.id) i;

--
-- At the end of the period
--
CREATE TABLE bert AS SELECT customer('gold', 'bert') AS id;
SELECT is((change_plan(id, offer('silver'), at_period_end => true)).pending_plan_id, offer('silver'),
          'a change to come is kept') FROM bert;
SELECT is(plan_of(id), 'gold', 'and changes nothing now') FROM bert;
SELECT is((change_plan(id, offer('gold'))).pending_plan_id, NULL, 'changing to what it is takes that back') FROM bert;
SELECT is((change_plan(id, offer('silver'), true)).pending_plan_id, offer('silver'), 'and it can be asked for again') FROM bert;
SELECT sandbox_advance_clock('28 days 12 hours');
SELECT is(i.amount_sats::bigint, 10000::bigint, 'the next invoice has the new price') FROM bert, last_invoice(bert.id) i;
SELECT pay_open(id) FROM bert;
SELECT is(plan_of(id), 'gold', 'paid early, the plan is still the old one') FROM bert;
SELECT is(is_entitled(offer('gold'), external_id => 'bert'), true, 'with its access');
SELECT sandbox_advance_clock('3 days');
SELECT is(plan_of(id), 'silver', 'when the period begins it is the new one') FROM bert;
SELECT is(is_entitled(offer('silver'), external_id => 'bert') AND NOT is_entitled(offer('gold'), external_id => 'bert'), true,
          'with its access');

--
-- Another cycle begins a period of its own
--
CREATE TABLE carl AS SELECT customer('silver', 'carl') AS id;
SELECT sandbox_advance_clock('15 days');
SELECT change_plan(id, offer('year')) FROM carl;
SELECT is(i.period_end - i.period_start, interval '365 days', 'a year from now') FROM carl, last_invoice(carl.id) i;
SELECT ok(i.amount_sats BETWEEN 94500 AND 95500, 'less half a month of the old plan: ' || i.amount_sats) FROM carl, last_invoice(carl.id) i;
SELECT pay_open(id) FROM carl;
SELECT is(s.current_period_end, i.period_end, 'and paid so far') FROM carl, subscriptions s, last_invoice(carl.id) i WHERE s.id = carl.id;

-- Lifetimes cost the difference, and nothing is credited of one that is left.
CREATE TABLE dora AS SELECT customer('life', 'dora') AS id;
SELECT change_plan(id, offer('more life')) FROM dora;
SELECT is(pay_open(id), 200000::bigint, 'from lifetime to lifetime costs the difference') FROM dora;
SELECT is(s.current_period_end, 'infinity'::timestamptz, 'and lasts for ever') FROM dora, subscriptions s WHERE s.id = dora.id;

-- Quantity.
CREATE TABLE emil AS SELECT customer('silver', 'emil', 2) AS id;
SELECT change_plan(id, quantity => 3) FROM emil;
SELECT is(pay_open(id), 10000::bigint, 'one more at the start of a period costs its price') FROM emil;
SELECT is(s.quantity, 3, 'and it is one more') FROM emil, subscriptions s WHERE s.id = emil.id;

-- Nothing paid yet: the first invoice is for the new plan.
CREATE TABLE fred AS SELECT (subscribe(offer('silver'), external_id => 'fred')).id;
SELECT change_plan(id, offer('gold')) FROM fred;
SELECT is(plan_of(id), 'gold', 'an unpaid subscription changes at once') FROM fred;
SELECT is(pay_open(id), 30000::bigint, 'and is invoiced anew') FROM fred;
SELECT is(s.status, 'active', 'which activates it') FROM fred, subscriptions s WHERE s.id = fred.id;

-- An invoice for a change that is not paid comes to nothing.
CREATE TABLE gina AS SELECT customer('silver', 'gina') AS id;
SELECT change_plan(id, offer('gold')) FROM gina;
SELECT sandbox_advance_clock('25 hours');
SELECT is(i.status, 'expired', 'after a day the offer ends') FROM gina, last_invoice(gina.id) i;
SELECT sandbox_pay(i.address, i.amount_sats) FROM gina, last_invoice(gina.id) i;
SELECT sandbox_mine(1);
SELECT is(plan_of(gina.id) || ' ' || balance(gina.id), 'silver ' || i.amount_sats, 'paid too late, it is credit') FROM gina, last_invoice(gina.id) i;
SELECT isnt(s.next_invoice_at, NULL, 'and renewal goes on') FROM gina, subscriptions s WHERE s.id = gina.id;

--
-- Properties, at random instants
--
CREATE FUNCTION compare(how text, subscription uuid, new_plan uuid, at_end boolean, new_quantity integer) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE p record; i invoices;
BEGIN
    SELECT * INTO p FROM preview_change(subscription, new_plan, at_end, new_quantity);
    PERFORM change_plan(subscription, new_plan, at_end, new_quantity);
    IF at_end THEN
        PERFORM issue_invoice(subscription);
    END IF;
    i := last_invoice(subscription);
    IF (p.amount_sats, p.credit_sats, p.carried_sats, p.period_start, p.period_end)
       IS DISTINCT FROM (i.amount_sats::bigint, i.credit_sats, i.carried_sats, i.period_start, i.period_end) THEN
        RETURN format('%s: preview %s, invoice %s', how, p, i);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION changes(n integer) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE s uuid; wanted text; stall boolean; t text;
BEGIN
    PERFORM setseed(0.25);
    FOR k IN 1 .. n LOOP
        stall := random() < 0.3;
        s := customer(CASE WHEN stall THEN 'stall silver' ELSE (ARRAY['silver', 'gold', 'taxed'])[1 + floor(random() * 3)] END, 'random ' || k);
        PERFORM sandbox_advance_clock(random() * interval '29 days' + interval '1 second');
        FOR step IN 1 .. 3 LOOP
            wanted := CASE WHEN stall THEN (ARRAY['stall silver', 'stall gold'])[1 + floor(random() * 2)]
                      ELSE (ARRAY['silver', 'gold', 'taxed', 'free', 'year'])[1 + floor(random() * 5)] END;
            IF (SELECT status FROM subscriptions WHERE id = s) <> 'active'
               OR (plan_of(s) = wanted AND random() < 1) THEN CONTINUE; END IF;
            t := compare(format('random %s, step %s, to %s', k, step, wanted), s, offer(wanted), random() < 0.3,
                         1 + floor(random() * 3)::integer);
            IF t IS NOT NULL THEN RETURN NEXT t; END IF;
            PERFORM pay_open(s);
            PERFORM sandbox_advance_clock(random() * interval '2 days' + interval '1 second');
        END LOOP;
    END LOOP;
END $$;
SELECT is_empty($$ SELECT * FROM changes(40) $$, 'previews are the invoices, to the sat');
SELECT is_empty($$ SELECT i.id FROM invoices i WHERE i.currency IS NULL AND i.amount_sats <>
                   (SELECT sum(l.amount) FROM invoice_lines l WHERE l.invoice_id = i.id) $$,
                'the lines of every invoice add up to it');

CREATE FUNCTION there_and_back(n integer) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE s uuid; was text; other text; paid numeric;
BEGIN
    PERFORM setseed(0.5);
    FOR k IN 1 .. n LOOP
        was := (ARRAY['silver', 'gold', 'taxed'])[1 + floor(random() * 3)];
        other := (ARRAY['silver', 'gold', 'taxed', 'free'])[1 + floor(random() * 4)];
        CONTINUE WHEN was = other;
        s := customer(was, 'back ' || k);
        PERFORM sandbox_advance_clock(random() * interval '27 days' + interval '1 second');
        PERFORM change_plan(s, offer(other));
        PERFORM pay_open(s);
        PERFORM change_plan(s, offer(was));
        PERFORM pay_open(s);
        SELECT sum(amount_sats) - balance(s) INTO paid FROM invoices WHERE subscription_id = s AND kind = 'change' AND status = 'paid';
        IF paid <> 0 OR plan_of(s) <> was THEN
            RETURN NEXT format('%s, %s and back cost %s', was, other, paid);
        END IF;
    END LOOP;
END $$;
SELECT is_empty($$ SELECT * FROM there_and_back(25) $$, 'there and back in the same instant costs nothing');

--
-- What is refused stores nothing
--
CREATE TABLE hugo AS SELECT customer('silver', 'hugo') AS id;
CREATE TABLE counts AS SELECT (SELECT count(*) FROM invoices) AS invoices, (SELECT count(*) FROM events) AS events;
SELECT throws_ok(format('SELECT change_plan(%L, %L)', id, offer('stall gold')), 'CB009', NULL, 'a plan of another merchant') FROM hugo;
SELECT throws_ok(format('SELECT change_plan(%L, %L)', id, gen_random_uuid()), 'CB008', NULL, 'no plan') FROM hugo;
SELECT throws_ok(format('SELECT change_plan(%L, %L)', gen_random_uuid(), offer('gold')), 'CB008', NULL, 'no subscription');
SELECT throws_ok(format('SELECT change_plan(%L)', id), 'CB011', NULL, 'no change') FROM hugo;
SELECT throws_ok(format('SELECT change_plan(NULL, %L)', offer('gold')), 'CB011', NULL, 'no subscription named');
SELECT throws_ok(format('SELECT change_plan(%L, quantity => 0)', id), 'CB011', NULL, 'none of it') FROM hugo;
SELECT throws_ok(format('SELECT change_plan(%L, quantity => -1)', id), 'CB011', NULL, 'less than none') FROM hugo;
SELECT throws_ok(format('SELECT change_plan(%L, quantity => 1000001)', id), 'CB011', NULL, 'too many') FROM hugo;
SELECT deactivate_plan(offer('gold'));
SELECT throws_ok(format('SELECT change_plan(%L, %L)', id, offer('gold')), 'CB010', NULL, 'a plan off sale') FROM hugo;
SELECT activate_plan(offer('gold'));
SELECT is((SELECT count(*) FROM invoices), c.invoices, 'nothing was stored') FROM counts c;

SELECT cancel_subscription(id) FROM hugo;
SELECT throws_ok(format('SELECT change_plan(%L, %L)', id, offer('gold')), 'CB010', NULL, 'a canceled subscription') FROM hugo;
SELECT uncancel_subscription(id) FROM hugo;
SELECT is((change_plan(id, offer('gold'), idempotency_key => 'k')).id,
          (change_plan(id, offer('gold'), idempotency_key => 'k')).id, 'one key, one change') FROM hugo;
SELECT is((SELECT count(*) FROM invoices, hugo WHERE subscription_id = hugo.id AND kind = 'change'), 1::bigint, 'and one invoice');
SELECT throws_ok(format('SELECT change_plan(%L, %L, idempotency_key => ''k'')', id, offer('taxed')), 'CB016', NULL,
                 'another change under the same key') FROM hugo;
SELECT sandbox_pay(i.address, 1000) FROM hugo, last_invoice(hugo.id) i;
SELECT throws_ok(format('SELECT change_plan(%L, %L)', id, offer('taxed')), 'CB010', NULL,
                 'a change while another is being paid') FROM hugo;

SELECT * FROM finish();
