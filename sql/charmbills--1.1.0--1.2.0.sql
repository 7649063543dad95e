\echo Use "ALTER EXTENSION charmbills UPDATE" to load this file. \quit

-- From 1.1.0 to 1.2.0: charms on the chain, and their prover.  What is new is
-- declared as in the install script; what has changed is changed first.

--
-- Functions that are called in another way, or give something else
--
DROP FUNCTION charmbills.broadcast_package(text, text, uuid, uuid, text, uuid);
DROP FUNCTION charmbills.create_plan(uuid, text, bigint, text, interval, interval, integer, bigint, boolean, text, text, text, numeric, charmbills.outpoint, jsonb, text, numeric, numeric, numeric, bigint, interval, text, boolean, interval[], interval, text);
DROP FUNCTION charmbills.update_plan(uuid, text, bigint, text, interval, interval, integer, bigint, boolean, text, numeric, charmbills.outpoint, jsonb, text, numeric, numeric, numeric, bigint, interval, text, boolean, interval[], interval, timestamptz);

--
-- Tables that have changed
--
ALTER TABLE charmbills.descriptors ADD COLUMN written text;

ALTER TABLE charmbills.plans
    ADD COLUMN entitlement text NOT NULL DEFAULT 'payment'
        CONSTRAINT plans_entitlement_check CHECK (entitlement IN ('payment', 'token', 'either')),
    ADD COLUMN token_units numeric NOT NULL DEFAULT 1 CONSTRAINT plans_token_units_check
        CHECK (token_units BETWEEN 1 AND 18446744073709551615 AND token_units = trunc(token_units)),
    ADD COLUMN token_access text NOT NULL DEFAULT 'held'
        CONSTRAINT plans_token_access_check CHECK (token_access IN ('held', 'cycle')),
    ADD COLUMN accept_beamed boolean NOT NULL DEFAULT false,
    ADD COLUMN nft_state text NOT NULL DEFAULT 'unborn'
        CONSTRAINT plans_nft_state_check CHECK (nft_state IN ('unborn', 'held', 'away', 'unknown', 'gone')),
    ADD COLUMN nft_script bytea,
    ADD COLUMN deactivated_by text CONSTRAINT plans_deactivated_by_check CHECK (deactivated_by IN ('merchant', 'nft')),
    ADD COLUMN nft_matures_at_height integer;

ALTER TABLE charmbills.subscription_facts ADD COLUMN token_check_at timestamptz;

ALTER TABLE charmbills.jobs DROP CONSTRAINT jobs_lane_check;
ALTER TABLE charmbills.jobs
    ADD CONSTRAINT jobs_lane_check CHECK (kind NOT IN ('webhook', 'exchange_rate', 'prove') OR lane IS NOT NULL);

--
-- What is new, and what is told of it
--
CREATE FUNCTION charmbills.combine_psbts(psbts text[])
RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_combine_psbts';

COMMENT ON FUNCTION charmbills.combine_psbts(text[]) IS
'What PSBTs of one transaction, each with the signatures of another signer, say together, in base64. They are given in base64 or hex.';

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

COMMENT ON COLUMN charmbills.descriptors.written IS 'As it was last given, which may say where its keys come from: PSBTs tell signers.';

COMMENT ON COLUMN charmbills.plans.entitlement IS 'What gives access: payment of its subscription, a token on the customer''s address, or either.';

COMMENT ON COLUMN charmbills.plans.token_units IS 'Tokens that give access to one customer.';

COMMENT ON COLUMN charmbills.plans.token_access IS 'How long they do: held, as long as they are, or cycle, for one billing cycle from their mint.';

COMMENT ON COLUMN charmbills.plans.accept_beamed IS 'Whether tokens that were beamed out and come back count.';

COMMENT ON COLUMN charmbills.plans.nft_state IS 'Where the plan''s NFT is: unborn, held by the merchant, away on another script, unknown (spent by a spell of an unsupported version) or gone.';

COMMENT ON COLUMN charmbills.plans.nft_script IS 'Script that the NFT is to be on, where it is not the merchant''s address.';

COMMENT ON COLUMN charmbills.plans.deactivated_by IS 'Why an inactive plan is: its merchant took it off sale, or its NFT left the merchant.';

COMMENT ON COLUMN charmbills.plans.nft_matures_at_height IS 'Height of the chain at which the birth of its NFT has the confirmations that it needs.';

CREATE INDEX plans_nft_matures_idx ON charmbills.plans (nft_matures_at_height) WHERE nft_matures_at_height IS NOT NULL;

CREATE INDEX plans_nft_waiting_idx ON charmbills.plans (nft_matures_at_height) WHERE status = 'pending_confirmation';

COMMENT ON COLUMN charmbills.subscription_facts.token_utxo IS 'Where most of the plan''s tokens on its address are; NULL where there are none.';

COMMENT ON COLUMN charmbills.subscription_facts.token_amount IS 'The plan''s tokens on its address; NULL where it has none, or the plan''s are not followed.';

COMMENT ON COLUMN charmbills.subscription_facts.last_verified_at IS 'When the proofs behind its tokens were last verified, all of them.';

COMMENT ON COLUMN charmbills.subscription_facts.token_check_at IS 'When its tokens are to be verified again, or may count no longer; -infinity: with the next block, since one may have passed it by; NULL while there is nothing to look at.';

CREATE INDEX subscription_facts_token_check_idx ON charmbills.subscription_facts (token_check_at) WHERE token_check_at IS NOT NULL;

COMMENT ON COLUMN charmbills.jobs.kind IS 'What is to be done: broadcast, rescan, gather, prove, webhook, exchange_rate.';

COMMENT ON COLUMN charmbills.jobs.lane IS 'HTTP jobs of one lane share its width: a webhook endpoint, the prover, or the job itself where it waits for no other. NULL for what a Bitcoin node does.';

CREATE TABLE charmbills.watched_apps (
    identity bytea NOT NULL CONSTRAINT watched_apps_identity_check CHECK (octet_length(identity) = 32),
    vk bytea NOT NULL CONSTRAINT watched_apps_vk_check CHECK (octet_length(vk) = 32),
    plan_id uuid NOT NULL CONSTRAINT watched_apps_plan_id_fkey REFERENCES charmbills.plans (id),
    merchant_id uuid NOT NULL CONSTRAINT watched_apps_merchant_id_fkey REFERENCES charmbills.merchants (id),
    offered_height integer,
    is_armed boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    rescan_since timestamptz,
    CONSTRAINT watched_apps_pkey PRIMARY KEY (identity, vk, plan_id),
    CONSTRAINT watched_apps_plan_id_key UNIQUE (plan_id)
);

COMMENT ON TABLE charmbills.watched_apps IS 'Charms apps of plans: spells that name one matter.';

COMMENT ON COLUMN charmbills.watched_apps.identity IS 'Identity of the app.';

COMMENT ON COLUMN charmbills.watched_apps.vk IS 'Verification key of the app.';

COMMENT ON COLUMN charmbills.watched_apps.plan_id IS 'Plan whose NFT and tokens they are.';

COMMENT ON COLUMN charmbills.watched_apps.merchant_id IS 'Merchant who sells the plan.';

COMMENT ON COLUMN charmbills.watched_apps.offered_height IS 'Until it is armed: the last block it is known to have been matched against.';

COMMENT ON COLUMN charmbills.watched_apps.is_armed IS 'Whether every block since its birth has been matched against it.';

COMMENT ON COLUMN charmbills.watched_apps.created_at IS 'When it was born.';

COMMENT ON COLUMN charmbills.watched_apps.rescan_since IS 'Time from which on blocks are to be looked at for it, until the next block has come.';

CREATE INDEX watched_apps_merchant_id_idx ON charmbills.watched_apps (merchant_id);

CREATE INDEX watched_apps_rescan_idx ON charmbills.watched_apps (plan_id) WHERE rescan_since IS NOT NULL;

CREATE INDEX watched_apps_unarmed_idx ON charmbills.watched_apps (offered_height) WHERE NOT is_armed;

CREATE TABLE charmbills.charm_transactions (
    plan_id uuid NOT NULL CONSTRAINT charm_transactions_plan_id_fkey REFERENCES charmbills.plans (id),
    txid charmbills.txid NOT NULL
        CONSTRAINT charm_transactions_txid_fkey REFERENCES charmbills.chain_transactions (txid),
    merchant_id uuid NOT NULL CONSTRAINT charm_transactions_merchant_id_fkey REFERENCES charmbills.merchants (id),
    block_height integer NOT NULL,
    block_index integer NOT NULL,
    block_median_time timestamptz NOT NULL,
    verdict text NOT NULL CONSTRAINT charm_transactions_verdict_check
        CHECK (verdict IN ('none', 'invalid', 'mock', 'unsupported', 'valid')),
    reason text,
    spell_version bigint,
    is_accepted boolean NOT NULL,
    judged_by integer NOT NULL,
    judged_at timestamptz NOT NULL,
    nft text NOT NULL DEFAULT 'elsewhere' CONSTRAINT charm_transactions_nft_check
        CHECK (nft IN ('elsewhere', 'born', 'moved', 'ended', 'unknown')),
    minted numeric NOT NULL DEFAULT 0,
    destroyed numeric NOT NULL DEFAULT 0,
    counterfeit text,
    CONSTRAINT charm_transactions_pkey PRIMARY KEY (plan_id, txid)
);

COMMENT ON TABLE charmbills.charm_transactions IS 'Transactions in blocks that touch a plan''s charms, and what they did to them.';

COMMENT ON COLUMN charmbills.charm_transactions.plan_id IS 'The plan.';

COMMENT ON COLUMN charmbills.charm_transactions.txid IS 'The transaction.';

COMMENT ON COLUMN charmbills.charm_transactions.merchant_id IS 'Merchant who sells the plan.';

COMMENT ON COLUMN charmbills.charm_transactions.block_height IS 'Height of its block.';

COMMENT ON COLUMN charmbills.charm_transactions.block_index IS 'Its position in the block, from 0.';

COMMENT ON COLUMN charmbills.charm_transactions.block_median_time IS 'Median time past of its block.';

COMMENT ON COLUMN charmbills.charm_transactions.verdict IS 'On its spell, as verify_spell() gives it.';

COMMENT ON COLUMN charmbills.charm_transactions.reason IS 'Why it is not valid.';

COMMENT ON COLUMN charmbills.charm_transactions.spell_version IS 'Version of the protocol that its spell names.';

COMMENT ON COLUMN charmbills.charm_transactions.is_accepted IS 'Whether its spell counts: a valid one or, where charmbills.accept_mock_spells allows it, a mock one.';

COMMENT ON COLUMN charmbills.charm_transactions.judged_by IS 'Newest version of the protocol that was known when it was judged.';

COMMENT ON COLUMN charmbills.charm_transactions.judged_at IS 'When its proof was last checked.';

COMMENT ON COLUMN charmbills.charm_transactions.nft IS 'What became of the plan''s NFT in it: born, moved, ended, unknown (spent under an unsupported version), or elsewhere, where it has nothing to do with it.';

COMMENT ON COLUMN charmbills.charm_transactions.minted IS 'Tokens that the NFT gave up in it.';

COMMENT ON COLUMN charmbills.charm_transactions.destroyed IS 'Tokens that no output holds any more.';

COMMENT ON COLUMN charmbills.charm_transactions.counterfeit IS 'What its spell claims and the plan''s lineage does not support.';

CREATE INDEX charm_transactions_order_idx ON charmbills.charm_transactions (plan_id, block_height, block_index);

CREATE INDEX charm_transactions_height_idx ON charmbills.charm_transactions (block_height);

CREATE INDEX charm_transactions_txid_idx ON charmbills.charm_transactions (txid);

CREATE INDEX charm_transactions_unsupported_idx ON charmbills.charm_transactions (judged_by) WHERE verdict = 'unsupported';

CREATE TABLE charmbills.charms (
    outpoint charmbills.outpoint NOT NULL,
    plan_id uuid NOT NULL CONSTRAINT charms_plan_id_fkey REFERENCES charmbills.plans (id),
    merchant_id uuid NOT NULL CONSTRAINT charms_merchant_id_fkey REFERENCES charmbills.merchants (id),
    script bytea NOT NULL,
    has_nft boolean NOT NULL DEFAULT false,
    remaining numeric,
    amount numeric NOT NULL DEFAULT 0,
    beamed_to bytea,
    block_height integer NOT NULL,
    received_at timestamptz NOT NULL,
    minted_at timestamptz,
    spent_by charmbills.txid,
    spent_height integer,
    spent_at timestamptz,
    is_unknown boolean NOT NULL DEFAULT false,
    CONSTRAINT charms_pkey PRIMARY KEY (outpoint, plan_id),
    CONSTRAINT charms_spent_check CHECK ((spent_by IS NULL) = (spent_height IS NULL) AND (spent_by IS NULL) = (spent_at IS NULL))
);

COMMENT ON TABLE charmbills.charms IS 'What outputs hold, or held, of plans'' NFTs and tokens: all of it descends from the outpoint that the plan''s identity is of.';

COMMENT ON COLUMN charmbills.charms.outpoint IS 'The output.';

COMMENT ON COLUMN charmbills.charms.plan_id IS 'The plan.';

COMMENT ON COLUMN charmbills.charms.merchant_id IS 'Merchant who sells the plan.';

COMMENT ON COLUMN charmbills.charms.script IS 'Script of the output: who holds it.';

COMMENT ON COLUMN charmbills.charms.has_nft IS 'Whether the plan''s NFT is here.';

COMMENT ON COLUMN charmbills.charms.remaining IS 'Tokens that the NFT may still mint.';

COMMENT ON COLUMN charmbills.charms.amount IS 'Tokens held; of an output that was beamed out, what went elsewhere.';

COMMENT ON COLUMN charmbills.charms.beamed_to IS 'Hash of the output elsewhere that its tokens were beamed to: this one holds nothing. What spends them is then what brought them in again.';

COMMENT ON COLUMN charmbills.charms.block_height IS 'Height of the block that has it.';

COMMENT ON COLUMN charmbills.charms.received_at IS 'Median time past of that block.';

COMMENT ON COLUMN charmbills.charms.minted_at IS 'When its tokens were minted; of several mints the oldest.';

COMMENT ON COLUMN charmbills.charms.spent_by IS 'Transaction that spent it.';

COMMENT ON COLUMN charmbills.charms.spent_height IS 'Height of the block of that one.';

COMMENT ON COLUMN charmbills.charms.spent_at IS 'Median time past of that block.';

COMMENT ON COLUMN charmbills.charms.is_unknown IS 'Whether it was spent by a spell of an unsupported version, so that it is not known who holds it now.';

-- Longer scripts have no address to be looked up by, and may not fit into an index.
CREATE INDEX charms_holder_idx ON charmbills.charms (plan_id, script)
    WHERE (spent_height IS NULL OR is_unknown) AND octet_length(script) <= 42;

CREATE INDEX charms_nft_idx ON charmbills.charms (plan_id, spent_height) WHERE has_nft;

CREATE INDEX charms_height_idx ON charmbills.charms (plan_id, block_height);

CREATE INDEX charms_spent_height_idx ON charmbills.charms (plan_id, spent_height) WHERE spent_height IS NOT NULL;

CREATE INDEX charms_beamed_idx ON charmbills.charms (beamed_to) WHERE beamed_to IS NOT NULL;

CREATE INDEX charms_unknown_idx ON charmbills.charms (spent_at) WHERE is_unknown;

CREATE INDEX charms_merchant_id_idx ON charmbills.charms (merchant_id);

CREATE TABLE charmbills.previous_transactions (
    transaction_id uuid NOT NULL
        CONSTRAINT previous_transactions_transaction_id_fkey REFERENCES charmbills.transactions (id),
    txid charmbills.txid NOT NULL,
    merchant_id uuid NOT NULL CONSTRAINT previous_transactions_merchant_id_fkey REFERENCES charmbills.merchants (id),
    raw bytea NOT NULL,
    CONSTRAINT previous_transactions_pkey PRIMARY KEY (transaction_id, txid)
);

COMMENT ON TABLE charmbills.previous_transactions IS 'Transactions whose outputs one of ours spends: a prover and a signer need them.';

COMMENT ON COLUMN charmbills.previous_transactions.transaction_id IS 'The transaction that spends them.';

COMMENT ON COLUMN charmbills.previous_transactions.txid IS 'Identifier.';

COMMENT ON COLUMN charmbills.previous_transactions.merchant_id IS 'Merchant of the transaction that spends them.';

COMMENT ON COLUMN charmbills.previous_transactions.raw IS 'Serialized transaction.';

CREATE INDEX previous_transactions_merchant_id_idx ON charmbills.previous_transactions (merchant_id);

CREATE INDEX previous_transactions_txid_idx ON charmbills.previous_transactions (txid);

CREATE TABLE charmbills.prove_requests (
    transaction_id uuid NOT NULL
        CONSTRAINT prove_requests_transaction_id_fkey REFERENCES charmbills.transactions (id),
    merchant_id uuid NOT NULL CONSTRAINT prove_requests_merchant_id_fkey REFERENCES charmbills.merchants (id),
    plan_id uuid NOT NULL CONSTRAINT prove_requests_plan_id_fkey REFERENCES charmbills.plans (id),
    state text NOT NULL CONSTRAINT prove_requests_state_check
        CHECK (state IN ('waiting', 'gathering', 'proving', 'proved', 'failed')),
    spell_version integer NOT NULL,
    spell bytea,
    inputs charmbills.outpoint[] NOT NULL,
    scripts bytea[] NOT NULL,
    amounts bigint[] NOT NULL,
    charm_amounts numeric[] NOT NULL,
    nft_state bytea,
    anchor charmbills.outpoint,
    funding_utxo charmbills.outpoint NOT NULL,
    change_script bytea,
    fee_rate numeric NOT NULL CONSTRAINT prove_requests_fee_rate_check CHECK (fee_rate > 0 AND fee_rate <= 100000),
    max_fee_sats charmbills.sats NOT NULL,
    max_fee_rate numeric NOT NULL CONSTRAINT prove_requests_max_fee_rate_check CHECK (max_fee_rate > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT prove_requests_pkey PRIMARY KEY (transaction_id)
);

COMMENT ON TABLE charmbills.prove_requests IS 'What a prover was asked for, so that its answer can be held against it.';

COMMENT ON COLUMN charmbills.prove_requests.transaction_id IS 'The transaction to come.';

COMMENT ON COLUMN charmbills.prove_requests.merchant_id IS 'Merchant it belongs to.';

COMMENT ON COLUMN charmbills.prove_requests.plan_id IS 'Plan whose charms it mints or sends.';

COMMENT ON COLUMN charmbills.prove_requests.state IS 'waiting for the plan''s NFT, gathering previous transactions, proving, proved or failed.';

COMMENT ON COLUMN charmbills.prove_requests.spell_version IS 'Version of the protocol.';

COMMENT ON COLUMN charmbills.prove_requests.spell IS 'The spell that is to be proved, as CBOR; NULL until all that it spends is known.';

COMMENT ON COLUMN charmbills.prove_requests.inputs IS 'Inputs of the spell, in order, without the UTXO that pays the fees, which comes behind; none while a mint waits for the NFT.';

COMMENT ON COLUMN charmbills.prove_requests.scripts IS 'Scripts of the outputs asked for, in order; NULL for where the NFT is now, while a mint waits for it.';

COMMENT ON COLUMN charmbills.prove_requests.amounts IS 'Sats of the outputs asked for.';

COMMENT ON COLUMN charmbills.prove_requests.charm_amounts IS 'Tokens of the outputs asked for; NULL for an output that takes the NFT.';

COMMENT ON COLUMN charmbills.prove_requests.nft_state IS 'State of an NFT that is to be minted, as CBOR.';

COMMENT ON COLUMN charmbills.prove_requests.anchor IS 'Of a mint: the outpoint that the identity of the plan''s app is of.';

COMMENT ON COLUMN charmbills.prove_requests.funding_utxo IS 'UTXO that pays the fees.';

COMMENT ON COLUMN charmbills.prove_requests.change_script IS 'Where what is left of it goes; NULL for back to where it comes from, until that is known.';

COMMENT ON COLUMN charmbills.prove_requests.fee_rate IS 'Sats for a virtual byte that the prover is asked to use.';

COMMENT ON COLUMN charmbills.prove_requests.max_fee_sats IS 'Sats that all its transactions may pay in fees, the prover''s own apart.';

COMMENT ON COLUMN charmbills.prove_requests.max_fee_rate IS 'Sats for a virtual byte that they may pay.';

COMMENT ON COLUMN charmbills.prove_requests.created_at IS 'When it was asked for.';

CREATE INDEX prove_requests_merchant_id_idx ON charmbills.prove_requests (merchant_id);

CREATE INDEX prove_requests_waiting_idx ON charmbills.prove_requests (plan_id, transaction_id) WHERE state = 'waiting';

CREATE INDEX prove_requests_open_idx ON charmbills.prove_requests (transaction_id) WHERE state IN ('waiting', 'gathering', 'proving');

COMMENT ON FUNCTION charmbills.mark_utxo_used(charmbills.outpoint, text, text, uuid) IS
'Reserves a UTXO: true for exactly one of any number of callers, false for all others. Without a merchant it is the operator''s. One that carries charms is refused.';

COMMENT ON FUNCTION charmbills.mark_utxos_used(charmbills.outpoint[], text, text, uuid) IS
'Reserves all of these UTXOs, or none when one of them is taken. UTXOs that carry charms are refused. Calls with UTXOs in common wait for one another but never deadlock.';

CREATE FUNCTION charmbills.is_charmed(utxo charmbills.outpoint)
RETURNS boolean
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_is_charmed';

COMMENT ON FUNCTION charmbills.is_charmed(charmbills.outpoint) IS
'Whether a UTXO carries charms, as far as is known: of a plan that is followed, or by the spell of a known transaction. Such a UTXO is not to be spent for its sats.';

CREATE FUNCTION charmbills.broadcast_package(commit_tx text DEFAULT NULL, spell_tx text DEFAULT NULL, plan_id uuid DEFAULT NULL,
    subscription_id uuid DEFAULT NULL, type text DEFAULT NULL, merchant_id uuid DEFAULT NULL, replaces uuid DEFAULT NULL)
RETURNS charmbills.transactions
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_broadcast_package';

COMMENT ON FUNCTION charmbills.broadcast_package(text, text, uuid, uuid, text, uuid, uuid) IS
'Takes a signed commit transaction, the spell that spends it, or either alone, in hex: checks and stores it, reserves its inputs, and queues its broadcast. The same package again gives the same row; one that had failed is tried again. One that replaces another of ours that is pending, to pay a higher fee, takes over its reservations, and is for the same merchant, plan and subscription.';

CREATE FUNCTION charmbills.transaction_psbt(transaction_id uuid, part text DEFAULT NULL)
RETURNS text
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_transaction_psbt';

COMMENT ON FUNCTION charmbills.transaction_psbt(uuid, text) IS
'A transaction of ours that waits for its signature, as a PSBT in base64: the spell or, for part => ''commit'', the commit transaction that it spends. With all that a signer needs and, where a merchant''s descriptor says, where its keys come from.';

CREATE FUNCTION charmbills.submit_signed(transaction_id uuid, spell_tx text DEFAULT NULL, commit_tx text DEFAULT NULL, replaces uuid DEFAULT NULL)
RETURNS charmbills.transactions
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_submit_signed';

COMMENT ON FUNCTION charmbills.submit_signed(uuid, text, text, uuid) IS
'Takes the signed transactions of a row that waits for them, as hex or as PSBTs: checks that they are what was to be signed and that every signature covers all of it, reserves their inputs, and queues their broadcast. The same again gives the same row. replaces is as in broadcast_package().';

CREATE FUNCTION charmbills.hold_jobs(worker text, job_ids uuid[], lease interval)
RETURNS SETOF uuid
LANGUAGE C VOLATILE SECURITY DEFINER ROWS 10
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_hold_jobs';

COMMENT ON FUNCTION charmbills.hold_jobs(text, uuid[], interval) IS
'Prolongs the lease of jobs that a worker is still busy with, and gives those that are still its own.';

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

CREATE FUNCTION charmbills.create_plan(merchant_id uuid, service_name text, price_sats bigint DEFAULT NULL,
    billing_cycle text DEFAULT 'monthly', trial interval DEFAULT NULL, grace interval DEFAULT NULL,
    confirmations integer DEFAULT NULL, tolerance_sats bigint DEFAULT NULL, allow_multiple boolean DEFAULT NULL,
    ticker text DEFAULT NULL, app_id text DEFAULT NULL, app_vk text DEFAULT NULL,
    remaining_supply numeric DEFAULT NULL, nft_utxo charmbills.outpoint DEFAULT NULL, metadata jsonb DEFAULT NULL,
    currency text DEFAULT NULL, price numeric DEFAULT NULL, tolerance_percent numeric DEFAULT NULL,
    tax_rate numeric DEFAULT NULL, min_invoice_sats bigint DEFAULT NULL, lead_time interval DEFAULT NULL,
    restart text DEFAULT NULL, trial_once boolean DEFAULT NULL, dunning interval[] DEFAULT NULL,
    uncollectible_after interval DEFAULT NULL,
    entitlement text DEFAULT NULL, token_units numeric DEFAULT NULL, token_access text DEFAULT NULL,
    accept_beamed boolean DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS charmbills.plans
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_create_plan';

COMMENT ON FUNCTION charmbills.create_plan(uuid, text, bigint, text, interval, interval, integer, bigint, boolean, text, text, text, numeric, charmbills.outpoint, jsonb, text, numeric, numeric, numeric, bigint, interval, text, boolean, interval[], interval, text, numeric, text, boolean, text) IS
'Makes a plan. It is on sale at once, or, with an app_id or where a token gives access, once its mint is confirmed: where app_id and app_vk are known, once its NFT is born and the merchant holds it. What gives access (entitlement) is payment, token or either; token_access is held or cycle. Its price is in sats or in a currency. No trial, five days of grace and the setting''s confirmations unless given. The same idempotency key with the same arguments gives the same plan.';

CREATE FUNCTION charmbills.update_plan(plan_id uuid, service_name text DEFAULT NULL, price_sats bigint DEFAULT NULL,
    billing_cycle text DEFAULT NULL, trial interval DEFAULT NULL, grace interval DEFAULT NULL,
    confirmations integer DEFAULT NULL, tolerance_sats bigint DEFAULT NULL, allow_multiple boolean DEFAULT NULL,
    ticker text DEFAULT NULL, remaining_supply numeric DEFAULT NULL,
    nft_utxo charmbills.outpoint DEFAULT NULL, metadata jsonb DEFAULT NULL,
    currency text DEFAULT NULL, price numeric DEFAULT NULL, tolerance_percent numeric DEFAULT NULL,
    tax_rate numeric DEFAULT NULL, min_invoice_sats bigint DEFAULT NULL, lead_time interval DEFAULT NULL,
    restart text DEFAULT NULL, trial_once boolean DEFAULT NULL, dunning interval[] DEFAULT NULL,
    uncollectible_after interval DEFAULT NULL,
    entitlement text DEFAULT NULL, token_units numeric DEFAULT NULL, token_access text DEFAULT NULL,
    accept_beamed boolean DEFAULT NULL, price_from timestamptz DEFAULT NULL)
RETURNS charmbills.plans
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_update_plan';

COMMENT ON FUNCTION charmbills.update_plan(uuid, text, bigint, text, interval, interval, integer, bigint, boolean, text, numeric, charmbills.outpoint, jsonb, text, numeric, numeric, numeric, bigint, interval, text, boolean, interval[], interval, text, numeric, text, boolean, timestamptz) IS
'Changes what is given of a plan. A new price is for periods that begin from now, or price_from, on; it stays in the same unit. Invoices that have been issued stay as they are. What gives access changes at once; accept_beamed only until the plan''s charms are followed. Its supply and NFT are the chain''s, where they are.';

COMMENT ON FUNCTION charmbills.activate_plan(uuid) IS
'Puts a plan on sale again. One with an app_id that was not imported needs a confirmed mint; one whose NFT is followed, an NFT that the merchant holds.';

COMMENT ON FUNCTION charmbills.import_plan(jsonb) IS
'Takes a plan as the former web client stored it (serviceName, priceBTC, billingCycle, merchantAddress, nftUtxoId, ...) and puts it on sale; entitlement, tokenUnits, tokenAccess and acceptBeamed are as in create_plan(). Where appId and appVk are known the chain says what its NFT and supply are, and is rescanned from createdAt. Other keys are kept in its metadata. Twice gives the same row. An operator''s import makes the merchant where there is none.';

COMMENT ON COLUMN charmbills.subscriptions.token_utxo IS 'Where most of the plan''s tokens on its address are; NULL where there are none.';

COMMENT ON COLUMN charmbills.subscriptions.token_amount IS 'The plan''s tokens on its address; NULL where it has none, or the plan''s are not followed.';

COMMENT ON COLUMN charmbills.subscriptions.status IS 'pending, trialing, active, past_due, expired, paused or canceled, as of now: what is paid, whatever tokens there are.';

COMMENT ON COLUMN charmbills.subscriptions.last_verified_at IS 'When the proofs behind its tokens were last verified, all of them.';

CREATE VIEW charmbills.charm_holders WITH (security_invoker = true) AS
SELECT c.plan_id,
       c.merchant_id,
       charmbills.script_to_address(c.script) AS address,
       c.script,
       coalesce(sum(c.amount) FILTER (WHERE c.spent_height IS NULL), 0) AS amount,
       coalesce(sum(c.amount) FILTER (WHERE c.spent_height IS NOT NULL), 0) AS unknown_amount,
       min(c.received_at) AS since
FROM charmbills.charms c
WHERE (c.spent_height IS NULL OR c.is_unknown) AND c.beamed_to IS NULL AND c.amount > 0
GROUP BY c.plan_id, c.merchant_id, c.script;

COMMENT ON VIEW charmbills.charm_holders IS 'Who holds the tokens of which plan.';

COMMENT ON COLUMN charmbills.charm_holders.plan_id IS 'The plan.';

COMMENT ON COLUMN charmbills.charm_holders.merchant_id IS 'Merchant who sells the plan.';

COMMENT ON COLUMN charmbills.charm_holders.address IS 'Address that they are on; NULL for a script that has none.';

COMMENT ON COLUMN charmbills.charm_holders.script IS 'Script of that address.';

COMMENT ON COLUMN charmbills.charm_holders.amount IS 'Tokens in outputs that no block has spent.';

COMMENT ON COLUMN charmbills.charm_holders.unknown_amount IS 'Tokens that were spent by a spell of an unsupported version; they give access until charmbills.unknown_grace has passed.';

COMMENT ON COLUMN charmbills.charm_holders.since IS 'When the oldest of them came there.';

COMMENT ON FUNCTION charmbills.is_entitled(uuid, text, text) IS
'Whether a customer has access to what a plan sells: by a subscription in trial, active, or in grace, or, as the plan has it, by the tokens on the customer''s address, or by either. Both an address and a name must be those of the same subscription, or customer. What is no address has none.';

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

CREATE FUNCTION charmbills.sandbox_sign(transaction_id uuid)
RETURNS charmbills.transactions
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_sandbox_sign';

REVOKE ALL ON FUNCTION charmbills.sandbox_sign(uuid) FROM PUBLIC;

COMMENT ON FUNCTION charmbills.sandbox_sign(uuid) IS
'Put zeros where the signatures of a transaction belong that waits for them, and broadcast it. In the sandbox nobody needs a key.';

ALTER TABLE charmbills.watched_apps ENABLE ROW LEVEL SECURITY;

CREATE POLICY visible ON charmbills.watched_apps USING (charmbills.may_see(merchant_id));

COMMENT ON POLICY visible ON charmbills.watched_apps IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.charm_transactions ENABLE ROW LEVEL SECURITY;

CREATE POLICY visible ON charmbills.charm_transactions USING (charmbills.may_see(merchant_id));

COMMENT ON POLICY visible ON charmbills.charm_transactions IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.charms ENABLE ROW LEVEL SECURITY;

CREATE POLICY visible ON charmbills.charms USING (charmbills.may_see(merchant_id));

COMMENT ON POLICY visible ON charmbills.charms IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.previous_transactions ENABLE ROW LEVEL SECURITY;

CREATE POLICY visible ON charmbills.previous_transactions USING (charmbills.may_see(merchant_id));

COMMENT ON POLICY visible ON charmbills.previous_transactions IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.prove_requests ENABLE ROW LEVEL SECURITY;

CREATE POLICY visible ON charmbills.prove_requests USING (charmbills.may_see(merchant_id));

COMMENT ON POLICY visible ON charmbills.prove_requests IS 'Operators see all, a merchant''s role its own.';

GRANT EXECUTE ON FUNCTION
    charmbills.outpoint(charmbills.txid, integer),
    charmbills.outpoint_txid(charmbills.outpoint),
    charmbills.outpoint_vout(charmbills.outpoint),
    charmbills.btc_to_sats(numeric),
    charmbills.sats_to_btc(charmbills.sats),
    charmbills.decode_transaction(text, text),
    charmbills.transaction_txid(text),
    charmbills.address_to_script(text, text),
    charmbills.script_to_address(bytea, text),
    charmbills.is_valid_address(text, text),
    charmbills.derive_address(text, integer, text),
    charmbills.preview_addresses(text, integer, text),
    charmbills.descriptor_checksum(text),
    charmbills.verify_message(text, text, text),
    charmbills.combine_psbts(text[]),
    charmbills.decode_spell(text),
    charmbills.verify_spell(text),
    charmbills.spell_charms(text),
    charmbills.app_identity(charmbills.outpoint)
TO PUBLIC;

SELECT pg_extension_config_dump('charmbills.watched_apps', '');

SELECT pg_extension_config_dump('charmbills.charm_transactions', '');

SELECT pg_extension_config_dump('charmbills.charms', '');

SELECT pg_extension_config_dump('charmbills.previous_transactions', '');

SELECT pg_extension_config_dump('charmbills.prove_requests', '');

--
-- Rows that are there
--

-- Only merchants could take a plan off sale.
UPDATE charmbills.plans SET deactivated_by = 'merchant' WHERE status = 'inactive';

-- Where charms are followed, it is the chain that says where a plan's NFT is and
-- what remains.  What was said before is kept beside it, as where one is imported.
UPDATE charmbills.plans
SET metadata = metadata || jsonb_strip_nulls(jsonb_build_object('nftUtxoId', nft_utxo, 'remaining', remaining_supply)),
    nft_utxo = NULL, remaining_supply = NULL
WHERE app_id IS NOT NULL AND app_vk IS NOT NULL AND (nft_utxo IS NOT NULL OR remaining_supply IS NOT NULL);

-- What the chain has of plans with an app is found by looking at it again, which
-- begins with the next block.
INSERT INTO charmbills.watched_apps (identity, vk, plan_id, merchant_id, offered_height, rescan_since, created_at)
SELECT decode(p.app_id, 'hex'), decode(p.app_vk, 'hex'), p.id, p.merchant_id,
       coalesce((SELECT height FROM charmbills.chain_state), -1), p.created_at, now()
FROM charmbills.plans p WHERE p.app_id IS NOT NULL AND p.app_vk IS NOT NULL;


--
-- Nothing new is everyone's
--
REVOKE ALL ON FUNCTION
    charmbills.is_charmed(charmbills.outpoint),
    charmbills.broadcast_package(text, text, uuid, uuid, text, uuid, uuid),
    charmbills.transaction_psbt(uuid, text),
    charmbills.submit_signed(uuid, text, text, uuid),
    charmbills.hold_jobs(text, uuid[], interval),
    charmbills.mint_plan(uuid, charmbills.outpoint, numeric, charmbills.outpoint, text, jsonb, text, numeric, bigint, integer, text[], text),
    charmbills.mint_subscription(uuid, charmbills.outpoint, numeric, text, text, numeric, bigint, integer, text[], text),
    charmbills.transfer_token(text, numeric, charmbills.outpoint, uuid, uuid, text, charmbills.outpoint[], text, numeric, bigint, integer, text[], text),
    charmbills.cancel_transaction(uuid),
    charmbills.create_plan(uuid, text, bigint, text, interval, interval, integer, bigint, boolean, text, text, text, numeric, charmbills.outpoint, jsonb, text, numeric, numeric, numeric, bigint, interval, text, boolean, interval[], interval, text, numeric, text, boolean, text),
    charmbills.update_plan(uuid, text, bigint, text, interval, interval, integer, bigint, boolean, text, numeric, charmbills.outpoint, jsonb, text, numeric, numeric, numeric, bigint, interval, text, boolean, interval[], interval, text, numeric, text, boolean, timestamptz),
    charmbills.verify_token(uuid),
    charmbills.verify_tokens(integer),
    charmbills.sandbox_sign(uuid)
FROM PUBLIC;
REVOKE ALL ON TABLE charmbills.watched_apps, charmbills.charm_transactions, charmbills.charms, charmbills.previous_transactions, charmbills.prove_requests, charmbills.charm_holders FROM PUBLIC;
