/*-------------------------------------------------------------------------
 *
 * test_cbor.c
 *	  CBOR: the examples of RFC 8949's appendix A, the rules of canonical
 *	  form, what is malformed, and what is written.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "charms/cb_cbor.h"

#include "tap.h"
#include "vectors.h"

/* An example, and whether it is canonical too. */
typedef struct Example
{
	const char *hex;
	bool		canonical;
	const char *what;
} Example;

static CbResult read_hex(const char *hex, CbCborRules rules);
static bool read_head_of(const char *hex, CbCborHead *head);
static void test_examples(void);
static void test_integers(void);
static void test_floats(void);
static void refused(const char *hex, CbCborRules rules, CbResult wanted, const char *what);
static void test_malformed(void);
static void test_not_canonical(void);
static void test_utf8(void);
static void test_duplicates(void);
static void test_many_keys(void);
static void test_depth(void);
static void test_typed(void);
static void test_find(void);
static void wrote(const CbWriter *w, const char *hex, const char *what);
static void test_writing(void);

int
main(void)
{
	test_examples();
	test_integers();
	test_floats();
	test_malformed();
	test_not_canonical();
	test_utf8();
	test_duplicates();
	test_many_keys();
	test_depth();
	test_typed();
	test_find();
	test_writing();
	return done();
}

/* The whole of a text as one item, in a buffer of exactly its size. */
static CbResult
read_hex(const char *hex, CbCborRules rules)
{
	size_t		len;
	uint8_t    *data = hex_bytes(hex, &len);
	CbReader	r = cb_reader(data, len);
	CbSpan		item = cb_cbor_read_item(&r, rules);
	CbResult	result = r.error;

	if (result == CB_OK && cb_reader_left(&r) > 0)
		result = CB_ERR_TRAILING;
	if (result == CB_OK && (item.data != data || item.len != len))
		result = CB_ERR_LENGTH;
	free(data);
	return result;
}

static bool
read_head_of(const char *hex, CbCborHead *head)
{
	size_t		len;
	uint8_t    *data = hex_bytes(hex, &len);
	CbReader	r = cb_reader(data, len);
	bool		read = cb_cbor_read_head(&r, head) && cb_reader_left(&r) == 0;

	free(data);
	return read;
}

/* RFC 8949, appendix A, in its order. */
static const Example examples[] = {
	{"00", true, "0"}, {"01", true, "1"}, {"0a", true, "10"}, {"17", true, "23"}, {"1818", true, "24"},
	{"1819", true, "25"}, {"1864", true, "100"}, {"1903e8", true, "1000"}, {"1a000f4240", true, "1000000"},
	{"1b000000e8d4a51000", true, "1000000000000"}, {"1bffffffffffffffff", true, "18446744073709551615"},
	{"c249010000000000000000", true, "18446744073709551616"}, {"3bffffffffffffffff", true, "-18446744073709551616"},
	{"c349010000000000000000", true, "-18446744073709551617"}, {"20", true, "-1"}, {"29", true, "-10"},
	{"3863", true, "-100"}, {"3903e7", true, "-1000"},
	{"f90000", true, "0.0"}, {"f98000", true, "-0.0"}, {"f93c00", true, "1.0"}, {"fb3ff199999999999a", true, "1.1"},
	{"f93e00", true, "1.5"}, {"f97bff", true, "65504.0"}, {"fa47c35000", true, "100000.0"},
	{"fa7f7fffff", true, "3.4028234663852886e+38"}, {"fb7e37e43c8800759c", true, "1.0e+300"},
	{"f90001", true, "5.960464477539063e-8"}, {"f90400", true, "0.00006103515625"}, {"f9c400", true, "-4.0"},
	{"fbc010666666666666", true, "-4.1"}, {"f97c00", true, "Infinity"}, {"f97e00", true, "NaN"},
	{"f9fc00", true, "-Infinity"}, {"fa7f800000", false, "Infinity in 32 bits"}, {"fa7fc00000", false, "NaN in 32 bits"},
	{"faff800000", false, "-Infinity in 32 bits"}, {"fb7ff0000000000000", false, "Infinity in 64 bits"},
	{"fb7ff8000000000000", false, "NaN in 64 bits"}, {"fbfff0000000000000", false, "-Infinity in 64 bits"},
	{"f4", true, "false"}, {"f5", true, "true"}, {"f6", true, "null"}, {"f7", false, "undefined"},
	{"f0", false, "simple(16)"}, {"f8ff", false, "simple(255)"},
	{"c074323031332d30332d32315432303a30343a30305a", false, "a date"}, {"c11a514b67b0", false, "a time"},
	{"c1fb41d452d9ec200000", false, "a time with a fraction"}, {"d74401020304", false, "bytes meant in base16"},
	{"d818456449455446", false, "encoded CBOR"},
	{"d82076687474703a2f2f7777772e6578616d706c652e636f6d", false, "an address of the web"},
	{"40", true, "no bytes"}, {"4401020304", true, "four bytes"}, {"60", true, "no text"}, {"6161", true, "a"},
	{"6449455446", true, "IETF"}, {"62225c", true, "a quote and a backslash"}, {"62c3bc", true, "U+00FC"},
	{"63e6b0b4", true, "U+6C34"}, {"64f0908591", true, "U+10151"},
	{"80", true, "[]"}, {"83010203", true, "[1, 2, 3]"}, {"8301820203820405", true, "[1, [2, 3], [4, 5]]"},
	{"98190102030405060708090a0b0c0d0e0f101112131415161718181819", true, "[1 to 25]"},
	{"a0", true, "{}"}, {"a201020304", true, "{1: 2, 3: 4}"}, {"a26161016162820203", true, "{a: 1, b: [2, 3]}"},
	{"826161a161626163", true, "[a, {b: c}]"},
	{"a56161614161626142616361436164614461656145", true, "{a: A to e: E}"},
	{"5f42010243030405ff", false, "bytes in chunks"}, {"7f657374726561646d696e67ff", false, "text in chunks"},
	{"9fff", false, "[_ ]"}, {"9f018202039f0405ffff", false, "[_ 1, [2, 3], [_ 4, 5]]"},
	{"9f01820203820405ff", false, "[_ 1, [2, 3], [4, 5]]"}, {"83018202039f0405ff", false, "[1, [2, 3], [_ 4, 5]]"},
	{"83019f0203ff820405", false, "[1, [_ 2, 3], [4, 5]]"},
	{"9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff", false, "[_ 1 to 25]"},
	{"bf61610161629f0203ffff", false, "{_ a: 1, b: [_ 2, 3]}"}, {"826161bf61626163ff", false, "[a, {_ b: c}]"},
	{"bf6346756ef563416d7421ff", false, "{_ Fun: true, Amt: -2}"},
};

static void
test_examples(void)
{
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
	{
		const Example *example = &examples[i];
		size_t		len = strlen(example->hex);
		bool		cut_refused = true;

		is_int(read_hex(example->hex, CB_CBOR_WELL_FORMED), CB_OK, "%s is well formed", example->what);
		is_int(read_hex(example->hex, CB_CBOR_CANONICAL) == CB_OK, example->canonical,
			   "%s is %scanonical", example->what, example->canonical ? "" : "not ");
		for (size_t cut = 0; cut < len; cut += 2)
		{
			char		part[64];

			snprintf(part, sizeof(part), "%.*s", (int) cut, example->hex);
			if (read_hex(part, CB_CBOR_WELL_FORMED) != CB_ERR_TRUNCATED)
				cut_refused = false;
		}
		ok(cut_refused, "%s is refused wherever it is cut", example->what);
	}
}

static void
test_integers(void)
{
	static const struct
	{
		const char *hex;
		CbCborType	type;
		uint64_t	value;
	}			cases[] = {
		{"17", CB_CBOR_UNSIGNED, 23}, {"1818", CB_CBOR_UNSIGNED, 24}, {"18ff", CB_CBOR_UNSIGNED, 255},
		{"190100", CB_CBOR_UNSIGNED, 256}, {"19ffff", CB_CBOR_UNSIGNED, 65535},
		{"1a00010000", CB_CBOR_UNSIGNED, 65536}, {"1affffffff", CB_CBOR_UNSIGNED, UINT32_MAX},
		{"1b0000000100000000", CB_CBOR_UNSIGNED, UINT64_C(0x100000000)},
		{"1bffffffffffffffff", CB_CBOR_UNSIGNED, UINT64_MAX},
		{"20", CB_CBOR_NEGATIVE, 0}, {"3903e7", CB_CBOR_NEGATIVE, 999},
		{"3bffffffffffffffff", CB_CBOR_NEGATIVE, UINT64_MAX}, {"c2", CB_CBOR_TAG, 2},
		{"f5", CB_CBOR_SIMPLE, CB_CBOR_TRUE}, {"f8ff", CB_CBOR_SIMPLE, 255}, {"ff", CB_CBOR_BREAK, 31},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		CbCborHead	head;

		ok(read_head_of(cases[i].hex, &head) && head.type == cases[i].type && head.value == cases[i].value,
		   "head %s has its type and value", cases[i].hex);
	}
}

static void
test_floats(void)
{
	static const struct
	{
		const char *hex;
		double		value;
	}			cases[] = {
		{"f90000", 0.0}, {"f93c00", 1.0}, {"f93e00", 1.5}, {"f97bff", 65504.0}, {"f90001", 5.960464477539063e-8},
		{"f903ff", 6.097555160522461e-5}, {"f90400", 0.00006103515625}, {"f9c400", -4.0},
		{"fa47c35000", 100000.0}, {"fa7f7fffff", 3.4028234663852886e+38}, {"fa00000001", 1.401298464324817e-45},
		{"fb3ff199999999999a", 1.1}, {"fb7e37e43c8800759c", 1.0e+300}, {"fbc010666666666666", -4.1},
	};
	CbCborHead	head;
	double		infinity;
	double		nan;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ok(read_head_of(cases[i].hex, &head) && cb_cbor_float(&head) == cases[i].value, "float %s is %g", cases[i].hex, cases[i].value);
	read_head_of("f97c00", &head);
	infinity = cb_cbor_float(&head);
	ok(infinity > 1.0e+308 && infinity == infinity + 1, "infinity is infinite");
	read_head_of("f97e00", &head);
	nan = cb_cbor_float(&head);
	ok(nan != nan, "not a number is none");
	read_head_of("f98000", &head);
	ok(1 / cb_cbor_float(&head) < 0, "minus zero keeps its sign");
}

static void
refused(const char *hex, CbCborRules rules, CbResult wanted, const char *what)
{
	is_int(read_hex(hex, rules), wanted, "refused: %s", what);
}

static void
test_malformed(void)
{
	static const CbCborRules any = CB_CBOR_WELL_FORMED;

	refused("", any, CB_ERR_TRUNCATED, "nothing");
	refused("1c", any, CB_ERR_CBOR, "a reserved length");
	refused("fe", any, CB_ERR_CBOR, "a reserved simple value");
	refused("1f", any, CB_ERR_CBOR, "an integer of indefinite length");
	refused("df00", any, CB_ERR_CBOR, "a tag of indefinite length");
	refused("ff", any, CB_ERR_CBOR, "a break alone");
	refused("81ff", any, CB_ERR_CBOR, "a break in an array of a known length");
	refused("c1ff", any, CB_ERR_CBOR, "a break after a tag");
	refused("9fc1ff", any, CB_ERR_CBOR, "a break after a tag in an array");
	refused("bf00ff", any, CB_ERR_CBOR, "a key without a value");
	refused("f810", any, CB_ERR_CBOR, "a small simple value in two bytes");
	refused("5f00ff", any, CB_ERR_CBOR, "a number among chunks");
	refused("5f6161ff", any, CB_ERR_CBOR, "text among chunks of bytes");
	refused("7f4161ff", any, CB_ERR_CBOR, "bytes among chunks of text");
	refused("5f5f4100ffff", any, CB_ERR_CBOR, "chunks in chunks");
	refused("7f61c361bcff", any, CB_ERR_CHARACTER, "a character across two chunks");
	refused("0000", any, CB_ERR_TRAILING, "two items");
	refused("9bffffffffffffffff", any, CB_ERR_TRUNCATED, "an endless array");
	refused("9b8000000000000000", any, CB_ERR_TRUNCATED, "a long array");
	refused("bb8000000000000000", any, CB_ERR_TRUNCATED, "a map whose items overflow");
	refused("bb800000000000000000", any, CB_ERR_TRUNCATED, "the same with a byte of it");
	refused("5bffffffffffffffff00", any, CB_ERR_TRUNCATED, "endless bytes");
	refused("7bffffffffffffffff00", any, CB_ERR_TRUNCATED, "endless text");
}

static void
test_not_canonical(void)
{
	static const char *const heads[] = {
		"1817", "190017", "1900ff", "1a000000ff", "1a0000ffff", "1b00000000ffffffff", "3800", "5800", "780161",
		"9800", "b800", "fa00000000", "fa3fc00000", "fa33800000", "fb0000000000000000", "fb3ff8000000000000",
		"fb3ff0000020000000", "fb36a0000000000000", "f97e01", "f9fe00", "fb7ff8000000000001", "d90002490100000000000000" "00",
		"c24101", "c2480100000000000000", "c249000000000000000001", "c25101000000000000000000000000000000" "0000",
		"c201", "c2826161", "c1" "00",
	};

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
	{
		is_int(read_hex(heads[i], CB_CBOR_CANONICAL) == CB_OK, false, "%s is not canonical", heads[i]);
	}
	is_int(read_hex("fb3690000000000000", CB_CBOR_CANONICAL), CB_OK, "a float too small for 32 bits takes 64");
	is_int(read_hex("fa38800001", CB_CBOR_CANONICAL), CB_OK, "a float too fine for 16 bits takes 32");
	is_int(read_hex("fb3ff0000010000000", CB_CBOR_CANONICAL), CB_OK, "a float too fine for 32 bits takes 64");
	is_int(read_hex("fa47800000", CB_CBOR_CANONICAL), CB_OK, "a float too large for 16 bits takes 32");
	is_int(read_hex("c250ffffffffffffffffffffffffffffffff", CB_CBOR_CANONICAL), CB_OK, "an integer of 128 bits");
}

static void
test_utf8(void)
{
	static const char *const bad[] = {
		"6180", "61c3", "62c328", "62c080", "62c1bf", "63e08080", "63eda080", "63edbfbf", "63e6b0", "64f0808080",
		"64f4908080", "64f5808080", "61ff",
	};
	static const char *const good[] = {"617f", "62c280", "63e0a080", "63ed9fbf", "63ee8080", "64f0908080", "64f48fbfbf", "6100"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		/* One is cut by its own length. */
		ok(read_hex(bad[i], CB_CBOR_WELL_FORMED) != CB_OK, "%s is no text", bad[i]);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		is_int(read_hex(good[i], CB_CBOR_WELL_FORMED), CB_OK, "%s is text", good[i]);
}

static void
test_duplicates(void)
{
	is_int(read_hex("a201000100", CB_CBOR_WELL_FORMED), CB_OK, "a key may come twice by RFC 8949's grammar");
	refused("a201000100", CB_CBOR_CANONICAL, CB_ERR_CBOR_DUPLICATE, "a number twice as key");
	refused("a3616100616201616102", CB_CBOR_CANONICAL, CB_ERR_CBOR_DUPLICATE, "a text twice as key");
	refused("8181a2820102008201" "0200", CB_CBOR_CANONICAL, CB_ERR_CBOR_DUPLICATE, "an array twice as key, deep within");
	refused("a100a201000100", CB_CBOR_CANONICAL, CB_ERR_CBOR_DUPLICATE, "a key twice within a value");
	refused("a1a20100010000", CB_CBOR_CANONICAL, CB_ERR_CBOR_DUPLICATE, "a key twice within a key");
	refused("a3a1010200" "03a10102" "a1010200", CB_CBOR_CANONICAL, CB_ERR_CBOR_DUPLICATE, "a map twice as key");
	is_int(read_hex("a201a201000200" "02a2010002" "00", CB_CBOR_CANONICAL), CB_OK, "keys that come again in values");
	is_int(read_hex("a2616100626161" "00", CB_CBOR_CANONICAL), CB_OK, "keys of which one begins the other");
	is_int(read_hex("a2010001", CB_CBOR_CANONICAL), CB_ERR_TRUNCATED, "a map that ends among its keys");
}

/* As many keys as are looked at, and one more. */
static void
test_many_keys(void)
{
	static uint8_t data[4 * (CB_CBOR_MAX_KEYS + 2)];

	for (uint64_t n = CB_CBOR_MAX_KEYS; n <= CB_CBOR_MAX_KEYS + 1; n++)
	{
		CbWriter	buffer = cb_writer(data, sizeof(data));
		CbCborWriter w = cb_cbor_writer(&buffer);
		CbReader	r;

		cb_cbor_write_map(&w, n);
		for (uint64_t i = 0; i < n; i++)
		{
			cb_cbor_write_uint(&w, i);
			cb_cbor_write_null(&w);
		}
		is_int(buffer.error, CB_OK, "a map of %d entries is written", (int) n);
		r = cb_reader(data, buffer.len);
		cb_cbor_read_item(&r, CB_CBOR_WELL_FORMED);
		is_int(r.error, CB_OK, "is well formed");
		r = cb_reader(data, buffer.len);
		cb_cbor_read_item(&r, CB_CBOR_CANONICAL);
		is_int(r.error, n > CB_CBOR_MAX_KEYS ? CB_ERR_COUNT : CB_OK, "and read by the rules up to the limit");
	}
}

static void
test_depth(void)
{
	static const uint8_t openings[] = {0x81, 0x9f, 0xc1, 0xa1};

	for (size_t i = 0; i < sizeof(openings); i++)
	{
		uint8_t		data[2 * CB_CBOR_MAX_DEPTH + 4];
		CbReader	r;

		/* A map's first key opens the next. */
		memset(data, openings[i], sizeof(data));
		r = cb_reader(data, sizeof(data));
		cb_cbor_read_item(&r, CB_CBOR_WELL_FORMED);
		is_int(r.error, CB_ERR_CBOR_DEPTH, "refused: %02x within itself without end", openings[i]);
		if (openings[i] != 0x81)
			continue;
		data[CB_CBOR_MAX_DEPTH] = 0;
		r = cb_reader(data, CB_CBOR_MAX_DEPTH + 1);
		cb_cbor_read_item(&r, CB_CBOR_CANONICAL);
		is_int(r.error, CB_OK, "as deep as it may be");
		data[CB_CBOR_MAX_DEPTH] = 0x80;
		r = cb_reader(data, CB_CBOR_MAX_DEPTH + 1);
		cb_cbor_read_item(&r, CB_CBOR_CANONICAL);
		is_int(r.error, CB_OK, "with an empty array there");
	}
}

static void
test_typed(void)
{
	static const uint8_t sequence[] = {0x18, 0x2a, 0x42, 1, 2, 0x62, 'o', 'k', 0x82, 1, 0x18, 200, 0xa1, 1, 2, 0xf5, 0xf6};
	CbReader	r = cb_reader(sequence, sizeof(sequence));
	uint8_t		bytes[2];
	CbSpan		span;

	is_int((int64_t) cb_cbor_read_uint(&r), 42, "an integer");
	span = cb_cbor_read_bytes(&r);
	ok(span.len == 2 && span.data[1] == 2, "bytes");
	ok(cb_cbor_next_is(&r, CB_CBOR_TEXT) && !cb_cbor_next_is(&r, CB_CBOR_BYTES), "text is next");
	span = cb_cbor_read_text(&r);
	ok(span.len == 2 && memcmp(span.data, "ok", 2) == 0, "text");
	cb_cbor_read_byte_array(&r, bytes, 2);
	ok(bytes[0] == 1 && bytes[1] == 200, "an array of bytes");
	is_int((int64_t) cb_cbor_read_map(&r), 1, "a map");
	is_int((int64_t) cb_cbor_read_uint(&r), 1, "its key");
	is_int((int64_t) cb_cbor_read_uint(&r), 2, "its value");
	ok(cb_cbor_read_bool(&r), "true");
	is_int(r.error, CB_OK, "without an error");
	cb_cbor_read_bool(&r);
	is_int(r.error, CB_ERR_CBOR_TYPE, "null is neither true nor false");
	is_int((int64_t) cb_cbor_read_uint(&r), 0, "and nothing is read after it");
	ok(!cb_cbor_next_is(&r, CB_CBOR_SIMPLE), "nor seen");

	r = cb_reader((const uint8_t *) "\x82\x01\x19\x01\x00", 5);
	cb_cbor_read_byte_array(&r, bytes, 2);
	is_int(r.error, CB_ERR_CBOR_TYPE, "256 is no byte");
	r = cb_reader((const uint8_t *) "\x83\x01\x02\x03", 4);
	cb_cbor_read_byte_array(&r, bytes, 2);
	is_int(r.error, CB_ERR_LENGTH, "three are not two");
	r = cb_reader((const uint8_t *) "\x18\x01", 2);
	cb_cbor_read_uint(&r);
	is_int(r.error, CB_ERR_CBOR, "an integer that is longer than it need be");
	r = cb_reader((const uint8_t *) "\x9f\xff", 2);
	cb_cbor_read_array(&r);
	is_int(r.error, CB_ERR_CBOR, "an array without a length");
	r = cb_reader((const uint8_t *) "\x84\x01\x02\x03", 4);
	cb_cbor_read_array(&r);
	is_int(r.error, CB_ERR_TRUNCATED, "an array of more than there is");
	r = cb_reader((const uint8_t *) "\xa2\x01\x02\x03", 4);
	cb_cbor_read_map(&r);
	is_int(r.error, CB_ERR_TRUNCATED, "a map of more than there is");
	r = cb_reader((const uint8_t *) "\x61\x80", 2);
	cb_cbor_read_text(&r);
	is_int(r.error, CB_ERR_CHARACTER, "text that is none");
}

static void
test_find(void)
{
	/* {"ab": 1, 5: [0], "a": "x"} */
	static const uint8_t bytes[] = {0xa3, 0x62, 'a', 'b', 1, 5, 0x81, 0, 0x61, 'a', 0x61, 'x'};
	CbSpan		map = {bytes, sizeof(bytes)};
	CbSpan		number = {bytes + 4, 1};
	CbSpan		value;

	ok(cb_cbor_find(map, "ab", &value) && value.len == 1 && value.data[0] == 1, "the first key is found");
	ok(cb_span_equal(value, number), "and equal to itself");
	ok(cb_cbor_find(map, "a", &value) && value.len == 2 && value.data[1] == 'x', "the last key is found");
	ok(!cb_span_equal(value, number), "and is another value");
	ok(!cb_cbor_find(map, "x", &value), "a value is no key");
	ok(!cb_cbor_find(map, "", &value), "nothing is no key");
	ok(!cb_cbor_find(number, "a", &value), "a number has no keys");
	map.len = 10;
	ok(!cb_cbor_find(map, "a", &value), "a value that is cut off is not found");
}

static void
wrote(const CbWriter *w, const char *hex, const char *what)
{
	size_t		len;
	uint8_t    *wanted = hex_bytes(hex, &len);

	ok(w->error == CB_OK && w->len == len && memcmp(w->data, wanted, len) == 0, "written: %s", what);
	free(wanted);
}

static void
test_writing(void)
{
	static const uint8_t bytes[] = {1, 2, 255};
	static const CbSpan span = {bytes, sizeof(bytes)};
	static const CbSpan text = {(const uint8_t *) "\xc3\xbc", 2};
	static const uint64_t numbers[] = {0, 23, 24, 255, 256, 65535, 65536, UINT32_MAX, UINT64_C(0x100000000), UINT64_MAX};
	uint8_t		out[64];
	CbWriter	buffer = cb_writer(out, sizeof(out));
	CbCborWriter w = cb_cbor_writer(&buffer);

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
	{
		CbReader	r;

		buffer.len = 0;
		cb_cbor_write_uint(&w, numbers[i]);
		r = cb_reader(out, buffer.len);
		ok(cb_cbor_read_uint(&r) == numbers[i] && r.error == CB_OK && cb_reader_left(&r) == 0,
		   "a number is read as it was written, %zu", i);
	}
	buffer.len = 0;
	cb_cbor_write_int(&w, -1);
	cb_cbor_write_int(&w, -1000);
	cb_cbor_write_int(&w, INT64_MIN);
	cb_cbor_write_int(&w, 10);
	wrote(&buffer, "203903e73b7fffffffffffffff0a", "integers with signs");
	buffer.len = 0;
	cb_cbor_write_map(&w, 1);
	cb_cbor_write_key(&w, "k");
	cb_cbor_write_array(&w, 5);
	cb_cbor_write_bytes(&w, span);
	cb_cbor_write_byte_array(&w, span);
	cb_cbor_write_text(&w, text);
	cb_cbor_write_bool(&w, true);
	cb_cbor_write_bool(&w, false);
	cb_cbor_write_null(&w);
	wrote(&buffer, "a1616b85430102ff83010218ff62c3bcf5f4f6", "one of each");
	cb_cbor_write_item(&w, span);
	is_int((int64_t) buffer.len, 22, "what is written already is written as it is");
	buffer = cb_writer(out, 2);
	cb_cbor_write_uint(&w, 1000);
	is_int(buffer.error, CB_ERR_CAPACITY, "a full buffer says so");
}
