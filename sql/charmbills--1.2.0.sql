\echo Use "CREATE EXTENSION charmbills" to load this file. \quit
-- Everything below is written with qualified names and only creates, so that
-- nothing a user left in the database can be picked up or replaced.
SET LOCAL search_path = pg_catalog, pg_temp;

CREATE SCHEMA charmbills;
COMMENT ON SCHEMA charmbills IS 'charmbills: Bitcoin subscription billing';
-- The types txid, outpoint and sats.  Operators of txid and outpoint compare bytes.

-- A transaction's identifier.

CREATE TYPE charmbills.txid;

CREATE FUNCTION charmbills.txid_in(cstring) RETURNS charmbills.txid
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_txid_in';
COMMENT ON FUNCTION charmbills.txid_in(cstring) IS 'Text input.';

CREATE FUNCTION charmbills.txid_out(charmbills.txid) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_txid_out';
COMMENT ON FUNCTION charmbills.txid_out(charmbills.txid) IS 'Text output.';

CREATE FUNCTION charmbills.txid_recv(internal) RETURNS charmbills.txid
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_txid_recv';
COMMENT ON FUNCTION charmbills.txid_recv(internal) IS 'Binary input.';

CREATE FUNCTION charmbills.txid_send(charmbills.txid) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_txid_send';
COMMENT ON FUNCTION charmbills.txid_send(charmbills.txid) IS 'Binary output.';

CREATE TYPE charmbills.txid (
    INPUT = charmbills.txid_in,
    OUTPUT = charmbills.txid_out,
    RECEIVE = charmbills.txid_recv,
    SEND = charmbills.txid_send,
    INTERNALLENGTH = 32,
    ALIGNMENT = char,
    STORAGE = plain
);
COMMENT ON TYPE charmbills.txid IS
'Identifier of a Bitcoin transaction: 64 hexadecimal digits, shown last byte first as Bitcoin shows it; kept, sorted and sent in wire order, 32 bytes.';

CREATE FUNCTION charmbills.txid_lt(charmbills.txid, charmbills.txid) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_txid_lt';
COMMENT ON FUNCTION charmbills.txid_lt(charmbills.txid, charmbills.txid) IS 'Less than.';

CREATE FUNCTION charmbills.txid_le(charmbills.txid, charmbills.txid) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_txid_le';
COMMENT ON FUNCTION charmbills.txid_le(charmbills.txid, charmbills.txid) IS 'Less than or equal.';

CREATE FUNCTION charmbills.txid_eq(charmbills.txid, charmbills.txid) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_txid_eq';
COMMENT ON FUNCTION charmbills.txid_eq(charmbills.txid, charmbills.txid) IS 'Equal.';

CREATE FUNCTION charmbills.txid_ne(charmbills.txid, charmbills.txid) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_txid_ne';
COMMENT ON FUNCTION charmbills.txid_ne(charmbills.txid, charmbills.txid) IS 'Not equal.';

CREATE FUNCTION charmbills.txid_ge(charmbills.txid, charmbills.txid) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_txid_ge';
COMMENT ON FUNCTION charmbills.txid_ge(charmbills.txid, charmbills.txid) IS 'Greater than or equal.';

CREATE FUNCTION charmbills.txid_gt(charmbills.txid, charmbills.txid) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_txid_gt';
COMMENT ON FUNCTION charmbills.txid_gt(charmbills.txid, charmbills.txid) IS 'Greater than.';

CREATE OPERATOR charmbills.< (
    LEFTARG = charmbills.txid, RIGHTARG = charmbills.txid, FUNCTION = charmbills.txid_lt,
    COMMUTATOR = OPERATOR(charmbills.>), NEGATOR = OPERATOR(charmbills.>=),
    RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR charmbills.< (charmbills.txid, charmbills.txid) IS 'Less than.';

CREATE OPERATOR charmbills.<= (
    LEFTARG = charmbills.txid, RIGHTARG = charmbills.txid, FUNCTION = charmbills.txid_le,
    COMMUTATOR = OPERATOR(charmbills.>=), NEGATOR = OPERATOR(charmbills.>),
    RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR charmbills.<= (charmbills.txid, charmbills.txid) IS 'Less than or equal.';

CREATE OPERATOR charmbills.= (
    LEFTARG = charmbills.txid, RIGHTARG = charmbills.txid, FUNCTION = charmbills.txid_eq,
    COMMUTATOR = OPERATOR(charmbills.=), NEGATOR = OPERATOR(charmbills.<>),
    RESTRICT = eqsel, JOIN = eqjoinsel,
    HASHES, MERGES
);
COMMENT ON OPERATOR charmbills.= (charmbills.txid, charmbills.txid) IS 'Equal.';

CREATE OPERATOR charmbills.<> (
    LEFTARG = charmbills.txid, RIGHTARG = charmbills.txid, FUNCTION = charmbills.txid_ne,
    COMMUTATOR = OPERATOR(charmbills.<>), NEGATOR = OPERATOR(charmbills.=),
    RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR charmbills.<> (charmbills.txid, charmbills.txid) IS 'Not equal.';

CREATE OPERATOR charmbills.>= (
    LEFTARG = charmbills.txid, RIGHTARG = charmbills.txid, FUNCTION = charmbills.txid_ge,
    COMMUTATOR = OPERATOR(charmbills.<=), NEGATOR = OPERATOR(charmbills.<),
    RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR charmbills.>= (charmbills.txid, charmbills.txid) IS 'Greater than or equal.';

CREATE OPERATOR charmbills.> (
    LEFTARG = charmbills.txid, RIGHTARG = charmbills.txid, FUNCTION = charmbills.txid_gt,
    COMMUTATOR = OPERATOR(charmbills.<), NEGATOR = OPERATOR(charmbills.<=),
    RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR charmbills.> (charmbills.txid, charmbills.txid) IS 'Greater than.';

CREATE FUNCTION charmbills.txid_cmp(charmbills.txid, charmbills.txid) RETURNS integer
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_txid_cmp';
COMMENT ON FUNCTION charmbills.txid_cmp(charmbills.txid, charmbills.txid) IS 'Order for b-tree indexes: negative, zero or positive.';

CREATE FUNCTION charmbills.txid_sortsupport(internal) RETURNS void
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_txid_sortsupport';
COMMENT ON FUNCTION charmbills.txid_sortsupport(internal) IS 'Sort support for b-tree indexes.';

CREATE OPERATOR CLASS charmbills.txid_ops
DEFAULT FOR TYPE charmbills.txid USING btree AS
    OPERATOR 1 charmbills.<,
    OPERATOR 2 charmbills.<=,
    OPERATOR 3 charmbills.=,
    OPERATOR 4 charmbills.>=,
    OPERATOR 5 charmbills.>,
    FUNCTION 1 charmbills.txid_cmp(charmbills.txid, charmbills.txid),
    FUNCTION 2 charmbills.txid_sortsupport(internal),
    FUNCTION 4 btequalimage(oid);
COMMENT ON OPERATOR CLASS charmbills.txid_ops USING btree IS 'B-tree order of txid: that of its bytes.';
COMMENT ON OPERATOR FAMILY charmbills.txid_ops USING btree IS 'B-tree order of txid.';

CREATE FUNCTION charmbills.txid_hash(charmbills.txid) RETURNS integer
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_txid_hash';
COMMENT ON FUNCTION charmbills.txid_hash(charmbills.txid) IS 'Hash for hash indexes and joins.';

CREATE FUNCTION charmbills.txid_hash_extended(charmbills.txid, bigint) RETURNS bigint
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_txid_hash_extended';
COMMENT ON FUNCTION charmbills.txid_hash_extended(charmbills.txid, bigint) IS 'Seeded hash for hash partitioning.';

CREATE OPERATOR CLASS charmbills.txid_ops
DEFAULT FOR TYPE charmbills.txid USING hash AS
    OPERATOR 1 charmbills.=,
    FUNCTION 1 charmbills.txid_hash(charmbills.txid),
    FUNCTION 2 charmbills.txid_hash_extended(charmbills.txid, bigint);
COMMENT ON OPERATOR CLASS charmbills.txid_ops USING hash IS 'Hashing of txid.';
COMMENT ON OPERATOR FAMILY charmbills.txid_ops USING hash IS 'Hashing of txid.';

-- One output of one transaction.

CREATE TYPE charmbills.outpoint;

CREATE FUNCTION charmbills.outpoint_in(cstring) RETURNS charmbills.outpoint
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_outpoint_in';
COMMENT ON FUNCTION charmbills.outpoint_in(cstring) IS 'Text input.';

CREATE FUNCTION charmbills.outpoint_out(charmbills.outpoint) RETURNS cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_outpoint_out';
COMMENT ON FUNCTION charmbills.outpoint_out(charmbills.outpoint) IS 'Text output.';

CREATE FUNCTION charmbills.outpoint_recv(internal) RETURNS charmbills.outpoint
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_outpoint_recv';
COMMENT ON FUNCTION charmbills.outpoint_recv(internal) IS 'Binary input.';

CREATE FUNCTION charmbills.outpoint_send(charmbills.outpoint) RETURNS bytea
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_outpoint_send';
COMMENT ON FUNCTION charmbills.outpoint_send(charmbills.outpoint) IS 'Binary output.';

CREATE TYPE charmbills.outpoint (
    INPUT = charmbills.outpoint_in,
    OUTPUT = charmbills.outpoint_out,
    RECEIVE = charmbills.outpoint_recv,
    SEND = charmbills.outpoint_send,
    INTERNALLENGTH = 36,
    ALIGNMENT = char,
    STORAGE = plain
);
COMMENT ON TYPE charmbills.outpoint IS
'One output of one Bitcoin transaction, written txid:vout; sent as 32 bytes of txid in wire order and 4 of output number in network byte order.';

CREATE FUNCTION charmbills.outpoint_lt(charmbills.outpoint, charmbills.outpoint) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_outpoint_lt';
COMMENT ON FUNCTION charmbills.outpoint_lt(charmbills.outpoint, charmbills.outpoint) IS 'Less than.';

CREATE FUNCTION charmbills.outpoint_le(charmbills.outpoint, charmbills.outpoint) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_outpoint_le';
COMMENT ON FUNCTION charmbills.outpoint_le(charmbills.outpoint, charmbills.outpoint) IS 'Less than or equal.';

CREATE FUNCTION charmbills.outpoint_eq(charmbills.outpoint, charmbills.outpoint) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_outpoint_eq';
COMMENT ON FUNCTION charmbills.outpoint_eq(charmbills.outpoint, charmbills.outpoint) IS 'Equal.';

CREATE FUNCTION charmbills.outpoint_ne(charmbills.outpoint, charmbills.outpoint) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_outpoint_ne';
COMMENT ON FUNCTION charmbills.outpoint_ne(charmbills.outpoint, charmbills.outpoint) IS 'Not equal.';

CREATE FUNCTION charmbills.outpoint_ge(charmbills.outpoint, charmbills.outpoint) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_outpoint_ge';
COMMENT ON FUNCTION charmbills.outpoint_ge(charmbills.outpoint, charmbills.outpoint) IS 'Greater than or equal.';

CREATE FUNCTION charmbills.outpoint_gt(charmbills.outpoint, charmbills.outpoint) RETURNS boolean
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_outpoint_gt';
COMMENT ON FUNCTION charmbills.outpoint_gt(charmbills.outpoint, charmbills.outpoint) IS 'Greater than.';

CREATE OPERATOR charmbills.< (
    LEFTARG = charmbills.outpoint, RIGHTARG = charmbills.outpoint, FUNCTION = charmbills.outpoint_lt,
    COMMUTATOR = OPERATOR(charmbills.>), NEGATOR = OPERATOR(charmbills.>=),
    RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR charmbills.< (charmbills.outpoint, charmbills.outpoint) IS 'Less than.';

CREATE OPERATOR charmbills.<= (
    LEFTARG = charmbills.outpoint, RIGHTARG = charmbills.outpoint, FUNCTION = charmbills.outpoint_le,
    COMMUTATOR = OPERATOR(charmbills.>=), NEGATOR = OPERATOR(charmbills.>),
    RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR charmbills.<= (charmbills.outpoint, charmbills.outpoint) IS 'Less than or equal.';

CREATE OPERATOR charmbills.= (
    LEFTARG = charmbills.outpoint, RIGHTARG = charmbills.outpoint, FUNCTION = charmbills.outpoint_eq,
    COMMUTATOR = OPERATOR(charmbills.=), NEGATOR = OPERATOR(charmbills.<>),
    RESTRICT = eqsel, JOIN = eqjoinsel,
    HASHES, MERGES
);
COMMENT ON OPERATOR charmbills.= (charmbills.outpoint, charmbills.outpoint) IS 'Equal.';

CREATE OPERATOR charmbills.<> (
    LEFTARG = charmbills.outpoint, RIGHTARG = charmbills.outpoint, FUNCTION = charmbills.outpoint_ne,
    COMMUTATOR = OPERATOR(charmbills.<>), NEGATOR = OPERATOR(charmbills.=),
    RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR charmbills.<> (charmbills.outpoint, charmbills.outpoint) IS 'Not equal.';

CREATE OPERATOR charmbills.>= (
    LEFTARG = charmbills.outpoint, RIGHTARG = charmbills.outpoint, FUNCTION = charmbills.outpoint_ge,
    COMMUTATOR = OPERATOR(charmbills.<=), NEGATOR = OPERATOR(charmbills.<),
    RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR charmbills.>= (charmbills.outpoint, charmbills.outpoint) IS 'Greater than or equal.';

CREATE OPERATOR charmbills.> (
    LEFTARG = charmbills.outpoint, RIGHTARG = charmbills.outpoint, FUNCTION = charmbills.outpoint_gt,
    COMMUTATOR = OPERATOR(charmbills.<), NEGATOR = OPERATOR(charmbills.<=),
    RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR charmbills.> (charmbills.outpoint, charmbills.outpoint) IS 'Greater than.';

CREATE FUNCTION charmbills.outpoint_cmp(charmbills.outpoint, charmbills.outpoint) RETURNS integer
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_outpoint_cmp';
COMMENT ON FUNCTION charmbills.outpoint_cmp(charmbills.outpoint, charmbills.outpoint) IS 'Order for b-tree indexes: negative, zero or positive.';

CREATE FUNCTION charmbills.outpoint_sortsupport(internal) RETURNS void
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_outpoint_sortsupport';
COMMENT ON FUNCTION charmbills.outpoint_sortsupport(internal) IS 'Sort support for b-tree indexes.';

CREATE OPERATOR CLASS charmbills.outpoint_ops
DEFAULT FOR TYPE charmbills.outpoint USING btree AS
    OPERATOR 1 charmbills.<,
    OPERATOR 2 charmbills.<=,
    OPERATOR 3 charmbills.=,
    OPERATOR 4 charmbills.>=,
    OPERATOR 5 charmbills.>,
    FUNCTION 1 charmbills.outpoint_cmp(charmbills.outpoint, charmbills.outpoint),
    FUNCTION 2 charmbills.outpoint_sortsupport(internal),
    FUNCTION 4 btequalimage(oid);
COMMENT ON OPERATOR CLASS charmbills.outpoint_ops USING btree IS 'B-tree order of outpoint: that of its bytes.';
COMMENT ON OPERATOR FAMILY charmbills.outpoint_ops USING btree IS 'B-tree order of outpoint.';

CREATE FUNCTION charmbills.outpoint_hash(charmbills.outpoint) RETURNS integer
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_outpoint_hash';
COMMENT ON FUNCTION charmbills.outpoint_hash(charmbills.outpoint) IS 'Hash for hash indexes and joins.';

CREATE FUNCTION charmbills.outpoint_hash_extended(charmbills.outpoint, bigint) RETURNS bigint
LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_outpoint_hash_extended';
COMMENT ON FUNCTION charmbills.outpoint_hash_extended(charmbills.outpoint, bigint) IS 'Seeded hash for hash partitioning.';

CREATE OPERATOR CLASS charmbills.outpoint_ops
DEFAULT FOR TYPE charmbills.outpoint USING hash AS
    OPERATOR 1 charmbills.=,
    FUNCTION 1 charmbills.outpoint_hash(charmbills.outpoint),
    FUNCTION 2 charmbills.outpoint_hash_extended(charmbills.outpoint, bigint);
COMMENT ON OPERATOR CLASS charmbills.outpoint_ops USING hash IS 'Hashing of outpoint.';
COMMENT ON OPERATOR FAMILY charmbills.outpoint_ops USING hash IS 'Hashing of outpoint.';

-- Amounts.
CREATE DOMAIN charmbills.sats AS bigint
    CONSTRAINT sats_range CHECK (VALUE BETWEEN 0 AND 2100000000000000);
COMMENT ON DOMAIN charmbills.sats IS
'An amount of bitcoin in sats (1 BTC is 100,000,000 sats), from 0 to all there can ever be.';
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
-- Charms spells, read and verified from the bytes of raw transactions alone.
-- Verifying takes milliseconds, the rest microseconds.

CREATE FUNCTION charmbills.decode_spell(tx text)
RETURNS jsonb
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_decode_spell';
COMMENT ON FUNCTION charmbills.decode_spell(text) IS
'The spell of a raw transaction in hex, by the names of its YAML form, with the transaction''s inputs, and the amounts and scripts of the outputs it speaks of. One that cannot be read has a state and a reason instead; NULL where there is none. Decoded, not verified.';

CREATE FUNCTION charmbills.verify_spell(tx text, OUT verdict text, OUT reason text, OUT version integer, OUT carrier text)
RETURNS record
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000
AS 'MODULE_PATHNAME', 'charmbills_verify_spell';
COMMENT ON FUNCTION charmbills.verify_spell(text) IS
'Whether the spell of a raw transaction in hex holds: valid, invalid, mock, unsupported, or none, and why it is not valid. It says nothing of whether the transaction is in the chain.';

CREATE FUNCTION charmbills.spell_charms(tx text)
RETURNS TABLE (vout integer, app text, tag text, identity text, vk text, amount numeric, data jsonb, beamed_out boolean)
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 4
AS 'MODULE_PATHNAME', 'charmbills_spell_charms';
COMMENT ON FUNCTION charmbills.spell_charms(text) IS
'What the spell of a raw transaction in hex puts on which output; only tokens have an amount. No row where there is no spell, or one that cannot be read. Decoded, not verified.';

CREATE FUNCTION charmbills.app_identity(utxo charmbills.outpoint)
RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_app_identity';
COMMENT ON FUNCTION charmbills.app_identity(charmbills.outpoint) IS
'The identity of an app that is bound to an outpoint: the SHA-256 of its text, in hex.';
-- Who sells, who buys, what is sold and what is owed.

CREATE FUNCTION charmbills.uuid_v7() RETURNS uuid
LANGUAGE C VOLATILE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_uuid_v7';
COMMENT ON FUNCTION charmbills.uuid_v7() IS
'A new time-ordered UUID (RFC 9562 version 7).';

CREATE TABLE charmbills.merchants (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    address text,
    name text NOT NULL CHECK (name <> ''),
    email text,
    descriptor text,
    timezone text NOT NULL DEFAULT 'UTC',
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (address IS NOT NULL OR descriptor IS NOT NULL)
);
COMMENT ON TABLE charmbills.merchants IS 'Who sells.';
COMMENT ON COLUMN charmbills.merchants.id IS 'Identity of the merchant.';
COMMENT ON COLUMN charmbills.merchants.address IS 'Fixed Bitcoin address: the merchant''s name on chain, and where invoices are paid when there is no descriptor.';
COMMENT ON COLUMN charmbills.merchants.name IS 'Name shown to customers.';
COMMENT ON COLUMN charmbills.merchants.email IS 'Where the operator reaches the merchant.';
COMMENT ON COLUMN charmbills.merchants.descriptor IS 'Public ranged output descriptor from which every invoice gets a fresh address.';
COMMENT ON COLUMN charmbills.merchants.timezone IS 'Time zone in which billing periods are computed.';
COMMENT ON COLUMN charmbills.merchants.is_active IS 'False stops new subscriptions and invoices.';
COMMENT ON COLUMN charmbills.merchants.created_at IS 'When the merchant was created.';

CREATE UNIQUE INDEX merchants_address_key ON charmbills.merchants (address);

CREATE TABLE charmbills.merchant_roles (
    role_name name NOT NULL,
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    PRIMARY KEY (role_name, merchant_id)
);
COMMENT ON TABLE charmbills.merchant_roles IS 'Database roles that act for a merchant and see nothing but its rows.';
COMMENT ON COLUMN charmbills.merchant_roles.role_name IS 'Name of the database role.';
COMMENT ON COLUMN charmbills.merchant_roles.merchant_id IS 'Merchant it acts for.';

CREATE TABLE charmbills.merchant_counters (
    merchant_id uuid PRIMARY KEY REFERENCES charmbills.merchants (id),
    series text NOT NULL DEFAULT '',
    next_invoice_number bigint NOT NULL DEFAULT 1 CHECK (next_invoice_number > 0)
);
COMMENT ON TABLE charmbills.merchant_counters IS 'The next invoice number of each merchant; its row lock also guards the merchant''s derivation indexes, and is taken last.';
COMMENT ON COLUMN charmbills.merchant_counters.merchant_id IS 'Merchant counted for.';
COMMENT ON COLUMN charmbills.merchant_counters.series IS 'Series the next number belongs to: empty at first, another after the database was promoted or adopted.';
COMMENT ON COLUMN charmbills.merchant_counters.next_invoice_number IS 'Number of the next invoice in this series.';

CREATE TABLE charmbills.descriptors (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    canonical text NOT NULL UNIQUE,
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    next_index integer NOT NULL CHECK (next_index >= 0),
    first_index integer NOT NULL CHECK (first_index >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    written text
);
COMMENT ON TABLE charmbills.descriptors IS 'Sources of addresses; each belongs to one merchant for ever.';
COMMENT ON COLUMN charmbills.descriptors.id IS 'Identity of the descriptor.';
COMMENT ON COLUMN charmbills.descriptors.canonical IS 'Text that identifies the scripts it derives, however it was written.';
COMMENT ON COLUMN charmbills.descriptors.merchant_id IS 'Merchant it belongs to.';
COMMENT ON COLUMN charmbills.descriptors.next_index IS 'Index of the next address to be issued.';
COMMENT ON COLUMN charmbills.descriptors.first_index IS 'Index of the first address that was ever issued or watched.';
COMMENT ON COLUMN charmbills.descriptors.created_at IS 'When the descriptor was first given.';
COMMENT ON COLUMN charmbills.descriptors.written IS 'As it was last given, which may say where its keys come from: PSBTs tell signers.';

CREATE INDEX descriptors_merchant_id_idx ON charmbills.descriptors (merchant_id);

CREATE TABLE charmbills.customers (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    external_id text,
    address text,
    metadata jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (external_id IS NOT NULL OR address IS NOT NULL)
);
COMMENT ON TABLE charmbills.customers IS 'A merchant''s customers.';
COMMENT ON COLUMN charmbills.customers.id IS 'Identity of the customer.';
COMMENT ON COLUMN charmbills.customers.merchant_id IS 'Merchant whose customer this is.';
COMMENT ON COLUMN charmbills.customers.external_id IS 'The application''s own name for the customer.';
COMMENT ON COLUMN charmbills.customers.address IS 'The customer''s Bitcoin address.';
COMMENT ON COLUMN charmbills.customers.metadata IS 'Whatever the application wants to keep here.';
COMMENT ON COLUMN charmbills.customers.created_at IS 'When the customer was first seen.';

CREATE UNIQUE INDEX customers_external_id_key ON charmbills.customers (merchant_id, external_id);
CREATE UNIQUE INDEX customers_address_key ON charmbills.customers (merchant_id, address) WHERE external_id IS NULL;

CREATE TABLE charmbills.api_keys (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    prefix text NOT NULL UNIQUE,
    key_hash bytea NOT NULL CHECK (octet_length(key_hash) = 32),
    name text NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    expires_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE charmbills.api_keys IS 'Credentials of merchants'' programs.';
COMMENT ON COLUMN charmbills.api_keys.id IS 'Identity of the key.';
COMMENT ON COLUMN charmbills.api_keys.merchant_id IS 'Merchant it acts for.';
COMMENT ON COLUMN charmbills.api_keys.prefix IS 'Public part by which a key is found and recognised.';
COMMENT ON COLUMN charmbills.api_keys.key_hash IS 'SHA-256 of the secret part.';
COMMENT ON COLUMN charmbills.api_keys.name IS 'What the merchant calls it.';
COMMENT ON COLUMN charmbills.api_keys.is_active IS 'False once revoked.';
COMMENT ON COLUMN charmbills.api_keys.expires_at IS 'When it stops working by itself.';
COMMENT ON COLUMN charmbills.api_keys.last_used_at IS 'When it last opened a door.';
COMMENT ON COLUMN charmbills.api_keys.created_at IS 'When it was made.';

CREATE INDEX api_keys_merchant_id_idx ON charmbills.api_keys (merchant_id);

CREATE TABLE charmbills.plans (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    merchant_address text,
    service_name text NOT NULL CHECK (service_name <> ''),
    price_sats charmbills.sats,
    billing_cycle text NOT NULL,
    trial interval NOT NULL DEFAULT '0',
    grace interval NOT NULL DEFAULT '5 days',
    confirmations integer CHECK (confirmations BETWEEN 0 AND 1000),
    tolerance_sats charmbills.sats NOT NULL DEFAULT 0,
    allow_multiple boolean NOT NULL DEFAULT false,
    ticker text,
    app_id text CHECK (app_id ~ '^[0-9a-f]{64}$'),
    app_vk text CHECK (app_vk ~ '^[0-9a-f]{64}$'),
    nft_utxo charmbills.outpoint,
    remaining_supply numeric CHECK (remaining_supply >= 0 AND remaining_supply = trunc(remaining_supply)),
    status text NOT NULL CHECK (status IN ('pending_signature', 'pending_confirmation', 'active', 'inactive', 'failed')),
    metadata jsonb NOT NULL DEFAULT '{}',
    import_key text UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    currency text CONSTRAINT plans_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    price numeric CONSTRAINT plans_price_range_check CHECK (price >= 0 AND price < 10000000000),
    tolerance_percent numeric NOT NULL DEFAULT 0
        CONSTRAINT plans_tolerance_percent_check CHECK (tolerance_percent >= 0 AND tolerance_percent <= 100),
    tax_rate numeric NOT NULL DEFAULT 0 CONSTRAINT plans_tax_rate_check CHECK (tax_rate >= 0 AND tax_rate <= 100),
    min_invoice_sats charmbills.sats NOT NULL DEFAULT 0,
    lead_time interval CONSTRAINT plans_lead_time_check CHECK (lead_time >= interval '0'),
    restart text NOT NULL DEFAULT 'payment' CONSTRAINT plans_restart_check CHECK (restart IN ('payment', 'period_end')),
    trial_once boolean NOT NULL DEFAULT true,
    dunning interval[] NOT NULL DEFAULT '{1 day, 3 days}',
    uncollectible_after interval NOT NULL DEFAULT '30 days'
        CONSTRAINT plans_uncollectible_after_check CHECK (uncollectible_after >= interval '0'),
    entitlement text NOT NULL DEFAULT 'payment'
        CONSTRAINT plans_entitlement_check CHECK (entitlement IN ('payment', 'token', 'either')),
    token_units numeric NOT NULL DEFAULT 1 CONSTRAINT plans_token_units_check
        CHECK (token_units BETWEEN 1 AND 18446744073709551615 AND token_units = trunc(token_units)),
    token_access text NOT NULL DEFAULT 'held'
        CONSTRAINT plans_token_access_check CHECK (token_access IN ('held', 'cycle')),
    accept_beamed boolean NOT NULL DEFAULT false,
    nft_state text NOT NULL DEFAULT 'unborn'
        CONSTRAINT plans_nft_state_check CHECK (nft_state IN ('unborn', 'held', 'away', 'unknown', 'gone')),
    nft_script bytea,
    deactivated_by text CONSTRAINT plans_deactivated_by_check CHECK (deactivated_by IN ('merchant', 'nft')),
    nft_matures_at_height integer,
    CONSTRAINT plans_currency_price_check CHECK ((currency IS NULL) = (price IS NULL)),
    CONSTRAINT plans_price_check CHECK ((price_sats IS NULL) = (price IS NOT NULL))
);
COMMENT ON TABLE charmbills.plans IS 'What is sold.';
COMMENT ON COLUMN charmbills.plans.id IS 'Identity of the plan.';
COMMENT ON COLUMN charmbills.plans.merchant_id IS 'Merchant who sells it.';
COMMENT ON COLUMN charmbills.plans.merchant_address IS 'The merchant''s address when the plan was made.';
COMMENT ON COLUMN charmbills.plans.service_name IS 'Name of the service.';
COMMENT ON COLUMN charmbills.plans.price_sats IS 'Price of one period in sats; 0 is a free plan, NULL one that is priced in a currency.';
COMMENT ON COLUMN charmbills.plans.billing_cycle IS 'weekly, monthly, yearly, demo (three minutes), lifetime, or an interval.';
COMMENT ON COLUMN charmbills.plans.trial IS 'How long a new subscription runs before its first invoice.';
COMMENT ON COLUMN charmbills.plans.grace IS 'How long access lasts after a period ends unpaid.';
COMMENT ON COLUMN charmbills.plans.confirmations IS 'Depth at which a payment or mint counts; NULL takes charmbills.confirmations.';
COMMENT ON COLUMN charmbills.plans.tolerance_sats IS 'How many sats may be missing on an invoice that still counts as paid.';
COMMENT ON COLUMN charmbills.plans.allow_multiple IS 'Whether one customer may hold several live subscriptions to it.';
COMMENT ON COLUMN charmbills.plans.ticker IS 'Ticker of the subscription token.';
COMMENT ON COLUMN charmbills.plans.app_id IS 'Charms identity: SHA-256 of the anchor UTXO, in hex.';
COMMENT ON COLUMN charmbills.plans.app_vk IS 'Charms verification key of the app, in hex.';
COMMENT ON COLUMN charmbills.plans.nft_utxo IS 'Where the plan''s NFT is now.';
COMMENT ON COLUMN charmbills.plans.remaining_supply IS 'Subscription tokens that may still be minted.';
COMMENT ON COLUMN charmbills.plans.status IS 'pending_signature, pending_confirmation, active, inactive or failed.';
COMMENT ON COLUMN charmbills.plans.metadata IS 'Whatever the merchant wants to keep here.';
COMMENT ON COLUMN charmbills.plans.import_key IS 'Identity of the plan in the service it was imported from.';
COMMENT ON COLUMN charmbills.plans.created_at IS 'When the plan was created.';
COMMENT ON COLUMN charmbills.plans.updated_at IS 'When it last changed.';
COMMENT ON COLUMN charmbills.plans.currency IS 'ISO 4217 code of the currency it is priced in; NULL for sats.';
COMMENT ON COLUMN charmbills.plans.price IS 'Price of one period in that currency.';
COMMENT ON COLUMN charmbills.plans.tolerance_percent IS 'How many percent may be missing on an invoice that still counts as paid; the larger of the two tolerances holds.';
COMMENT ON COLUMN charmbills.plans.tax_rate IS 'Tax in percent, added to the price.';
COMMENT ON COLUMN charmbills.plans.min_invoice_sats IS 'An invoice for less is carried to the next one.';
COMMENT ON COLUMN charmbills.plans.lead_time IS 'How long before a period the invoice for it is issued; NULL takes three days, or a tenth of the cycle if that is shorter.';
COMMENT ON COLUMN charmbills.plans.restart IS 'Where the period of an invoice paid after it expired begins: payment, or period_end for where the last one ended.';
COMMENT ON COLUMN charmbills.plans.trial_once IS 'Whether a customer has the trial only once.';
COMMENT ON COLUMN charmbills.plans.dunning IS 'How long after its due time an unpaid invoice is brought to mind, each step with an event; negative before it.';
COMMENT ON COLUMN charmbills.plans.uncollectible_after IS 'How long after its due time an expired invoice is given up.';
COMMENT ON COLUMN charmbills.plans.entitlement IS 'What gives access: payment of its subscription, a token on the customer''s address, or either.';
COMMENT ON COLUMN charmbills.plans.token_units IS 'Tokens that give access to one customer.';
COMMENT ON COLUMN charmbills.plans.token_access IS 'How long they do: held, as long as they are, or cycle, for one billing cycle from their mint.';
COMMENT ON COLUMN charmbills.plans.accept_beamed IS 'Whether tokens that were beamed out and come back count.';
COMMENT ON COLUMN charmbills.plans.nft_state IS 'Where the plan''s NFT is: unborn, held by the merchant, away on another script, unknown (spent by a spell of an unsupported version) or gone.';
COMMENT ON COLUMN charmbills.plans.nft_script IS 'Script that the NFT is to be on, where it is not the merchant''s address.';
COMMENT ON COLUMN charmbills.plans.deactivated_by IS 'Why an inactive plan is: its merchant took it off sale, or its NFT left the merchant.';
COMMENT ON COLUMN charmbills.plans.nft_matures_at_height IS 'Height of the chain at which the birth of its NFT has the confirmations that it needs.';

CREATE INDEX plans_merchant_id_idx ON charmbills.plans (merchant_id);
CREATE INDEX plans_nft_utxo_idx ON charmbills.plans (nft_utxo) WHERE nft_utxo IS NOT NULL;
CREATE INDEX plans_nft_matures_idx ON charmbills.plans (nft_matures_at_height) WHERE nft_matures_at_height IS NOT NULL;
CREATE INDEX plans_nft_waiting_idx ON charmbills.plans (nft_matures_at_height) WHERE status = 'pending_confirmation';

CREATE TABLE charmbills.subscription_facts (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    plan_id uuid NOT NULL REFERENCES charmbills.plans (id),
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    customer_id uuid NOT NULL REFERENCES charmbills.customers (id),
    subscriber_address text,
    token_utxo charmbills.outpoint,
    token_amount numeric,
    status text NOT NULL CHECK (status IN ('pending', 'trialing', 'active', 'past_due', 'expired', 'paused', 'canceled')),
    cycle text NOT NULL,
    timezone text NOT NULL,
    grace interval NOT NULL,
    anchor timestamptz NOT NULL,
    trial_end timestamptz,
    purchased_at timestamptz,
    period_start timestamptz,
    paid_through timestamptz,
    grace_until timestamptz,
    first_expired_at timestamptz,
    paused_at timestamptz,
    cancel_at_period_end boolean NOT NULL DEFAULT false,
    canceled_at timestamptz,
    ended_at timestamptz,
    next_boundary timestamptz,
    last_verified_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    quantity integer NOT NULL DEFAULT 1
        CONSTRAINT subscription_facts_quantity_check CHECK (quantity BETWEEN 1 AND 1000000),
    lead_time interval NOT NULL DEFAULT '0',
    restart text NOT NULL DEFAULT 'payment'
        CONSTRAINT subscription_facts_restart_check CHECK (restart IN ('payment', 'period_end')),
    paused_for interval NOT NULL DEFAULT '0',
    next_plan_id uuid CONSTRAINT subscription_facts_next_plan_id_fkey REFERENCES charmbills.plans (id),
    next_quantity integer,
    next_plan_at timestamptz,
    pending_plan_id uuid CONSTRAINT subscription_facts_pending_plan_id_fkey REFERENCES charmbills.plans (id),
    pending_quantity integer,
    next_invoice_at timestamptz,
    billing_error text,
    held_until timestamptz,
    trial_plan_id uuid CONSTRAINT subscription_facts_trial_plan_id_fkey REFERENCES charmbills.plans (id),
    token_check_at timestamptz
);
COMMENT ON TABLE charmbills.subscription_facts IS 'What is known of each subscription; its status follows from this and the time.';
COMMENT ON COLUMN charmbills.subscription_facts.id IS 'Identity of the subscription.';
COMMENT ON COLUMN charmbills.subscription_facts.plan_id IS 'Plan subscribed to.';
COMMENT ON COLUMN charmbills.subscription_facts.merchant_id IS 'Merchant who sells the plan.';
COMMENT ON COLUMN charmbills.subscription_facts.customer_id IS 'Customer who subscribed.';
COMMENT ON COLUMN charmbills.subscription_facts.subscriber_address IS 'Bitcoin address the customer subscribed with.';
COMMENT ON COLUMN charmbills.subscription_facts.token_utxo IS 'Where most of the plan''s tokens on its address are; NULL where there are none.';
COMMENT ON COLUMN charmbills.subscription_facts.token_amount IS 'The plan''s tokens on its address; NULL where it has none, or the plan''s are not followed.';
COMMENT ON COLUMN charmbills.subscription_facts.status IS 'Status last announced by an event; the view subscriptions shows the present one.';
COMMENT ON COLUMN charmbills.subscription_facts.cycle IS 'Billing cycle in force.';
COMMENT ON COLUMN charmbills.subscription_facts.timezone IS 'Time zone its periods are computed in.';
COMMENT ON COLUMN charmbills.subscription_facts.grace IS 'How long access lasts after an unpaid period end.';
COMMENT ON COLUMN charmbills.subscription_facts.anchor IS 'Instant from which every period is computed.';
COMMENT ON COLUMN charmbills.subscription_facts.trial_end IS 'End of the trial, NULL without one.';
COMMENT ON COLUMN charmbills.subscription_facts.purchased_at IS 'When it was first paid.';
COMMENT ON COLUMN charmbills.subscription_facts.period_start IS 'Start of the last paid period.';
COMMENT ON COLUMN charmbills.subscription_facts.paid_through IS 'End of the last paid period; infinity for a lifetime.';
COMMENT ON COLUMN charmbills.subscription_facts.grace_until IS 'End of the grace after that.';
COMMENT ON COLUMN charmbills.subscription_facts.first_expired_at IS 'When its first invoice expired unpaid.';
COMMENT ON COLUMN charmbills.subscription_facts.paused_at IS 'Since when it is paused.';
COMMENT ON COLUMN charmbills.subscription_facts.cancel_at_period_end IS 'Whether it ends with the paid period.';
COMMENT ON COLUMN charmbills.subscription_facts.canceled_at IS 'When cancellation was asked for.';
COMMENT ON COLUMN charmbills.subscription_facts.ended_at IS 'When it ends or ended for good.';
COMMENT ON COLUMN charmbills.subscription_facts.next_boundary IS 'Next instant at which time changes its status.';
COMMENT ON COLUMN charmbills.subscription_facts.last_verified_at IS 'When the proofs behind its tokens were last verified, all of them.';
COMMENT ON COLUMN charmbills.subscription_facts.created_at IS 'When it was created.';
COMMENT ON COLUMN charmbills.subscription_facts.quantity IS 'How many times the plan''s price is paid.';
COMMENT ON COLUMN charmbills.subscription_facts.lead_time IS 'How long before a period the invoice for it is issued.';
COMMENT ON COLUMN charmbills.subscription_facts.restart IS 'Where the period of an invoice paid after it expired begins: payment or period_end.';
COMMENT ON COLUMN charmbills.subscription_facts.paused_for IS 'How long it has been paused in all, ended pauses alone.';
COMMENT ON COLUMN charmbills.subscription_facts.next_plan_id IS 'Plan that a period paid in advance is for, where it is another.';
COMMENT ON COLUMN charmbills.subscription_facts.next_quantity IS 'Quantity of that period.';
COMMENT ON COLUMN charmbills.subscription_facts.next_plan_at IS 'When that period begins; from then on the subscription is one to that plan.';
COMMENT ON COLUMN charmbills.subscription_facts.pending_plan_id IS 'Plan that the next invoice will be for; NULL for no change.';
COMMENT ON COLUMN charmbills.subscription_facts.pending_quantity IS 'Quantity that the next invoice will be for; NULL for no change.';
COMMENT ON COLUMN charmbills.subscription_facts.next_invoice_at IS 'When the next invoice is to be issued; NULL while it stands, or none is to come.';
COMMENT ON COLUMN charmbills.subscription_facts.billing_error IS 'Why billing it failed last; NULL when it did not.';
COMMENT ON COLUMN charmbills.subscription_facts.held_until IS 'After a failure: when billing it is tried again.';
COMMENT ON COLUMN charmbills.subscription_facts.trial_plan_id IS 'Plan that its trial was of; NULL without one.';
COMMENT ON COLUMN charmbills.subscription_facts.token_check_at IS 'When its tokens are to be verified again, or may count no longer; -infinity: with the next block, since one may have passed it by; NULL while there is nothing to look at.';

CREATE INDEX subscription_facts_customer_idx ON charmbills.subscription_facts (customer_id, plan_id);
CREATE INDEX subscription_facts_plan_id_idx ON charmbills.subscription_facts (plan_id);
CREATE INDEX subscription_facts_address_idx ON charmbills.subscription_facts (merchant_id, subscriber_address);
CREATE INDEX subscription_facts_boundary_idx ON charmbills.subscription_facts (next_boundary) WHERE next_boundary IS NOT NULL;
CREATE INDEX subscription_facts_held_idx ON charmbills.subscription_facts (held_until) WHERE billing_error IS NOT NULL;
CREATE INDEX subscription_facts_token_check_idx ON charmbills.subscription_facts (token_check_at) WHERE token_check_at IS NOT NULL;
CREATE INDEX subscription_facts_invoice_idx ON charmbills.subscription_facts (next_invoice_at) WHERE next_invoice_at IS NOT NULL;

CREATE TABLE charmbills.invoices (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    series text NOT NULL DEFAULT '',
    number bigint NOT NULL,
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    subscription_id uuid REFERENCES charmbills.subscription_facts (id),
    customer_id uuid REFERENCES charmbills.customers (id),
    kind text NOT NULL CHECK (kind IN ('period', 'change', 'one_off')),
    amount_sats charmbills.sats,
    tolerance_sats charmbills.sats NOT NULL DEFAULT 0,
    received_sats bigint NOT NULL DEFAULT 0,
    address text,
    script bytea,
    descriptor_id uuid REFERENCES charmbills.descriptors (id),
    derivation_index integer,
    confirmations integer NOT NULL,
    status text NOT NULL CHECK (status IN ('open', 'processing', 'paid', 'expired', 'void', 'uncollectible')),
    is_underpaid boolean NOT NULL DEFAULT false,
    is_overpaid boolean NOT NULL DEFAULT false,
    is_late boolean NOT NULL DEFAULT false,
    marked_paid_at timestamptz,
    marked_reason text,
    due_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    period_start timestamptz,
    period_end timestamptz,
    paid_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    plan_id uuid CONSTRAINT invoices_plan_id_fkey REFERENCES charmbills.plans (id),
    quantity integer,
    anchor timestamptz,
    paused_before interval NOT NULL DEFAULT '0',
    period_worth numeric,
    worth_start timestamptz,
    worth_end timestamptz,
    currency text,
    amount numeric,
    tolerance numeric,
    credit_sats bigint NOT NULL DEFAULT 0,
    carried_sats bigint NOT NULL DEFAULT 0,
    void_reason text CONSTRAINT invoices_void_reason_check
        CHECK (void_reason IN ('requested', 'canceled', 'paused', 'changed')),
    description text,
    metadata jsonb NOT NULL DEFAULT '{}',
    dunning_step integer NOT NULL DEFAULT 0,
    next_action_at timestamptz,
    tax_rate numeric NOT NULL DEFAULT 0,
    cycle text,
    UNIQUE (merchant_id, series, number),
    UNIQUE (descriptor_id, derivation_index),
    CHECK ((descriptor_id IS NULL) = (derivation_index IS NULL)),
    CHECK ((address IS NULL) = (script IS NULL)),
    CHECK (address IS NOT NULL OR amount_sats = 0),
    CONSTRAINT invoices_currency_check CHECK ((currency IS NULL) = (amount IS NULL)),
    CONSTRAINT invoices_amount_check CHECK (currency IS NOT NULL OR amount_sats IS NOT NULL)
);
COMMENT ON TABLE charmbills.invoices IS 'Demands for payment.';
COMMENT ON COLUMN charmbills.invoices.id IS 'Identity of the invoice.';
COMMENT ON COLUMN charmbills.invoices.series IS 'Number series: empty, or named after the promotion or adoption of the database that began it.';
COMMENT ON COLUMN charmbills.invoices.number IS 'Number without gaps within merchant and series.';
COMMENT ON COLUMN charmbills.invoices.merchant_id IS 'Merchant to be paid.';
COMMENT ON COLUMN charmbills.invoices.subscription_id IS 'Subscription it is for.';
COMMENT ON COLUMN charmbills.invoices.customer_id IS 'Customer who is to pay.';
COMMENT ON COLUMN charmbills.invoices.kind IS 'period: for one period of a subscription; change: for a change of plan within one; one_off: for anything else.';
COMMENT ON COLUMN charmbills.invoices.amount_sats IS 'Amount due; never changes. Where the invoice is in a currency: that of its latest quote, NULL before the first.';
COMMENT ON COLUMN charmbills.invoices.tolerance_sats IS 'How much may be missing.';
COMMENT ON COLUMN charmbills.invoices.received_sats IS 'Sum of its payments seen or confirmed.';
COMMENT ON COLUMN charmbills.invoices.address IS 'Where to pay.';
COMMENT ON COLUMN charmbills.invoices.script IS 'Output script of the address.';
COMMENT ON COLUMN charmbills.invoices.descriptor_id IS 'Descriptor that gave the address; NULL for a fixed address.';
COMMENT ON COLUMN charmbills.invoices.derivation_index IS 'Index of the address in its descriptor.';
COMMENT ON COLUMN charmbills.invoices.confirmations IS 'Depth at which its payments count; frozen at issue.';
COMMENT ON COLUMN charmbills.invoices.status IS 'open, processing, paid, expired, void or uncollectible.';
COMMENT ON COLUMN charmbills.invoices.is_underpaid IS 'Something was received, but less than is due.';
COMMENT ON COLUMN charmbills.invoices.is_overpaid IS 'More was received than is due.';
COMMENT ON COLUMN charmbills.invoices.is_late IS 'It was covered only after it had expired.';
COMMENT ON COLUMN charmbills.invoices.marked_paid_at IS 'When an operator declared it paid.';
COMMENT ON COLUMN charmbills.invoices.marked_reason IS 'Why an operator declared it paid.';
COMMENT ON COLUMN charmbills.invoices.due_at IS 'When it should be paid.';
COMMENT ON COLUMN charmbills.invoices.expires_at IS 'When it expires if nothing has been paid.';
COMMENT ON COLUMN charmbills.invoices.period_start IS 'Start of the period it is for.';
COMMENT ON COLUMN charmbills.invoices.period_end IS 'End of the period it is for.';
COMMENT ON COLUMN charmbills.invoices.paid_at IS 'Time of the payment that covered it.';
COMMENT ON COLUMN charmbills.invoices.created_at IS 'When it was issued.';
COMMENT ON COLUMN charmbills.invoices.plan_id IS 'Plan that its period is for.';
COMMENT ON COLUMN charmbills.invoices.quantity IS 'How many times the plan''s price.';
COMMENT ON COLUMN charmbills.invoices.anchor IS 'Instant from which its period is computed.';
COMMENT ON COLUMN charmbills.invoices.paused_before IS 'How long the subscription had been paused in all when it was issued; what comes after moves the end of the period.';
COMMENT ON COLUMN charmbills.invoices.period_worth IS 'Plan''s price of the whole period, before tax and credit, in the invoice''s currency or sats.';
COMMENT ON COLUMN charmbills.invoices.worth_start IS 'Start of the whole period that this is the price of.';
COMMENT ON COLUMN charmbills.invoices.worth_end IS 'Its end.';
COMMENT ON COLUMN charmbills.invoices.currency IS 'ISO 4217 code of the currency it is in; NULL for sats.';
COMMENT ON COLUMN charmbills.invoices.amount IS 'Amount due in that currency; never changes.';
COMMENT ON COLUMN charmbills.invoices.tolerance IS 'How much of that may be missing.';
COMMENT ON COLUMN charmbills.invoices.credit_sats IS 'Sats taken from the customer''s credit; negative: given to it.';
COMMENT ON COLUMN charmbills.invoices.carried_sats IS 'Sats too few to be demanded now, and carried to the customer''s next invoice; negative: carried to this one.';
COMMENT ON COLUMN charmbills.invoices.void_reason IS 'Why it was made void: requested, canceled, paused or changed.';
COMMENT ON COLUMN charmbills.invoices.description IS 'What it is for, where there is no subscription.';
COMMENT ON COLUMN charmbills.invoices.metadata IS 'Whatever the application wants to keep here.';
COMMENT ON COLUMN charmbills.invoices.dunning_step IS 'How often it has been brought to mind.';
COMMENT ON COLUMN charmbills.invoices.next_action_at IS 'When it is brought to mind next, or given up.';
COMMENT ON COLUMN charmbills.invoices.tax_rate IS 'Tax in percent on the price of its period.';
COMMENT ON COLUMN charmbills.invoices.cycle IS 'Billing cycle that its period is one of.';

CREATE UNIQUE INDEX invoices_period_key ON charmbills.invoices (subscription_id, period_start)
    WHERE kind = 'period' AND status <> 'void';
CREATE UNIQUE INDEX invoices_derived_script_key ON charmbills.invoices (script) WHERE descriptor_id IS NOT NULL;
CREATE INDEX invoices_fixed_script_idx ON charmbills.invoices (script, amount_sats) WHERE descriptor_id IS NULL;
CREATE INDEX invoices_subscription_id_idx ON charmbills.invoices (subscription_id);
CREATE INDEX invoices_open_expiry_idx ON charmbills.invoices (expires_at) WHERE status = 'open';
CREATE INDEX invoices_action_idx ON charmbills.invoices (next_action_at)
    WHERE next_action_at IS NOT NULL AND status IN ('open', 'expired');

CREATE TABLE charmbills.invoice_lines (
    invoice_id uuid NOT NULL CONSTRAINT invoice_lines_invoice_id_fkey REFERENCES charmbills.invoices (id),
    position integer NOT NULL,
    merchant_id uuid NOT NULL CONSTRAINT invoice_lines_merchant_id_fkey REFERENCES charmbills.merchants (id),
    kind text NOT NULL CONSTRAINT invoice_lines_kind_check
        CHECK (kind IN ('period', 'proration', 'item', 'tax', 'credit', 'carried', 'suffix')),
    description text NOT NULL,
    quantity integer NOT NULL DEFAULT 1 CONSTRAINT invoice_lines_quantity_check CHECK (quantity > 0),
    unit_amount numeric NOT NULL,
    amount numeric NOT NULL,
    period_start timestamptz,
    period_end timestamptz,
    CONSTRAINT invoice_lines_pkey PRIMARY KEY (invoice_id, position)
);
COMMENT ON TABLE charmbills.invoice_lines IS 'What an invoice''s amount is made of; written with the invoice, and never changed.';
COMMENT ON COLUMN charmbills.invoice_lines.invoice_id IS 'Invoice it is on.';
COMMENT ON COLUMN charmbills.invoice_lines.position IS 'Position there, from 1.';
COMMENT ON COLUMN charmbills.invoice_lines.merchant_id IS 'Merchant to be paid.';
COMMENT ON COLUMN charmbills.invoice_lines.kind IS 'period: a plan''s price; proration: of a part of a period; item: anything else; tax; credit: taken from or given to the customer''s credit; carried: to or from another invoice; suffix: makes the amount unique at a fixed address.';
COMMENT ON COLUMN charmbills.invoice_lines.description IS 'In words.';
COMMENT ON COLUMN charmbills.invoice_lines.quantity IS 'How many.';
COMMENT ON COLUMN charmbills.invoice_lines.unit_amount IS 'Amount of one, in the invoice''s currency or sats.';
COMMENT ON COLUMN charmbills.invoice_lines.amount IS 'Amount of all, signed; the amounts of all lines add up to the invoice''s.';
COMMENT ON COLUMN charmbills.invoice_lines.period_start IS 'Start of the time it is for.';
COMMENT ON COLUMN charmbills.invoice_lines.period_end IS 'End of the time it is for.';

CREATE TABLE charmbills.payments (
    outpoint charmbills.outpoint PRIMARY KEY,
    invoice_id uuid REFERENCES charmbills.invoices (id),
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    amount_sats charmbills.sats NOT NULL,
    script bytea NOT NULL,
    txid charmbills.txid NOT NULL,
    is_coinbase boolean NOT NULL DEFAULT false,
    confirmations integer NOT NULL,
    block_height integer,
    block_hash text,
    block_median_time timestamptz,
    matures_at_height integer,
    status text NOT NULL CHECK (status IN ('seen', 'confirmed', 'replaced', 'evicted')),
    first_seen_at timestamptz NOT NULL,
    currency text,
    rate numeric CONSTRAINT payments_rate_check CHECK (rate > 0)
);
COMMENT ON TABLE charmbills.payments IS 'Outputs that pay a merchant; without an invoice they wait to be assigned.';
COMMENT ON COLUMN charmbills.payments.outpoint IS 'The output.';
COMMENT ON COLUMN charmbills.payments.invoice_id IS 'Invoice it pays; NULL for one that matches none.';
COMMENT ON COLUMN charmbills.payments.merchant_id IS 'Merchant paid.';
COMMENT ON COLUMN charmbills.payments.amount_sats IS 'Amount of the output.';
COMMENT ON COLUMN charmbills.payments.script IS 'Its script.';
COMMENT ON COLUMN charmbills.payments.txid IS 'Transaction it is in.';
COMMENT ON COLUMN charmbills.payments.is_coinbase IS 'Whether it was mined directly to the merchant.';
COMMENT ON COLUMN charmbills.payments.confirmations IS 'Depth at which it counts.';
COMMENT ON COLUMN charmbills.payments.block_height IS 'Height of its block.';
COMMENT ON COLUMN charmbills.payments.block_hash IS 'Hash of its block.';
COMMENT ON COLUMN charmbills.payments.block_median_time IS 'Median time past of its block.';
COMMENT ON COLUMN charmbills.payments.matures_at_height IS 'Height of the chain at which it counts.';
COMMENT ON COLUMN charmbills.payments.status IS 'seen, confirmed, replaced or evicted.';
COMMENT ON COLUMN charmbills.payments.first_seen_at IS 'When it was first seen.';
COMMENT ON COLUMN charmbills.payments.currency IS 'Currency of the invoice it pays; NULL for sats.';
COMMENT ON COLUMN charmbills.payments.rate IS 'Price of one bitcoin in that currency at which it is judged: of the quote that was valid when it was first seen, else the rate then.';

CREATE INDEX payments_invoice_id_idx ON charmbills.payments (invoice_id);
CREATE INDEX payments_merchant_id_idx ON charmbills.payments (merchant_id);
CREATE INDEX payments_txid_idx ON charmbills.payments (txid);
CREATE INDEX payments_matures_at_height_idx ON charmbills.payments (matures_at_height) WHERE status = 'confirmed';
CREATE INDEX payments_unrated_idx ON charmbills.payments (currency) WHERE currency IS NOT NULL AND rate IS NULL;

CREATE TABLE charmbills.credits (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    customer_id uuid REFERENCES charmbills.customers (id),
    amount_sats bigint NOT NULL CHECK (amount_sats <> 0),
    kind text NOT NULL CHECK (kind IN ('overpayment', 'unassigned', 'refund', 'applied', 'carried')),
    invoice_id uuid REFERENCES charmbills.invoices (id),
    outpoint charmbills.outpoint,
    txid charmbills.txid,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE charmbills.credits IS 'Append-only ledger of what customers have paid beyond their invoices.';
COMMENT ON COLUMN charmbills.credits.id IS 'Identity of the entry.';
COMMENT ON COLUMN charmbills.credits.merchant_id IS 'Merchant who holds the credit.';
COMMENT ON COLUMN charmbills.credits.customer_id IS 'Customer it belongs to; NULL while unknown.';
COMMENT ON COLUMN charmbills.credits.amount_sats IS 'Signed amount.';
COMMENT ON COLUMN charmbills.credits.kind IS 'overpayment: beyond what an invoice could take; unassigned: a payment without invoice; refund: given back; applied: taken by an invoice at issue, or given by it; carried: owed on the next invoice, which is no part of the balance.';
COMMENT ON COLUMN charmbills.credits.invoice_id IS 'Invoice it comes from or was used for.';
COMMENT ON COLUMN charmbills.credits.outpoint IS 'Payment it comes from or that was refunded.';
COMMENT ON COLUMN charmbills.credits.txid IS 'Transaction that refunded it.';
COMMENT ON COLUMN charmbills.credits.created_at IS 'When the entry was made.';

CREATE INDEX credits_customer_idx ON charmbills.credits (merchant_id, customer_id);
CREATE INDEX credits_invoice_id_idx ON charmbills.credits (invoice_id) WHERE invoice_id IS NOT NULL;
CREATE INDEX credits_outpoint_idx ON charmbills.credits (outpoint) WHERE outpoint IS NOT NULL;
CREATE UNIQUE INDEX credits_refund_key ON charmbills.credits (outpoint, txid) WHERE kind = 'refund';

CREATE TABLE charmbills.idempotency_keys (
    merchant_id uuid NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    function_name text NOT NULL,
    arguments jsonb NOT NULL,
    result_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (merchant_id, key)
);
COMMENT ON TABLE charmbills.idempotency_keys IS 'Keys under which something was created, so that a repeated call finds it.';
COMMENT ON COLUMN charmbills.idempotency_keys.merchant_id IS 'Merchant the key belongs to; all zero for one of an operator''s.';
COMMENT ON COLUMN charmbills.idempotency_keys.key IS 'Key the caller chose.';
COMMENT ON COLUMN charmbills.idempotency_keys.function_name IS 'Function it was used with.';
COMMENT ON COLUMN charmbills.idempotency_keys.arguments IS 'Arguments it was used with.';
COMMENT ON COLUMN charmbills.idempotency_keys.result_id IS 'What was created.';
COMMENT ON COLUMN charmbills.idempotency_keys.created_at IS 'When it was used first.';

CREATE INDEX idempotency_keys_created_at_idx ON charmbills.idempotency_keys (created_at);
-- What is known of the chain, what is watched on it, and what is done to it.

CREATE TABLE charmbills.chain_state (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    network text,
    height integer,
    hash text,
    base_height integer,
    followed_until timestamptz,
    stopped_reason text,
    node_reported_at timestamptz,
    node_height integer,
    node_hash text,
    node_headers integer,
    node_initial_download boolean,
    node_prune_height integer,
    node_mempool_loaded boolean,
    node_version text,
    system_identifier bigint,
    database_oid oid,
    extension_oid oid,
    timeline integer,
    own_height integer,
    series text NOT NULL DEFAULT '',
    series_height integer,
    test_clock timestamptz,
    epoch integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE charmbills.chain_state IS 'One row: how far the chain has been followed, what the node says of itself, and which incarnation of the database this is.';
COMMENT ON COLUMN charmbills.chain_state.singleton IS 'Always true: there is one row.';
COMMENT ON COLUMN charmbills.chain_state.network IS 'Bitcoin network, written down when the first row depended on it.';
COMMENT ON COLUMN charmbills.chain_state.height IS 'Height of the last block applied.';
COMMENT ON COLUMN charmbills.chain_state.hash IS 'Hash of the last block applied.';
COMMENT ON COLUMN charmbills.chain_state.base_height IS 'Height from which blocks have been followed.';
COMMENT ON COLUMN charmbills.chain_state.followed_until IS 'Time until which the chain has been followed: every payment made before it is known.';
COMMENT ON COLUMN charmbills.chain_state.stopped_reason IS 'Why following has stopped until an operator decides; NULL while it goes on.';
COMMENT ON COLUMN charmbills.chain_state.node_reported_at IS 'When the node last answered.';
COMMENT ON COLUMN charmbills.chain_state.node_height IS 'Height of the node''s tip.';
COMMENT ON COLUMN charmbills.chain_state.node_hash IS 'Hash of the node''s tip.';
COMMENT ON COLUMN charmbills.chain_state.node_headers IS 'Headers the node knows.';
COMMENT ON COLUMN charmbills.chain_state.node_initial_download IS 'Whether the node is still downloading the chain.';
COMMENT ON COLUMN charmbills.chain_state.node_prune_height IS 'Lowest block a pruned node still has; NULL where it has all.';
COMMENT ON COLUMN charmbills.chain_state.node_mempool_loaded IS 'Whether the node has loaded its mempool.';
COMMENT ON COLUMN charmbills.chain_state.node_version IS 'Software the node names itself.';
COMMENT ON COLUMN charmbills.chain_state.system_identifier IS 'Database cluster in which this was written.';
COMMENT ON COLUMN charmbills.chain_state.database_oid IS 'Database in which this was written.';
COMMENT ON COLUMN charmbills.chain_state.extension_oid IS 'Installation of the extension in which this was written.';
COMMENT ON COLUMN charmbills.chain_state.timeline IS 'Timeline in which this was written.';
COMMENT ON COLUMN charmbills.chain_state.own_height IS 'Height of the last block applied here; unlike height it stands still in a copy and after a promotion, until the new series begins.';
COMMENT ON COLUMN charmbills.chain_state.series IS 'Series of invoice numbers in force.';
COMMENT ON COLUMN charmbills.chain_state.series_height IS 'Height after which invoices of a lost predecessor, unknown here, may have been paid; NULL in the first series.';
COMMENT ON COLUMN charmbills.chain_state.test_clock IS 'Time on the sandbox''s clock; NULL for real time.';
COMMENT ON COLUMN charmbills.chain_state.epoch IS 'Epoch of the events written here; those of a copy or after a promotion are of the next.';

CREATE TABLE charmbills.blocks (
    height integer PRIMARY KEY,
    hash text NOT NULL UNIQUE,
    header bytea NOT NULL CHECK (octet_length(header) = 80),
    block_time timestamptz NOT NULL,
    median_time timestamptz NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE charmbills.blocks IS 'Headers of the chain followed.';
COMMENT ON COLUMN charmbills.blocks.height IS 'Height.';
COMMENT ON COLUMN charmbills.blocks.hash IS 'Hash.';
COMMENT ON COLUMN charmbills.blocks.header IS 'The 80 bytes.';
COMMENT ON COLUMN charmbills.blocks.block_time IS 'Time the miner gave it.';
COMMENT ON COLUMN charmbills.blocks.median_time IS 'Median time of the eleven blocks ending with it.';
COMMENT ON COLUMN charmbills.blocks.applied_at IS 'When it was applied here.';

CREATE TABLE charmbills.watched_scripts (
    script bytea PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    descriptor_id uuid REFERENCES charmbills.descriptors (id),
    derivation_index integer,
    offered_height integer,
    is_armed boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((descriptor_id IS NULL) = (derivation_index IS NULL))
);
COMMENT ON TABLE charmbills.watched_scripts IS 'Output scripts whose payments matter; they are watched for ever.';
COMMENT ON COLUMN charmbills.watched_scripts.script IS 'The script.';
COMMENT ON COLUMN charmbills.watched_scripts.merchant_id IS 'Merchant it pays.';
COMMENT ON COLUMN charmbills.watched_scripts.descriptor_id IS 'Descriptor it was derived from; NULL for a fixed address.';
COMMENT ON COLUMN charmbills.watched_scripts.derivation_index IS 'Its index there.';
COMMENT ON COLUMN charmbills.watched_scripts.offered_height IS 'Until it is armed: the last block it is known to have been matched against.';
COMMENT ON COLUMN charmbills.watched_scripts.is_armed IS 'Whether every block and mempool transaction since its birth has been matched against it.';
COMMENT ON COLUMN charmbills.watched_scripts.created_at IS 'When it was born.';

CREATE UNIQUE INDEX watched_scripts_derivation_key ON charmbills.watched_scripts (descriptor_id, derivation_index);
CREATE INDEX watched_scripts_unarmed_idx ON charmbills.watched_scripts (offered_height) WHERE NOT is_armed;

CREATE TABLE charmbills.chain_transactions (
    txid charmbills.txid PRIMARY KEY,
    raw bytea NOT NULL,
    is_coinbase boolean NOT NULL DEFAULT false,
    status text NOT NULL CHECK (status IN ('unseen', 'seen', 'confirmed', 'replaced', 'evicted')),
    block_height integer,
    block_hash text,
    block_median_time timestamptz,
    replaced_by charmbills.txid,
    parents_known boolean NOT NULL DEFAULT false,
    first_seen_at timestamptz NOT NULL,
    CHECK ((status = 'confirmed') = (block_height IS NOT NULL))
);
COMMENT ON TABLE charmbills.chain_transactions IS 'Transactions that pay a watched script, spend a watched outpoint, or are ancestors of one that does.';
COMMENT ON COLUMN charmbills.chain_transactions.txid IS 'Identifier.';
COMMENT ON COLUMN charmbills.chain_transactions.raw IS 'Serialized transaction.';
COMMENT ON COLUMN charmbills.chain_transactions.is_coinbase IS 'Whether it is a block''s coinbase.';
COMMENT ON COLUMN charmbills.chain_transactions.status IS 'unseen (ours, no node has seen it), seen, confirmed, replaced or evicted.';
COMMENT ON COLUMN charmbills.chain_transactions.block_height IS 'Height of its block.';
COMMENT ON COLUMN charmbills.chain_transactions.block_hash IS 'Hash of its block.';
COMMENT ON COLUMN charmbills.chain_transactions.block_median_time IS 'Median time past of its block.';
COMMENT ON COLUMN charmbills.chain_transactions.replaced_by IS 'Transaction that spent one of its inputs, or of its ancestors'' inputs, instead.';
COMMENT ON COLUMN charmbills.chain_transactions.parents_known IS 'Whether its unconfirmed ancestors have been asked for.';
COMMENT ON COLUMN charmbills.chain_transactions.first_seen_at IS 'When it was first seen.';

CREATE INDEX chain_transactions_height_idx ON charmbills.chain_transactions (block_height) WHERE block_height IS NOT NULL;
CREATE INDEX chain_transactions_replaced_by_idx ON charmbills.chain_transactions (replaced_by) WHERE replaced_by IS NOT NULL;
CREATE INDEX chain_transactions_seen_idx ON charmbills.chain_transactions (txid) WHERE status = 'seen';

CREATE TABLE charmbills.watched_outpoints (
    outpoint charmbills.outpoint NOT NULL,
    spender charmbills.txid NOT NULL,
    offered_height integer,
    is_armed boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (outpoint, spender)
);
COMMENT ON TABLE charmbills.watched_outpoints IS 'Outpoints whose spending matters: reserved UTXOs, plans'' NFTs, and inputs of the transactions we know.';
COMMENT ON COLUMN charmbills.watched_outpoints.outpoint IS 'The outpoint.';
COMMENT ON COLUMN charmbills.watched_outpoints.spender IS 'Known transaction that spends it; all zero for an outpoint watched for its own sake.';
COMMENT ON COLUMN charmbills.watched_outpoints.offered_height IS 'Until it is armed: the last block it is known to have been matched against.';
COMMENT ON COLUMN charmbills.watched_outpoints.is_armed IS 'Whether every block and mempool transaction since its birth has been matched against it.';
COMMENT ON COLUMN charmbills.watched_outpoints.created_at IS 'When it was born.';

CREATE INDEX watched_outpoints_spender_idx ON charmbills.watched_outpoints (spender);
CREATE INDEX watched_outpoints_unarmed_idx ON charmbills.watched_outpoints (offered_height) WHERE NOT is_armed;

CREATE TABLE charmbills.transactions (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    type text NOT NULL CHECK (type ~ '^[a-z][a-z0-9-]{0,31}$'),
    plan_id uuid REFERENCES charmbills.plans (id),
    subscription_id uuid REFERENCES charmbills.subscription_facts (id),
    merchant_id uuid NOT NULL REFERENCES charmbills.merchants (id),
    commit_tx text,
    spell_tx text,
    commit_txid charmbills.txid,
    spell_txid charmbills.txid,
    status text NOT NULL CHECK (status IN ('pending_signature', 'pending', 'confirmed', 'failed', 'replaced')),
    error_message text,
    confirmations integer NOT NULL DEFAULT 1,
    block_height integer,
    block_hash text,
    matures_at_height integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz
);
COMMENT ON TABLE charmbills.transactions IS 'Charms and other transactions of ours: one transaction, or a commit and the spell that spends it.';
COMMENT ON COLUMN charmbills.transactions.id IS 'Identity of the row.';
COMMENT ON COLUMN charmbills.transactions.type IS 'What it does: mint-nft, mint-token, send, payment and so on.';
COMMENT ON COLUMN charmbills.transactions.plan_id IS 'Plan it mints or uses.';
COMMENT ON COLUMN charmbills.transactions.subscription_id IS 'Subscription it is for.';
COMMENT ON COLUMN charmbills.transactions.merchant_id IS 'Merchant it belongs to.';
COMMENT ON COLUMN charmbills.transactions.commit_tx IS 'Commit transaction in hex.';
COMMENT ON COLUMN charmbills.transactions.spell_tx IS 'Spell transaction, or the only one, in hex.';
COMMENT ON COLUMN charmbills.transactions.commit_txid IS 'Identifier of the commit transaction.';
COMMENT ON COLUMN charmbills.transactions.spell_txid IS 'Identifier of the spell transaction.';
COMMENT ON COLUMN charmbills.transactions.status IS 'pending_signature, pending, confirmed, failed or replaced.';
COMMENT ON COLUMN charmbills.transactions.error_message IS 'Why it failed or was replaced.';
COMMENT ON COLUMN charmbills.transactions.confirmations IS 'Depth at which it counts as confirmed.';
COMMENT ON COLUMN charmbills.transactions.block_height IS 'Height of its block.';
COMMENT ON COLUMN charmbills.transactions.block_hash IS 'Hash of its block.';
COMMENT ON COLUMN charmbills.transactions.matures_at_height IS 'Height of the chain at which it counts as confirmed.';
COMMENT ON COLUMN charmbills.transactions.created_at IS 'When it was created.';
COMMENT ON COLUMN charmbills.transactions.confirmed_at IS 'When it was confirmed.';

CREATE INDEX transactions_commit_txid_idx ON charmbills.transactions (commit_txid);
CREATE INDEX transactions_spell_txid_idx ON charmbills.transactions (spell_txid);
CREATE INDEX transactions_plan_id_idx ON charmbills.transactions (plan_id);
CREATE INDEX transactions_subscription_id_idx ON charmbills.transactions (subscription_id);
CREATE INDEX transactions_merchant_id_idx ON charmbills.transactions (merchant_id);
CREATE INDEX transactions_status_created_at_idx ON charmbills.transactions (status, created_at);
CREATE INDEX transactions_matures_at_height_idx ON charmbills.transactions (matures_at_height) WHERE matures_at_height IS NOT NULL;

CREATE TABLE charmbills.used_utxos (
    outpoint charmbills.outpoint PRIMARY KEY,
    merchant_id uuid REFERENCES charmbills.merchants (id),
    used_at timestamptz NOT NULL DEFAULT now(),
    used_by text NOT NULL,
    marked_by text,
    transaction_id uuid REFERENCES charmbills.transactions (id),
    confirmed boolean NOT NULL DEFAULT false,
    spent_by charmbills.txid,
    spent_height integer,
    matures_at_height integer
);
COMMENT ON TABLE charmbills.used_utxos IS 'Reservations: a UTXO in here is taken and must not be spent by another transaction of ours.';
COMMENT ON COLUMN charmbills.used_utxos.outpoint IS 'The UTXO.';
COMMENT ON COLUMN charmbills.used_utxos.merchant_id IS 'Merchant it is reserved for.';
COMMENT ON COLUMN charmbills.used_utxos.used_at IS 'When it was reserved.';
COMMENT ON COLUMN charmbills.used_utxos.used_by IS 'What it is reserved for, in the caller''s words.';
COMMENT ON COLUMN charmbills.used_utxos.marked_by IS 'Who reserved it.';
COMMENT ON COLUMN charmbills.used_utxos.transaction_id IS 'Transaction of ours that spends it.';
COMMENT ON COLUMN charmbills.used_utxos.confirmed IS 'Whether it is known to be spent for good.';
COMMENT ON COLUMN charmbills.used_utxos.spent_by IS 'Transaction seen to spend it.';
COMMENT ON COLUMN charmbills.used_utxos.spent_height IS 'Height of the block in which it was spent.';
COMMENT ON COLUMN charmbills.used_utxos.matures_at_height IS 'Height of the chain at which it is spent for good.';

CREATE INDEX used_utxos_merchant_id_idx ON charmbills.used_utxos (merchant_id);
CREATE INDEX used_utxos_transaction_id_idx ON charmbills.used_utxos (transaction_id);
CREATE INDEX used_utxos_matures_at_height_idx ON charmbills.used_utxos (matures_at_height) WHERE matures_at_height IS NOT NULL;
CREATE INDEX used_utxos_idle_idx ON charmbills.used_utxos (used_at) WHERE NOT confirmed AND spent_by IS NULL;

CREATE TABLE charmbills.events (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    type text NOT NULL,
    merchant_id uuid REFERENCES charmbills.merchants (id),
    subject text NOT NULL,
    subject_seq bigint NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    occurred_at timestamptz NOT NULL DEFAULT now(),
    epoch integer NOT NULL DEFAULT 0,
    UNIQUE (subject, subject_seq)
);
COMMENT ON TABLE charmbills.events IS 'What happened, append-only, written with the change itself.';
COMMENT ON COLUMN charmbills.events.id IS 'Orders events roughly; commits may land out of its order.';
COMMENT ON COLUMN charmbills.events.xid IS 'Transaction that wrote the event.';
COMMENT ON COLUMN charmbills.events.type IS 'What kind of thing happened, such as invoice.paid.';
COMMENT ON COLUMN charmbills.events.merchant_id IS 'Merchant concerned; NULL where it is the chain''s or the operator''s.';
COMMENT ON COLUMN charmbills.events.subject IS 'What it happened to: kind and identity, such as invoice:0192….';
COMMENT ON COLUMN charmbills.events.subject_seq IS 'Position among the subject''s events, from 1 without gaps.';
COMMENT ON COLUMN charmbills.events.payload IS 'Details.';
COMMENT ON COLUMN charmbills.events.occurred_at IS 'When it happened.';
COMMENT ON COLUMN charmbills.events.epoch IS 'Which of the databases that this one was copied or promoted from wrote it: transactions are numbered anew in each.';

CREATE INDEX events_order_idx ON charmbills.events (epoch, xid, id);
CREATE INDEX events_merchant_order_idx ON charmbills.events (merchant_id, epoch, xid, id);

CREATE TABLE charmbills.jobs (
    id uuid PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    kind text NOT NULL,
    payload jsonb NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    run_after timestamptz NOT NULL DEFAULT now(),
    claimed_by text,
    lease_until timestamptz,
    dedup_key text UNIQUE,
    last_error text,
    merchant_id uuid REFERENCES charmbills.merchants (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    lane uuid,
    CONSTRAINT jobs_lane_check CHECK (kind NOT IN ('webhook', 'exchange_rate', 'prove') OR lane IS NOT NULL)
);
COMMENT ON TABLE charmbills.jobs IS 'Work for the outside world, done by the background worker.';
COMMENT ON COLUMN charmbills.jobs.id IS 'Identity of the job.';
COMMENT ON COLUMN charmbills.jobs.kind IS 'What is to be done: broadcast, rescan, gather, prove, webhook, exchange_rate.';
COMMENT ON COLUMN charmbills.jobs.payload IS 'What it needs.';
COMMENT ON COLUMN charmbills.jobs.state IS 'queued, running, done or failed.';
COMMENT ON COLUMN charmbills.jobs.attempts IS 'How often it has been tried and charged.';
COMMENT ON COLUMN charmbills.jobs.run_after IS 'Not to be tried before.';
COMMENT ON COLUMN charmbills.jobs.claimed_by IS 'Worker that holds it.';
COMMENT ON COLUMN charmbills.jobs.lease_until IS 'Until when it is held; after that another worker may take it.';
COMMENT ON COLUMN charmbills.jobs.dedup_key IS 'At most one job has this key.';
COMMENT ON COLUMN charmbills.jobs.last_error IS 'Why the last try failed.';
COMMENT ON COLUMN charmbills.jobs.merchant_id IS 'Merchant it is for.';
COMMENT ON COLUMN charmbills.jobs.created_at IS 'When it was queued.';
COMMENT ON COLUMN charmbills.jobs.finished_at IS 'When it was done or given up.';
COMMENT ON COLUMN charmbills.jobs.lane IS 'HTTP jobs of one lane share its width: a webhook endpoint, the prover, or the job itself where it waits for no other. NULL for what a Bitcoin node does.';

CREATE INDEX jobs_due_idx ON charmbills.jobs (run_after) WHERE state IN ('queued', 'running') AND lane IS NULL;
CREATE INDEX jobs_lane_queued_idx ON charmbills.jobs (lane, run_after, id) WHERE state = 'queued' AND lane IS NOT NULL;
CREATE INDEX jobs_lane_running_idx ON charmbills.jobs (lane) WHERE state = 'running' AND lane IS NOT NULL;
-- The sandbox's chain: the node that is not there.

CREATE TABLE charmbills.sandbox_blocks (
    height integer PRIMARY KEY,
    hash text NOT NULL UNIQUE,
    raw bytea NOT NULL
);
COMMENT ON TABLE charmbills.sandbox_blocks IS 'Blocks of the sandbox''s chain.';
COMMENT ON COLUMN charmbills.sandbox_blocks.height IS 'Height.';
COMMENT ON COLUMN charmbills.sandbox_blocks.hash IS 'Hash.';
COMMENT ON COLUMN charmbills.sandbox_blocks.raw IS 'Serialized block.';

CREATE TABLE charmbills.sandbox_mempool (
    position bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    txid charmbills.txid NOT NULL UNIQUE,
    raw bytea NOT NULL
);
COMMENT ON TABLE charmbills.sandbox_mempool IS 'Transactions waiting to be mined in the sandbox, parents first.';
COMMENT ON COLUMN charmbills.sandbox_mempool.position IS 'Order of arrival.';
COMMENT ON COLUMN charmbills.sandbox_mempool.txid IS 'Identifier.';
COMMENT ON COLUMN charmbills.sandbox_mempool.raw IS 'Serialized transaction.';
-- Versions of prices, pauses, and the exchange rates behind prices in a currency.

CREATE TABLE charmbills.plan_prices (
    plan_id uuid NOT NULL CONSTRAINT plan_prices_plan_id_fkey REFERENCES charmbills.plans (id),
    version integer NOT NULL CONSTRAINT plan_prices_version_check CHECK (version > 0),
    merchant_id uuid NOT NULL CONSTRAINT plan_prices_merchant_id_fkey REFERENCES charmbills.merchants (id),
    price_sats charmbills.sats,
    currency text,
    price numeric,
    valid_from timestamptz NOT NULL,
    CONSTRAINT plan_prices_pkey PRIMARY KEY (plan_id, version),
    CONSTRAINT plan_prices_currency_check CHECK ((currency IS NULL) = (price IS NULL)),
    CONSTRAINT plan_prices_price_check CHECK ((price_sats IS NULL) = (price IS NOT NULL))
);
COMMENT ON TABLE charmbills.plan_prices IS 'What a plan has cost since when: a period is invoiced at the last version that is valid when it begins.';
COMMENT ON COLUMN charmbills.plan_prices.plan_id IS 'The plan.';
COMMENT ON COLUMN charmbills.plan_prices.version IS 'Number of the price, from 1.';
COMMENT ON COLUMN charmbills.plan_prices.merchant_id IS 'Merchant who sells the plan.';
COMMENT ON COLUMN charmbills.plan_prices.price_sats IS 'Price of one period in sats; NULL for one in a currency.';
COMMENT ON COLUMN charmbills.plan_prices.currency IS 'ISO 4217 code of the currency; NULL for sats.';
COMMENT ON COLUMN charmbills.plan_prices.price IS 'Price of one period in that currency.';
COMMENT ON COLUMN charmbills.plan_prices.valid_from IS 'Periods that begin from then on cost this.';

CREATE TABLE charmbills.pauses (
    id uuid CONSTRAINT pauses_pkey PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    subscription_id uuid NOT NULL CONSTRAINT pauses_subscription_id_fkey REFERENCES charmbills.subscription_facts (id),
    merchant_id uuid NOT NULL CONSTRAINT pauses_merchant_id_fkey REFERENCES charmbills.merchants (id),
    paused_at timestamptz NOT NULL,
    resumed_at timestamptz,
    reason text,
    CONSTRAINT pauses_order_check CHECK (resumed_at >= paused_at)
);
COMMENT ON TABLE charmbills.pauses IS 'When subscriptions were paused: what was paid for is kept, to the second.';
COMMENT ON COLUMN charmbills.pauses.id IS 'Identity of the pause.';
COMMENT ON COLUMN charmbills.pauses.subscription_id IS 'Subscription paused.';
COMMENT ON COLUMN charmbills.pauses.merchant_id IS 'Merchant who sells it.';
COMMENT ON COLUMN charmbills.pauses.paused_at IS 'Since when.';
COMMENT ON COLUMN charmbills.pauses.resumed_at IS 'Until when; NULL while it lasts.';
COMMENT ON COLUMN charmbills.pauses.reason IS 'Why, in the caller''s words.';

CREATE UNIQUE INDEX pauses_open_key ON charmbills.pauses (subscription_id) WHERE resumed_at IS NULL;
CREATE INDEX pauses_subscription_idx ON charmbills.pauses (subscription_id, paused_at);

CREATE TABLE charmbills.currencies (
    code text CONSTRAINT currencies_pkey PRIMARY KEY CONSTRAINT currencies_code_check CHECK (code ~ '^[A-Z]{3}$'),
    url text,
    json_pointer text,
    refresh interval NOT NULL DEFAULT '5 minutes' CONSTRAINT currencies_refresh_check CHECK (refresh >= interval '10 seconds'),
    max_age interval NOT NULL DEFAULT '1 hour' CONSTRAINT currencies_max_age_check CHECK (max_age > interval '0'),
    last_error text,
    next_fetch_at timestamptz,
    CONSTRAINT currencies_source_check CHECK ((url IS NULL) = (json_pointer IS NULL)),
    CONSTRAINT currencies_next_fetch_check CHECK ((url IS NULL) = (next_fetch_at IS NULL))
);
COMMENT ON TABLE charmbills.currencies IS 'Currencies in use, and where their rates come from.';
COMMENT ON COLUMN charmbills.currencies.code IS 'ISO 4217 code.';
COMMENT ON COLUMN charmbills.currencies.url IS 'Where the worker fetches the rate; NULL where somebody sets it.';
COMMENT ON COLUMN charmbills.currencies.json_pointer IS 'Where in the answer the rate is (RFC 6901).';
COMMENT ON COLUMN charmbills.currencies.refresh IS 'How often it is fetched.';
COMMENT ON COLUMN charmbills.currencies.max_age IS 'An older rate is stale: nothing is quoted at it.';
COMMENT ON COLUMN charmbills.currencies.last_error IS 'Why fetching the rate failed last; NULL when it did not.';
COMMENT ON COLUMN charmbills.currencies.next_fetch_at IS 'When it is fetched next, if anything needs it then; NULL where nobody fetches it.';

CREATE TABLE charmbills.exchange_rates (
    currency text NOT NULL CONSTRAINT exchange_rates_currency_fkey REFERENCES charmbills.currencies (code),
    set_at timestamptz NOT NULL,
    rate numeric NOT NULL CONSTRAINT exchange_rates_rate_check CHECK (rate > 0 AND rate < 1000000000000),
    source text NOT NULL,
    CONSTRAINT exchange_rates_pkey PRIMARY KEY (currency, set_at)
);
COMMENT ON TABLE charmbills.exchange_rates IS 'What a bitcoin cost, and when.';
COMMENT ON COLUMN charmbills.exchange_rates.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN charmbills.exchange_rates.set_at IS 'Since when the rate is known.';
COMMENT ON COLUMN charmbills.exchange_rates.rate IS 'Price of one bitcoin.';
COMMENT ON COLUMN charmbills.exchange_rates.source IS 'Who says so.';

CREATE TABLE charmbills.quotes (
    id uuid CONSTRAINT quotes_pkey PRIMARY KEY DEFAULT charmbills.uuid_v7(),
    invoice_id uuid NOT NULL CONSTRAINT quotes_invoice_id_fkey REFERENCES charmbills.invoices (id),
    merchant_id uuid NOT NULL CONSTRAINT quotes_merchant_id_fkey REFERENCES charmbills.merchants (id),
    currency text NOT NULL,
    rate numeric NOT NULL CONSTRAINT quotes_rate_check CHECK (rate > 0),
    amount_sats charmbills.sats NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    valid_until timestamptz NOT NULL,
    CONSTRAINT quotes_order_check CHECK (valid_until > created_at)
);
COMMENT ON TABLE charmbills.quotes IS 'How many sats paid an invoice in a currency, and for how long.';
COMMENT ON COLUMN charmbills.quotes.id IS 'Identity of the quote.';
COMMENT ON COLUMN charmbills.quotes.invoice_id IS 'Invoice quoted.';
COMMENT ON COLUMN charmbills.quotes.merchant_id IS 'Merchant to be paid.';
COMMENT ON COLUMN charmbills.quotes.currency IS 'Currency of the invoice.';
COMMENT ON COLUMN charmbills.quotes.rate IS 'Price of one bitcoin that was taken.';
COMMENT ON COLUMN charmbills.quotes.amount_sats IS 'What was missing on the invoice, in sats at this rate, rounded up.';
COMMENT ON COLUMN charmbills.quotes.created_at IS 'When it was given.';
COMMENT ON COLUMN charmbills.quotes.valid_until IS 'A payment first seen before then is judged by it.';

CREATE INDEX quotes_invoice_idx ON charmbills.quotes (invoice_id, created_at);
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
-- The charms of plans on the chain, and what provers are asked for.

CREATE TABLE charmbills.watched_apps (
    identity bytea NOT NULL CONSTRAINT watched_apps_identity_check CHECK (octet_length(identity) = 32),
    vk bytea NOT NULL CONSTRAINT watched_apps_vk_check CHECK (octet_length(vk) = 32),
    plan_id uuid NOT NULL CONSTRAINT watched_apps_plan_id_fkey REFERENCES charmbills.plans (id),
    merchant_id uuid NOT NULL CONSTRAINT watched_apps_merchant_id_fkey REFERENCES charmbills.merchants (id),
    offered_height integer,
    is_armed boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    rescan_since timestamptz,
    CONSTRAINT watched_apps_pkey PRIMARY KEY (identity, vk, plan_id),
    CONSTRAINT watched_apps_plan_id_key UNIQUE (plan_id)
);
COMMENT ON TABLE charmbills.watched_apps IS 'Charms apps of plans: spells that name one matter.';
COMMENT ON COLUMN charmbills.watched_apps.identity IS 'Identity of the app.';
COMMENT ON COLUMN charmbills.watched_apps.vk IS 'Verification key of the app.';
COMMENT ON COLUMN charmbills.watched_apps.plan_id IS 'Plan whose NFT and tokens they are.';
COMMENT ON COLUMN charmbills.watched_apps.merchant_id IS 'Merchant who sells the plan.';
COMMENT ON COLUMN charmbills.watched_apps.offered_height IS 'Until it is armed: the last block it is known to have been matched against.';
COMMENT ON COLUMN charmbills.watched_apps.is_armed IS 'Whether every block since its birth has been matched against it.';
COMMENT ON COLUMN charmbills.watched_apps.created_at IS 'When it was born.';
COMMENT ON COLUMN charmbills.watched_apps.rescan_since IS 'Time from which on blocks are to be looked at for it, until the next block has come.';

CREATE INDEX watched_apps_merchant_id_idx ON charmbills.watched_apps (merchant_id);
CREATE INDEX watched_apps_rescan_idx ON charmbills.watched_apps (plan_id) WHERE rescan_since IS NOT NULL;
CREATE INDEX watched_apps_unarmed_idx ON charmbills.watched_apps (offered_height) WHERE NOT is_armed;

CREATE TABLE charmbills.charm_transactions (
    plan_id uuid NOT NULL CONSTRAINT charm_transactions_plan_id_fkey REFERENCES charmbills.plans (id),
    txid charmbills.txid NOT NULL
        CONSTRAINT charm_transactions_txid_fkey REFERENCES charmbills.chain_transactions (txid),
    merchant_id uuid NOT NULL CONSTRAINT charm_transactions_merchant_id_fkey REFERENCES charmbills.merchants (id),
    block_height integer NOT NULL,
    block_index integer NOT NULL,
    block_median_time timestamptz NOT NULL,
    verdict text NOT NULL CONSTRAINT charm_transactions_verdict_check
        CHECK (verdict IN ('none', 'invalid', 'mock', 'unsupported', 'valid')),
    reason text,
    spell_version bigint,
    is_accepted boolean NOT NULL,
    judged_by integer NOT NULL,
    judged_at timestamptz NOT NULL,
    nft text NOT NULL DEFAULT 'elsewhere' CONSTRAINT charm_transactions_nft_check
        CHECK (nft IN ('elsewhere', 'born', 'moved', 'ended', 'unknown')),
    minted numeric NOT NULL DEFAULT 0,
    destroyed numeric NOT NULL DEFAULT 0,
    counterfeit text,
    CONSTRAINT charm_transactions_pkey PRIMARY KEY (plan_id, txid)
);
COMMENT ON TABLE charmbills.charm_transactions IS 'Transactions in blocks that touch a plan''s charms, and what they did to them.';
COMMENT ON COLUMN charmbills.charm_transactions.plan_id IS 'The plan.';
COMMENT ON COLUMN charmbills.charm_transactions.txid IS 'The transaction.';
COMMENT ON COLUMN charmbills.charm_transactions.merchant_id IS 'Merchant who sells the plan.';
COMMENT ON COLUMN charmbills.charm_transactions.block_height IS 'Height of its block.';
COMMENT ON COLUMN charmbills.charm_transactions.block_index IS 'Its position in the block, from 0.';
COMMENT ON COLUMN charmbills.charm_transactions.block_median_time IS 'Median time past of its block.';
COMMENT ON COLUMN charmbills.charm_transactions.verdict IS 'On its spell, as verify_spell() gives it.';
COMMENT ON COLUMN charmbills.charm_transactions.reason IS 'Why it is not valid.';
COMMENT ON COLUMN charmbills.charm_transactions.spell_version IS 'Version of the protocol that its spell names.';
COMMENT ON COLUMN charmbills.charm_transactions.is_accepted IS 'Whether its spell counts: a valid one or, where charmbills.accept_mock_spells allows it, a mock one.';
COMMENT ON COLUMN charmbills.charm_transactions.judged_by IS 'Newest version of the protocol that was known when it was judged.';
COMMENT ON COLUMN charmbills.charm_transactions.judged_at IS 'When its proof was last checked.';
COMMENT ON COLUMN charmbills.charm_transactions.nft IS 'What became of the plan''s NFT in it: born, moved, ended, unknown (spent under an unsupported version), or elsewhere, where it has nothing to do with it.';
COMMENT ON COLUMN charmbills.charm_transactions.minted IS 'Tokens that the NFT gave up in it.';
COMMENT ON COLUMN charmbills.charm_transactions.destroyed IS 'Tokens that no output holds any more.';
COMMENT ON COLUMN charmbills.charm_transactions.counterfeit IS 'What its spell claims and the plan''s lineage does not support.';

CREATE INDEX charm_transactions_order_idx ON charmbills.charm_transactions (plan_id, block_height, block_index);
CREATE INDEX charm_transactions_height_idx ON charmbills.charm_transactions (block_height);
CREATE INDEX charm_transactions_txid_idx ON charmbills.charm_transactions (txid);
CREATE INDEX charm_transactions_unsupported_idx ON charmbills.charm_transactions (judged_by) WHERE verdict = 'unsupported';

CREATE TABLE charmbills.charms (
    outpoint charmbills.outpoint NOT NULL,
    plan_id uuid NOT NULL CONSTRAINT charms_plan_id_fkey REFERENCES charmbills.plans (id),
    merchant_id uuid NOT NULL CONSTRAINT charms_merchant_id_fkey REFERENCES charmbills.merchants (id),
    script bytea NOT NULL,
    has_nft boolean NOT NULL DEFAULT false,
    remaining numeric,
    amount numeric NOT NULL DEFAULT 0,
    beamed_to bytea,
    block_height integer NOT NULL,
    received_at timestamptz NOT NULL,
    minted_at timestamptz,
    spent_by charmbills.txid,
    spent_height integer,
    spent_at timestamptz,
    is_unknown boolean NOT NULL DEFAULT false,
    CONSTRAINT charms_pkey PRIMARY KEY (outpoint, plan_id),
    CONSTRAINT charms_spent_check CHECK ((spent_by IS NULL) = (spent_height IS NULL) AND (spent_by IS NULL) = (spent_at IS NULL))
);
COMMENT ON TABLE charmbills.charms IS 'What outputs hold, or held, of plans'' NFTs and tokens: all of it descends from the outpoint that the plan''s identity is of.';
COMMENT ON COLUMN charmbills.charms.outpoint IS 'The output.';
COMMENT ON COLUMN charmbills.charms.plan_id IS 'The plan.';
COMMENT ON COLUMN charmbills.charms.merchant_id IS 'Merchant who sells the plan.';
COMMENT ON COLUMN charmbills.charms.script IS 'Script of the output: who holds it.';
COMMENT ON COLUMN charmbills.charms.has_nft IS 'Whether the plan''s NFT is here.';
COMMENT ON COLUMN charmbills.charms.remaining IS 'Tokens that the NFT may still mint.';
COMMENT ON COLUMN charmbills.charms.amount IS 'Tokens held; of an output that was beamed out, what went elsewhere.';
COMMENT ON COLUMN charmbills.charms.beamed_to IS 'Hash of the output elsewhere that its tokens were beamed to: this one holds nothing. What spends them is then what brought them in again.';
COMMENT ON COLUMN charmbills.charms.block_height IS 'Height of the block that has it.';
COMMENT ON COLUMN charmbills.charms.received_at IS 'Median time past of that block.';
COMMENT ON COLUMN charmbills.charms.minted_at IS 'When its tokens were minted; of several mints the oldest.';
COMMENT ON COLUMN charmbills.charms.spent_by IS 'Transaction that spent it.';
COMMENT ON COLUMN charmbills.charms.spent_height IS 'Height of the block of that one.';
COMMENT ON COLUMN charmbills.charms.spent_at IS 'Median time past of that block.';
COMMENT ON COLUMN charmbills.charms.is_unknown IS 'Whether it was spent by a spell of an unsupported version, so that it is not known who holds it now.';

-- Longer scripts have no address to be looked up by, and may not fit into an index.
CREATE INDEX charms_holder_idx ON charmbills.charms (plan_id, script)
    WHERE (spent_height IS NULL OR is_unknown) AND octet_length(script) <= 42;
CREATE INDEX charms_nft_idx ON charmbills.charms (plan_id, spent_height) WHERE has_nft;
CREATE INDEX charms_height_idx ON charmbills.charms (plan_id, block_height);
CREATE INDEX charms_spent_height_idx ON charmbills.charms (plan_id, spent_height) WHERE spent_height IS NOT NULL;
CREATE INDEX charms_beamed_idx ON charmbills.charms (beamed_to) WHERE beamed_to IS NOT NULL;
CREATE INDEX charms_unknown_idx ON charmbills.charms (spent_at) WHERE is_unknown;
CREATE INDEX charms_merchant_id_idx ON charmbills.charms (merchant_id);

CREATE TABLE charmbills.previous_transactions (
    transaction_id uuid NOT NULL
        CONSTRAINT previous_transactions_transaction_id_fkey REFERENCES charmbills.transactions (id),
    txid charmbills.txid NOT NULL,
    merchant_id uuid NOT NULL CONSTRAINT previous_transactions_merchant_id_fkey REFERENCES charmbills.merchants (id),
    raw bytea NOT NULL,
    CONSTRAINT previous_transactions_pkey PRIMARY KEY (transaction_id, txid)
);
COMMENT ON TABLE charmbills.previous_transactions IS 'Transactions whose outputs one of ours spends: a prover and a signer need them.';
COMMENT ON COLUMN charmbills.previous_transactions.transaction_id IS 'The transaction that spends them.';
COMMENT ON COLUMN charmbills.previous_transactions.txid IS 'Identifier.';
COMMENT ON COLUMN charmbills.previous_transactions.merchant_id IS 'Merchant of the transaction that spends them.';
COMMENT ON COLUMN charmbills.previous_transactions.raw IS 'Serialized transaction.';

CREATE INDEX previous_transactions_merchant_id_idx ON charmbills.previous_transactions (merchant_id);
CREATE INDEX previous_transactions_txid_idx ON charmbills.previous_transactions (txid);

CREATE TABLE charmbills.prove_requests (
    transaction_id uuid NOT NULL
        CONSTRAINT prove_requests_transaction_id_fkey REFERENCES charmbills.transactions (id),
    merchant_id uuid NOT NULL CONSTRAINT prove_requests_merchant_id_fkey REFERENCES charmbills.merchants (id),
    plan_id uuid NOT NULL CONSTRAINT prove_requests_plan_id_fkey REFERENCES charmbills.plans (id),
    state text NOT NULL CONSTRAINT prove_requests_state_check
        CHECK (state IN ('waiting', 'gathering', 'proving', 'proved', 'failed')),
    spell_version integer NOT NULL,
    spell bytea,
    inputs charmbills.outpoint[] NOT NULL,
    scripts bytea[] NOT NULL,
    amounts bigint[] NOT NULL,
    charm_amounts numeric[] NOT NULL,
    nft_state bytea,
    anchor charmbills.outpoint,
    funding_utxo charmbills.outpoint NOT NULL,
    change_script bytea,
    fee_rate numeric NOT NULL CONSTRAINT prove_requests_fee_rate_check CHECK (fee_rate > 0 AND fee_rate <= 100000),
    max_fee_sats charmbills.sats NOT NULL,
    max_fee_rate numeric NOT NULL CONSTRAINT prove_requests_max_fee_rate_check CHECK (max_fee_rate > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT prove_requests_pkey PRIMARY KEY (transaction_id)
);
COMMENT ON TABLE charmbills.prove_requests IS 'What a prover was asked for, so that its answer can be held against it.';
COMMENT ON COLUMN charmbills.prove_requests.transaction_id IS 'The transaction to come.';
COMMENT ON COLUMN charmbills.prove_requests.merchant_id IS 'Merchant it belongs to.';
COMMENT ON COLUMN charmbills.prove_requests.plan_id IS 'Plan whose charms it mints or sends.';
COMMENT ON COLUMN charmbills.prove_requests.state IS 'waiting for the plan''s NFT, gathering previous transactions, proving, proved or failed.';
COMMENT ON COLUMN charmbills.prove_requests.spell_version IS 'Version of the protocol.';
COMMENT ON COLUMN charmbills.prove_requests.spell IS 'The spell that is to be proved, as CBOR; NULL until all that it spends is known.';
COMMENT ON COLUMN charmbills.prove_requests.inputs IS 'Inputs of the spell, in order, without the UTXO that pays the fees, which comes behind; none while a mint waits for the NFT.';
COMMENT ON COLUMN charmbills.prove_requests.scripts IS 'Scripts of the outputs asked for, in order; NULL for where the NFT is now, while a mint waits for it.';
COMMENT ON COLUMN charmbills.prove_requests.amounts IS 'Sats of the outputs asked for.';
COMMENT ON COLUMN charmbills.prove_requests.charm_amounts IS 'Tokens of the outputs asked for; NULL for an output that takes the NFT.';
COMMENT ON COLUMN charmbills.prove_requests.nft_state IS 'State of an NFT that is to be minted, as CBOR.';
COMMENT ON COLUMN charmbills.prove_requests.anchor IS 'Of a mint: the outpoint that the identity of the plan''s app is of.';
COMMENT ON COLUMN charmbills.prove_requests.funding_utxo IS 'UTXO that pays the fees.';
COMMENT ON COLUMN charmbills.prove_requests.change_script IS 'Where what is left of it goes; NULL for back to where it comes from, until that is known.';
COMMENT ON COLUMN charmbills.prove_requests.fee_rate IS 'Sats for a virtual byte that the prover is asked to use.';
COMMENT ON COLUMN charmbills.prove_requests.max_fee_sats IS 'Sats that all its transactions may pay in fees, the prover''s own apart.';
COMMENT ON COLUMN charmbills.prove_requests.max_fee_rate IS 'Sats for a virtual byte that they may pay.';
COMMENT ON COLUMN charmbills.prove_requests.created_at IS 'When it was asked for.';

CREATE INDEX prove_requests_merchant_id_idx ON charmbills.prove_requests (merchant_id);
CREATE INDEX prove_requests_waiting_idx ON charmbills.prove_requests (plan_id, transaction_id) WHERE state = 'waiting';
CREATE INDEX prove_requests_open_idx ON charmbills.prove_requests (transaction_id) WHERE state IN ('waiting', 'gathering', 'proving');
-- Which moves a status may make is one table in C; these hold every UPDATE to
-- it.  None acts on INSERT, so that a dump restores.

CREATE FUNCTION charmbills.transitions(OUT relation text, OUT from_status text, OUT to_status text, OUT by_chain boolean)
RETURNS SETOF record
LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 80
AS 'MODULE_PATHNAME', 'charmbills_transitions';
COMMENT ON FUNCTION charmbills.transitions() IS
'Every move that a status may make. Those by_chain are made only when the chain shows them, never by a statement.';

CREATE FUNCTION charmbills.check_transition() RETURNS trigger
LANGUAGE C VOLATILE
AS 'MODULE_PATHNAME', 'charmbills_check_transition';
COMMENT ON FUNCTION charmbills.check_transition() IS
'Refuses a move of a status that is not in transitions().';

CREATE TRIGGER check_transition AFTER UPDATE ON charmbills.plans
FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
EXECUTE FUNCTION charmbills.check_transition();
COMMENT ON TRIGGER check_transition ON charmbills.plans IS 'Only moves in transitions().';

CREATE TRIGGER check_transition AFTER UPDATE ON charmbills.subscription_facts
FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
EXECUTE FUNCTION charmbills.check_transition();
COMMENT ON TRIGGER check_transition ON charmbills.subscription_facts IS 'Only moves in transitions().';

CREATE TRIGGER check_transition AFTER UPDATE ON charmbills.invoices
FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
EXECUTE FUNCTION charmbills.check_transition();
COMMENT ON TRIGGER check_transition ON charmbills.invoices IS 'Only moves in transitions().';

CREATE TRIGGER check_transition AFTER UPDATE ON charmbills.payments
FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
EXECUTE FUNCTION charmbills.check_transition();
COMMENT ON TRIGGER check_transition ON charmbills.payments IS 'Only moves in transitions().';

CREATE TRIGGER check_transition AFTER UPDATE ON charmbills.transactions
FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
EXECUTE FUNCTION charmbills.check_transition();
COMMENT ON TRIGGER check_transition ON charmbills.transactions IS 'Only moves in transitions().';
-- Following the chain.  Plans that stay right while a table grows from nothing
-- matter more here than plans that are best: every step goes by an index.

CREATE FUNCTION charmbills.now() RETURNS timestamptz
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_now';
COMMENT ON FUNCTION charmbills.now() IS
'The time by which billing goes: the sandbox''s clock when one is set, else the time the transaction began.';

CREATE FUNCTION charmbills.chain_start(height integer, hash text) RETURNS void
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_start';
COMMENT ON FUNCTION charmbills.chain_start(integer, text) IS
'Sets where following the chain begins: the next block applied continues this one.';

CREATE FUNCTION charmbills.chain_apply_block(height integer, block bytea) RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_apply_block';
COMMENT ON FUNCTION charmbills.chain_apply_block(integer, bytea) IS
'Extends the chain followed by one raw block, after checking it. False when it is the tip already.';

CREATE FUNCTION charmbills.chain_rollback(height integer) RETURNS integer
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_rollback';
COMMENT ON FUNCTION charmbills.chain_rollback(integer) IS
'Undoes all blocks above a height and gives how many.';

CREATE FUNCTION charmbills.chain_reorganise(fork_height integer, blocks bytea[]) RETURNS integer
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_reorganise';
COMMENT ON FUNCTION charmbills.chain_reorganise(integer, bytea[]) IS
'Replaces all blocks above a height by a branch with more work, as one change, and gives how many were undone.';

CREATE FUNCTION charmbills.chain_apply_mempool(txs bytea[]) RETURNS integer
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_apply_mempool';
COMMENT ON FUNCTION charmbills.chain_apply_mempool(bytea[]) IS
'Takes note of raw transactions that are in the mempool and gives how many of them mattered.';

CREATE FUNCTION charmbills.chain_evict_mempool(txid charmbills.txid, at_tip text) RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_evict_mempool';
COMMENT ON FUNCTION charmbills.chain_evict_mempool(charmbills.txid, text) IS
'Takes note that a transaction is no longer in the mempool of a node whose tip is at_tip; does nothing unless that is the tip here too.';

CREATE FUNCTION charmbills.chain_offer_block(height integer, block bytea) RETURNS integer
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_offer_block';
COMMENT ON FUNCTION charmbills.chain_offer_block(integer, bytea) IS
'Matches a block applied before with the watches that were not visible then, and gives how many transactions mattered.';

CREATE FUNCTION charmbills.chain_arm_watches(txs bytea[]) RETURNS bigint
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_arm_watches';
COMMENT ON FUNCTION charmbills.chain_arm_watches(bytea[]) IS
'Offers mempool transactions to the watches that have been offered every block, arms these, and gives how many.';

CREATE FUNCTION charmbills.chain_watch_backlog(OUT from_height integer, OUT since timestamptz)
RETURNS SETOF record
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_watch_backlog';
COMMENT ON FUNCTION charmbills.chain_watch_backlog() IS
'From which height on blocks, and since when mempool transactions, are to be offered again to watches not yet armed; no row when all are.';

CREATE FUNCTION charmbills.chain_report_node(
    height integer, hash text, headers integer DEFAULT NULL, initial_download boolean DEFAULT NULL,
    prune_height integer DEFAULT NULL, mempool_loaded boolean DEFAULT NULL,
    version text DEFAULT NULL, genesis text DEFAULT NULL) RETURNS void
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_report_node';
COMMENT ON FUNCTION charmbills.chain_report_node(integer, text, integer, boolean, integer, boolean, text, text) IS
'Stores what the node says of itself, with the time.';

CREATE FUNCTION charmbills.chain_stop(reason text) RETURNS void
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_stop';
COMMENT ON FUNCTION charmbills.chain_stop(text) IS
'Stops following the chain, visibly, until an operator calls chain_accept().';

CREATE FUNCTION charmbills.chain_accept(height integer, hash text) RETURNS void
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_accept';
COMMENT ON FUNCTION charmbills.chain_accept(integer, text) IS
'The operator''s word that the chain contains this block: following goes on from it, behind a reorganisation that was too deep or beyond a gap.';

CREATE FUNCTION charmbills.chain_tip(OUT height integer, OUT hash text, OUT "time" timestamptz)
RETURNS SETOF record
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_tip';
COMMENT ON FUNCTION charmbills.chain_tip() IS
'The last block applied; no row before there is one.';

CREATE FUNCTION charmbills.chain_locator(OUT height integer, OUT hash text)
RETURNS SETOF record
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_locator';
COMMENT ON FUNCTION charmbills.chain_locator() IS
'Blocks of ours from the tip down, ever sparser, by which the fork with another chain is found.';

CREATE FUNCTION charmbills.chain_unconfirmed() RETURNS SETOF charmbills.txid
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_unconfirmed';
COMMENT ON FUNCTION charmbills.chain_unconfirmed() IS
'Known transactions that are thought to be in the mempool.';

CREATE FUNCTION charmbills.chain_wanted_parents() RETURNS SETOF charmbills.txid
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_wanted_parents';
COMMENT ON FUNCTION charmbills.chain_wanted_parents() IS
'Transactions whose outputs known unconfirmed ones spend: those that are in the mempool are to be offered too, since whoever replaces one replaces its descendants.';

CREATE FUNCTION charmbills.chain_parents_asked() RETURNS void
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_parents_asked';
COMMENT ON FUNCTION charmbills.chain_parents_asked() IS
'The node has been asked for the parents of all known unconfirmed transactions.';

CREATE FUNCTION charmbills.adopt_database() RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_adopt_database';
COMMENT ON FUNCTION charmbills.adopt_database() IS
'Says that this copy of the database takes the place of the one it was made from, which is gone: invoices and jobs go on, with a new series of numbers. False when it was the one already.';
-- Reserving UTXOs, so that no two transactions spend the same one.

CREATE FUNCTION charmbills.mark_utxo_used(utxo charmbills.outpoint, used_by text, marked_by text DEFAULT NULL, merchant_id uuid DEFAULT NULL)
RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_mark_utxo_used';
COMMENT ON FUNCTION charmbills.mark_utxo_used(charmbills.outpoint, text, text, uuid) IS
'Reserves a UTXO: true for exactly one of any number of callers, false for all others. Without a merchant it is the operator''s. One that carries charms is refused.';

CREATE FUNCTION charmbills.mark_utxos_used(utxos charmbills.outpoint[], used_by text, marked_by text DEFAULT NULL, merchant_id uuid DEFAULT NULL)
RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_mark_utxos_used';
COMMENT ON FUNCTION charmbills.mark_utxos_used(charmbills.outpoint[], text, text, uuid) IS
'Reserves all of these UTXOs, or none when one of them is taken. UTXOs that carry charms are refused. Calls with UTXOs in common wait for one another but never deadlock.';

CREATE FUNCTION charmbills.is_charmed(utxo charmbills.outpoint)
RETURNS boolean
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_is_charmed';
COMMENT ON FUNCTION charmbills.is_charmed(charmbills.outpoint) IS
'Whether a UTXO carries charms, as far as is known: of a plan that is followed, or by the spell of a known transaction. Such a UTXO is not to be spent for its sats.';

CREATE FUNCTION charmbills.is_utxo_used(utxo charmbills.outpoint)
RETURNS boolean
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_is_utxo_used';
COMMENT ON FUNCTION charmbills.is_utxo_used(charmbills.outpoint) IS
'Whether a UTXO is reserved, by whomever.';

CREATE FUNCTION charmbills.confirm_utxo(utxo charmbills.outpoint)
RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_confirm_utxo';
COMMENT ON FUNCTION charmbills.confirm_utxo(charmbills.outpoint) IS
'Declares a reserved UTXO spent for good, so that it is never cleaned up; false when it was already. Once a block of the chain followed spends it, the chain decides.';

CREATE FUNCTION charmbills.cleanup_utxos(older_than interval DEFAULT '48 hours')
RETURNS bigint
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_cleanup_utxos';
COMMENT ON FUNCTION charmbills.cleanup_utxos(interval) IS
'Releases reservations of that age, and gives how many. One that is confirmed, seen spent, or in a pending transaction stays. A merchant''s role releases its own.';
-- Transactions of ours, on their way to the chain.

CREATE FUNCTION charmbills.broadcast_package(commit_tx text DEFAULT NULL, spell_tx text DEFAULT NULL, plan_id uuid DEFAULT NULL,
    subscription_id uuid DEFAULT NULL, type text DEFAULT NULL, merchant_id uuid DEFAULT NULL, replaces uuid DEFAULT NULL)
RETURNS charmbills.transactions
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_broadcast_package';
COMMENT ON FUNCTION charmbills.broadcast_package(text, text, uuid, uuid, text, uuid, uuid) IS
'Takes a signed commit transaction, the spell that spends it, or either alone, in hex: checks and stores it, reserves its inputs, and queues its broadcast. The same package again gives the same row; one that had failed is tried again. One that replaces another of ours that is pending, to pay a higher fee, takes over its reservations, and is for the same merchant, plan and subscription.';

CREATE FUNCTION charmbills.transaction_psbt(transaction_id uuid, part text DEFAULT NULL)
RETURNS text
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_transaction_psbt';
COMMENT ON FUNCTION charmbills.transaction_psbt(uuid, text) IS
'A transaction of ours that waits for its signature, as a PSBT in base64: the spell or, for part => ''commit'', the commit transaction that it spends. With all that a signer needs and, where a merchant''s descriptor says, where its keys come from.';

CREATE FUNCTION charmbills.submit_signed(transaction_id uuid, spell_tx text DEFAULT NULL, commit_tx text DEFAULT NULL, replaces uuid DEFAULT NULL)
RETURNS charmbills.transactions
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_submit_signed';
COMMENT ON FUNCTION charmbills.submit_signed(uuid, text, text, uuid) IS
'Takes the signed transactions of a row that waits for them, as hex or as PSBTs: checks that they are what was to be signed and that every signature covers all of it, reserves their inputs, and queues their broadcast. The same again gives the same row. replaces is as in broadcast_package().';

CREATE FUNCTION charmbills.chain_rescan(from_height integer)
RETURNS uuid
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_rescan';
COMMENT ON FUNCTION charmbills.chain_rescan(integer) IS
'Queues a job that looks at every block from this height again, for payments older than their watches; gives the job.';

CREATE FUNCTION charmbills.chain_rescan_block(height integer, block bytea)
RETURNS integer
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_chain_rescan_block';
COMMENT ON FUNCTION charmbills.chain_rescan_block(integer, bytea) IS
'Matches a block of the chain followed, or the one right below where following began, against all watches; gives how many of its transactions mattered.';
-- Work for the outside world, as the background worker takes it.

CREATE FUNCTION charmbills.claim_jobs(worker text, max_jobs integer, lease interval)
RETURNS SETOF charmbills.jobs
LANGUAGE C VOLATILE SECURITY DEFINER ROWS 10
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_claim_jobs';
COMMENT ON FUNCTION charmbills.claim_jobs(text, integer, interval) IS
'Gives a worker due jobs of the Bitcoin node to hold until their lease ends. None while charmbills.jobs is off or the database is a copy.';

CREATE FUNCTION charmbills.claim_http_jobs(worker text, max_jobs integer, lease interval)
RETURNS SETOF charmbills.jobs
LANGUAGE C VOLATILE SECURITY DEFINER ROWS 10
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_claim_http_jobs';
COMMENT ON FUNCTION charmbills.claim_http_jobs(text, integer, interval) IS
'Gives a worker due jobs that are an HTTP request, to hold until their lease ends: of one endpoint at most four at once, and one while it fails.';

CREATE FUNCTION charmbills.hold_jobs(worker text, job_ids uuid[], lease interval)
RETURNS SETOF uuid
LANGUAGE C VOLATILE SECURITY DEFINER ROWS 10
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_hold_jobs';
COMMENT ON FUNCTION charmbills.hold_jobs(text, uuid[], interval) IS
'Prolongs the lease of jobs that a worker is still busy with, and gives those that are still its own.';

CREATE FUNCTION charmbills.http_request(job_id uuid)
RETURNS jsonb
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_http_request';
COMMENT ON FUNCTION charmbills.http_request(uuid) IS
'The HTTP request of a job, signed as of now; NULL when there is nothing to send any more.';

CREATE FUNCTION charmbills.broadcast_request(job_id uuid)
RETURNS jsonb
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_broadcast_request';
COMMENT ON FUNCTION charmbills.broadcast_request(uuid) IS
'The transactions that a broadcast job is to send, parents first, without those that are in a block; there may be none.';

CREATE FUNCTION charmbills.report_job(job_id uuid, worker text, outcome jsonb)
RETURNS text
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_report_job';
COMMENT ON FUNCTION charmbills.report_job(uuid, text, jsonb) IS
'Applies what has become of a job that this worker holds, and gives the job''s new state. Any other report changes nothing.';

CREATE FUNCTION charmbills.worker_agenda(OUT awaiting_mempool boolean, OUT next_job_at timestamptz, OUT next_billing_at timestamptz,
    OUT stopped_reason text, OUT adopted boolean, OUT unarmed boolean, OUT next_http_at timestamptz)
RETURNS SETOF record
LANGUAGE C STABLE SECURITY DEFINER ROWS 1
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_worker_agenda';
COMMENT ON FUNCTION charmbills.worker_agenda() IS
'What the worker has to do, and when: one cheap look for each turn of its loop.';
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
-- Asking for spells: NFTs of plans, tokens of subscriptions.

CREATE FUNCTION charmbills.mint_plan(plan_id uuid, funding_utxo charmbills.outpoint, supply numeric,
    anchor_utxo charmbills.outpoint DEFAULT NULL, nft_address text DEFAULT NULL, metadata jsonb DEFAULT NULL,
    change_address text DEFAULT NULL, fee_rate numeric DEFAULT NULL, max_fee bigint DEFAULT NULL,
    spell_version integer DEFAULT NULL, previous_txs text[] DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS charmbills.transactions
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_mint_plan';
COMMENT ON FUNCTION charmbills.mint_plan(uuid, charmbills.outpoint, numeric, charmbills.outpoint, text, jsonb, text, numeric, bigint, integer, text[], text) IS
'Has the NFT of a plan proved, which may mint so many tokens; gives the transaction that will be there to be signed. Its identity is of anchor_utxo, or else of funding_utxo, which pays the fees.';

CREATE FUNCTION charmbills.mint_subscription(subscription_id uuid, funding_utxo charmbills.outpoint,
    units numeric DEFAULT NULL, token_address text DEFAULT NULL,
    change_address text DEFAULT NULL, fee_rate numeric DEFAULT NULL, max_fee bigint DEFAULT NULL,
    spell_version integer DEFAULT NULL, previous_txs text[] DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS charmbills.transactions
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_mint_subscription';
COMMENT ON FUNCTION charmbills.mint_subscription(uuid, charmbills.outpoint, numeric, text, text, numeric, bigint, integer, text[], text) IS
'Has tokens of a subscription''s plan proved, for the subscriber''s address or another; as many as the plan asks for, unless units are given. Waits while the plan''s NFT is in another transaction, or is refused, as charmbills.mint_in_flight says.';

CREATE FUNCTION charmbills.transfer_token(to_address text, amount numeric, funding_utxo charmbills.outpoint,
    plan_id uuid DEFAULT NULL, subscription_id uuid DEFAULT NULL, from_address text DEFAULT NULL,
    inputs charmbills.outpoint[] DEFAULT NULL,
    change_address text DEFAULT NULL, fee_rate numeric DEFAULT NULL, max_fee bigint DEFAULT NULL,
    spell_version integer DEFAULT NULL, previous_txs text[] DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS charmbills.transactions
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_transfer_token';
COMMENT ON FUNCTION charmbills.transfer_token(text, numeric, charmbills.outpoint, uuid, uuid, text, charmbills.outpoint[], text, numeric, bigint, integer, text[], text) IS
'Has a transfer of a plan''s tokens proved: those of inputs, or enough of those on the sender''s address, which is from_address or the subscriber''s. What is too much goes back there.';

CREATE FUNCTION charmbills.cancel_transaction(transaction_id uuid)
RETURNS charmbills.transactions
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_cancel_transaction';
COMMENT ON FUNCTION charmbills.cancel_transaction(uuid) IS
'Gives up a transaction that waits for its signature, and releases what it reserved. Canceling it again gives the same row.';
-- Periods, merchants and invoices.

CREATE FUNCTION charmbills.period_start(anchor timestamptz, cycle text, timezone text, k integer)
RETURNS timestamptz
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_period_start';
REVOKE ALL ON FUNCTION charmbills.period_start(timestamptz, text, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.period_start(timestamptz, text, text, integer) IS
'Start of period k, counted from 0: the anchor plus k cycles in the time zone, from the anchor each time. The one period of a lifetime starts at the anchor.';

CREATE FUNCTION charmbills.period_end(anchor timestamptz, cycle text, timezone text, k integer)
RETURNS timestamptz
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_period_end';
REVOKE ALL ON FUNCTION charmbills.period_end(timestamptz, text, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.period_end(timestamptz, text, text, integer) IS
'End of period k, which is the start of the next one; infinity for a lifetime.';

CREATE FUNCTION charmbills.period_index(anchor timestamptz, cycle text, timezone text, at timestamptz)
RETURNS integer
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_period_index';
REVOKE ALL ON FUNCTION charmbills.period_index(timestamptz, text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.period_index(timestamptz, text, text, timestamptz) IS
'Number k of the period that an instant lies in; NULL before the anchor.';

CREATE FUNCTION charmbills.create_merchant(address text DEFAULT NULL, name text DEFAULT NULL, email text DEFAULT NULL,
    descriptor text DEFAULT NULL, timezone text DEFAULT 'UTC', first_index integer DEFAULT 0,
    idempotency_key text DEFAULT NULL)
RETURNS charmbills.merchants
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_create_merchant';
REVOKE ALL ON FUNCTION charmbills.create_merchant(text, text, text, text, text, integer, text) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.create_merchant(text, text, text, text, text, integer, text) IS
'Create a merchant, who needs a name, and an address, a public ranged descriptor, or both. Addresses are issued from first_index on. The same idempotency key with the same arguments gives the same merchant. For operators.';

CREATE FUNCTION charmbills.update_merchant(merchant_id uuid, name text DEFAULT NULL, email text DEFAULT NULL,
    descriptor text DEFAULT NULL, timezone text DEFAULT NULL, is_active boolean DEFAULT NULL,
    first_index integer DEFAULT NULL)
RETURNS charmbills.merchants
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_update_merchant';
REVOKE ALL ON FUNCTION charmbills.update_merchant(uuid, text, text, text, text, boolean, integer) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.update_merchant(uuid, text, text, text, text, boolean, integer) IS
'Change a merchant; NULL leaves a thing as it is. Addresses of earlier descriptors stay watched, and a descriptor never goes back behind an index it has reached. Only an operator changes is_active.';

CREATE FUNCTION charmbills.issue_invoice(subscription_id uuid)
RETURNS charmbills.invoices
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_issue_invoice';
REVOKE ALL ON FUNCTION charmbills.issue_invoice(uuid) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.issue_invoice(uuid) IS
'The invoice for the next period of a subscription: issued now, however early, or the one that stands already.';

CREATE FUNCTION charmbills.void_invoice(invoice_id uuid)
RETURNS charmbills.invoices
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_void_invoice';
REVOKE ALL ON FUNCTION charmbills.void_invoice(uuid) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.void_invoice(uuid) IS
'Make void an invoice that is open, expired or uncollectible. What was received for it becomes credit.';

CREATE FUNCTION charmbills.payment_uri(invoice_id uuid)
RETURNS text
LANGUAGE C STABLE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_payment_uri';
REVOKE ALL ON FUNCTION charmbills.payment_uri(uuid) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.payment_uri(uuid) IS
'BIP-21 URI that pays what is missing on an invoice; of one in a currency, what its quote says.';
-- Plans: what is sold.

CREATE FUNCTION charmbills.create_plan(merchant_id uuid, service_name text, price_sats bigint DEFAULT NULL,
    billing_cycle text DEFAULT 'monthly', trial interval DEFAULT NULL, grace interval DEFAULT NULL,
    confirmations integer DEFAULT NULL, tolerance_sats bigint DEFAULT NULL, allow_multiple boolean DEFAULT NULL,
    ticker text DEFAULT NULL, app_id text DEFAULT NULL, app_vk text DEFAULT NULL,
    remaining_supply numeric DEFAULT NULL, nft_utxo charmbills.outpoint DEFAULT NULL, metadata jsonb DEFAULT NULL,
    currency text DEFAULT NULL, price numeric DEFAULT NULL, tolerance_percent numeric DEFAULT NULL,
    tax_rate numeric DEFAULT NULL, min_invoice_sats bigint DEFAULT NULL, lead_time interval DEFAULT NULL,
    restart text DEFAULT NULL, trial_once boolean DEFAULT NULL, dunning interval[] DEFAULT NULL,
    uncollectible_after interval DEFAULT NULL,
    entitlement text DEFAULT NULL, token_units numeric DEFAULT NULL, token_access text DEFAULT NULL,
    accept_beamed boolean DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS charmbills.plans
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_create_plan';
COMMENT ON FUNCTION charmbills.create_plan(uuid, text, bigint, text, interval, interval, integer, bigint, boolean, text, text, text, numeric, charmbills.outpoint, jsonb, text, numeric, numeric, numeric, bigint, interval, text, boolean, interval[], interval, text, numeric, text, boolean, text) IS
'Makes a plan. It is on sale at once, or, with an app_id or where a token gives access, once its mint is confirmed: where app_id and app_vk are known, once its NFT is born and the merchant holds it. What gives access (entitlement) is payment, token or either; token_access is held or cycle. Its price is in sats or in a currency. No trial, five days of grace and the setting''s confirmations unless given. The same idempotency key with the same arguments gives the same plan.';

CREATE FUNCTION charmbills.update_plan(plan_id uuid, service_name text DEFAULT NULL, price_sats bigint DEFAULT NULL,
    billing_cycle text DEFAULT NULL, trial interval DEFAULT NULL, grace interval DEFAULT NULL,
    confirmations integer DEFAULT NULL, tolerance_sats bigint DEFAULT NULL, allow_multiple boolean DEFAULT NULL,
    ticker text DEFAULT NULL, remaining_supply numeric DEFAULT NULL,
    nft_utxo charmbills.outpoint DEFAULT NULL, metadata jsonb DEFAULT NULL,
    currency text DEFAULT NULL, price numeric DEFAULT NULL, tolerance_percent numeric DEFAULT NULL,
    tax_rate numeric DEFAULT NULL, min_invoice_sats bigint DEFAULT NULL, lead_time interval DEFAULT NULL,
    restart text DEFAULT NULL, trial_once boolean DEFAULT NULL, dunning interval[] DEFAULT NULL,
    uncollectible_after interval DEFAULT NULL,
    entitlement text DEFAULT NULL, token_units numeric DEFAULT NULL, token_access text DEFAULT NULL,
    accept_beamed boolean DEFAULT NULL, price_from timestamptz DEFAULT NULL)
RETURNS charmbills.plans
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_update_plan';
COMMENT ON FUNCTION charmbills.update_plan(uuid, text, bigint, text, interval, interval, integer, bigint, boolean, text, numeric, charmbills.outpoint, jsonb, text, numeric, numeric, numeric, bigint, interval, text, boolean, interval[], interval, text, numeric, text, boolean, timestamptz) IS
'Changes what is given of a plan. A new price is for periods that begin from now, or price_from, on; it stays in the same unit. Invoices that have been issued stay as they are. What gives access changes at once; accept_beamed only until the plan''s charms are followed. Its supply and NFT are the chain''s, where they are.';

CREATE FUNCTION charmbills.deactivate_plan(plan_id uuid)
RETURNS charmbills.plans
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_deactivate_plan';
COMMENT ON FUNCTION charmbills.deactivate_plan(uuid) IS
'Takes a plan off sale; its subscriptions go on.';

CREATE FUNCTION charmbills.activate_plan(plan_id uuid)
RETURNS charmbills.plans
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_activate_plan';
COMMENT ON FUNCTION charmbills.activate_plan(uuid) IS
'Puts a plan on sale again. One with an app_id that was not imported needs a confirmed mint; one whose NFT is followed, an NFT that the merchant holds.';

CREATE FUNCTION charmbills.import_plan(plan jsonb)
RETURNS charmbills.plans
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
SET timezone = 'UTC'
AS 'MODULE_PATHNAME', 'charmbills_import_plan';
COMMENT ON FUNCTION charmbills.import_plan(jsonb) IS
'Takes a plan as the former web client stored it (serviceName, priceBTC, billingCycle, merchantAddress, nftUtxoId, ...) and puts it on sale; entitlement, tokenUnits, tokenAccess and acceptBeamed are as in create_plan(). Where appId and appVk are known the chain says what its NFT and supply are, and is rescanned from createdAt. Other keys are kept in its metadata. Twice gives the same row. An operator''s import makes the merchant where there is none.';
-- The operator's corrections, and what time makes due.

CREATE FUNCTION charmbills.assign_payment(outpoint charmbills.outpoint, invoice_id uuid) RETURNS charmbills.payments
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_assign_payment';
COMMENT ON FUNCTION charmbills.assign_payment(charmbills.outpoint, uuid) IS
'Lets a payment that matches no invoice, or one that no longer holds on to it, pay this invoice.';

CREATE FUNCTION charmbills.mark_invoice_paid(invoice_id uuid, reason text) RETURNS charmbills.invoices
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_mark_invoice_paid';
COMMENT ON FUNCTION charmbills.mark_invoice_paid(uuid, text) IS
'Declares an invoice paid, whatever the chain says, for a reason that is kept.';

CREATE FUNCTION charmbills.record_refund(
    outpoint charmbills.outpoint, txid charmbills.txid, amount_sats bigint DEFAULT NULL) RETURNS charmbills.credits
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_record_refund';
COMMENT ON FUNCTION charmbills.record_refund(charmbills.outpoint, charmbills.txid, bigint) IS
'Records that what a payment had left as credit, or a part of it, was sent back by a transaction.';

CREATE FUNCTION charmbills.run_billing(as_of timestamptz DEFAULT NULL, max_rows integer DEFAULT NULL) RETURNS integer
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_run_billing';
COMMENT ON FUNCTION charmbills.run_billing(timestamptz, integer) IS
'Does what time has made due, at most max_rows rows of each kind, and gives how many rows it was; any number of times, by any number of callers.';
-- Prices in a currency: exchange rates and quotes.

CREATE FUNCTION charmbills.set_exchange_rate(currency text, rate numeric, source text DEFAULT 'manual')
RETURNS charmbills.exchange_rates
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_set_exchange_rate';
COMMENT ON FUNCTION charmbills.set_exchange_rate(text, numeric, text) IS
'Says what one bitcoin costs in a currency from now on; six decimals are kept. Payments that waited for a rate are judged by it. For operators.';

CREATE FUNCTION charmbills.set_rate_source(currency text, url text, json_pointer text, refresh interval DEFAULT '5 minutes',
    max_age interval DEFAULT '1 hour')
RETURNS charmbills.currencies
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_set_rate_source';
COMMENT ON FUNCTION charmbills.set_rate_source(text, text, text, interval, interval) IS
'Has the worker fetch a currency''s rate from a JSON document, at this pointer, while anything is priced in it; a NULL url ends that. Nothing is quoted at a rate older than max_age. For operators.';

CREATE FUNCTION charmbills.quote_invoice(invoice_id uuid)
RETURNS charmbills.quotes
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_quote_invoice';
COMMENT ON FUNCTION charmbills.quote_invoice(uuid) IS
'How many sats pay what is missing on an invoice in a currency. A payment first seen while the quote is valid is judged at its rate. While a quote is valid and nothing has come in, it is given again.';
-- What customers have paid beyond their invoices.

CREATE FUNCTION charmbills.customer_balance(customer_id uuid)
RETURNS bigint
LANGUAGE C STABLE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_customer_balance';
REVOKE ALL ON FUNCTION charmbills.customer_balance(uuid) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.customer_balance(uuid) IS
'A customer''s credit in sats, which the next invoice takes from; negative where a payment that had become credit was reversed after the credit was used.';

CREATE VIEW charmbills.customer_balances WITH (security_invoker = true) AS
SELECT u.merchant_id,
       u.id AS customer_id,
       u.external_id,
       coalesce(c.balance, 0)::bigint AS balance_sats,
       coalesce(c.carried, 0)::bigint AS carried_sats
FROM charmbills.customers u
LEFT JOIN LATERAL (SELECT sum(e.amount_sats) FILTER (WHERE e.kind <> 'carried') AS balance,
                          -sum(e.amount_sats) FILTER (WHERE e.kind = 'carried') AS carried
                   FROM charmbills.credits e
                   WHERE e.merchant_id = u.merchant_id AND e.customer_id = u.id) c ON true;
COMMENT ON VIEW charmbills.customer_balances IS 'What each customer has as credit, and owes on the next invoice.';
COMMENT ON COLUMN charmbills.customer_balances.merchant_id IS 'Merchant whose customer it is.';
COMMENT ON COLUMN charmbills.customer_balances.customer_id IS 'Identity of the customer.';
COMMENT ON COLUMN charmbills.customer_balances.external_id IS 'The application''s own name for the customer.';
COMMENT ON COLUMN charmbills.customer_balances.balance_sats IS 'Credit, which the next invoice takes from; may be negative.';
COMMENT ON COLUMN charmbills.customer_balances.carried_sats IS 'Amounts too small to be demanded, which the next invoice collects.';

CREATE FUNCTION charmbills.ledger_check(OUT merchant_id uuid, OUT customer_id uuid, OUT received_sats bigint,
    OUT applied_sats bigint, OUT refunded_sats bigint, OUT balance_sats bigint, OUT difference_sats bigint,
    OUT carried_difference_sats bigint)
RETURNS SETOF record
LANGUAGE C STABLE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_ledger_check';
REVOKE ALL ON FUNCTION charmbills.ledger_check() FROM PUBLIC;
COMMENT ON FUNCTION charmbills.ledger_check() IS
'Customers of whom what was received is not what was applied to their invoices, refunded, and left as credit, worked out from payments and invoices; of no customer, payments that are nobody''s. No row when the books are right. For operators.';
-- Invoices without a subscription.

CREATE FUNCTION charmbills.create_invoice(merchant_id uuid, amount_sats bigint DEFAULT NULL, description text DEFAULT NULL,
    subscriber_address text DEFAULT NULL, external_id text DEFAULT NULL, lines jsonb DEFAULT NULL,
    due_in interval DEFAULT '0', expires_in interval DEFAULT '24 hours', currency text DEFAULT NULL,
    amount numeric DEFAULT NULL, tax_rate numeric DEFAULT 0, tolerance_sats bigint DEFAULT 0,
    confirmations integer DEFAULT NULL, metadata jsonb DEFAULT NULL, use_credit boolean DEFAULT true,
    idempotency_key text DEFAULT NULL)
RETURNS charmbills.invoices
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_create_invoice';
REVOKE ALL ON FUNCTION charmbills.create_invoice(uuid, bigint, text, text, text, jsonb, interval, interval, text, numeric, numeric, bigint, integer, jsonb, boolean, text) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.create_invoice(uuid, bigint, text, text, text, jsonb, interval, interval, text, numeric, numeric, bigint, integer, jsonb, boolean, text) IS
'Invoice a customer, known as in subscribe(), for something that is no subscription: for amount_sats, or an amount in a currency, with a description; or for lines, a JSON array of at most 100 objects with description, quantity (1 where left out) and unit_amount, which is negative for a reduction. It is due after due_in, and expires expires_in later. The customer''s credit pays as much of it as it can, unless use_credit is false. The same idempotency key with the same arguments gives the same invoice.';
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
-- Subscribing, and asking whether somebody has.

CREATE FUNCTION charmbills.subscribe(plan_id uuid, subscriber_address text DEFAULT NULL, external_id text DEFAULT NULL,
    metadata jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL, quantity integer DEFAULT 1)
RETURNS charmbills.subscriptions
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_subscribe';
REVOKE ALL ON FUNCTION charmbills.subscribe(uuid, text, text, jsonb, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.subscribe(uuid, text, text, jsonb, text, integer) IS
'Subscribe a customer, known by address, by the application''s own name, or both, to a plan. The first invoice is issued at once, unless there is a trial. metadata is merged into the customer''s. quantity times the plan''s price is paid. The same idempotency key with the same arguments gives the same subscription.';

CREATE FUNCTION charmbills.is_entitled(plan_id uuid, subscriber_address text DEFAULT NULL, external_id text DEFAULT NULL)
RETURNS boolean
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'charmbills_is_entitled';
REVOKE ALL ON FUNCTION charmbills.is_entitled(uuid, text, text) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.is_entitled(uuid, text, text) IS
'Whether a customer has access to what a plan sells: by a subscription in trial, active, or in grace, or, as the plan has it, by the tokens on the customer''s address, or by either. Both an address and a name must be those of the same subscription, or customer. What is no address has none.';
-- Subscriptions' tokens, verified again.

CREATE FUNCTION charmbills.verify_token(subscription_id uuid, OUT verdict text, OUT reason text,
    OUT token_utxo charmbills.outpoint, OUT token_amount numeric, OUT last_verified_at timestamptz)
RETURNS SETOF record
LANGUAGE C VOLATILE ROWS 1
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_verify_token';
REVOKE ALL ON FUNCTION charmbills.verify_token(uuid) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.verify_token(uuid) IS
'Verifies the tokens on a subscription''s address anew: the proofs of the transactions that made them, their blocks, and that nothing has spent them. verdict is none where there are no tokens, unknown where they were spent by a spell of an unsupported version, mismatch where something differs from what was known, with the reason, and else valid, or mock. Where something differs the plan is followed again from its first transaction.';

CREATE FUNCTION charmbills.verify_tokens(max_rows integer DEFAULT 1000)
RETURNS integer
LANGUAGE C VOLATILE
SECURITY DEFINER SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_verify_tokens';
REVOKE ALL ON FUNCTION charmbills.verify_tokens(integer) FROM PUBLIC;
COMMENT ON FUNCTION charmbills.verify_tokens(integer) IS
'Verifies the tokens of at most max_rows subscriptions that have not been verified for a day, those first that were longest ago, and gives how many it was. run_billing() does it, too. For operators.';
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
-- Billing by pg_cron, and by hand until nothing is due.

-- Neither SECURITY DEFINER nor SET: with either it could not commit.
CREATE PROCEDURE charmbills.run_billing_all(max_rows integer DEFAULT 1000)
LANGUAGE C
AS 'MODULE_PATHNAME', 'charmbills_run_billing_all';
COMMENT ON PROCEDURE charmbills.run_billing_all(integer) IS
'Calls run_billing() until nothing is due that nobody else holds, and commits after each batch. INFO messages and pg_stat_activity show how many rows it was so far.';
REVOKE ALL ON PROCEDURE charmbills.run_billing_all(integer) FROM PUBLIC;

CREATE FUNCTION charmbills.schedule_jobs(billing text DEFAULT NULL, clean_up text DEFAULT NULL)
RETURNS TABLE (name text, schedule text, command text)
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_schedule_jobs';
COMMENT ON FUNCTION charmbills.schedule_jobs(text, text) IS
'Has pg_cron, in this database, run billing every minute and clean up every hour, or at other schedules when given; NULL leaves a schedule that there is. Any number of times; again after an upgrade. Gives what is scheduled. For operators.';
REVOKE ALL ON FUNCTION charmbills.schedule_jobs(text, text) FROM PUBLIC;

CREATE FUNCTION charmbills.unschedule_jobs()
RETURNS integer
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_unschedule_jobs';
COMMENT ON FUNCTION charmbills.unschedule_jobs() IS
'Takes back what schedule_jobs() scheduled, and gives how many jobs it was. To be called before DROP EXTENSION. For operators.';
REVOKE ALL ON FUNCTION charmbills.unschedule_jobs() FROM PUBLIC;
-- Changing a subscription's plan or quantity.

CREATE FUNCTION charmbills.change_plan(subscription_id uuid, new_plan_id uuid DEFAULT NULL, at_period_end boolean DEFAULT false,
    quantity integer DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS charmbills.subscriptions
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_change_plan';
COMMENT ON FUNCTION charmbills.change_plan(uuid, uuid, boolean, integer, text) IS
'Changes a subscription''s plan, quantity, or both. Within a paid period it issues an invoice for the difference, and takes effect once that is paid; with at_period_end, or where no period is paid, the next invoice is for the new plan. Changing to what it is takes back a change to come.';

CREATE FUNCTION charmbills.preview_change(subscription_id uuid, new_plan_id uuid DEFAULT NULL, at_period_end boolean DEFAULT false,
    quantity integer DEFAULT NULL,
    OUT effective_at timestamptz, OUT amount_sats bigint, OUT currency text, OUT amount numeric, OUT credit_sats bigint,
    OUT carried_sats bigint, OUT period_start timestamptz, OUT period_end timestamptz, OUT lines jsonb)
RETURNS SETOF record
LANGUAGE C STABLE SECURITY DEFINER ROWS 1
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_preview_change';
COMMENT ON FUNCTION charmbills.preview_change(uuid, uuid, boolean, integer) IS
'The invoice that change_plan() with these arguments would issue now, or, of a change at the end of the period, the next invoice as it would be now.';
-- What operators, and the machines that watch for them, ask.

CREATE FUNCTION charmbills.plans_by_status()
RETURNS TABLE (status text, plans bigint)
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_plans_by_status';
COMMENT ON FUNCTION charmbills.plans_by_status() IS
'How many plans are in each status, none included. A merchant''s role sees its own alone.';
REVOKE ALL ON FUNCTION charmbills.plans_by_status() FROM PUBLIC;

CREATE FUNCTION charmbills.subscriptions_today()
RETURNS TABLE (new bigint, activated bigint, canceled bigint, ended bigint)
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_subscriptions_today';
COMMENT ON FUNCTION charmbills.subscriptions_today() IS
'Subscriptions created, first paid, canceled and ended since midnight in the session''s TimeZone. A merchant''s role sees its own alone.';
REVOKE ALL ON FUNCTION charmbills.subscriptions_today() FROM PUBLIC;

CREATE FUNCTION charmbills.pending_transactions(since interval DEFAULT '24 hours')
RETURNS TABLE (id uuid, type text, merchant_id uuid, plan_id uuid, subscription_id uuid,
    status text, created_at timestamptz, age interval)
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_pending_transactions';
COMMENT ON FUNCTION charmbills.pending_transactions(interval) IS
'Transactions created within this time that wait for a block, oldest first; NULL for all. A merchant''s role sees its own alone.';
REVOKE ALL ON FUNCTION charmbills.pending_transactions(interval) FROM PUBLIC;

CREATE FUNCTION charmbills.failed_transactions(since interval DEFAULT '24 hours')
RETURNS TABLE (id uuid, type text, merchant_id uuid, plan_id uuid, subscription_id uuid,
    status text, created_at timestamptz, age interval, error_message text)
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_failed_transactions';
COMMENT ON FUNCTION charmbills.failed_transactions(interval) IS
'Transactions created within this time that failed, and why, oldest first; NULL for all. A merchant''s role sees its own alone.';
REVOKE ALL ON FUNCTION charmbills.failed_transactions(interval) FROM PUBLIC;

CREATE FUNCTION charmbills.top_merchants(max_rows integer DEFAULT 10)
RETURNS TABLE (merchant_id uuid, address text, name text, plans bigint,
    active_subscriptions bigint, received_sats numeric)
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_top_merchants';
COMMENT ON FUNCTION charmbills.top_merchants(integer) IS
'Merchants by what confirmed payments have brought them, then by active subscriptions and plans; NULL for all. A merchant''s role sees its own alone.';
REVOKE ALL ON FUNCTION charmbills.top_merchants(integer) FROM PUBLIC;

CREATE FUNCTION charmbills.average_confirmation_minutes(since interval DEFAULT '7 days')
RETURNS numeric
LANGUAGE C STABLE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_average_confirmation_minutes';
COMMENT ON FUNCTION charmbills.average_confirmation_minutes(interval) IS
'Minutes from creation to confirmation of the transactions confirmed within this time, on average; NULL when there are none. A merchant''s role sees its own alone.';
REVOKE ALL ON FUNCTION charmbills.average_confirmation_minutes(interval) FROM PUBLIC;

CREATE FUNCTION charmbills.health() RETURNS jsonb
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_health';
COMMENT ON FUNCTION charmbills.health() IS
'Whether the chain is followed: status ok, degraded or down, the reasons, and for operators the figures.';
REVOKE ALL ON FUNCTION charmbills.health() FROM PUBLIC;

CREATE FUNCTION charmbills.health_db() RETURNS jsonb
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_health_db';
COMMENT ON FUNCTION charmbills.health_db() IS
'Whether the database is fit: status ok or degraded, the reasons, and for operators versions, sizes and the oldest transaction.';
REVOKE ALL ON FUNCTION charmbills.health_db() FROM PUBLIC;

CREATE FUNCTION charmbills.health_jobs() RETURNS jsonb
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_health_jobs';
COMMENT ON FUNCTION charmbills.health_jobs() IS
'Whether work for the outside world gets done: status ok, degraded or down, the reasons, and for operators the figures.';
REVOKE ALL ON FUNCTION charmbills.health_jobs() FROM PUBLIC;

CREATE FUNCTION charmbills.table_sizes()
RETURNS TABLE (table_name name, estimated_rows bigint, table_bytes bigint, index_bytes bigint,
    total_bytes bigint, dead_rows bigint, last_vacuum_at timestamptz)
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_table_sizes';
COMMENT ON FUNCTION charmbills.table_sizes() IS
'The tables of charmbills, largest first. For operators.';
REVOKE ALL ON FUNCTION charmbills.table_sizes() FROM PUBLIC;

CREATE FUNCTION charmbills.index_usage()
RETURNS TABLE (table_name name, index_name name, is_unique boolean, scans bigint,
    entries_read bigint, index_bytes bigint)
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_index_usage';
COMMENT ON FUNCTION charmbills.index_usage() IS
'The indexes of charmbills and how often each was used since statistics were reset. For operators.';
REVOKE ALL ON FUNCTION charmbills.index_usage() FROM PUBLIC;

CREATE FUNCTION charmbills.worker_status()
RETURNS TABLE (database name, pid integer, state text, tip_height integer, node_height integer,
    lag integer, started_at timestamptz, last_contact_at timestamptz, last_error text,
    last_error_at timestamptz, jobs_in_flight integer, blocked_by integer, requests bigint)
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_worker_status';
COMMENT ON FUNCTION charmbills.worker_status() IS
'What the background worker of each database of this server is doing; NULL where unknown, no row without shared_preload_libraries. For operators.';
REVOKE ALL ON FUNCTION charmbills.worker_status() FROM PUBLIC;

CREATE FUNCTION charmbills.wake_worker() RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_wake_worker';
COMMENT ON FUNCTION charmbills.wake_worker() IS
'Have this database''s worker look for work now; false when none runs. For operators.';
REVOKE ALL ON FUNCTION charmbills.wake_worker() FROM PUBLIC;

CREATE FUNCTION charmbills.worker_stop() RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_worker_stop';
COMMENT ON FUNCTION charmbills.worker_stop() IS
'Have this database''s worker let go of it, at once and until worker_start() or the server''s next start; false when that was asked already or no worker can run. For operators.';
REVOKE ALL ON FUNCTION charmbills.worker_stop() FROM PUBLIC;

CREATE FUNCTION charmbills.worker_start() RETURNS boolean
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = charmbills, pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'charmbills_worker_start';
COMMENT ON FUNCTION charmbills.worker_start() IS
'Take worker_stop() back; false unless it was in force. For operators.';
REVOKE ALL ON FUNCTION charmbills.worker_start() FROM PUBLIC;
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
-- Every table holds users' data, and so does every sequence; a test compares this
-- list with the catalog.
SELECT pg_extension_config_dump('charmbills.merchants', '');
SELECT pg_extension_config_dump('charmbills.merchant_roles', '');
SELECT pg_extension_config_dump('charmbills.merchant_counters', '');
SELECT pg_extension_config_dump('charmbills.descriptors', '');
SELECT pg_extension_config_dump('charmbills.customers', '');
SELECT pg_extension_config_dump('charmbills.api_keys', '');
SELECT pg_extension_config_dump('charmbills.plans', '');
SELECT pg_extension_config_dump('charmbills.subscription_facts', '');
SELECT pg_extension_config_dump('charmbills.invoices', '');
SELECT pg_extension_config_dump('charmbills.invoice_lines', '');
SELECT pg_extension_config_dump('charmbills.payments', '');
SELECT pg_extension_config_dump('charmbills.credits', '');
SELECT pg_extension_config_dump('charmbills.idempotency_keys', '');
SELECT pg_extension_config_dump('charmbills.plan_prices', '');
SELECT pg_extension_config_dump('charmbills.pauses', '');
SELECT pg_extension_config_dump('charmbills.currencies', '');
SELECT pg_extension_config_dump('charmbills.exchange_rates', '');
SELECT pg_extension_config_dump('charmbills.quotes', '');
SELECT pg_extension_config_dump('charmbills.chain_state', '');
SELECT pg_extension_config_dump('charmbills.blocks', '');
SELECT pg_extension_config_dump('charmbills.watched_scripts', '');
SELECT pg_extension_config_dump('charmbills.chain_transactions', '');
SELECT pg_extension_config_dump('charmbills.watched_outpoints', '');
SELECT pg_extension_config_dump('charmbills.transactions', '');
SELECT pg_extension_config_dump('charmbills.watched_apps', '');
SELECT pg_extension_config_dump('charmbills.charm_transactions', '');
SELECT pg_extension_config_dump('charmbills.charms', '');
SELECT pg_extension_config_dump('charmbills.previous_transactions', '');
SELECT pg_extension_config_dump('charmbills.prove_requests', '');
SELECT pg_extension_config_dump('charmbills.used_utxos', '');
SELECT pg_extension_config_dump('charmbills.events', '');
SELECT pg_extension_config_dump('charmbills.jobs', '');
SELECT pg_extension_config_dump('charmbills.webhook_endpoints', '');
SELECT pg_extension_config_dump('charmbills.webhook_deliveries', '');
SELECT pg_extension_config_dump('charmbills.webhook_attempts', '');
SELECT pg_extension_config_dump('charmbills.sandbox_blocks', '');
SELECT pg_extension_config_dump('charmbills.sandbox_mempool', '');
SELECT pg_extension_config_dump('charmbills.events_id_seq', '');
SELECT pg_extension_config_dump('charmbills.sandbox_mempool_position_seq', '');
