\echo Use "ALTER EXTENSION charmbills UPDATE" to load this file. \quit

-- From 1.0.0 to 1.1.0: the billing engine.  What is new is declared as in the
-- install script; what has changed is changed first, and rows that are there get
-- what the new version would have written with them.

--
-- Functions that are called in another way, or give something else
--
DROP FUNCTION charmbills.create_merchant(text, text, text, text, text, integer);
DROP FUNCTION charmbills.create_plan(uuid, text, bigint, text, interval, interval, integer, bigint, boolean, text, text, text, numeric, charmbills.outpoint, jsonb);
DROP FUNCTION charmbills.update_plan(uuid, text, bigint, text, interval, interval, integer, bigint, boolean, text, numeric, charmbills.outpoint, jsonb);
DROP FUNCTION charmbills.subscribe(uuid, text, text, jsonb, text);
DROP FUNCTION charmbills.worker_agenda();

--
-- Tables that have changed
--
DROP INDEX charmbills.subscription_facts_plan_address_idx;
DROP INDEX charmbills.subscription_facts_merchant_id_idx;
DROP INDEX charmbills.events_merchant_id_idx;
DROP INDEX charmbills.jobs_due_idx;

ALTER TABLE charmbills.plans ALTER COLUMN price_sats DROP NOT NULL;
ALTER TABLE charmbills.plans
    ADD COLUMN currency text CONSTRAINT plans_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    ADD COLUMN price numeric CONSTRAINT plans_price_range_check CHECK (price >= 0 AND price < 10000000000),
    ADD COLUMN tolerance_percent numeric NOT NULL DEFAULT 0
        CONSTRAINT plans_tolerance_percent_check CHECK (tolerance_percent >= 0 AND tolerance_percent <= 100),
    ADD COLUMN tax_rate numeric NOT NULL DEFAULT 0 CONSTRAINT plans_tax_rate_check CHECK (tax_rate >= 0 AND tax_rate <= 100),
    ADD COLUMN min_invoice_sats charmbills.sats NOT NULL DEFAULT 0,
    ADD COLUMN lead_time interval CONSTRAINT plans_lead_time_check CHECK (lead_time >= interval '0'),
    ADD COLUMN restart text NOT NULL DEFAULT 'payment' CONSTRAINT plans_restart_check CHECK (restart IN ('payment', 'period_end')),
    ADD COLUMN trial_once boolean NOT NULL DEFAULT true,
    ADD COLUMN dunning interval[] NOT NULL DEFAULT '{1 day, 3 days}',
    ADD COLUMN uncollectible_after interval NOT NULL DEFAULT '30 days'
        CONSTRAINT plans_uncollectible_after_check CHECK (uncollectible_after >= interval '0'),
    ADD CONSTRAINT plans_currency_price_check CHECK ((currency IS NULL) = (price IS NULL)),
    ADD CONSTRAINT plans_price_check CHECK ((price_sats IS NULL) = (price IS NOT NULL));

ALTER TABLE charmbills.subscription_facts
    ADD COLUMN quantity integer NOT NULL DEFAULT 1
        CONSTRAINT subscription_facts_quantity_check CHECK (quantity BETWEEN 1 AND 1000000),
    ADD COLUMN lead_time interval NOT NULL DEFAULT '0',
    ADD COLUMN restart text NOT NULL DEFAULT 'payment'
        CONSTRAINT subscription_facts_restart_check CHECK (restart IN ('payment', 'period_end')),
    ADD COLUMN paused_for interval NOT NULL DEFAULT '0',
    ADD COLUMN next_plan_id uuid CONSTRAINT subscription_facts_next_plan_id_fkey REFERENCES charmbills.plans (id),
    ADD COLUMN next_quantity integer,
    ADD COLUMN next_plan_at timestamptz,
    ADD COLUMN pending_plan_id uuid CONSTRAINT subscription_facts_pending_plan_id_fkey REFERENCES charmbills.plans (id),
    ADD COLUMN pending_quantity integer,
    ADD COLUMN next_invoice_at timestamptz,
    ADD COLUMN billing_error text,
    ADD COLUMN held_until timestamptz,
    ADD COLUMN trial_plan_id uuid CONSTRAINT subscription_facts_trial_plan_id_fkey REFERENCES charmbills.plans (id);

ALTER TABLE charmbills.invoices ALTER COLUMN amount_sats DROP NOT NULL;
ALTER TABLE charmbills.invoices DROP CONSTRAINT invoices_kind_check;
ALTER TABLE charmbills.invoices
    ADD CONSTRAINT invoices_kind_check CHECK (kind IN ('period', 'change', 'one_off')),
    ADD COLUMN plan_id uuid CONSTRAINT invoices_plan_id_fkey REFERENCES charmbills.plans (id),
    ADD COLUMN quantity integer,
    ADD COLUMN anchor timestamptz,
    ADD COLUMN paused_before interval NOT NULL DEFAULT '0',
    ADD COLUMN period_worth numeric,
    ADD COLUMN worth_start timestamptz,
    ADD COLUMN worth_end timestamptz,
    ADD COLUMN currency text,
    ADD COLUMN amount numeric,
    ADD COLUMN tolerance numeric,
    ADD COLUMN credit_sats bigint NOT NULL DEFAULT 0,
    ADD COLUMN carried_sats bigint NOT NULL DEFAULT 0,
    ADD COLUMN void_reason text CONSTRAINT invoices_void_reason_check
        CHECK (void_reason IN ('requested', 'canceled', 'paused', 'changed')),
    ADD COLUMN description text,
    ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN dunning_step integer NOT NULL DEFAULT 0,
    ADD COLUMN next_action_at timestamptz,
    ADD COLUMN tax_rate numeric NOT NULL DEFAULT 0,
    ADD COLUMN cycle text,
    ADD CONSTRAINT invoices_currency_check CHECK ((currency IS NULL) = (amount IS NULL)),
    ADD CONSTRAINT invoices_amount_check CHECK (currency IS NOT NULL OR amount_sats IS NOT NULL);

ALTER TABLE charmbills.payments
    ADD COLUMN currency text,
    ADD COLUMN rate numeric CONSTRAINT payments_rate_check CHECK (rate > 0);

ALTER TABLE charmbills.credits DROP CONSTRAINT credits_kind_check;
ALTER TABLE charmbills.credits
    ADD CONSTRAINT credits_kind_check CHECK (kind IN ('overpayment', 'unassigned', 'refund', 'applied', 'carried'));

ALTER TABLE charmbills.idempotency_keys DROP CONSTRAINT idempotency_keys_merchant_id_fkey;

ALTER TABLE charmbills.chain_state ADD COLUMN epoch integer NOT NULL DEFAULT 0;

ALTER TABLE charmbills.events ADD COLUMN epoch integer NOT NULL DEFAULT 0;

ALTER TABLE charmbills.jobs
    ADD COLUMN lane uuid,
    ADD CONSTRAINT jobs_lane_check CHECK (kind NOT IN ('webhook', 'exchange_rate') OR lane IS NOT NULL);

--
-- What is new, and what is told of it
--
COMMENT ON COLUMN charmbills.plans.price_sats IS 'Price of one period in sats; 0 is a free plan, NULL one that is priced in a currency.';

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

CREATE INDEX subscription_facts_plan_id_idx ON charmbills.subscription_facts (plan_id);

CREATE INDEX subscription_facts_address_idx ON charmbills.subscription_facts (merchant_id, subscriber_address);

CREATE INDEX subscription_facts_held_idx ON charmbills.subscription_facts (held_until) WHERE billing_error IS NOT NULL;

CREATE INDEX subscription_facts_invoice_idx ON charmbills.subscription_facts (next_invoice_at) WHERE next_invoice_at IS NOT NULL;

COMMENT ON COLUMN charmbills.invoices.kind IS 'period: for one period of a subscription; change: for a change of plan within one; one_off: for anything else.';

COMMENT ON COLUMN charmbills.invoices.amount_sats IS 'Amount due; never changes. Where the invoice is in a currency: that of its latest quote, NULL before the first.';

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

COMMENT ON COLUMN charmbills.payments.currency IS 'Currency of the invoice it pays; NULL for sats.';

COMMENT ON COLUMN charmbills.payments.rate IS 'Price of one bitcoin in that currency at which it is judged: of the quote that was valid when it was first seen, else the rate then.';

CREATE INDEX payments_unrated_idx ON charmbills.payments (currency) WHERE currency IS NOT NULL AND rate IS NULL;

COMMENT ON COLUMN charmbills.credits.kind IS 'overpayment: beyond what an invoice could take; unassigned: a payment without invoice; refund: given back; applied: taken by an invoice at issue, or given by it; carried: owed on the next invoice, which is no part of the balance.';

COMMENT ON COLUMN charmbills.credits.invoice_id IS 'Invoice it comes from or was used for.';

COMMENT ON COLUMN charmbills.idempotency_keys.merchant_id IS 'Merchant the key belongs to; all zero for one of an operator''s.';

CREATE INDEX idempotency_keys_created_at_idx ON charmbills.idempotency_keys (created_at);

COMMENT ON COLUMN charmbills.chain_state.epoch IS 'Epoch of the events written here; those of a copy or after a promotion are of the next.';

COMMENT ON COLUMN charmbills.events.epoch IS 'Which of the databases that this one was copied or promoted from wrote it: transactions are numbered anew in each.';

CREATE INDEX events_order_idx ON charmbills.events (epoch, xid, id);

CREATE INDEX events_merchant_order_idx ON charmbills.events (merchant_id, epoch, xid, id);

COMMENT ON COLUMN charmbills.jobs.kind IS 'What is to be done: broadcast, rescan, webhook, exchange_rate.';

COMMENT ON COLUMN charmbills.jobs.lane IS 'HTTP jobs of one lane share its width: a webhook endpoint, or the job itself where it waits for no other. NULL for what a Bitcoin node does.';

CREATE INDEX jobs_due_idx ON charmbills.jobs (run_after) WHERE state IN ('queued', 'running') AND lane IS NULL;

CREATE INDEX jobs_lane_queued_idx ON charmbills.jobs (lane, run_after, id) WHERE state = 'queued' AND lane IS NOT NULL;

CREATE INDEX jobs_lane_running_idx ON charmbills.jobs (lane) WHERE state = 'running' AND lane IS NOT NULL;

CREATE TABLE charmbills.plan_prices (
    plan_id uuid NOT NULL CONSTRAINT plan_prices_plan_id_fkey REFERENCES charmbills.plans (id),
    version integer NOT NULL CONSTRAINT plan_prices_version_check CHECK (version > 0),
    merchant_id uuid NOT NULL CONSTRAINT plan_prices_merchant_id_fkey REFERENCES charmbills.merchants (id),
    price_sats charmbills.sats,
    currency text,
    price numeric,
    valid_from timestamptz NOT NULL,
    CONSTRAINT plan_prices_pkey PRIMARY KEY (plan_id, version),
    CONSTRAINT plan_prices_currency_check CHECK ((currency IS NULL) = (price IS NULL)),
    CONSTRAINT plan_prices_price_check CHECK ((price_sats IS NULL) = (price IS NOT NULL))
);

COMMENT ON TABLE charmbills.plan_prices IS 'What a plan has cost since when: a period is invoiced at the last version that is valid when it begins.';

COMMENT ON COLUMN charmbills.plan_prices.plan_id IS 'The plan.';

COMMENT ON COLUMN charmbills.plan_prices.version IS 'Number of the price, from 1.';

COMMENT ON COLUMN charmbills.plan_prices.merchant_id IS 'Merchant who sells the plan.';

COMMENT ON COLUMN charmbills.plan_prices.price_sats IS 'Price of one period in sats; NULL for one in a currency.';

COMMENT ON COLUMN charmbills.plan_prices.currency IS 'ISO 4217 code of the currency; NULL for sats.';

COMMENT ON COLUMN charmbills.plan_prices.price IS 'Price of one period in that currency.';

COMMENT ON COLUMN charmbills.plan_prices.valid_from IS 'Periods that begin from then on cost this.';

CREATE TABLE charmbills.pauses (
    id uuid CONSTRAINT pauses_pkey PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    subscription_id uuid NOT NULL CONSTRAINT pauses_subscription_id_fkey REFERENCES charmbills.subscription_facts (id),
    merchant_id uuid NOT NULL CONSTRAINT pauses_merchant_id_fkey REFERENCES charmbills.merchants (id),
    paused_at timestamptz NOT NULL,
    resumed_at timestamptz,
    reason text,
    CONSTRAINT pauses_order_check CHECK (resumed_at >= paused_at)
);

COMMENT ON TABLE charmbills.pauses IS 'When subscriptions were paused: what was paid for is kept, to the second.';

COMMENT ON COLUMN charmbills.pauses.id IS 'Identity of the pause.';

COMMENT ON COLUMN charmbills.pauses.subscription_id IS 'Subscription paused.';

COMMENT ON COLUMN charmbills.pauses.merchant_id IS 'Merchant who sells it.';

COMMENT ON COLUMN charmbills.pauses.paused_at IS 'Since when.';

COMMENT ON COLUMN charmbills.pauses.resumed_at IS 'Until when; NULL while it lasts.';

COMMENT ON COLUMN charmbills.pauses.reason IS 'Why, in the caller''s words.';

CREATE UNIQUE INDEX pauses_open_key ON charmbills.pauses (subscription_id) WHERE resumed_at IS NULL;

CREATE INDEX pauses_subscription_idx ON charmbills.pauses (subscription_id, paused_at);

CREATE TABLE charmbills.currencies (
    code text CONSTRAINT currencies_pkey PRIMARY KEY CONSTRAINT currencies_code_check CHECK (code ~ '^[A-Z]{3}$'),
    url text,
    json_pointer text,
    refresh interval NOT NULL DEFAULT '5 minutes' CONSTRAINT currencies_refresh_check CHECK (refresh >= interval '10 seconds'),
    max_age interval NOT NULL DEFAULT '1 hour' CONSTRAINT currencies_max_age_check CHECK (max_age > interval '0'),
    last_error text,
    next_fetch_at timestamptz,
    CONSTRAINT currencies_source_check CHECK ((url IS NULL) = (json_pointer IS NULL)),
    CONSTRAINT currencies_next_fetch_check CHECK ((url IS NULL) = (next_fetch_at IS NULL))
);

COMMENT ON TABLE charmbills.currencies IS 'Currencies in use, and where their rates come from.';

COMMENT ON COLUMN charmbills.currencies.code IS 'ISO 4217 code.';

COMMENT ON COLUMN charmbills.currencies.url IS 'Where the worker fetches the rate; NULL where somebody sets it.';

COMMENT ON COLUMN charmbills.currencies.json_pointer IS 'Where in the answer the rate is (RFC 6901).';

COMMENT ON COLUMN charmbills.currencies.refresh IS 'How often it is fetched.';

COMMENT ON COLUMN charmbills.currencies.max_age IS 'An older rate is stale: nothing is quoted at it.';

COMMENT ON COLUMN charmbills.currencies.last_error IS 'Why fetching the rate failed last; NULL when it did not.';

COMMENT ON COLUMN charmbills.currencies.next_fetch_at IS 'When it is fetched next, if anything needs it then; NULL where nobody fetches it.';

CREATE TABLE charmbills.exchange_rates (
    currency text NOT NULL CONSTRAINT exchange_rates_currency_fkey REFERENCES charmbills.currencies (code),
    set_at timestamptz NOT NULL,
    rate numeric NOT NULL CONSTRAINT exchange_rates_rate_check CHECK (rate > 0 AND rate < 1000000000000),
    source text NOT NULL,
    CONSTRAINT exchange_rates_pkey PRIMARY KEY (currency, set_at)
);

COMMENT ON TABLE charmbills.exchange_rates IS 'What a bitcoin cost, and when.';

COMMENT ON COLUMN charmbills.exchange_rates.currency IS 'ISO 4217 code.';

COMMENT ON COLUMN charmbills.exchange_rates.set_at IS 'Since when the rate is known.';

COMMENT ON COLUMN charmbills.exchange_rates.rate IS 'Price of one bitcoin.';

COMMENT ON COLUMN charmbills.exchange_rates.source IS 'Who says so.';

CREATE TABLE charmbills.quotes (
    id uuid CONSTRAINT quotes_pkey PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    invoice_id uuid NOT NULL CONSTRAINT quotes_invoice_id_fkey REFERENCES charmbills.invoices (id),
    merchant_id uuid NOT NULL CONSTRAINT quotes_merchant_id_fkey REFERENCES charmbills.merchants (id),
    currency text NOT NULL,
    rate numeric NOT NULL CONSTRAINT quotes_rate_check CHECK (rate > 0),
    amount_sats charmbills.sats NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    valid_until timestamptz NOT NULL,
    CONSTRAINT quotes_order_check CHECK (valid_until > created_at)
);

COMMENT ON TABLE charmbills.quotes IS 'How many sats paid an invoice in a currency, and for how long.';

COMMENT ON COLUMN charmbills.quotes.id IS 'Identity of the quote.';

COMMENT ON COLUMN charmbills.quotes.invoice_id IS 'Invoice quoted.';

COMMENT ON COLUMN charmbills.quotes.merchant_id IS 'Merchant to be paid.';

COMMENT ON COLUMN charmbills.quotes.currency IS 'Currency of the invoice.';

COMMENT ON COLUMN charmbills.quotes.rate IS 'Price of one bitcoin that was taken.';

COMMENT ON COLUMN charmbills.quotes.amount_sats IS 'What was missing on the invoice, in sats at this rate, rounded up.';

COMMENT ON COLUMN charmbills.quotes.created_at IS 'When it was given.';

COMMENT ON COLUMN charmbills.quotes.valid_until IS 'A payment first seen before then is judged by it.';

CREATE INDEX quotes_invoice_idx ON charmbills.quotes (invoice_id, created_at);

CREATE TABLE charmbills.webhook_endpoints (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    merchant_id uuid REFERENCES charmbills.merchants (id),
    url text NOT NULL CHECK (length(url) BETWEEN 1 AND 2048),
    events text[] NOT NULL DEFAULT '{*}' CHECK (cardinality(events) > 0),
    description text,
    generation integer NOT NULL DEFAULT 1 CHECK (generation > 0),
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 8),
    previous_valid_until timestamptz,
    is_active boolean NOT NULL DEFAULT true,
    disabled_reason text,
    failing_since timestamptz,
    not_before timestamptz,
    last_attempt_at timestamptz,
    last_status integer,
    last_error text,
    deleted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (is_active OR disabled_reason IS NOT NULL)
);

COMMENT ON TABLE charmbills.webhook_endpoints IS 'Who hears of events over HTTP. The secret that signs is not stored: it is derived from the key file.';

COMMENT ON COLUMN charmbills.webhook_endpoints.id IS 'Identity of the endpoint.';

COMMENT ON COLUMN charmbills.webhook_endpoints.merchant_id IS 'Merchant whose events it hears; NULL for an operator''s, which hears everything.';

COMMENT ON COLUMN charmbills.webhook_endpoints.url IS 'Where it is told.';

COMMENT ON COLUMN charmbills.webhook_endpoints.events IS 'Which types of events: the type itself, invoice.* for all of a kind, or * for all.';

COMMENT ON COLUMN charmbills.webhook_endpoints.description IS 'In the owner''s words.';

COMMENT ON COLUMN charmbills.webhook_endpoints.generation IS 'How many secrets it has had.';

COMMENT ON COLUMN charmbills.webhook_endpoints.fingerprint IS 'First bytes of the secret''s hash, by which another key file is noticed.';

COMMENT ON COLUMN charmbills.webhook_endpoints.previous_valid_until IS 'Until when the secret before signs too; NULL when there is none to sign.';

COMMENT ON COLUMN charmbills.webhook_endpoints.is_active IS 'Whether it is told of new events.';

COMMENT ON COLUMN charmbills.webhook_endpoints.disabled_reason IS 'Why not.';

COMMENT ON COLUMN charmbills.webhook_endpoints.failing_since IS 'When the first attempt failed after which none went well; NULL while they do.';

COMMENT ON COLUMN charmbills.webhook_endpoints.not_before IS 'No attempt before this time: it asked for a pause, or it fails.';

COMMENT ON COLUMN charmbills.webhook_endpoints.last_attempt_at IS 'When it was last told something.';

COMMENT ON COLUMN charmbills.webhook_endpoints.last_status IS 'HTTP status of its last answer; NULL when the last attempt had none.';

COMMENT ON COLUMN charmbills.webhook_endpoints.last_error IS 'Why the last attempt failed; NULL when it went well.';

COMMENT ON COLUMN charmbills.webhook_endpoints.deleted_at IS 'When it was deleted; the row stays for the log.';

COMMENT ON COLUMN charmbills.webhook_endpoints.created_at IS 'When it was registered.';

CREATE INDEX webhook_endpoints_merchant_id_idx ON charmbills.webhook_endpoints (merchant_id);

CREATE INDEX webhook_endpoints_active_idx ON charmbills.webhook_endpoints (merchant_id) WHERE is_active;

CREATE TABLE charmbills.webhook_deliveries (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    endpoint_id uuid NOT NULL REFERENCES charmbills.webhook_endpoints (id),
    merchant_id uuid REFERENCES charmbills.merchants (id),
    event_id bigint REFERENCES charmbills.events (id),
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'delivered', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz,
    CONSTRAINT webhook_deliveries_event_key UNIQUE (event_id, endpoint_id)
);

COMMENT ON TABLE charmbills.webhook_deliveries IS 'One event to be told to one endpoint.';

COMMENT ON COLUMN charmbills.webhook_deliveries.id IS 'Identity of the delivery: the webhook-id that receivers see, the same in every attempt.';

COMMENT ON COLUMN charmbills.webhook_deliveries.endpoint_id IS 'Endpoint that is told.';

COMMENT ON COLUMN charmbills.webhook_deliveries.merchant_id IS 'Merchant the endpoint belongs to; NULL for an operator''s.';

COMMENT ON COLUMN charmbills.webhook_deliveries.event_id IS 'Event it is told of; NULL for a test.';

COMMENT ON COLUMN charmbills.webhook_deliveries.state IS 'queued, delivered or failed.';

COMMENT ON COLUMN charmbills.webhook_deliveries.attempts IS 'How many attempts the log has.';

COMMENT ON COLUMN charmbills.webhook_deliveries.created_at IS 'When it was queued.';

COMMENT ON COLUMN charmbills.webhook_deliveries.delivered_at IS 'When the endpoint took it.';

CREATE INDEX webhook_deliveries_endpoint_id_idx ON charmbills.webhook_deliveries (endpoint_id, created_at);

CREATE INDEX webhook_deliveries_merchant_id_idx ON charmbills.webhook_deliveries (merchant_id);

CREATE INDEX webhook_deliveries_ended_idx ON charmbills.webhook_deliveries (created_at) WHERE state <> 'queued';

CREATE TABLE charmbills.webhook_attempts (
    delivery_id uuid NOT NULL REFERENCES charmbills.webhook_deliveries (id),
    attempt integer NOT NULL CHECK (attempt > 0),
    merchant_id uuid REFERENCES charmbills.merchants (id),
    attempted_at timestamptz NOT NULL DEFAULT now(),
    http_status integer,
    error text,
    duration_ms integer,
    PRIMARY KEY (delivery_id, attempt)
);

COMMENT ON TABLE charmbills.webhook_attempts IS 'Every attempt to deliver, and what came of it.';

COMMENT ON COLUMN charmbills.webhook_attempts.delivery_id IS 'Delivery that was attempted.';

COMMENT ON COLUMN charmbills.webhook_attempts.attempt IS 'Which attempt, from 1.';

COMMENT ON COLUMN charmbills.webhook_attempts.merchant_id IS 'Merchant the endpoint belongs to; NULL for an operator''s.';

COMMENT ON COLUMN charmbills.webhook_attempts.attempted_at IS 'When its result was known.';

COMMENT ON COLUMN charmbills.webhook_attempts.http_status IS 'HTTP status of the answer; NULL when there was none.';

COMMENT ON COLUMN charmbills.webhook_attempts.error IS 'Why it failed; NULL when it went well.';

COMMENT ON COLUMN charmbills.webhook_attempts.duration_ms IS 'How long it took.';

CREATE OR REPLACE FUNCTION charmbills.now() RETURNS timestamptz
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_now';

CREATE OR REPLACE FUNCTION charmbills.chain_apply_block(height integer, block bytea) RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_apply_block';

CREATE OR REPLACE FUNCTION charmbills.chain_rollback(height integer) RETURNS integer
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_rollback';

CREATE OR REPLACE FUNCTION charmbills.chain_reorganise(fork_height integer, blocks bytea[]) RETURNS integer
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_reorganise';

CREATE OR REPLACE FUNCTION charmbills.chain_apply_mempool(txs bytea[]) RETURNS integer
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_apply_mempool';

CREATE OR REPLACE FUNCTION charmbills.chain_evict_mempool(txid charmbills.txid, at_tip text) RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_evict_mempool';

CREATE OR REPLACE FUNCTION charmbills.chain_offer_block(height integer, block bytea) RETURNS integer
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_offer_block';

CREATE OR REPLACE FUNCTION charmbills.chain_arm_watches(txs bytea[]) RETURNS bigint
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_arm_watches';

CREATE OR REPLACE FUNCTION charmbills.chain_accept(height integer, hash text) RETURNS void
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_accept';

CREATE OR REPLACE FUNCTION charmbills.mark_utxo_used(utxo charmbills.outpoint, used_by text, marked_by text DEFAULT NULL, merchant_id uuid DEFAULT NULL)
RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_mark_utxo_used';

CREATE OR REPLACE FUNCTION charmbills.mark_utxos_used(utxos charmbills.outpoint[], used_by text, marked_by text DEFAULT NULL, merchant_id uuid DEFAULT NULL)
RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_mark_utxos_used';

CREATE OR REPLACE FUNCTION charmbills.is_utxo_used(utxo charmbills.outpoint)
RETURNS boolean
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_is_utxo_used';

CREATE OR REPLACE FUNCTION charmbills.confirm_utxo(utxo charmbills.outpoint)
RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_confirm_utxo';

CREATE OR REPLACE FUNCTION charmbills.cleanup_utxos(older_than interval DEFAULT '48 hours')
RETURNS bigint
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_cleanup_utxos';

CREATE OR REPLACE FUNCTION charmbills.broadcast_package(commit_tx text DEFAULT NULL, spell_tx text DEFAULT NULL, plan_id uuid DEFAULT NULL,
    subscription_id uuid DEFAULT NULL, type text DEFAULT NULL, merchant_id uuid DEFAULT NULL)
RETURNS charmbills.transactions
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_broadcast_package';

CREATE OR REPLACE FUNCTION charmbills.chain_rescan(from_height integer)
RETURNS uuid
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_rescan';

CREATE OR REPLACE FUNCTION charmbills.chain_rescan_block(height integer, block bytea)
RETURNS integer
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_rescan_block';

CREATE OR REPLACE FUNCTION charmbills.claim_jobs(worker text, max_jobs integer, lease interval)
RETURNS SETOF charmbills.jobs
LANGUAGE C VOLATILE SECURITY DEFINER ROWS 10
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_claim_jobs';

COMMENT ON FUNCTION charmbills.issue_invoice(uuid) IS
'The invoice for the next period of a subscription: issued now, however early, or the one that stands already.';

COMMENT ON FUNCTION charmbills.claim_jobs(text, integer, interval) IS
'Gives a worker due jobs of the Bitcoin node to hold until their lease ends. None while charmbills.jobs is off or the database is a copy.';

CREATE FUNCTION charmbills.claim_http_jobs(worker text, max_jobs integer, lease interval)
RETURNS SETOF charmbills.jobs
LANGUAGE C VOLATILE SECURITY DEFINER ROWS 10
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_claim_http_jobs';

COMMENT ON FUNCTION charmbills.claim_http_jobs(text, integer, interval) IS
'Gives a worker due jobs that are an HTTP request, to hold until their lease ends: of one endpoint at most four at once, and one while it fails.';

CREATE FUNCTION charmbills.http_request(job_id uuid)
RETURNS jsonb
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_http_request';

COMMENT ON FUNCTION charmbills.http_request(uuid) IS
'The HTTP request of a job, signed as of now; NULL when there is nothing to send any more.';

CREATE OR REPLACE FUNCTION charmbills.broadcast_request(job_id uuid)
RETURNS jsonb
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_broadcast_request';

CREATE OR REPLACE FUNCTION charmbills.report_job(job_id uuid, worker text, outcome jsonb)
RETURNS text
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_report_job';

CREATE FUNCTION charmbills.worker_agenda(OUT awaiting_mempool boolean, OUT next_job_at timestamptz, OUT next_billing_at timestamptz,
    OUT stopped_reason text, OUT adopted boolean, OUT unarmed boolean, OUT next_http_at timestamptz)
RETURNS SETOF record
LANGUAGE C STABLE SECURITY DEFINER ROWS 1
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_worker_agenda';

COMMENT ON FUNCTION charmbills.worker_agenda() IS
'What the worker has to do, and when: one cheap look for each turn of its loop.';

CREATE OR REPLACE FUNCTION charmbills.lapse_clock() RETURNS timestamptz
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_lapse_clock';

CREATE OR REPLACE FUNCTION charmbills.period_start(anchor timestamptz, cycle text, timezone text, k integer)
RETURNS timestamptz
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_period_start';

CREATE OR REPLACE FUNCTION charmbills.period_end(anchor timestamptz, cycle text, timezone text, k integer)
RETURNS timestamptz
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_period_end';

CREATE FUNCTION charmbills.period_index(anchor timestamptz, cycle text, timezone text, at timestamptz)
RETURNS integer
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_period_index';

REVOKE ALL ON FUNCTION charmbills.period_index(timestamptz, text, text, timestamptz) FROM PUBLIC;

COMMENT ON FUNCTION charmbills.period_index(timestamptz, text, text, timestamptz) IS
'Number k of the period that an instant lies in; NULL before the anchor.';

CREATE FUNCTION charmbills.create_merchant(address text DEFAULT NULL, name text DEFAULT NULL, email text DEFAULT NULL,
    descriptor text DEFAULT NULL, timezone text DEFAULT 'UTC', first_index integer DEFAULT 0,
    idempotency_key text DEFAULT NULL)
RETURNS charmbills.merchants
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_create_merchant';

REVOKE ALL ON FUNCTION charmbills.create_merchant(text, text, text, text, text, integer, text) FROM PUBLIC;

COMMENT ON FUNCTION charmbills.create_merchant(text, text, text, text, text, integer, text) IS
'Create a merchant, who needs a name, and an address, a public ranged descriptor, or both. Addresses are issued from first_index on. The same idempotency key with the same arguments gives the same merchant. For operators.';

COMMENT ON FUNCTION charmbills.payment_uri(uuid) IS
'BIP-21 URI that pays what is missing on an invoice; of one in a currency, what its quote says.';

CREATE FUNCTION charmbills.create_plan(merchant_id uuid, service_name text, price_sats bigint DEFAULT NULL,
    billing_cycle text DEFAULT 'monthly', trial interval DEFAULT NULL, grace interval DEFAULT NULL,
    confirmations integer DEFAULT NULL, tolerance_sats bigint DEFAULT NULL, allow_multiple boolean DEFAULT NULL,
    ticker text DEFAULT NULL, app_id text DEFAULT NULL, app_vk text DEFAULT NULL,
    remaining_supply numeric DEFAULT NULL, nft_utxo charmbills.outpoint DEFAULT NULL, metadata jsonb DEFAULT NULL,
    currency text DEFAULT NULL, price numeric DEFAULT NULL, tolerance_percent numeric DEFAULT NULL,
    tax_rate numeric DEFAULT NULL, min_invoice_sats bigint DEFAULT NULL, lead_time interval DEFAULT NULL,
    restart text DEFAULT NULL, trial_once boolean DEFAULT NULL, dunning interval[] DEFAULT NULL,
    uncollectible_after interval DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS charmbills.plans
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_create_plan';

COMMENT ON FUNCTION charmbills.create_plan(uuid, text, bigint, text, interval, interval, integer, bigint, boolean, text, text, text, numeric, charmbills.outpoint, jsonb, text, numeric, numeric, numeric, bigint, interval, text, boolean, interval[], interval, text) IS
'Makes a plan. It is on sale at once, or with an app_id once a transaction that spends its identity is confirmed. Its price is in sats or in a currency. No trial, five days of grace and the setting''s confirmations unless given. The same idempotency key with the same arguments gives the same plan.';

CREATE FUNCTION charmbills.update_plan(plan_id uuid, service_name text DEFAULT NULL, price_sats bigint DEFAULT NULL,
    billing_cycle text DEFAULT NULL, trial interval DEFAULT NULL, grace interval DEFAULT NULL,
    confirmations integer DEFAULT NULL, tolerance_sats bigint DEFAULT NULL, allow_multiple boolean DEFAULT NULL,
    ticker text DEFAULT NULL, remaining_supply numeric DEFAULT NULL,
    nft_utxo charmbills.outpoint DEFAULT NULL, metadata jsonb DEFAULT NULL,
    currency text DEFAULT NULL, price numeric DEFAULT NULL, tolerance_percent numeric DEFAULT NULL,
    tax_rate numeric DEFAULT NULL, min_invoice_sats bigint DEFAULT NULL, lead_time interval DEFAULT NULL,
    restart text DEFAULT NULL, trial_once boolean DEFAULT NULL, dunning interval[] DEFAULT NULL,
    uncollectible_after interval DEFAULT NULL, price_from timestamptz DEFAULT NULL)
RETURNS charmbills.plans
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_update_plan';

COMMENT ON FUNCTION charmbills.update_plan(uuid, text, bigint, text, interval, interval, integer, bigint, boolean, text, numeric, charmbills.outpoint, jsonb, text, numeric, numeric, numeric, bigint, interval, text, boolean, interval[], interval, timestamptz) IS
'Changes what is given of a plan. A new price is for periods that begin from now, or price_from, on; it stays in the same unit. Invoices that have been issued stay as they are.';

CREATE FUNCTION charmbills.set_exchange_rate(currency text, rate numeric, source text DEFAULT 'manual')
RETURNS charmbills.exchange_rates
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_set_exchange_rate';

COMMENT ON FUNCTION charmbills.set_exchange_rate(text, numeric, text) IS
'Says what one bitcoin costs in a currency from now on; six decimals are kept. Payments that waited for a rate are judged by it. For operators.';

CREATE FUNCTION charmbills.set_rate_source(currency text, url text, json_pointer text, refresh interval DEFAULT '5 minutes',
    max_age interval DEFAULT '1 hour')
RETURNS charmbills.currencies
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_set_rate_source';

COMMENT ON FUNCTION charmbills.set_rate_source(text, text, text, interval, interval) IS
'Has the worker fetch a currency''s rate from a JSON document, at this pointer, while anything is priced in it; a NULL url ends that. Nothing is quoted at a rate older than max_age. For operators.';

CREATE FUNCTION charmbills.quote_invoice(invoice_id uuid)
RETURNS charmbills.quotes
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_quote_invoice';

COMMENT ON FUNCTION charmbills.quote_invoice(uuid) IS
'How many sats pay what is missing on an invoice in a currency. A payment first seen while the quote is valid is judged at its rate. While a quote is valid and nothing has come in, it is given again.';

CREATE FUNCTION charmbills.customer_balance(customer_id uuid)
RETURNS bigint
LANGUAGE C STABLE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_customer_balance';

REVOKE ALL ON FUNCTION charmbills.customer_balance(uuid) FROM PUBLIC;

COMMENT ON FUNCTION charmbills.customer_balance(uuid) IS
'A customer''s credit in sats, which the next invoice takes from; negative where a payment that had become credit was reversed after the credit was used.';

CREATE VIEW charmbills.customer_balances WITH (security_invoker = true) AS
SELECT u.merchant_id,
       u.id AS customer_id,
       u.external_id,
       coalesce(c.balance, 0)::bigint AS balance_sats,
       coalesce(c.carried, 0)::bigint AS carried_sats
FROM charmbills.customers u
LEFT JOIN LATERAL (SELECT sum(e.amount_sats) FILTER (WHERE e.kind <> 'carried') AS balance,
                          -sum(e.amount_sats) FILTER (WHERE e.kind = 'carried') AS carried
                   FROM charmbills.credits e
                   WHERE e.merchant_id = u.merchant_id AND e.customer_id = u.id) c ON true;

COMMENT ON VIEW charmbills.customer_balances IS 'What each customer has as credit, and owes on the next invoice.';

COMMENT ON COLUMN charmbills.customer_balances.merchant_id IS 'Merchant whose customer it is.';

COMMENT ON COLUMN charmbills.customer_balances.customer_id IS 'Identity of the customer.';

COMMENT ON COLUMN charmbills.customer_balances.external_id IS 'The application''s own name for the customer.';

COMMENT ON COLUMN charmbills.customer_balances.balance_sats IS 'Credit, which the next invoice takes from; may be negative.';

COMMENT ON COLUMN charmbills.customer_balances.carried_sats IS 'Amounts too small to be demanded, which the next invoice collects.';

CREATE FUNCTION charmbills.ledger_check(OUT merchant_id uuid, OUT customer_id uuid, OUT received_sats bigint,
    OUT applied_sats bigint, OUT refunded_sats bigint, OUT balance_sats bigint, OUT difference_sats bigint,
    OUT carried_difference_sats bigint)
RETURNS SETOF record
LANGUAGE C STABLE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_ledger_check';

REVOKE ALL ON FUNCTION charmbills.ledger_check() FROM PUBLIC;

COMMENT ON FUNCTION charmbills.ledger_check() IS
'Customers of whom what was received is not what was applied to their invoices, refunded, and left as credit, worked out from payments and invoices; of no customer, payments that are nobody''s. No row when the books are right. For operators.';

CREATE FUNCTION charmbills.create_invoice(merchant_id uuid, amount_sats bigint DEFAULT NULL, description text DEFAULT NULL,
    subscriber_address text DEFAULT NULL, external_id text DEFAULT NULL, lines jsonb DEFAULT NULL,
    due_in interval DEFAULT '0', expires_in interval DEFAULT '24 hours', currency text DEFAULT NULL,
    amount numeric DEFAULT NULL, tax_rate numeric DEFAULT 0, tolerance_sats bigint DEFAULT 0,
    confirmations integer DEFAULT NULL, metadata jsonb DEFAULT NULL, use_credit boolean DEFAULT true,
    idempotency_key text DEFAULT NULL)
RETURNS charmbills.invoices
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_create_invoice';

REVOKE ALL ON FUNCTION charmbills.create_invoice(uuid, bigint, text, text, text, jsonb, interval, interval, text, numeric, numeric, bigint, integer, jsonb, boolean, text) FROM PUBLIC;

COMMENT ON FUNCTION charmbills.create_invoice(uuid, bigint, text, text, text, jsonb, interval, interval, text, numeric, numeric, bigint, integer, jsonb, boolean, text) IS
'Invoice a customer, known as in subscribe(), for something that is no subscription: for amount_sats, or an amount in a currency, with a description; or for lines, a JSON array of at most 100 objects with description, quantity (1 where left out) and unit_amount, which is negative for a reduction. It is due after due_in, and expires expires_in later. The customer''s credit pays as much of it as it can, unless use_credit is false. The same idempotency key with the same arguments gives the same invoice.';

CREATE OR REPLACE VIEW charmbills.subscriptions WITH (security_invoker = true) AS
SELECT f.id,
       CASE WHEN f.next_plan_at <= least(charmbills.now(), f.paused_at) THEN f.next_plan_id ELSE f.plan_id END AS plan_id,
       f.merchant_id,
       f.customer_id,
       f.subscriber_address,
       f.token_utxo,
       f.token_amount,
       charmbills.subscription_status(f.trial_end, f.paid_through, f.grace_until, f.first_expired_at,
                                      f.paused_at, f.ended_at,
                                      charmbills.now(), charmbills.lapse_clock()) AS status,
       f.purchased_at,
       f.period_start AS current_period_start,
       f.paid_through AS current_period_end,
       f.grace_until AS expires_at,
       f.cancel_at_period_end,
       f.canceled_at,
       f.last_verified_at,
       f.created_at,
       CASE WHEN f.next_plan_at <= least(charmbills.now(), f.paused_at) THEN f.next_quantity ELSE f.quantity END AS quantity,
       f.trial_end,
       f.paused_at,
       f.ended_at,
       f.next_invoice_at,
       f.pending_plan_id
FROM charmbills.subscription_facts f;

COMMENT ON COLUMN charmbills.subscriptions.quantity IS 'How many times the plan''s price is paid.';

COMMENT ON COLUMN charmbills.subscriptions.trial_end IS 'End of the trial, NULL without one.';

COMMENT ON COLUMN charmbills.subscriptions.paused_at IS 'Since when it is paused, NULL while it is not.';

COMMENT ON COLUMN charmbills.subscriptions.ended_at IS 'When it ends or ended for good.';

COMMENT ON COLUMN charmbills.subscriptions.next_invoice_at IS 'When its next invoice is to be issued; NULL while that stands, or none is to come.';

COMMENT ON COLUMN charmbills.subscriptions.pending_plan_id IS 'Plan that its next invoice will be for, where that is another.';

CREATE FUNCTION charmbills.cancel_subscription(subscription_id uuid, at_period_end boolean DEFAULT true)
RETURNS charmbills.subscriptions
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_cancel_subscription';

REVOKE ALL ON FUNCTION charmbills.cancel_subscription(uuid, boolean) FROM PUBLIC;

COMMENT ON FUNCTION charmbills.cancel_subscription(uuid, boolean) IS
'Cancel a subscription: it ends with the last period that is paid for or being paid, with its trial where there is none, or at once where neither lasts. at_period_end => false ends it at once in any case. Invoices for what is not to come are made void, and what was received for them becomes credit. One that is canceled already stays as it is.';

CREATE FUNCTION charmbills.uncancel_subscription(subscription_id uuid)
RETURNS charmbills.subscriptions
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_uncancel_subscription';

REVOKE ALL ON FUNCTION charmbills.uncancel_subscription(uuid) FROM PUBLIC;

COMMENT ON FUNCTION charmbills.uncancel_subscription(uuid) IS
'Take back the cancellation of a subscription that has not ended: all is as if it had not been canceled, and an invoice that this made void is issued anew.';

CREATE FUNCTION charmbills.pause_subscription(subscription_id uuid, reason text DEFAULT NULL)
RETURNS charmbills.subscriptions
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_pause_subscription';

REVOKE ALL ON FUNCTION charmbills.pause_subscription(uuid, text) FROM PUBLIC;

COMMENT ON FUNCTION charmbills.pause_subscription(uuid, text) IS
'Pause a subscription that is in trial or active: it gives no access and is not invoiced, and keeps the time it has left. Open invoices on which nothing was received are made void.';

CREATE FUNCTION charmbills.resume_subscription(subscription_id uuid)
RETURNS charmbills.subscriptions
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_resume_subscription';

REVOKE ALL ON FUNCTION charmbills.resume_subscription(uuid) FROM PUBLIC;

COMMENT ON FUNCTION charmbills.resume_subscription(uuid) IS
'End a subscription''s pause: what is paid for, or its trial, ends later by exactly as long as it was paused.';

CREATE FUNCTION charmbills.subscribe(plan_id uuid, subscriber_address text DEFAULT NULL, external_id text DEFAULT NULL,
    metadata jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL, quantity integer DEFAULT 1)
RETURNS charmbills.subscriptions
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_subscribe';

REVOKE ALL ON FUNCTION charmbills.subscribe(uuid, text, text, jsonb, text, integer) FROM PUBLIC;

COMMENT ON FUNCTION charmbills.subscribe(uuid, text, text, jsonb, text, integer) IS
'Subscribe a customer, known by address, by the application''s own name, or both, to a plan. The first invoice is issued at once, unless there is a trial. metadata is merged into the customer''s. quantity times the plan''s price is paid. The same idempotency key with the same arguments gives the same subscription.';

CREATE OR REPLACE FUNCTION charmbills.is_entitled(plan_id uuid, subscriber_address text DEFAULT NULL, external_id text DEFAULT NULL)
RETURNS boolean
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_is_entitled';

CREATE FUNCTION charmbills.create_webhook_endpoint(merchant_id uuid, url text, events text[] DEFAULT '{*}', description text DEFAULT NULL,
    idempotency_key text DEFAULT NULL,
    OUT id uuid, OUT merchant_id uuid, OUT url text, OUT events text[], OUT description text, OUT is_active boolean,
    OUT created_at timestamptz, OUT secret text)
RETURNS SETOF record
LANGUAGE C VOLATILE SECURITY DEFINER ROWS 1
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_create_webhook_endpoint';

COMMENT ON FUNCTION charmbills.create_webhook_endpoint(uuid, text, text[], text, text) IS
'Registers an endpoint that is told of a merchant''s events or, without a merchant, of all, and gives the secret by which it knows them. Repeated with its idempotency key it gives the same, until the secret has been rotated.';

CREATE FUNCTION charmbills.update_webhook_endpoint(endpoint_id uuid, url text DEFAULT NULL, events text[] DEFAULT NULL,
    description text DEFAULT NULL, is_active boolean DEFAULT NULL)
RETURNS charmbills.webhook_endpoints
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_update_webhook_endpoint';

COMMENT ON FUNCTION charmbills.update_webhook_endpoint(uuid, text, text[], text, boolean) IS
'Changes what is given. Switched off, what waits for it is given up; switched on, it begins anew, with no failure held against it.';

CREATE FUNCTION charmbills.rotate_webhook_secret(endpoint_id uuid, "overlap" interval DEFAULT '24 hours')
RETURNS text
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_rotate_webhook_secret';

COMMENT ON FUNCTION charmbills.rotate_webhook_secret(uuid, interval) IS
'Gives an endpoint a new secret. For the time of the overlap the one before signs too.';

CREATE FUNCTION charmbills.delete_webhook_endpoint(endpoint_id uuid)
RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_delete_webhook_endpoint';

COMMENT ON FUNCTION charmbills.delete_webhook_endpoint(uuid) IS
'Deletes an endpoint. The log of what it was told stays as long as any.';

CREATE FUNCTION charmbills.redeliver_webhook(delivery_id uuid)
RETURNS charmbills.webhook_deliveries
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_redeliver_webhook';

COMMENT ON FUNCTION charmbills.redeliver_webhook(uuid) IS
'Delivers once more, whatever became of it, with the same webhook-id.';

CREATE FUNCTION charmbills.send_test_webhook(endpoint_id uuid)
RETURNS charmbills.webhook_deliveries
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_send_test_webhook';

COMMENT ON FUNCTION charmbills.send_test_webhook(uuid) IS
'Tells an endpoint of nothing, with type webhook.test, to see whether it listens.';

CREATE FUNCTION charmbills.events_since("cursor" text DEFAULT NULL, max_events integer DEFAULT 100,
    OUT "cursor" text, OUT id bigint, OUT type text, OUT merchant_id uuid, OUT subject text, OUT subject_seq bigint,
    OUT payload jsonb, OUT occurred_at timestamptz)
RETURNS SETOF record
LANGUAGE C VOLATILE SECURITY DEFINER ROWS 100
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_events_since';

COMMENT ON FUNCTION charmbills.events_since(text, integer) IS
'The events after a cursor, or from the first, in an order in which none appears late: each once all transactions before its own have ended. The last one''s cursor is where to go on. A merchant''s role sees its own alone.';

CREATE PROCEDURE charmbills.run_billing_all(max_rows integer DEFAULT 1000)
LANGUAGE C
AS 'MODULE_PATHNAME', 'charmbills_run_billing_all';

COMMENT ON PROCEDURE charmbills.run_billing_all(integer) IS
'Calls run_billing() until nothing is due that nobody else holds, and commits after each batch. INFO messages and pg_stat_activity show how many rows it was so far.';

REVOKE ALL ON PROCEDURE charmbills.run_billing_all(integer) FROM PUBLIC;

CREATE FUNCTION charmbills.schedule_jobs(billing text DEFAULT NULL, clean_up text DEFAULT NULL)
RETURNS TABLE (name text, schedule text, command text)
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_schedule_jobs';

COMMENT ON FUNCTION charmbills.schedule_jobs(text, text) IS
'Has pg_cron, in this database, run billing every minute and clean up every hour, or at other schedules when given; NULL leaves a schedule that there is. Any number of times; again after an upgrade. Gives what is scheduled. For operators.';

REVOKE ALL ON FUNCTION charmbills.schedule_jobs(text, text) FROM PUBLIC;

CREATE FUNCTION charmbills.unschedule_jobs()
RETURNS integer
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_unschedule_jobs';

COMMENT ON FUNCTION charmbills.unschedule_jobs() IS
'Takes back what schedule_jobs() scheduled, and gives how many jobs it was. To be called before DROP EXTENSION. For operators.';

REVOKE ALL ON FUNCTION charmbills.unschedule_jobs() FROM PUBLIC;

CREATE FUNCTION charmbills.change_plan(subscription_id uuid, new_plan_id uuid DEFAULT NULL, at_period_end boolean DEFAULT false,
    quantity integer DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS charmbills.subscriptions
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_change_plan';

COMMENT ON FUNCTION charmbills.change_plan(uuid, uuid, boolean, integer, text) IS
'Changes a subscription''s plan, quantity, or both. Within a paid period it issues an invoice for the difference, and takes effect once that is paid; with at_period_end, or where no period is paid, the next invoice is for the new plan. Changing to what it is takes back a change to come.';

CREATE FUNCTION charmbills.preview_change(subscription_id uuid, new_plan_id uuid DEFAULT NULL, at_period_end boolean DEFAULT false,
    quantity integer DEFAULT NULL,
    OUT effective_at timestamptz, OUT amount_sats bigint, OUT currency text, OUT amount numeric, OUT credit_sats bigint,
    OUT carried_sats bigint, OUT period_start timestamptz, OUT period_end timestamptz, OUT lines jsonb)
RETURNS SETOF record
LANGUAGE C STABLE SECURITY DEFINER ROWS 1
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_preview_change';

COMMENT ON FUNCTION charmbills.preview_change(uuid, uuid, boolean, integer) IS
'The invoice that change_plan() with these arguments would issue now, or, of a change at the end of the period, the next invoice as it would be now.';

ALTER TABLE charmbills.invoice_lines ENABLE ROW LEVEL SECURITY;

CREATE POLICY visible ON charmbills.invoice_lines USING (charmbills.may_see(merchant_id));

COMMENT ON POLICY visible ON charmbills.invoice_lines IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.plan_prices ENABLE ROW LEVEL SECURITY;

CREATE POLICY visible ON charmbills.plan_prices USING (charmbills.may_see(merchant_id));

COMMENT ON POLICY visible ON charmbills.plan_prices IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.pauses ENABLE ROW LEVEL SECURITY;

CREATE POLICY visible ON charmbills.pauses USING (charmbills.may_see(merchant_id));

COMMENT ON POLICY visible ON charmbills.pauses IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.quotes ENABLE ROW LEVEL SECURITY;

CREATE POLICY visible ON charmbills.quotes USING (charmbills.may_see(merchant_id));

COMMENT ON POLICY visible ON charmbills.quotes IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.webhook_endpoints ENABLE ROW LEVEL SECURITY;

CREATE POLICY visible ON charmbills.webhook_endpoints USING (charmbills.may_see(merchant_id));

COMMENT ON POLICY visible ON charmbills.webhook_endpoints IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.webhook_deliveries ENABLE ROW LEVEL SECURITY;

CREATE POLICY visible ON charmbills.webhook_deliveries USING (charmbills.may_see(merchant_id));

COMMENT ON POLICY visible ON charmbills.webhook_deliveries IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.webhook_attempts ENABLE ROW LEVEL SECURITY;

CREATE POLICY visible ON charmbills.webhook_attempts USING (charmbills.may_see(merchant_id));

COMMENT ON POLICY visible ON charmbills.webhook_attempts IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.currencies ENABLE ROW LEVEL SECURITY;

CREATE POLICY visible ON charmbills.currencies USING (charmbills.may_see(NULL));

COMMENT ON POLICY visible ON charmbills.currencies IS 'Operators only.';

ALTER TABLE charmbills.exchange_rates ENABLE ROW LEVEL SECURITY;

CREATE POLICY visible ON charmbills.exchange_rates USING (charmbills.may_see(NULL));

COMMENT ON POLICY visible ON charmbills.exchange_rates IS 'Operators only.';

SELECT pg_extension_config_dump('charmbills.invoice_lines', '');

SELECT pg_extension_config_dump('charmbills.plan_prices', '');

SELECT pg_extension_config_dump('charmbills.pauses', '');

SELECT pg_extension_config_dump('charmbills.currencies', '');

SELECT pg_extension_config_dump('charmbills.exchange_rates', '');

SELECT pg_extension_config_dump('charmbills.quotes', '');

SELECT pg_extension_config_dump('charmbills.webhook_endpoints', '');

SELECT pg_extension_config_dump('charmbills.webhook_deliveries', '');

SELECT pg_extension_config_dump('charmbills.webhook_attempts', '');

--
-- Rows that are there
--
INSERT INTO charmbills.plan_prices (plan_id, version, merchant_id, price_sats, valid_from)
SELECT id, 1, merchant_id, price_sats, created_at FROM charmbills.plans;

UPDATE charmbills.subscription_facts
SET trial_plan_id = CASE WHEN trial_end IS NOT NULL THEN plan_id END,
    lead_time = CASE cycle WHEN 'weekly' THEN interval '16:48' WHEN 'demo' THEN interval '18 seconds'
                WHEN 'monthly' THEN interval '3 days' WHEN 'yearly' THEN interval '3 days'
                WHEN 'lifetime' THEN interval '3 days'
                ELSE (SELECT CASE WHEN tenth < 259200000000 THEN tenth * interval '1 microsecond' ELSE interval '3 days' END
                      FROM (SELECT trunc((extract(year FROM length) * 12 + extract(month FROM length)) * 259200000000
                                         + extract(day FROM length) * 8640000000
                                         + extract(epoch FROM length - date_trunc('day', length)) * 100000)::bigint AS tenth
                            FROM (SELECT (CASE WHEN cycle IN ('weekly', 'monthly', 'yearly', 'demo', 'lifetime')
                                               THEN '0' ELSE cycle END)::interval AS length) c) t) END;

UPDATE charmbills.invoices i
SET plan_id = f.plan_id, quantity = 1, cycle = f.cycle, anchor = f.anchor, period_worth = i.amount_sats, worth_start = i.period_start,
    worth_end = i.period_end, void_reason = CASE WHEN i.status = 'void' THEN 'requested' END,
    dunning_step = CASE WHEN i.status IN ('expired', 'uncollectible') THEN 2 ELSE 0 END,
    next_action_at = CASE WHEN i.status IN ('expired', 'uncollectible') THEN i.due_at + interval '30 days'
                     ELSE i.due_at + interval '1 day' END
FROM charmbills.subscription_facts f WHERE f.id = i.subscription_id;

INSERT INTO charmbills.invoice_lines
       (invoice_id, position, merchant_id, kind, description, unit_amount, amount, period_start, period_end)
SELECT i.id, 1, i.merchant_id, 'period', p.service_name, i.amount_sats, i.amount_sats, i.period_start, i.period_end
FROM charmbills.invoices i JOIN charmbills.plans p ON p.id = i.plan_id;

-- The invoice for the period after the one paid, or after the trial.  What has
-- expired when nothing was renewed by itself stays so until somebody asks.
UPDATE charmbills.subscription_facts f
SET next_invoice_at = (coalesce(f.paid_through, f.trial_end) AT TIME ZONE f.timezone - f.lead_time) AT TIME ZONE f.timezone
WHERE isfinite(coalesce(f.paid_through, f.trial_end)) AND f.canceled_at IS NULL AND f.ended_at IS NULL AND f.paused_at IS NULL
      AND f.status IN ('trialing', 'active', 'past_due') AND coalesce(f.grace_until, f.trial_end) > now()
      AND NOT EXISTS (SELECT FROM charmbills.invoices i
                      WHERE i.subscription_id = f.id AND i.kind = 'period'
                            AND (f.paid_through IS NULL OR i.period_start >= f.paid_through));


--
-- Nothing new is everyone's
--
REVOKE ALL ON FUNCTION
    charmbills.claim_http_jobs(text, integer, interval),
    charmbills.http_request(uuid),
    charmbills.worker_agenda(),
    charmbills.period_index(timestamptz, text, text, timestamptz),
    charmbills.create_merchant(text, text, text, text, text, integer, text),
    charmbills.create_plan(uuid, text, bigint, text, interval, interval, integer, bigint, boolean, text, text, text, numeric, charmbills.outpoint, jsonb, text, numeric, numeric, numeric, bigint, interval, text, boolean, interval[], interval, text),
    charmbills.update_plan(uuid, text, bigint, text, interval, interval, integer, bigint, boolean, text, numeric, charmbills.outpoint, jsonb, text, numeric, numeric, numeric, bigint, interval, text, boolean, interval[], interval, timestamptz),
    charmbills.set_exchange_rate(text, numeric, text),
    charmbills.set_rate_source(text, text, text, interval, interval),
    charmbills.quote_invoice(uuid),
    charmbills.customer_balance(uuid),
    charmbills.ledger_check(),
    charmbills.create_invoice(uuid, bigint, text, text, text, jsonb, interval, interval, text, numeric, numeric, bigint, integer, jsonb, boolean, text),
    charmbills.cancel_subscription(uuid, boolean),
    charmbills.uncancel_subscription(uuid),
    charmbills.pause_subscription(uuid, text),
    charmbills.resume_subscription(uuid),
    charmbills.subscribe(uuid, text, text, jsonb, text, integer),
    charmbills.create_webhook_endpoint(uuid, text, text[], text, text),
    charmbills.update_webhook_endpoint(uuid, text, text[], text, boolean),
    charmbills.rotate_webhook_secret(uuid, interval),
    charmbills.delete_webhook_endpoint(uuid),
    charmbills.redeliver_webhook(uuid),
    charmbills.send_test_webhook(uuid),
    charmbills.events_since(text, integer),
    charmbills.schedule_jobs(text, text),
    charmbills.unschedule_jobs(),
    charmbills.change_plan(uuid, uuid, boolean, integer, text),
    charmbills.preview_change(uuid, uuid, boolean, integer)
FROM PUBLIC;
REVOKE ALL ON PROCEDURE charmbills.run_billing_all(integer) FROM PUBLIC;
REVOKE ALL ON TABLE charmbills.invoice_lines, charmbills.plan_prices, charmbills.pauses, charmbills.currencies, charmbills.exchange_rates, charmbills.quotes, charmbills.webhook_endpoints, charmbills.webhook_deliveries, charmbills.webhook_attempts, charmbills.customer_balances FROM PUBLIC;
