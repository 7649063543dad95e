-- Canceling and pausing subscriptions.

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
