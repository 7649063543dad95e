-- Telling others what happened: by webhooks, and to whoever reads the log.

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
