-- The sandbox's own prover, and signing without keys: spells of both versions
-- from the request into a block; and answers of version 8 with something changed.
SET search_path = public, charmbills, tap;
SET client_min_messages = warning;
SET charmbills.accept_mock_spells = on;
SET charmbills.prover_url = 'sandbox';
SET charmbills.app_vk = '3333333333333333333333333333333333333333333333333333333333333333';
SELECT plan(28);

CREATE FUNCTION script(n integer) RETURNS bytea LANGUAGE sql AS $$ SELECT '\x0014'::bytea || repeat(chr(n), 20)::bytea $$;
CREATE FUNCTION address(n integer) RETURNS text LANGUAGE sql AS $$ SELECT script_to_address(script(n)) $$;
CREATE FUNCTION told(request uuid) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', status, error_message) FROM transactions WHERE id = request $$;

SELECT sandbox_mine() AS height \gset
SELECT (create_merchant(name => 'Shop', address => address(1))).id AS shop \gset

-- UTXOs of 1000 and so many sats, in a block.
CREATE FUNCTION pay(sats bigint) RETURNS txid LANGUAGE plpgsql AS $$
DECLARE
    paid txid := sandbox_pay_many(ARRAY[address(2), address(3)], ARRAY[1000, sats]);
BEGIN
    PERFORM sandbox_mine();
    RETURN paid;
END $$;
CREATE FUNCTION mint(plan uuid, paid txid, version integer, rate numeric DEFAULT 2) RETURNS uuid LANGUAGE sql AS $$
    SELECT (mint_plan(plan, (paid || ':1')::outpoint, 21, anchor_utxo => (paid || ':0')::outpoint, nft_address => address(1),
                      change_address => address(4), fee_rate => rate, spell_version => version)).id $$;

--
-- From the request into a block
--

SELECT (create_plan(:'shop', 'Bread', 1000, ticker => 'BREAD')).id AS bread, (create_plan(:'shop', 'Cake', 2000, ticker => 'CAKE')).id AS cake \gset
SELECT pay(100000) AS paid \gset
SELECT mint(:'bread', :'paid', 15) AS new \gset
SELECT pay(100000) AS paid \gset
SELECT mint(:'cake', :'paid', 8) AS old \gset
CREATE VIEW proved AS SELECT t.*, (verify_spell(spell_tx)).* FROM transactions t;
SELECT results_eq('SELECT spell_version, status, commit_tx IS NOT NULL, verdict, v.version, carrier
                   FROM proved v JOIN prove_requests r ON r.transaction_id = v.id ORDER BY 1',
                  $$ VALUES (8, 'pending_signature', true, 'mock', 8, 'witness'), (15, 'pending_signature', false, 'mock', 15, 'op_return') $$,
                  'spells of both versions are there to be signed');
SELECT is((SELECT array_agg(type) FROM events WHERE subject = 'transaction:' || :'old'), ARRAY['transaction.proved'], 'which is told');
SELECT is((sandbox_sign(:'new')).status, 'pending', 'one signed is sent');
SELECT is((sandbox_sign(:'old')).status, 'pending', 'two, too');
SELECT is((sandbox_sign(:'old')).status, 'pending', 'signed again, it is what it was');
SELECT sandbox_mine() AS height \gset
SELECT is((SELECT array_agg(status || ' ' || block_height) FROM transactions), array_fill('confirmed ' || :height, ARRAY[2]), 'a block has them');
SELECT results_eq('SELECT nft_state, remaining_supply, status FROM plans ORDER BY service_name',
                  $$ VALUES ('held', 21::numeric, 'active'), ('held', 21, 'active') $$, 'and the plans their NFTs');
SELECT is((sandbox_sign(:'old')).status, 'confirmed', 'what is confirmed stays so');
-- Real weights: at 2 sats for a virtual byte, in both transactions together.
SELECT cmp_ok(100000 + 1000 - 546 - (100000000 * (d->'vout'->-1->>'value')::numeric)::bigint, '>=', 2 * (d->>'vsize')::bigint, 'the fee is what the signed transaction needs')
FROM transactions, decode_transaction(spell_tx) AS d WHERE id = :'new';
SELECT cmp_ok(100000 + 1000 - 546 - (100000000 * (d->'vout'->-1->>'value')::numeric)::bigint, '<', 2 * (d->>'vsize')::bigint + 4, 'and no more')
FROM transactions, decode_transaction(spell_tx) AS d WHERE id = :'new';

--
-- What cannot be
--

SELECT (create_plan(:'shop', 'Pie', 1000, ticker => 'PIE')).id AS pie \gset
SELECT pay(1000) AS paid \gset
SELECT mint(:'pie', :'paid', 15, 5) AS request \gset
SELECT is(told(:'request'), 'failed the funding UTXO does not pay for the outputs and the fee', 'too little for the fee');
SELECT mint(:'pie', :'paid', 8, 5) AS request \gset
SELECT is(told(:'request'), 'failed the funding UTXO does not pay for the outputs and the fee', 'nor for two');
SELECT throws_ok(format('SELECT sandbox_sign(%L)', :'request'), 'CB010', NULL, 'there is nothing to sign then');
SELECT (create_plan(:'shop', 'Roll', 1000, ticker => 'ROLL')).id AS roll \gset
SELECT sandbox_pay_many(ARRAY[address(2), script_to_address('\xa914' || repeat('s', 20)::bytea || '\x87')], ARRAY[1000, 100000]) AS paid \gset
SELECT mint(:'roll', :'paid', 8) AS request \gset
SELECT is(told(:'request'), 'failed the funding UTXO has no witness program, and nothing else can pay for a commit transaction',
          'nothing is proved that signing would undo');
SELECT mint(:'roll', :'paid', 15) AS request \gset
SELECT is(told(:'request'), 'pending_signature', 'without a commit transaction it would not');
SELECT throws_ok('SELECT sandbox_sign(NULL)', 'CB011', NULL, 'nor in nothing');
SELECT throws_ok(format('SELECT sandbox_sign(%L)', uuid_v7()), 'CB008', NULL, 'nor in what is not there');
SELECT (create_plan(:'shop', 'Tart', 1000, ticker => 'TART')).id AS tart \gset
SET charmbills.accept_mock_spells = off;
SELECT pay(100000) AS paid \gset
SELECT mint(:'tart', :'paid', 15) AS request \gset
SELECT matches(told(:'request'), '^failed the prover''s answer is refused: the spell is a mock \(', 'mocks count only where that is set');
SET charmbills.accept_mock_spells = on;

--
-- Answers of version 8: what the sandbox has answered, from a prover outside
--

SELECT mint(:'tart', :'paid', 8) AS request \gset
CREATE TABLE answer AS SELECT commit_tx, spell_tx FROM transactions WHERE id = :'request';
SELECT is((cancel_transaction(:'request')).status, 'failed', 'it is given up');
SET charmbills.prover_url = 'http://prover.example';
CREATE FUNCTION le(n bigint) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(lpad(to_hex((n >> (8 * i)) & 255), 2, '0'), '' ORDER BY i) FROM generate_series(0, 7) AS i $$;
CREATE FUNCTION told(plan uuid, paid txid, VARIADIC answer text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    request uuid := mint(plan, paid, 8);
    job uuid := (SELECT id FROM jobs WHERE kind = 'prove' AND payload->>'transaction_id' = request::text);
BEGIN
    PERFORM claim_http_jobs('w', 100, '1 minute');
    PERFORM report_job(job, 'w', jsonb_build_object('http', jsonb_build_object('status', 200, 'duration_ms', 7, 'body',
        (SELECT jsonb_agg(jsonb_build_object('bitcoin', a) ORDER BY n)::text FROM unnest(answer) WITH ORDINALITY x(a, n)))));
    RETURN told(request);
END $$;
CREATE FUNCTION refused(reason text) RETURNS text LANGUAGE sql AS $$ SELECT 'failed the prover''s answer is refused: ' || reason $$;
SELECT is(told(:'tart', :'paid', spell_tx, commit_tx), refused('the transaction spends what it was not to spend'), 'the other way round') FROM answer;
SELECT is(told(:'tart', :'paid', commit_tx), refused('the answer has not two transactions'), 'one') FROM answer;
SELECT is(told(:'tart', :'paid', commit_tx, spell_tx, spell_tx), refused('the answer has not two transactions'), 'three') FROM answer;
SELECT is(told(:'tart', :'paid', commit_tx, regexp_replace(spell_tx, '.{8}$', '01000000')), refused('the transaction is locked until later'), 'a locked spell') FROM answer;
SELECT is(told(:'tart', :'paid', regexp_replace(commit_tx, '.{8}$', '01000000'), spell_tx), refused('the transaction is locked until later'), 'a locked commit') FROM answer;
SELECT is(told(:'tart', :'paid', commit_tx, replace(spell_tx, le(546), le(547))), refused('the prover''s signature does not hold for the transaction'),
          'an amount changed after it was signed') FROM answer;
SELECT is(told(:'tart', :'paid', commit_tx, replace(spell_tx, '72656d61696e696e6715', '72656d61696e696e6716')),
          refused('the commit transaction does not commit to the spell'), 'another spell revealed') FROM answer;
SELECT is(told(:'tart', :'paid', regexp_replace(commit_tx, '(ffffffff01)..', '\100'), spell_tx),
          refused('the transaction spends what it was not to spend'), 'a commit that the spell does not spend') FROM answer;
SELECT is(told(:'tart', :'paid', commit_tx, spell_tx), 'pending_signature', 'and as it was, it is taken') FROM answer;

SELECT * FROM finish();
