-- What a prover is sent, and what is believed of its answer.  The chain is the
-- sandbox's; answers are made here, in SQL, right and wrong.
SET search_path = public, charmbills, tap;
SET client_min_messages = warning;
SET charmbills.accept_mock_spells = on;
SET charmbills.prover_url = 'http://prover.example';
SELECT plan(104);

--
-- Transactions, written here
--

CREATE FUNCTION le(n bigint, size integer) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(set_byte('\x00', 0, ((n >> (8 * i)) & 255)::integer), '' ORDER BY i) FROM generate_series(0, size - 1) AS i $$;
CREATE FUNCTION counted(b bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN length(b) < 253 THEN le(length(b), 1) ELSE '\xfd' || le(length(b), 2) END || b $$;
CREATE FUNCTION reversed(b bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(substr(b, i, 1), '' ORDER BY i DESC) FROM generate_series(1, length(b)) AS i $$;
CREATE FUNCTION input(utxo text, script_sig bytea DEFAULT '', sequence bigint DEFAULT 4294967295) RETURNS bytea LANGUAGE sql AS $$
    SELECT reversed(decode(split_part(utxo, ':', 1), 'hex')) || le(split_part(utxo, ':', 2)::bigint, 4) || counted(script_sig) || le(sequence, 4) $$;
CREATE FUNCTION output(sats bigint, script bytea) RETURNS bytea LANGUAGE sql AS $$
    SELECT le(sats, 8) || counted(script) $$;
CREATE FUNCTION tx(ins bytea[], outs bytea[], version integer DEFAULT 2, locktime bigint DEFAULT 0, witness bytea DEFAULT NULL)
RETURNS text LANGUAGE sql AS $$
    SELECT encode(le(version, 4) || CASE WHEN witness IS NULL THEN '' ELSE '\x0001'::bytea END
                  || le(cardinality(ins), 1) || (SELECT string_agg(i, '' ORDER BY n) FROM unnest(ins) WITH ORDINALITY x(i, n))
                  || le(cardinality(outs), 1) || (SELECT string_agg(o, '' ORDER BY n) FROM unnest(outs) WITH ORDINALITY x(o, n))
                  || coalesce(witness, '') || le(locktime, 4), 'hex') $$;
-- The spell that was asked for with a mock's flag, and no proof.
CREATE FUNCTION carrier(spell bytea) RETURNS bytea LANGUAGE sql AS $$
    SELECT '\x6a057370656c6c4e'::bytea || le(length(p), 4) || p
    FROM (SELECT '\x82'::bytea || set_byte(spell, 0, get_byte(spell, 0) + 1) || '\x646d6f636bf580' AS p) x $$;

--
-- A merchant, who has an NFT minted for plan after plan
--

CREATE FUNCTION script(n integer) RETURNS bytea LANGUAGE sql AS $$ SELECT '\x0014'::bytea || repeat(chr(n), 20)::bytea $$;
CREATE FUNCTION address(n integer) RETURNS text LANGUAGE sql AS $$ SELECT script_to_address(script(n)) $$;
CREATE FUNCTION vk() RETURNS text LANGUAGE sql AS $$ SELECT encode(sha256('a program'), 'hex') $$;

SELECT sandbox_mine() AS height \gset
SELECT (create_merchant(name => 'Shop', address => address(1))).id AS shop \gset
CREATE TABLE shop AS SELECT :'shop'::uuid AS id;

-- An anchor of 1000 sats and a funding UTXO of 100000; 546 go with the NFT.
CREATE FUNCTION ask(version integer DEFAULT 15) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    plan uuid := (create_plan((SELECT id FROM shop), 'Bread', 1000, ticker => 'BREAD', app_vk => vk())).id;
    paid txid := sandbox_pay_many(ARRAY[address(2), address(3)], ARRAY[1000, 100000]);
BEGIN
    PERFORM sandbox_mine();
    RETURN (mint_plan(plan, (paid || ':1')::outpoint, 21, anchor_utxo => (paid || ':0')::outpoint, nft_address => address(1),
                      change_address => address(4), fee_rate => 3, max_fee => 5000, spell_version => version)).id;
END $$;
CREATE FUNCTION job_of(request uuid) RETURNS uuid LANGUAGE sql AS $$
    SELECT id FROM jobs WHERE kind = 'prove' AND payload->>'transaction_id' = request::text $$;
-- Takes the job and says what came of it.
CREATE FUNCTION tell(request uuid, outcome jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM claim_http_jobs('w', 100, '1 minute');
    RETURN report_job(job_of(request), 'w', outcome);
END $$;
CREATE FUNCTION http(status integer, body text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('http', jsonb_build_object('status', status, 'body', body, 'duration_ms', 7)) $$;
CREATE FUNCTION answered(VARIADIC txs text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT http(200, (SELECT jsonb_agg(jsonb_build_object('bitcoin', t))::text FROM unnest(txs) AS t)) $$;
-- What stands in the row, and how many UTXOs it has.
CREATE FUNCTION told(request uuid) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', t.status, r.state, (SELECT count(*) FROM used_utxos u WHERE u.transaction_id = t.id), t.error_message)
    FROM transactions t JOIN prove_requests r ON r.transaction_id = t.id WHERE t.id = request $$;
CREATE FUNCTION refused(reason text) RETURNS text LANGUAGE sql AS $$
    SELECT 'failed failed 0 the prover''s answer is refused: ' || reason $$;

-- Its answer, with something changed.
CREATE FUNCTION answer_of(request uuid, change text DEFAULT 'nothing') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    asked prove_requests := (SELECT r FROM prove_requests r WHERE transaction_id = request);
    ins bytea[] := ARRAY[input(asked.inputs[1]::text), input(asked.funding_utxo::text)];
    nft bytea := output(asked.amounts[1], asked.scripts[1]);
    spell bytea := output(0, carrier(asked.spell));
    rest bytea := output(99000, asked.change_script);
    stranger bytea := script(9);
    data bytea := output(0, '\x6a0107');
BEGIN
    RETURN CASE change
        WHEN 'nothing' THEN tx(ins, ARRAY[nft, spell, rest])
        WHEN 'prover fee' THEN tx(ins, ARRAY[nft, output(700, script(5)), spell, output(98300, asked.change_script)])
        WHEN 'large prover fee' THEN tx(ins, ARRAY[nft, output(801, script(5)), spell, output(98199, asked.change_script)])
        WHEN 'other inputs' THEN tx(ARRAY[input(repeat('ee', 32) || ':0')], ARRAY[nft, spell, rest])
        WHEN 'extra input' THEN tx(ins || input(repeat('ee', 32) || ':0'), ARRAY[nft, spell, rest])
        WHEN 'dropped input' THEN tx(ins[2:2], ARRAY[nft, spell, rest])
        WHEN 'inputs exchanged' THEN tx(ARRAY[ins[2], ins[1]], ARRAY[nft, spell, rest])
        WHEN 'locktime' THEN tx(ins, ARRAY[nft, spell, rest], locktime => 500)
        WHEN 'relative lock' THEN tx(ARRAY[input(asked.inputs[1]::text, sequence => 5), ins[2]], ARRAY[nft, spell, rest])
        WHEN 'signed' THEN tx(ins, ARRAY[nft, spell, rest], witness => '\x01010700')
        WHEN 'scriptSig' THEN tx(ARRAY[input(asked.inputs[1]::text, '\x51'), ins[2]], ARRAY[nft, spell, rest])
        WHEN 'theft' THEN tx(ins, ARRAY[output(asked.amounts[1], stranger), spell, rest])
        WHEN 'less' THEN tx(ins, ARRAY[output(asked.amounts[1] - 1, asked.scripts[1]), spell, rest])
        WHEN 'stranger' THEN tx(ins, ARRAY[nft, spell, rest, output(600, stranger)])
        WHEN 'change to a stranger' THEN tx(ins, ARRAY[nft, spell, output(99000, stranger)])
        WHEN 'no change' THEN tx(ins, ARRAY[nft, output(96000, '\x6a'), spell])
        WHEN 'nothing back' THEN tx(ins, ARRAY[nft, spell])
        WHEN 'large fee' THEN tx(ins, ARRAY[nft, spell, output(95453, asked.change_script)])
        WHEN 'largest fee' THEN tx(ins, ARRAY[nft, spell, output(95454, asked.change_script)])
        WHEN 'no fee' THEN tx(ins, ARRAY[nft, spell, output(100454, asked.change_script)])
        WHEN 'sats from nowhere' THEN tx(ins, ARRAY[nft, spell, output(100455, asked.change_script)])
        WHEN 'spell with sats' THEN tx(ins, ARRAY[nft, output(1, carrier(asked.spell)), rest])
        WHEN 'more data' THEN tx(ins, ARRAY[nft, spell, rest, data])
        WHEN 'spell twice' THEN tx(ins, ARRAY[nft, spell, rest, spell])
        WHEN 'no spell' THEN tx(ins, ARRAY[nft, rest])
        -- 21 is the last byte but three of the NFT's state.
        WHEN 'one token more' THEN tx(ins, ARRAY[nft,
            output(0, carrier(overlay(asked.spell PLACING '\x16' FROM position('\x72656d61696e696e6715'::bytea IN asked.spell) + 9))), rest])
        -- Without the flag it is to be proved, and is not.
        WHEN 'no proof' THEN tx(ins, ARRAY[nft, output(0, '\x6a057370656c6c4e' || le(length(asked.spell) + 2, 4) || '\x82' || asked.spell || '\x80'), rest])
    END;
END $$;

--
-- Right answers
--

SELECT ask() AS request \gset
SELECT is(told(:'request'), 'pending_signature proving 2', 'a prover is to be asked');
SELECT is(tell(:'request', answered(answer_of(:'request'))), 'done', 'what was asked for is taken');
SELECT is(told(:'request'), 'pending_signature proved 2', 'it waits for its signature');
SELECT is((SELECT spell_tx FROM transactions WHERE id = :'request'), answer_of(:'request'), 'as the prover has made it');
SELECT is((SELECT array_agg(type ORDER BY id) FROM events WHERE subject = 'transaction:' || :'request'), ARRAY['transaction.proved'], 'which is told once');
SELECT is(report_job(job_of(:'request'), 'w', answered(answer_of(:'request', 'theft'))), 'done', 'a second answer is not heard');
SELECT is(told(:'request'), 'pending_signature proved 2', 'whatever it is');

SELECT ask() AS request \gset
SELECT is(tell(:'request', http(200, to_jsonb(ARRAY[answer_of(:'request')])::text)), 'done', 'hex alone is taken, too');
SELECT ask() AS request \gset
SELECT is(tell(:'request', answered(answer_of(:'request', 'largest fee'))), 'done', 'a fee at the limit is taken');

--
-- Wrong ones
--

CREATE FUNCTION try(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    request uuid := ask();
    state text := tell(request, answered(answer_of(request, change)));
BEGIN
    -- What it had is there for another.
    PERFORM 1 FROM events WHERE subject = 'transaction:' || request AND type = 'transaction.failed'
        AND payload->>'reason' = (SELECT error_message FROM transactions WHERE id = request);
    RETURN CASE WHEN FOUND AND state = 'failed' THEN told(request) ELSE state || ' without event' END;
END $$;
SELECT is(regexp_replace(try(change), ' \(fee of [0-9]+ sats for [0-9]+ vbytes\)$', ''), refused(reason), change)
FROM (VALUES
    ('other inputs', 'the transaction spends what it was not to spend'),
    ('extra input', 'the transaction spends what it was not to spend'),
    ('dropped input', 'the transaction''s inputs are not in the order asked for'),
    ('inputs exchanged', 'the transaction''s inputs are not in the order asked for'),
    ('locktime', 'the transaction is locked until later'),
    ('relative lock', 'an input''s sequence number is not the final one'),
    ('signed', 'an input is signed already'),
    ('scriptSig', 'an input is signed already'),
    ('theft', 'an output that was asked for pays somebody else'),
    ('less', 'an output that was asked for has another amount'),
    ('stranger', 'an output pays somebody who was not to be paid'),
    ('change to a stranger', 'an output pays somebody who was not to be paid'),
    ('prover fee', 'an output pays somebody who was not to be paid'),
    ('no change', 'an output carries data that is not the spell'),
    ('nothing back', 'the fee is more than may be paid'),
    ('large fee', 'the fee is more than may be paid'),
    ('no fee', 'the fee is less than was asked for'),
    ('sats from nowhere', 'the transaction pays more than it spends'),
    ('spell with sats', 'the output with the spell has a value, which would be lost'),
    ('more data', 'an output carries data that is not the spell'),
    ('spell twice', 'an output carries data that is not the spell'),
    ('no spell', 'the transaction carries no spell'),
    ('one token more', 'the spell is not the one that was asked for'),
    ('no proof', 'the proof has the wrong length')) AS wrong (change, reason);
SELECT matches(try('large fee'), '\(fee of 5001 sats for [0-9]+ vbytes\)$', 'a fee is told');

-- A proof for another request: right in itself.
SELECT ask() AS request \gset
SELECT ask() AS other \gset
SELECT is(tell(:'request', answered(answer_of(:'other'))), 'failed', 'another one''s answer is refused');
SELECT is(told(:'request'), refused('the transaction spends what it was not to spend'), 'with the reason');
SELECT is(tell(:'other', answered(answer_of(:'other'))), 'done', 'and taken for the other');

-- What a prover may take for itself.
SET charmbills.prover_max_fee = 800;
SELECT is(try('prover fee'), refused('an output pays somebody who was not to be paid'), 'no address, no fee');
SELECT set_config('charmbills.prover_fee_address', address(5), false) AS address \gset
SELECT is(try('large prover fee'), refused('the prover takes more for itself than it may'), 'a fee above the limit');
SELECT ask() AS request \gset
SELECT is(tell(:'request', answered(answer_of(:'request', 'prover fee'))), 'done', 'a fee below it');

-- Mocks count on regtest alone, where that is set.
SET charmbills.accept_mock_spells = off;
SELECT matches(try('nothing'), refused('the spell is a mock'), 'a mock that does not count');
SET charmbills.accept_mock_spells = on;

--
-- Answers that are none
--

CREATE FUNCTION try_http(outcome jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    request uuid := ask();
BEGIN
    RETURN tell(request, outcome) || ' ' || told(request);
END $$;
SELECT is(try_http(http(200, body)), 'failed ' || refused(reason), reason)
FROM (VALUES
    (NULL, 'the answer is too long, or no text'),
    ('not JSON', 'the answer is not JSON'),
    ('[]', 'the answer has no transaction'),
    ('{}', 'the answer has no transaction'),
    ('["00", "00", "00"]', 'the answer has not one transaction'),
    ('["00", "00"]', 'the answer has not one transaction'),
    ('[{"cardano": "00"}]', 'the answer has something that is no transaction of Bitcoin'),
    ('[{"bitcoin": {"tx": "00"}}]', 'the answer has something that is no transaction of Bitcoin'),
    ('["00"]', 'a transaction of the answer cannot be read: input ends too early'),
    ('["xy"]', 'a transaction of the answer cannot be read: invalid character')) AS answers (body, reason);

SELECT is(try_http(http(400, E'spell\tis  not\nwell formed')),
          'failed failed failed 0 the prover refuses with HTTP status 400: spell is not well formed', 'a refusal is final, and told in one line');
SELECT is(try_http(http(404, NULL)), 'failed failed failed 0 the prover refuses with HTTP status 404', 'with what there is');
SELECT is(length(try_http(http(422, repeat('ä', 9000)))),
          length('failed failed failed 0 the prover refuses with HTTP status 422: ') + 500, 'and not at length');
SELECT is(try_http(http(302, 'elsewhere')), 'failed failed failed 0 the prover refuses with HTTP status 302: elsewhere', 'it is not followed elsewhere');

--
-- A prover that fails is asked again, for a while
--

CREATE FUNCTION tell_in_hours(request uuid, outcome jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM sandbox_advance_clock('2 hours');
    RETURN tell(request, outcome);
END $$;
SELECT ask() AS request \gset
SELECT is(tell_in_hours(:'request', outcome), 'queued', 'again after ' || coalesce(outcome->'http'->>'status', outcome->'http'->>'error'))
FROM (VALUES (http(500, 'transient prover failure')), (http(408, NULL)), (http(429, NULL)), (http(502, NULL)), (http(503, NULL)),
             ('{"http": {"error": "timed out", "duration_ms": 9}}'::jsonb), ('{"http": {"error": "connection closed"}}')) AS outcomes (outcome);
SELECT is(told(:'request'), 'pending_signature proving 2', 'it waits all the while');
SELECT sandbox_advance_clock('2 hours') AS later \gset
SELECT is((SELECT last_error FROM jobs WHERE id = job_of(:'request')), 'the prover does not answer: connection closed', 'with the reason');
SELECT is(tell(:'request', http(503, 'overloaded')), 'failed', 'but not for ever');
SELECT is(told(:'request'), 'failed failed 0 the prover refuses with HTTP status 503: overloaded', 'the last reason is kept');

SELECT ask() AS request \gset
SELECT is(tell(:'request', '{"http": {"status": 429, "retry_after": 1800}}'), 'queued', 'a prover may ask for a pause');
SELECT cmp_ok((SELECT run_after - charmbills.now() FROM jobs WHERE id = job_of(:'request')), '>=', interval '30 minutes', 'and gets it');
SELECT is((cancel_transaction(:'request')).status, 'failed', 'meanwhile it is canceled');
SELECT sandbox_advance_clock('1 hour') AS later \gset
SELECT is(tell(:'request', answered(answer_of(:'request'))), 'done', 'then the answer is dropped');
SELECT is(told(:'request'), 'failed failed 0 canceled', 'and nothing comes of it');
SELECT throws_ok(format('SELECT tell(%L, %L)', ask(), '{"other": 1}'), 'CB011', 'outcome of a job is not understood', 'a worker must make sense');

--
-- What is sent
--

SELECT ask() AS request \gset
CREATE FUNCTION sent(request uuid) RETURNS jsonb LANGUAGE sql AS $$ SELECT http_request(job_of(request)) $$;
-- Operators are warned.
SET client_min_messages = error;
SELECT is(sent(:'request'), NULL, 'without the program nothing is sent');
SET client_min_messages = warning;
SELECT is(told(:'request'), 'failed failed 0 the server has not the app''s program for the prover', 'and a merchant learns no more');

SELECT current_setting('data_directory') || '/app.wasm' AS file \gset
SELECT format('COPY (SELECT %L) TO %L', 'another program', :'file') AS write \gset
:write;
SELECT set_config('charmbills.prover_binary_file', :'file', false) AS file \gset
SELECT ask() AS request \gset
SELECT is(sent(:'request'), NULL, 'nor with another program');
SELECT is(told(:'request'),
          format('failed failed 0 the server''s app has the key %s, but the plan''s app has %s', encode(sha256(E'another program\n'), 'hex'), vk()),
          'but both are named');

CREATE OR REPLACE FUNCTION vk() RETURNS text LANGUAGE sql AS $$ SELECT encode(sha256(E'another program\n'), 'hex') $$;
SELECT ask() AS request \gset
SELECT sent(:'request') AS sent \gset
SELECT (:'sent'::jsonb->>'body')::jsonb AS body \gset
SELECT is(:'sent'::jsonb - 'body', '{"method": "POST", "url": "http://prover.example/spells/prove", "timeout_ms": 1800000, "max_answer": 4194304,
    "allow_private": true}'::jsonb || jsonb_build_object('headers', :'sent'::jsonb->'headers'), 'the prover''s path is added');
SELECT is(:'sent'::jsonb->'headers'->>'content-type', 'application/json', 'it is JSON');
SELECT is((SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(:'body'::jsonb) AS k),
          ARRAY['app_private_inputs', 'binaries', 'chain', 'change_address', 'fee_rate', 'prev_txs', 'spell'], 'with what it needs, and no more');
SELECT is(:'body'::jsonb->'binaries', jsonb_build_object(vk(), encode(E'another program\n', 'base64')), 'the program by its key');
SELECT is(:'body'::jsonb->>'change_address', address(4), 'the address for the change');
SELECT is((:'body'::jsonb->>'fee_rate')::numeric, 3::numeric, 'the fee rate');
SELECT is(jsonb_array_length(:'body'::jsonb->'prev_txs'), 1, 'each previous transaction once');
SELECT is((SELECT encode(raw, 'hex') FROM previous_transactions WHERE transaction_id = :'request'), :'body'::jsonb->'prev_txs'->0->>'bitcoin', 'whole');
SELECT is(:'body'::jsonb->'app_private_inputs',
          (SELECT jsonb_build_object(format('n/%s/%s', app_identity(inputs[1]), vk()), encode('\x7842' || inputs[1]::text::bytea, 'hex'))
           FROM prove_requests WHERE transaction_id = :'request'), 'the outpoint of the identity, for the app');
SELECT is(decode(:'body'::jsonb->>'spell', 'hex'),
          (SELECT '\xa46776657273696f6e0f627478a3'::bytea
               || '\x63696e73825824' || reversed(decode(left(inputs[1]::text, 64), 'hex')) || '\x00000000'
               || '\x5824' || reversed(decode(left(funding_utxo::text, 64), 'hex')) || '\x01000000'
               || substr(spell, 15, position('\x716170705f7075626c69635f696e70757473'::bytea IN spell) - 15)
               || '\x65636f696e7381a266616d6f756e74190222646465737496'
               || (SELECT string_agg(CASE WHEN get_byte(scripts[1], i) < 24 THEN '' ELSE '\x18'::bytea END || substr(scripts[1], i + 1, 1), '' ORDER BY i)
                   FROM generate_series(0, 21) AS i)
               || substr(spell, position('\x716170705f7075626c69635f696e70757473'::bytea IN spell)) || '\x646d6f636bf5'
           FROM prove_requests WHERE transaction_id = :'request'), 'the spell with its inputs and coins');
SET charmbills.accept_mock_spells = off;
SELECT is(get_byte(decode((sent(:'request')->>'body')::jsonb->>'spell', 'hex'), 0), 163, 'no mock is asked for where none counts');
SET charmbills.accept_mock_spells = on;
SET charmbills.prover_url = 'https://prover.example:444/v15/prove?x=1';
SELECT is(sent(:'request')->>'url', 'https://prover.example:444/v15/prove?x=1', 'a path that is set is kept');
SET charmbills.prover_url = 'https://prover.example/';
SELECT is(sent(:'request')->>'url', 'https://prover.example/spells/prove', 'the root is none');
SELECT is((cancel_transaction(:'request')).status, 'failed', 'canceled');
SELECT is(sent(:'request'), NULL, 'there is nothing to send any more');
SELECT is(tell(:'request', '{"done": true}'), 'done', 'which ends the job');

-- The program's file must be one, and nobody else's to write.
CREATE FUNCTION set_mode(mode text, name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', format('chmod %s %s', mode, name));
END $$;
CREATE FUNCTION try_file(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    request uuid := ask();
BEGIN
    PERFORM set_config('charmbills.prover_binary_file', name, true);
    RETURN coalesce(sent(request)::text, told(request));
END $$;
SET client_min_messages = error;
SELECT set_mode('0622', :'file') AS mode \gset
SELECT is(try_file(name), 'failed failed 0 the server has not the app''s program for the prover', what)
FROM (VALUES (current_setting('data_directory'), 'a directory'), (:'file' || '.not', 'a file that is not there'),
             (:'file', 'a file that others may write')) AS files (name, what);
SELECT set_mode('0600', :'file') AS mode \gset
SET client_min_messages = warning;

-- What would leave too little for the fee is not sent at all.
SELECT (mint_plan((create_plan(:'shop', 'Bread', 1000, ticker => 'BREAD', app_vk => vk())).id, (sandbox_pay(address(2), 4000) || ':0')::outpoint, 21,
                  fee_rate => 3)).id AS request \gset
SELECT is(sent(:'request'), NULL, 'a funding UTXO that is too small');
SELECT matches(told(:'request'), '^failed failed 0 the funding UTXO leaves 3454 sats for fees, and they may come to [34][0-9]{3}$', 'with what it lacks');

-- For version 8 in JSON.
SELECT ask(8) AS request \gset
SELECT (sent(:'request')->>'body')::jsonb AS body \gset
SELECT is(:'body'::jsonb->'spell',
          (SELECT jsonb_build_object('version', 8, 'apps', jsonb_build_object('$00', 'n/' || app_identity(inputs[1]) || '/' || vk()),
                      'private_inputs', jsonb_build_object('$00', inputs[1]), 'ins', jsonb_build_array(jsonb_build_object('utxo_id', inputs[1])),
                      'outs', jsonb_build_array(jsonb_build_object('address', address(1), 'amount', 546,
                          'charms', '{"$00": {"ticker": "BREAD", "name": "Bread", "remaining": 21}}'::jsonb)))
           FROM prove_requests WHERE transaction_id = :'request'), 'an old prover is told in its own way');
SELECT matches(sent(:'request')->>'body', '"charms":\{"\$00":\{"ticker":"BREAD","name":"Bread","remaining":21\}\}', 'with the state in its order');
SELECT is(:'body'::jsonb - 'spell' - 'prev_txs' - 'binaries' - 'fee_rate',
          (SELECT jsonb_build_object('funding_utxo', funding_utxo, 'funding_utxo_value', 100000, 'change_address', address(4), 'chain', 'bitcoin')
           FROM prove_requests WHERE transaction_id = :'request'), 'and what pays');
SELECT is(tell(:'request', answered(answer_of(:'request'))), 'failed', 'one transaction is not enough then');
SELECT is(told(:'request'), refused('the answer has not two transactions'), 'with the reason');
SELECT ask(8) AS request \gset
SELECT is(tell(:'request', answered(answer_of(:'request', 'other inputs'), answer_of(:'request'))), 'failed', 'two that are something else are refused');
SELECT is(told(:'request'), refused('the transaction spends what it was not to spend'), 'with the reason');

SELECT * FROM finish();
