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
