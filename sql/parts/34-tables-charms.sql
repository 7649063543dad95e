-- The charms of plans on the chain, and what provers are asked for.

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
