-- Which moves a status may make is one table in C; these hold every UPDATE to
-- it.  None acts on INSERT, so that a dump restores.

CREATE FUNCTION charmbills.transitions(OUT relation text, OUT from_status text, OUT to_status text, OUT by_chain boolean)
RETURNS SETOF record
LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 80
AS 'MODULE_PATHNAME', 'charmbills_transitions';
COMMENT ON FUNCTION charmbills.transitions() IS
'Every move that a status may make. Those by_chain are made only when the chain shows them, never by a statement.';

CREATE FUNCTION charmbills.check_transition() RETURNS trigger
LANGUAGE C VOLATILE
AS 'MODULE_PATHNAME', 'charmbills_check_transition';
COMMENT ON FUNCTION charmbills.check_transition() IS
'Refuses a move of a status that is not in transitions().';

CREATE TRIGGER check_transition AFTER UPDATE ON charmbills.plans
FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
EXECUTE FUNCTION charmbills.check_transition();
COMMENT ON TRIGGER check_transition ON charmbills.plans IS 'Only moves in transitions().';

CREATE TRIGGER check_transition AFTER UPDATE ON charmbills.subscription_facts
FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
EXECUTE FUNCTION charmbills.check_transition();
COMMENT ON TRIGGER check_transition ON charmbills.subscription_facts IS 'Only moves in transitions().';

CREATE TRIGGER check_transition AFTER UPDATE ON charmbills.invoices
FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
EXECUTE FUNCTION charmbills.check_transition();
COMMENT ON TRIGGER check_transition ON charmbills.invoices IS 'Only moves in transitions().';

CREATE TRIGGER check_transition AFTER UPDATE ON charmbills.payments
FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
EXECUTE FUNCTION charmbills.check_transition();
COMMENT ON TRIGGER check_transition ON charmbills.payments IS 'Only moves in transitions().';

CREATE TRIGGER check_transition AFTER UPDATE ON charmbills.transactions
FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
EXECUTE FUNCTION charmbills.check_transition();
COMMENT ON TRIGGER check_transition ON charmbills.transactions IS 'Only moves in transitions().';
