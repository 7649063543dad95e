-- Every pair of statuses, tried by hand: only what transitions() allows to a
-- statement happens.
SELECT plan(21);

-- One row of each kind.
INSERT INTO charmbills.merchants (name, address) VALUES ('Shop', 'bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk');
INSERT INTO charmbills.customers (merchant_id, external_id) SELECT id, 'ann' FROM charmbills.merchants;
INSERT INTO charmbills.plans (merchant_id, service_name, price_sats, billing_cycle, status)
SELECT id, 'Service', 1000, 'monthly', 'active' FROM charmbills.merchants;
INSERT INTO charmbills.subscription_facts (plan_id, merchant_id, customer_id, status, cycle, timezone, grace, anchor)
SELECT p.id, p.merchant_id, c.id, 'pending', 'monthly', 'UTC', '0', now() FROM charmbills.plans p, charmbills.customers c;
INSERT INTO charmbills.invoices (number, merchant_id, subscription_id, customer_id, kind, amount_sats, address, script,
                                 confirmations, status, due_at, expires_at, period_start, period_end)
SELECT 1, s.merchant_id, s.id, s.customer_id, 'period', 1000, m.address, '\x51', 1, 'open', now(), now(), now(), now() + interval '1 month'
FROM charmbills.subscription_facts s JOIN charmbills.merchants m ON m.id = s.merchant_id;
INSERT INTO charmbills.payments (outpoint, merchant_id, amount_sats, script, txid, confirmations, status, first_seen_at)
SELECT charmbills.outpoint(repeat('ab', 32)::charmbills.txid, 0), id, 1000, '\x51', repeat('ab', 32)::charmbills.txid, 1, 'seen', now()
FROM charmbills.merchants;
INSERT INTO charmbills.transactions (type, merchant_id, status) SELECT 'send', id, 'pending' FROM charmbills.merchants;

CREATE VIEW statuses AS
SELECT relation, from_status AS status FROM charmbills.transitions()
UNION SELECT relation, to_status FROM charmbills.transitions();

-- What an UPDATE of the one row does: moved, or the error's code and detail.
CREATE FUNCTION outcome(relation text, from_status text, to_status text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    SET LOCAL session_replication_role = replica;
    EXECUTE format('UPDATE charmbills.%I SET status = %L', relation, from_status);
    SET LOCAL session_replication_role = origin;
    BEGIN
        EXECUTE format('UPDATE charmbills.%I SET status = %L', relation, to_status);
        RETURN 'moved';
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
        RETURN concat_ws(' ', SQLSTATE, nullif(detail, ''),
                         CASE WHEN SQLERRM NOT LIKE '%"' || from_status || '"%"' || to_status || '"%'
                              THEN 'without naming both' END);
    END;
END $$;

CREATE TABLE outcomes AS
SELECT f.relation, f.status AS from_status, t.status AS to_status, m.by_chain,
       outcome(f.relation, f.status, t.status) AS outcome
FROM statuses f JOIN statuses t USING (relation)
LEFT JOIN charmbills.transitions() m ON (m.relation, m.from_status, m.to_status) = (f.relation, f.status, t.status);

SELECT is((SELECT count(*) FROM outcomes)::integer,
          (SELECT sum(n * n) FROM (SELECT count(*) AS n FROM statuses GROUP BY relation) s)::integer,
          'every pair of statuses was tried');
SELECT cmp_ok((SELECT count(*) FROM outcomes WHERE by_chain IS NULL AND from_status <> to_status)::integer, '>', 30,
              'among them many that are no move');
SELECT is_empty($$ SELECT relation, from_status, count(*) FROM charmbills.transitions() GROUP BY 1, 2, to_status HAVING count(*) > 1 $$,
                'no move is listed twice');
SELECT is_empty($$ SELECT * FROM charmbills.transitions() WHERE from_status = to_status $$, 'none stands still');
SELECT is_empty($$ SELECT * FROM outcomes WHERE from_status = to_status AND outcome <> 'moved' $$,
                'a status may be written again');
SELECT is_empty(format($$ SELECT * FROM outcomes WHERE relation = %L AND NOT by_chain AND outcome <> 'moved' $$, relation),
                'what a statement may do to ' || relation || ' happens')
FROM (SELECT DISTINCT relation FROM statuses) s ORDER BY relation;
SELECT is_empty(format($$ SELECT * FROM outcomes WHERE relation = %L AND by_chain
                          AND outcome <> 'CB001 Only the chain makes this move.' $$, relation),
                'what only the chain may do to ' || relation || ' is refused')
FROM (SELECT DISTINCT relation FROM statuses) s ORDER BY relation;
SELECT is_empty($$ SELECT * FROM outcomes WHERE by_chain IS NULL AND from_status <> to_status AND outcome <> 'CB001' $$,
                'all else is refused');

--
-- A chain call that fails half-way leaves no door open
--
CREATE FUNCTION fail_or_pass() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('test.fail', true) = 'always' THEN
        RAISE 'an application''s trigger fails';
    END IF;
    BEGIN
        RAISE 'or fails and recovers';
    EXCEPTION WHEN raise_exception THEN
        NULL;
    END;
    RETURN NULL;
END $$;
CREATE TRIGGER aaa_first AFTER UPDATE ON charmbills.invoices FOR EACH ROW EXECUTE FUNCTION fail_or_pass();

SELECT charmbills.sandbox_mine() > 0 AS mined \gset
SET session_replication_role = replica;
UPDATE charmbills.invoices
SET status = 'open', expires_at = 'infinity',
    script = charmbills.address_to_script(address);
SET session_replication_role = origin;
INSERT INTO charmbills.watched_scripts (script, merchant_id, is_armed)
SELECT script, merchant_id, true FROM charmbills.invoices;

BEGIN;
SET LOCAL test.fail = 'always';
SELECT throws_ok(format('SELECT charmbills.sandbox_pay(%L, 1000)', address), 'P0001', NULL,
                 'a payment fails with an application''s trigger')
FROM charmbills.invoices;
SET LOCAL test.fail = 'no';
SELECT throws_ok($$ UPDATE charmbills.invoices SET status = 'processing' $$, 'CB001', NULL,
                 'and no statement may do the chain''s work after it');
COMMIT;
SELECT throws_ok($$ UPDATE charmbills.invoices SET status = 'processing' $$, 'CB001', NULL, 'nor in the next transaction');
SELECT lives_ok(format('SELECT charmbills.sandbox_pay(%L, 1000)', address),
                'a trigger that recovers by itself does not disturb the chain''s work')
FROM charmbills.invoices;
SELECT results_eq('SELECT status FROM charmbills.invoices', ARRAY['processing'], 'which is done');

SELECT * FROM finish();
