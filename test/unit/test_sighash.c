/*-------------------------------------------------------------------------
 *
 * test_sighash.c
 *	  Which signatures cover everything, in each way to spend an output.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_key_script.h"
#include "cb_sighash.h"

#include "tap.h"
#include "vectors.h"

#define MAX_BYTES 512

/* Nobody verifies them: only their length and end matter. */
#define DER "3006020101020101"
#define ALL "01"
#define NONE "02"
#define SINGLE "03"
#define ALL_ANYONE "81"
#define KEY "02" "2222222222222222222222222222222222222222222222222222222222222222"
#define OTHER_KEY "03" "3333333333333333333333333333333333333333333333333333333333333333"
#define MULTISIG "52" "21" KEY "21" OTHER_KEY "52ae"
#define SCHNORR "44444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444444"

/* A spend and the bytes it points to; an item is a text of hexadecimal. */
typedef struct Case
{
	uint8_t		script[MAX_BYTES];
	uint8_t		script_sig[MAX_BYTES];
	uint8_t		items[MAX_BYTES];
	CbSpend		spend;
} Case;

static size_t from_hex(const char *hex, uint8_t *out);
static void set_script(Case *c, const CbScriptBuf *script);
static void nest(Case *c, const CbScriptBuf *program);
static void pay_to_key(Case *c, bool witness, bool nested);
static void pay_to_multisig(Case *c, bool nested);
static void pay_to_taproot(Case *c);
static void set_script_sig(Case *c, const char *hex);
static void set_items(Case *c, const char *const *items, size_t n_items);
static void judged(const Case *c, CbResult wanted, const char *what);
static void test_pubkeyhash(void);
static void test_witness_keyhash(bool nested);
static void test_multisig(bool nested);
static void test_taproot(void);
static void test_other_program(void);
static void test_others(void);

#define SET_ITEMS(c, ...) \
	set_items(c, (const char *const[]) {__VA_ARGS__}, sizeof((const char *const[]) {__VA_ARGS__}) / sizeof(char *))

int
main(void)
{
	test_pubkeyhash();
	test_witness_keyhash(false);
	test_witness_keyhash(true);
	test_multisig(false);
	test_multisig(true);
	test_taproot();
	test_other_program();
	test_others();
	return done();
}

static size_t
from_hex(const char *hex, uint8_t *out)
{
	size_t		len = 0;

	if (cb_hex_decode(hex, strlen(hex), out, MAX_BYTES, &len) != CB_OK)
		abort();
	return len;
}

static void
set_script(Case *c, const CbScriptBuf *script)
{
	memset(c, 0, sizeof(*c));
	memcpy(c->script, script->data, script->len);
	c->spend.script = (CbSpan) {c->script, script->len};
	c->spend.items = cb_reader(c->items, 0);
}

/* The program within p2sh is the scriptSig's one push. */
static void
nest(Case *c, const CbScriptBuf *program)
{
	uint8_t		hash[20];
	CbScriptBuf script;
	CbWriter	w;

	cb_hash160(program->data, program->len, hash);
	cb_script_p2sh(hash, &script);
	set_script(c, &script);
	w = cb_writer(c->script_sig, MAX_BYTES);
	cb_write_var_bytes(&w, (CbSpan) {program->data, program->len});
	c->spend.script_sig = (CbSpan) {c->script_sig, w.len};
}

static void
pay_to_key(Case *c, bool witness, bool nested)
{
	uint8_t		key[MAX_BYTES];
	uint8_t		hash[20];
	CbScriptBuf script;

	cb_hash160(key, from_hex(KEY, key), hash);
	if (witness)
		cb_script_p2wpkh(hash, &script);
	else
		cb_script_p2pkh(hash, &script);
	if (nested)
		nest(c, &script);
	else
		set_script(c, &script);
}

static void
pay_to_multisig(Case *c, bool nested)
{
	uint8_t		multisig[MAX_BYTES];
	uint8_t		hash[32];
	CbScriptBuf script;

	cb_sha256(multisig, from_hex(MULTISIG, multisig), hash);
	cb_script_witness(0, (CbSpan) {hash, 32}, &script);
	if (nested)
		nest(c, &script);
	else
		set_script(c, &script);
}

static void
pay_to_taproot(Case *c)
{
	uint8_t		key[MAX_BYTES];
	CbScriptBuf script;

	from_hex(KEY, key);
	cb_script_witness(1, (CbSpan) {key + 1, 32}, &script);
	set_script(c, &script);
}

static void
set_script_sig(Case *c, const char *hex)
{
	c->spend.script_sig = (CbSpan) {c->script_sig, from_hex(hex, c->script_sig)};
}

static void
set_items(Case *c, const char *const *items, size_t n_items)
{
	CbWriter	w = cb_writer(c->items, MAX_BYTES);

	for (size_t i = 0; i < n_items; i++)
	{
		uint8_t		item[MAX_BYTES];

		cb_write_var_bytes(&w, (CbSpan) {item, from_hex(items[i], item)});
	}
	c->spend.n_items = n_items;
	c->spend.items = cb_reader(c->items, w.len);
}

static void
judged(const Case *c, CbResult wanted, const char *what)
{
	is_int(cb_spend_check_sighash(&c->spend), wanted, "%s", what);
}

static void
test_pubkeyhash(void)
{
	Case		c;

	pay_to_key(&c, false, false);
	judged(&c, CB_ERR_SIGNATURE, "p2pkh: not signed");
	set_script_sig(&c, "09" DER ALL "21" KEY);
	judged(&c, CB_OK, "p2pkh: everything signed");
	set_script_sig(&c, "09" DER NONE "21" KEY);
	judged(&c, CB_ERR_SIGHASH, "p2pkh: no outputs signed");
	set_script_sig(&c, "09" DER ALL_ANYONE "21" KEY);
	judged(&c, CB_ERR_SIGHASH, "p2pkh: other inputs not signed");
	set_script_sig(&c, "09" DER ALL "21" OTHER_KEY);
	judged(&c, CB_ERR_SIGNATURE, "p2pkh: another key");
	set_script_sig(&c, "09" DER ALL "21" KEY "00");
	judged(&c, CB_ERR_SIGNATURE, "p2pkh: one push more");
	set_script_sig(&c, "00" "21" KEY);
	judged(&c, CB_ERR_SIGNATURE, "p2pkh: an empty signature");
	set_script_sig(&c, "01" ALL "21" KEY);
	judged(&c, CB_ERR_SIGNATURE, "p2pkh: nothing but a hash type");
	set_script_sig(&c, "4c4a" DER SCHNORR "00" ALL "21" KEY);
	judged(&c, CB_ERR_SIGNATURE, "p2pkh: a signature of 74 bytes");
	set_script_sig(&c, "09" DER ALL "22" KEY);
	judged(&c, CB_ERR_SIGNATURE, "p2pkh: a push that is cut off");
	set_script_sig(&c, "09" DER ALL "21" KEY);
	SET_ITEMS(&c, DER ALL);
	judged(&c, CB_ERR_SIGNATURE, "p2pkh: a witness");
}

static void
test_witness_keyhash(bool nested)
{
	Case		c;

	pay_to_key(&c, true, nested);
	judged(&c, CB_ERR_SIGNATURE, "p2wpkh: not signed");
	SET_ITEMS(&c, DER ALL, KEY);
	judged(&c, CB_OK, "p2wpkh: everything signed");
	SET_ITEMS(&c, DER SINGLE, KEY);
	judged(&c, CB_ERR_SIGHASH, "p2wpkh: one output signed");
	SET_ITEMS(&c, DER "00", KEY);
	judged(&c, CB_ERR_SIGHASH, "p2wpkh: the default is for taproot only");
	SET_ITEMS(&c, DER ALL, OTHER_KEY);
	judged(&c, CB_ERR_SIGNATURE, "p2wpkh: another key");
	SET_ITEMS(&c, "", KEY);
	judged(&c, CB_ERR_SIGNATURE, "p2wpkh: an empty signature");
	SET_ITEMS(&c, DER ALL, KEY, KEY);
	judged(&c, CB_ERR_SIGNATURE, "p2wpkh: an item more");
	SET_ITEMS(&c, DER ALL, KEY);
	set_script_sig(&c, "51");
	judged(&c, nested ? CB_ERR_SIGNATURE : CB_ERR_UNSUPPORTED, "p2wpkh: another scriptSig");
}

static void
test_multisig(bool nested)
{
	Case		c;

	pay_to_multisig(&c, nested);
	judged(&c, CB_ERR_SIGNATURE, "p2wsh: not signed");
	SET_ITEMS(&c, "", DER ALL, DER ALL, MULTISIG);
	judged(&c, CB_OK, "p2wsh: everything signed by both");
	SET_ITEMS(&c, "", DER ALL, DER NONE, MULTISIG);
	judged(&c, CB_ERR_SIGHASH, "p2wsh: no outputs signed by one");
	SET_ITEMS(&c, "", DER ALL_ANYONE, DER ALL, MULTISIG);
	judged(&c, CB_ERR_SIGHASH, "p2wsh: no other inputs signed by the other");
	SET_ITEMS(&c, "", DER ALL, "", MULTISIG);
	judged(&c, CB_ERR_SIGNATURE, "p2wsh: an empty signature");
	SET_ITEMS(&c, DER ALL, DER ALL, MULTISIG);
	judged(&c, CB_ERR_SIGNATURE, "p2wsh: a signature where none belongs");
	SET_ITEMS(&c, "", MULTISIG);
	judged(&c, CB_ERR_SIGNATURE, "p2wsh: no signature");
	SET_ITEMS(&c, "", DER ALL, DER ALL, "51" "21" KEY "21" OTHER_KEY "52ae");
	judged(&c, CB_ERR_SIGNATURE, "p2wsh: another script");
}

static void
test_taproot(void)
{
	Case		c;

	pay_to_taproot(&c);
	judged(&c, CB_ERR_SIGNATURE, "p2tr: not signed");
	SET_ITEMS(&c, SCHNORR);
	judged(&c, CB_OK, "p2tr: everything signed, by default");
	SET_ITEMS(&c, SCHNORR ALL);
	judged(&c, CB_OK, "p2tr: everything signed");
	SET_ITEMS(&c, SCHNORR NONE);
	judged(&c, CB_ERR_SIGHASH, "p2tr: no outputs signed");
	SET_ITEMS(&c, SCHNORR ALL_ANYONE);
	judged(&c, CB_ERR_SIGHASH, "p2tr: other inputs not signed");
	SET_ITEMS(&c, SCHNORR "00");
	judged(&c, CB_ERR_SIGHASH, "p2tr: the default is not written");
	SET_ITEMS(&c, SCHNORR ALL ALL);
	judged(&c, CB_ERR_SIGNATURE, "p2tr: a signature too long");
	SET_ITEMS(&c, "");
	judged(&c, CB_ERR_SIGNATURE, "p2tr: an empty signature");
	SET_ITEMS(&c, SCHNORR, "50");
	judged(&c, CB_ERR_UNSUPPORTED, "p2tr: an annex");
	SET_ITEMS(&c, SCHNORR, "51", "c0" SCHNORR);
	judged(&c, CB_ERR_UNSUPPORTED, "p2tr: a script");
	SET_ITEMS(&c, SCHNORR);
	set_script_sig(&c, "51");
	judged(&c, CB_ERR_UNSUPPORTED, "p2tr: a scriptSig");
}

/* A program that the output does not name, spent by its own key. */
static void
test_other_program(void)
{
	Case		c;
	Case		other;
	uint8_t		key[MAX_BYTES];
	uint8_t		hash[20];
	CbScriptBuf script;

	cb_hash160(key, from_hex(OTHER_KEY, key), hash);
	cb_script_p2wpkh(hash, &script);
	nest(&other, &script);
	pay_to_key(&c, true, true);
	SET_ITEMS(&c, DER ALL, OTHER_KEY);
	c.spend.script_sig = other.spend.script_sig;
	judged(&c, CB_ERR_SIGNATURE, "p2sh: another program");
	other.spend.items = c.spend.items;
	other.spend.n_items = c.spend.n_items;
	judged(&other, CB_OK, "which another output names");
	c.spend.script_sig.len = 0;
	judged(&c, CB_ERR_SIGNATURE, "p2sh: no program");
	set_script_sig(&c, "0051");
	judged(&c, CB_ERR_UNSUPPORTED, "p2sh: two pushes");
}

static void
test_others(void)
{
	Case		c;
	uint8_t		script[MAX_BYTES];
	uint8_t		hash[32];
	CbScriptBuf buf;

	cb_sha256(script, from_hex("51", script), hash);
	cb_script_witness(0, (CbSpan) {hash, 32}, &buf);
	set_script(&c, &buf);
	SET_ITEMS(&c, "", DER ALL, "51");
	judged(&c, CB_ERR_UNSUPPORTED, "p2wsh of no multisig");

	pay_to_key(&c, false, true);
	SET_ITEMS(&c, DER ALL, KEY);
	judged(&c, CB_ERR_UNSUPPORTED, "p2sh of no witness program");

	buf.len = from_hex("51", buf.data);
	set_script(&c, &buf);
	judged(&c, CB_ERR_UNSUPPORTED, "an output that anyone can spend");
	cb_script_witness(2, (CbSpan) {hash, 32}, &buf);
	set_script(&c, &buf);
	SET_ITEMS(&c, SCHNORR);
	judged(&c, CB_ERR_UNSUPPORTED, "a witness of a later version");
}
