-- The log of events: read from a cursor, in order, by whoever may.
SET search_path = public, charmbills, tap;
SELECT plan(29);

SELECT is((SELECT count(*) FROM events_since())::integer, 0, 'in the beginning there is nothing');
SELECT (create_merchant(name => 'shop', address => script_to_address('\x00140000000000000000000000000000000000000001'))).id AS shop \gset
SELECT (create_merchant(name => 'stall', address => script_to_address('\x00140000000000000000000000000000000000000002'))).id AS stall \gset
SELECT count(create_plan(m.id, 'Service ' || n, 1000)) AS plans FROM merchants m, generate_series(1, 5) n \gset

SELECT results_eq('SELECT id, type, merchant_id, subject, subject_seq, payload, occurred_at FROM events_since()',
                  'SELECT id, type, merchant_id, subject, subject_seq, payload, occurred_at FROM events ORDER BY xid, id', 'all events, in order');
SELECT is((SELECT count(*) FROM events_since(max_events => 3))::integer, 3, 'or so many');

-- Read in steps of any size, each event comes once.
CREATE FUNCTION read_in_steps(step integer) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
DECLARE
    position text;
    page record;
BEGIN
    LOOP
        FOR page IN SELECT * FROM events_since(position, step) LOOP
            RETURN NEXT page.id;
        END LOOP;
        EXIT WHEN page IS NULL OR page.cursor IS NOT DISTINCT FROM position;
        position := page.cursor;
        page := NULL;
    END LOOP;
END $$;
SELECT results_eq(format('SELECT read_in_steps(%s)', step), 'SELECT id FROM events ORDER BY xid, id', 'in steps of ' || step) FROM unnest('{1,2,5,100}'::integer[]) step;
SELECT cursor AS last FROM events_since() ORDER BY id DESC LIMIT 1 \gset
SELECT is_empty(format('SELECT FROM events_since(%L)', :'last'), 'after the last there is none');
BEGIN;
SELECT (create_plan(:'shop', 'Own', 1000)).id AS plan \gset
SELECT is_empty(format('SELECT FROM events_since(%L)', :'last'), 'one''s own events are shown when they are committed');
COMMIT;
SELECT is((SELECT string_agg(type, ' ') FROM events_since(:'last')), 'plan.created', 'then they are');

SELECT throws_ok(format('SELECT events_since(%L)', c), 'CB011', NULL, 'no cursor: ' || c)
FROM unnest('{"",1,1.2,1.2.x,1.2.3.4,-1.2.3," 1.2.3",1..3,0.18446744073709551616.1,0.1.9223372036854775808}'::text[]) c;
SELECT throws_ok('SELECT events_since(''1.1.1'')', 'CB011', NULL, 'nor one of another log');

-- Whose events.
BEGIN;
CREATE ROLE test_reader;
GRANT EXECUTE ON FUNCTION events_since TO test_reader;
SELECT grant_merchant('test_reader', :'stall') AS granted \gset
SET LOCAL ROLE test_reader;
SELECT count(*) FILTER (WHERE merchant_id = :'stall') AS own, count(*) FILTER (WHERE merchant_id IS DISTINCT FROM :'stall') AS others FROM charmbills.events_since() \gset
RESET ROLE;
SELECT is(:'own' || ' ' || :'others', (SELECT count(*) FROM events WHERE merchant_id = :'stall') || ' 0', 'a merchant''s role reads its own alone');
ROLLBACK;

-- Copies.  This one's chain state says that it was written in another cluster.
SELECT cursor AS last FROM events_since(max_events => 10000) ORDER BY id DESC LIMIT 1 \gset
INSERT INTO events (type, subject, subject_seq, xid) VALUES ('test.foreign', 'test:1', 1, '999999999999');
SELECT is_empty(format('SELECT FROM events_since(%L)', :'last'), 'what a transaction to come has written is not shown');
UPDATE chain_state SET system_identifier = 1;
SELECT is((SELECT string_agg(type, ' ') FROM events_since(:'last')), 'test.foreign', 'in a copy it is one of the other cluster''s, and is');
SELECT deactivate_plan(:'plan') IS NOT NULL AS done \gset
SELECT is((SELECT string_agg(type, ' ' ORDER BY id) FROM events_since('0.999999999999.' || (SELECT max(id) FROM events WHERE type = 'test.foreign'))),
          'plan.deactivated', 'the copy''s own events come after it');
SELECT cursor AS last FROM events_since(:'last') ORDER BY id DESC LIMIT 1 \gset
SELECT adopt_database() AS adopted \gset
SELECT activate_plan(:'plan') IS NOT NULL AS done \gset
SELECT is((SELECT string_agg(type, ' ') FROM events_since(:'last')), 'database.adopted plan.activated', 'and go on when it is adopted');
SELECT results_eq('SELECT id FROM events_since(max_events => 10000)', 'SELECT id FROM events ORDER BY epoch, xid, id', 'in one order');
UPDATE chain_state SET system_identifier = 1;
INSERT INTO events (type, subject, subject_seq, xid, epoch) VALUES ('test.foreign', 'test:1', 2, '999999999999', 2);
SELECT adopt_database() AS adopted \gset
SELECT is((SELECT epoch FROM chain_state), 3, 'a copy of a copy that was never adopted does not mix with it');
SELECT isnt_empty('SELECT FROM events_since(max_events => 10000) WHERE subject = ''test:1'' AND subject_seq = 2', 'but shows what it wrote');

SELECT * FROM finish();
