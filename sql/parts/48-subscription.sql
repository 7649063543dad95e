-- What a subscription is at an instant.

CREATE FUNCTION charmbills.subscription_status(
    trial_end timestamptz, paid_through timestamptz, grace_until timestamptz,
    first_expired_at timestamptz, paused_at timestamptz, ended_at timestamptz,
    at timestamptz, lapse timestamptz) RETURNS text
LANGUAGE C IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_subscription_status';
COMMENT ON FUNCTION charmbills.subscription_status(timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz) IS
'Status of a subscription with these facts at an instant, lapsing judged at lapse.';

CREATE FUNCTION charmbills.lapse_clock() RETURNS timestamptz
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_lapse_clock';
COMMENT ON FUNCTION charmbills.lapse_clock() IS
'The instant at which lapsing is judged: now, or the time until which the chain has been followed if that is earlier, but no older than charmbills.max_stale.';
