-- Types txid, outpoint and sats: text and binary I/O, operators, indexes.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS charmbills;
RESET client_min_messages;
SET search_path = charmbills, public;

-- The coinbase of block 0, and a payment for two pizzas.
\set genesis 4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b
\set pizza a1075db55d416d3ca199f55b6084e2115b9345e16c5cf302fc80e9d5fbf5d48d

-- Text I/O
SELECT :'genesis'::txid;
SELECT upper(:'genesis')::txid;
SELECT repeat('0', 64)::txid, repeat('F', 64)::txid;
SELECT (:'genesis' || ':0')::outpoint;
SELECT (upper(:'genesis') || ':4294967295')::outpoint;

\set VERBOSITY sqlstate
SELECT ''::txid;
SELECT repeat('0', 63)::txid;
SELECT repeat('0', 65)::txid;
SELECT (repeat('0', 63) || 'g')::txid;
SELECT (' ' || :'genesis')::txid;
SELECT (:'genesis' || ' ')::txid;
SELECT ('0x' || repeat('0', 62))::txid;
SELECT ''::outpoint;
SELECT :'genesis'::outpoint;
SELECT (:'genesis' || ':')::outpoint;
SELECT (:'genesis' || ':00')::outpoint;
SELECT (:'genesis' || ':01')::outpoint;
SELECT (:'genesis' || ':+1')::outpoint;
SELECT (:'genesis' || ':-1')::outpoint;
SELECT (:'genesis' || ': 1')::outpoint;
SELECT (:'genesis' || ':1 ')::outpoint;
SELECT (:'genesis' || ':1:1')::outpoint;
SELECT (:'genesis' || ':1.0')::outpoint;
SELECT (:'genesis' || ':0x1')::outpoint;
SELECT (:'genesis' || ':4294967296')::outpoint;
SELECT (:'genesis' || ':9999999999')::outpoint;
SELECT (:'genesis' || ':18446744073709551616')::outpoint;
SELECT (repeat('0', 63) || ':0')::outpoint;
SELECT (repeat('0', 65) || ':0')::outpoint;
SELECT (repeat('z', 64) || ':0')::outpoint;
\set VERBOSITY default
SELECT 'x'::txid;
SELECT 'x:0'::outpoint;

-- Sent in wire order
SELECT encode(txid_send(:'genesis'), 'hex');
SELECT encode(outpoint_send((:'genesis' || ':258')::outpoint), 'hex');

-- Parts of an outpoint
SELECT outpoint(:'genesis', 7), outpoint_txid(outpoint(:'genesis', 7)), outpoint_vout(outpoint(:'genesis', 7));
SELECT outpoint_vout((:'genesis' || ':2147483647')::outpoint);
SELECT outpoint_vout((:'genesis' || ':2147483648')::outpoint);
SELECT outpoint(:'genesis', -1);
SELECT outpoint(NULL, 1) IS NULL, outpoint(:'genesis', NULL) IS NULL,
       outpoint_txid(NULL) IS NULL, outpoint_vout(NULL) IS NULL;
\set VERBOSITY sqlstate
SELECT outpoint_vout((:'genesis' || ':4294967295')::outpoint);
SELECT outpoint(:'genesis', -2147483648);
\set VERBOSITY default

-- Operators follow wire order: the last byte shown decides first
CREATE TEMP TABLE pair (name text, a txid, b txid);
INSERT INTO pair VALUES
    ('less', ('ff' || repeat('00', 31))::txid, (repeat('00', 31) || '01')::txid),
    ('equal', :'genesis', upper(:'genesis')::txid),
    ('greater', (repeat('00', 31) || '80')::txid, ('ff' || repeat('00', 30) || '7f')::txid);
SELECT name, a < b AS lt, a <= b AS le, a = b AS eq, a <> b AS ne, a >= b AS ge, a > b AS gt,
       sign(txid_cmp(a, b)) AS cmp
FROM pair ORDER BY name;
SELECT name, outpoint(a, 1) < outpoint(b, 1) AS lt, outpoint(a, 1) <= outpoint(b, 1) AS le,
       outpoint(a, 1) = outpoint(b, 1) AS eq, outpoint(a, 1) <> outpoint(b, 1) AS ne,
       outpoint(a, 1) >= outpoint(b, 1) AS ge, outpoint(a, 1) > outpoint(b, 1) AS gt,
       sign(outpoint_cmp(outpoint(a, 1), outpoint(b, 1))) AS cmp
FROM pair ORDER BY name;
-- Within a transaction outputs sort as numbers
SELECT string_agg(v::text, ' ' ORDER BY outpoint(:'genesis', v))
FROM unnest(ARRAY[256, 2, 2147483647, 1, 0, 65536, 255, 10]) AS v;
SELECT outpoint(:'genesis', 1) = (:'genesis' || ':4294967295')::outpoint AS eq,
       outpoint(:'genesis', 1) < (:'genesis' || ':4294967295')::outpoint AS lt;
SELECT NULL::txid = :'genesis' IS NULL, NULL::outpoint < outpoint(:'genesis', 0) IS NULL;

-- Equal values hash alike, whatever the seed; unequal ones do not
SELECT txid_hash(a) = txid_hash(b), txid_hash_extended(a, 0) = txid_hash_extended(b, 0),
       txid_hash_extended(a, 7) = txid_hash_extended(b, 7), name
FROM pair ORDER BY name;
SELECT outpoint_hash(outpoint(a, 1)) = outpoint_hash(outpoint(b, 1)),
       outpoint_hash_extended(outpoint(a, 1), 7) = outpoint_hash_extended(outpoint(b, 1), 7), name
FROM pair ORDER BY name;
SELECT txid_hash_extended(:'genesis', 0) <> txid_hash_extended(:'genesis', 1) AS seeded,
       outpoint_hash(outpoint(:'genesis', 0)) <> outpoint_hash(outpoint(:'genesis', 1)) AS vout_counts;
SELECT (txid_hash_extended(:'genesis', 0) & 4294967295) = (txid_hash(:'genesis')::bigint & 4294967295) AS low_half;

-- Indexes: a sequential scan is the judge
CREATE TABLE types_test (id integer, t txid, o outpoint);
INSERT INTO types_test
SELECT i, encode(sha256(i::text::bytea), 'hex')::txid,
       outpoint(encode(sha256((i / 3)::text::bytea), 'hex')::txid, i % 3)
FROM generate_series(1, 3000) AS i;
INSERT INTO types_test VALUES (0, NULL, NULL);
CREATE TEMP TABLE sorted_by_bytes AS
SELECT id, row_number() OVER (ORDER BY txid_send(t)) AS t_rank,
       row_number() OVER (ORDER BY outpoint_send(o)) AS o_rank
FROM types_test WHERE t IS NOT NULL;
SELECT count(*) FILTER (WHERE s.t_rank <> x.t_rank OR s.o_rank <> x.o_rank) AS misplaced, count(*)
FROM sorted_by_bytes AS s
JOIN (SELECT id, row_number() OVER (ORDER BY t) AS t_rank, row_number() OVER (ORDER BY o) AS o_rank
      FROM types_test WHERE t IS NOT NULL) AS x USING (id);

CREATE UNIQUE INDEX types_test_t_btree ON types_test (t);
CREATE UNIQUE INDEX types_test_o_btree ON types_test (o);
ANALYZE types_test;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM types_test WHERE t = :'pizza';
EXPLAIN (COSTS OFF) SELECT id FROM types_test WHERE o = (:'pizza' || ':0')::outpoint;
EXPLAIN (COSTS OFF) SELECT t FROM types_test ORDER BY t LIMIT 1;
SELECT id FROM types_test WHERE t = encode(sha256('1234'), 'hex')::txid;
SELECT id FROM types_test WHERE t IN (encode(sha256('5'), 'hex')::txid, encode(sha256('7'), 'hex')::txid, :'pizza') ORDER BY id;
SELECT id FROM types_test WHERE o = outpoint(encode(sha256('100'), 'hex')::txid, 2);
SELECT count(*) FROM types_test
WHERE o >= outpoint(encode(sha256('100'), 'hex')::txid, 0) AND o <= outpoint(encode(sha256('100'), 'hex')::txid, 2);
SELECT (SELECT count(*) FROM types_test WHERE t < :'genesis')
     + (SELECT count(*) FROM types_test WHERE t >= :'genesis') AS all_rows;
\set VERBOSITY sqlstate
INSERT INTO types_test VALUES (-1, encode(sha256('1'), 'hex')::txid, NULL);
INSERT INTO types_test VALUES (-1, NULL, outpoint(encode(sha256('1'), 'hex')::txid, 0));
\set VERBOSITY default

DROP INDEX types_test_t_btree, types_test_o_btree;
CREATE INDEX types_test_t_hash ON types_test USING hash (t);
CREATE INDEX types_test_o_hash ON types_test USING hash (o);
EXPLAIN (COSTS OFF) SELECT id FROM types_test WHERE t = :'pizza';
EXPLAIN (COSTS OFF) SELECT id FROM types_test WHERE o = (:'pizza' || ':0')::outpoint;
SELECT id FROM types_test WHERE t = encode(sha256('1234'), 'hex')::txid;
SELECT id FROM types_test WHERE o = outpoint(encode(sha256('100'), 'hex')::txid, 2);
SELECT id FROM types_test WHERE t = :'pizza';
RESET enable_seqscan;
RESET enable_bitmapscan;

-- Joins and grouping of each kind agree
SET enable_nestloop = off;
SET enable_mergejoin = off;
SELECT count(*) FROM types_test AS a JOIN types_test AS b ON a.t = b.t AND a.o = b.o;
SET enable_hashjoin = off;
SET enable_mergejoin = on;
SELECT count(*) FROM types_test AS a JOIN types_test AS b ON a.t = b.t AND a.o = b.o;
RESET enable_nestloop;
RESET enable_hashjoin;
RESET enable_mergejoin;
SELECT count(DISTINCT t), count(DISTINCT outpoint_txid(o)) FROM types_test;
CREATE TEMP TABLE parts (o outpoint) PARTITION BY HASH (o);
CREATE TEMP TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TEMP TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts SELECT o FROM types_test WHERE o IS NOT NULL;
SELECT count(*), (SELECT count(*) FROM parts_0) BETWEEN 1 AND 2999 AS spread FROM parts;

-- Binary COPY there and back
\getenv abs_builddir PG_ABS_BUILDDIR
\set file :abs_builddir '/results/types.bin'
COPY types_test TO STDOUT (FORMAT binary) \g :file
CREATE TEMP TABLE types_copy (LIKE types_test);
\set load '\\copy types_copy from ' :'file' ' (format binary)'
:load
SELECT count(*) FROM types_copy;
SELECT count(*) AS differing FROM
    ((TABLE types_test EXCEPT TABLE types_copy) UNION ALL (TABLE types_copy EXCEPT TABLE types_test)) AS d;
-- Bytes of another length are no txid and no outpoint
CREATE TEMP TABLE one_txid (t txid);
CREATE TEMP TABLE one_outpoint (o outpoint);
\set load_txid '\\copy one_txid from ' :'file' ' (format binary)'
\set load_outpoint '\\copy one_outpoint from ' :'file' ' (format binary)'
\set VERBOSITY sqlstate
COPY (SELECT decode(repeat('00', 31), 'hex')) TO STDOUT (FORMAT binary) \g :file
:load_txid
COPY (SELECT decode(repeat('00', 33), 'hex')) TO STDOUT (FORMAT binary) \g :file
:load_txid
COPY (SELECT decode(repeat('00', 35), 'hex')) TO STDOUT (FORMAT binary) \g :file
:load_outpoint
COPY (SELECT decode(repeat('00', 37), 'hex')) TO STDOUT (FORMAT binary) \g :file
:load_outpoint
COPY (SELECT decode(repeat('00', 36), 'hex')) TO STDOUT (FORMAT binary) \g :file
:load_outpoint
TABLE one_txid;
TABLE one_outpoint;

-- sats
SELECT 0::sats, 2100000000000000::sats;
SELECT (-1)::sats;
SELECT 2100000000000001::sats;
\set VERBOSITY default

-- Every operator has its commutator and negator, and every support function its class
SELECT o.oprleft::regtype AS type, o.oprname, c.oprname AS commutator, n.oprname AS negator,
       o.oprcanhash AS hashes, o.oprcanmerge AS merges, o.oprrest, o.oprjoin
FROM pg_operator AS o
LEFT JOIN pg_operator AS c ON c.oid = o.oprcom
LEFT JOIN pg_operator AS n ON n.oid = o.oprnegate
WHERE o.oprnamespace = 'charmbills'::regnamespace AND o.oprleft IN ('txid'::regtype, 'outpoint'::regtype)
ORDER BY 1, o.oprname COLLATE "C";
SELECT amvalidate(oid) FROM pg_opclass WHERE opcnamespace = 'charmbills'::regnamespace AND opcname IN ('txid_ops', 'outpoint_ops');

DROP TABLE types_test;
