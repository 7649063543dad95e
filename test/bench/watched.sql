-- A database that watches :watched scripts, of which a hundred are paid in the
-- block whose outputs are in the file :outputs.
CREATE TABLE bench_paid AS
SELECT (row_number() OVER (ORDER BY script))::integer AS k, decode(script, 'hex') AS script, min(amount) AS amount
FROM string_to_table(trim(pg_read_file(:'outputs'), E'\n'), E'\n') line,
     LATERAL (SELECT split_part(line, E'\t', 1), split_part(line, E'\t', 2)::bigint) output(script, amount)
WHERE amount > 1000
GROUP BY script HAVING count(*) = 1
ORDER BY script LIMIT 100;

\set confirmations 1
\ir selling.sql
INSERT INTO charmbills.watched_scripts (script, merchant_id, descriptor_id, derivation_index, is_armed)
SELECT '\x0014'::bytea || substr(sha256(int4send(k)), 1, 20), bench_id('merchant', k % 10),
       bench_id('descriptor', k % 10), k, true
FROM generate_series(101, :watched) k;
VACUUM (ANALYZE);
