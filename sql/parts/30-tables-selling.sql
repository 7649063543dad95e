-- Who sells, who buys, what is sold and what is owed.

CREATE FUNCTION charmbills.uuid_v7() RETURNS uuid
LANGUAGE C VOLATILE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_uuid_v7';
COMMENT ON FUNCTION charmbills.uuid_v7() IS
'A new time-ordered UUID (RFC 9562 version 7).';

CREATE TABLE charmbills.merchants (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    address text,
    name text NOT NULL CHECK (name <> ''),
    email text,
    descriptor text,
    timezone text NOT NULL DEFAULT 'UTC',
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (address IS NOT NULL OR descriptor IS NOT NULL)
);
COMMENT ON TABLE charmbills.merchants IS 'Who sells.';
COMMENT ON COLUMN charmbills.merchants.id IS 'Identity of the merchant.';
COMMENT ON COLUMN charmbills.merchants.address IS 'Fixed Bitcoin address: the merchant''s name on chain, and where invoices are paid when there is no descriptor.';
COMMENT ON COLUMN charmbills.merchants.name IS 'Name shown to customers.';
COMMENT ON COLUMN charmbills.merchants.email IS 'Where the operator reaches the merchant.';
COMMENT ON COLUMN charmbills.merchants.descriptor IS 'Public ranged output descriptor from which every invoice gets a fresh address.';
COMMENT ON COLUMN charmbills.merchants.timezone IS 'Time zone in which billing periods are computed.';
COMMENT ON COLUMN charmbills.merchants.is_active IS 'False stops new subscriptions and invoices.';
COMMENT ON COLUMN charmbills.merchants.created_at IS 'When the merchant was created.';

CREATE UNIQUE INDEX merchants_address_key ON charmbills.merchants (address);

CREATE TABLE charmbills.merchant_roles (
    role_name name NOT NULL,
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    PRIMARY KEY (role_name, merchant_id)
);
COMMENT ON TABLE charmbills.merchant_roles IS 'Database roles that act for a merchant and see nothing but its rows.';
COMMENT ON COLUMN charmbills.merchant_roles.role_name IS 'Name of the database role.';
COMMENT ON COLUMN charmbills.merchant_roles.merchant_id IS 'Merchant it acts for.';

CREATE TABLE charmbills.merchant_counters (
    merchant_id uuid PRIMARY KEY REFERENCES charmbills.merchants (id),
    series text NOT NULL DEFAULT '',
    next_invoice_number bigint NOT NULL DEFAULT 1 CHECK (next_invoice_number > 0)
);
COMMENT ON TABLE charmbills.merchant_counters IS 'The next invoice number of each merchant; its row lock also guards the merchant''s derivation indexes, and is taken last.';
COMMENT ON COLUMN charmbills.merchant_counters.merchant_id IS 'Merchant counted for.';
COMMENT ON COLUMN charmbills.merchant_counters.series IS 'Series the next number belongs to: empty at first, another after the database was promoted or adopted.';
COMMENT ON COLUMN charmbills.merchant_counters.next_invoice_number IS 'Number of the next invoice in this series.';

CREATE TABLE charmbills.descriptors (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    canonical text NOT NULL UNIQUE,
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    next_index integer NOT NULL CHECK (next_index >= 0),
    first_index integer NOT NULL CHECK (first_index >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    written text
);
COMMENT ON TABLE charmbills.descriptors IS 'Sources of addresses; each belongs to one merchant for ever.';
COMMENT ON COLUMN charmbills.descriptors.id IS 'Identity of the descriptor.';
COMMENT ON COLUMN charmbills.descriptors.canonical IS 'Text that identifies the scripts it derives, however it was written.';
COMMENT ON COLUMN charmbills.descriptors.merchant_id IS 'Merchant it belongs to.';
COMMENT ON COLUMN charmbills.descriptors.next_index IS 'Index of the next address to be issued.';
COMMENT ON COLUMN charmbills.descriptors.first_index IS 'Index of the first address that was ever issued or watched.';
COMMENT ON COLUMN charmbills.descriptors.created_at IS 'When the descriptor was first given.';
COMMENT ON COLUMN charmbills.descriptors.written IS 'As it was last given, which may say where its keys come from: PSBTs tell signers.';

CREATE INDEX descriptors_merchant_id_idx ON charmbills.descriptors (merchant_id);

CREATE TABLE charmbills.customers (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    external_id text,
    address text,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (external_id IS NOT NULL OR address IS NOT NULL)
);
COMMENT ON TABLE charmbills.customers IS 'A merchant''s customers.';
COMMENT ON COLUMN charmbills.customers.id IS 'Identity of the customer.';
COMMENT ON COLUMN charmbills.customers.merchant_id IS 'Merchant whose customer this is.';
COMMENT ON COLUMN charmbills.customers.external_id IS 'The application''s own name for the customer.';
COMMENT ON COLUMN charmbills.customers.address IS 'The customer''s Bitcoin address.';
COMMENT ON COLUMN charmbills.customers.metadata IS 'Whatever the application wants to keep here.';
COMMENT ON COLUMN charmbills.customers.created_at IS 'When the customer was first seen.';

CREATE UNIQUE INDEX customers_external_id_key ON charmbills.customers (merchant_id, external_id);
CREATE UNIQUE INDEX customers_address_key ON charmbills.customers (merchant_id, address) WHERE external_id IS NULL;

CREATE TABLE charmbills.api_keys (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    prefix text NOT NULL UNIQUE,
    key_hash bytea NOT NULL CHECK (octet_length(key_hash) = 32),
    name text NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    expires_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE charmbills.api_keys IS 'Credentials of merchants'' programs.';
COMMENT ON COLUMN charmbills.api_keys.id IS 'Identity of the key.';
COMMENT ON COLUMN charmbills.api_keys.merchant_id IS 'Merchant it acts for.';
COMMENT ON COLUMN charmbills.api_keys.prefix IS 'Public part by which a key is found and recognised.';
COMMENT ON COLUMN charmbills.api_keys.key_hash IS 'SHA-256 of the secret part.';
COMMENT ON COLUMN charmbills.api_keys.name IS 'What the merchant calls it.';
COMMENT ON COLUMN charmbills.api_keys.is_active IS 'False once revoked.';
COMMENT ON COLUMN charmbills.api_keys.expires_at IS 'When it stops working by itself.';
COMMENT ON COLUMN charmbills.api_keys.last_used_at IS 'When it last opened a door.';
COMMENT ON COLUMN charmbills.api_keys.created_at IS 'When it was made.';

CREATE INDEX api_keys_merchant_id_idx ON charmbills.api_keys (merchant_id);

CREATE TABLE charmbills.plans (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    merchant_address text,
    service_name text NOT NULL CHECK (service_name <> ''),
    price_sats charmbills.sats,
    billing_cycle text NOT NULL,
    trial interval NOT NULL DEFAULT '0',
    grace interval NOT NULL DEFAULT '5 days',
    confirmations integer CHECK (confirmations BETWEEN 0 AND 1000),
    tolerance_sats charmbills.sats NOT NULL DEFAULT 0,
    allow_multiple boolean NOT NULL DEFAULT false,
    ticker text,
    app_id text CHECK (app_id ~ '^[0-9a-f]{64}$'),
    app_vk text CHECK (app_vk ~ '^[0-9a-f]{64}$'),
    nft_utxo charmbills.outpoint,
    remaining_supply numeric CHECK (remaining_supply >= 0 AND remaining_supply = trunc(remaining_supply)),
    status text NOT NULL CHECK (status IN ('pending_signature', 'pending_confirmation', 'active', 'inactive', 'failed')),
    metadata jsonb NOT NULL DEFAULT '{}',
    import_key text UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    currency text CONSTRAINT plans_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    price numeric CONSTRAINT plans_price_range_check CHECK (price >= 0 AND price < 10000000000),
    tolerance_percent numeric NOT NULL DEFAULT 0
        CONSTRAINT plans_tolerance_percent_check CHECK (tolerance_percent >= 0 AND tolerance_percent <= 100),
    tax_rate numeric NOT NULL DEFAULT 0 CONSTRAINT plans_tax_rate_check CHECK (tax_rate >= 0 AND tax_rate <= 100),
    min_invoice_sats charmbills.sats NOT NULL DEFAULT 0,
    lead_time interval CONSTRAINT plans_lead_time_check CHECK (lead_time >= interval '0'),
    restart text NOT NULL DEFAULT 'payment' CONSTRAINT plans_restart_check CHECK (restart IN ('payment', 'period_end')),
    trial_once boolean NOT NULL DEFAULT true,
    dunning interval[] NOT NULL DEFAULT '{1 day, 3 days}',
    uncollectible_after interval NOT NULL DEFAULT '30 days'
        CONSTRAINT plans_uncollectible_after_check CHECK (uncollectible_after >= interval '0'),
    entitlement text NOT NULL DEFAULT 'payment'
        CONSTRAINT plans_entitlement_check CHECK (entitlement IN ('payment', 'token', 'either')),
    token_units numeric NOT NULL DEFAULT 1 CONSTRAINT plans_token_units_check
        CHECK (token_units BETWEEN 1 AND 18446744073709551615 AND token_units = trunc(token_units)),
    token_access text NOT NULL DEFAULT 'held'
        CONSTRAINT plans_token_access_check CHECK (token_access IN ('held', 'cycle')),
    accept_beamed boolean NOT NULL DEFAULT false,
    nft_state text NOT NULL DEFAULT 'unborn'
        CONSTRAINT plans_nft_state_check CHECK (nft_state IN ('unborn', 'held', 'away', 'unknown', 'gone')),
    nft_script bytea,
    deactivated_by text CONSTRAINT plans_deactivated_by_check CHECK (deactivated_by IN ('merchant', 'nft')),
    nft_matures_at_height integer,
    CONSTRAINT plans_currency_price_check CHECK ((currency IS NULL) = (price IS NULL)),
    CONSTRAINT plans_price_check CHECK ((price_sats IS NULL) = (price IS NOT NULL))
);
COMMENT ON TABLE charmbills.plans IS 'What is sold.';
COMMENT ON COLUMN charmbills.plans.id IS 'Identity of the plan.';
COMMENT ON COLUMN charmbills.plans.merchant_id IS 'Merchant who sells it.';
COMMENT ON COLUMN charmbills.plans.merchant_address IS 'The merchant''s address when the plan was made.';
COMMENT ON COLUMN charmbills.plans.service_name IS 'Name of the service.';
COMMENT ON COLUMN charmbills.plans.price_sats IS 'Price of one period in sats; 0 is a free plan, NULL one that is priced in a currency.';
COMMENT ON COLUMN charmbills.plans.billing_cycle IS 'weekly, monthly, yearly, demo (three minutes), lifetime, or an interval.';
COMMENT ON COLUMN charmbills.plans.trial IS 'How long a new subscription runs before its first invoice.';
COMMENT ON COLUMN charmbills.plans.grace IS 'How long access lasts after a period ends unpaid.';
COMMENT ON COLUMN charmbills.plans.confirmations IS 'Depth at which a payment or mint counts; NULL takes charmbills.confirmations.';
COMMENT ON COLUMN charmbills.plans.tolerance_sats IS 'How many sats may be missing on an invoice that still counts as paid.';
COMMENT ON COLUMN charmbills.plans.allow_multiple IS 'Whether one customer may hold several live subscriptions to it.';
COMMENT ON COLUMN charmbills.plans.ticker IS 'Ticker of the subscription token.';
COMMENT ON COLUMN charmbills.plans.app_id IS 'Charms identity: SHA-256 of the anchor UTXO, in hex.';
COMMENT ON COLUMN charmbills.plans.app_vk IS 'Charms verification key of the app, in hex.';
COMMENT ON COLUMN charmbills.plans.nft_utxo IS 'Where the plan''s NFT is now.';
COMMENT ON COLUMN charmbills.plans.remaining_supply IS 'Subscription tokens that may still be minted.';
COMMENT ON COLUMN charmbills.plans.status IS 'pending_signature, pending_confirmation, active, inactive or failed.';
COMMENT ON COLUMN charmbills.plans.metadata IS 'Whatever the merchant wants to keep here.';
COMMENT ON COLUMN charmbills.plans.import_key IS 'Identity of the plan in the service it was imported from.';
COMMENT ON COLUMN charmbills.plans.created_at IS 'When the plan was created.';
COMMENT ON COLUMN charmbills.plans.updated_at IS 'When it last changed.';
COMMENT ON COLUMN charmbills.plans.currency IS 'ISO 4217 code of the currency it is priced in; NULL for sats.';
COMMENT ON COLUMN charmbills.plans.price IS 'Price of one period in that currency.';
COMMENT ON COLUMN charmbills.plans.tolerance_percent IS 'How many percent may be missing on an invoice that still counts as paid; the larger of the two tolerances holds.';
COMMENT ON COLUMN charmbills.plans.tax_rate IS 'Tax in percent, added to the price.';
COMMENT ON COLUMN charmbills.plans.min_invoice_sats IS 'An invoice for less is carried to the next one.';
COMMENT ON COLUMN charmbills.plans.lead_time IS 'How long before a period the invoice for it is issued; NULL takes three days, or a tenth of the cycle if that is shorter.';
COMMENT ON COLUMN charmbills.plans.restart IS 'Where the period of an invoice paid after it expired begins: payment, or period_end for where the last one ended.';
COMMENT ON COLUMN charmbills.plans.trial_once IS 'Whether a customer has the trial only once.';
COMMENT ON COLUMN charmbills.plans.dunning IS 'How long after its due time an unpaid invoice is brought to mind, each step with an event; negative before it.';
COMMENT ON COLUMN charmbills.plans.uncollectible_after IS 'How long after its due time an expired invoice is given up.';
COMMENT ON COLUMN charmbills.plans.entitlement IS 'What gives access: payment of its subscription, a token on the customer''s address, or either.';
COMMENT ON COLUMN charmbills.plans.token_units IS 'Tokens that give access to one customer.';
COMMENT ON COLUMN charmbills.plans.token_access IS 'How long they do: held, as long as they are, or cycle, for one billing cycle from their mint.';
COMMENT ON COLUMN charmbills.plans.accept_beamed IS 'Whether tokens that were beamed out and come back count.';
COMMENT ON COLUMN charmbills.plans.nft_state IS 'Where the plan''s NFT is: unborn, held by the merchant, away on another script, unknown (spent by a spell of an unsupported version) or gone.';
COMMENT ON COLUMN charmbills.plans.nft_script IS 'Script that the NFT is to be on, where it is not the merchant''s address.';
COMMENT ON COLUMN charmbills.plans.deactivated_by IS 'Why an inactive plan is: its merchant took it off sale, or its NFT left the merchant.';
COMMENT ON COLUMN charmbills.plans.nft_matures_at_height IS 'Height of the chain at which the birth of its NFT has the confirmations that it needs.';

CREATE INDEX plans_merchant_id_idx ON charmbills.plans (merchant_id);
CREATE INDEX plans_nft_utxo_idx ON charmbills.plans (nft_utxo) WHERE nft_utxo IS NOT NULL;
CREATE INDEX plans_nft_matures_idx ON charmbills.plans (nft_matures_at_height) WHERE nft_matures_at_height IS NOT NULL;
CREATE INDEX plans_nft_waiting_idx ON charmbills.plans (nft_matures_at_height) WHERE status = 'pending_confirmation';

CREATE TABLE charmbills.subscription_facts (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    plan_id uuid NOT NULL REFERENCES charmbills.plans (id),
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    customer_id uuid NOT NULL REFERENCES charmbills.customers (id),
    subscriber_address text,
    token_utxo charmbills.outpoint,
    token_amount numeric,
    status text NOT NULL CHECK (status IN ('pending', 'trialing', 'active', 'past_due', 'expired', 'paused', 'canceled')),
    cycle text NOT NULL,
    timezone text NOT NULL,
    grace interval NOT NULL,
    anchor timestamptz NOT NULL,
    trial_end timestamptz,
    purchased_at timestamptz,
    period_start timestamptz,
    paid_through timestamptz,
    grace_until timestamptz,
    first_expired_at timestamptz,
    paused_at timestamptz,
    cancel_at_period_end boolean NOT NULL DEFAULT false,
    canceled_at timestamptz,
    ended_at timestamptz,
    next_boundary timestamptz,
    last_verified_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    quantity integer NOT NULL DEFAULT 1
        CONSTRAINT subscription_facts_quantity_check CHECK (quantity BETWEEN 1 AND 1000000),
    lead_time interval NOT NULL DEFAULT '0',
    restart text NOT NULL DEFAULT 'payment'
        CONSTRAINT subscription_facts_restart_check CHECK (restart IN ('payment', 'period_end')),
    paused_for interval NOT NULL DEFAULT '0',
    next_plan_id uuid CONSTRAINT subscription_facts_next_plan_id_fkey REFERENCES charmbills.plans (id),
    next_quantity integer,
    next_plan_at timestamptz,
    pending_plan_id uuid CONSTRAINT subscription_facts_pending_plan_id_fkey REFERENCES charmbills.plans (id),
    pending_quantity integer,
    next_invoice_at timestamptz,
    billing_error text,
    held_until timestamptz,
    trial_plan_id uuid CONSTRAINT subscription_facts_trial_plan_id_fkey REFERENCES charmbills.plans (id),
    token_check_at timestamptz
);
COMMENT ON TABLE charmbills.subscription_facts IS 'What is known of each subscription; its status follows from this and the time.';
COMMENT ON COLUMN charmbills.subscription_facts.id IS 'Identity of the subscription.';
COMMENT ON COLUMN charmbills.subscription_facts.plan_id IS 'Plan subscribed to.';
COMMENT ON COLUMN charmbills.subscription_facts.merchant_id IS 'Merchant who sells the plan.';
COMMENT ON COLUMN charmbills.subscription_facts.customer_id IS 'Customer who subscribed.';
COMMENT ON COLUMN charmbills.subscription_facts.subscriber_address IS 'Bitcoin address the customer subscribed with.';
COMMENT ON COLUMN charmbills.subscription_facts.token_utxo IS 'Where most of the plan''s tokens on its address are; NULL where there are none.';
COMMENT ON COLUMN charmbills.subscription_facts.token_amount IS 'The plan''s tokens on its address; NULL where it has none, or the plan''s are not followed.';
COMMENT ON COLUMN charmbills.subscription_facts.status IS 'Status last announced by an event; the view subscriptions shows the present one.';
COMMENT ON COLUMN charmbills.subscription_facts.cycle IS 'Billing cycle in force.';
COMMENT ON COLUMN charmbills.subscription_facts.timezone IS 'Time zone its periods are computed in.';
COMMENT ON COLUMN charmbills.subscription_facts.grace IS 'How long access lasts after an unpaid period end.';
COMMENT ON COLUMN charmbills.subscription_facts.anchor IS 'Instant from which every period is computed.';
COMMENT ON COLUMN charmbills.subscription_facts.trial_end IS 'End of the trial, NULL without one.';
COMMENT ON COLUMN charmbills.subscription_facts.purchased_at IS 'When it was first paid.';
COMMENT ON COLUMN charmbills.subscription_facts.period_start IS 'Start of the last paid period.';
COMMENT ON COLUMN charmbills.subscription_facts.paid_through IS 'End of the last paid period; infinity for a lifetime.';
COMMENT ON COLUMN charmbills.subscription_facts.grace_until IS 'End of the grace after that.';
COMMENT ON COLUMN charmbills.subscription_facts.first_expired_at IS 'When its first invoice expired unpaid.';
COMMENT ON COLUMN charmbills.subscription_facts.paused_at IS 'Since when it is paused.';
COMMENT ON COLUMN charmbills.subscription_facts.cancel_at_period_end IS 'Whether it ends with the paid period.';
COMMENT ON COLUMN charmbills.subscription_facts.canceled_at IS 'When cancellation was asked for.';
COMMENT ON COLUMN charmbills.subscription_facts.ended_at IS 'When it ends or ended for good.';
COMMENT ON COLUMN charmbills.subscription_facts.next_boundary IS 'Next instant at which time changes its status.';
COMMENT ON COLUMN charmbills.subscription_facts.last_verified_at IS 'When the proofs behind its tokens were last verified, all of them.';
COMMENT ON COLUMN charmbills.subscription_facts.created_at IS 'When it was created.';
COMMENT ON COLUMN charmbills.subscription_facts.quantity IS 'How many times the plan''s price is paid.';
COMMENT ON COLUMN charmbills.subscription_facts.lead_time IS 'How long before a period the invoice for it is issued.';
COMMENT ON COLUMN charmbills.subscription_facts.restart IS 'Where the period of an invoice paid after it expired begins: payment or period_end.';
COMMENT ON COLUMN charmbills.subscription_facts.paused_for IS 'How long it has been paused in all, ended pauses alone.';
COMMENT ON COLUMN charmbills.subscription_facts.next_plan_id IS 'Plan that a period paid in advance is for, where it is another.';
COMMENT ON COLUMN charmbills.subscription_facts.next_quantity IS 'Quantity of that period.';
COMMENT ON COLUMN charmbills.subscription_facts.next_plan_at IS 'When that period begins; from then on the subscription is one to that plan.';
COMMENT ON COLUMN charmbills.subscription_facts.pending_plan_id IS 'Plan that the next invoice will be for; NULL for no change.';
COMMENT ON COLUMN charmbills.subscription_facts.pending_quantity IS 'Quantity that the next invoice will be for; NULL for no change.';
COMMENT ON COLUMN charmbills.subscription_facts.next_invoice_at IS 'When the next invoice is to be issued; NULL while it stands, or none is to come.';
COMMENT ON COLUMN charmbills.subscription_facts.billing_error IS 'Why billing it failed last; NULL when it did not.';
COMMENT ON COLUMN charmbills.subscription_facts.held_until IS 'After a failure: when billing it is tried again.';
COMMENT ON COLUMN charmbills.subscription_facts.trial_plan_id IS 'Plan that its trial was of; NULL without one.';
COMMENT ON COLUMN charmbills.subscription_facts.token_check_at IS 'When its tokens are to be verified again, or may count no longer; -infinity: with the next block, since one may have passed it by; NULL while there is nothing to look at.';

CREATE INDEX subscription_facts_customer_idx ON charmbills.subscription_facts (customer_id, plan_id);
CREATE INDEX subscription_facts_plan_id_idx ON charmbills.subscription_facts (plan_id);
CREATE INDEX subscription_facts_address_idx ON charmbills.subscription_facts (merchant_id, subscriber_address);
CREATE INDEX subscription_facts_boundary_idx ON charmbills.subscription_facts (next_boundary) WHERE next_boundary IS NOT NULL;
CREATE INDEX subscription_facts_held_idx ON charmbills.subscription_facts (held_until) WHERE billing_error IS NOT NULL;
CREATE INDEX subscription_facts_token_check_idx ON charmbills.subscription_facts (token_check_at) WHERE token_check_at IS NOT NULL;
CREATE INDEX subscription_facts_invoice_idx ON charmbills.subscription_facts (next_invoice_at) WHERE next_invoice_at IS NOT NULL;

CREATE TABLE charmbills.invoices (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    series text NOT NULL DEFAULT '',
    number bigint NOT NULL,
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    subscription_id uuid REFERENCES charmbills.subscription_facts (id),
    customer_id uuid REFERENCES charmbills.customers (id),
    kind text NOT NULL CHECK (kind IN ('period', 'change', 'one_off')),
    amount_sats charmbills.sats,
    tolerance_sats charmbills.sats NOT NULL DEFAULT 0,
    received_sats bigint NOT NULL DEFAULT 0,
    address text,
    script bytea,
    descriptor_id uuid REFERENCES charmbills.descriptors (id),
    derivation_index integer,
    confirmations integer NOT NULL,
    status text NOT NULL CHECK (status IN ('open', 'processing', 'paid', 'expired', 'void', 'uncollectible')),
    is_underpaid boolean NOT NULL DEFAULT false,
    is_overpaid boolean NOT NULL DEFAULT false,
    is_late boolean NOT NULL DEFAULT false,
    marked_paid_at timestamptz,
    marked_reason text,
    due_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    period_start timestamptz,
    period_end timestamptz,
    paid_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    plan_id uuid CONSTRAINT invoices_plan_id_fkey REFERENCES charmbills.plans (id),
    quantity integer,
    anchor timestamptz,
    paused_before interval NOT NULL DEFAULT '0',
    period_worth numeric,
    worth_start timestamptz,
    worth_end timestamptz,
    currency text,
    amount numeric,
    tolerance numeric,
    credit_sats bigint NOT NULL DEFAULT 0,
    carried_sats bigint NOT NULL DEFAULT 0,
    void_reason text CONSTRAINT invoices_void_reason_check
        CHECK (void_reason IN ('requested', 'canceled', 'paused', 'changed')),
    description text,
    metadata jsonb NOT NULL DEFAULT '{}',
    dunning_step integer NOT NULL DEFAULT 0,
    next_action_at timestamptz,
    tax_rate numeric NOT NULL DEFAULT 0,
    cycle text,
    UNIQUE (merchant_id, series, number),
    UNIQUE (descriptor_id, derivation_index),
    CHECK ((descriptor_id IS NULL) = (derivation_index IS NULL)),
    CHECK ((address IS NULL) = (script IS NULL)),
    CHECK (address IS NOT NULL OR amount_sats = 0),
    CONSTRAINT invoices_currency_check CHECK ((currency IS NULL) = (amount IS NULL)),
    CONSTRAINT invoices_amount_check CHECK (currency IS NOT NULL OR amount_sats IS NOT NULL)
);
COMMENT ON TABLE charmbills.invoices IS 'Demands for payment.';
COMMENT ON COLUMN charmbills.invoices.id IS 'Identity of the invoice.';
COMMENT ON COLUMN charmbills.invoices.series IS 'Number series: empty, or named after the promotion or adoption of the database that began it.';
COMMENT ON COLUMN charmbills.invoices.number IS 'Number without gaps within merchant and series.';
COMMENT ON COLUMN charmbills.invoices.merchant_id IS 'Merchant to be paid.';
COMMENT ON COLUMN charmbills.invoices.subscription_id IS 'Subscription it is for.';
COMMENT ON COLUMN charmbills.invoices.customer_id IS 'Customer who is to pay.';
COMMENT ON COLUMN charmbills.invoices.kind IS 'period: for one period of a subscription; change: for a change of plan within one; one_off: for anything else.';
COMMENT ON COLUMN charmbills.invoices.amount_sats IS 'Amount due; never changes. Where the invoice is in a currency: that of its latest quote, NULL before the first.';
COMMENT ON COLUMN charmbills.invoices.tolerance_sats IS 'How much may be missing.';
COMMENT ON COLUMN charmbills.invoices.received_sats IS 'Sum of its payments seen or confirmed.';
COMMENT ON COLUMN charmbills.invoices.address IS 'Where to pay.';
COMMENT ON COLUMN charmbills.invoices.script IS 'Output script of the address.';
COMMENT ON COLUMN charmbills.invoices.descriptor_id IS 'Descriptor that gave the address; NULL for a fixed address.';
COMMENT ON COLUMN charmbills.invoices.derivation_index IS 'Index of the address in its descriptor.';
COMMENT ON COLUMN charmbills.invoices.confirmations IS 'Depth at which its payments count; frozen at issue.';
COMMENT ON COLUMN charmbills.invoices.status IS 'open, processing, paid, expired, void or uncollectible.';
COMMENT ON COLUMN charmbills.invoices.is_underpaid IS 'Something was received, but less than is due.';
COMMENT ON COLUMN charmbills.invoices.is_overpaid IS 'More was received than is due.';
COMMENT ON COLUMN charmbills.invoices.is_late IS 'It was covered only after it had expired.';
COMMENT ON COLUMN charmbills.invoices.marked_paid_at IS 'When an operator declared it paid.';
COMMENT ON COLUMN charmbills.invoices.marked_reason IS 'Why an operator declared it paid.';
COMMENT ON COLUMN charmbills.invoices.due_at IS 'When it should be paid.';
COMMENT ON COLUMN charmbills.invoices.expires_at IS 'When it expires if nothing has been paid.';
COMMENT ON COLUMN charmbills.invoices.period_start IS 'Start of the period it is for.';
COMMENT ON COLUMN charmbills.invoices.period_end IS 'End of the period it is for.';
COMMENT ON COLUMN charmbills.invoices.paid_at IS 'Time of the payment that covered it.';
COMMENT ON COLUMN charmbills.invoices.created_at IS 'When it was issued.';
COMMENT ON COLUMN charmbills.invoices.plan_id IS 'Plan that its period is for.';
COMMENT ON COLUMN charmbills.invoices.quantity IS 'How many times the plan''s price.';
COMMENT ON COLUMN charmbills.invoices.anchor IS 'Instant from which its period is computed.';
COMMENT ON COLUMN charmbills.invoices.paused_before IS 'How long the subscription had been paused in all when it was issued; what comes after moves the end of the period.';
COMMENT ON COLUMN charmbills.invoices.period_worth IS 'Plan''s price of the whole period, before tax and credit, in the invoice''s currency or sats.';
COMMENT ON COLUMN charmbills.invoices.worth_start IS 'Start of the whole period that this is the price of.';
COMMENT ON COLUMN charmbills.invoices.worth_end IS 'Its end.';
COMMENT ON COLUMN charmbills.invoices.currency IS 'ISO 4217 code of the currency it is in; NULL for sats.';
COMMENT ON COLUMN charmbills.invoices.amount IS 'Amount due in that currency; never changes.';
COMMENT ON COLUMN charmbills.invoices.tolerance IS 'How much of that may be missing.';
COMMENT ON COLUMN charmbills.invoices.credit_sats IS 'Sats taken from the customer''s credit; negative: given to it.';
COMMENT ON COLUMN charmbills.invoices.carried_sats IS 'Sats too few to be demanded now, and carried to the customer''s next invoice; negative: carried to this one.';
COMMENT ON COLUMN charmbills.invoices.void_reason IS 'Why it was made void: requested, canceled, paused or changed.';
COMMENT ON COLUMN charmbills.invoices.description IS 'What it is for, where there is no subscription.';
COMMENT ON COLUMN charmbills.invoices.metadata IS 'Whatever the application wants to keep here.';
COMMENT ON COLUMN charmbills.invoices.dunning_step IS 'How often it has been brought to mind.';
COMMENT ON COLUMN charmbills.invoices.next_action_at IS 'When it is brought to mind next, or given up.';
COMMENT ON COLUMN charmbills.invoices.tax_rate IS 'Tax in percent on the price of its period.';
COMMENT ON COLUMN charmbills.invoices.cycle IS 'Billing cycle that its period is one of.';

CREATE UNIQUE INDEX invoices_period_key ON charmbills.invoices (subscription_id, period_start)
    WHERE kind = 'period' AND status <> 'void';
CREATE UNIQUE INDEX invoices_derived_script_key ON charmbills.invoices (script) WHERE descriptor_id IS NOT NULL;
CREATE INDEX invoices_fixed_script_idx ON charmbills.invoices (script, amount_sats) WHERE descriptor_id IS NULL;
CREATE INDEX invoices_subscription_id_idx ON charmbills.invoices (subscription_id);
CREATE INDEX invoices_open_expiry_idx ON charmbills.invoices (expires_at) WHERE status = 'open';
CREATE INDEX invoices_action_idx ON charmbills.invoices (next_action_at)
    WHERE next_action_at IS NOT NULL AND status IN ('open', 'expired');

CREATE TABLE charmbills.invoice_lines (
    invoice_id uuid NOT NULL CONSTRAINT invoice_lines_invoice_id_fkey REFERENCES charmbills.invoices (id),
    position integer NOT NULL,
    merchant_id uuid NOT NULL CONSTRAINT invoice_lines_merchant_id_fkey REFERENCES charmbills.merchants (id),
    kind text NOT NULL CONSTRAINT invoice_lines_kind_check
        CHECK (kind IN ('period', 'proration', 'item', 'tax', 'credit', 'carried', 'suffix')),
    description text NOT NULL,
    quantity integer NOT NULL DEFAULT 1 CONSTRAINT invoice_lines_quantity_check CHECK (quantity > 0),
    unit_amount numeric NOT NULL,
    amount numeric NOT NULL,
    period_start timestamptz,
    period_end timestamptz,
    CONSTRAINT invoice_lines_pkey PRIMARY KEY (invoice_id, position)
);
COMMENT ON TABLE charmbills.invoice_lines IS 'What an invoice''s amount is made of; written with the invoice, and never changed.';
COMMENT ON COLUMN charmbills.invoice_lines.invoice_id IS 'Invoice it is on.';
COMMENT ON COLUMN charmbills.invoice_lines.position IS 'Position there, from 1.';
COMMENT ON COLUMN charmbills.invoice_lines.merchant_id IS 'Merchant to be paid.';
COMMENT ON COLUMN charmbills.invoice_lines.kind IS 'period: a plan''s price; proration: of a part of a period; item: anything else; tax; credit: taken from or given to the customer''s credit; carried: to or from another invoice; suffix: makes the amount unique at a fixed address.';
COMMENT ON COLUMN charmbills.invoice_lines.description IS 'In words.';
COMMENT ON COLUMN charmbills.invoice_lines.quantity IS 'How many.';
COMMENT ON COLUMN charmbills.invoice_lines.unit_amount IS 'Amount of one, in the invoice''s currency or sats.';
COMMENT ON COLUMN charmbills.invoice_lines.amount IS 'Amount of all, signed; the amounts of all lines add up to the invoice''s.';
COMMENT ON COLUMN charmbills.invoice_lines.period_start IS 'Start of the time it is for.';
COMMENT ON COLUMN charmbills.invoice_lines.period_end IS 'End of the time it is for.';

CREATE TABLE charmbills.payments (
    outpoint charmbills.outpoint PRIMARY KEY,
    invoice_id uuid REFERENCES charmbills.invoices (id),
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    amount_sats charmbills.sats NOT NULL,
    script bytea NOT NULL,
    txid charmbills.txid NOT NULL,
    is_coinbase boolean NOT NULL DEFAULT false,
    confirmations integer NOT NULL,
    block_height integer,
    block_hash text,
    block_median_time timestamptz,
    matures_at_height integer,
    status text NOT NULL CHECK (status IN ('seen', 'confirmed', 'replaced', 'evicted')),
    first_seen_at timestamptz NOT NULL,
    currency text,
    rate numeric CONSTRAINT payments_rate_check CHECK (rate > 0)
);
COMMENT ON TABLE charmbills.payments IS 'Outputs that pay a merchant; without an invoice they wait to be assigned.';
COMMENT ON COLUMN charmbills.payments.outpoint IS 'The output.';
COMMENT ON COLUMN charmbills.payments.invoice_id IS 'Invoice it pays; NULL for one that matches none.';
COMMENT ON COLUMN charmbills.payments.merchant_id IS 'Merchant paid.';
COMMENT ON COLUMN charmbills.payments.amount_sats IS 'Amount of the output.';
COMMENT ON COLUMN charmbills.payments.script IS 'Its script.';
COMMENT ON COLUMN charmbills.payments.txid IS 'Transaction it is in.';
COMMENT ON COLUMN charmbills.payments.is_coinbase IS 'Whether it was mined directly to the merchant.';
COMMENT ON COLUMN charmbills.payments.confirmations IS 'Depth at which it counts.';
COMMENT ON COLUMN charmbills.payments.block_height IS 'Height of its block.';
COMMENT ON COLUMN charmbills.payments.block_hash IS 'Hash of its block.';
COMMENT ON COLUMN charmbills.payments.block_median_time IS 'Median time past of its block.';
COMMENT ON COLUMN charmbills.payments.matures_at_height IS 'Height of the chain at which it counts.';
COMMENT ON COLUMN charmbills.payments.status IS 'seen, confirmed, replaced or evicted.';
COMMENT ON COLUMN charmbills.payments.first_seen_at IS 'When it was first seen.';
COMMENT ON COLUMN charmbills.payments.currency IS 'Currency of the invoice it pays; NULL for sats.';
COMMENT ON COLUMN charmbills.payments.rate IS 'Price of one bitcoin in that currency at which it is judged: of the quote that was valid when it was first seen, else the rate then.';

CREATE INDEX payments_invoice_id_idx ON charmbills.payments (invoice_id);
CREATE INDEX payments_merchant_id_idx ON charmbills.payments (merchant_id);
CREATE INDEX payments_txid_idx ON charmbills.payments (txid);
CREATE INDEX payments_matures_at_height_idx ON charmbills.payments (matures_at_height) WHERE status = 'confirmed';
CREATE INDEX payments_unrated_idx ON charmbills.payments (currency) WHERE currency IS NOT NULL AND rate IS NULL;

CREATE TABLE charmbills.credits (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    customer_id uuid REFERENCES charmbills.customers (id),
    amount_sats bigint NOT NULL CHECK (amount_sats <> 0),
    kind text NOT NULL CHECK (kind IN ('overpayment', 'unassigned', 'refund', 'applied', 'carried')),
    invoice_id uuid REFERENCES charmbills.invoices (id),
    outpoint charmbills.outpoint,
    txid charmbills.txid,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE charmbills.credits IS 'Append-only ledger of what customers have paid beyond their invoices.';
COMMENT ON COLUMN charmbills.credits.id IS 'Identity of the entry.';
COMMENT ON COLUMN charmbills.credits.merchant_id IS 'Merchant who holds the credit.';
COMMENT ON COLUMN charmbills.credits.customer_id IS 'Customer it belongs to; NULL while unknown.';
COMMENT ON COLUMN charmbills.credits.amount_sats IS 'Signed amount.';
COMMENT ON COLUMN charmbills.credits.kind IS 'overpayment: beyond what an invoice could take; unassigned: a payment without invoice; refund: given back; applied: taken by an invoice at issue, or given by it; carried: owed on the next invoice, which is no part of the balance.';
COMMENT ON COLUMN charmbills.credits.invoice_id IS 'Invoice it comes from or was used for.';
COMMENT ON COLUMN charmbills.credits.outpoint IS 'Payment it comes from or that was refunded.';
COMMENT ON COLUMN charmbills.credits.txid IS 'Transaction that refunded it.';
COMMENT ON COLUMN charmbills.credits.created_at IS 'When the entry was made.';

CREATE INDEX credits_customer_idx ON charmbills.credits (merchant_id, customer_id);
CREATE INDEX credits_invoice_id_idx ON charmbills.credits (invoice_id) WHERE invoice_id IS NOT NULL;
CREATE INDEX credits_outpoint_idx ON charmbills.credits (outpoint) WHERE outpoint IS NOT NULL;
CREATE UNIQUE INDEX credits_refund_key ON charmbills.credits (outpoint, txid) WHERE kind = 'refund';

CREATE TABLE charmbills.idempotency_keys (
    merchant_id uuid NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    function_name text NOT NULL,
    arguments jsonb NOT NULL,
    result_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (merchant_id, key)
);
COMMENT ON TABLE charmbills.idempotency_keys IS 'Keys under which something was created, so that a repeated call finds it.';
COMMENT ON COLUMN charmbills.idempotency_keys.merchant_id IS 'Merchant the key belongs to; all zero for one of an operator''s.';
COMMENT ON COLUMN charmbills.idempotency_keys.key IS 'Key the caller chose.';
COMMENT ON COLUMN charmbills.idempotency_keys.function_name IS 'Function it was used with.';
COMMENT ON COLUMN charmbills.idempotency_keys.arguments IS 'Arguments it was used with.';
COMMENT ON COLUMN charmbills.idempotency_keys.result_id IS 'What was created.';
COMMENT ON COLUMN charmbills.idempotency_keys.created_at IS 'When it was used first.';

CREATE INDEX idempotency_keys_created_at_idx ON charmbills.idempotency_keys (created_at);
