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
SELECT pg_extension_config_dump('charmbills.payments', '');
SELECT pg_extension_config_dump('charmbills.credits', '');
SELECT pg_extension_config_dump('charmbills.idempotency_keys', '');
SELECT pg_extension_config_dump('charmbills.chain_state', '');
SELECT pg_extension_config_dump('charmbills.blocks', '');
SELECT pg_extension_config_dump('charmbills.watched_scripts', '');
SELECT pg_extension_config_dump('charmbills.chain_transactions', '');
SELECT pg_extension_config_dump('charmbills.watched_outpoints', '');
SELECT pg_extension_config_dump('charmbills.transactions', '');
SELECT pg_extension_config_dump('charmbills.used_utxos', '');
SELECT pg_extension_config_dump('charmbills.events', '');
SELECT pg_extension_config_dump('charmbills.jobs', '');
SELECT pg_extension_config_dump('charmbills.sandbox_blocks', '');
SELECT pg_extension_config_dump('charmbills.sandbox_mempool', '');
SELECT pg_extension_config_dump('charmbills.events_id_seq', '');
SELECT pg_extension_config_dump('charmbills.sandbox_mempool_position_seq', '');
