/*-------------------------------------------------------------------------
 *
 * cb_bytes.c
 *	  Bounded reading and writing of bytes, hex, and result messages.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_bytes.h"

#include <string.h>

static uint32_t load_u32(const uint8_t *bytes);
static void write_le(CbWriter *w, uint64_t v, size_t len);
static int	hex_digit(char c);

/*
 * A switch without default, so that the compiler reports a code without
 * words.
 */
const char *
cb_result_message(CbResult result)
{
	switch (result)
	{
		case CB_OK:
			return "no error";
		case CB_ERR_TRUNCATED:
			return "input ends too early";
		case CB_ERR_TRAILING:
			return "bytes left over at the end";
		case CB_ERR_NONMINIMAL:
			return "size is not written in its shortest form";
		case CB_ERR_COUNT:
			return "impossible number of items";
		case CB_ERR_LENGTH:
			return "wrong length";
		case CB_ERR_CAPACITY:
			return "result does not fit";
		case CB_ERR_CHARACTER:
			return "invalid character";
		case CB_ERR_CHECKSUM:
			return "checksum does not match";
		case CB_ERR_NETWORK:
			return "belongs to another network";
		case CB_ERR_AMOUNT:
			return "amount out of range";
		case CB_ERR_WITNESS:
			return "superfluous or unknown witness marker";
		case CB_ERR_TX_SIZE:
			return "transaction has a forbidden size";
		case CB_ERR_BLOCK_SIZE:
			return "block is too large";
		case CB_ERR_COINBASE:
			return "coinbase is missing or misplaced";
		case CB_ERR_MERKLE_ROOT:
			return "merkle root does not match the transactions";
		case CB_ERR_MERKLE_DUPLICATE:
			return "block contains duplicated transactions";
		case CB_ERR_WITNESS_COMMITMENT:
			return "witness commitment is missing or wrong";
		case CB_ERR_TARGET:
			return "proof-of-work target is malformed or too easy";
		case CB_ERR_TARGET_CHANGE:
			return "proof-of-work target is not the one required here";
		case CB_ERR_PROOF_OF_WORK:
			return "proof of work is insufficient";
		case CB_ERR_TIME:
			return "block time is too early";
		case CB_ERR_ADDRESS:
			return "not a valid address";
		case CB_ERR_DESCRIPTOR:
			return "malformed descriptor";
		case CB_ERR_DESCRIPTOR_TYPE:
			return "descriptor function is not supported";
		case CB_ERR_DESCRIPTOR_PRIVATE:
			return "descriptor contains a private key";
		case CB_ERR_DESCRIPTOR_RANGE:
			return "wildcard is missing or misplaced";
		case CB_ERR_DESCRIPTOR_HARDENED:
			return "hardened derivation needs a private key";
		case CB_ERR_DESCRIPTOR_BARE_KEY:
			return "an extended key alone is not a descriptor";
		case CB_ERR_KEY:
			return "not a valid public key";
		case CB_ERR_INDEX:
			return "derivation index out of range";
		case CB_ERR_SIGNATURE:
			return "malformed signature";
		case CB_ERR_PSBT:
			return "malformed PSBT";
		case CB_ERR_PSBT_VERSION:
			return "PSBT is not of version 0";
		case CB_ERR_PSBT_DUPLICATE:
			return "PSBT with a duplicate key";
		case CB_ERR_PSBT_UTXO:
			return "previous transaction is not the one spent";
		case CB_ERR_PSBT_NOT_FINAL:
			return "an input is not finalized";
		case CB_ERR_PSBT_OTHER_TX:
			return "PSBTs are of different transactions";
		case CB_ERR_SIGHASH:
			return "signature does not cover the whole transaction";
		case CB_ERR_CBOR:
			return "malformed or non-canonical CBOR";
		case CB_ERR_CBOR_TYPE:
			return "CBOR value of the wrong type";
		case CB_ERR_CBOR_DEPTH:
			return "CBOR nested too deeply";
		case CB_ERR_CBOR_DUPLICATE:
			return "CBOR map with a duplicate key";
		case CB_ERR_POINT_RANGE:
			return "coordinate is not below the field's modulus";
		case CB_ERR_POINT_CURVE:
			return "point is not on the curve";
		case CB_ERR_POINT_SUBGROUP:
			return "point is not in the prime-order subgroup";
		case CB_ERR_POINT_INFINITY:
			return "point at infinity";
		case CB_ERR_POINT_ENCODING:
			return "malformed encoding of a point";
		case CB_ERR_SCALAR:
			return "public input is not below the group's order";
		case CB_ERR_PROOF:
			return "proof does not hold";
		case CB_ERR_PROOF_KEY:
			return "proof was made for another verification key";
		case CB_ERR_UNSUPPORTED:
			return "not supported";
	}
	return "unknown error";
}

/* An empty span may have no address: nothing is ever added to NULL. */
bool
cb_span_equal(CbSpan a, CbSpan b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

CbReader
cb_reader(const uint8_t *data, size_t len)
{
	CbReader	r = {data, len > 0 ? data + len : data, CB_OK};

	return r;
}

size_t
cb_reader_left(const CbReader *r)
{
	return r->error == CB_OK ? (size_t) (r->end - r->pos) : 0;
}

/* Everything that moves a reader goes through here. */
CbSpan
cb_read_bytes(CbReader *r, size_t len)
{
	CbSpan		span = {r->pos, 0};

	if (r->error != CB_OK || len == 0)
		return span;
	if (len > (size_t) (r->end - r->pos))
	{
		r->error = CB_ERR_TRUNCATED;
		return span;
	}
	span.len = len;
	r->pos += len;
	return span;
}

/* Written out, the compiler makes one load of it; of a loop it does not. */
static uint32_t
load_u32(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t) bytes[1] << 8 | (uint32_t) bytes[2] << 16 | (uint32_t) bytes[3] << 24;
}

uint8_t
cb_read_u8(CbReader *r)
{
	CbSpan		span = cb_read_bytes(r, 1);

	return span.len > 0 ? span.data[0] : 0;
}

uint16_t
cb_read_u16(CbReader *r)
{
	CbSpan		span = cb_read_bytes(r, 2);

	return span.len > 0 ? (uint16_t) (span.data[0] | span.data[1] << 8) : 0;
}

uint32_t
cb_read_u32(CbReader *r)
{
	CbSpan		span = cb_read_bytes(r, 4);

	return span.len > 0 ? load_u32(span.data) : 0;
}

uint64_t
cb_read_u64(CbReader *r)
{
	CbSpan		span = cb_read_bytes(r, 8);

	return span.len > 0 ? load_u32(span.data) | (uint64_t) load_u32(span.data + 4) << 32 : 0;
}

uint64_t
cb_read_compact_size(CbReader *r)
{
	uint8_t		first = cb_read_u8(r);
	uint64_t	v;
	uint64_t	smallest;

	switch (first)
	{
		case 0xfd:
			v = cb_read_u16(r);
			smallest = 0xfd;
			break;
		case 0xfe:
			v = cb_read_u32(r);
			smallest = UINT64_C(0x10000);
			break;
		case 0xff:
			v = cb_read_u64(r);
			smallest = UINT64_C(0x100000000);
			break;
		default:
			return first;
	}
	if (r->error == CB_OK && v < smallest)
		r->error = CB_ERR_NONMINIMAL;
	return r->error == CB_OK ? v : 0;
}

uint64_t
cb_read_count(CbReader *r, size_t min_item_size)
{
	uint64_t	count = cb_read_compact_size(r);

	if (count > cb_reader_left(r) / min_item_size)
	{
		if (r->error == CB_OK)
			r->error = CB_ERR_COUNT;
		return 0;
	}
	return count;
}

CbSpan
cb_read_var_bytes(CbReader *r)
{
	uint64_t	len = cb_read_compact_size(r);

	/* Before narrowing to size_t, which may be smaller. */
	if (len > cb_reader_left(r))
	{
		CbSpan		none = {r->pos, 0};

		if (r->error == CB_OK)
			r->error = CB_ERR_TRUNCATED;
		return none;
	}
	return cb_read_bytes(r, (size_t) len);
}

/* dst is zeroed on failure, so that it is never left undefined. */
void
cb_read_copy(CbReader *r, uint8_t *dst, size_t len)
{
	CbSpan		span = cb_read_bytes(r, len);

	if (span.len > 0)
		memcpy(dst, span.data, span.len);
	else if (len > 0)
		memset(dst, 0, len);
}

CbWriter
cb_writer(uint8_t *data, size_t capacity)
{
	CbWriter	w = {data, 0, capacity, CB_OK};

	return w;
}

void
cb_write_bytes(CbWriter *w, const void *src, size_t len)
{
	if (w->error != CB_OK || len == 0)
		return;
	if (len > w->capacity - w->len)
	{
		w->error = CB_ERR_CAPACITY;
		return;
	}
	memcpy(w->data + w->len, src, len);
	w->len += len;
}

void
cb_write_var_bytes(CbWriter *w, CbSpan bytes)
{
	cb_write_compact_size(w, bytes.len);
	cb_write_bytes(w, bytes.data, bytes.len);
}

static void
write_le(CbWriter *w, uint64_t v, size_t len)
{
	uint8_t		bytes[8];

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t) (v >> (8 * i));
	cb_write_bytes(w, bytes, len);
}

void
cb_write_u8(CbWriter *w, uint8_t v)
{
	write_le(w, v, 1);
}

void
cb_write_u16(CbWriter *w, uint16_t v)
{
	write_le(w, v, 2);
}

void
cb_write_u32(CbWriter *w, uint32_t v)
{
	write_le(w, v, 4);
}

void
cb_write_u64(CbWriter *w, uint64_t v)
{
	write_le(w, v, 8);
}

void
cb_write_compact_size(CbWriter *w, uint64_t v)
{
	uint8_t		bytes[9];
	CbWriter	whole = cb_writer(bytes, sizeof(bytes));

	if (v < 0xfd)
		cb_write_u8(&whole, (uint8_t) v);
	else if (v <= UINT16_MAX)
	{
		cb_write_u8(&whole, 0xfd);
		cb_write_u16(&whole, (uint16_t) v);
	}
	else if (v <= UINT32_MAX)
	{
		cb_write_u8(&whole, 0xfe);
		cb_write_u32(&whole, (uint32_t) v);
	}
	else
	{
		cb_write_u8(&whole, 0xff);
		cb_write_u64(&whole, v);
	}
	/* All of it or nothing. */
	cb_write_bytes(w, bytes, whole.len);
}

uint32_t
cb_load_le32(const uint8_t *p)
{
	return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}

void
cb_store_le32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t) (v >> (8 * i));
}

/* Value of a hex digit, or -1; no locale has a say in it. */
static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

CbResult
cb_hex_decode(const char *hex, size_t hex_len, uint8_t *out, size_t capacity, size_t *written)
{
	*written = 0;
	if (hex_len % 2 != 0 || hex_len / 2 > capacity)
		return CB_ERR_LENGTH;
	for (size_t i = 0; i < hex_len / 2; i++)
	{
		int			high = hex_digit(hex[2 * i]);
		int			low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return CB_ERR_CHARACTER;
		out[i] = (uint8_t) (high << 4 | low);
	}
	*written = hex_len / 2;
	return CB_OK;
}

void
cb_hex_encode(const uint8_t *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++)
	{
		out[2 * i] = digits[data[i] >> 4];
		out[2 * i + 1] = digits[data[i] & 0x0f];
	}
}

CbResult
cb_hex_decode_reversed(const char *hex, size_t hex_len, uint8_t *out, size_t len)
{
	size_t		written;
	CbResult	result;

	if (hex_len != 2 * len)
		return CB_ERR_LENGTH;
	result = cb_hex_decode(hex, hex_len, out, len, &written);
	if (result != CB_OK)
		return result;
	for (size_t i = 0; i < len / 2; i++)
	{
		uint8_t		swap = out[i];

		out[i] = out[len - 1 - i];
		out[len - 1 - i] = swap;
	}
	return CB_OK;
}

void
cb_hex_encode_reversed(const uint8_t *data, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		cb_hex_encode(&data[len - 1 - i], 1, out + 2 * i);
}
