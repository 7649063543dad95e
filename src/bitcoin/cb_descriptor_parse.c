/*-------------------------------------------------------------------------
 *
 * cb_descriptor_parse.c
 *	  Reading output descriptors.
 *
 * One pass from left to right over a few fixed forms, without recursion.
 * Parsing also normalises: fixed derivation steps are taken at once, so that
 * a script later costs one step however deep its key lies, and the keys of
 * sortedmulti are sorted.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_bip32.h"
#include "cb_descriptor_internal.h"
#include "cb_hash.h"

#include <secp256k1.h>
#include <string.h>

#define CHECKSUM_LEN 8

typedef struct Cursor
{
	const char *pos;
	const char *end;
} Cursor;

static CbResult verify_checksum(const char *text, size_t len, size_t *body_len);
static CbResult parse_form(Cursor *c, CbDescriptorType *type);
static CbResult refuse_form(Cursor c);
static CbResult parse_keys(Cursor *c, const CbNetwork *net, CbDescriptor *desc);
static CbResult check_threshold(const CbDescriptor *desc);
static CbResult parse_end(Cursor *c, CbDescriptorType type);
static CbResult parse_key(Cursor *c, CbDescriptorType type, const CbNetwork *net, CbDescriptorKey *key);
static CbResult parse_origin(Cursor *c, CbDescriptorKey *key);
static CbResult parse_plain_key(const char *hex, size_t len, CbDescriptorType type, CbDescriptorKey *key);
static void begin_here(CbDescriptorKey *key);
static void add_step(CbDescriptorKey *key, uint32_t step, int limit);
static CbResult parse_path(Cursor *c, CbDescriptorKey *key);
static CbResult parse_step(Cursor *c, CbDescriptorKey *key);
static CbResult parse_number(Cursor *c, uint32_t *value);
static CbSpan take_word(Cursor *c);
static bool take_char(Cursor *c, char expected);
static bool take_text(Cursor *c, const char *expected);
static bool take_hardened_mark(Cursor *c);
static bool is_hex(const char *text, size_t len);
static bool is_name_char(char c);

CbResult
cb_descriptor_parse(const char *text, size_t len, const CbNetwork *net, CbDescriptor *desc)
{
	Cursor		c;
	size_t		body_len;
	CbResult	result;

	if (cb_text_has_private_key(text, len))
		return CB_ERR_DESCRIPTOR_PRIVATE;
	if (len > CB_DESCRIPTOR_MAX_TEXT)
		return CB_ERR_LENGTH;
	result = verify_checksum(text, len, &body_len);
	if (result != CB_OK)
		return result;

	memset(desc, 0, sizeof(*desc));
	c.pos = text;
	c.end = text + body_len;
	result = parse_form(&c, &desc->type);
	if (result == CB_OK)
		result = parse_keys(&c, net, desc);
	if (result == CB_OK)
		result = parse_end(&c, desc->type);
	if (result == CB_OK)
		result = check_threshold(desc);
	return result;
}

/* Verify the checksum, if there is one; *body_len is what stands before it. */
static CbResult
verify_checksum(const char *text, size_t len, size_t *body_len)
{
	const char *mark = (len == 0) ? NULL : memchr(text, '#', len);
	char		expected[CHECKSUM_LEN + 1];
	CbResult	result;

	*body_len = (mark == NULL) ? len : (size_t) (mark - text);
	if (mark == NULL)
		return CB_OK;

	result = cb_descriptor_checksum(text, *body_len, expected);
	if (result != CB_OK)
		return result;
	if (len - *body_len != 1 + CHECKSUM_LEN || memcmp(mark + 1, expected, CHECKSUM_LEN) != 0)
		return CB_ERR_CHECKSUM;
	return CB_OK;
}

static CbResult
parse_form(Cursor *c, CbDescriptorType *type)
{
	for (int i = 0; i < CB_DESCRIPTOR_NUM_TYPES; i++)
	{
		if (take_text(c, cb_descriptor_forms[i].open))
		{
			*type = (CbDescriptorType) i;
			return CB_OK;
		}
	}
	return refuse_form(*c);
}

/* Say what is wrong with a text that has none of the forms. */
static CbResult
refuse_form(Cursor c)
{
	const char *name = c.pos;
	CbDescriptorKey key = {.n_steps = 0};

	if (parse_origin(&c, &key) == CB_OK && cb_xpub_looks_like(c.pos, (size_t) (c.end - c.pos)))
		return CB_ERR_DESCRIPTOR_BARE_KEY;

	c.pos = name;
	while (c.pos < c.end && is_name_char(*c.pos))
		c.pos++;
	if (c.pos > name && take_char(&c, '('))
		return CB_ERR_DESCRIPTOR_TYPE;
	return CB_ERR_DESCRIPTOR;
}

static CbResult
parse_keys(Cursor *c, const CbNetwork *net, CbDescriptor *desc)
{
	bool		is_multi = (desc->type == CB_DESC_WSH_SORTEDMULTI);
	uint32_t	threshold;
	CbResult	result;

	if (is_multi)
	{
		result = parse_number(c, &threshold);
		if (result != CB_OK)
			return result == CB_ERR_INDEX ? CB_ERR_COUNT : result;
		if (!take_char(c, ','))
			return CB_ERR_DESCRIPTOR;
		desc->threshold = (int) threshold;
	}

	do
	{
		CbDescriptorKey key;

		if (desc->n_keys == CB_DESCRIPTOR_MAX_KEYS)
			return CB_ERR_UNSUPPORTED;
		memset(&key, 0, sizeof(key));
		result = parse_key(c, desc->type, net, &key);
		if (result != CB_OK)
			return result;
		cb_insert_sorted(desc->keys, desc->n_keys++, &key, sizeof(key));
		desc->is_ranged = desc->is_ranged || key.is_ranged;
	} while (is_multi && take_char(c, ','));
	return CB_OK;
}

static CbResult
check_threshold(const CbDescriptor *desc)
{
	if (desc->type != CB_DESC_WSH_SORTEDMULTI)
		return CB_OK;
	return desc->threshold >= 1 && desc->threshold <= desc->n_keys ? CB_OK : CB_ERR_COUNT;
}

static CbResult
parse_end(Cursor *c, CbDescriptorType type)
{
	/* A tree of scripts besides the key. */
	if (type == CB_DESC_TR && take_char(c, ','))
		return CB_ERR_DESCRIPTOR_TYPE;
	if (!take_text(c, cb_descriptor_forms[type].close) || c->pos != c->end)
		return CB_ERR_DESCRIPTOR;
	return CB_OK;
}

/* [origin]key/path */
static CbResult
parse_key(Cursor *c, CbDescriptorType type, const CbNetwork *net, CbDescriptorKey *key)
{
	CbSpan		word;
	bool		is_master = c->pos == c->end || *c->pos != '[';
	CbResult	result = parse_origin(c, key);

	if (result != CB_OK)
		return result;
	word = take_word(c);
	if (word.len == 0)
		return CB_ERR_DESCRIPTOR;
	if (c->pos < c->end && *c->pos == '(')
		return CB_ERR_DESCRIPTOR_TYPE;	/* a function where a key belongs */

	if (is_hex((const char *) word.data, word.len))
	{
		result = parse_plain_key((const char *) word.data, word.len, type, key);
		if (is_master)
			begin_here(key);
		if (result == CB_OK && c->pos < c->end && *c->pos == '/')
			result = CB_ERR_DESCRIPTOR;
	}
	else
	{
		result = cb_xpub_decode((const char *) word.data, word.len, net, key->pubkey, key->chain_code);
		if (is_master)
			begin_here(key);
		if (result == CB_OK)
			result = parse_path(c, key);
	}

	if (!key->is_ranged)
	{
		memset(key->chain_code, 0, sizeof(key->chain_code));
		if (type == CB_DESC_TR)
			key->pubkey[0] = CB_PUBKEY_EVEN;
	}
	return result;
}

/*
 * [fingerprint/step/...] where the key came from.  It takes no part in the
 * scripts, but signers ask for it.
 */
static CbResult
parse_origin(Cursor *c, CbDescriptorKey *key)
{
	uint32_t	step;
	size_t		written;

	if (!take_char(c, '['))
		return CB_OK;
	if (c->end - c->pos < 8 ||
		cb_hex_decode(c->pos, 8, key->fingerprint, sizeof(key->fingerprint), &written) != CB_OK)
		return CB_ERR_DESCRIPTOR;
	c->pos += 8;
	key->has_origin = true;
	while (take_char(c, '/'))
	{
		CbResult	result = parse_number(c, &step);

		if (result != CB_OK)
			return result;
		if (take_hardened_mark(c))
			step |= CB_BIP32_HARDENED;
		add_step(key, step, CB_DESCRIPTOR_MAX_ORIGIN);
	}
	return take_char(c, ']') ? CB_OK : CB_ERR_DESCRIPTOR;
}

/* A public key by itself: compressed, or by its x coordinate within tr. */
static CbResult
parse_plain_key(const char *hex, size_t len, CbDescriptorType type, CbDescriptorKey *key)
{
	secp256k1_pubkey parsed;
	size_t		written;
	CbResult	result;

	if (len == 2 * 65)
		return CB_ERR_UNSUPPORTED;
	if (len == 2 * 33)
		result = cb_hex_decode(hex, len, key->pubkey, 33, &written);
	else if (len == 2 * 32 && type == CB_DESC_TR)
	{
		key->pubkey[0] = CB_PUBKEY_EVEN;
		result = cb_hex_decode(hex, len, key->pubkey + 1, 32, &written);
	}
	else
		return CB_ERR_KEY;

	if (result != CB_OK || !secp256k1_ec_pubkey_parse(secp256k1_context_static, &parsed, key->pubkey, 33))
		return CB_ERR_KEY;
	return CB_OK;
}

/* A key of which nothing is said is its own master. */
static void
begin_here(CbDescriptorKey *key)
{
	uint8_t		key_hash[20];

	cb_hash160(key->pubkey, sizeof(key->pubkey), key_hash);
	memcpy(key->fingerprint, key_hash, sizeof(key->fingerprint));
	key->has_origin = true;
}

static void
add_step(CbDescriptorKey *key, uint32_t step, int limit)
{
	if (key->n_steps >= limit)
		key->has_origin = false;
	if (key->has_origin)
		key->path[key->n_steps++] = step;
}

static CbResult
parse_path(Cursor *c, CbDescriptorKey *key)
{
	int			n_steps = 0;

	while (take_char(c, '/'))
	{
		CbResult	result;

		if (key->is_ranged)
			return CB_ERR_DESCRIPTOR;
		result = parse_step(c, key);
		if (result != CB_OK)
			return result;
		if (!key->is_ranged && ++n_steps > CB_DESCRIPTOR_MAX_PATH)
			return CB_ERR_UNSUPPORTED;
	}
	return CB_OK;
}

/* A wildcard, or a fixed step, which is taken at once. */
static CbResult
parse_step(Cursor *c, CbDescriptorKey *key)
{
	uint32_t	index = 0;

	if (c->pos < c->end && *c->pos == '<')
		return CB_ERR_UNSUPPORTED;
	if (take_char(c, '*'))
		key->is_ranged = true;
	else
	{
		CbResult	result = parse_number(c, &index);

		if (result != CB_OK)
			return result;
	}
	if (take_hardened_mark(c))
		return CB_ERR_DESCRIPTOR_HARDENED;
	if (key->is_ranged)
		return CB_OK;
	add_step(key, index, CB_DESCRIPTOR_MAX_ORIGIN + CB_DESCRIPTOR_MAX_PATH);
	return cb_bip32_derive(key->pubkey, key->chain_code, index, key->pubkey, key->chain_code);
}

/* A decimal number below 2^31. */
static CbResult
parse_number(Cursor *c, uint32_t *value)
{
	const char *start = c->pos;
	uint64_t	number = 0;

	while (c->pos < c->end && *c->pos >= '0' && *c->pos <= '9')
	{
		number = number * 10 + (uint64_t) (*c->pos - '0');
		if (number >= CB_BIP32_HARDENED)
			return CB_ERR_INDEX;
		c->pos++;
	}
	*value = (uint32_t) number;
	return c->pos > start ? CB_OK : CB_ERR_DESCRIPTOR;
}

/* What stands before the next character that a key cannot contain. */
static CbSpan
take_word(Cursor *c)
{
	CbSpan		word = {(const uint8_t *) c->pos, 0};

	while (c->pos < c->end && memchr("/,()", *c->pos, 4) == NULL)
		c->pos++;
	word.len = (size_t) (c->pos - (const char *) word.data);
	return word;
}

static bool
take_char(Cursor *c, char expected)
{
	if (c->pos == c->end || *c->pos != expected)
		return false;
	c->pos++;
	return true;
}

static bool
take_text(Cursor *c, const char *expected)
{
	size_t		len = strlen(expected);

	if ((size_t) (c->end - c->pos) < len || memcmp(c->pos, expected, len) != 0)
		return false;
	c->pos += len;
	return true;
}

static bool
take_hardened_mark(Cursor *c)
{
	return take_char(c, '\'') || take_char(c, 'h') || take_char(c, 'H');
}

static bool
is_hex(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		if (memchr("0123456789abcdefABCDEF", text[i], 22) == NULL)
			return false;
	}
	return true;
}

/* Functions are named in small letters, digits and underscores. */
static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}
