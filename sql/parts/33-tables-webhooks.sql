-- Who hears of events over HTTP, and what became of each telling.

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
