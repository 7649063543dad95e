-- What is known of the chain, what is watched on it, and what is done to it.

CREATE TABLE charmbills.chain_state (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    network text,
    height integer,
    hash text,
    base_height integer,
    followed_until timestamptz,
    stopped_reason text,
    node_reported_at timestamptz,
    node_height integer,
    node_hash text,
    node_headers integer,
    node_initial_download boolean,
    node_prune_height integer,
    node_mempool_loaded boolean,
    node_version text,
    system_identifier bigint,
    database_oid oid,
    extension_oid oid,
    timeline integer,
    own_height integer,
    series text NOT NULL DEFAULT '',
    series_height integer,
    test_clock timestamptz,
    epoch integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE charmbills.chain_state IS 'One row: how far the chain has been followed, what the node says of itself, and which incarnation of the database this is.';
COMMENT ON COLUMN charmbills.chain_state.singleton IS 'Always true: there is one row.';
COMMENT ON COLUMN charmbills.chain_state.network IS 'Bitcoin network, written down when the first row depended on it.';
COMMENT ON COLUMN charmbills.chain_state.height IS 'Height of the last block applied.';
COMMENT ON COLUMN charmbills.chain_state.hash IS 'Hash of the last block applied.';
COMMENT ON COLUMN charmbills.chain_state.base_height IS 'Height from which blocks have been followed.';
COMMENT ON COLUMN charmbills.chain_state.followed_until IS 'Time until which the chain has been followed: every payment made before it is known.';
COMMENT ON COLUMN charmbills.chain_state.stopped_reason IS 'Why following has stopped until an operator decides; NULL while it goes on.';
COMMENT ON COLUMN charmbills.chain_state.node_reported_at IS 'When the node last answered.';
COMMENT ON COLUMN charmbills.chain_state.node_height IS 'Height of the node''s tip.';
COMMENT ON COLUMN charmbills.chain_state.node_hash IS 'Hash of the node''s tip.';
COMMENT ON COLUMN charmbills.chain_state.node_headers IS 'Headers the node knows.';
COMMENT ON COLUMN charmbills.chain_state.node_initial_download IS 'Whether the node is still downloading the chain.';
COMMENT ON COLUMN charmbills.chain_state.node_prune_height IS 'Lowest block a pruned node still has; NULL where it has all.';
COMMENT ON COLUMN charmbills.chain_state.node_mempool_loaded IS 'Whether the node has loaded its mempool.';
COMMENT ON COLUMN charmbills.chain_state.node_version IS 'Software the node names itself.';
COMMENT ON COLUMN charmbills.chain_state.system_identifier IS 'Database cluster in which this was written.';
COMMENT ON COLUMN charmbills.chain_state.database_oid IS 'Database in which this was written.';
COMMENT ON COLUMN charmbills.chain_state.extension_oid IS 'Installation of the extension in which this was written.';
COMMENT ON COLUMN charmbills.chain_state.timeline IS 'Timeline in which this was written.';
COMMENT ON COLUMN charmbills.chain_state.own_height IS 'Height of the last block applied here; unlike height it stands still in a copy and after a promotion, until the new series begins.';
COMMENT ON COLUMN charmbills.chain_state.series IS 'Series of invoice numbers in force.';
COMMENT ON COLUMN charmbills.chain_state.series_height IS 'Height after which invoices of a lost predecessor, unknown here, may have been paid; NULL in the first series.';
COMMENT ON COLUMN charmbills.chain_state.test_clock IS 'Time on the sandbox''s clock; NULL for real time.';
COMMENT ON COLUMN charmbills.chain_state.epoch IS 'Epoch of the events written here; those of a copy or after a promotion are of the next.';

CREATE TABLE charmbills.blocks (
    height integer PRIMARY KEY,
    hash text NOT NULL UNIQUE,
    header bytea NOT NULL CHECK (octet_length(header) = 80),
    block_time timestamptz NOT NULL,
    median_time timestamptz NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE charmbills.blocks IS 'Headers of the chain followed.';
COMMENT ON COLUMN charmbills.blocks.height IS 'Height.';
COMMENT ON COLUMN charmbills.blocks.hash IS 'Hash.';
COMMENT ON COLUMN charmbills.blocks.header IS 'The 80 bytes.';
COMMENT ON COLUMN charmbills.blocks.block_time IS 'Time the miner gave it.';
COMMENT ON COLUMN charmbills.blocks.median_time IS 'Median time of the eleven blocks ending with it.';
COMMENT ON COLUMN charmbills.blocks.applied_at IS 'When it was applied here.';

CREATE TABLE charmbills.watched_scripts (
    script bytea PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    descriptor_id uuid REFERENCES charmbills.descriptors (id),
    derivation_index integer,
    offered_height integer,
    is_armed boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((descriptor_id IS NULL) = (derivation_index IS NULL))
);
COMMENT ON TABLE charmbills.watched_scripts IS 'Output scripts whose payments matter; they are watched for ever.';
COMMENT ON COLUMN charmbills.watched_scripts.script IS 'The script.';
COMMENT ON COLUMN charmbills.watched_scripts.merchant_id IS 'Merchant it pays.';
COMMENT ON COLUMN charmbills.watched_scripts.descriptor_id IS 'Descriptor it was derived from; NULL for a fixed address.';
COMMENT ON COLUMN charmbills.watched_scripts.derivation_index IS 'Its index there.';
COMMENT ON COLUMN charmbills.watched_scripts.offered_height IS 'Until it is armed: the last block it is known to have been matched against.';
COMMENT ON COLUMN charmbills.watched_scripts.is_armed IS 'Whether every block and mempool transaction since its birth has been matched against it.';
COMMENT ON COLUMN charmbills.watched_scripts.created_at IS 'When it was born.';

CREATE UNIQUE INDEX watched_scripts_derivation_key ON charmbills.watched_scripts (descriptor_id, derivation_index);
CREATE INDEX watched_scripts_unarmed_idx ON charmbills.watched_scripts (offered_height) WHERE NOT is_armed;

CREATE TABLE charmbills.chain_transactions (
    txid charmbills.txid PRIMARY KEY,
    raw bytea NOT NULL,
    is_coinbase boolean NOT NULL DEFAULT false,
    status text NOT NULL CHECK (status IN ('unseen', 'seen', 'confirmed', 'replaced', 'evicted')),
    block_height integer,
    block_hash text,
    block_median_time timestamptz,
    replaced_by charmbills.txid,
    parents_known boolean NOT NULL DEFAULT false,
    first_seen_at timestamptz NOT NULL,
    CHECK ((status = 'confirmed') = (block_height IS NOT NULL))
);
COMMENT ON TABLE charmbills.chain_transactions IS 'Transactions that pay a watched script, spend a watched outpoint, or are ancestors of one that does.';
COMMENT ON COLUMN charmbills.chain_transactions.txid IS 'Identifier.';
COMMENT ON COLUMN charmbills.chain_transactions.raw IS 'Serialized transaction.';
COMMENT ON COLUMN charmbills.chain_transactions.is_coinbase IS 'Whether it is a block''s coinbase.';
COMMENT ON COLUMN charmbills.chain_transactions.status IS 'unseen (ours, no node has seen it), seen, confirmed, replaced or evicted.';
COMMENT ON COLUMN charmbills.chain_transactions.block_height IS 'Height of its block.';
COMMENT ON COLUMN charmbills.chain_transactions.block_hash IS 'Hash of its block.';
COMMENT ON COLUMN charmbills.chain_transactions.block_median_time IS 'Median time past of its block.';
COMMENT ON COLUMN charmbills.chain_transactions.replaced_by IS 'Transaction that spent one of its inputs, or of its ancestors'' inputs, instead.';
COMMENT ON COLUMN charmbills.chain_transactions.parents_known IS 'Whether its unconfirmed ancestors have been asked for.';
COMMENT ON COLUMN charmbills.chain_transactions.first_seen_at IS 'When it was first seen.';

CREATE INDEX chain_transactions_height_idx ON charmbills.chain_transactions (block_height) WHERE block_height IS NOT NULL;
CREATE INDEX chain_transactions_replaced_by_idx ON charmbills.chain_transactions (replaced_by) WHERE replaced_by IS NOT NULL;
CREATE INDEX chain_transactions_seen_idx ON charmbills.chain_transactions (txid) WHERE status = 'seen';

CREATE TABLE charmbills.watched_outpoints (
    outpoint charmbills.outpoint NOT NULL,
    spender charmbills.txid NOT NULL,
    offered_height integer,
    is_armed boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (outpoint, spender)
);
COMMENT ON TABLE charmbills.watched_outpoints IS 'Outpoints whose spending matters: reserved UTXOs, plans'' NFTs, and inputs of the transactions we know.';
COMMENT ON COLUMN charmbills.watched_outpoints.outpoint IS 'The outpoint.';
COMMENT ON COLUMN charmbills.watched_outpoints.spender IS 'Known transaction that spends it; all zero for an outpoint watched for its own sake.';
COMMENT ON COLUMN charmbills.watched_outpoints.offered_height IS 'Until it is armed: the last block it is known to have been matched against.';
COMMENT ON COLUMN charmbills.watched_outpoints.is_armed IS 'Whether every block and mempool transaction since its birth has been matched against it.';
COMMENT ON COLUMN charmbills.watched_outpoints.created_at IS 'When it was born.';

CREATE INDEX watched_outpoints_spender_idx ON charmbills.watched_outpoints (spender);
CREATE INDEX watched_outpoints_unarmed_idx ON charmbills.watched_outpoints (offered_height) WHERE NOT is_armed;

CREATE TABLE charmbills.transactions (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    type text NOT NULL CHECK (type ~ '^[a-z][a-z0-9-]{0,31}$'),
    plan_id uuid REFERENCES charmbills.plans (id),
    subscription_id uuid REFERENCES charmbills.subscription_facts (id),
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    commit_tx text,
    spell_tx text,
    commit_txid charmbills.txid,
    spell_txid charmbills.txid,
    status text NOT NULL CHECK (status IN ('pending_signature', 'pending', 'confirmed', 'failed', 'replaced')),
    error_message text,
    confirmations integer NOT NULL DEFAULT 1,
    block_height integer,
    block_hash text,
    matures_at_height integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz
);
COMMENT ON TABLE charmbills.transactions IS 'Charms and other transactions of ours: one transaction, or a commit and the spell that spends it.';
COMMENT ON COLUMN charmbills.transactions.id IS 'Identity of the row.';
COMMENT ON COLUMN charmbills.transactions.type IS 'What it does: mint-nft, mint-token, send, payment and so on.';
COMMENT ON COLUMN charmbills.transactions.plan_id IS 'Plan it mints or uses.';
COMMENT ON COLUMN charmbills.transactions.subscription_id IS 'Subscription it is for.';
COMMENT ON COLUMN charmbills.transactions.merchant_id IS 'Merchant it belongs to.';
COMMENT ON COLUMN charmbills.transactions.commit_tx IS 'Commit transaction in hex.';
COMMENT ON COLUMN charmbills.transactions.spell_tx IS 'Spell transaction, or the only one, in hex.';
COMMENT ON COLUMN charmbills.transactions.commit_txid IS 'Identifier of the commit transaction.';
COMMENT ON COLUMN charmbills.transactions.spell_txid IS 'Identifier of the spell transaction.';
COMMENT ON COLUMN charmbills.transactions.status IS 'pending_signature, pending, confirmed, failed or replaced.';
COMMENT ON COLUMN charmbills.transactions.error_message IS 'Why it failed or was replaced.';
COMMENT ON COLUMN charmbills.transactions.confirmations IS 'Depth at which it counts as confirmed.';
COMMENT ON COLUMN charmbills.transactions.block_height IS 'Height of its block.';
COMMENT ON COLUMN charmbills.transactions.block_hash IS 'Hash of its block.';
COMMENT ON COLUMN charmbills.transactions.matures_at_height IS 'Height of the chain at which it counts as confirmed.';
COMMENT ON COLUMN charmbills.transactions.created_at IS 'When it was created.';
COMMENT ON COLUMN charmbills.transactions.confirmed_at IS 'When it was confirmed.';

CREATE INDEX transactions_commit_txid_idx ON charmbills.transactions (commit_txid);
CREATE INDEX transactions_spell_txid_idx ON charmbills.transactions (spell_txid);
CREATE INDEX transactions_plan_id_idx ON charmbills.transactions (plan_id);
CREATE INDEX transactions_subscription_id_idx ON charmbills.transactions (subscription_id);
CREATE INDEX transactions_merchant_id_idx ON charmbills.transactions (merchant_id);
CREATE INDEX transactions_status_created_at_idx ON charmbills.transactions (status, created_at);
CREATE INDEX transactions_matures_at_height_idx ON charmbills.transactions (matures_at_height) WHERE matures_at_height IS NOT NULL;

CREATE TABLE charmbills.used_utxos (
    outpoint charmbills.outpoint PRIMARY KEY,
    merchant_id uuid REFERENCES charmbills.merchants (id),
    used_at timestamptz NOT NULL DEFAULT now(),
    used_by text NOT NULL,
    marked_by text,
    transaction_id uuid REFERENCES charmbills.transactions (id),
    confirmed boolean NOT NULL DEFAULT false,
    spent_by charmbills.txid,
    spent_height integer,
    matures_at_height integer
);
COMMENT ON TABLE charmbills.used_utxos IS 'Reservations: a UTXO in here is taken and must not be spent by another transaction of ours.';
COMMENT ON COLUMN charmbills.used_utxos.outpoint IS 'The UTXO.';
COMMENT ON COLUMN charmbills.used_utxos.merchant_id IS 'Merchant it is reserved for.';
COMMENT ON COLUMN charmbills.used_utxos.used_at IS 'When it was reserved.';
COMMENT ON COLUMN charmbills.used_utxos.used_by IS 'What it is reserved for, in the caller''s words.';
COMMENT ON COLUMN charmbills.used_utxos.marked_by IS 'Who reserved it.';
COMMENT ON COLUMN charmbills.used_utxos.transaction_id IS 'Transaction of ours that spends it.';
COMMENT ON COLUMN charmbills.used_utxos.confirmed IS 'Whether it is known to be spent for good.';
COMMENT ON COLUMN charmbills.used_utxos.spent_by IS 'Transaction seen to spend it.';
COMMENT ON COLUMN charmbills.used_utxos.spent_height IS 'Height of the block in which it was spent.';
COMMENT ON COLUMN charmbills.used_utxos.matures_at_height IS 'Height of the chain at which it is spent for good.';

CREATE INDEX used_utxos_merchant_id_idx ON charmbills.used_utxos (merchant_id);
CREATE INDEX used_utxos_transaction_id_idx ON charmbills.used_utxos (transaction_id);
CREATE INDEX used_utxos_matures_at_height_idx ON charmbills.used_utxos (matures_at_height) WHERE matures_at_height IS NOT NULL;
CREATE INDEX used_utxos_idle_idx ON charmbills.used_utxos (used_at) WHERE NOT confirmed AND spent_by IS NULL;

CREATE TABLE charmbills.events (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    type text NOT NULL,
    merchant_id uuid REFERENCES charmbills.merchants (id),
    subject text NOT NULL,
    subject_seq bigint NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    occurred_at timestamptz NOT NULL DEFAULT now(),
    epoch integer NOT NULL DEFAULT 0,
    UNIQUE (subject, subject_seq)
);
COMMENT ON TABLE charmbills.events IS 'What happened, append-only, written with the change itself.';
COMMENT ON COLUMN charmbills.events.id IS 'Orders events roughly; commits may land out of its order.';
COMMENT ON COLUMN charmbills.events.xid IS 'Transaction that wrote the event.';
COMMENT ON COLUMN charmbills.events.type IS 'What kind of thing happened, such as invoice.paid.';
COMMENT ON COLUMN charmbills.events.merchant_id IS 'Merchant concerned; NULL where it is the chain''s or the operator''s.';
COMMENT ON COLUMN charmbills.events.subject IS 'What it happened to: kind and identity, such as invoice:0192….';
COMMENT ON COLUMN charmbills.events.subject_seq IS 'Position among the subject''s events, from 1 without gaps.';
COMMENT ON COLUMN charmbills.events.payload IS 'Details.';
COMMENT ON COLUMN charmbills.events.occurred_at IS 'When it happened.';
COMMENT ON COLUMN charmbills.events.epoch IS 'Which of the databases that this one was copied or promoted from wrote it: transactions are numbered anew in each.';

CREATE INDEX events_order_idx ON charmbills.events (epoch, xid, id);
CREATE INDEX events_merchant_order_idx ON charmbills.events (merchant_id, epoch, xid, id);

CREATE TABLE charmbills.jobs (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    kind text NOT NULL,
    payload jsonb NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    run_after timestamptz NOT NULL DEFAULT now(),
    claimed_by text,
    lease_until timestamptz,
    dedup_key text UNIQUE,
    last_error text,
    merchant_id uuid REFERENCES charmbills.merchants (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    lane uuid,
    CONSTRAINT jobs_lane_check CHECK (kind NOT IN ('webhook', 'exchange_rate', 'prove') OR lane IS NOT NULL)
);
COMMENT ON TABLE charmbills.jobs IS 'Work for the outside world, done by the background worker.';
COMMENT ON COLUMN charmbills.jobs.id IS 'Identity of the job.';
COMMENT ON COLUMN charmbills.jobs.kind IS 'What is to be done: broadcast, rescan, gather, prove, webhook, exchange_rate.';
COMMENT ON COLUMN charmbills.jobs.payload IS 'What it needs.';
COMMENT ON COLUMN charmbills.jobs.state IS 'queued, running, done or failed.';
COMMENT ON COLUMN charmbills.jobs.attempts IS 'How often it has been tried and charged.';
COMMENT ON COLUMN charmbills.jobs.run_after IS 'Not to be tried before.';
COMMENT ON COLUMN charmbills.jobs.claimed_by IS 'Worker that holds it.';
COMMENT ON COLUMN charmbills.jobs.lease_until IS 'Until when it is held; after that another worker may take it.';
COMMENT ON COLUMN charmbills.jobs.dedup_key IS 'At most one job has this key.';
COMMENT ON COLUMN charmbills.jobs.last_error IS 'Why the last try failed.';
COMMENT ON COLUMN charmbills.jobs.merchant_id IS 'Merchant it is for.';
COMMENT ON COLUMN charmbills.jobs.created_at IS 'When it was queued.';
COMMENT ON COLUMN charmbills.jobs.finished_at IS 'When it was done or given up.';
COMMENT ON COLUMN charmbills.jobs.lane IS 'HTTP jobs of one lane share its width: a webhook endpoint, the prover, or the job itself where it waits for no other. NULL for what a Bitcoin node does.';

CREATE INDEX jobs_due_idx ON charmbills.jobs (run_after) WHERE state IN ('queued', 'running') AND lane IS NULL;
CREATE INDEX jobs_lane_queued_idx ON charmbills.jobs (lane, run_after, id) WHERE state = 'queued' AND lane IS NOT NULL;
CREATE INDEX jobs_lane_running_idx ON charmbills.jobs (lane) WHERE state = 'running' AND lane IS NOT NULL;
