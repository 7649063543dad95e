-- Billing periods, against a calendar of the test's own: civil dates counted
-- month by month, and AT TIME ZONE for the instant that a local time is.  The
-- two differ in one thing: a day that a zone skips at the date line is a
-- period too, which has half the time of the day before.
SET search_path = public, charmbills, tap;
SET timezone = 'UTC';
SET jit = off;
SELECT plan(32);

-- Each zone with a time of day that some of its days lack.
CREATE TABLE zones (zone text, wall time);
INSERT INTO zones VALUES
    ('UTC', '00:00'), ('America/Sao_Paulo', '00:00'), ('America/New_York', '02:30'), ('Europe/London', '01:30'),
    ('Africa/Casablanca', '02:15'), ('Asia/Kathmandu', '00:05'), ('Asia/Tehran', '00:00'),
    ('Australia/Lord_Howe', '02:10'), ('Pacific/Apia', '00:00'), ('Pacific/Kwajalein', '12:00');

-- The day of a month counted from year 0, or the last one of a month that is shorter.
CREATE FUNCTION civil_date(month integer, day integer) RETURNS date LANGUAGE sql IMMUTABLE
RETURN make_date(month / 12, month % 12 + 1, 1) - 1
       + least(day, make_date((month + 1) / 12, (month + 1) % 12 + 1, 1) - make_date(month / 12, month % 12 + 1, 1));

--
-- Every day of three centuries, counted by months
--

-- Of each zone: how many periods were looked at, and an example of each fault.
-- Each day has two of its periods looked at, its neighbours others: one below
-- near, and one of the next far.
CREATE FUNCTION calendar_faults(cycle text, months integer, near integer, far integer)
RETURNS TABLE (zone text, periods bigint, disordered text, gap text, off_calendar text, off_clock text, misnumbered text)
LANGUAGE sql STABLE AS $$
    SELECT zone, count(*),
           min(format('%s from %s', k, anchor)) FILTER (WHERE (this < next) IS NOT TRUE),
           min(format('%s from %s', k, anchor)) FILTER (WHERE period_end(anchor, cycle, zone, k) IS DISTINCT FROM next),
           min(format('%s from %s', k, anchor)) FILTER (WHERE this IS DISTINCT FROM civil AT TIME ZONE zone),
           -- If the clocks show that time at all.
           min(format('%s from %s', k, anchor)) FILTER (WHERE this AT TIME ZONE zone <> civil
                                                              AND (civil AT TIME ZONE zone) AT TIME ZONE zone = civil),
           min(format('%s from %s', k, anchor))
               FILTER (WHERE period_index(anchor, cycle, zone, this) IS DISTINCT FROM k
                             OR period_index(anchor, cycle, zone, next - interval '1 microsecond') IS DISTINCT FROM k)
    FROM zones,
         generate_series(0, date '2200-12-31' - date '1900-01-01') AS n,
         LATERAL (SELECT (date '1900-01-01' + n + wall) AT TIME ZONE zone AS anchor OFFSET 0) AS a,
         LATERAL (SELECT anchor AT TIME ZONE zone AS local OFFSET 0) AS l,
         LATERAL unnest(ARRAY[n % near, near + n % far]) AS k,
         LATERAL (SELECT period_start(anchor, cycle, zone, k) AS this,
                         period_start(anchor, cycle, zone, k + 1) AS next,
                         civil_date(12 * date_part('year', local)::integer + date_part('month', local)::integer - 1 + months * k,
                                    date_part('day', local)::integer) + local::time AS civil OFFSET 0) AS p
    GROUP BY zone
$$;
CREATE TABLE faults AS
SELECT 'monthly' AS cycle, * FROM calendar_faults('monthly', 1, 13, 97)
UNION ALL SELECT 'yearly', * FROM calendar_faults('yearly', 12, 5, 43);

SELECT is(array_agg(DISTINCT periods), ARRAY[2 * 109938::bigint], 'every day of 1900 to 2200 is an anchor in every zone') FROM faults;
SELECT is(count(*), 20::bigint, 'by months and by years') FROM faults;
SELECT is_empty('SELECT cycle, zone, disordered FROM faults WHERE disordered IS NOT NULL', 'each period ends after it starts');
SELECT is_empty('SELECT cycle, zone, gap FROM faults WHERE gap IS NOT NULL', 'and the next starts there');
SELECT is_empty('SELECT cycle, zone, off_calendar FROM faults WHERE off_calendar IS NOT NULL', 'on the anchor''s day, or the last of a shorter month');
SELECT is_empty('SELECT cycle, zone, off_clock FROM faults WHERE off_clock IS NOT NULL', 'at the anchor''s time, where there is one');
SELECT is_empty('SELECT cycle, zone, misnumbered FROM faults WHERE misnumbered IS NOT NULL', 'and its first and last instant lie in it');

--
-- Long chains, and other cycles
--

-- A cycle's months, days and hours, as the test understands it.
CREATE TABLE cycles (cycle text, months integer, days integer, hours interval, length integer);
INSERT INTO cycles VALUES
    ('monthly', 1, 0, '0', 1200), ('yearly', 12, 0, '0', 100), ('weekly', 0, 7, '0', 600), ('demo', 0, 0, '3 minutes', 600),
    ('3 months', 3, 0, '0', 200), ('2 days', 0, 2, '0', 600), ('45 days', 0, 45, '0', 200), ('36 hours', 0, 0, '36 hours', 600),
    ('P1M15D', 1, 15, '0', 200), ('1 month 12:00', 1, 0, '12:00', 200), ('1 day 00:20', 0, 1, '00:20', 600),
    ('7 years 5 months 3 days 01:00', 89, 3, '01:00', 10), ('1 microsecond', 0, 0, '1 microsecond', 200);

-- Every period of the chains, and the one before it.
CREATE TABLE links AS
SELECT zone, cycle, anchor, k, period_start(anchor, cycle, zone, k) AS this, period_end(anchor, cycle, zone, k) AS ending,
       lag(period_end(anchor, cycle, zone, k)) OVER chain AS ended,
       lag(k) OVER chain AS before,
       period_index(anchor, cycle, zone, period_start(anchor, cycle, zone, k)) AS found,
       period_index(anchor, cycle, zone, period_end(anchor, cycle, zone, k)) AS found_next,
       ((anchor AT TIME ZONE zone) + k * make_interval(months => months, days => days)) AT TIME ZONE zone + k * hours AS expected
FROM zones, cycles, generate_series(timestamp '1900-01-31', '2100-01-31', '16 years 29 days') AS day,
     LATERAL (SELECT (day + wall) AT TIME ZONE zone AS anchor) AS a, generate_series(0, length) AS k
WINDOW chain AS (PARTITION BY zone, cycle, anchor ORDER BY k);

SELECT cmp_ok(count(*), '>', 400000::bigint, 'chains of every cycle') FROM links;
SELECT is_empty('SELECT zone, cycle, anchor, k FROM links WHERE (this < ending) IS NOT TRUE LIMIT 5', 'go forward');
SELECT is_empty('SELECT zone, cycle, anchor, k FROM links WHERE k > 0 AND (before <> k - 1 OR this IS DISTINCT FROM ended) LIMIT 5',
                'without gap and without overlap');
SELECT is_empty('SELECT zone, cycle, anchor, k FROM links WHERE k = 0 AND this <> anchor LIMIT 5', 'from the anchor');
SELECT is_empty('SELECT zone, cycle, anchor, k, this, expected FROM links WHERE this IS DISTINCT FROM expected LIMIT 5',
                'as the interval that often later, hours last');
SELECT is_empty('SELECT zone, cycle, anchor, k FROM links WHERE found IS DISTINCT FROM k OR found_next IS DISTINCT FROM k + 1 LIMIT 5',
                'and the end belongs to the next');

--
-- Days, also those that a zone skips
--

CREATE TABLE crossings (zone text, before date, skipped date);
INSERT INTO crossings VALUES ('Pacific/Apia', '2011-12-29', '2011-12-30'), ('Pacific/Kwajalein', '1993-08-20', '1993-08-21'),
    ('Pacific/Fakaofo', '2011-12-29', '2011-12-30'), ('Pacific/Kiritimati', '1994-12-30', '1994-12-31');
CREATE TABLE days AS
SELECT zone, skipped, k, wall, before - 9 + k AS day, period_start(anchor, '1 day', zone, k) AS this,
       period_end(anchor, '1 day', zone, k) AS ending,
       ((anchor AT TIME ZONE zone) + k * interval '1 day') AT TIME ZONE zone AS expected,
       period_index(anchor, '1 day', zone, period_start(anchor, '1 day', zone, k)) AS found
FROM crossings, (VALUES (time '00:00'), ('09:30'), ('23:59:59.999999')) AS w (wall), generate_series(0, 20) AS k,
     LATERAL (SELECT (before - 9 + wall) AT TIME ZONE zone AS anchor) AS a;

SELECT is_empty('SELECT zone, day FROM days WHERE this >= ending OR found <> k LIMIT 5', 'days go forward over a skipped one');
SELECT is_empty('SELECT zone, day FROM days WHERE day <> skipped AND this <> expected LIMIT 5', 'each begins when the calendar says');
SELECT is((SELECT count(*) FROM days WHERE day = skipped AND (expected AT TIME ZONE zone)::date = skipped), 0::bigint, 'but the skipped one is in no calendar');
SELECT is((SELECT array_agg(DISTINCT ending - this) FROM days WHERE day - skipped IN (-1, 0)), ARRAY[interval '12 hours'],
          'which shares the time of the day before');
SELECT results_eq($$ SELECT this FROM days WHERE zone = 'Pacific/Apia' AND wall = '00:00' AND day BETWEEN '2011-12-28' AND '2012-01-01' ORDER BY k $$,
    ARRAY['2011-12-28 10:00+00', '2011-12-29 10:00+00', '2011-12-29 22:00+00', '2011-12-30 10:00+00', '2011-12-31 10:00+00']::timestamptz[],
    'as in Samoa');
SELECT results_eq($$ SELECT period_start('2011-12-23 00:00-10', 'weekly', 'Pacific/Apia', k) FROM generate_series(0, 2) AS k $$,
    ARRAY['2011-12-23 10:00+00', '2011-12-30 10:00+00', '2012-01-05 10:00+00']::timestamptz[],
    'a week that begins with the skipped day begins with the next');

--
-- What everybody knows
--

CREATE FUNCTION chain(anchor timestamptz, cycle text, zone text, last integer) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(to_char(period_start(anchor, cycle, zone, k) AT TIME ZONE zone, 'YYYY-MM-DD HH24:MI'), ', ' ORDER BY k)
   FROM generate_series(0, last) AS k $$;
SELECT is(chain('2023-12-31 15:00+00', 'monthly', 'UTC', 14),
    '2023-12-31 15:00, 2024-01-31 15:00, 2024-02-29 15:00, 2024-03-31 15:00, 2024-04-30 15:00, 2024-05-31 15:00, 2024-06-30 15:00, '
    '2024-07-31 15:00, 2024-08-31 15:00, 2024-09-30 15:00, 2024-10-31 15:00, 2024-11-30 15:00, 2024-12-31 15:00, 2025-01-31 15:00, '
    '2025-02-28 15:00', 'the 31st is the last of each month');
SELECT is(chain('2024-02-29 00:00+00', 'yearly', 'UTC', 5),
    '2024-02-29 00:00, 2025-02-28 00:00, 2026-02-28 00:00, 2027-02-28 00:00, 2028-02-29 00:00, 2029-02-28 00:00',
    '29 February comes back');
SELECT is(chain('2096-02-29 00:00+00', 'yearly', 'UTC', 8),
    '2096-02-29 00:00, 2097-02-28 00:00, 2098-02-28 00:00, 2099-02-28 00:00, 2100-02-28 00:00, 2101-02-28 00:00, 2102-02-28 00:00, '
    '2103-02-28 00:00, 2104-02-29 00:00', 'after eight years where a century has none');
SELECT is(chain('2023-02-28 00:00+00', 'monthly', 'UTC', 2), '2023-02-28 00:00, 2023-03-28 00:00, 2023-04-28 00:00',
    'the 28th is the 28th');
SELECT is(chain('2018-10-04 00:00-03', 'monthly', 'America/Sao_Paulo', 2), '2018-10-04 00:00, 2018-11-04 01:00, 2018-12-04 00:00',
    'a missing midnight is at one, and the next where it was');
SELECT is(chain('2024-09-06 02:10+10:30', 'monthly', 'Australia/Lord_Howe', 1), '2024-09-06 02:10, 2024-10-06 02:40',
    'clocks may be put forward by half an hour');
SELECT is(period_start('2024-10-27 00:30+00', 'monthly', 'Europe/London', 0), '2024-10-27 00:30+00'::timestamptz,
    'the first of two equal times is an anchor itself');
SELECT is(period_start('2024-01-15 00:00+01', 'monthly', 'CET', 6), '2024-07-15 00:00+02'::timestamptz,
    'a zone is what its name says, not the abbreviation it looks like');
SELECT is(period_index('2024-01-15', 'monthly', 'UTC', timestamptz '2024-01-15' - interval '1 microsecond'), NULL, 'nothing is before the anchor');
SELECT is(period_index('2024-01-15', 'lifetime', 'UTC', '9999-12-31'), 0, 'a lifetime is one period');
SELECT throws_ok($$ SELECT period_index('2024-01-15', 'monthly', 'UTC', 'infinity') $$, 'CB011', NULL, 'which has no end to lie in');
SELECT throws_ok($$ SELECT period_index('2024-01-15', '1 microsecond', 'UTC', '2025-01-15') $$, '22008', NULL, 'numbers have an end');
SELECT throws_ok($$ SELECT period_start('294276-12-01', 'monthly', 'UTC', 1) $$, '22008', NULL, 'and so has time');

SELECT * FROM finish();
