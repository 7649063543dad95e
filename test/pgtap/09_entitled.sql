-- is_entitled() says what the view subscriptions says: of random facts, at
-- random times, however one asks.
SET search_path = public, charmbills, tap;
SET timezone = 'UTC';
SELECT plan(26);

SELECT sandbox_mine() AS height \gset
SELECT (create_merchant(name => 'Shop', address => 'bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk')).id AS shop,
       (create_merchant(name => 'Stall', address => script_to_address('\x00140000000000000000000000000000000000000001'))).id AS stall \gset
SELECT (create_plan(:'shop', 'Bread', 1000)).id AS bread, (create_plan(:'shop', 'Cake', 2000)).id AS cake,
       (create_plan(:'stall', 'Fish', 3000)).id AS fish \gset

--
-- Random facts
--

-- Hours around noon, so that they often meet; or none.
CREATE FUNCTION some_time(odds double precision) RETURNS timestamptz LANGUAGE sql AS
$$ SELECT CASE WHEN random() < odds THEN timestamptz '2030-01-01 12:00' + floor(13 * random() - 6) * interval '1 hour' END $$;
CREATE FUNCTION who(n integer) RETURNS text LANGUAGE sql IMMUTABLE RETURN 'customer ' || n;
CREATE FUNCTION address_of(n integer) RETURNS text LANGUAGE sql IMMUTABLE
RETURN charmbills.script_to_address('\x0014' || substr(sha256(n::text::bytea), 1, 20));

SELECT setseed(0.42) \gset
-- The same names at both merchants.
INSERT INTO customers (merchant_id, external_id)
SELECT m, who(n) FROM unnest(ARRAY[:'shop', :'stall']::uuid[]) AS m, generate_series(1, 40) AS n;
INSERT INTO subscription_facts (plan_id, merchant_id, customer_id, subscriber_address, status, cycle, timezone, grace, anchor,
    trial_end, paid_through, grace_until, first_expired_at, paused_at, ended_at, next_plan_id, next_plan_at, next_quantity)
SELECT CASE WHEN c.merchant_id = :'stall' THEN :'fish' WHEN random() < 0.5 THEN :'bread' ELSE :'cake' END::uuid,
       c.merchant_id, c.id, CASE WHEN random() < 0.8 THEN address_of((1 + floor(40 * random()))::integer) END,
       'pending', 'monthly', 'UTC', '5 days', '2029-12-01',
       some_time(0.3), paid, CASE WHEN paid IS NOT NULL THEN paid + floor(4 * random()) * interval '1 hour' END,
       some_time(0.2), some_time(0.1), some_time(0.1),
       CASE WHEN next IS NOT NULL THEN CASE WHEN random() < 0.5 THEN :'bread' ELSE :'cake' END::uuid END, next,
       CASE WHEN next IS NOT NULL THEN 1 END
FROM customers c, generate_series(1, 3),
     LATERAL (SELECT some_time(0.7) AS paid, CASE WHEN c.merchant_id = :'shop' AND c.id IS NOT NULL THEN some_time(0.4) END AS next
              OFFSET 0) AS times
WHERE random() < 0.6;

-- What is asked: a plan, and a name, an address, or both.
CREATE VIEW questions AS
SELECT p.id AS plan, p.merchant_id, q.name, q.address
FROM plans p,
     LATERAL (SELECT who(n) AS name, NULL AS address FROM generate_series(0, 40) AS n
              UNION ALL SELECT NULL, address_of(n) FROM generate_series(0, 40) AS n
              UNION ALL SELECT c.external_id, f.subscriber_address FROM subscription_facts f JOIN customers c ON c.id = f.customer_id
                        WHERE f.subscriber_address IS NOT NULL
              UNION ALL SELECT who(n), address_of(n) FROM generate_series(0, 40) AS n) AS q;
-- By the view.
CREATE FUNCTION should_be(plan uuid, merchant uuid, name text, address text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM subscriptions s JOIN customers c ON c.id = s.customer_id
                   WHERE s.plan_id = should_be.plan AND s.merchant_id = should_be.merchant
                         AND (should_be.name IS NULL OR c.external_id = should_be.name)
                         AND (should_be.address IS NULL OR s.subscriber_address = should_be.address)
                         AND s.status IN ('trialing', 'active', 'past_due')) $$;
CREATE FUNCTION wrong_answers() RETURNS TABLE (plan uuid, name text, address text, answer boolean) LANGUAGE sql STABLE AS $$
    SELECT plan, name, address, is_entitled(plan, address, name) FROM questions
    WHERE is_entitled(plan, address, name) IS DISTINCT FROM should_be(plan, merchant_id, name, address) $$;
-- At an hour of that day, the chain followed until another.
CREATE PROCEDURE set_clock(at integer, followed integer) LANGUAGE sql AS $$
    UPDATE chain_state SET test_clock = timestamptz '2030-01-01' + at * interval '1 hour',
                           followed_until = timestamptz '2030-01-01' + followed * interval '1 hour' $$;

SELECT cmp_ok((SELECT count(*) FROM subscription_facts)::integer, '>=', 100, 'there are subscriptions of every kind');
CALL set_clock(12, 12);
SELECT cmp_ok((SELECT count(DISTINCT status) FROM subscriptions)::integer, '=', 7, 'in every status');
SELECT ok(count(*) FILTER (WHERE yes) > 50 AND count(*) FILTER (WHERE NOT yes) > 50, 'some have access and some have not')
FROM (SELECT is_entitled(plan, address, name) AS yes FROM questions) AS q;
SELECT is_empty('SELECT * FROM wrong_answers()', 'as the view has it, at noon');
CALL set_clock(14, 12);
SELECT is_empty('SELECT * FROM wrong_answers()', 'two hours later, with the chain behind');
CALL set_clock(16, 14);
SELECT is_empty('SELECT * FROM wrong_answers()', 'later still');
CALL set_clock(20, -100);
SELECT is_empty('SELECT * FROM wrong_answers()', 'with a chain that has long not been followed');
CALL set_clock(6, 20);
SELECT is_empty('SELECT * FROM wrong_answers()', 'and with one that is ahead');

--
-- A change of plan
--

CREATE TABLE changing AS
WITH customer AS (INSERT INTO customers (merchant_id, external_id) VALUES (:'shop', 'zoe') RETURNING id)
SELECT id FROM customer;
INSERT INTO subscription_facts (plan_id, merchant_id, customer_id, subscriber_address, status, cycle, timezone, grace, anchor,
    paid_through, grace_until, next_plan_id, next_plan_at, next_quantity)
SELECT :'bread', :'shop', id, address_of(99), 'active', 'monthly', 'UTC', '5 days', '2029-12-01',
       '2030-02-01', '2030-02-06', :'cake', '2030-01-01 12:00', 1 FROM changing;
CREATE FUNCTION access() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(p.service_name || concat(is_entitled(p.id, external_id => 'zoe'), is_entitled(p.id, address_of(99)),
                                               is_entitled(p.id, address_of(99), 'zoe')), ' ' ORDER BY p.service_name)
    FROM plans p $$;
CALL set_clock(11, 11);
SELECT is(access(), 'Breadttt Cakefff Fishfff', 'before it, the old plan''s');
CALL set_clock(12, 12);
SELECT is(access(), 'Breadfff Cakettt Fishfff', 'from then on, the new one''s');
CALL set_clock(13, 11);
SELECT is(access(), 'Breadfff Cakettt Fishfff', 'by the time that it is, not by how far the chain was followed');

--
-- Who asks
--

-- It may call this function, and read no table.
CREATE ROLE test_asker;
GRANT USAGE ON SCHEMA charmbills TO test_asker;
GRANT EXECUTE ON FUNCTION charmbills.is_entitled(uuid, text, text) TO test_asker;
SELECT grant_merchant('test_asker', :'shop') AS granted \gset
CREATE FUNCTION ask(plan uuid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    SET LOCAL ROLE test_asker;
    BEGIN
        answer := charmbills.is_entitled(plan, external_id => 'zoe');
    EXCEPTION WHEN OTHERS THEN
        answer := SQLSTATE;
    END;
    SET LOCAL ROLE NONE;
    RETURN answer;
END $$;
SELECT is(ask(:'cake'), 'true', 'a role that acts for the merchant is answered, though it may read nothing');
SELECT is(ask(:'bread'), 'false', 'either way');
SELECT is(ask(:'fish'), '42501', 'but not about another merchant''s plan');
SELECT is(ask(uuid_v7()), 'CB008', 'a plan must be there');
SELECT revoke_merchant('test_asker', :'shop') AS revoked \gset
SELECT is(ask(:'cake'), '42501', 'without the right it is refused');
REVOKE EXECUTE ON FUNCTION charmbills.is_entitled(uuid, text, text) FROM test_asker;
SELECT throws_ok('SET ROLE test_asker; SELECT charmbills.is_entitled(''' || :'cake' || ''', external_id => ''zoe'')', '42501',
                 'permission denied for function is_entitled', 'as is one that may not call');
RESET ROLE;
REVOKE USAGE ON SCHEMA charmbills FROM test_asker;
DROP ROLE test_asker;

--
-- What a transaction sees
--

BEGIN ISOLATION LEVEL REPEATABLE READ;
UPDATE subscription_facts SET ended_at = '2030-01-01' WHERE customer_id = (SELECT id FROM changing);
SELECT is(access(), 'Breadfff Cakefff Fishfff', 'its own changes');
SAVEPOINT before;
UPDATE subscription_facts SET ended_at = NULL WHERE customer_id = (SELECT id FROM changing);
SELECT is(access(), 'Breadfff Cakettt Fishfff', 'each as it is made');
ROLLBACK TO before;
SELECT is(access(), 'Breadfff Cakefff Fishfff', 'or undone');
ROLLBACK;

--
-- SQL objects of version 1.0.0, as far as they matter here
--

BEGIN;
ALTER INDEX subscription_facts_address_idx RENAME TO subscription_facts_other_idx;
SELECT is_empty('SELECT * FROM wrong_answers()', 'without an index the answers are the same');
CREATE INDEX subscription_facts_plan_address_idx ON subscription_facts (plan_id, subscriber_address);
UPDATE subscription_facts SET next_plan_id = NULL, next_plan_at = NULL;
SELECT is_empty('SELECT * FROM wrong_answers()', 'or with the one of 1.0.0');
ALTER TABLE subscription_facts RENAME next_plan_id TO other_plan_id;
ALTER TABLE subscription_facts RENAME next_plan_at TO other_plan_at;
SELECT is_empty('SELECT * FROM wrong_answers()', 'and with the columns of 1.0.0');
ROLLBACK;
BEGIN;
DROP INDEX subscription_facts_address_idx;
CREATE INDEX subscription_facts_address_idx ON subscription_facts (subscriber_address, merchant_id);
SELECT is_empty('SELECT * FROM wrong_answers()', 'an index of the same name over other columns gives no others');
DROP INDEX subscription_facts_address_idx;
CREATE INDEX subscription_facts_address_idx ON subscription_facts (merchant_id, subscriber_address) WHERE quantity = 0;
SELECT is_empty('SELECT * FROM wrong_answers()', 'nor one of some rows');
ROLLBACK;
SELECT is_empty('SELECT * FROM wrong_answers()', 'what is undone is found again');

SELECT * FROM finish();
