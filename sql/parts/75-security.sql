-- Who sees and does what.  Functions that touch tables run as their owner and
-- authorise their caller themselves; who reads a table directly sees what its
-- policy lets through.

CREATE FUNCTION charmbills.may_see(merchant_id uuid)
RETURNS boolean
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_may_see';
COMMENT ON FUNCTION charmbills.may_see(uuid) IS
'Whether the current role may see a merchant''s rows, or, of no merchant, the operators''.';

CREATE FUNCTION charmbills.grant_merchant(role_name name, merchant_id uuid)
RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_grant_merchant';
COMMENT ON FUNCTION charmbills.grant_merchant(name, uuid) IS
'Lets a database role act for a merchant; false when it could already. What the role may call is granted apart from this: see setup_roles().';

CREATE FUNCTION charmbills.revoke_merchant(role_name name, merchant_id uuid)
RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_revoke_merchant';
COMMENT ON FUNCTION charmbills.revoke_merchant(name, uuid) IS
'Takes back what grant_merchant() gave; false when there was nothing to take.';

CREATE FUNCTION charmbills.setup_roles()
RETURNS void
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_setup_roles';
COMMENT ON FUNCTION charmbills.setup_roles() IS
'Makes the roles charmbills_operator, charmbills_merchant and charmbills_monitor where they are missing, and grants each what it needs. Call it again after an upgrade.';

-- Rows of merchants.

ALTER TABLE charmbills.merchants ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.merchants USING (charmbills.may_see(id));
COMMENT ON POLICY visible ON charmbills.merchants IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.merchant_roles ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.merchant_roles USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.merchant_roles IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.merchant_counters ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.merchant_counters USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.merchant_counters IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.descriptors ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.descriptors USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.descriptors IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.customers USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.customers IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.api_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.api_keys USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.api_keys IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.plans ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.plans USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.plans IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.subscription_facts ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.subscription_facts USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.subscription_facts IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.invoices ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.invoices USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.invoices IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.payments ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.payments USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.payments IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.credits ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.credits USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.credits IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.idempotency_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.idempotency_keys USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.idempotency_keys IS 'Operators see all, a merchant''s role its own.';

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

ALTER TABLE charmbills.watched_scripts ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.watched_scripts USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.watched_scripts IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.transactions ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.transactions USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.transactions IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.watched_apps ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.watched_apps USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.watched_apps IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.charm_transactions ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.charm_transactions USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.charm_transactions IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.charms ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.charms USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.charms IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.previous_transactions ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.previous_transactions USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.previous_transactions IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.prove_requests ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.prove_requests USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.prove_requests IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.used_utxos ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.used_utxos USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.used_utxos IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.events ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.events USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.events IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.jobs USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.jobs IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.webhook_endpoints ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.webhook_endpoints USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.webhook_endpoints IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.webhook_deliveries ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.webhook_deliveries USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.webhook_deliveries IS 'Operators see all, a merchant''s role its own.';

ALTER TABLE charmbills.webhook_attempts ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.webhook_attempts USING (charmbills.may_see(merchant_id));
COMMENT ON POLICY visible ON charmbills.webhook_attempts IS 'Operators see all, a merchant''s role its own.';

-- What belongs to no merchant.

ALTER TABLE charmbills.chain_state ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.chain_state USING (charmbills.may_see(NULL));
COMMENT ON POLICY visible ON charmbills.chain_state IS 'Operators only.';

ALTER TABLE charmbills.currencies ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.currencies USING (charmbills.may_see(NULL));
COMMENT ON POLICY visible ON charmbills.currencies IS 'Operators only.';

ALTER TABLE charmbills.exchange_rates ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.exchange_rates USING (charmbills.may_see(NULL));
COMMENT ON POLICY visible ON charmbills.exchange_rates IS 'Operators only.';

ALTER TABLE charmbills.blocks ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.blocks USING (charmbills.may_see(NULL));
COMMENT ON POLICY visible ON charmbills.blocks IS 'Operators only.';

ALTER TABLE charmbills.chain_transactions ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.chain_transactions USING (charmbills.may_see(NULL));
COMMENT ON POLICY visible ON charmbills.chain_transactions IS 'Operators only.';

ALTER TABLE charmbills.watched_outpoints ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.watched_outpoints USING (charmbills.may_see(NULL));
COMMENT ON POLICY visible ON charmbills.watched_outpoints IS 'Operators only.';

ALTER TABLE charmbills.sandbox_blocks ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.sandbox_blocks USING (charmbills.may_see(NULL));
COMMENT ON POLICY visible ON charmbills.sandbox_blocks IS 'Operators only.';

ALTER TABLE charmbills.sandbox_mempool ENABLE ROW LEVEL SECURITY;
CREATE POLICY visible ON charmbills.sandbox_mempool USING (charmbills.may_see(NULL));
COMMENT ON POLICY visible ON charmbills.sandbox_mempool IS 'Operators only.';

-- Everyone: types, their operators, and primitives that touch no table.

REVOKE ALL ON ALL TABLES IN SCHEMA charmbills FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA charmbills FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA charmbills FROM PUBLIC;

GRANT USAGE ON SCHEMA charmbills TO PUBLIC;
GRANT EXECUTE ON FUNCTION
    charmbills.txid_in(cstring),
    charmbills.txid_out(charmbills.txid),
    charmbills.txid_recv(internal),
    charmbills.txid_send(charmbills.txid),
    charmbills.txid_lt(charmbills.txid, charmbills.txid),
    charmbills.txid_le(charmbills.txid, charmbills.txid),
    charmbills.txid_eq(charmbills.txid, charmbills.txid),
    charmbills.txid_ne(charmbills.txid, charmbills.txid),
    charmbills.txid_ge(charmbills.txid, charmbills.txid),
    charmbills.txid_gt(charmbills.txid, charmbills.txid),
    charmbills.txid_cmp(charmbills.txid, charmbills.txid),
    charmbills.txid_sortsupport(internal),
    charmbills.txid_hash(charmbills.txid),
    charmbills.txid_hash_extended(charmbills.txid, bigint),
    charmbills.outpoint_in(cstring),
    charmbills.outpoint_out(charmbills.outpoint),
    charmbills.outpoint_recv(internal),
    charmbills.outpoint_send(charmbills.outpoint),
    charmbills.outpoint_lt(charmbills.outpoint, charmbills.outpoint),
    charmbills.outpoint_le(charmbills.outpoint, charmbills.outpoint),
    charmbills.outpoint_eq(charmbills.outpoint, charmbills.outpoint),
    charmbills.outpoint_ne(charmbills.outpoint, charmbills.outpoint),
    charmbills.outpoint_ge(charmbills.outpoint, charmbills.outpoint),
    charmbills.outpoint_gt(charmbills.outpoint, charmbills.outpoint),
    charmbills.outpoint_cmp(charmbills.outpoint, charmbills.outpoint),
    charmbills.outpoint_sortsupport(internal),
    charmbills.outpoint_hash(charmbills.outpoint),
    charmbills.outpoint_hash_extended(charmbills.outpoint, bigint)
TO PUBLIC;
GRANT EXECUTE ON FUNCTION
    charmbills.outpoint(charmbills.txid, integer),
    charmbills.outpoint_txid(charmbills.outpoint),
    charmbills.outpoint_vout(charmbills.outpoint),
    charmbills.btc_to_sats(numeric),
    charmbills.sats_to_btc(charmbills.sats),
    charmbills.decode_transaction(text, text),
    charmbills.transaction_txid(text),
    charmbills.address_to_script(text, text),
    charmbills.script_to_address(bytea, text),
    charmbills.is_valid_address(text, text),
    charmbills.derive_address(text, integer, text),
    charmbills.preview_addresses(text, integer, text),
    charmbills.descriptor_checksum(text),
    charmbills.verify_message(text, text, text),
    charmbills.combine_psbts(text[]),
    charmbills.decode_spell(text),
    charmbills.verify_spell(text),
    charmbills.spell_charms(text),
    charmbills.app_identity(charmbills.outpoint)
TO PUBLIC;
-- Policies call this one as whoever selects.
GRANT EXECUTE ON FUNCTION charmbills.may_see(uuid) TO PUBLIC;
