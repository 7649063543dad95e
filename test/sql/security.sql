-- Who sees and does what; in a database of its own.
SELECT current_database() AS home \gset
CREATE DATABASE charmbills_security;
\c charmbills_security
CREATE EXTENSION charmbills;
SET search_path = public, charmbills;

--
-- Of every object
--
-- Functions that everyone may call and that are neither immutable nor a primitive
SELECT p.oid::regprocedure FROM pg_proc p
WHERE p.pronamespace = 'charmbills'::regnamespace AND p.provolatile <> 'i'
  AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)
ORDER BY 1::text;
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'charmbills'::regnamespace
  AND EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee = 0);
-- Tables without row security, or without a policy
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'charmbills'::regnamespace AND c.relkind = 'r'
  AND (NOT c.relrowsecurity OR NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid));
-- Policies of tables with a merchant ask for it
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'merchant_id'
WHERE c.relnamespace = 'charmbills'::regnamespace AND c.relkind = 'r'
  AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid
                  AND pg_get_expr(p.polqual, p.polrelid) = 'may_see(merchant_id)');
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'charmbills'::regnamespace AND c.relkind = 'v'
  AND NOT 'security_invoker=true' = ANY (coalesce(c.reloptions, '{}'));
-- What runs as the owner pins its search path
SELECT p.oid::regprocedure FROM pg_proc p
WHERE p.pronamespace = 'charmbills'::regnamespace AND p.prosecdef
  AND NOT 'search_path=charmbills, pg_catalog, pg_temp' = ANY (coalesce(p.proconfig, '{}'));
-- Nothing is without a comment
SELECT p.oid::regprocedure FROM pg_proc p
WHERE p.pronamespace = 'charmbills'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL;
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'charmbills'::regnamespace AND c.relkind IN ('r', 'v')
  AND (obj_description(c.oid, 'pg_class') IS NULL OR col_description(c.oid, a.attnum) IS NULL);

--
-- Roles
--
CREATE ROLE regress_charmbills_maker CREATEROLE;
CREATE ROLE regress_charmbills_alice;
CREATE ROLE regress_charmbills_nobody;
SELECT id AS alice FROM create_merchant(script_to_address('\x0014' || decode(repeat('01', 20), 'hex')), 'Alice') \gset
SELECT id AS bob FROM create_merchant(script_to_address('\x0014' || decode(repeat('02', 20), 'hex')), 'Bob') \gset
SELECT count(*) FROM (SELECT create_plan(:'alice', 'Hers', 1000) UNION ALL SELECT create_plan(:'bob', 'His', 1000)) made;
SELECT count(*) FROM (SELECT subscribe(id, external_id => 'eve') FROM plans) made;

SELECT setup_roles();
SELECT setup_roles();
SELECT rolname, rolcanlogin, rolsuper FROM pg_roles WHERE rolname ~ '^charmbills_(operator|merchant|monitor)$' ORDER BY 1;
SELECT rolname,
       (SELECT count(*) FROM pg_proc p WHERE p.pronamespace = 'charmbills'::regnamespace
        AND NOT has_function_privilege(rolname, p.oid, 'EXECUTE')) = 0 AS calls_all,
       has_table_privilege(rolname, 'plans', 'SELECT') AS plans, has_table_privilege(rolname, 'subscriptions', 'SELECT') AS subscriptions,
       has_table_privilege(rolname, 'api_keys', 'SELECT') AS keys, has_table_privilege(rolname, 'plans', 'UPDATE') AS changes,
       has_function_privilege(rolname, 'mark_utxo_used(outpoint, text, text, uuid)', 'EXECUTE') AS marks,
       has_function_privilege(rolname, 'health()', 'EXECUTE') AS health,
       has_function_privilege(rolname, 'chain_apply_block(integer, bytea)', 'EXECUTE') AS applies
FROM pg_roles WHERE rolname ~ '^charmbills_(operator|merchant|monitor)$' ORDER BY 1;
SELECT grant_merchant('regress_charmbills_alice', :'alice'), grant_merchant('regress_charmbills_alice', :'alice');
GRANT charmbills_merchant TO regress_charmbills_alice;

-- A merchant's role
SET ROLE regress_charmbills_alice;
SELECT service_name FROM plans;
SELECT name FROM merchants;
SELECT count(*), min(status) FROM subscriptions;
SELECT count(*) FROM subscription_facts;
SELECT count(*) FROM invoices;
SELECT count(*) FROM customers;
SELECT service_name FROM create_plan(:'alice', 'More', 1);
\set VERBOSITY terse
SELECT create_plan(:'bob', 'More', 1);
SELECT * FROM api_keys;
SELECT * FROM chain_state;
SELECT * FROM events;
SELECT chain_rollback(0);
SELECT setup_roles();
SELECT grant_merchant('regress_charmbills_alice', :'bob');
UPDATE plans SET price_sats = 0;
INSERT INTO merchant_roles VALUES ('regress_charmbills_alice', :'bob');
RESET ROLE;
-- Even with more rights than it should have, it sees and changes no other's rows
GRANT ALL ON ALL TABLES IN SCHEMA charmbills TO regress_charmbills_alice;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA charmbills TO regress_charmbills_alice;
SET ROLE regress_charmbills_alice;
UPDATE plans SET price_sats = 5 RETURNING service_name;
UPDATE plans SET merchant_id = :'bob';
DELETE FROM merchant_roles WHERE merchant_id = :'bob';
INSERT INTO merchant_roles VALUES ('regress_charmbills_alice', :'bob');
SELECT count(*) FROM chain_state;
SELECT count(*) FROM events WHERE merchant_id IS DISTINCT FROM :'alice';
SELECT chain_rollback(0);
RESET ROLE;
SELECT revoke_merchant('regress_charmbills_alice', :'alice'), revoke_merchant('regress_charmbills_alice', :'alice');
SET ROLE regress_charmbills_alice;
SELECT count(*) FROM plans;
SELECT mark_utxo_used((repeat('1', 64) || ':0')::outpoint, 'x', NULL, :'alice');
RESET ROLE;

-- An operator's role
GRANT charmbills_operator TO regress_charmbills_nobody;
SET ROLE regress_charmbills_nobody;
SELECT count(*) FROM plans;
SELECT count(*) FROM chain_state;
SELECT is_utxo_used((repeat('1', 64) || ':0')::outpoint);
SELECT setup_roles();
SELECT grant_merchant('regress_charmbills_nobody', NULL);
SELECT grant_merchant('regress_charmbills_absent', :'bob');
SELECT grant_merchant('regress_charmbills_alice', '00000000-0000-0000-0000-000000000000');
RESET ROLE;

-- Nobody's role: types and primitives, and nothing else
REVOKE charmbills_operator FROM regress_charmbills_nobody;
SET ROLE regress_charmbills_nobody;
SELECT (repeat('1', 64) || ':0')::outpoint < (repeat('2', 64) || ':0')::outpoint AS works, btc_to_sats(1.5);
SELECT * FROM plans;
SELECT is_utxo_used((repeat('1', 64) || ':0')::outpoint);
SELECT now() IS NOT NULL AS catalog_time;
SELECT charmbills.now();
RESET ROLE;

DROP OWNED BY regress_charmbills_alice, regress_charmbills_nobody, charmbills_operator, charmbills_merchant, charmbills_monitor;
DROP ROLE regress_charmbills_maker, regress_charmbills_alice, regress_charmbills_nobody;
DROP ROLE charmbills_operator, charmbills_merchant, charmbills_monitor;
\set VERBOSITY default
\c :home
DROP DATABASE charmbills_security;
