// Signs PSBTs with the npm package "bitcoinjs-lib".  A JSON object on standard
// input names what is to be done; one on standard output answers.
//
//	{ "do": "account", "seed": HEX, "path": "m/84'/1'/0'" }	-> xpub, fingerprint
//	{ "do": "sign", "seed": HEX, "psbt": BASE64 }		-> psbt, added (signed inputs)
//	{ "do": "finalize", "psbt": BASE64 }			-> tx, after it has verified every signature
//
// sighash, of sign: a number; without one everything is signed.
'use strict';

const bitcoin = require('bitcoinjs-lib');
const ecc = require('tiny-secp256k1');
const { BIP32Factory } = require('bip32');
const { ECPairFactory } = require('ecpair');

bitcoin.initEccLib(ecc);
const ECPair = ECPairFactory(ecc);
const network = bitcoin.networks.regtest;
const question = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const root = question.seed ? BIP32Factory(ecc).fromSeed(Buffer.from(question.seed, 'hex'), network) : null;

function account()
{
	return {
		xpub: root.derivePath(question.path).neutered().toBase58(),
		fingerprint: root.fingerprint.toString('hex')
	};
}

// The keys of an input that are ours; those of taproot tweaked.
function keysOf(input)
{
	const ours = (list) => (list || []).filter((from) => from.masterFingerprint.equals(root.fingerprint));

	return [
		...ours(input.bip32Derivation).map((from) => root.derivePath(from.path)),
		...ours(input.tapBip32Derivation).map((from) => root.derivePath(from.path)
			.tweak(bitcoin.crypto.taggedHash('TapTweak', input.tapInternalKey)))
	];
}

function sign()
{
	const psbt = bitcoin.Psbt.fromBase64(question.psbt, { network });
	let added = 0;

	psbt.data.inputs.forEach((input, index) =>
	{
		const allowed = question.sighash === undefined ? undefined : [question.sighash];

		if (allowed)
			psbt.updateInput(index, { sighashType: question.sighash });
		for (const key of keysOf(input))
		{
			psbt.signInput(index, key, allowed);
			added++;
		}
	});
	return { psbt: psbt.toBase64(), added };
}

function verify(key, hash, signature)
{
	return key.length === 32
		? ecc.verifySchnorr(hash, key, signature)
		: ECPair.fromPublicKey(key, { network }).verify(hash, signature);
}

function finalize()
{
	const psbt = bitcoin.Psbt.fromBase64(question.psbt, { network });

	psbt.data.inputs.forEach((input, index) =>
	{
		if (input.finalScriptWitness || input.finalScriptSig)
			return;
		if (!psbt.validateSignaturesOfInput(index, verify))
			throw new Error(`a signature of input ${index} is wrong`);
		psbt.finalizeInput(index);
	});
	return { tx: psbt.extractTransaction(true).toHex() };
}

console.log(JSON.stringify({ account, sign, finalize }[question.do]()));
