/*-------------------------------------------------------------------------
 *
 * test_bytes.c
 *	  Readers, writers and hex.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_bytes.h"

#include "tap.h"
#include "vectors.h"

static void
test_reader(void)
{
	static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	CbReader	r = cb_reader(data, sizeof(data));
	uint8_t		copy[4] = {9, 9, 9, 9};

	is_int(cb_read_u8(&r), 0x01, "u8");
	is_int(cb_read_u16(&r), 0x0302, "u16 is little-endian");
	is_int(cb_read_u32(&r), 0x07060504, "u32 is little-endian");
	is_int((int64_t) cb_read_u64(&r), 0x0f0e0d0c0b0a0908, "u64 is little-endian");
	is_int((int64_t) cb_reader_left(&r), 1, "one byte is left");
	is_int(cb_read_u16(&r), 0, "reading past the end gives zero");
	is_int(r.error, CB_ERR_TRUNCATED, "and is an error");
	is_int(cb_read_u8(&r), 0, "the error stays although a byte is left");
	is_int((int64_t) cb_reader_left(&r), 0, "a failed reader has nothing left");
	cb_read_copy(&r, copy, sizeof(copy));
	is_int(copy[0] + copy[3], 0, "a failed copy is zeroed");

	r = cb_reader(NULL, 0);
	is_int((int64_t) cb_read_bytes(&r, 0).len, 0, "nothing can be read from nothing");
	is_int(r.error, CB_OK, "without error");
	(void) cb_read_bytes(&r, SIZE_MAX);
	is_int(r.error, CB_ERR_TRUNCATED, "but the largest length is one");
}

static void
compact_size(const char *hex, uint64_t wanted, CbResult error)
{
	size_t		len;
	uint8_t    *data = hex_bytes(hex, &len);
	CbReader	r = cb_reader(data, len);
	uint64_t	got = cb_read_compact_size(&r);
	uint8_t		again[9];
	CbWriter	w = cb_writer(again, sizeof(again));

	is_int(r.error, error, "compact size %s: result", hex);
	is_int((int64_t) got, (int64_t) wanted, "compact size %s: value", hex);
	if (error == CB_OK)
	{
		cb_write_compact_size(&w, got);
		ok(w.len == len && memcmp(again, data, len) == 0, "compact size %s: written the same", hex);
	}
	free(data);
}

static void
test_compact_size(void)
{
	compact_size("00", 0, CB_OK);
	compact_size("fc", 252, CB_OK);
	compact_size("fdfd00", 253, CB_OK);
	compact_size("fdffff", 65535, CB_OK);
	compact_size("fe00000100", 65536, CB_OK);
	compact_size("feffffffff", UINT32_MAX, CB_OK);
	compact_size("ff0000000001000000", UINT64_C(1) << 32, CB_OK);
	compact_size("ffffffffffffffffff", UINT64_MAX, CB_OK);
	compact_size("fdfc00", 0, CB_ERR_NONMINIMAL);
	compact_size("fd0000", 0, CB_ERR_NONMINIMAL);
	compact_size("feffff0000", 0, CB_ERR_NONMINIMAL);
	compact_size("ffffffffff00000000", 0, CB_ERR_NONMINIMAL);
	compact_size("", 0, CB_ERR_TRUNCATED);
	compact_size("fdfd", 0, CB_ERR_TRUNCATED);
	compact_size("fe000001", 0, CB_ERR_TRUNCATED);
	compact_size("ff00000000010000", 0, CB_ERR_TRUNCATED);
}

static void
test_counts(void)
{
	static const uint8_t three[] = {3, 0, 0, 0, 0, 0, 0};
	static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2};
	CbReader	r = cb_reader(three, sizeof(three));

	is_int((int64_t) cb_read_count(&r, 2), 3, "three items of two bytes fit in six");
	r = cb_reader(three, sizeof(three));
	is_int((int64_t) cb_read_count(&r, 3), 0, "three items of three bytes do not");
	is_int(r.error, CB_ERR_COUNT, "and that is an error");
	r = cb_reader(huge, sizeof(huge));
	(void) cb_read_count(&r, 9);
	is_int(r.error, CB_ERR_COUNT, "the largest count does not overflow");
	r = cb_reader(huge, sizeof(huge));
	is_int((int64_t) cb_read_var_bytes(&r).len, 0, "nor does the largest length");
	is_int(r.error, CB_ERR_TRUNCATED, "which is truncation");
}

static void
test_writer(void)
{
	static const uint8_t wanted[] = {0xaa, 0xcc, 0xbb, 4, 3, 2, 1, 8, 7, 6, 5, 4, 3, 2, 1};
	uint8_t		data[sizeof(wanted)];
	CbWriter	w = cb_writer(data, sizeof(data));

	cb_write_u8(&w, 0xaa);
	cb_write_u16(&w, 0xbbcc);
	cb_write_u32(&w, 0x01020304);
	cb_write_u64(&w, UINT64_C(0x0102030405060708));
	is_int(w.error, CB_OK, "a writer may be filled to the brim");
	ok(w.len == sizeof(wanted) && memcmp(data, wanted, sizeof(wanted)) == 0, "little-endian");
	cb_write_bytes(&w, NULL, 0);
	is_int(w.error, CB_OK, "nothing more is no error");
	cb_write_u8(&w, 1);
	is_int(w.error, CB_ERR_CAPACITY, "one byte more is");

	w = cb_writer(data, 2);
	cb_write_compact_size(&w, 0x1234);
	is_int((int64_t) w.len, 0, "a size that does not fit is not begun");
	cb_write_u8(&w, 1);
	is_int((int64_t) w.len, 0, "nothing is written after an error");

	cb_store_le32(data, 0xfedcba98);
	is_int(data[0], 0x98, "stored little-endian");
	is_int(cb_load_le32(data), 0xfedcba98, "and loaded");
}

static void
test_hex(void)
{
	uint8_t		out[4];
	char		text[9] = {0};
	size_t		written;

	is_int(cb_hex_decode("00fFAb9", 7, out, sizeof(out), &written), CB_ERR_LENGTH, "odd hex");
	is_int(cb_hex_decode("0011223344", 10, out, sizeof(out), &written), CB_ERR_LENGTH, "hex beyond the capacity");
	is_int(cb_hex_decode("00fFAb9a", 8, out, sizeof(out), &written), CB_OK, "hex of either case");
	is_int((int64_t) written, 4, "and its length");
	cb_hex_encode(out, 4, text);
	is_str(text, "00ffab9a", "comes back in lower case");
	cb_hex_encode_reversed(out, 4, text);
	is_str(text, "9aabff00", "or reversed");
	is_int(cb_hex_decode_reversed("9aabff00", 8, out, 4), CB_OK, "reversed hex");
	is_int(out[3], 0x9a, "ends with its first byte");
	is_int(cb_hex_decode_reversed("9aabff", 6, out, 4), CB_ERR_LENGTH, "reversed hex too short");
	is_int(cb_hex_decode_reversed("9aabffzz", 8, out, 4), CB_ERR_CHARACTER, "reversed hex with other characters");
	is_int(cb_hex_decode("", 0, out, 0, &written), CB_OK, "empty hex");
	for (int c = 1; c < 256; c++)
	{
		char		digit[2] = {'0', (char) c};
		bool		is_digit = strchr("0123456789abcdefABCDEF", c) != NULL;
		CbResult	result = cb_hex_decode(digit, 2, out, sizeof(out), &written);

		if (result != (is_digit ? CB_OK : CB_ERR_CHARACTER))
			ok(false, "character %d in hex", c);
	}
}

static void
test_messages(void)
{
	for (int i = CB_OK; i <= CB_ERR_UNSUPPORTED; i++)
	{
		const char *message = cb_result_message((CbResult) i);

		ok(strlen(message) > 0 && strcmp(message, "unknown error") != 0 &&
		   message[strlen(message) - 1] != '.', "result %d has words: %s", i, message);
	}
}

int
main(void)
{
	test_reader();
	test_compact_size();
	test_counts();
	test_writer();
	test_hex();
	test_messages();
	return done();
}
