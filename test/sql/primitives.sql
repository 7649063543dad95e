-- Bitcoin primitives: amounts, transactions, addresses, descriptors, messages.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS charmbills;
RESET client_min_messages;
SET search_path = charmbills, public;
SET charmbills.network = 'mainnet';

-- Amounts
SELECT btc, btc_to_sats(btc), sats_to_btc(btc_to_sats(btc))
FROM unnest(ARRAY[0, 0.00000001, 0.1, 0.29, 1, 1.1000000000000, 20999999.99999999, 21000000, 21e6]) AS btc;
SELECT btc_to_sats(NULL) IS NULL, sats_to_btc(NULL) IS NULL;
SELECT pg_typeof(btc_to_sats(1)), pg_typeof(sats_to_btc(1));
SELECT count(*) FROM generate_series(0, 2100000000000000, 999999999937) AS s WHERE btc_to_sats(sats_to_btc(s)) <> s;
SELECT btc_to_sats(0.000000001);
SELECT btc_to_sats(21000000.00000001);
\set VERBOSITY sqlstate
SELECT btc_to_sats(-0.00000001);
SELECT btc_to_sats(20999999.999999999);
SELECT btc_to_sats(('0.' || repeat('0', 2000) || '1')::numeric);
SELECT btc_to_sats(1e1000);
SELECT btc_to_sats('NaN');
SELECT btc_to_sats('Infinity');
SELECT btc_to_sats('-Infinity');
SELECT sats_to_btc(-1);
SELECT sats_to_btc(2100000000000001);
\set VERBOSITY default

-- Transactions.  The coinbase of block 0:
\set coinbase 01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000
SELECT transaction_txid(:'coinbase');
SELECT jsonb_pretty(decode_transaction(:'coinbase'));
-- The signed P2WPKH transaction of BIP-143
\set segwit 01000000000102fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f00000000494830450221008b9d1dc26ba6a9cb62127b02742fa9d754cd3bebf337f7a55d114c8e5cdd30be022040529b194ba3f9281a99f2b1c0a19c0489bc22ede944ccf4ecbab4cc618ef3ed01eeffffffef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac000247304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c4518331561406f90300e8f3358f51928d43c212a8caed02de67eebee0121025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee635711000000
SELECT transaction_txid(:'segwit'), transaction_txid(upper(:'segwit')) = transaction_txid(:'segwit') AS either_case;
SELECT jsonb_pretty(decode_transaction(:'segwit'));
SELECT network, decode_transaction(:'segwit', network) #>> '{vout,0,scriptPubKey,address}' AS address
FROM unnest(ARRAY['mainnet', 'testnet3', 'testnet4', 'signet', 'regtest', NULL]) AS network;
-- What is large works: an output that pushes nearly 450,000 bytes
SELECT length(tx) AS digits, transaction_txid(tx) = (w->>'txid')::txid AS same_txid, w->>'weight' AS weight,
       w #>> '{vout,0,scriptPubKey,type}' AS type, length(w #>> '{vout,0,scriptPubKey,hex}') AS script_digits
FROM (SELECT '0200000001' || repeat('11', 32) || '00000000' || '00' || 'ffffffff' || '01' || repeat('00', 8)
      || 'fed0dd0600' || '6a4ecadd0600' || repeat('5a', 449994) || '00000000') AS x (tx), decode_transaction(tx) AS w;
-- A witness of 3,900,000 bytes, nearly the most a block can hold
SELECT w->>'size' AS size, w->>'weight' AS weight, w->>'vsize' AS vsize, length(w #>> '{vin,0,txinwitness,0}') AS item_digits
FROM decode_transaction('02000000' || '0001' || '01' || repeat('11', 32) || '00000000' || '00' || 'ffffffff' || '01' || repeat('00', 8) || '00'
    || '01fe60823b00' || repeat('5a', 3900000) || '00000000') AS w;
-- A million empty witness items
SELECT w->>'size' AS size, jsonb_array_length(w #> '{vin,0,txinwitness}') AS items
FROM decode_transaction('02000000' || '0001' || '01' || repeat('11', 32) || '00000000' || '00' || 'ffffffff' || '01' || repeat('00', 8) || '00'
    || 'fe40420f00' || repeat('00', 1000000) || '00000000') AS w;
SELECT decode_transaction(NULL) IS NULL, decode_transaction(NULL, 'nowhere') IS NULL, transaction_txid(NULL) IS NULL;
SELECT transaction_txid('0');
SELECT transaction_txid('00');
SELECT decode_transaction(:'coinbase', 'nowhere');
\set VERBOSITY sqlstate
SELECT transaction_txid('');
SELECT transaction_txid('zz');
SELECT transaction_txid('0x' || :'coinbase');
SELECT transaction_txid(:'coinbase' || ' ');
SELECT transaction_txid(:'coinbase' || '00');
SELECT transaction_txid(left(:'coinbase', -2));
SELECT decode_transaction('zz');
SELECT decode_transaction(left(:'segwit', -2));
SELECT transaction_txid(replace(:'coinbase', '00f2052a01000000', '0140075af0750700'));
\set VERBOSITY default
-- No prefix of a transaction is one
CREATE TEMP TABLE prefix_verdict (n integer, verdict text);
DO $$
DECLARE
    whole text := '01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff0200000000000001e80300000000000001510000000000';
BEGIN
    FOR n IN 0 .. length(whole) / 2 LOOP
        BEGIN
            PERFORM charmbills.transaction_txid(left(whole, 2 * n));
            INSERT INTO prefix_verdict VALUES (n, 'accepted');
        EXCEPTION WHEN SQLSTATE 'CB002' THEN
            INSERT INTO prefix_verdict VALUES (n, 'refused');
        END;
    END LOOP;
END $$;
SELECT verdict, count(*) FROM prefix_verdict GROUP BY verdict ORDER BY verdict;

-- Addresses: one witness program and one hash on every network
SELECT network, script_to_address('\x0014751e76e8199196d454941c45d1b3a323f1433bd6', network) AS p2wpkh,
       script_to_address('\x76a914751e76e8199196d454941c45d1b3a323f1433bd688ac', network) AS p2pkh,
       script_to_address('\xa914751e76e8199196d454941c45d1b3a323f1433bd687', network) AS p2sh
FROM unnest(ARRAY['mainnet', 'testnet3', 'testnet4', 'signet', 'regtest']) AS network;
SELECT network, address, address_to_script(address, network) AS script, is_valid_address(address, network)
FROM unnest(ARRAY['mainnet', 'testnet3', 'testnet4', 'signet', 'regtest']) AS network,
     script_to_address('\x5120a60869f0dbcf1dc659c9cecbaf8050135ea9e8cdc487053f1dc6880949dc684c', network) AS address;
-- An address of one network on every other
SELECT network, is_valid_address('BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4', network) AS bc,
       is_valid_address('tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx', network) AS tb,
       is_valid_address('bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080', network) AS bcrt
FROM unnest(ARRAY['mainnet', 'testnet3', 'testnet4', 'signet', 'regtest', 'nowhere']) AS network;
-- The setting is what NULL means
SELECT is_valid_address('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4');
SET charmbills.network = 'regtest';
SELECT is_valid_address('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'),
       is_valid_address('bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080', NULL),
       script_to_address('\x0014751e76e8199196d454941c45d1b3a323f1433bd6'),
       address_to_script('bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080');
SET charmbills.network = 'mainnet';
-- Scripts without an address
SELECT script, script_to_address(script) IS NULL AS none
FROM unnest(ARRAY['\x', '\x6a', '\x00', '\x0014', '\x6a0548656c6c6f',
    '\x210279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798ac',
    '\x0014751e76e8199196d454941c45d1b3a323f1433bd600']::bytea[]) AS script;
SELECT address_to_script(NULL) IS NULL, script_to_address(NULL) IS NULL, is_valid_address(NULL) IS NULL,
       address_to_script(NULL, 'nowhere') IS NULL;
-- Never an error
SELECT count(*) FILTER (WHERE is_valid_address(t)) AS valid, count(*)
FROM unnest(ARRAY['', ' ', 'x', repeat('1', 100000), repeat('z', 100000), 'bc1', 'bc1' || repeat('q', 100000), 'bc1é',
    ' bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 ',
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5', 'bC1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
    '5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ']) AS t;
SELECT address_to_script('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5');
SELECT address_to_script('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 'regtest');
SELECT address_to_script('5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ');
\set VERBOSITY sqlstate
SELECT address_to_script('');
SELECT address_to_script(repeat('z', 100000));
SELECT address_to_script('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 'nowhere');
SELECT address_to_script('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', '');
SELECT script_to_address('\x6a', 'nowhere');
\set VERBOSITY default

-- Descriptors.  The extended key is the first chain's of BIP-32; the addresses
-- of BIP-84, BIP-49 and BIP-86 come from their own test vectors.
\set xpub xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8
\set bip86 xpub6BgBgsespWvERF3LHQu6CnqdvfEvtMcQjYrcRzx53QJjSxarj2afYWcLteoGVky7D3UKDP9QyrLprQ3VCECoY49yfdDEHGCtMMj92pReUsQ
SELECT derive_address('tr(' || :'bip86' || '/0/*)') AS first_receiving,
       derive_address('tr(' || :'bip86' || '/0/*)', 1) AS second_receiving,
       derive_address('tr(' || :'bip86' || '/1/*)', 0) AS first_change;
SELECT derive_address('wpkh(02e7ab2537b5d49e970309aae06e9e49f36ce1c9febbd44ec8e0d1cca0b4f9c319)') AS one_key,
       derive_address('wpkh([73c5da0a/84h/0h/0h]0330d54fd0dd420a6e5f8d3624f5f3482cae350f79d5f0753bf5beef9c2d91af3c)') AS bip84;
SELECT derive_address('sh(wpkh(03a1af804ac108a8a51782198c2d034b28bf90c8803f5a53f76276fa69a4eae77f))', 0, 'testnet3') AS bip49;
SELECT form, derive_address(replace(form, 'KEY', :'xpub' || '/0/*'), index => 2147483647)
FROM unnest(ARRAY['pkh(KEY)', 'wpkh(KEY)', 'sh(wpkh(KEY))', 'tr(KEY)', 'wsh(sortedmulti(1,KEY))']) AS form;
SELECT network, derive_address('wpkh(02e7ab2537b5d49e970309aae06e9e49f36ce1c9febbd44ec8e0d1cca0b4f9c319)', network => network)
FROM unnest(ARRAY['mainnet', 'testnet3', 'testnet4', 'signet', 'regtest']) AS network;
SELECT * FROM preview_addresses('wpkh(' || :'xpub' || '/0/*)', 3);
SELECT count(*), count(DISTINCT address), min(index), max(index) FROM preview_addresses('wpkh(' || :'xpub' || '/0/*)', 100);
SELECT bool_and(address = derive_address('wpkh(' || :'xpub' || '/0/*)', index)) FROM preview_addresses('wpkh(' || :'xpub' || '/0/*)', 10);
SELECT * FROM preview_addresses('wpkh(02e7ab2537b5d49e970309aae06e9e49f36ce1c9febbd44ec8e0d1cca0b4f9c319)', 3, 'regtest');
SELECT count(*) FROM preview_addresses('wpkh(' || :'xpub' || '/0/*)', 0);
SELECT count(*) FROM preview_addresses(NULL, 3);
SELECT count(*) FROM preview_addresses('wpkh(' || :'xpub' || '/0/*)', NULL);
SELECT derive_address(NULL) IS NULL, derive_address('wpkh()', NULL) IS NULL, descriptor_checksum(NULL) IS NULL;
-- BIP-380's checksum, with and without
SELECT descriptor_checksum('raw(deadbeef)'), descriptor_checksum('raw(deadbeef)#89f8spxm');
SELECT derive_address(d || '#' || descriptor_checksum(d)) = derive_address(d) AS checked
FROM (SELECT 'wpkh(' || :'xpub' || '/0/*)') AS x (d);
-- Each refusal says what to type, and repeats nothing
SELECT derive_address('wpkh(xprv9s21ZrQH143K31xYSDQpPDxsXRTUcvj2iNHm5NUtrGiGG5e2DtALGdso3pGz6ssrdK4PFmM8NSpSBHNqPqm55Qn3LqFtT2emdEXVYsCzC2U/0/*)');
SELECT derive_address('wpkh(' || :'xpub' || '/0h/*)');
SELECT derive_address('wpkh(' || :'xpub' || '/*h)');
SELECT derive_address(:'xpub');
SELECT derive_address('combo(' || :'xpub' || '/*)');
SELECT derive_address('wpkh(' || :'xpub' || '/<0;1>/*)');
SELECT derive_address('wpkh(' || :'xpub' || '/0/*)#qqqqqqqq');
SELECT derive_address('wpkh(' || :'xpub' || '/0/*)', 0, 'regtest');
SELECT derive_address('wpkh(' || :'xpub' || '/0/*)', -1);
SELECT derive_address('wpkh(02e7ab2537b5d49e970309aae06e9e49f36ce1c9febbd44ec8e0d1cca0b4f9c319)', 1);
SELECT derive_address('wpkh()');
SELECT * FROM preview_addresses('wpkh(' || :'xpub' || '/0/*)', 10001);
\set VERBOSITY sqlstate
SELECT derive_address('');
SELECT derive_address('wpkh(' || :'xpub' || '/0/*');
SELECT derive_address('wpkh(02' || repeat('f', 64) || ')');
SELECT derive_address('wpkh(' || :'xpub' || '/0/*)', 0, 'nowhere');
SELECT derive_address(repeat('wsh(', 100000));
SELECT * FROM preview_addresses('wpkh(' || :'xpub' || '/0/*)', -1);
SELECT * FROM preview_addresses('wpkh(' || :'xpub' || '/0/*)', 1, 'nowhere');
SELECT * FROM preview_addresses('nonsense', 1);
SELECT descriptor_checksum('raw(deadbeef)#89f8spxn');
SELECT descriptor_checksum('raw(deadbeef)#');
SELECT descriptor_checksum('raw(déadbeef)');
SELECT descriptor_checksum('wpkh(xprv9s21ZrQH143K31xYSDQpPDxsXRTUcvj2iNHm5NUtrGiGG5e2DtALGdso3pGz6ssrdK4PFmM8NSpSBHNqPqm55Qn3LqFtT2emdEXVYsCzC2U)');
\set VERBOSITY default

-- Signed messages: BIP-322's own vectors
\set signer bc1q9vza2e8x573nczrlzms0wvx3gsqjx7vavgkx0l
\set empty AkcwRAIgM2gBAQqvZX15ZiysmKmQpDrG83avLIT492QBzLnQIxYCIBaTpOaD20qRlEylyxFSeEA2ba9YOixpX8z46TSDtS40ASECx/EgAxlkQpQ9hYjgGu6EBCPMVPwVIVJqO4XCsMvViHI=
SELECT verify_message(:'signer', '', :'empty') AS right, verify_message(:'signer', '', 'smp' || :'empty') AS prefixed,
       verify_message(:'signer', ' ', :'empty') AS other_message,
       verify_message('bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', '', :'empty') AS other_address;
-- The same key's address on the other networks
SELECT network, verify_message(script_to_address(address_to_script(:'signer', 'mainnet'), network), '', :'empty')
FROM unnest(ARRAY['testnet3', 'testnet4', 'signet', 'regtest']) AS network;
-- What is no signature proves nothing
SELECT s, verify_message(:'signer', '', s)
FROM unnest(ARRAY['', ' ', 'x', 'AAAA', '=', 'not base64!', repeat('A', 88), 'smp']) AS s;
SELECT verify_message(:'signer', '', repeat('A', 1000000));
SELECT count(*) AS accepted FROM generate_series(1, length(:'empty') - 5) AS i
WHERE verify_message(:'signer', '', overlay(:'empty' PLACING CASE substr(:'empty', i, 1) WHEN 'B' THEN 'C' ELSE 'B' END FROM i FOR 1));
SELECT verify_message(NULL, '', '') IS NULL, verify_message(:'signer', NULL, '') IS NULL, verify_message(:'signer', '', NULL) IS NULL;
SELECT verify_message('nobody', '', :'empty');
SELECT verify_message('bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3', '', :'empty');
SELECT verify_message('5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ', '', :'empty');

-- Volatility, strictness and parallel safety as documented
SELECT proname, provolatile, proisstrict, proparallel
FROM pg_proc
WHERE pronamespace = 'charmbills'::regnamespace
  AND proname IN ('outpoint', 'outpoint_txid', 'outpoint_vout', 'btc_to_sats', 'sats_to_btc', 'decode_transaction',
                  'transaction_txid', 'address_to_script', 'script_to_address', 'is_valid_address', 'derive_address',
                  'preview_addresses', 'descriptor_checksum', 'verify_message')
ORDER BY proname COLLATE "C";
