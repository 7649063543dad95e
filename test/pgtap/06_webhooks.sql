-- Webhooks: who is told what, by which signature, and what becomes of it.
-- The chain is the sandbox's, and so is the clock; nothing is sent anywhere.
SET search_path = public, charmbills, tap;
SELECT plan(166);

-- RFC 2104, in SQL.
CREATE FUNCTION hmac_sha256(key bytea, message bytea) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    inner_pad bytea := decode(repeat('36', 64), 'hex');
    outer_pad bytea := decode(repeat('5c', 64), 'hex');
BEGIN
    FOR i IN 0 .. length(key) - 1 LOOP
        inner_pad := set_byte(inner_pad, i, get_byte(inner_pad, i) # get_byte(key, i));
        outer_pad := set_byte(outer_pad, i, get_byte(outer_pad, i) # get_byte(key, i));
    END LOOP;
    RETURN sha256(outer_pad || sha256(inner_pad || message));
END $$;
CREATE FUNCTION signature(secret text, request jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT 'v1,' || encode(hmac_sha256(decode(substring(secret FROM '^whsec_(.*)$'), 'base64'),
        convert_to(concat_ws('.', request->'headers'->>'webhook-id', request->'headers'->>'webhook-timestamp', request->>'body'), 'UTF8')), 'base64') $$;
SELECT is(encode(hmac_sha256('key', 'The quick brown fox jumps over the lazy dog'), 'hex'),
          'f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8', 'this test computes HMAC-SHA256');

-- What a call ends with: its SQLSTATE, message and detail.
CREATE FUNCTION refusal(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
BEGIN
    EXECUTE query;
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN SQLSTATE || ' ' || message || ': ' || detail;
END $$;

-- The worker: it takes what is due to an endpoint, and everything got this answer.
CREATE FUNCTION try(endpoint uuid, outcome jsonb, OUT state text, OUT attempts integer, OUT wait interval)
RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
    job uuid;
BEGIN
    FOR job IN SELECT c.id FROM claim_http_jobs('w', 100, '1 minute') c WHERE c.lane = endpoint LOOP
        state := report_job(job, 'w', outcome);
        SELECT j.attempts, j.run_after - charmbills.now() INTO attempts, wait FROM jobs j WHERE j.id = job;
        RETURN NEXT;
    END LOOP;
END $$;
CREATE FUNCTION answer(status integer) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('http', jsonb_build_object('status', status, 'duration_ms', 7)) $$;
CREATE FUNCTION settle() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOOP
        PERFORM report_job(c.id, 'w', answer(204)) FROM claim_http_jobs('w', 100, '1 minute') c;
        EXIT WHEN NOT FOUND;
    END LOOP;
END $$;

SELECT sandbox_advance_clock('1 second') AS started \gset
SELECT (create_merchant(name => 'shop', address => script_to_address('\x00140000000000000000000000000000000000000001'))).id AS shop \gset
SELECT (create_merchant(name => 'stall', address => script_to_address('\x00140000000000000000000000000000000000000002'))).id AS stall \gset
SELECT is((SELECT count(*) FROM webhook_deliveries)::integer, 0, 'without endpoints nothing is delivered');

--
-- Endpoints and their secrets
--
SELECT * FROM create_webhook_endpoint(:'shop', 'https://shop.example/hook?key=a%20b', description => 'ours', idempotency_key => 'k') \gset shop_
SELECT ok(:'shop_secret' ~ '^whsec_[A-Za-z0-9+/]{43}=$', 'an endpoint is given a secret');
SELECT is((SELECT row(e.merchant_id, e.url, e.events, e.description, e.is_active, e.generation)::text FROM webhook_endpoints e),
          row(:'shop'::uuid, 'https://shop.example/hook?key=a%20b', '{*}'::text[], 'ours', true, 1)::text, 'it is written down as given');
SELECT is((SELECT e.fingerprint FROM webhook_endpoints e), substring(sha256(decode(substring(:'shop_secret' FROM 7), 'base64')) FROM 1 FOR 8),
          'with the secret''s fingerprint');
SELECT is_empty(format($$ SELECT c.relname FROM pg_class c CROSS JOIN LATERAL query_to_xml('SELECT * FROM charmbills.' || c.relname, true, false, '') AS x
                          WHERE c.relnamespace = 'charmbills'::regnamespace AND c.relkind = 'r'
                                AND (strpos(x::text, %1$L) > 0 OR strpos(x::text, encode(decode(%1$L, 'base64'), 'hex')) > 0) $$,
                       substring(:'shop_secret' FROM 7)),
                'no table has the secret itself');
SELECT is((SELECT row(id, secret)::text FROM create_webhook_endpoint(:'shop', 'https://shop.example/hook?key=a%20b', description => 'ours', idempotency_key => 'k')),
          row(:'shop_id'::uuid, :'shop_secret')::text, 'the same call again gives the same endpoint and secret');
SELECT throws_ok(format($$ SELECT create_webhook_endpoint(%L, 'https://other.example/', idempotency_key => 'k') $$, :'shop'), 'CB016',
                 NULL, 'the same key with another URL is refused');
SELECT is((SELECT count(*) FROM webhook_endpoints)::integer, 1, 'and nothing more was made');
SELECT throws_ok($$ SELECT create_webhook_endpoint(NULL, 'https://op.example/', idempotency_key => 'k') $$, 'CB011',
                 NULL, 'an operator''s endpoint takes no idempotency key');
SELECT * FROM create_webhook_endpoint(:'stall', 'https://stall.example/', '{plan.*,invoice.paid}') \gset stall_
SELECT * FROM create_webhook_endpoint(NULL, 'https://op.example/') \gset op_
SELECT isnt(:'stall_secret'::text, :'shop_secret', 'each endpoint has a secret of its own');
SELECT ok((pg_stat_file('charmbills.key')).size = 32, 'the key file is in the data directory');
SELECT throws_ok($$ SELECT create_webhook_endpoint('00000000-0000-0000-0000-000000000000', 'https://x.example/') $$, '23503',
                 NULL, 'a merchant that is not there has no endpoint');

SELECT alike(refusal(format('SELECT create_webhook_endpoint(%L, %L)', :'shop', url)), 'CB011 webhooks cannot go to this URL: ' || reason,
            'refused: ' || left(url, 40))
FROM (VALUES ('http://shop.example/', '%https%'), ('ftp://shop.example/', '%https%'), ('shop.example', '%https%'), ('', '%https%'),
             ('https://', '%host%'), ('https:///hook', '%host%'), ('https://?x', '%host%'), ('https://:443/', '%host%'),
             ('https://user:tiger@shop.example/', '%user name or password%'), ('https://tiger@shop.example', '%user name or password%'),
             ('https://shop.example/#part', '%fragment%'), ('https://shop.example/a b', '%encoded%'), ('https://shop.example/' || chr(10), '%encoded%'),
             ('https://shöp.example/', '%encoded%'), ('https://shop.example\@evil.example/', '%encoded%'), ('https://-x.example/', '%looked up%'),
             ('https://a,b/', '%looked up%'), ('https://shop.example:0/', '%port%'), ('https://shop.example:65536/', '%port%'),
             ('https://shop.example:/', '%port%'), ('https://shop.example:8 0/', '%encoded%'), ('https://shop.example:+80/', '%port%'),
             ('https://[::1/', '%brackets%'), ('https://[x]/', '%brackets%'), ('https://[::1]x/', '%port%'),
             ('https://shop.example/' || repeat('x', 2048), '%2048%')) AS v (url, reason);
SELECT unalike(refusal(format('SELECT create_webhook_endpoint(%L, %L)', :'shop', 'https://user:tiger@shop.example/')), '%tiger%',
              'a refusal does not repeat a password');
SELECT is(refusal(format('SELECT delete_webhook_endpoint(id) FROM create_webhook_endpoint(%L, %L)', :'stall', url)), 'none', 'taken: ' || url)
FROM unnest('{https://shop.example,https://shop.example:8443/x?y=%20,"https://[2001:db8::1]:443/",HTTPS://Shop.Example/}'::text[]) AS url;
SET charmbills.webhook_allow_private = on;
SELECT lives_ok(format('SELECT delete_webhook_endpoint(id) FROM create_webhook_endpoint(%L, ''http://127.0.0.1:8080/'')', :'stall'), 'http where it is allowed');
RESET charmbills.webhook_allow_private;
SELECT throws_ok(format('SELECT create_webhook_endpoint(%L, ''https://shop.example/'', %L)', :'shop', filter), 'CB011', NULL, 'no filter: ' || coalesce(filter, 'NULL'))
FROM unnest(ARRAY['{}', '{NULL}', '{Invoice.paid}', '{*.paid}', '{""}', NULL, array_to_string(ARRAY['{', repeat('x', 101), '}'], '')]) AS filter;

--
-- Who is told what
--
SELECT settle() AS settled \gset
CREATE VIEW told AS
SELECT p.id AS endpoint, e.type, e.merchant_id, d.state, d.id, d.attempts FROM webhook_deliveries d
JOIN webhook_endpoints p ON p.id = d.endpoint_id LEFT JOIN events e ON e.id = d.event_id;
SELECT (create_plan(:'shop', 'Service', 1000)).id AS shop_plan \gset
SELECT (create_plan(:'stall', 'Service', 1000)).id AS stall_plan \gset
SELECT update_merchant(:'stall', name => 'stand') IS NOT NULL AS renamed \gset
SELECT results_eq($$ SELECT CASE endpoint $$ || format('WHEN %L THEN %L WHEN %L THEN %L ELSE %L END', :'shop_id'::text, 'shop'::text, :'stall_id'::text, 'stall'::text, 'op'::text) ||
                  $$, type, m.name FROM told t JOIN merchants m ON m.id = t.merchant_id WHERE t.state = 'queued' ORDER BY 1, 2, 3 $$,
                  $$ VALUES ('op', 'merchant.updated', 'stand'), ('op', 'plan.created', 'shop'), ('op', 'plan.created', 'stand'),
                            ('shop', 'plan.created', 'shop'), ('stall', 'plan.created', 'stand') $$,
                  'each endpoint is told what it asked for, of its own merchant; an operator''s of all');
BEGIN;
SELECT (create_plan(:'shop', 'Undone', 1000)).id AS plan \gset undone_
ROLLBACK;
SELECT is((SELECT count(*) FROM told WHERE state = 'queued')::integer, 5, 'what is rolled back is told nobody');
SELECT is_empty($$ SELECT FROM told t JOIN webhook_endpoints e ON e.id = t.endpoint WHERE e.merchant_id <> t.merchant_id OR t.merchant_id IS NULL AND e.merchant_id IS NOT NULL $$,
                'none is ever told of another merchant');
SELECT is_empty($$ SELECT FROM webhook_deliveries d JOIN events e ON e.id = d.event_id WHERE e.subject = 'webhook:' || d.endpoint_id $$,
                'none is told of itself');
SELECT isnt_empty($$ SELECT FROM told WHERE type = 'webhook.created' $$, 'but of others');
SELECT is((SELECT count(*) FROM jobs j JOIN webhook_deliveries d ON j.dedup_key = 'webhook:' || d.id
           WHERE j.kind = 'webhook' AND j.lane = d.endpoint_id AND j.payload = jsonb_build_object('delivery_id', d.id)
                 AND j.merchant_id IS NOT DISTINCT FROM d.merchant_id)::integer,
          (SELECT count(*) FROM webhook_deliveries)::integer, 'each delivery has its job');
SELECT is((SELECT count(*) FROM claim_jobs('w', 100, '1 minute'))::integer, 0, 'which is nothing for the node');
SELECT is((SELECT row(next_job_at, next_http_at)::text FROM worker_agenda()), row(NULL::timestamptz, charmbills.now())::text, 'and due now');
SET charmbills.jobs = off;
SELECT is((SELECT count(*) FROM claim_http_jobs('w', 100, '1 minute'))::integer, 0, 'jobs may be held');
SELECT is((SELECT next_http_at FROM worker_agenda()), NULL::timestamptz, 'and are not on the agenda then');
RESET charmbills.jobs;
SELECT throws_ok($$ SELECT claim_http_jobs('w', 0, '1 minute') $$, 'CB011', NULL, 'no job is too few');

--
-- What is sent
--
SELECT id AS job, payload->>'delivery_id' AS delivery FROM claim_http_jobs('w', 100, '1 minute') c WHERE lane = :'shop_id' \gset
SELECT http_request(:'job') AS request \gset
SELECT is(:'request'::jsonb - 'body' - 'headers',
          '{"method": "POST", "url": "https://shop.example/hook?key=a%20b", "timeout_ms": 15000, "max_answer": 65536, "allow_private": false}',
          'a request says where to and how');
SELECT is(:'request'::jsonb->'headers'->>'webhook-id', :'delivery', 'the webhook-id is the delivery''s');
SELECT ok(abs((:'request'::jsonb->'headers'->>'webhook-timestamp')::bigint - extract(epoch FROM clock_timestamp())) < 60,
          'the timestamp is real time, whatever the sandbox''s clock');
SELECT is(:'request'::jsonb->'headers'->>'webhook-signature', signature(:'shop_secret', :'request'), 'the signature is what the secret gives');
SELECT isnt(:'request'::jsonb->'headers'->>'webhook-signature', signature(:'stall_secret', :'request'), 'and no other');
SELECT is((:'request'::jsonb->>'body')::jsonb - 'timestamp', (SELECT jsonb_build_object('type', e.type, 'data', jsonb_build_object('event_id', e.id,
              'merchant_id', e.merchant_id, 'subject', e.subject, 'subject_seq', e.subject_seq, 'payload', e.payload))
           FROM events e WHERE e.type = 'plan.created' AND e.merchant_id = :'shop'), 'the body is the event');
SELECT is(((:'request'::jsonb->>'body')::jsonb->>'timestamp')::timestamptz, (SELECT e.occurred_at FROM events e WHERE e.type = 'plan.created' AND e.merchant_id = :'shop'),
          'and when it happened');
SET timezone = 'Asia/Kathmandu';
SELECT is(http_request(:'job')->>'body', :'request'::jsonb->>'body', 'the same in every session');
SET timezone = 'UTC';
SELECT throws_ok($$ SELECT http_request('00000000-0000-0000-0000-000000000000') $$, 'CB008', NULL, 'there is no request without a job');

--
-- What becomes of it
--
SELECT is(report_job(:'job', 'v', answer(204)), 'running', 'another worker''s report changes nothing');
SELECT is(report_job(:'job', 'w', answer(204)), 'done', '2xx is success');
SELECT is(report_job(:'job', 'w', answer(500)), 'done', 'a second report changes nothing');
SELECT is((SELECT row(state, attempts, delivered_at = charmbills.now())::text FROM webhook_deliveries WHERE id = :'delivery'), '(delivered,1,t)', 'it is delivered');
SELECT results_eq(format('SELECT attempt, http_status, error, duration_ms FROM webhook_attempts WHERE delivery_id = %L', :'delivery'),
                  $$ VALUES (1, 204, NULL::text, 7) $$, 'and the log says so');
SELECT ok(http_request(:'job') IS NULL, 'nothing is left to send');
UPDATE jobs SET lease_until = NULL, state = 'done' WHERE state = 'running';
UPDATE webhook_deliveries SET state = 'delivered' WHERE state = 'queued';

-- At most so many at once, and what a lost worker held.
SELECT count(create_plan(:'shop', 'Service ' || n, 1000)) AS plans FROM generate_series(1, 6) n \gset
UPDATE webhook_deliveries SET state = 'delivered' WHERE endpoint_id = :'op_id';
UPDATE jobs SET state = 'done' WHERE lane = :'op_id';
SELECT is((SELECT count(*) FROM claim_http_jobs('w', 100, '1 minute'))::integer, 4, 'four at once go to one endpoint');
SELECT is((SELECT count(*) FROM claim_http_jobs('w', 100, '1 minute'))::integer, 0, 'and no fifth');
SELECT (create_plan(:'stall', 'Beside', 1000)).id AS plan \gset
SELECT is((SELECT next_http_at FROM worker_agenda()), charmbills.now(), 'another endpoint''s is due');
SELECT is((SELECT count(*) FROM claim_http_jobs('w', 100, '1 minute') c WHERE c.lane = :'stall_id')::integer, 1, 'another endpoint is not kept waiting');
UPDATE webhook_deliveries SET state = 'delivered' WHERE endpoint_id IN (:'op_id', :'stall_id');
UPDATE jobs SET state = 'done' WHERE lane IN (:'op_id', :'stall_id');
SELECT is((SELECT next_http_at FROM worker_agenda()), charmbills.now() + interval '1 minute', 'the end of a lease is on the agenda');
SELECT id AS job FROM jobs WHERE state = 'running' AND lane = :'shop_id' ORDER BY run_after, id LIMIT 1 \gset
SELECT sandbox_advance_clock('2 minutes') AS later \gset
SELECT is((SELECT count(*) FROM claim_http_jobs('x', 100, '1 minute'))::integer, 4, 'what a worker let lie is another''s');
SELECT is((SELECT report_job(:'job', 'w', answer(204))), 'running', 'whose late report is not heard');
SELECT is((SELECT attempts FROM jobs WHERE id = :'job'), 1, 'a lease that ran out counts as a try');
SELECT is((SELECT report_job(:'job', 'x', answer(500))), 'queued', 'what fails is tried again');
SELECT count(report_job(id, 'x', answer(204))) AS others FROM jobs WHERE state = 'running' \gset
UPDATE webhook_endpoints SET failing_since = charmbills.now() WHERE id = :'shop_id';
SELECT sandbox_advance_clock('1 second') AS later \gset
SELECT is((SELECT count(*) FROM claim_http_jobs('w', 100, '1 minute'))::integer, 1, 'one that fails is tried with one');
UPDATE jobs SET state = 'done' WHERE state IN ('queued', 'running');
UPDATE webhook_deliveries SET state = 'delivered' WHERE state = 'queued';
UPDATE webhook_endpoints SET failing_since = NULL, not_before = NULL;

-- Three days of tries.
CREATE FUNCTION fail_until_given_up(endpoint uuid) RETURNS TABLE (attempts integer, state text, wait interval) LANGUAGE plpgsql AS $$
DECLARE
    last timestamptz;
BEGIN
    LOOP
        SELECT t.attempts, t.state, t.wait INTO attempts, state, wait FROM try(endpoint, answer(500)) t;
        EXIT WHEN NOT FOUND;
        RETURN NEXT;
        EXIT WHEN state <> 'queued';
        PERFORM sandbox_advance_clock(wait);
    END LOOP;
END $$;
SELECT update_webhook_endpoint(:'op_id', is_active => false) IS NOT NULL AS off \gset
SELECT id AS delivery FROM send_test_webhook(:'shop_id') \gset
SELECT charmbills.now() AS began \gset
CREATE TABLE tries AS SELECT * FROM fail_until_given_up(:'shop_id');
SELECT is((SELECT count(*) FROM tries)::integer, 10, 'ten tries');
SELECT is_empty($$ SELECT * FROM tries JOIN unnest('{5,300,1800,7200,18000,36000,50400,72000,86400}'::integer[]) WITH ORDINALITY AS s (seconds, n) ON n = attempts
                   WHERE extract(epoch FROM wait) NOT BETWEEN seconds * 0.75 AND seconds * 1.25 $$, 'at their times, a quarter more or less');
SELECT cmp_ok((SELECT count(DISTINCT extract(epoch FROM wait) / s.seconds) FROM tries JOIN unnest('{5,300,1800,7200,18000,36000,50400,72000,86400}'::integer[])
               WITH ORDINALITY AS s (seconds, n) ON n = attempts)::integer, '>', 1, 'but not exactly');
SELECT is((SELECT row(d.state, d.attempts, j.state, j.last_error)::text FROM webhook_deliveries d JOIN jobs j ON j.dedup_key = 'webhook:' || d.id WHERE d.id = :'delivery'),
          '(failed,10,failed,"HTTP status 500")', 'then it is given up');
SELECT is((SELECT row(is_active, failing_since = :'began')::text FROM webhook_endpoints WHERE id = :'shop_id'), '(t,t)', 'its endpoint is not, yet');

-- Once more, on request.
SELECT is((SELECT row(id = :'delivery', state, attempts)::text FROM redeliver_webhook(:'delivery')), '(t,queued,10)', 'a delivery can be asked for again');
SELECT sandbox_advance_clock('1 hour') AS later \gset
SELECT id AS job FROM claim_http_jobs('w', 100, '1 minute') WHERE lane = :'shop_id' \gset
SELECT http_request(:'job') AS request \gset
SELECT is(:'request'::jsonb->'headers'->>'webhook-id', :'delivery', 'with the same webhook-id');
SELECT is((:'request'::jsonb->>'body')::jsonb->>'type', 'webhook.test', 'a test is told as such');
SELECT is((SELECT state FROM redeliver_webhook(:'delivery')), 'queued', 'what is on its way is not sent twice');
SELECT is((SELECT state FROM jobs WHERE id = :'job'), 'running', 'but left alone');
SELECT is(report_job(:'job', 'w', answer(200)), 'done', 'and it may go well');
SELECT is((SELECT row(failing_since, last_status, last_error)::text FROM webhook_endpoints WHERE id = :'shop_id'), '(,200,)', 'which clears the endpoint');
SELECT is((SELECT max(attempt) FROM webhook_attempts WHERE delivery_id = :'delivery'), 11, 'the log goes on');

-- Pauses that are asked for.
SELECT id AS delivery FROM send_test_webhook(:'shop_id') \gset
SELECT is((SELECT wait FROM try(:'shop_id', '{"http": {"status": 429, "retry_after": 1200}}')), interval '20 minutes', 'Retry-After is honoured');
SELECT is((SELECT not_before FROM webhook_endpoints WHERE id = :'shop_id'), charmbills.now() + interval '20 minutes', 'by the endpoint');
SELECT count(*) AS more FROM send_test_webhook(:'shop_id') \gset
SELECT sandbox_advance_clock('19 minutes') AS later \gset
SELECT is((SELECT count(*) FROM try(:'shop_id', answer(200)))::integer, 0, 'nothing else goes there meanwhile');
SELECT is((SELECT next_http_at FROM worker_agenda()), charmbills.now() + interval '1 minute', 'and the agenda knows');
SELECT sandbox_advance_clock('1 minute') AS later \gset
SELECT is((SELECT count(*) FROM try(:'shop_id', '{"http": {"status": 503, "retry_after": 100000000}}'))::integer, 1, 'then one goes ahead');
SELECT is((SELECT not_before FROM webhook_endpoints WHERE id = :'shop_id'), charmbills.now() + interval '1 day', 'no pause is longer than a day');
SELECT sandbox_advance_clock('25 hours') AS later \gset
SELECT is((SELECT count(*) FROM try(:'shop_id', answer(301)))::integer, 1, '3xx is no success');
SELECT alike((SELECT last_error FROM webhook_endpoints WHERE id = :'shop_id'), '%301%not followed%', 'and is not followed');
SELECT sandbox_advance_clock('1 day') AS later \gset
SELECT id AS job FROM claim_http_jobs('w', 100, '1 minute') \gset
SELECT throws_ok(format('SELECT report_job(%L, ''w'', ''{"http": {}}'')', :'job'), 'CB011', NULL, 'an outcome has to say something');
SELECT is(report_job(:'job', 'w', '{"http": {"error": "could not connect: refused", "duration_ms": 15000}}'), 'queued', 'no answer is a failure');
SELECT results_eq(format('SELECT a.http_status, a.error FROM webhook_attempts a JOIN jobs j ON j.dedup_key = ''webhook:'' || a.delivery_id WHERE j.id = %L ORDER BY attempt DESC LIMIT 1', :'job'),
                  $$ VALUES (NULL::integer, 'could not connect: refused') $$, 'the log says why');

-- Told to go away.
SELECT update_webhook_endpoint(:'op_id', is_active => true) IS NOT NULL AS on \gset
SELECT count(send_test_webhook(:'shop_id')) AS more FROM generate_series(1, 3) \gset
SELECT sandbox_advance_clock('2 days') AS later \gset
SELECT is((SELECT string_agg(state, ' ') FROM try(:'shop_id', answer(410))), 'failed', '410 is final');
SELECT is((SELECT row(is_active, disabled_reason IS NOT NULL)::text FROM webhook_endpoints WHERE id = :'shop_id'), '(f,t)', 'the endpoint is disabled');
SELECT is((SELECT count(*) FROM told WHERE endpoint = :'shop_id' AND state = 'queued')::integer, 0, 'what waited for it is given up');
SELECT is((SELECT count(*) FROM jobs WHERE lane = :'shop_id' AND state IN ('queued', 'running'))::integer, 0, 'with its jobs');
SELECT is(health_jobs()->>'reasons', '[]', 'which is no fault of ours');
SELECT is((SELECT array_agg(endpoint::text) FROM told WHERE type = 'webhook.disabled'), ARRAY[:'op_id'], 'others are told, once');
SELECT (create_plan(:'shop', 'Unheard', 1000)).id AS plan \gset
SELECT is((SELECT count(*) FROM told WHERE endpoint = :'shop_id' AND state = 'queued')::integer, 0, 'it is told no more');
SELECT throws_ok(format('SELECT redeliver_webhook(%L)', :'delivery'), 'CB010', NULL, 'nor once more');
SELECT throws_ok(format('SELECT send_test_webhook(%L)', :'shop_id'), 'CB010', NULL, 'nor for a test');
SELECT is((SELECT row(is_active, disabled_reason, failing_since, not_before)::text FROM update_webhook_endpoint(:'shop_id', is_active => true)), '(t,,,)', 'until its owner says so');
SELECT is((SELECT state FROM redeliver_webhook(:'delivery')), 'queued', 'then it is');
SELECT settle() AS settled \gset

-- Five days without one success.
SELECT id AS delivery FROM send_test_webhook(:'shop_id') \gset
SELECT is((SELECT state FROM try(:'shop_id', answer(500))), 'queued', 'it fails');
SELECT sandbox_advance_clock('119 hours') AS later \gset
SELECT is((SELECT state FROM try(:'shop_id', answer(500))), 'queued', 'and still');
SELECT is((SELECT is_active FROM webhook_endpoints WHERE id = :'shop_id'), true, 'which is borne');
SELECT sandbox_advance_clock('2 hours') AS later \gset
SELECT is((SELECT state FROM try(:'shop_id', answer(500))), 'failed', 'for five days');
SELECT is((SELECT is_active FROM webhook_endpoints WHERE id = :'shop_id'), false, 'then it is disabled');

-- On its way while the endpoint is switched off.
SELECT update_webhook_endpoint(:'shop_id', is_active => true) IS NOT NULL AS on \gset
SELECT id AS delivery FROM send_test_webhook(:'shop_id') \gset
SELECT id AS job FROM claim_http_jobs('w', 100, '1 minute') WHERE lane = :'shop_id' \gset
SELECT (update_webhook_endpoint(:'shop_id', is_active => false)).is_active AS active \gset
SELECT ok(http_request(:'job') IS NULL, 'nothing more is sent to one that is switched off');
SELECT is(report_job(:'job', 'w', '{"done": true}'), 'failed', 'what was not sent is given up');
SELECT update_webhook_endpoint(:'shop_id', is_active => true, url => 'https://new.example/', events => '{invoice.*}') IS NOT NULL AS on \gset
SELECT is((SELECT url || events::text FROM webhook_endpoints WHERE id = :'shop_id'), 'https://new.example/{invoice.*}', 'an endpoint can move');
SELECT throws_ok(format('SELECT update_webhook_endpoint(%L, url => ''http://new.example/'')', :'shop_id'), 'CB011', NULL, 'but not anywhere');

--
-- New secrets
--
SELECT rotate_webhook_secret(:'shop_id') AS new_secret \gset
SELECT isnt(:'new_secret'::text, :'shop_secret', 'a new secret is another');
SELECT is((SELECT secret FROM create_webhook_endpoint(:'shop', 'https://shop.example/hook?key=a%20b', description => 'ours', idempotency_key => 'k')), NULL::text,
          'the call that gave the first gives none now');
SELECT send_test_webhook(:'shop_id') IS NOT NULL AS sent \gset
SELECT id AS job FROM claim_http_jobs('w', 100, '3 days') WHERE lane = :'shop_id' \gset
SELECT http_request(:'job') AS request \gset
SELECT is(:'request'::jsonb->'headers'->>'webhook-signature', signature(:'new_secret', :'request') || ' ' || signature(:'shop_secret', :'request'), 'both sign for a while');
SELECT sandbox_advance_clock('25 hours') AS later \gset
SELECT http_request(:'job') AS request \gset
SELECT is(:'request'::jsonb->'headers'->>'webhook-signature', signature(:'new_secret', :'request'), 'then the new one alone');
SELECT rotate_webhook_secret(:'shop_id', '0') AS new_secret \gset
SELECT http_request(:'job') AS request \gset
SELECT is(:'request'::jsonb->'headers'->>'webhook-signature', signature(:'new_secret', :'request'), 'or at once');
SELECT throws_ok(format('SELECT rotate_webhook_secret(%L, %L)', :'shop_id', o), 'CB011', NULL, 'no overlap: ' || o) FROM unnest('{-1 second,31 days}'::text[]) o;

--
-- The key file
--
SELECT current_setting('data_directory') || '/' AS dir \gset
SET charmbills.secret_file = '/nowhere/charmbills.key';
SELECT ok(http_request(:'job') IS NULL, 'without the key file nothing is sent');
SELECT is((SELECT row(state, attempts)::text FROM jobs WHERE id = :'job'), '(queued,0)', 'the delivery waits, and is not charged');
SELECT alike((SELECT last_error FROM jobs WHERE id = :'job'), '%/nowhere/charmbills.key%', 'the reason is written down');
SELECT alike((SELECT last_error FROM webhook_endpoints WHERE id = :'shop_id'), 'not sent:%rotate_webhook_secret%', 'and told to its owner');
SELECT unalike((SELECT string_agg(to_jsonb(e)::text || to_jsonb(a)::text, ' ') FROM webhook_endpoints e, webhook_attempts a), '%nowhere%', 'who need not know where the file is');
SELECT ok(health_jobs()->'reasons' ? 'webhook endpoints whose secret the key file does not give: 1', 'health_jobs() says so');
SELECT is((SELECT row(is_active, failing_since)::text FROM webhook_endpoints WHERE id = :'shop_id'), '(t,)', 'and not held against the endpoint');
SELECT throws_ok(format('SELECT create_webhook_endpoint(%L, ''https://shop.example/'')', :'shop'), '58P01', NULL, 'no secret can be made where no key file can');
SELECT sandbox_advance_clock('5 minutes') AS later \gset
SELECT is((SELECT id::text FROM claim_http_jobs('w', 100, '3 days') WHERE lane = :'shop_id'), :'job', 'it is tried again soon');
SELECT set_config('charmbills.secret_file', :'dir' || 'other.key', false) AS file \gset
SELECT lives_ok(format('SELECT create_webhook_endpoint(%L, ''https://second.example/'')', :'shop'), 'another key file is made at need');
SELECT ok(http_request(:'job') IS NULL, 'with another key nothing is signed wrongly');
SELECT alike((SELECT last_error FROM jobs WHERE id = :'job'), '%not the one%rotate_webhook_secret%', 'the reason says what to do');
SELECT rotate_webhook_secret(:'shop_id') AS new_secret \gset
SELECT http_request(:'job') AS request \gset
SELECT is(:'request'::jsonb->'headers'->>'webhook-signature', signature(:'new_secret', :'request'), 'a new secret makes it good, without the one that is lost');
SELECT lo_from_bytea(4711, '\x00') AS object \gset
SELECT lo_export(4711, :'dir' || 'open.key') AS exported \gset
SELECT set_config('charmbills.secret_file', :'dir' || 'open.key', false) AS file \gset
SELECT alike(refusal(format('SELECT rotate_webhook_secret(%L)', :'shop_id')), 'F0000%open to others%', 'a key file that others may read is refused');
RESET charmbills.secret_file;
SELECT lives_ok(format('SELECT rotate_webhook_secret(%L)', :'shop_id'), 'the first key file is still there');
UPDATE jobs SET state = 'done' WHERE state IN ('queued', 'running');
UPDATE webhook_deliveries SET state = 'delivered' WHERE state = 'queued';

--
-- The end
--
SELECT send_test_webhook(:'shop_id') IS NOT NULL AS sent \gset
SELECT is(delete_webhook_endpoint(:'shop_id'), true, 'an endpoint can be deleted');
SELECT is((SELECT count(*) FROM told WHERE endpoint = :'shop_id' AND state = 'queued')::integer, 0, 'with what waits for it');
SELECT isnt_empty(format('SELECT FROM told WHERE endpoint = %L', :'shop_id'), 'but not its log');
SELECT throws_ok(format('SELECT %s(%L)', f, :'shop_id'), 'CB008', NULL, 'then it is gone for ' || f)
FROM unnest('{delete_webhook_endpoint,update_webhook_endpoint,rotate_webhook_secret,send_test_webhook}'::text[]) f;
SELECT throws_ok($$ SELECT redeliver_webhook('00000000-0000-0000-0000-000000000000') $$, 'CB008', NULL, 'there is nothing to deliver again');

--
-- As many as a merchant may have; the text in any language
--
SELECT count(e.id) AS endpoints FROM generate_series(1, 100 - (SELECT count(*)::integer FROM webhook_endpoints WHERE merchant_id = :'stall' AND deleted_at IS NULL)) n,
       create_webhook_endpoint(:'stall', 'https://more.example/' || n, '{none.such}') e \gset
SELECT throws_ok(format('SELECT create_webhook_endpoint(%L, ''https://more.example/'')', :'stall'), 'CB015', NULL, 'a merchant has 100 endpoints at most');
SELECT lives_ok('SELECT create_webhook_endpoint(NULL, ''https://more.example/'')', 'an operator as many as wanted');
SELECT id, secret FROM create_webhook_endpoint(:'shop', 'https://words.example/', '{subscription.created}') \gset words_
SELECT subscribe(:'shop_plan', external_id => E'\u00e9\u20ac\U0001F600"\\') IS NOT NULL AS subscribed \gset
SELECT http_request(id) AS request FROM jobs WHERE lane = :'words_id' \gset
SELECT is(:'request'::jsonb->>'body' ~ '^[ -~]+$', true, 'a body is ASCII, the same bytes in every encoding');
SELECT is(((:'request'::jsonb->>'body')::jsonb->'data'->'payload'->>'external_id') || (:'request'::jsonb->'headers'->>'webhook-signature'),
          E'\u00e9\u20ac\U0001F600"\\' || signature(:'words_secret', :'request'), 'means what was said, and is signed as it is sent');

SELECT * FROM finish();
