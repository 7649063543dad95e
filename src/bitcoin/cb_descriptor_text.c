/*-------------------------------------------------------------------------
 *
 * cb_descriptor_text.c
 *	  Writing descriptors: their forms, canonical text and checksum.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_address.h"
#include "cb_bip32.h"
#include "cb_descriptor_internal.h"

#include <string.h>

#define CHECKSUM_LEN 8

static void write_text(CbWriter *w, const char *text);
static void write_number(CbWriter *w, int number);
static CbResult write_key(CbWriter *w, CbDescriptorType type, const CbDescriptorKey *key, const CbNetwork *net);
static uint64_t polymod_step(uint64_t state, unsigned value);

const CbDescriptorForm cb_descriptor_forms[CB_DESCRIPTOR_NUM_TYPES] = {
	[CB_DESC_PKH] = {"pkh(", ")"},
	[CB_DESC_WPKH] = {"wpkh(", ")"},
	[CB_DESC_SH_WPKH] = {"sh(wpkh(", "))"},
	[CB_DESC_TR] = {"tr(", ")"},
	[CB_DESC_WSH_SORTEDMULTI] = {"wsh(sortedmulti(", "))"}
};

void
cb_insert_sorted(void *items, int n, const void *item, size_t size)
{
	uint8_t    *slot = (uint8_t *) items + (size_t) n * size;

	while (slot > (uint8_t *) items && memcmp(slot - size, item, size) > 0)
	{
		memcpy(slot, slot - size, size);
		slot -= size;
	}
	memcpy(slot, item, size);
}

CbResult
cb_descriptor_canonical(const CbDescriptor *desc, const CbNetwork *net, char *out, size_t capacity)
{
	CbWriter	w = cb_writer((uint8_t *) out, capacity);

	write_text(&w, cb_descriptor_forms[desc->type].open);
	if (desc->type == CB_DESC_WSH_SORTEDMULTI)
		write_number(&w, desc->threshold);
	for (int i = 0; i < desc->n_keys; i++)
	{
		CbResult	result;

		if (desc->type == CB_DESC_WSH_SORTEDMULTI)
			write_text(&w, ",");
		result = write_key(&w, desc->type, &desc->keys[i], net);
		if (result != CB_OK)
			return result;
	}
	write_text(&w, cb_descriptor_forms[desc->type].close);
	cb_write_u8(&w, '\0');
	return w.error;
}

/*
 * Each character gives five bits to the checksum as they come, and what is
 * left of it once for every three characters.
 */
CbResult
cb_descriptor_checksum(const char *text, size_t len, char out[9])
{
	/* '#' belongs to BIP-380's set too, but only ever before a checksum. */
	static const char charset[] =
	"0123456789()[],'/*abcdefgh@:$%{}"
	"IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~"
	"ijklmnopqrstuvwxyzABCDEFGH`#\"\\ ";
	uint64_t	state = 1;
	unsigned	group = 0;
	int			n_grouped = 0;

	for (size_t i = 0; i < len; i++)
	{
		const char *found = memchr(charset, text[i], sizeof(charset) - 1);
		unsigned	value;

		if (found == NULL || *found == '#')
			return CB_ERR_CHARACTER;
		value = (unsigned) (found - charset);
		state = polymod_step(state, value & 31);
		group = group * 3 + (value >> 5);
		if (++n_grouped == 3)
		{
			state = polymod_step(state, group);
			group = 0;
			n_grouped = 0;
		}
	}
	if (n_grouped > 0)
		state = polymod_step(state, group);

	for (int i = 0; i < CHECKSUM_LEN; i++)
		state = polymod_step(state, 0);
	state ^= 1;
	for (int i = 0; i < CHECKSUM_LEN; i++)
		out[i] = cb_bech32_charset[(state >> (5 * (CHECKSUM_LEN - 1 - i))) & 31];
	out[CHECKSUM_LEN] = '\0';
	return CB_OK;
}

static void
write_text(CbWriter *w, const char *text)
{
	cb_write_bytes(w, text, strlen(text));
}

/* A threshold: one or two digits. */
static void
write_number(CbWriter *w, int number)
{
	if (number >= 10)
		cb_write_u8(w, (uint8_t) ('0' + number / 10));
	cb_write_u8(w, (uint8_t) ('0' + number % 10));
}

static CbResult
write_key(CbWriter *w, CbDescriptorType type, const CbDescriptorKey *key, const CbNetwork *net)
{
	char		text[CB_XPUB_SIZE];
	size_t		skipped = (type == CB_DESC_TR) ? 1 : 0;
	CbResult	result;

	if (!key->is_ranged)
	{
		size_t		len = sizeof(key->pubkey) - skipped;

		cb_hex_encode(key->pubkey + skipped, len, text);
		cb_write_bytes(w, text, 2 * len);
		return CB_OK;
	}
	result = cb_xpub_encode(key->pubkey, key->chain_code, net, text);
	if (result != CB_OK)
		return result;
	write_text(w, text);
	write_text(w, "/*");
	return CB_OK;
}

static uint64_t
polymod_step(uint64_t state, unsigned value)
{
	static const uint64_t generator[5] = {
		UINT64_C(0xf5dee51989), UINT64_C(0xa9fdca3312), UINT64_C(0x1bab10e32d),
		UINT64_C(0x3706b1677a), UINT64_C(0x644d626ffd)
	};
	unsigned	top = (unsigned) (state >> 35);

	state = ((state & UINT64_C(0x7ffffffff)) << 5) ^ value;
	for (int i = 0; i < 5; i++)
	{
		if ((top >> i) & 1)
			state ^= generator[i];
	}
	return state;
}
