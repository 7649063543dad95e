-- What callers see in place of the facts.

CREATE VIEW charmbills.subscriptions WITH (security_invoker = true) AS
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
COMMENT ON COLUMN charmbills.subscriptions.quantity IS 'How many times the plan''s price is paid.';
COMMENT ON COLUMN charmbills.subscriptions.trial_end IS 'End of the trial, NULL without one.';
COMMENT ON COLUMN charmbills.subscriptions.paused_at IS 'Since when it is paused, NULL while it is not.';
COMMENT ON COLUMN charmbills.subscriptions.ended_at IS 'When it ends or ended for good.';
COMMENT ON COLUMN charmbills.subscriptions.next_invoice_at IS 'When its next invoice is to be issued; NULL while that stands, or none is to come.';
COMMENT ON COLUMN charmbills.subscriptions.pending_plan_id IS 'Plan that its next invoice will be for, where that is another.';
