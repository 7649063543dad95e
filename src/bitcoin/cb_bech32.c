/*-------------------------------------------------------------------------
 *
 * cb_bech32.c
 *	  Segwit addresses: bech32 (BIP-173) for witness version 0, bech32m
 *	  (BIP-350) for all later ones.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_address.h"

#include <string.h>

#define BECH32_MAX_TEXT 90
#define CHECKSUM_SIZE 6
#define MAX_PROGRAM 40

/* What the checksum polynomial leaves for a right text. */
#define BECH32_RESIDUE UINT32_C(1)
#define BECH32M_RESIDUE UINT32_C(0x2bc830a3)

const char	cb_bech32_charset[33] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static CbResult fold_case(const char *text, size_t text_len, char folded[BECH32_MAX_TEXT]);
static CbResult read_symbols(const char *text, size_t text_len, uint8_t *symbols);
static uint32_t polymod_step(uint32_t state, uint8_t value);
static uint32_t polymod(const char *hrp, size_t hrp_len, const uint8_t *symbols, size_t n_symbols);
static uint32_t residue_of_version(int version);
static bool is_program(int version, size_t program_len);
static CbResult unpack_program(const uint8_t *symbols, size_t n_symbols, uint8_t program[MAX_PROGRAM], size_t *program_len);
static void pack_program(CbSpan program, uint8_t *symbols);

CbResult
cb_segwit_decode(const char *hrp, const char *text, size_t text_len, int *version, uint8_t program[40], size_t *program_len)
{
	char		folded[BECH32_MAX_TEXT];
	uint8_t		symbols[BECH32_MAX_TEXT];
	size_t		hrp_len = strlen(hrp);
	size_t		n_symbols;
	CbResult	result;

	/* hrp, separator, version, checksum at least */
	if (text_len > BECH32_MAX_TEXT || text_len < hrp_len + 2 + CHECKSUM_SIZE)
		return CB_ERR_LENGTH;
	result = fold_case(text, text_len, folded);
	if (result != CB_OK)
		return result;
	if (memcmp(folded, hrp, hrp_len) != 0 || folded[hrp_len] != '1')
		return CB_ERR_ADDRESS;

	n_symbols = text_len - hrp_len - 1;
	result = read_symbols(folded + hrp_len + 1, n_symbols, symbols);
	if (result != CB_OK)
		return result;
	if (polymod(hrp, hrp_len, symbols, n_symbols) != residue_of_version(symbols[0]))
		return CB_ERR_CHECKSUM;

	result = unpack_program(symbols + 1, n_symbols - 1 - CHECKSUM_SIZE, program, program_len);
	if (result != CB_OK)
		return result;
	*version = symbols[0];
	return is_program(*version, *program_len) ? CB_OK : CB_ERR_ADDRESS;
}

CbResult
cb_segwit_encode(const char *hrp, int version, CbSpan program, char out[CB_ADDRESS_SIZE])
{
	uint8_t		symbols[BECH32_MAX_TEXT] = {0};
	size_t		hrp_len = strlen(hrp);
	size_t		n_symbols;
	uint32_t	residue;

	if (!is_program(version, program.len))
		return CB_ERR_ADDRESS;
	n_symbols = 1 + (program.len * 8 + 4) / 5 + CHECKSUM_SIZE;
	if (hrp_len + 1 + n_symbols > BECH32_MAX_TEXT)
		return CB_ERR_LENGTH;

	symbols[0] = (uint8_t) version;
	pack_program(program, symbols + 1);
	/* The last six symbols are still zero: they take what is missing. */
	residue = polymod(hrp, hrp_len, symbols, n_symbols) ^ residue_of_version(version);
	for (int i = 0; i < CHECKSUM_SIZE; i++)
		symbols[n_symbols - 1 - i] = (residue >> (5 * i)) & 31;

	memcpy(out, hrp, hrp_len);
	out[hrp_len] = '1';
	for (size_t i = 0; i < n_symbols; i++)
		out[hrp_len + 1 + i] = cb_bech32_charset[symbols[i]];
	out[hrp_len + 1 + n_symbols] = '\0';
	return CB_OK;
}

/* Lower case of a text that is not of mixed case. */
static CbResult
fold_case(const char *text, size_t text_len, char folded[BECH32_MAX_TEXT])
{
	bool		has_lower = false;
	bool		has_upper = false;

	for (size_t i = 0; i < text_len; i++)
	{
		char		c = text[i];

		if (c >= 'a' && c <= 'z')
			has_lower = true;
		else if (c >= 'A' && c <= 'Z')
		{
			has_upper = true;
			c = (char) (c - 'A' + 'a');
		}
		folded[i] = c;
	}
	return has_lower && has_upper ? CB_ERR_CHARACTER : CB_OK;
}

static CbResult
read_symbols(const char *text, size_t text_len, uint8_t *symbols)
{
	for (size_t i = 0; i < text_len; i++)
	{
		const char *found = (text[i] == '\0') ? NULL : strchr(cb_bech32_charset, text[i]);

		if (found == NULL)
			return CB_ERR_CHARACTER;
		symbols[i] = (uint8_t) (found - cb_bech32_charset);
	}
	return CB_OK;
}

static uint32_t
polymod_step(uint32_t state, uint8_t value)
{
	static const uint32_t generator[5] = {
		0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3
	};
	uint32_t	top = state >> 25;

	state = ((state & 0x1ffffff) << 5) ^ value;
	for (int i = 0; i < 5; i++)
	{
		if ((top >> i) & 1)
			state ^= generator[i];
	}
	return state;
}

/* Over the human-readable part, expanded as BIP-173 says, and the symbols. */
static uint32_t
polymod(const char *hrp, size_t hrp_len, const uint8_t *symbols, size_t n_symbols)
{
	uint32_t	state = 1;

	for (size_t i = 0; i < hrp_len; i++)
		state = polymod_step(state, (uint8_t) hrp[i] >> 5);
	state = polymod_step(state, 0);
	for (size_t i = 0; i < hrp_len; i++)
		state = polymod_step(state, (uint8_t) hrp[i] & 31);
	for (size_t i = 0; i < n_symbols; i++)
		state = polymod_step(state, symbols[i]);
	return state;
}

static uint32_t
residue_of_version(int version)
{
	return version == 0 ? BECH32_RESIDUE : BECH32M_RESIDUE;
}

static bool
is_program(int version, size_t program_len)
{
	if (version < 0 || version > 16 || program_len < 2 || program_len > MAX_PROGRAM)
		return false;
	return version != 0 || program_len == 20 || program_len == 32;
}

/* Five-bit symbols to bytes; what is left over must be short and zero. */
static CbResult
unpack_program(const uint8_t *symbols, size_t n_symbols, uint8_t program[MAX_PROGRAM], size_t *program_len)
{
	uint32_t	bits = 0;
	int			n_bits = 0;
	size_t		len = 0;

	for (size_t i = 0; i < n_symbols; i++)
	{
		bits = (bits << 5) | symbols[i];
		n_bits += 5;
		if (n_bits >= 8)
		{
			n_bits -= 8;
			if (len == MAX_PROGRAM)
				return CB_ERR_ADDRESS;
			program[len++] = (uint8_t) (bits >> n_bits);
			bits &= (UINT32_C(1) << n_bits) - 1;
		}
	}
	if (n_bits > 4 || bits != 0)
		return CB_ERR_ADDRESS;
	*program_len = len;
	return CB_OK;
}

/* Bytes to five-bit symbols, the last one padded with zeros. */
static void
pack_program(CbSpan program, uint8_t *symbols)
{
	uint32_t	bits = 0;
	int			n_bits = 0;
	size_t		n = 0;

	for (size_t i = 0; i < program.len; i++)
	{
		bits = ((bits << 8) | program.data[i]) & 0xfff;
		n_bits += 8;
		while (n_bits >= 5)
		{
			n_bits -= 5;
			symbols[n++] = (bits >> n_bits) & 31;
		}
	}
	if (n_bits > 0)
		symbols[n] = (uint8_t) (bits << (5 - n_bits)) & 31;
}
