-- Versions of prices, pauses, and the exchange rates behind prices in a currency.

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
