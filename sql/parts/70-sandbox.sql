-- The sandbox: a chain inside the database, for demos and tests.  Operators only,
-- and only where charmbills.network is regtest and charmbills.rpc_url is sandbox.

CREATE FUNCTION charmbills.sandbox_pay(address text, amount charmbills.sats)
RETURNS charmbills.txid
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_sandbox_pay';
REVOKE ALL ON FUNCTION charmbills.sandbox_pay(text, charmbills.sats) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.sandbox_pay(text, charmbills.sats) IS
'Pay an address from a wallet outside: the transaction waits in the sandbox''s mempool.';

CREATE FUNCTION charmbills.sandbox_pay_many(addresses text[], amounts bigint[])
RETURNS charmbills.txid
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_sandbox_pay_many';
REVOKE ALL ON FUNCTION charmbills.sandbox_pay_many(text[], bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.sandbox_pay_many(text[], bigint[]) IS
'Pay several addresses in one transaction, one output each in the order given.';

CREATE FUNCTION charmbills.sandbox_submit(tx text)
RETURNS charmbills.txid
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_sandbox_submit';
REVOKE ALL ON FUNCTION charmbills.sandbox_submit(text) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.sandbox_submit(text) IS
'Broadcast a raw transaction in hex. It replaces those in the mempool that it conflicts with; one that is there or mined already is left alone. Signatures, and whether inputs exist, are not checked.';

CREATE FUNCTION charmbills.sandbox_double_spend(txid charmbills.txid)
RETURNS charmbills.txid
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_sandbox_double_spend';
REVOKE ALL ON FUNCTION charmbills.sandbox_double_spend(charmbills.txid) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.sandbox_double_spend(charmbills.txid) IS
'Replace a transaction in the mempool by one that spends the same and pays nobody known. One in a block must be undone first with sandbox_reorg().';

CREATE FUNCTION charmbills.sandbox_evict(txid charmbills.txid)
RETURNS boolean
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_sandbox_evict';
REVOKE ALL ON FUNCTION charmbills.sandbox_evict(charmbills.txid) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.sandbox_evict(charmbills.txid) IS
'Drop a transaction, and those that spend its outputs, from the mempool. False when it is not there.';

CREATE FUNCTION charmbills.sandbox_mine(blocks integer DEFAULT 1, coinbase_address text DEFAULT NULL)
RETURNS integer
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_sandbox_mine';
REVOKE ALL ON FUNCTION charmbills.sandbox_mine(integer, text) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.sandbox_mine(integer, text) IS
'Mine 1 to 10000 blocks with what waits in the mempool, and give the new height. Their coinbases pay nobody known unless an address is given.';

CREATE FUNCTION charmbills.sandbox_reorg(depth integer, keep_transactions boolean DEFAULT false)
RETURNS integer
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_sandbox_reorg';
REVOKE ALL ON FUNCTION charmbills.sandbox_reorg(integer, boolean) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.sandbox_reorg(integer, boolean) IS
'Replace the last blocks by one more, and give the new height. Their transactions are back in the mempool or, if kept, in the new blocks.';

CREATE FUNCTION charmbills.sandbox_advance_clock(step interval)
RETURNS timestamptz
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_sandbox_advance_clock';
REVOKE ALL ON FUNCTION charmbills.sandbox_advance_clock(interval) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.sandbox_advance_clock(interval) IS
'Move the sandbox''s clock forward, and give its new time. On the way it stops wherever something falls due and runs billing there. From the first use on, charmbills.now() is this clock.';

CREATE FUNCTION charmbills.sandbox_sign(transaction_id uuid)
RETURNS charmbills.transactions
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_sandbox_sign';
REVOKE ALL ON FUNCTION charmbills.sandbox_sign(uuid) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.sandbox_sign(uuid) IS
'Put zeros where the signatures of a transaction belong that waits for them, and broadcast it. In the sandbox nobody needs a key.';
