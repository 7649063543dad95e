-- Charms spells, made by hand: what they say, and every way in which one is refused.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS charmbills;
RESET client_min_messages;
CREATE SCHEMA regress_spells;
SET search_path = regress_spells, charmbills, public;
\pset null '(null)'

-- Transactions and spells put together from hexadecimal pieces
CREATE FUNCTION le(n bigint, bytes integer) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(lpad(to_hex(n >> 8 * i & 255), 2, '0'), '' ORDER BY i) FROM generate_series(0, bytes - 1) AS i
$$;
CREATE FUNCTION size(n bigint) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN n < 253 THEN le(n, 1) WHEN n < 65536 THEN 'fd' || le(n, 2) ELSE 'fe' || le(n, 4) END
$$;
-- Two inputs, an output for each script, and a witness of the second input
CREATE FUNCTION tx(scripts text[], witness text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
    SELECT '02000000' || CASE WHEN witness IS NULL THEN '' ELSE '0001' END || '02'
        || repeat('aa', 32) || '01000000' || '00' || 'ffffffff' || repeat('bb', 32) || '02000000' || '00' || 'ffffffff'
        || size(cardinality(scripts))
        || (SELECT string_agg(le(1000 * i, 8) || size(length(s) / 2) || s, '' ORDER BY i) FROM unnest(scripts) WITH ORDINALITY AS o (s, i))
        || coalesce('00' || witness, '') || '00000000'
$$;
-- After two other outputs, the one that carries a payload
CREATE FUNCTION carrying(payload text) RETURNS text LANGUAGE sql AS $$
    SELECT tx(ARRAY['51ac', '52', '6a057370656c6c4e' || le(length(payload) / 2, 4) || payload])
$$;
-- The array of numbers that stands for bytes
CREATE FUNCTION numbers(bytes text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN n < 24 THEN to_hex(128 + n) WHEN n < 256 THEN '98' || lpad(to_hex(n), 2, '0') ELSE '99' || lpad(to_hex(n), 4, '0') END
        || coalesce((SELECT string_agg(CASE WHEN b < 24 THEN '' ELSE '18' END || lpad(to_hex(b), 2, '0'), '' ORDER BY i)
            FROM generate_series(0, n - 1) AS i, get_byte(decode(bytes, 'hex'), i) AS b), '')
    FROM (SELECT length(bytes) / 2) AS l (n)
$$;
CREATE FUNCTION word(first text) RETURNS text LANGUAGE sql AS $$ SELECT numbers(first || repeat('00', 31)) $$;
-- An app by its tag's CBOR
CREATE FUNCTION app(tag text, identity text DEFAULT '11', vk text DEFAULT '11') RETURNS text LANGUAGE sql AS $$
    SELECT '83' || tag || word(identity) || word(vk)
$$;
-- A payload: fields of tx with their count, apps with theirs, version, fields of the spell beyond, proof
CREATE FUNCTION payload(tx text, apps text, version text DEFAULT '0f', more text DEFAULT '', proof text DEFAULT '80') RETURNS text LANGUAGE sql AS $$
    SELECT '82' || CASE WHEN more = '' THEN 'a3' ELSE 'a4' END || '6776657273696f6e' || version || '627478' || tx
        || '716170705f7075626c69635f696e70757473' || apps || more || proof
$$;
-- One charm, of one app, on output 0
CREATE FUNCTION with_data(data text, tag text DEFAULT '616e') RETURNS text LANGUAGE sql AS $$
    SELECT carrying(payload('a1646f75747381a100' || data, 'a1' || app(tag) || 'f6'))
$$;

-- Every field there is, in a mock
SELECT carrying('82a5' || '6776657273696f6e0f'
    || '627478a4' || '647265667381' || '5824' || repeat('cc', 32) || '03000000'
    || '646f75747382' || 'a0' || 'a200a1646e616d6562477a01' || '1bffffffffffffffff'
    || '6b6265616d65645f6f757473a101' || word('22') || '677363726f6c6c738101'
    || '716170705f7075626c69635f696e70757473a2' || app('616e') || 'a166616374696f6e646d696e74' || app('6174') || 'f6'
    || '6e76657273696f6e65645f61707073a1' || word('11') || 'a2' || '6776657273696f6e07' || '697761736d5f68617368' || word('33')
    || '646d6f636bf5' || '80') AS full_tx \gset
SELECT jsonb_pretty(decode_spell(:'full_tx'));
SELECT * FROM verify_spell(:'full_tx');
SELECT vout, tag, amount, data, beamed_out, app = tag || '/' || identity || '/' || vk AS app_of_parts, left(identity, 4) AS identity, length(vk) AS vk_digits
FROM spell_charms(:'full_tx');
SELECT pg_typeof(amount), pg_typeof(data), pg_typeof(vout) FROM spell_charms(:'full_tx') LIMIT 1;
-- Nothing, twice: no transaction, and one without a spell
SELECT decode_spell(NULL) IS NULL AS spell, (verify_spell(NULL)) IS NULL AS verdict, app_identity(NULL) IS NULL AS identity,
       (SELECT count(*) FROM spell_charms(NULL)) AS charms;
SELECT decode_spell(tx(ARRAY['51', '6a'])) IS NULL AS spell, v.*, (SELECT count(*) FROM spell_charms(tx(ARRAY['51', '6a']))) AS charms
FROM verify_spell(tx(ARRAY['51', '6a'])) AS v;

-- The identity of an outpoint is the hash of its text
SELECT o, app_identity(o::outpoint), app_identity(o::outpoint) = encode(sha256(convert_to(o, 'UTF8')), 'hex') AS is_sha256
FROM (VALUES (repeat('0', 64) || ':0'), ('f72700ac56bd4dd61f2ccb4acdf21d0b11bb294fc3efa9012b77903932197d2f:2'), (repeat('ab', 32) || ':4294967295')) AS v (o);

-- App data: what it is in CBOR, and in jsonb
CREATE TABLE data_case (id integer GENERATED ALWAYS AS IDENTITY, what text, cbor text);
INSERT INTO data_case (what, cbor) VALUES
    ('null', 'f6'), ('true', 'f5'), ('false', 'f4'), ('zero', '00'), ('minus one', '20'),
    ('the largest bigint', '1b7fffffffffffffff'), ('one more', '1b8000000000000000'), ('the last of 64 bits', '1bffffffffffffffff'),
    ('the smallest bigint', '3b7fffffffffffffff'), ('one less', '3b8000000000000000'), ('the last of 64 bits below', '3bffffffffffffffff'),
    ('2^64', 'c249010000000000000000'), ('-2^64 - 1', 'c349010000000000000000'),
    ('2^128 - 1', 'c250ffffffffffffffffffffffffffffffff'), ('-2^128', 'c350ffffffffffffffffffffffffffffffff'),
    ('one and a half', 'f93e00'), ('one as a float', 'f93c00'), ('a tenth', 'fb3fb999999999999a'), ('the least float', 'fb0000000000000001'),
    ('a float beyond 2^64', 'fa60ad78ec'), ('minus ten as a float', 'f9c900'), ('zero as a float', 'f90000'), ('minus zero', 'f98000'),
    ('NaN', 'f97e00'), ('infinity', 'f97c00'), ('minus infinity', 'f9fc00'),
    ('no text', '60'), ('text', '6161'), ('text with what JSON escapes', '6522 5c0a2f7f'), ('text with U+0000', '63610062'), ('the text \u0000', '665c7530303030'),
    ('no bytes', '40'), ('bytes', '4300ff5c'), ('no array', '80'), ('array', '8301820203f6'), ('no map', 'a0'),
    ('map', 'a2616201616102'), ('map with an empty key', 'a16000'), ('map with a number for a key', 'a20162616261620c'), ('map with bytes for a key', 'a14100f5'),
    ('map with a map for a key', 'a1a1010203'), ('map with U+0000 in a key', 'a162610001'), ('map with 1 and "1" for keys', 'a20161616131f6'),
    ('map that looks like bytes', 'a16624627974657361 30'), ('map that looks like a map', 'a164246d617080'), ('map with more than that', 'a264246d617080616101'),
    ('a map in a map in an array', '81a16161a101f97e00');
UPDATE data_case SET cbor = replace(cbor, ' ', '');
SELECT what, data, jsonb_typeof(data) AS type, data = decode_spell(t) #> '{tx,outs,0,0}' AS same_in_spell, amount
FROM data_case, with_data(cbor) AS t LEFT JOIN LATERAL spell_charms(t) ON true ORDER BY id;
-- Settings that change how floats are shown change nothing here
SET extra_float_digits = -15;
SELECT data FROM spell_charms(with_data('fb3fb999999999999a'));
RESET extra_float_digits;
-- No two of them are the same
SELECT count(*), count(DISTINCT data::text) FROM data_case, with_data(cbor) AS t, spell_charms(t);
-- As deep as it may be
SELECT data #> array_fill('0'::text, ARRAY[60]) FROM spell_charms(with_data(repeat('81', 63) || '07'));
SELECT jsonb_path_query_first(data, '$.**{64}') FROM spell_charms(with_data(repeat('81', 64) || '07'));
-- Under the tag of tokens an integer is an amount, and other data none
SELECT what, amount, data FROM (VALUES ('an amount', '1903e8'), ('zero', '00'), ('beyond bigint', '1bffffffffffffffff'), ('text', '6161'),
    ('a fraction', 'f93e00'), ('an amount in a map', 'a166616d6f756e741903e8'), ('null', 'f6')) AS v (what, cbor), spell_charms(with_data(cbor, '6174'));

-- Whatever is refused, it is said why, and no charm is left of it
CREATE TABLE bad (id integer GENERATED ALWAYS AS IDENTITY, what text, tx text);
CREATE FUNCTION verdicts() RETURNS TABLE (what text, verdict text, reason text, version integer, carrier text, state text, same_reason boolean, charms bigint) LANGUAGE sql AS $$
    SELECT what, v.*, decoded->>'state', decoded->>'reason' IS NOT DISTINCT FROM v.reason, (SELECT count(*) FROM spell_charms(tx))
    FROM bad, LATERAL verify_spell(tx) AS v, LATERAL decode_spell(tx) AS decoded ORDER BY id
$$;
INSERT INTO bad (what, tx) SELECT what, carrying(payload) FROM (VALUES
    ('no bytes at all', ''),
    ('truncated', left(payload('a1646f75747380', 'a0'), -4)),
    ('a length beyond the end', '825bffffffffffffffff00'),
    ('over-long', payload('a1646f75747380', 'a0') || '00'),
    ('no pair', '83' || substr(payload('a1646f75747380', 'a0'), 3) || '00'),
    ('an array of indefinite length', '9f' || substr(payload('a1646f75747380', 'a0'), 3) || 'ff'),
    ('a version longer than need be', payload('a1646f75747380', 'a0', '180f')),
    ('nested too deeply', payload('a1646f75747381a100' || repeat('81', 65) || '00', 'a1' || app('616e') || 'f6')),
    ('nested far too deeply', payload('a1646f75747381a100' || repeat('81', 100000) || '00', 'a1' || app('616e') || 'f6')),
    ('a number longer than need be', payload('a1646f75747381a1001801', 'a1' || app('616e') || 'f6')),
    ('a float longer than need be', payload('a1646f75747381a100fb3ff8000000000000', 'a1' || app('616e') || 'f6')),
    ('text that is not UTF-8', payload('a1646f75747381a10061ff', 'a1' || app('616e') || 'f6')),
    ('a key twice', payload('a1646f75747381a100a2616100616101', 'a1' || app('616e') || 'f6')),
    ('a field twice', payload('a1646f75747380', 'a0', '0f', '6776657273696f6e0f')),
    ('a foreign tag', payload('a1646f75747381a100c11a00000000', 'a1' || app('616e') || 'f6')),
    ('undefined', payload('a1646f75747381a100f7', 'a1' || app('616e') || 'f6')),
    ('apps not in order', payload('a1646f75747380', 'a2' || app('6174') || 'f6' || app('616e') || 'f6')),
    ('an app twice', payload('a1646f75747380', 'a2' || app('6174') || 'f6' || app('6174') || 'f6')),
    ('an app without a tag', payload('a1646f75747380', 'a1' || app('60') || 'f6')),
    ('a charm of no app', payload('a1646f75747381a10100', 'a1' || app('6174') || 'f6')),
    ('a charm of app 2^32 - 1', payload('a1646f75747381a11affffffff00', 'a1' || app('6174') || 'f6')),
    ('charms not in order', payload('a1646f75747381a201000000', 'a2' || app('616e') || 'f6' || app('6174') || 'f6')),
    ('more outputs than the transaction has', payload('a1646f75747384a0a0a0a0', 'a0')),
    ('an output beamed that is not there', payload('a2646f757473806b6265616d65645f6f757473a103' || word('22'), 'a0')),
    ('an amount of 2^64', payload('a1646f75747381a100c249010000000000000000', 'a1' || app('6174') || 'f6')),
    ('an amount of -1', payload('a1646f75747381a10020', 'a1' || app('6174') || 'f6')),
    ('ins', payload('a263696e7380646f75747380', 'a0')),
    ('coins', payload('a2646f7574738065636f696e7380', 'a0')),
    ('refs of one byte', payload('a26472656673814100646f75747380', 'a0')),
    ('a proof that is not of bytes', payload('a1646f75747380', 'a0', '0f', '', '81190100')),
    ('a proof of 357 bytes', payload('a1646f75747380', 'a0', '0f', '', numbers(repeat('00', 357)))),
    ('mock: false', payload('a1646f75747380', 'a0', '0f', '646d6f636bf4')),
    ('no version', '82a2627478a1646f75747380716170705f7075626c69635f696e70757473a080'),
    ('version -1', payload('a1646f75747380', 'a0', '20')),
    ('version 2^32', payload('a1646f75747380', 'a0', '1b0000000100000000'))) AS v (what, payload);
INSERT INTO bad (what, tx) VALUES
    ('two spell outputs', tx(ARRAY['6a057370656c6c0100', '6a057370656c6c0100'])),
    ('a spell output that is no OP_RETURN', tx(ARRAY['51057370656c6c0100'])),
    ('no payload', tx(ARRAY['6a057370656c6c'])),
    ('more after the payload', tx(ARRAY['6a057370656c6c010051'])),
    ('an envelope that is not closed', tx(ARRAY['51'], '02' || '0b' || '0063057370656c6c028000' || '21c0' || repeat('00', 32))),
    ('an envelope in a tree with more leaves', tx(ARRAY['51'], '02' || '0c' || '0063057370656c6c02800068' || '41c0' || repeat('00', 64)));
SELECT * FROM verdicts();
TRUNCATE bad;
-- Versions that are not known are unsupported, whatever is in them
INSERT INTO bad (what, tx) VALUES
    ('version 0', carrying(payload('a1646f75747380', 'a0', '00'))),
    ('version 16', carrying(payload('a1646f75747380', 'a0', '10'))),
    ('version 16, as a mock', carrying(payload('a1646f75747380', 'a0', '10', '646d6f636bf5'))),
    ('version 16 in a form of its own', carrying('83a200d9000c006776657273696f6e10c100f7')),
    ('version 2^31 - 1', carrying(payload('a1646f75747380', 'a0', '1a7fffffff'))),
    ('version 2^32 - 1', carrying(payload('a1646f75747380', 'a0', '1affffffff')));
SELECT * FROM verdicts();
SELECT decode_spell(tx) FROM bad ORDER BY id DESC LIMIT 1;
TRUNCATE bad;
-- Mocks are mocks in every version: by their own word, or before version 7 by an empty proof
INSERT INTO bad (what, tx) VALUES
    ('version 6 with an empty proof', carrying(payload('a1646f75747380', 'a0', '06'))),
    ('version 7 with an empty proof', carrying(payload('a1646f75747380', 'a0', '07'))),
    ('version 7 by its word', carrying(payload('a1646f75747380', 'a0', '07', '646d6f636bf5'))),
    ('version 15 by its word', carrying(payload('a1646f75747380', 'a0', '0f', '646d6f636bf5')));
SELECT what, verdict, reason, state FROM verdicts();
TRUNCATE bad;
-- Proofs: the generators of EIP-196 and EIP-197, which prove nothing, and what is no proof at all
\set g1 00000000000000000000000000000000000000000000000000000000000000010000000000000000000000000000000000000000000000000000000000000002
\set g2 198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c21800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa
INSERT INTO bad (what, tx) SELECT what, carrying(payload('a1646f75747381a10007', 'a1' || app('6174') || 'f6', '09', '', numbers(proof))) FROM (VALUES
    ('points that prove nothing', 'a4594c59' || :'g1' || :'g2' || :'g1'),
    ('A off the curve', 'a4594c59' || repeat('0', 63) || '1' || repeat('0', 63) || '3' || :'g2' || :'g1'),
    ('A not reduced', 'a4594c59' || '30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd48' || repeat('0', 63) || '2' || :'g2' || :'g1'),
    ('A at infinity', 'a4594c59' || repeat('00', 64) || :'g2' || :'g1'),
    ('A at infinity, in another form', 'a4594c59' || '40' || repeat('00', 63) || :'g2' || :'g1'),
    ('B off the curve', 'a4594c59' || :'g1' || repeat('00', 127) || '01' || :'g1'),
    ('B outside the subgroup', 'a4594c59' || :'g1' || repeat('0', 127) || '10d1271953ed9ea0836846e70a1934187998c7f790cb4d7511b7f8da82de048a42869111d5381f072f8e2728fdb825a51aadd70e52c9830e9ab4b871c0531f1bb' || :'g1'),
    ('C off the curve', 'a4594c59' || :'g1' || :'g2' || repeat('0', 63) || '1' || repeat('0', 63) || '3'),
    ('another key', '11111111' || :'g1' || :'g2' || :'g1'),
    ('a byte too few', 'a4594c59' || :'g1' || :'g2' || left(:'g1', -2)),
    ('a byte too many', 'a4594c59' || :'g1' || :'g2' || :'g1' || '00'),
    ('no proof', '')) AS v (what, proof);
SELECT what, verdict, reason, state FROM verdicts();
TRUNCATE bad;

-- What is no transaction is an error, as for decode_transaction()
\set VERBOSITY sqlstate
SELECT decode_spell('');
SELECT decode_spell('zz');
SELECT verify_spell(left(:'full_tx', -2));
SELECT spell_charms(:'full_tx' || '00');
SELECT decode_spell(repeat('00', 1000000));
SELECT verify_spell('0');
\set VERBOSITY default
-- A payload of a whole block's size: text, and many numbers
SELECT length(data #>> '{}') AS letters FROM spell_charms(with_data('7a000dbba0' || repeat('61', 900000)));
SELECT jsonb_array_length(data) AS numbers, jsonb_array_length(decode_spell(t) #> '{tx,outs,0,0}') AS in_spell
FROM with_data('9a000dbba0' || repeat('07', 900000)) AS t, spell_charms(t);
-- No prefix of a payload makes a charm
SELECT verdict, count(*), sum(charms) AS charms
FROM generate_series(0, length(payload('a1646f75747381a10007', 'a1' || app('6174') || 'f6')) / 2) AS n,
     LATERAL carrying(left(payload('a1646f75747381a10007', 'a1' || app('6174') || 'f6', '0f', '', '8101'), 2 * n)) AS t,
     LATERAL (SELECT v.verdict, (SELECT count(*) FROM spell_charms(t)) AS charms FROM verify_spell(t) AS v) AS x
GROUP BY verdict;

-- In parallel workers as anywhere else
CREATE TABLE carried AS SELECT i, with_data('19' || lpad(to_hex(1000 + i), 4, '0'), '6174') AS tx FROM generate_series(1, 200) AS i;
ALTER TABLE carried SET (parallel_workers = 2);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET force_parallel_mode = on;
SET parallel_leader_participation = off;
PREPARE of_all AS SELECT count(*) FILTER (WHERE (verify_spell(tx)).verdict = 'invalid') AS invalid,
       sum((decode_spell(tx) #>> '{tx,outs,0,0}')::integer) AS decoded, count(app_identity((repeat('1', 64) || ':' || i)::outpoint)) AS identities
FROM carried;
EXPLAIN (COSTS OFF) EXECUTE of_all;
EXECUTE of_all;
SELECT sum(amount) FROM carried, spell_charms(tx);
RESET parallel_leader_participation;
RESET force_parallel_mode;
-- The keys are made once, and kept
SELECT count(*) FROM carried WHERE (verify_spell(tx)).verdict = 'invalid';
SELECT name, total_bytes BETWEEN 100000 AND 200000 AS holds_the_keys FROM pg_backend_memory_contexts WHERE name = 'charmbills verifier';

-- They say of themselves what they are
SELECT p.oid::regprocedure, provolatile, proparallel, proisstrict
FROM pg_proc AS p WHERE p.pronamespace = 'charmbills'::regnamespace AND proname IN ('decode_spell', 'verify_spell', 'spell_charms', 'app_identity') ORDER BY 1;

SET client_min_messages = warning;
DROP SCHEMA regress_spells CASCADE;
