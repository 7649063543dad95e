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
COMMENT ON COLUMN charmbills.subscriptions.token_utxo IS 'Where most of the plan''s tokens on its address are; NULL where there are none.';
COMMENT ON COLUMN charmbills.subscriptions.token_amount IS 'The plan''s tokens on its address; NULL where it has none, or the plan''s are not followed.';
COMMENT ON COLUMN charmbills.subscriptions.status IS 'pending, trialing, active, past_due, expired, paused or canceled, as of now: what is paid, whatever tokens there are.';
COMMENT ON COLUMN charmbills.subscriptions.purchased_at IS 'When it was first paid.';
COMMENT ON COLUMN charmbills.subscriptions.current_period_start IS 'Start of the last paid period.';
COMMENT ON COLUMN charmbills.subscriptions.current_period_end IS 'End of the last paid period; infinity for a lifetime.';
COMMENT ON COLUMN charmbills.subscriptions.expires_at IS 'When access ends unless it is paid for again: the end of the grace.';
COMMENT ON COLUMN charmbills.subscriptions.cancel_at_period_end IS 'Whether it ends with the paid period.';
COMMENT ON COLUMN charmbills.subscriptions.canceled_at IS 'When cancellation was asked for.';
COMMENT ON COLUMN charmbills.subscriptions.last_verified_at IS 'When the proofs behind its tokens were last verified, all of them.';
COMMENT ON COLUMN charmbills.subscriptions.created_at IS 'When it was created.';
COMMENT ON COLUMN charmbills.subscriptions.quantity IS 'How many times the plan''s price is paid.';
COMMENT ON COLUMN charmbills.subscriptions.trial_end IS 'End of the trial, NULL without one.';
COMMENT ON COLUMN charmbills.subscriptions.paused_at IS 'Since when it is paused, NULL while it is not.';
COMMENT ON COLUMN charmbills.subscriptions.ended_at IS 'When it ends or ended for good.';
COMMENT ON COLUMN charmbills.subscriptions.next_invoice_at IS 'When its next invoice is to be issued; NULL while that stands, or none is to come.';
COMMENT ON COLUMN charmbills.subscriptions.pending_plan_id IS 'Plan that its next invoice will be for, where that is another.';

CREATE VIEW charmbills.charm_holders WITH (security_invoker = true) AS
SELECT c.plan_id,
       c.merchant_id,
       charmbills.script_to_address(c.script) AS address,
       c.script,
       coalesce(sum(c.amount) FILTER (WHERE c.spent_height IS NULL), 0) AS amount,
       coalesce(sum(c.amount) FILTER (WHERE c.spent_height IS NOT NULL), 0) AS unknown_amount,
       min(c.received_at) AS since
FROM charmbills.charms c
WHERE (c.spent_height IS NULL OR c.is_unknown) AND c.beamed_to IS NULL AND c.amount > 0
GROUP BY c.plan_id, c.merchant_id, c.script;
COMMENT ON VIEW charmbills.charm_holders IS 'Who holds the tokens of which plan.';
COMMENT ON COLUMN charmbills.charm_holders.plan_id IS 'The plan.';
COMMENT ON COLUMN charmbills.charm_holders.merchant_id IS 'Merchant who sells the plan.';
COMMENT ON COLUMN charmbills.charm_holders.address IS 'Address that they are on; NULL for a script that has none.';
COMMENT ON COLUMN charmbills.charm_holders.script IS 'Script of that address.';
COMMENT ON COLUMN charmbills.charm_holders.amount IS 'Tokens in outputs that no block has spent.';
COMMENT ON COLUMN charmbills.charm_holders.unknown_amount IS 'Tokens that were spent by a spell of an unsupported version; they give access until charmbills.unknown_grace has passed.';
COMMENT ON COLUMN charmbills.charm_holders.since IS 'When the oldest of them came there.';
