-- Asking for spells: NFTs of plans, tokens of subscriptions.

CREATE FUNCTION charmbills.mint_plan(plan_id uuid, funding_utxo charmbills.outpoint, supply numeric,
    anchor_utxo charmbills.outpoint DEFAULT NULL, nft_address text DEFAULT NULL, metadata jsonb DEFAULT NULL,
    change_address text DEFAULT NULL, fee_rate numeric DEFAULT NULL, max_fee bigint DEFAULT NULL,
    spell_version integer DEFAULT NULL, previous_txs text[] DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS charmbills.transactions
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_mint_plan';
COMMENT ON FUNCTION charmbills.mint_plan(uuid, charmbills.outpoint, numeric, charmbills.outpoint, text, jsonb, text, numeric, bigint, integer, text[], text) IS
'Has the NFT of a plan proved, which may mint so many tokens; gives the transaction that will be there to be signed. Its identity is of anchor_utxo, or else of funding_utxo, which pays the fees.';

CREATE FUNCTION charmbills.mint_subscription(subscription_id uuid, funding_utxo charmbills.outpoint,
    units numeric DEFAULT NULL, token_address text DEFAULT NULL,
    change_address text DEFAULT NULL, fee_rate numeric DEFAULT NULL, max_fee bigint DEFAULT NULL,
    spell_version integer DEFAULT NULL, previous_txs text[] DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS charmbills.transactions
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_mint_subscription';
COMMENT ON FUNCTION charmbills.mint_subscription(uuid, charmbills.outpoint, numeric, text, text, numeric, bigint, integer, text[], text) IS
'Has tokens of a subscription''s plan proved, for the subscriber''s address or another; as many as the plan asks for, unless units are given. Waits while the plan''s NFT is in another transaction, or is refused, as charmbills.mint_in_flight says.';

CREATE FUNCTION charmbills.transfer_token(to_address text, amount numeric, funding_utxo charmbills.outpoint,
    plan_id uuid DEFAULT NULL, subscription_id uuid DEFAULT NULL, from_address text DEFAULT NULL,
    inputs charmbills.outpoint[] DEFAULT NULL,
    change_address text DEFAULT NULL, fee_rate numeric DEFAULT NULL, max_fee bigint DEFAULT NULL,
    spell_version integer DEFAULT NULL, previous_txs text[] DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS charmbills.transactions
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_transfer_token';
COMMENT ON FUNCTION charmbills.transfer_token(text, numeric, charmbills.outpoint, uuid, uuid, text, charmbills.outpoint[], text, numeric, bigint, integer, text[], text) IS
'Has a transfer of a plan''s tokens proved: those of inputs, or enough of those on the sender''s address, which is from_address or the subscriber''s. What is too much goes back there.';

CREATE FUNCTION charmbills.cancel_transaction(transaction_id uuid)
RETURNS charmbills.transactions
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_cancel_transaction';
COMMENT ON FUNCTION charmbills.cancel_transaction(uuid) IS
'Gives up a transaction that waits for its signature, and releases what it reserved. Canceling it again gives the same row.';
