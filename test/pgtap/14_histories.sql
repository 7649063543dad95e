-- Random histories: whatever is done in whatever order, what was received is
-- what was applied, refunded or left, and nothing is demanded twice or of nobody.
SET search_path = public, charmbills, tap;
SET timezone = 'UTC';
SELECT plan(6);

CREATE FUNCTION some_subscription(statuses text[], is_canceled boolean DEFAULT false) RETURNS uuid LANGUAGE sql AS
$$ SELECT id FROM subscriptions WHERE status = ANY (statuses) AND (canceled_at IS NOT NULL OR NOT is_canceled) ORDER BY random() LIMIT 1 $$;
CREATE FUNCTION some_invoice(statuses text[]) RETURNS uuid LANGUAGE sql AS
$$ SELECT id FROM invoices WHERE status = ANY (statuses) AND address IS NOT NULL ORDER BY created_at < charmbills.now() - interval '60 days', random() LIMIT 1 $$;

-- One thing that may happen; NULL where nothing is there for it.
CREATE FUNCTION something() RETURNS text LANGUAGE plpgsql AS
$$ DECLARE
	what text := (ARRAY['subscribe', 'subscribe', 'subscribe', 'invoice', 'pay', 'pay', 'pay', 'pay', 'pay', 'pay part', 'pay more', 'pay twice', 'mine', 'mine', 'mine',
						'wait', 'wait', 'wait', 'wait long', 'cancel', 'cancel now', 'uncancel', 'uncancel', 'pause', 'pause', 'resume', 'resume', 'void', 'issue',
						'change', 'change', 'mark', 'refund', 'reorg', 'double-spend', 'stray'])[1 + floor(random() * 36)];
BEGIN
	CASE what
	WHEN 'subscribe' THEN
		PERFORM subscribe(p.id, external_id => 'customer ' || floor(random() * 6)) FROM (SELECT id FROM plans ORDER BY random() LIMIT 1) p;
	WHEN 'invoice' THEN
		PERFORM create_invoice(id, (300 + random() * 3000)::bigint, 'Something', external_id => 'customer ' || floor(random() * 6), use_credit => random() < 0.8) FROM merchants;
	WHEN 'pay' THEN
		PERFORM sandbox_pay(address, amount_sats) FROM invoices WHERE id = some_invoice('{open,expired}');
	WHEN 'pay part' THEN
		PERFORM sandbox_pay(address, greatest((amount_sats * random())::bigint, 300)) FROM invoices WHERE id = some_invoice('{open,expired}');
	WHEN 'pay more' THEN
		PERFORM sandbox_pay(address, (amount_sats * (1 + 3 * random()))::bigint) FROM invoices WHERE id = some_invoice('{open}');
	WHEN 'pay twice' THEN
		PERFORM sandbox_pay(address, amount_sats) FROM invoices WHERE id = some_invoice('{paid,void,processing,uncollectible}');
	WHEN 'stray' THEN
		PERFORM sandbox_pay(derive_address(canonical, next_index + 1), 1000) FROM descriptors;
	WHEN 'mine' THEN PERFORM sandbox_mine(1 + floor(random() * 3)::integer);
	WHEN 'wait' THEN PERFORM sandbox_advance_clock(make_interval(secs => 1 + random() * 3 * 86400));
	WHEN 'wait long' THEN PERFORM sandbox_advance_clock(make_interval(secs => 1 + random() * 25 * 86400));
	WHEN 'cancel' THEN PERFORM cancel_subscription(some_subscription('{pending,trialing,active,past_due,paused,expired}'));
	WHEN 'cancel now' THEN PERFORM cancel_subscription(some_subscription('{pending,active,past_due,paused,expired,canceled}'), false);
	WHEN 'change' THEN
		PERFORM change_plan(some_subscription('{pending,trialing,active,past_due,expired}'), p.id, random() < 0.5, 1 + floor(random() * 3)::integer)
		FROM (SELECT id FROM plans ORDER BY random() LIMIT 1) p;
	WHEN 'uncancel' THEN PERFORM uncancel_subscription(some_subscription('{trialing,active,paused}', true));
	WHEN 'pause' THEN PERFORM pause_subscription(some_subscription('{trialing,active}'));
	WHEN 'resume' THEN PERFORM resume_subscription(some_subscription('{paused}'));
	WHEN 'void' THEN PERFORM void_invoice(some_invoice('{open,expired,uncollectible}'));
	WHEN 'issue' THEN PERFORM issue_invoice(some_subscription('{trialing,active,past_due,expired,pending,paused,canceled}'));
	WHEN 'mark' THEN PERFORM mark_invoice_paid(some_invoice('{open,expired}'), 'in cash');
	WHEN 'refund' THEN
		PERFORM record_refund(outpoint, encode(sha256(random()::text::bytea), 'hex')::txid) FROM (SELECT outpoint FROM payments ORDER BY random() LIMIT 1) p;
	WHEN 'reorg' THEN PERFORM sandbox_reorg(1 + floor(random() * 3)::integer, random() < 0.5);
	WHEN 'double-spend' THEN PERFORM sandbox_double_spend(txid) FROM (SELECT txid FROM payments WHERE status = 'seen' ORDER BY random() LIMIT 1) p;
	END CASE;
	RETURN what;
EXCEPTION
	-- What the state does not allow is refused; anything else is a fault.
	WHEN SQLSTATE 'CB010' OR SQLSTATE 'CB005' OR SQLSTATE 'CB009' OR SQLSTATE 'CB011' THEN RETURN what || ' refused';
END $$;

-- What must never be, as what is wrong; no row while all is right.
CREATE VIEW faults AS
SELECT 'the books: ' || l AS fault FROM ledger_check() l
UNION ALL
SELECT 'lines do not add up: ' || i.number FROM invoices i
WHERE i.amount_sats IS DISTINCT FROM (SELECT sum(l.amount) FROM invoice_lines l WHERE l.invoice_id = i.id)
UNION ALL
SELECT 'demanded of what has ended: ' || i.number FROM invoices i JOIN subscription_facts f ON f.id = i.subscription_id
WHERE i.status IN ('open', 'processing') AND f.ended_at <= f.canceled_at
UNION ALL
SELECT 'to be invoiced: ' || f.status || ' ' || f.id FROM subscription_facts f
WHERE f.next_invoice_at IS NOT NULL AND (f.paused_at IS NOT NULL OR f.canceled_at IS NOT NULL)
UNION ALL
SELECT 'demanded while paused: ' || i.number FROM invoices i JOIN subscription_facts f ON f.id = i.subscription_id
WHERE i.created_at > f.paused_at
UNION ALL
SELECT 'announced as ' || f.status || ', but ' || s.status FROM subscription_facts f JOIN subscriptions s USING (id) WHERE f.status <> s.status
UNION ALL
SELECT 'one period twice: ' || a.number || ' ' || b.number FROM invoices a JOIN invoices b ON a.subscription_id = b.subscription_id AND a.number < b.number
WHERE a.status = 'paid' AND b.status = 'paid' AND NOT a.is_late AND NOT b.is_late
	  AND NOT EXISTS (SELECT FROM invoices c WHERE c.subscription_id = a.subscription_id AND c.kind = 'change')
	  AND tstzrange(a.period_start, a.period_end) && tstzrange(b.period_start + (a.paused_before - b.paused_before), b.period_end + (a.paused_before - b.paused_before))
UNION ALL
SELECT 'canceled without an end: ' || f.id FROM subscription_facts f WHERE f.canceled_at IS NOT NULL AND f.ended_at IS NULL AND f.paused_at IS NULL
UNION ALL
SELECT 'a pause too many: ' || f.id FROM subscription_facts f
WHERE (f.paused_at IS NOT NULL) <> EXISTS (SELECT FROM pauses u WHERE u.subscription_id = f.id AND u.resumed_at IS NULL)
UNION ALL
SELECT 'numbers have gaps' FROM invoices GROUP BY merchant_id HAVING count(*) <> max(number);

-- Gives the first fault with what led to it.
CREATE FUNCTION live(steps integer) RETURNS text LANGUAGE plpgsql AS
$$ DECLARE
	history text[];
	found text;
BEGIN
	FOR i IN 1 .. steps LOOP
		history := history || something();
		PERFORM run_billing();
		SELECT fault INTO found FROM faults LIMIT 1;
		IF found IS NOT NULL THEN
			RETURN found || ' after ' || i || ' steps: ' || array_to_string(history[array_upper(history, 1) - 12 :], ', ');
		END IF;
		-- One step may make work for another, but not for ever.
		IF run_billing() <> 0 AND run_billing() <> 0 THEN
			RETURN 'billing does not end after ' || i || ' steps: ' || array_to_string(history[array_upper(history, 1) - 12 :], ', ');
		END IF;
	END LOOP;
	RETURN 'all is right';
END $$;

SELECT sandbox_mine(12) AS height \gset
SELECT sandbox_advance_clock('1 second') AS clock \gset
SELECT (create_merchant(name => 'Shop', timezone => 'Europe/Berlin',
    descriptor => 'wpkh(tpubDC5FSnBiZDMmhiuCmWAYsLwgLYrrT9rAqvTySfuCCrgsWz8wxMXUS9Tb9iVMvcRbvFcAHGkMD5Kx8koh4GquNGNTfohfk7pgjhaPCdXpoba/0/*)')).id AS shop \gset
SELECT count(create_plan(:'shop', name, price, cycle, trial => trial, tax_rate => tax, restart => restart, min_invoice_sats => least_sats,
                         tolerance_percent => tolerance, confirmations => depth, allow_multiple => true, trial_once => false)) AS plans
FROM (VALUES ('Plain', 10000, 'monthly', interval '0', 0, 'payment', 0, 0, 1), ('Trial', 5000, 'weekly', '5 days', 19, 'period_end', 0, 2, 2),
             ('Cheap', 250, '10 days', '0', 0, 'payment', 700, 0, 0), ('Free', 0, 'monthly', '0', 0, 'payment', 0, 0, 1),
             ('Life', 30000, 'lifetime', '3 days', 7, 'payment', 0, 0, 1)) v (name, price, cycle, trial, tax, restart, least_sats, tolerance, depth) \gset
SELECT setseed(0.3) \gset
SELECT is(live(100), 'all is right', 'a history of a hundred steps');
SELECT is(live(200), 'all is right', 'goes on');
SELECT is(live(200), 'all is right', 'and on');
-- It has been a history, though not the same each time: calendars differ.
CREATE FUNCTION happened(pattern text, wanted text[]) RETURNS boolean LANGUAGE sql AS
$$ SELECT array_agg(split_part(type, '.', 2)) @> wanted FROM events WHERE type LIKE pattern $$;
SELECT ok(happened('invoice.%', '{issued,processing,paid,underpaid,overpaid,expired,voided}'), 'in which much happened to invoices');
SELECT ok(happened('subscription.%', '{created,pending,active,past_due,expired,paused,cancellation_requested,canceled}'), 'and to subscriptions');
SELECT ok((SELECT array_agg(kind) @> '{applied,carried,overpayment}' FROM credits), 'and credit was given and used');

SELECT * FROM finish();
