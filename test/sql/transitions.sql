-- The moves that a status may make; in a database of its own.
SELECT current_database() AS home \gset
CREATE DATABASE charmbills_transitions;
\c charmbills_transitions
CREATE EXTENSION charmbills;
SET search_path = public, charmbills;
SELECT relation, from_status, string_agg(to_status || CASE WHEN by_chain THEN '*' ELSE '' END, ' ' ORDER BY to_status) AS to_status
FROM transitions() GROUP BY 1, 2 ORDER BY 1, 2;
-- Every table that has a status is held to it, and no status is unknown to its table
SELECT c.relname, t.tgenabled FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE t.tgname = 'check_transition' ORDER BY 1;
SELECT DISTINCT relation, s.status FROM transitions(), LATERAL (VALUES (from_status), (to_status)) s(status)
WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = ('charmbills.' || relation)::regclass
                  AND pg_get_constraintdef(k.oid) LIKE '%' || quote_literal(s.status) || '%');
-- None acts on INSERT, so that a dump restores
SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'charmbills'::regnamespace AND NOT t.tgisinternal AND (t.tgtype & 4) <> 0;

SELECT id AS alice FROM create_merchant(script_to_address('\x0014' || decode(repeat('01', 20), 'hex')), 'Alice') \gset
-- Every pair of states, as anyone tries it: what is allowed, and how else it is refused
CREATE FUNCTION attempt(relation text, from_status text, to_status text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('ALTER TABLE charmbills.%I DISABLE TRIGGER check_transition', relation);
	EXECUTE format('UPDATE charmbills.%I SET status = $1', relation) USING from_status;
	EXECUTE format('ALTER TABLE charmbills.%I ENABLE TRIGGER check_transition', relation);
	BEGIN
		EXECUTE format('UPDATE charmbills.%I SET status = $1', relation) USING to_status;
		RETURN 'moved';
	EXCEPTION WHEN SQLSTATE 'CB001' THEN
		RETURN SQLERRM;
	END;
END $$;
SELECT id AS plan FROM create_plan(:'alice', 'News', 1000) \gset
INSERT INTO transactions (type, merchant_id, status) VALUES ('payment', :'alice', 'pending');
CREATE VIEW pairs AS
SELECT DISTINCT a.relation, a.status AS from_status, b.status AS to_status
FROM (SELECT relation, from_status AS status FROM transitions() UNION SELECT relation, to_status FROM transitions()) a
JOIN (SELECT relation, from_status AS status FROM transitions() UNION SELECT relation, to_status FROM transitions()) b USING (relation)
WHERE a.status <> b.status AND relation IN ('plans', 'transactions');
SELECT relation, count(*) FILTER (WHERE result = 'moved') AS moved, count(*) FILTER (WHERE result <> 'moved') AS refused,
       count(*) FILTER (WHERE (result = 'moved') <> coalesce(NOT by_chain, false)) AS wrong,
       count(*) FILTER (WHERE result <> 'moved' AND (result NOT LIKE '%"' || from_status || '"%' OR result NOT LIKE '%"' || to_status || '"%')) AS unnamed
FROM (SELECT p.*, m.by_chain, attempt(relation, from_status, to_status) AS result
      FROM pairs p LEFT JOIN transitions() m USING (relation, from_status, to_status)) tried
GROUP BY 1 ORDER BY 1;
SELECT attempt('transactions', 'pending', 'pending_signature'), attempt('transactions', 'failed', 'pending');
-- What the chain alone may do
UPDATE plans SET status = 'inactive';
UPDATE plans SET status = 'pending_confirmation';
UPDATE plans SET status = 'pending_signature';
\set VERBOSITY terse
UPDATE plans SET status = 'nonsense';
\set VERBOSITY default
-- The same state again is no move
UPDATE plans SET status = 'inactive', updated_at = now() RETURNING status;
SELECT check_transition();

\c :home
DROP DATABASE charmbills_transitions;
