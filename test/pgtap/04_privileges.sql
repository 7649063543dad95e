-- Who sees and does what: nobody, a merchant's role, an operator.
-- Roles belong to the whole cluster; all is rolled back.
SET search_path = public, charmbills, tap;
BEGIN;
SELECT plan(69);

-- What a role gets from a query: its value, or the error's code.
CREATE FUNCTION as_role(role name, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    BEGIN
        EXECUTE query INTO answer;
    EXCEPTION WHEN OTHERS THEN
        answer := SQLSTATE;
    END;
    SET LOCAL ROLE NONE;
    RETURN answer;
END $$;

SELECT setup_roles() AS made \gset
CREATE ROLE test_visitor;
CREATE ROLE test_careless;
CREATE ROLE test_shop IN ROLE charmbills_merchant;
CREATE ROLE test_both IN ROLE charmbills_merchant;
CREATE ROLE test_monitor IN ROLE charmbills_monitor;
CREATE ROLE test_operator IN ROLE charmbills_operator;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA charmbills TO test_careless, test_both;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA charmbills TO test_careless;

-- Two merchants with a row of everything.
CREATE TABLE names (name text, address text);
INSERT INTO names VALUES ('shop', 'bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk'),
    ('stall', script_to_address('\x00140000000000000000000000000000000000000001'));
SELECT sandbox_mine() AS height \gset
CREATE TABLE ids AS
SELECT n.name, (create_merchant(name => n.name, address => n.address)).id AS merchant FROM names n;
ALTER TABLE ids ADD plan uuid, ADD subscription uuid, ADD customer uuid, ADD invoice uuid, ADD paid outpoint, ADD utxo outpoint;
UPDATE ids SET plan = (create_plan(merchant, 'Service', 1000)).id;
UPDATE ids SET subscription = (subscribe(plan, external_id => 'ann', idempotency_key => 'k')).id;
UPDATE ids SET invoice = i.id, customer = i.customer_id FROM invoices i WHERE i.subscription_id = subscription;
SELECT count(sandbox_pay(i.address, 1500)) AS payments FROM invoices i \gset
SELECT sandbox_mine() AS height \gset
UPDATE ids SET paid = p.outpoint FROM payments p WHERE p.merchant_id = merchant;
UPDATE ids SET utxo = (repeat(CASE name WHEN 'shop' THEN 'aa' ELSE 'bb' END, 32) || ':0')::outpoint;
SELECT every(mark_utxo_used(utxo, 'test', merchant_id => merchant)) AS marked FROM ids \gset
INSERT INTO api_keys (merchant_id, prefix, key_hash, name) SELECT merchant, name, sha256(name::bytea), name FROM ids;
INSERT INTO transactions (type, merchant_id, status) SELECT 'send', merchant, 'pending' FROM ids;
INSERT INTO jobs (kind, payload, merchant_id) SELECT 'broadcast', '{}', merchant FROM ids;
INSERT INTO descriptors (canonical, merchant_id, next_index, first_index) SELECT name, merchant, 0, 0 FROM ids;
INSERT INTO pauses (subscription_id, merchant_id, paused_at, resumed_at) SELECT subscription, merchant, now(), now() FROM ids;
INSERT INTO quotes (invoice_id, merchant_id, currency, rate, amount_sats, valid_until)
SELECT invoice, merchant, 'EUR', 50000, 1000, now() + interval '1 minute' FROM ids;
INSERT INTO watched_apps (identity, vk, plan_id, merchant_id) SELECT sha256(name::bytea), sha256('vk'), plan, merchant FROM ids;
INSERT INTO charm_transactions (plan_id, txid, merchant_id, block_height, block_index, block_median_time, verdict, is_accepted,
                                judged_by, judged_at)
SELECT plan, outpoint_txid(paid), merchant, 1, 0, now(), 'valid', true, 15, now() FROM ids;
INSERT INTO charms (outpoint, plan_id, merchant_id, script, amount, block_height, received_at)
SELECT paid, plan, merchant, sha256(name::bytea), 1, 1, now() FROM ids;
INSERT INTO previous_transactions (transaction_id, txid, merchant_id, raw)
SELECT t.id, outpoint_txid(i.paid), merchant, '' FROM ids i JOIN transactions t ON t.merchant_id = i.merchant;
INSERT INTO prove_requests (transaction_id, merchant_id, plan_id, state, spell_version, inputs, scripts, amounts, charm_amounts,
                            funding_utxo, change_script, fee_rate, max_fee_sats, max_fee_rate)
SELECT t.id, merchant, plan, 'proving', 15, '{}', '{}', '{}', '{}', i.utxo, '', 1, 1, 1 FROM ids i JOIN transactions t ON t.merchant_id = i.merchant;
ALTER TABLE ids ADD endpoint uuid, ADD delivery uuid;
UPDATE ids SET endpoint = (SELECT e.id FROM create_webhook_endpoint(merchant, 'https://' || name || '.example/') e);
UPDATE ids SET delivery = (send_test_webhook(endpoint)).id;
INSERT INTO webhook_attempts (delivery_id, attempt, merchant_id) SELECT delivery, 1, merchant FROM ids;
SELECT id AS operators_endpoint FROM create_webhook_endpoint(NULL, 'https://operator.example/') \gset
SELECT grant_merchant('test_shop', merchant) AS granted FROM ids WHERE name = 'shop' \gset
SELECT grant_merchant('test_both', merchant) AS granted FROM ids WHERE name = 'shop' \gset
GRANT SELECT ON ids TO PUBLIC;
SELECT * FROM ids WHERE name = 'shop' \gset shop_
SELECT * FROM ids WHERE name = 'stall' \gset stall_

CREATE VIEW merchants_tables AS
SELECT c.relname, CASE WHEN c.relname = 'merchants' THEN 'id' ELSE 'merchant_id' END AS owner
FROM pg_class c
WHERE c.relnamespace = 'charmbills'::regnamespace AND c.relkind IN ('r', 'v')
      AND (c.relname = 'merchants' OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'merchant_id'));

SELECT is_empty($$ SELECT relname FROM merchants_tables t
                   WHERE relname NOT IN ('merchant_roles')
                         AND as_role('test_operator', format('SELECT count(DISTINCT %I) FROM charmbills.%I', owner, relname)) <> '2' $$,
                'an operator sees the rows of both merchants in every table');
SELECT is_empty($$ SELECT c.relname FROM pg_class c
                   WHERE c.relnamespace = 'charmbills'::regnamespace AND c.relkind IN ('r', 'v')
                         AND as_role('test_visitor', format('SELECT count(*) FROM charmbills.%I', c.relname)) <> '42501' $$,
                'a visitor reads no table');
SELECT is_empty($$ SELECT c.relname, as_role('test_careless', format('SELECT count(*) FROM charmbills.%I', c.relname))
                   FROM pg_class c
                   WHERE c.relnamespace = 'charmbills'::regnamespace AND c.relkind IN ('r', 'v')
                         AND as_role('test_careless', format('SELECT count(*) FROM charmbills.%I', c.relname)) <> '0' $$,
                'and sees no row even where somebody granted too much');
SELECT is(as_role('test_careless', $$ INSERT INTO charmbills.merchants (name, address) VALUES ('x', 'x') RETURNING name $$), '42501',
          'nor writes one');
SELECT is(as_role('test_careless', $$ INSERT INTO charmbills.blocks (height, hash, header, block_time, median_time)
                                      VALUES (99, 'x', repeat('x', 80)::bytea, now(), now()) RETURNING hash $$), '42501',
          'not even of the chain''s');
SELECT is(as_role('test_careless', $$ WITH u AS (UPDATE charmbills.invoices SET is_late = true RETURNING 1) SELECT count(*) FROM u $$), '0',
          'nor changes one');
SELECT is(as_role('test_careless', $$ WITH d AS (DELETE FROM charmbills.events RETURNING 1) SELECT count(*) FROM d $$), '0',
          'nor deletes one');

SELECT is_empty($$ SELECT relname FROM merchants_tables t
                   WHERE has_table_privilege('test_shop', format('charmbills.%I', relname), 'SELECT')
                         AND as_role('test_shop', format('SELECT string_agg(DISTINCT i.name, %L) FROM charmbills.%I t JOIN public.ids i ON i.merchant = t.%I',
                                                         ' ', relname, owner)) IS DISTINCT FROM 'shop' $$,
                'a merchant''s role sees its own rows, and no others');
SELECT cmp_ok((SELECT count(*) FROM merchants_tables WHERE has_table_privilege('test_shop', format('charmbills.%I', relname), 'SELECT'))::integer,
              '>=', 10, 'in ten tables');
GRANT SELECT ON ALL TABLES IN SCHEMA charmbills TO test_both;
SELECT is_empty($$ SELECT relname FROM merchants_tables t
                   WHERE as_role('test_both', format('SELECT string_agg(DISTINCT i.name, %L) FROM charmbills.%I t JOIN public.ids i ON i.merchant = t.%I',
                                                     ' ', relname, owner)) IS DISTINCT FROM 'shop' $$,
                'nor in the other tables, if granted them');
SELECT is_empty($$ SELECT c.relname FROM pg_class c
                   WHERE c.relnamespace = 'charmbills'::regnamespace AND c.relkind IN ('r', 'v')
                         AND c.relname NOT IN (SELECT relname FROM merchants_tables)
                         AND as_role('test_both', format('SELECT count(*) FROM charmbills.%I', c.relname)) <> '0' $$,
                'and nothing of the chain''s');
SELECT is(as_role('test_shop', 'UPDATE charmbills.plans SET price_sats = 1 RETURNING 1'), '42501', 'it writes no table');

-- Functions: what an operator may call, called by others who were granted it.
CREATE TABLE calls (who text, call text);
INSERT INTO calls VALUES
    ('operator', 'chain_tip()'), ('operator', 'chain_locator()'), ('operator', 'chain_unconfirmed()'),
    ('operator', 'chain_wanted_parents()'), ('operator', 'chain_watch_backlog()'), ('operator', 'chain_parents_asked()'),
    ('operator', 'chain_start(0, ''x'')'), ('operator', 'chain_apply_block(1, ''x'')'), ('operator', 'chain_rollback(0)'),
    ('operator', 'chain_reorganise(0, ''{}'')'), ('operator', 'chain_offer_block(0, ''x'')'), ('operator', 'chain_apply_mempool(''{}'')'),
    ('operator', 'chain_arm_watches(''{}'')'), ('operator', 'chain_stop(''x'')'), ('operator', 'chain_accept(0, ''x'')'),
    ('operator', 'chain_evict_mempool(repeat(''0'', 64)::charmbills.txid, ''x'')'), ('operator', 'chain_report_node(0, ''x'')'),
    ('operator', 'run_billing()'), ('operator', 'adopt_database()'), ('operator', 'sandbox_mine()'),
    ('operator', 'create_merchant(name => ''x'', address => ''x'')'), ('operator', 'setup_roles()'),
    ('operator', 'grant_merchant(current_user, ''%merchant%'')'), ('operator', 'revoke_merchant(''test_shop'', ''%merchant%'')'),
    ('merchant', 'update_merchant(''%merchant%'', name => ''%name%'')'),
    ('merchant', 'create_plan(''%merchant%'', ''Service'', 2000)'), ('merchant', 'update_plan(''%plan%'', price_sats => 2000)'),
    ('merchant', 'deactivate_plan(''%plan%'')'), ('merchant', 'activate_plan(''%plan%'')'),
    ('merchant', 'subscribe(''%plan%'', external_id => ''bob'')'), ('merchant', 'is_entitled(''%plan%'', external_id => ''ann'')'),
    ('merchant', 'issue_invoice(''%subscription%'')'), ('merchant', 'payment_uri(''%invoice%'')'),
    ('merchant', 'assign_payment(''%paid%'', ''%invoice%'')'), ('merchant', 'record_refund(''%paid%'', repeat(''c'', 64)::charmbills.txid)'),
    ('merchant', 'mark_invoice_paid(''%invoice%'', ''cash'')'), ('merchant', 'void_invoice(''%invoice%'')'),
    ('merchant', 'mark_utxo_used(''%unused%'', ''x'', merchant_id => ''%merchant%'')'),
    ('merchant', 'mark_utxos_used(ARRAY[''%unused%'']::charmbills.outpoint[], ''x'', merchant_id => ''%merchant%'')'),
    ('merchant', 'confirm_utxo(''%utxo%'')'),
    ('merchant', 'cancel_subscription(''%subscription%'')'), ('merchant', 'uncancel_subscription(''%subscription%'')'),
    ('merchant', 'pause_subscription(''%subscription%'')'), ('merchant', 'resume_subscription(''%subscription%'')'),
    ('merchant', 'preview_change(''%subscription%'', quantity => 2)'), ('merchant', 'change_plan(''%subscription%'', quantity => 2)'),
    ('merchant', 'create_invoice(''%merchant%'', 5000, ''Repair'', external_id => ''ann'')'),
    ('merchant', 'quote_invoice(''%invoice%'')'), ('merchant', 'customer_balance(''%customer%'')'),
    ('operator', 'set_exchange_rate(''EUR'', 50000)'), ('operator', 'set_rate_source(''EUR'', NULL, NULL)'),
    ('operator', 'ledger_check()'), ('operator', 'schedule_jobs()'), ('operator', 'unschedule_jobs()'),
    ('operator', 'claim_http_jobs(''x'', 1, ''1 minute'')'), ('operator', 'http_request(''%delivery%'')'),
    ('operator', 'hold_jobs(''x'', ARRAY[''%delivery%'']::uuid[], ''1 minute'')'),
    ('operator', 'create_webhook_endpoint(NULL, ''https://x.example/'')'),
    ('merchant', 'create_webhook_endpoint(''%merchant%'', ''https://x.example/'')'),
    ('merchant', 'update_webhook_endpoint(''%endpoint%'', description => ''x'')'), ('merchant', 'rotate_webhook_secret(''%endpoint%'')'),
    ('merchant', 'send_test_webhook(''%endpoint%'')'), ('merchant', 'redeliver_webhook(''%delivery%'')'),
    ('merchant', 'delete_webhook_endpoint(''%endpoint%'')'),
    ('merchant', 'mint_plan(''%plan%'', ''%unused%'', 10)'), ('merchant', 'mint_subscription(''%subscription%'', ''%unused%'')'),
    ('merchant', 'transfer_token(''%name%'', 1, ''%unused%'', plan_id => ''%plan%'')'), ('merchant', 'cancel_transaction(''%transaction%'')');

CREATE FUNCTION call_as(role name, call text, target text) RETURNS text LANGUAGE sql AS $$
    SELECT as_role(role, format('SELECT %L FROM charmbills.%s', 'done',
        replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(call, '%merchant%', merchant::text), '%plan%', plan::text),
            '%subscription%', subscription::text), '%invoice%', invoice::text), '%paid%', paid::text), '%utxo%', utxo::text),
            '%name%', name), '%unused%', translate(utxo::text, 'ab', 'cd')), '%endpoint%', endpoint::text), '%delivery%', delivery::text), '%customer%', customer::text),
            '%transaction%', (SELECT t.id FROM transactions t WHERE t.merchant_id = merchant)::text)))
    FROM ids WHERE name = target $$;

SELECT is(call_as('test_careless', call, 'stall'), '42501', 'a visitor is refused ' || call) FROM calls WHERE who = 'operator' AND call ~ 'run_billing|chain_tip|setup';
SELECT is_empty($$ SELECT call, call_as('test_careless', call, 'stall') FROM calls WHERE call_as('test_careless', call, 'stall') <> '42501' $$,
                'and every other function');
SELECT is_empty($$ SELECT call, call_as('test_both', call, 'stall') FROM calls WHERE call_as('test_both', call, 'stall') <> '42501' $$,
                'a merchant''s role can do nothing for another merchant');
SELECT is(call_as('test_both', call, 'shop'), CASE WHEN call ~ '^void_|^assign_|^mark_invoice|^quote_|^cancel_transaction' THEN 'CB010' WHEN call ~ '^mint_|^transfer_' THEN 'CB014' WHEN call ~ '^record' THEN 'CB005' ELSE 'done' END,
          'but for its own: ' || call) FROM calls WHERE who = 'merchant' AND call !~ '^(assign_payment|mark_utxos_used|void_invoice|mark_invoice_paid|record_refund)' AND call !~ '^(un)?cancel_sub|^pause_|^resume_|^preview_|^change_';
SELECT is_empty($$ SELECT call FROM calls JOIN pg_proc p ON p.proname = split_part(call, '(', 1)
                   WHERE p.pronamespace = 'charmbills'::regnamespace AND who = 'merchant'
                         AND call !~ '^(assign_payment|mark_invoice_paid|record_refund)'
                         AND NOT has_function_privilege('test_shop', p.oid, 'EXECUTE') $$,
                'all of which setup_roles() grants, but for corrections');
SELECT is(call_as('test_both', 'assign_payment(''%paid%'', ''%invoice%'')', 'shop'), 'done', 'and assign a payment');
SELECT is(call_as('test_both', call, 'shop'), 'done', 'then: ' || call) FROM calls WHERE call ~ '^(un)?cancel_sub|^pause_|^resume_|^preview_|^change_';
SELECT is(call_as('test_both', 'mark_invoice_paid(''%invoice%'', ''cash'')', 'shop'), 'CB010', 'and mark an invoice, if it is not paid');
SELECT is(call_as('test_shop', 'mark_invoice_paid(''%invoice%'', ''cash'')', 'shop'), '42501', 'though that is granted apart');

SELECT is(as_role('test_shop', 'SELECT sum(n)::text FROM (SELECT (jsonb_each_text(to_jsonb(p))).* FROM charmbills.plans_by_status() p) v (k, v), LATERAL (SELECT v::integer AS n WHERE k <> ''status'') w'),
          (SELECT count(*)::text FROM plans WHERE merchant_id = :'shop_merchant'), 'the operators'' questions are answered of its own');
SELECT is(as_role('test_shop', 'SELECT charmbills.is_utxo_used(' || quote_literal(:'stall_utxo') || ')'), 'true',
          'a reservation holds for all');
SELECT is(as_role('test_shop', 'SELECT charmbills.mark_utxo_used(' || quote_literal(:'stall_utxo') || ', ''x'', merchant_id => ' || quote_literal(:'shop_merchant') || ')'),
          'false', 'against all');
UPDATE used_utxos SET used_at = now() - interval '3 days', confirmed = false;
SELECT is(as_role('test_shop', 'SELECT charmbills.cleanup_utxos()'), (SELECT count(*)::text FROM used_utxos WHERE merchant_id = :'shop_merchant'),
          'and is released by its own role');
SELECT is((SELECT count(*) FROM used_utxos WHERE outpoint = :'stall_utxo')::integer, 1, 'not by another');

SELECT is(as_role('test_operator', 'SELECT height FROM charmbills.chain_tip()'), '2', 'an operator asks for the tip');
SELECT is(call_as('test_operator', 'update_plan(''%plan%'', price_sats => 3000)', 'stall'), 'done', 'and acts for every merchant');
SELECT is(as_role('test_operator', 'SELECT charmbills.setup_roles()'), '42501', 'but makes roles only if it may make roles');
SELECT is_empty($$ SELECT p.proname FROM pg_proc p
                   WHERE p.pronamespace = 'charmbills'::regnamespace AND p.pronargs = p.pronargdefaults AND p.proname <> 'now'
                         AND has_function_privilege('test_monitor', p.oid, 'EXECUTE')
                         AND as_role('test_monitor', format('SELECT count(*) FROM charmbills.%I()', p.proname)) = '42501' $$,
                'what a monitor is granted is not refused');
SELECT is(as_role('test_monitor', 'SELECT count(*) FROM charmbills.merchants'), '42501', 'and reads no table');
SELECT is(as_role('test_monitor', 'SELECT count(*) FROM charmbills.top_merchants()'), '2', 'about all merchants');
SELECT is(as_role('test_shop', 'SELECT charmbills.chain_tip()'), '42501', 'a merchant''s role asks nothing of that kind');
SELECT isnt(as_role('test_monitor', 'SELECT charmbills.health_db() ->> ''status'''), '42501', 'but asks for health');

SELECT is(as_role('test_both', format('SELECT charmbills.%s(%L)', f, :'operators_endpoint')), '42501', 'an operator''s endpoint is no merchant''s: ' || f)
FROM unnest('{update_webhook_endpoint,rotate_webhook_secret,send_test_webhook,delete_webhook_endpoint}'::text[]) f;

SELECT revoke_merchant('test_shop', :'shop_merchant') AS revoked \gset
SELECT is(as_role('test_shop', 'SELECT count(*) FROM charmbills.plans'), '0', 'what was granted can be taken back');

SELECT * FROM finish();
ROLLBACK;
