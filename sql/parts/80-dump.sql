-- Every table holds users' data, and so does every sequence.
SELECT pg_extension_config_dump(c.oid::regclass, '')
FROM pg_class c
WHERE c.relnamespace = 'charmbills'::regnamespace AND c.relkind IN ('r', 'S')
ORDER BY c.oid;
