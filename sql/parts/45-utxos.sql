-- Reserving UTXOs, so that no two transactions spend the same one.

CREATE FUNCTION charmbills.mark_utxo_used(utxo charmbills.outpoint, used_by text, marked_by text DEFAULT NULL, merchant_id uuid DEFAULT NULL)
RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_mark_utxo_used';
COMMENT ON FUNCTION charmbills.mark_utxo_used(charmbills.outpoint, text, text, uuid) IS
'Reserves a UTXO: true for exactly one of any number of callers, false for all others. Without a merchant it is the operator''s. One that carries charms is refused.';

CREATE FUNCTION charmbills.mark_utxos_used(utxos charmbills.outpoint[], used_by text, marked_by text DEFAULT NULL, merchant_id uuid DEFAULT NULL)
RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_mark_utxos_used';
COMMENT ON FUNCTION charmbills.mark_utxos_used(charmbills.outpoint[], text, text, uuid) IS
'Reserves all of these UTXOs, or none when one of them is taken. UTXOs that carry charms are refused. Calls with UTXOs in common wait for one another but never deadlock.';

CREATE FUNCTION charmbills.is_charmed(utxo charmbills.outpoint)
RETURNS boolean
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_is_charmed';
COMMENT ON FUNCTION charmbills.is_charmed(charmbills.outpoint) IS
'Whether a UTXO carries charms, as far as is known: of a plan that is followed, or by the spell of a known transaction. Such a UTXO is not to be spent for its sats.';

CREATE FUNCTION charmbills.is_utxo_used(utxo charmbills.outpoint)
RETURNS boolean
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_is_utxo_used';
COMMENT ON FUNCTION charmbills.is_utxo_used(charmbills.outpoint) IS
'Whether a UTXO is reserved, by whomever.';

CREATE FUNCTION charmbills.confirm_utxo(utxo charmbills.outpoint)
RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_confirm_utxo';
COMMENT ON FUNCTION charmbills.confirm_utxo(charmbills.outpoint) IS
'Declares a reserved UTXO spent for good, so that it is never cleaned up; false when it was already. Once a block of the chain followed spends it, the chain decides.';

CREATE FUNCTION charmbills.cleanup_utxos(older_than interval DEFAULT '48 hours')
RETURNS bigint
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_cleanup_utxos';
COMMENT ON FUNCTION charmbills.cleanup_utxos(interval) IS
'Releases reservations of that age, and gives how many. One that is confirmed, seen spent, or in a pending transaction stays. A merchant''s role releases its own.';
