-- Charms spells, read and verified from the bytes of raw transactions alone.
-- Verifying takes milliseconds, the rest microseconds.

CREATE FUNCTION charmbills.decode_spell(tx text)
RETURNS jsonb
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_decode_spell';
COMMENT ON FUNCTION charmbills.decode_spell(text) IS
'The spell of a raw transaction in hex, by the names of its YAML form, with the transaction''s inputs, and the amounts and scripts of the outputs it speaks of. One that cannot be read has a state and a reason instead; NULL where there is none. Decoded, not verified.';

CREATE FUNCTION charmbills.verify_spell(tx text, OUT verdict text, OUT reason text, OUT version integer, OUT carrier text)
RETURNS record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000
AS 'MODULE_PATHNAME', 'charmbills_verify_spell';
COMMENT ON FUNCTION charmbills.verify_spell(text) IS
'Whether the spell of a raw transaction in hex holds: valid, invalid, mock, unsupported, or none, and why it is not valid. It says nothing of whether the transaction is in the chain.';

CREATE FUNCTION charmbills.spell_charms(tx text)
RETURNS TABLE (vout integer, app text, tag text, identity text, vk text, amount numeric, data jsonb, beamed_out boolean)
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 4
AS 'MODULE_PATHNAME', 'charmbills_spell_charms';
COMMENT ON FUNCTION charmbills.spell_charms(text) IS
'What the spell of a raw transaction in hex puts on which output; only tokens have an amount. No row where there is no spell, or one that cannot be read. Decoded, not verified.';

CREATE FUNCTION charmbills.app_identity(utxo charmbills.outpoint)
RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_app_identity';
COMMENT ON FUNCTION charmbills.app_identity(charmbills.outpoint) IS
'The identity of an app that is bound to an outpoint: the SHA-256 of its text, in hex.';
