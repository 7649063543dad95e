-- Bitcoin primitives.  A network argument that is NULL means charmbills.network.

CREATE FUNCTION charmbills.outpoint(txid charmbills.txid, vout integer)
RETURNS charmbills.outpoint
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_outpoint';
COMMENT ON FUNCTION charmbills.outpoint(charmbills.txid, integer) IS
'The output vout of a transaction. A negative number is refused.';

CREATE FUNCTION charmbills.outpoint_txid(outpoint charmbills.outpoint)
RETURNS charmbills.txid
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_outpoint_txid';
COMMENT ON FUNCTION charmbills.outpoint_txid(charmbills.outpoint) IS
'The transaction whose output this is.';

CREATE FUNCTION charmbills.outpoint_vout(outpoint charmbills.outpoint)
RETURNS integer
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_outpoint_vout';
COMMENT ON FUNCTION charmbills.outpoint_vout(charmbills.outpoint) IS
'The number of the output. One above 2147483647, which only a coinbase''s null outpoint has, is out of range.';

CREATE FUNCTION charmbills.btc_to_sats(btc numeric)
RETURNS charmbills.sats
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_btc_to_sats';
COMMENT ON FUNCTION charmbills.btc_to_sats(numeric) IS
'An amount in BTC as sats, exactly. More than 8 decimals, or an amount there cannot be, is an error.';

CREATE FUNCTION charmbills.sats_to_btc(sats charmbills.sats)
RETURNS numeric
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_sats_to_btc';
COMMENT ON FUNCTION charmbills.sats_to_btc(charmbills.sats) IS
'An amount in sats as BTC, exactly and with 8 decimals.';

CREATE FUNCTION charmbills.decode_transaction(tx text, network text DEFAULT NULL)
RETURNS jsonb
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_decode_transaction';
COMMENT ON FUNCTION charmbills.decode_transaction(text, text) IS
'A raw transaction in hex, with the keys of Bitcoin Core''s decoderawtransaction. The network spells the addresses.';

CREATE FUNCTION charmbills.transaction_txid(tx text)
RETURNS charmbills.txid
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_transaction_txid';
COMMENT ON FUNCTION charmbills.transaction_txid(text) IS
'The identifier of a raw transaction in hex.';

CREATE FUNCTION charmbills.address_to_script(address text, network text DEFAULT NULL)
RETURNS bytea
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_address_to_script';
COMMENT ON FUNCTION charmbills.address_to_script(text, text) IS
'The output script that pays an address.';

CREATE FUNCTION charmbills.script_to_address(script bytea, network text DEFAULT NULL)
RETURNS text
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_script_to_address';
COMMENT ON FUNCTION charmbills.script_to_address(bytea, text) IS
'The address that an output script pays; NULL where it has none.';

CREATE FUNCTION charmbills.is_valid_address(address text, network text DEFAULT NULL)
RETURNS boolean
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_is_valid_address';
COMMENT ON FUNCTION charmbills.is_valid_address(text, text) IS
'Whether a text is an address of the network. Never an error.';

CREATE FUNCTION charmbills.derive_address(descriptor text, index integer DEFAULT 0, network text DEFAULT NULL)
RETURNS text
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_derive_address';
COMMENT ON FUNCTION charmbills.derive_address(text, integer, text) IS
'The address of a public output descriptor at an index: pkh, wpkh, sh(wpkh), tr with a key only, wsh(sortedmulti). A checksum is verified when given.';

CREATE FUNCTION charmbills.preview_addresses(descriptor text, count integer, network text DEFAULT NULL)
RETURNS TABLE (index integer, address text)
LANGUAGE C STABLE PARALLEL SAFE ROWS 20
AS 'MODULE_PATHNAME', 'charmbills_preview_addresses';
COMMENT ON FUNCTION charmbills.preview_addresses(text, integer, text) IS
'The first addresses of a descriptor, to compare with those the wallet shows before it is used; one where it has no wildcard.';

CREATE FUNCTION charmbills.descriptor_checksum(descriptor text)
RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_descriptor_checksum';
COMMENT ON FUNCTION charmbills.descriptor_checksum(text) IS
'The BIP-380 checksum of a descriptor; one that is there already is verified.';

CREATE FUNCTION charmbills.verify_message(address text, message text, signature text)
RETURNS boolean
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_verify_message';
COMMENT ON FUNCTION charmbills.verify_message(text, text, text) IS
'Whether the holder of an address signed a message: BIP-322 simple, or a legacy signed message, in base64. The address may be of any network.';

CREATE FUNCTION charmbills.combine_psbts(psbts text[])
RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_combine_psbts';
COMMENT ON FUNCTION charmbills.combine_psbts(text[]) IS
'What PSBTs of one transaction, each with the signatures of another signer, say together, in base64. They are given in base64 or hex.';
