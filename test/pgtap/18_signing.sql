-- Transactions that wait for their signatures, and coins that carry charms.
SET search_path = public, charmbills, tap;
SELECT plan(50);

SELECT sandbox_mine(3) AS height \gset
SELECT (create_merchant(name => 'Mint', address => 'bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk')).id AS mint \gset
CREATE FUNCTION utxo(n integer) RETURNS outpoint LANGUAGE sql IMMUTABLE AS
$$ SELECT (lpad(to_hex(n), 64, '0') || ':0')::outpoint $$;
CREATE FUNCTION little_endian(bytes bytea) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT string_agg(encode(substr(bytes, i, 1), 'hex'), '' ORDER BY i DESC) FROM generate_series(1, length(bytes)) i $$;
-- A transaction that spends these, by such a witness each where it has one, and
-- pays a taproot output.
CREATE FUNCTION spend(inputs outpoint[], tag integer, witness text[] DEFAULT NULL) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT '02000000' || CASE WHEN witness IS NULL THEN '' ELSE '0001' END || lpad(to_hex(cardinality(inputs)), 2, '0')
          || string_agg(encode(txid_send(outpoint_txid(o)), 'hex') || little_endian(int4send(outpoint_vout(o)))
                        || '00fdffffff', '' ORDER BY position)
          || '01' || little_endian(int8send(1000)) || '225120' || repeat(lpad(to_hex(tag), 8, '0'), 8)
          || coalesce(array_to_string(witness, ''), '') || '00000000'
   FROM unnest(inputs) WITH ORDINALITY AS i(o, position) $$;
CREATE FUNCTION output_of(tx text) RETURNS outpoint LANGUAGE sql STABLE AS $$ SELECT outpoint(transaction_txid(tx), 0) $$;
CREATE FUNCTION waiting(commit_tx text, spell_tx text, merchant uuid) RETURNS uuid LANGUAGE sql AS
$$ INSERT INTO transactions (type, merchant_id, commit_tx, spell_tx, commit_txid, spell_txid, status, created_at)
    VALUES ('send', merchant, commit_tx, spell_tx, transaction_txid(commit_tx), transaction_txid(spell_tx), 'pending_signature', charmbills.now())
    RETURNING id $$;
CREATE FUNCTION submit(id uuid, spell_tx text, commit_tx text DEFAULT NULL) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT format('SELECT submit_signed(%L, %L, %L)', id, spell_tx, commit_tx) $$;
-- What is spent: one taproot output each.
SELECT spend(ARRAY[utxo(1)], 1) AS coin1, spend(ARRAY[utxo(2)], 2) AS coin2 \gset
\set signature 014077777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777
\set other_signature 014088888888888888888888888888888888888888888888888888888888888888888888888888888888888888888888888888888888888888888888888888888888
\set signature_all 01417777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777701
\set signature_none 01417777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777777702
\set script_path 0301aa01bb01cc
\set other_path 0301aa01bb01cd

--
-- PSBTs
--
SELECT throws_ok('SELECT transaction_psbt(NULL)', 'CB011', NULL, 'which transaction, must be said');
SELECT throws_ok('SELECT transaction_psbt(''00000000-0000-0000-0000-000000000000'')', 'CB008', NULL, 'and it must be there');
SELECT waiting(NULL, NULL, :'mint') AS unproved \gset
SELECT throws_ok(format('SELECT transaction_psbt(%L)', :'unproved'), 'CB010', 'there is nothing to sign yet', 'what is not proved cannot be signed');
SELECT throws_ok(submit(:'unproved', :'coin1'), 'CB010', 'there is nothing to sign yet', 'and nothing signed is taken for it');
SELECT spend(ARRAY[output_of(:'coin1')], 11) AS tx, spend(ARRAY[output_of(:'coin1')], 11, ARRAY[:'signature']) AS signed \gset
SELECT waiting(NULL, :'tx', :'mint') AS id \gset
SELECT throws_ok(format('SELECT transaction_psbt(%L)', :'id'), 'CB010', format('output %s is spent and not known', output_of(:'coin1')),
                 'what it spends must be known');
SELECT throws_ok(submit(:'id', :'signed'), 'CB010', format('output %s is spent and not known', output_of(:'coin1')), 'to take it back, too');
INSERT INTO previous_transactions VALUES (:'id', transaction_txid(:'coin1'), :'mint', decode(:'coin2', 'hex'));
SELECT throws_ok(format('SELECT transaction_psbt(%L)', :'id'), 'CB010', NULL, 'another transaction under its identifier is not believed');
UPDATE previous_transactions SET raw = decode(:'coin1', 'hex');
SELECT is(transaction_psbt(:'id'), transaction_psbt(:'id', 'spell'), 'the only one is the one that is meant');
SELECT is(combine_psbts(ARRAY[transaction_psbt(:'id')]), transaction_psbt(:'id'), 'it is a PSBT');
SELECT is(combine_psbts(ARRAY[encode(decode(transaction_psbt(:'id'), 'base64'), 'hex')]), transaction_psbt(:'id'), 'also in hex');
SELECT throws_ok(format('SELECT transaction_psbt(%L, %L)', :'id', 'commit'), 'CB011', 'there is no commit transaction', 'there is no other');
SELECT throws_ok(format('SELECT transaction_psbt(%L, %L)', :'id', 'all'), 'CB011', '"all" is not a part of a transaction', 'nor a third part');

--
-- Combining
--
SELECT waiting(NULL, spend(ARRAY[output_of(:'coin1')], 12), :'mint') AS id2 \gset
INSERT INTO previous_transactions VALUES (:'id2', transaction_txid(:'coin1'), :'mint', decode(:'coin1', 'hex'));
SELECT throws_ok(format('SELECT combine_psbts(ARRAY[%L, %L])', transaction_psbt(:'id'), transaction_psbt(:'id2')), 'CB011',
                 'PSBT 2 is of another transaction than the first', 'PSBTs of different transactions are not combined');
SELECT throws_ok('SELECT combine_psbts(''{}'')', 'CB011', NULL, 'none is too few');
SELECT throws_ok('SELECT combine_psbts(ARRAY[NULL])', 'CB011', NULL, 'null is none');
SELECT throws_ok('SELECT combine_psbts(ARRAY[''cHNidP8B''])', 'CB002', NULL, 'half of one is none');
SELECT throws_ok('SELECT combine_psbts(ARRAY[''hello''])', 'CB002', NULL, 'nor is a word');
SELECT is(combine_psbts(NULL), NULL, 'of nothing comes nothing');

--
-- Signed
--
SELECT throws_ok(submit(:'id', NULL), 'CB011', 'no transaction is given', 'nothing is not signed');
SELECT throws_ok(submit(:'id', :'tx'), 'CB011', 'input 0 of the spell transaction is not signed', 'nor is what was to be signed');
SELECT throws_ok(submit(:'id', transaction_psbt(:'id')), 'CB011', 'input 0 of the spell transaction has not all its signatures', 'or its PSBT');
SELECT throws_ok(submit(:'id', spend(ARRAY[output_of(:'coin1')], 12, ARRAY[:'signature'])), 'CB011',
                 'the spell transaction is not the one that was to be signed', 'another one is refused');
SELECT throws_ok(submit(:'id', spend(ARRAY[output_of(:'coin1')], 11, ARRAY[:'signature_none'])), 'CB011',
                 'a signature of input 0 of the spell transaction does not cover all of it', 'a signature of less than all is refused');
SELECT throws_ok(submit(:'id', spend(ARRAY[output_of(:'coin1')], 11, ARRAY[:'script_path'])), 'CB011', NULL, 'and what is not known to be one');
SELECT throws_ok(submit(:'id', 'zz'), 'CB002', NULL, 'what is no transaction is refused');
SELECT is(is_utxo_used(output_of(:'coin1')), false, 'none of this has reserved anything');
SELECT is((SELECT status FROM submit_signed(:'id', :'signed')), 'pending', 'the good one is taken');
SELECT is((SELECT transaction_id FROM used_utxos WHERE outpoint = output_of(:'coin1')), :'id'::uuid, 'and has its input');
SELECT is((SELECT status FROM submit_signed(:'id', :'signed')), 'pending', 'once more changes nothing');
SELECT is((SELECT spell_tx FROM submit_signed(:'id', spend(ARRAY[output_of(:'coin1')], 11, ARRAY[:'other_signature']))), :'signed',
          'nor does another signature');
SELECT throws_ok(format('SELECT transaction_psbt(%L)', :'id'), 'CB010', 'transaction is pending', 'it need not be signed any more');
SELECT throws_ok(submit(:'id2', spend(ARRAY[output_of(:'coin1')], 12, ARRAY[:'signature_all'])), 'CB009', NULL, 'what is reserved is not spent by another');
SELECT throws_ok(format('SELECT submit_signed(%L, %L, replaces => %1$L)', :'id2', spend(ARRAY[output_of(:'coin1')], 12, ARRAY[:'signature_all'])),
                 'CB011', 'a transaction cannot replace itself', 'nothing replaces itself');
SELECT is((SELECT status FROM submit_signed(:'id2', spend(ARRAY[output_of(:'coin1')], 12, ARRAY[:'signature_all']), replaces => :'id')), 'pending',
          'unless that one is replaced');
SELECT is((SELECT status FROM transactions WHERE id = :'id'), 'replaced', 'which it then is');

--
-- A commit, and its spell that the prover has signed in part
--
SELECT spend(ARRAY[output_of(:'coin2')], 21) AS commit, spend(ARRAY[output_of(:'coin2')], 21, ARRAY[:'signature']) AS signed_commit \gset
SELECT spend(ARRAY[output_of(:'coin1'), output_of(:'commit')], 22, ARRAY['00', :'script_path']) AS spell,
       spend(ARRAY[output_of(:'coin1'), output_of(:'commit')], 22, ARRAY[:'signature', :'script_path']) AS signed_spell,
       spend(ARRAY[output_of(:'coin1'), output_of(:'commit')], 22, ARRAY[:'signature', :'other_path']) AS forged_spell,
       spend(ARRAY[output_of(:'coin1'), output_of(:'commit')], 22, ARRAY[:'signature', :'signature']) AS keyed_spell \gset
SELECT sandbox_mine() AS height \gset
SELECT sandbox_reorg(1) AS height \gset
SELECT sandbox_evict(transaction_txid(spend(ARRAY[output_of(:'coin1')], 12, ARRAY[:'signature_all']))) AS evicted \gset
DELETE FROM used_utxos WHERE outpoint = output_of(:'coin1');
SELECT waiting(:'commit', :'spell', :'mint') AS package \gset
INSERT INTO previous_transactions SELECT :'package', transaction_txid(tx), :'mint', decode(tx, 'hex') FROM unnest(ARRAY[:'coin1', :'coin2']) tx;
SELECT isnt(transaction_psbt(:'package'), transaction_psbt(:'package', 'commit'), 'each has a PSBT of its own');
SELECT throws_ok(submit(:'package', :'signed_spell'), 'CB011', 'input 0 of the commit transaction is not signed', 'a package is complete or refused');
SELECT throws_ok(submit(:'package', NULL, :'signed_commit'), 'CB011', 'input 0 of the spell transaction is not signed', 'whichever half is missing');
SELECT throws_ok(submit(:'package', :'forged_spell', :'signed_commit'), 'CB011', 'input 1 of the spell transaction is not as the prover has signed it',
                 'what the prover has signed stays as it is');
SELECT throws_ok(submit(:'package', :'keyed_spell', :'signed_commit'), 'CB011', 'input 1 of the spell transaction is not as the prover has signed it',
                 'also against one who has its key: the spell would be lost');
SELECT is((SELECT (status, commit_tx, spell_tx) FROM submit_signed(:'package', :'signed_spell', :'signed_commit')),
          ROW('pending'::text, :'signed_commit'::text, :'signed_spell'::text), 'both together are taken');

--
-- Coins that carry charms: an NFT on output 0, tokens on 2; 3 is beamed out.
--
\set spell 0200000000010121000000000000000000000000000000000000000000000000000000000000000000000000fdffffff05e803000000000000160014d0c4a3ef09e997b6e99e397e518fe3e41a118ca1e803000000000000160014d0c4a3ef09e997b6e99e397e518fe3e41a118ca1e803000000000000160014d0c4a3ef09e997b6e99e397e518fe3e41a118ca1e803000000000000160014d0c4a3ef09e997b6e99e397e518fe3e41a118ca10000000000000000fda5016a057370656c6c4d9b0182a46776657273696f6e0f627478a2646f75747384a100a16972656d61696e696e67183ca0a10105a101056b6265616d65645f6f757473a103982018331833183318331833183318331833183318331833183318331833183318331833183318331833183318331833183318331833183318331833183318331833716170705f7075626c69635f696e70757473a283616e9820189a182e186718be1869182511187110182218a8185518a30e18c81831181e186e187418f918e018cb189018fc18fa00182d185318f2185f186204982018221822182218221822182218221822182218221822182218221822182218221822182218221822182218221822182218221822182218221822182218221822f68361749820189a182e186718be1869182511187110182218a8185518a30e18c81831181e186e187418f918e018cb189018fc18fa00182d185318f2185f186204982018221822182218221822182218221822182218221822182218221822182218221822182218221822182218221822182218221822182218221822182218221822f6646d6f636bf58001015100000000
\set moving 02000000000101e2513efe81800864b8a3125acfec4a421981da2627a816826ad76e5d09f52ae60200000000fdffffff028403000000000000160014d0c4a3ef09e997b6e99e397e518fe3e41a118ca10000000000000000be6a057370656c6c4cb582a46776657273696f6e0f627478a1646f75747381a10005716170705f7075626c69635f696e70757473a18361749820189a182e186718be1869182511187110182218a8185518a30e18c81831181e186e187418f918e018cb189018fc18fa00182d185318f2185f186204982018221822182218221822182218221822182218221822182218221822182218221822182218221822182218221822182218221822182218221822182218221822f6646d6f636bf58001015100000000
CREATE FUNCTION part(n integer) RETURNS outpoint LANGUAGE sql IMMUTABLE AS
$$ SELECT ('e62af5095d6ed76a8216a82726da8119424aeccf5a12a3b864088081fe3e51e2:' || n)::outpoint $$;
SELECT is(is_charmed(part(0)), false, 'of what is not known nothing is said');
SELECT sandbox_submit(:'spell') AS txid \gset
SELECT is(ARRAY(SELECT is_charmed(part(n)) FROM generate_series(0, 4) n), ARRAY[true, false, true, false, false],
          'a known spell tells which outputs carry charms');
SELECT throws_ok(format('SELECT mark_utxo_used(%L, %L, NULL, %L)', part(0), 'fees', :'mint'), 'CB019', format('UTXO %s carries charms', part(0)),
                 'such a coin does not pay fees');
SELECT throws_ok(format('SELECT mark_utxos_used(ARRAY[%L, %L]::outpoint[], %L, NULL, %L)', part(1), part(2), 'fees', :'mint'), 'CB019', NULL,
                 'also not among others');
SELECT is(mark_utxos_used(ARRAY[part(1), part(3)], 'fees', NULL, :'mint'), true, 'the others do');
SELECT throws_ok(format('SELECT broadcast_package(spell_tx => %L, merchant_id => %L)', spend(ARRAY[part(2)], 31), :'mint'), 'CB019', NULL,
                 'nor is it spent without a spell');
SELECT is((SELECT status FROM broadcast_package(spell_tx => :'moving', merchant_id => :'mint', type => 'send')), 'pending', 'but with one');
INSERT INTO charms (outpoint, plan_id, merchant_id, script, amount, block_height, received_at)
SELECT utxo(n), (create_plan(:'mint', 'Followed ' || n, 1000)).id, :'mint', '\x51', n - 51, 1, charmbills.now() FROM generate_series(51, 52) n;
SELECT is(ARRAY(SELECT is_charmed(utxo(n)) FROM generate_series(51, 53) n), ARRAY[false, true, false], 'of plans that are followed it is known anyway');
UPDATE charms SET spent_by = transaction_txid(:'tx'), spent_height = 2, spent_at = charmbills.now();
SELECT is(is_charmed(utxo(52)), false, 'until they are spent');

SELECT * FROM finish();
