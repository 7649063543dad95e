-- Subscriptions' tokens, verified again.

CREATE FUNCTION charmbills.verify_token(subscription_id uuid, OUT verdict text, OUT reason text,
    OUT token_utxo charmbills.outpoint, OUT token_amount numeric, OUT last_verified_at timestamptz)
RETURNS SETOF record
LANGUAGE C VOLATILE ROWS 1
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_verify_token';
REVOKE ALL ON FUNCTION charmbills.verify_token(uuid) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.verify_token(uuid) IS
'Verifies the tokens on a subscription''s address anew: the proofs of the transactions that made them, their blocks, and that nothing has spent them. verdict is none where there are no tokens, unknown where they were spent by a spell of an unsupported version, mismatch where something differs from what was known, with the reason, and else valid, or mock. Where something differs the plan is followed again from its first transaction.';

CREATE FUNCTION charmbills.verify_tokens(max_rows integer DEFAULT 1000)
RETURNS integer
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_verify_tokens';
REVOKE ALL ON FUNCTION charmbills.verify_tokens(integer) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.verify_tokens(integer) IS
'Verifies the tokens of at most max_rows subscriptions that have not been verified for a day, those first that were longest ago, and gives how many it was. run_billing() does it, too. For operators.';
