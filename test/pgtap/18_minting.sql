-- Asking for spells in the sandbox: what is refused, what is built, one mint
-- after another, and what becomes of those that fail.
SET search_path = public, charmbills, tap;
SET timezone = 'UTC';
SELECT plan(145);

SET charmbills.accept_mock_spells = on;
SELECT sandbox_mine() AS height \gset
SELECT (create_merchant(name => 'Shop', address => 'bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk')).id AS shop \gset
CREATE FUNCTION vk() RETURNS text LANGUAGE sql IMMUTABLE RETURN repeat('5a', 32);
CREATE FUNCTION script_of(n integer) RETURNS bytea LANGUAGE sql IMMUTABLE RETURN '\x0014' || substr(sha256(n::text::bytea), 1, 20);
CREATE FUNCTION address_of(n integer) RETURNS text LANGUAGE sql STABLE RETURN charmbills.script_to_address(script_of(n));
-- A UTXO of nobody's whom billing knows.
CREATE FUNCTION fund(amount bigint DEFAULT 50000) RETURNS outpoint LANGUAGE sql
    RETURN charmbills.outpoint(charmbills.sandbox_pay(address_of(900), amount), 0);
CREATE FUNCTION sent(id uuid) RETURNS text LANGUAGE sql AS $$
    SELECT (charmbills.broadcast_package(commit_tx => t.commit_tx, spell_tx => t.spell_tx, plan_id => t.plan_id, type => t.type)).status
    FROM charmbills.transactions t WHERE t.id = sent.id $$;
CREATE FUNCTION state_of(id uuid) RETURNS text LANGUAGE sql AS $$
    SELECT r.state FROM charmbills.prove_requests r WHERE r.transaction_id = id $$;
CREATE FUNCTION held_for(id uuid) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM charmbills.used_utxos u WHERE u.transaction_id = id $$;
CREATE FUNCTION last_event(id uuid) RETURNS text LANGUAGE sql AS $$
    SELECT type || coalesce(': ' || (payload->>'reason'), '') FROM charmbills.events
    WHERE subject = 'transaction:' || last_event.id ORDER BY subject_seq DESC LIMIT 1 $$;
CREATE FUNCTION charms_of(id uuid) RETURNS TABLE (vout integer, tag text, amount numeric, data jsonb) LANGUAGE sql AS $$
    SELECT s.vout, s.tag, s.amount, s.data FROM charmbills.transactions t
    CROSS JOIN LATERAL charmbills.spell_charms(t.spell_tx) s WHERE t.id = charms_of.id ORDER BY s.vout, s.tag $$;

--
-- What mint_plan() refuses
--

SELECT (create_plan(:'shop', 'Gold', 1000, ticker => 'GOLD', app_vk => vk())).id AS gold \gset
SELECT (create_plan(:'shop', 'Nameless', 1000, app_vk => vk())).id AS nameless \gset
SELECT (create_plan(:'shop', 'Keyless', 1000, ticker => 'KEY')).id AS keyless \gset
SELECT fund() AS utxo \gset
SELECT fund() AS other \gset

SELECT throws_ok(format('SELECT mint_plan(%L, %L, 10)', :'gold', :'utxo'), 'CB014', 'there is no prover', 'without a prover nothing is asked for');
SET charmbills.prover_url = 'sandbox';
CREATE FUNCTION refused(plan uuid, utxo outpoint, arguments text, code text) RETURNS text LANGUAGE sql AS $$
    SELECT throws_ok(format('SELECT charmbills.mint_plan(%L, %L, %s)', plan, utxo, arguments), code::char(5), NULL,
                     'mint_plan(' || left(arguments, 80) || ') is ' || code) $$;
SELECT refused(:'gold', :'utxo', a.arguments, a.code) FROM (VALUES
    ('NULL', 'CB011'), ('0', 'CB005'), ('-1', 'CB005'), ('1.5', 'CB005'), ('18446744073709551616', 'CB005'), ('''NaN''', 'CB005'), ('''Infinity''', 'CB005'),
    ('10, nft_address => ''bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4''', 'CB003'), ('10, nft_address => ''nobody''', 'CB002'),
    ('10, change_address => ''bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4''', 'CB003'),
    ('10, fee_rate => 0', 'CB005'), ('10, fee_rate => 0.09', 'CB005'), ('10, fee_rate => -1', 'CB005'), ('10, fee_rate => ''NaN''', 'CB005'),
    ('10, fee_rate => 501', 'CB005'), ('10, max_fee => 0', 'CB005'), ('10, max_fee => 100001', 'CB005'),
    ('10, spell_version => 9', 'CB011'), ('10, spell_version => 8', 'CB011'),
    ('10, previous_txs => ARRAY[''00'']', 'CB002'), ('10, previous_txs => ARRAY[NULL]', 'CB011'),
    ('10, metadata => ''[]''', 'CB011'), ('10, metadata => ''{"name": 7}''', 'CB011'), ('10, metadata => ''{"remaining": "7"}''', 'CB011'),
    ('10, metadata => ''{"image_hash": "7"}''', 'CB011'),
    ('10, metadata => jsonb_build_object(''description'', repeat(''x'', 4096))', 'CB011')) a(arguments, code);
SELECT refused(:'nameless', :'utxo', '10', 'CB010');
SELECT refused(:'keyless', :'utxo', '10', 'CB014');
SELECT refused(uuid_v7(), :'utxo', '10', 'CB008');
SELECT (create_merchant(name => 'Stall', address => address_of(901))).id AS stall \gset
SELECT mark_utxo_used(:'utxo', 'something else', merchant_id => :'stall') AS marked \gset
SELECT refused(:'gold', :'utxo', '10', 'CB009');
SELECT throws_ok(format('SELECT mint_plan(%L, %L, 10, nft_address => address_of(901))', :'gold', :'other'), 'CB009', 'an address belongs to another merchant',
                 'an NFT does not go to another merchant');
SELECT is((SELECT count(*) FROM transactions) + (SELECT count(*) FROM prove_requests), 0::bigint, 'nothing of that is left');
SELECT is((SELECT app_id FROM plans WHERE id = :'gold'), NULL, 'and no plan has an identity of it');

--
-- A plan's NFT
--

SELECT fund() AS utxo \gset
SELECT mark_utxo_used(:'utxo', 'a mint', merchant_id => :'shop') AS marked \gset
SELECT (mint_plan(:'gold', :'utxo', 10, metadata => '{"description": "All of it", "url": "https://shop.example/gold"}', idempotency_key => 'k')).id AS mint \gset
SELECT results_eq(format('SELECT type, status, plan_id, merchant_id, confirmations FROM transactions WHERE id = %L', :'mint'),
                  format('VALUES (''mint-nft'', ''pending_signature'', %L::uuid, %L::uuid, 1)', :'gold', :'shop'),
                  'an NFT is asked for with a UTXO that its merchant has reserved');
SELECT is(state_of(:'mint'), 'proved', 'and proved at once in the sandbox');
SELECT is(last_event(:'mint'), 'transaction.proved', 'which an event says');
SELECT is((SELECT app_id FROM plans WHERE id = :'gold'), app_identity(:'utxo'), 'its identity is of the funding UTXO');
SELECT is((SELECT nft_state FROM plans WHERE id = :'gold'), 'unborn', 'but it is not born before it is in a block');
SELECT results_eq(format('SELECT * FROM charms_of(%L)', :'mint'),
                  $$ VALUES (0, 'n', NULL::numeric,
                             '{"ticker": "GOLD", "name": "Gold", "description": "All of it", "url": "https://shop.example/gold", "remaining": 10}'::jsonb) $$,
                  'it says what it is to say');
SELECT is((SELECT array_agg(txid) FROM previous_transactions WHERE transaction_id = :'mint'), ARRAY[outpoint_txid(:'utxo')],
          'what it spends is there for the signer');
SELECT is(held_for(:'mint'), 1::bigint, 'and reserved');
SELECT is((SELECT change_script FROM prove_requests WHERE transaction_id = :'mint'), script_of(900), 'change goes back to where it comes from');
SELECT is((mint_plan(:'gold', :'utxo', 10, metadata => '{"description": "All of it", "url": "https://shop.example/gold"}', idempotency_key => 'k')).id, :'mint'::uuid,
          'the same key gives the same row');
SELECT throws_ok(format('SELECT mint_plan(%L, %L, 11, idempotency_key => ''k'')', :'gold', :'utxo'), 'CB016', NULL, 'but for no other call');
SELECT refused(:'gold', :'other', '10', 'CB010');

SELECT results_eq(format('SELECT status, error_message FROM cancel_transaction(%L)', :'mint'), $$ VALUES ('failed', 'canceled') $$, 'it can be canceled');
SELECT is(held_for(:'mint'), 0::bigint, 'then nothing is reserved');
SELECT is(last_event(:'mint'), 'transaction.failed: canceled', 'and an event says so');
SELECT is((SELECT count(*) FROM (SELECT cancel_transaction(:'mint')) c, events WHERE subject = 'transaction:' || :'mint'), 2::bigint, 'once');
SELECT refused(:'gold', :'other', '10', 'CB011');
SELECT fund() AS utxo2 \gset
SELECT (mint_plan(:'gold', :'utxo2', 10, anchor_utxo => :'utxo', nft_address => address_of(5), change_address => address_of(6), fee_rate => 7.5, max_fee => 20000)).id AS mint \gset
SELECT results_eq(format('SELECT state, inputs, funding_utxo, anchor, fee_rate, max_fee_sats::bigint, change_script, scripts[1] FROM prove_requests WHERE transaction_id = %L', :'mint'),
                  format('VALUES (''proved'', ARRAY[%L]::outpoint[], %L::outpoint, %L::outpoint, 7.5, 20000::bigint, script_of(6), script_of(5))', :'utxo', :'utxo2', :'utxo'),
                  'it is asked for again with the same anchor, and all that is given is taken');
SELECT is(held_for(:'mint'), 2::bigint, 'with both outputs reserved');
SELECT is(sent(:'mint'), 'pending', 'signed, it is sent');
SELECT throws_ok(format('SELECT cancel_transaction(%L)', :'mint'), 'CB010', NULL, 'and cannot be canceled any more');
SELECT sandbox_mine() AS height \gset
SELECT results_eq(format('SELECT nft_state, remaining_supply FROM plans WHERE id = %L', :'gold'), $$ VALUES ('held', 10::numeric) $$,
                  'in a block it is born, and held where it was to go');
SELECT refused(:'gold', :'other', '10', 'CB010');

SELECT (create_plan(:'shop', 'Silver', 1000, ticker => 'SILVER', app_vk => vk())).id AS silver \gset
SELECT (mint_plan(:'silver', :'other', 18446744073709551615)).id AS mint \gset
SELECT is((SELECT data->'remaining' FROM charms_of(:'mint')), '18446744073709551615'::jsonb, 'a supply may have 64 bits');
SELECT results_eq(format('SELECT status FROM cancel_transaction(%L)', :'mint'), $$ VALUES ('failed') $$, 'canceled');
SELECT is(state_of(:'mint'), 'proved', 'what was proved stays proved');

CREATE FUNCTION ends(plan uuid, utxo outpoint, reason text) RETURNS text LANGUAGE sql AS $$
    SELECT results_eq(format('SELECT status, error_message FROM charmbills.mint_plan(%L, %L, 5)', plan, utxo),
                      format('VALUES (''failed'', %L)', reason), 'it fails where ' || reason) $$;
SELECT (create_plan(:'shop', 'Tin', 1000, ticker => 'TIN', app_vk => vk())).id AS tin \gset
SELECT (create_plan(:'shop', 'Iron', 1000, ticker => 'IRON', app_vk => vk())).id AS iron \gset
SELECT (create_plan(:'shop', 'Lead', 1000, ticker => 'LEAD', app_vk => vk())).id AS lead \gset
SELECT ends(:'tin', outpoint(repeat('77', 32)::txid, 0), 'output ' || repeat('77', 32) || ':0 does not exist or is spent');
SELECT ends(:'iron', outpoint(outpoint_txid(:'other'), 9), 'output ' || outpoint_txid(:'other') || ':9 does not exist or is spent');
SELECT is((SELECT count(*) FROM used_utxos WHERE outpoint = outpoint(repeat('77', 32)::txid, 0)), 0::bigint, 'and what was reserved is free');
SELECT is((SELECT count(*) FROM transactions t JOIN prove_requests r ON r.transaction_id = t.id WHERE t.status = 'failed' AND r.state NOT IN ('proved', 'failed')), 0::bigint,
          'with what was asked for');

--
-- Tokens, one mint after another
--

CREATE FUNCTION subscriber(plan uuid, n integer) RETURNS uuid LANGUAGE sql AS $$ SELECT (charmbills.subscribe(plan, address_of(n))).id $$;
SELECT subscriber(:'gold', 1) AS ada \gset
SELECT subscriber(:'gold', 2) AS bob \gset
SELECT subscriber(:'nameless', 1) AS none \gset
SELECT throws_ok(format('SELECT mint_subscription(%L, %L)', :'none', fund()), 'CB010', NULL, 'a plan without an NFT mints no tokens');
SELECT throws_ok(format('SELECT mint_subscription(%L, %L)', subscriber(:'silver', 1), fund()), 'CB010', 'the plan''s NFT has not been minted', 'nor one whose NFT is unborn');
SELECT throws_ok(format('SELECT mint_subscription(%L, %L)', uuid_v7(), fund()), 'CB008', NULL, 'nor for no subscription');
SELECT throws_ok(format('SELECT mint_subscription(%L, %L, %s)', :'ada', fund(), units), 'CB005', NULL, 'there are not ' || units || ' tokens')
FROM unnest(ARRAY['0', '-1', '0.5', '18446744073709551616']) AS units;
SELECT throws_ok(format('SELECT mint_subscription(%L, %L, 11)', :'ada', fund()), 'CB015', NULL, 'what is sold out is not minted');
SELECT throws_ok(format('SELECT mint_subscription(%L, %L)', :'ada', nft_utxo), 'CB019', NULL, 'an NFT pays for nothing') FROM plans WHERE id = :'gold';

SELECT (mint_subscription(:'ada', fund(), 3)).id AS first \gset
SELECT (mint_subscription(:'bob', fund(), 4, token_address => address_of(22))).id AS second \gset
SELECT (mint_subscription(:'bob', fund(), 5)).id AS third \gset
SELECT (mint_subscription(:'ada', fund())).id AS fourth \gset
SELECT is(ARRAY[state_of(:'first'), state_of(:'second'), state_of(:'third'), state_of(:'fourth')], '{proved,waiting,waiting,waiting}', 'one has the NFT, and the others wait');
SELECT is(ARRAY[held_for(:'first'), held_for(:'second')], '{2,1}', 'with what pays for them reserved');
SELECT results_eq(format('SELECT * FROM charms_of(%L)', :'first'),
                  $$ VALUES (0, 'n', NULL::numeric, '{"ticker": "GOLD", "name": "Gold", "remaining": 7}'::jsonb), (1, 't', 3, '3') $$,
                  'the NFT gives up what is minted');
SET charmbills.mint_in_flight = 'refuse';
SELECT throws_ok(format('SELECT mint_subscription(%L, %L)', :'ada', fund()), 'CB009', 'the plan''s NFT is in another transaction', 'or it is refused, by setting');
RESET charmbills.mint_in_flight;
SELECT is(sent(:'first'), 'pending', 'the first is sent');
SELECT is(state_of(:'second'), 'waiting', 'which is not enough for the second');
SELECT sandbox_mine() AS height \gset
SELECT is(ARRAY[state_of(:'first'), state_of(:'second'), state_of(:'third')], '{proved,proved,waiting}', 'in a block it makes room');
SELECT is((SELECT inputs[1] FROM prove_requests WHERE transaction_id = :'second'), (SELECT nft_utxo FROM plans WHERE id = :'gold'), 'for one from where the NFT is now');
SELECT results_eq(format('SELECT vout, tag, data FROM charms_of(%L)', :'second'),
                  $$ VALUES (0, 'n', '{"ticker": "GOLD", "name": "Gold", "remaining": 3}'::jsonb), (1, 't', '4') $$, 'and what remains now');
SELECT results_eq(format('SELECT status, error_message FROM cancel_transaction(%L)', :'fourth'), $$ VALUES ('failed', 'canceled') $$, 'what waits can be canceled');
SELECT is(state_of(:'third'), 'waiting', 'without consequence for others');
SELECT is(sent(:'second'), 'pending', 'the second is sent');
SELECT sandbox_mine() AS height \gset
SELECT results_eq(format('SELECT status, error_message FROM transactions WHERE id = %L', :'third'),
                  $$ VALUES ('failed', 'the plan is sold out: fewer tokens remain than are to be minted') $$, 'for the third too few remain at its turn');
SELECT is(held_for(:'third'), 0::bigint, 'and it gives back what it had');
SELECT results_eq(format('SELECT script, sum(amount) FROM charms WHERE plan_id = %L AND amount > 0 GROUP BY script ORDER BY 2', :'gold'),
                  $$ VALUES (script_of(1), 3::numeric), (script_of(22), 4) $$, 'each has what was minted for him');
SELECT throws_ok(format('SELECT mint_subscription(%L, %L)', :'ada', utxo), 'CB019', NULL, 'tokens pay for nothing')
FROM (SELECT outpoint AS utxo FROM charms WHERE plan_id = :'gold' AND amount = 3) held;

-- What had the NFT ends, in one way or another.
SELECT (mint_subscription(:'ada', fund())).id AS first \gset
SELECT (mint_subscription(:'bob', fund())).id AS second \gset
SELECT is((cancel_transaction(:'first')).status, 'failed', 'what has the NFT is canceled');
SELECT is(state_of(:'second'), 'proved', 'and the next begins at once');
SELECT (mint_subscription(:'ada', fund())).id AS third \gset
SELECT sandbox_advance_clock('49 hours') AS later \gset
SELECT run_billing() AS done \gset
SELECT results_eq(format('SELECT status, error_message FROM transactions WHERE id IN (%L, %L) ORDER BY id', :'second', :'third'),
                  $$ VALUES ('failed', 'not signed within 48 hours'), ('failed', 'not signed within 48 hours') $$, 'what nobody signs is given up');
SELECT is(ARRAY[state_of(:'second'), state_of(:'third')], '{proved,failed}', 'with what was waiting');
SELECT is(held_for(:'second') + held_for(:'third'), 0::bigint, 'and what was reserved');

-- Somebody else moves the NFT: a copy of a transaction that was canceled.
SELECT (mint_subscription(:'ada', fund())).id AS ghost \gset
SELECT spell_tx AS ghost_tx FROM transactions WHERE id = :'ghost' \gset
SELECT (cancel_transaction(:'ghost')).status AS canceled \gset
SELECT (mint_subscription(:'bob', fund())).id AS first \gset
SELECT is(state_of(:'first'), 'proved', 'while a copy of what was canceled is somewhere, the NFT is minted with again');
SELECT sandbox_submit(:'ghost_tx') AS ghost_txid \gset
SELECT (mint_subscription(:'ada', fund())).id AS second \gset
SELECT is(state_of(:'second'), 'waiting', 'in the mempool the copy is in the way');
SELECT sandbox_mine() AS height \gset
SELECT results_eq(format('SELECT status, error_message FROM transactions WHERE id = %L', :'first'),
                  $$ VALUES ('failed', 'the charms that it was to spend are not there any more') $$, 'in a block it ends what cannot be any more');
SELECT is(held_for(:'first'), 1::bigint, 'of which nothing is left reserved but what is spent');
SELECT is(state_of(:'second'), 'proved', 'and what waited begins');
SELECT is((SELECT remaining_supply FROM plans WHERE id = :'gold'), 2::numeric, 'with what the copy has left');

-- A reorganisation takes the NFT back to where it was.
SELECT is(sent(:'second'), 'pending', 'sent');
SELECT (mint_subscription(:'bob', fund())).id AS third \gset
SELECT sandbox_mine() AS height \gset
SELECT is(state_of(:'third'), 'proved', 'the next one follows it');
SELECT sandbox_reorg(1, keep_transactions => true) AS undone \gset
SELECT is(state_of(:'third'), 'proved', 'and is not lost when the block is undone, while it is to come again');
SELECT sandbox_mine() AS height \gset
SELECT is(sent(:'third'), 'pending', 'for then it can be sent');
SELECT sandbox_mine() AS height \gset
SELECT is((SELECT remaining_supply FROM plans WHERE id = :'gold'), 0::numeric, 'until nothing remains, which is zero');
SELECT throws_ok(format('SELECT mint_subscription(%L, %L)', :'ada', fund()), 'CB015', NULL, 'and nothing more is minted');

--
-- Sending
--

SELECT fund() AS utxo \gset
CREATE FUNCTION send_refused(utxo outpoint, arguments text, code text) RETURNS text LANGUAGE sql AS $$
    SELECT throws_ok(format('SELECT charmbills.transfer_token(address_of(3), %s, funding_utxo => %L)', arguments, utxo), code::char(5), NULL,
                     'transfer_token(' || left(arguments, 80) || ') is ' || code) $$;
SELECT send_refused(:'utxo', a.arguments, a.code) FROM (VALUES
    ('1', 'CB011'), (format('1, plan_id => %L, subscription_id => %L', :'gold', :'ada'), 'CB011'), (format('1, plan_id => %L', :'gold'), 'CB011'),
    (format('0, subscription_id => %L', :'ada'), 'CB005'), (format('1.5, subscription_id => %L', :'ada'), 'CB005'), (format('NULL, subscription_id => %L', :'ada'), 'CB011'),
    (format('99, subscription_id => %L', :'ada'), 'CB015'), (format('1, plan_id => %L, from_address => address_of(40)', :'gold'), 'CB015'),
    (format('1, plan_id => %L, from_address => address_of(1)', :'nameless'), 'CB010'),
    (format('1, plan_id => %L, inputs => ARRAY[%L]::outpoint[]', :'gold', :'utxo'), 'CB010'),
    (format('1, plan_id => %L, inputs => ARRAY[NULL]::outpoint[]', :'gold'), 'CB011'),
    (format('1, plan_id => %L, inputs => (SELECT ARRAY[nft_utxo] FROM charmbills.plans WHERE id = %L)', :'gold', :'gold'), 'CB010')) a(arguments, code);
SELECT is((SELECT count(*) FROM transactions WHERE type = 'send'), 0::bigint, 'nothing is left of that');

-- Another merchant, who names the same app, and sees the same charms.
SELECT (create_plan(:'stall', 'The same', 1000, app_id => app_id, app_vk => app_vk)).id AS same FROM plans WHERE id = :'gold' \gset
INSERT INTO charms (outpoint, plan_id, merchant_id, script, has_nft, remaining, amount, block_height, received_at, minted_at)
SELECT outpoint, :'same', :'stall', script, has_nft, remaining, amount, block_height, received_at, minted_at FROM charms WHERE plan_id = :'gold' AND spent_height IS NULL;
UPDATE plans SET nft_state = 'away' WHERE id = :'same';
SELECT throws_ok(format('SELECT transfer_token(address_of(3), 1, %L, plan_id => %L, from_address => address_of(1))', fund(), :'same'),
                 'CB010', 'the plan''s merchant does not hold its NFT', 'whoever names an app without having its NFT reserves no tokens');
SELECT (transfer_token(address_of(3), 2, :'utxo', subscription_id => :'ada')).id AS gift \gset
DELETE FROM charms WHERE plan_id = :'same';
DELETE FROM watched_apps WHERE plan_id = :'same';
SELECT results_eq(format('SELECT vout, tag, amount FROM charms_of(%L)', :'gift'), $$ VALUES (0, 't', 2::numeric), (1, 't', 1) $$, 'tokens are sent, and the rest goes back');
SELECT results_eq(format('SELECT scripts[1], scripts[2] FROM prove_requests WHERE transaction_id = %L', :'gift'), $$ VALUES (script_of(3), script_of(1)) $$,
                  'to where they are to go');
SELECT is((SELECT count(*) FROM prove_requests, unnest(inputs) WHERE transaction_id = :'gift'), 1::bigint, 'the greatest are taken first, and no more than are needed');
SELECT (transfer_token(address_of(3), 1, fund(), subscription_id => :'ada')).id AS next \gset
SELECT is((SELECT bool_or(a.i = b.i) FROM (SELECT unnest(inputs) AS i FROM prove_requests WHERE transaction_id = :'gift') a,
                                          (SELECT unnest(inputs) AS i FROM prove_requests WHERE transaction_id = :'next') b), false, 'none of them twice');
SELECT is(sent(:'gift'), 'pending', 'sent');
SELECT is((cancel_transaction(:'next')).status, 'failed', 'the other is not');
SELECT sandbox_mine() AS height \gset
SELECT is((SELECT sum(amount) FROM charms WHERE plan_id = :'gold' AND script = script_of(3) AND spent_height IS NULL), 2::numeric, 'whom they were sent to has them');
SELECT is((SELECT sum(amount) FROM charms WHERE plan_id = :'gold' AND spent_height IS NULL), 10::numeric, 'and none has been lost');
SELECT array_agg(outpoint) AS all_of_ada, sum(amount) AS adas FROM charms WHERE plan_id = :'gold' AND script = script_of(1) AND spent_height IS NULL \gset
SELECT is((cancel_transaction((transfer_token(address_of(4), :adas, fund(), plan_id => :'gold', inputs => ARRAY[:'all_of_ada'::outpoint[]])).id)).status, 'failed', 'an array may have dimensions');
SET statement_timeout = '5s';
SELECT throws_ok(format('SELECT transfer_token(address_of(4), 1, %L, plan_id => %L, inputs => ARRAY(SELECT outpoint(%L, n) FROM generate_series(1, 60000) n))', fund(), :'gold', repeat('77', 32)::txid),
                 'CB011', 'too many outpoints are given', 'too many outpoints are refused at once');
RESET statement_timeout;
SELECT (transfer_token(address_of(4), :adas, fund(), plan_id => :'gold', inputs => :'all_of_ada')).id AS rest \gset
SELECT is((SELECT count(*) FROM charms_of(:'rest')), 1::bigint, 'where nothing is left nothing goes back');

--
-- What the worker gathers
--

CREATE FUNCTION gather_again(id uuid) RETURNS uuid LANGUAGE sql AS $$
    UPDATE charmbills.prove_requests SET state = 'gathering', spell = NULL WHERE transaction_id = id;
    UPDATE charmbills.transactions SET spell_tx = NULL, spell_txid = NULL WHERE transactions.id = gather_again.id;
    DELETE FROM charmbills.previous_transactions WHERE transaction_id = id AND txid = (SELECT charmbills.outpoint_txid(r.funding_utxo) FROM charmbills.prove_requests r WHERE r.transaction_id = id);
    DELETE FROM charmbills.jobs WHERE kind = 'gather';
    INSERT INTO charmbills.jobs (kind, payload, state, claimed_by, lease_until)
    VALUES ('gather', jsonb_build_object('transaction_id', id), 'running', 'w', charmbills.now() + interval '1 hour') RETURNING jobs.id $$;
CREATE FUNCTION gathered(outcome jsonb) RETURNS text LANGUAGE sql AS $$ SELECT charmbills.report_job((SELECT id FROM charmbills.jobs WHERE kind = 'gather'), 'w', outcome) $$;
SELECT encode(raw, 'hex') AS raw FROM previous_transactions p JOIN prove_requests r USING (transaction_id)
WHERE transaction_id = :'rest' AND p.txid = outpoint_txid(r.funding_utxo) \gset
SELECT gather_again(:'rest') AS job \gset
SELECT throws_ok($$ SELECT gathered('{}') $$, 'CB011', NULL, 'a report that says nothing is refused');
SELECT is(gathered('{"unreachable": true, "message": "away"}'), 'queued', 'a node that is away is asked again');
SELECT is((SELECT attempts FROM jobs WHERE id = :'job'), 0, 'without a charge');
SELECT gather_again(:'rest') AS job \gset
SELECT is(gathered(jsonb_build_object('txs', ARRAY['zz', '00', ''])), 'queued', 'what is no transaction is as good as nothing');
SELECT is((SELECT attempts FROM jobs WHERE id = :'job'), 1, 'and a try');
SELECT gather_again(:'rest') AS job \gset
SELECT is(gathered(jsonb_build_object('txs', ARRAY[(SELECT encode(raw, 'hex') FROM chain_transactions WHERE txid <> transaction_txid(:'raw') AND NOT is_coinbase LIMIT 1)])), 'queued',
          'so is another transaction');
SELECT is((SELECT count(*) FROM previous_transactions WHERE transaction_id = :'rest'), (SELECT count(DISTINCT outpoint_txid(i)) FROM prove_requests, unnest(inputs) i WHERE transaction_id = :'rest'),
          'which is not kept');
SELECT gather_again(:'rest') AS job \gset
SELECT is(gathered(jsonb_build_object('txs', ARRAY[:'raw'])), 'done', 'the right one is all it takes');
SELECT is(state_of(:'rest'), 'proved', 'and it is proved');
SELECT gather_again(:'rest') AS job \gset
SELECT is(gathered('{"missing": ["x:0"], "message": "output x:0 does not exist or is spent"}'), 'failed', 'where an output is not there');
SELECT is(last_event(:'rest'), 'transaction.failed: output x:0 does not exist or is spent', 'it fails, and says so');
SELECT is(held_for(:'rest'), 0::bigint, 'and reserves nothing');
UPDATE jobs SET state = 'running', claimed_by = 'w', finished_at = NULL WHERE id = :'job';
SELECT is(gathered(jsonb_build_object('txs', ARRAY[:'raw'])), 'done', 'what comes later');
SELECT is(state_of(:'rest'), 'failed', 'changes nothing');

SELECT * FROM finish();
