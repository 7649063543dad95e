-- Jobs that take longer than a lease: how many the prover gets at once, and
-- that their worker keeps them while it lives.
SET search_path = public, charmbills, tap;
SELECT plan(15);

SELECT sandbox_advance_clock('1 second') AS started \gset
CREATE FUNCTION queue(n integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO charmbills.jobs (kind, payload, run_after, lane)
    SELECT 'prove', '{}', charmbills.now() - interval '1 minute', '00000000-0000-0000-0000-000000000001'
    FROM generate_series(1, n) $$;
CREATE FUNCTION take(worker text) RETURNS integer LANGUAGE sql AS $$
    SELECT count(*)::integer FROM claim_http_jobs(worker, 100, '2 minutes') $$;
CREATE FUNCTION held(worker text, lease interval) RETURNS integer LANGUAGE sql AS $$
    SELECT count(*)::integer FROM hold_jobs(worker, (SELECT array_agg(id) FROM jobs), lease) $$;

SELECT queue(6);
SELECT is(take('w'), 4, 'the prover is asked for four at once');
SELECT is(take('w'), 0, 'and for no fifth');
SELECT is((SELECT next_http_at > charmbills.now() FROM worker_agenda()), true, 'for which nobody is woken');
INSERT INTO jobs (kind, payload, run_after, lane) VALUES ('exchange_rate', '{}', charmbills.now(), uuid_v7());
SELECT is((SELECT array_agg(kind) FROM claim_http_jobs('w', 100, '2 minutes')), ARRAY['exchange_rate'], 'others do not wait for it');

SELECT is(held('v', '1 hour'), 0, 'a worker cannot hold what is another''s');
SELECT is(held('w', '1 hour'), 5, 'but all that is its own');
SELECT sandbox_advance_clock('30 minutes') AS later \gset
SELECT is(take('v'), 0, 'so that nobody takes it');
SELECT is(held('w', '1 second'), 5, 'to hold is to hold longer');
SELECT is((SELECT count(*) FROM jobs WHERE state = 'running' AND lease_until > charmbills.now() + interval '29 minutes')::integer, 5, 'not shorter');
SELECT is((SELECT max(attempts) FROM jobs), 0, 'and is no try');

SELECT sandbox_advance_clock('31 minutes') AS over \gset
SELECT is(take('v'), 5, 'who lets go of it loses it');
SELECT is(held('w', '1 hour'), 0, 'for good');
SELECT is((SELECT count(*) FROM jobs WHERE claimed_by = 'v' AND attempts = 1)::integer, 5, 'and was charged');
SELECT throws_ok($$ SELECT hold_jobs('w', NULL, '1 minute') $$, 'CB011', NULL, 'jobs are to be named');
UPDATE jobs SET state = 'queued', claimed_by = NULL, lease_until = NULL;
SELECT is(held('v', '1 hour'), 0, 'what was taken back is nobody''s');

SELECT * FROM finish();
