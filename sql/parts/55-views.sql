-- What callers see in place of the facts.

CREATE VIEW charmbills.subscriptions WITH (security_invoker = true) AS
SELECT f.id,
       f.plan_id,
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
       f.created_at
FROM charmbills.subscription_facts f;
COMMENT ON VIEW charmbills.subscriptions IS 'Subscriptions, each with its status at this moment.';
COMMENT ON COLUMN charmbills.subscriptions.id IS 'Identity of the subscription.';
COMMENT ON COLUMN charmbills.subscriptions.plan_id IS 'Plan subscribed to.';
COMMENT ON COLUMN charmbills.subscriptions.merchant_id IS 'Merchant who sells the plan.';
COMMENT ON COLUMN charmbills.subscriptions.customer_id IS 'Customer who subscribed.';
COMMENT ON COLUMN charmbills.subscriptions.subscriber_address IS 'Bitcoin address the customer subscribed with.';
COMMENT ON COLUMN charmbills.subscriptions.token_utxo IS 'Where the subscription token is.';
COMMENT ON COLUMN charmbills.subscriptions.token_amount IS 'Units of the token.';
COMMENT ON COLUMN charmbills.subscriptions.status IS 'pending, trialing, active, past_due, expired, paused or canceled, as of now.';
COMMENT ON COLUMN charmbills.subscriptions.purchased_at IS 'When it was first paid.';
COMMENT ON COLUMN charmbills.subscriptions.current_period_start IS 'Start of the last paid period.';
COMMENT ON COLUMN charmbills.subscriptions.current_period_end IS 'End of the last paid period; infinity for a lifetime.';
COMMENT ON COLUMN charmbills.subscriptions.expires_at IS 'When access ends unless it is paid for again: the end of the grace.';
COMMENT ON COLUMN charmbills.subscriptions.cancel_at_period_end IS 'Whether it ends with the paid period.';
COMMENT ON COLUMN charmbills.subscriptions.canceled_at IS 'When cancellation was asked for.';
COMMENT ON COLUMN charmbills.subscriptions.last_verified_at IS 'When its token was last verified.';
COMMENT ON COLUMN charmbills.subscriptions.created_at IS 'When it was created.';
