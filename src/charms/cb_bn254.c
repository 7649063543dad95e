/*-------------------------------------------------------------------------
 *
 * cb_bn254.c
 *	  Reading and writing points of BN254.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#include "cb_bn254.h"

/* gnark's flags: the two bits of the first byte that no coordinate needs. */
typedef enum CompressedFlag
{
	FLAG_UNCOMPRESSED = 0x00,
	FLAG_INFINITY = 0x40,
	FLAG_LOW = 0x80,			/* the smaller of the two y */
	FLAG_HIGH = 0xc0			/* the larger */
} CompressedFlag;

#define FLAG_MASK 0xc0

static CompressedFlag split_flag(const uint8_t *bytes, size_t len, uint8_t *coordinates);
static CbResult decompress_infinity(const uint8_t *coordinates, size_t len);
static bool fp2_from_bytes(const uint8_t bytes[2 * CB_FP_BYTES], CbFp2 *out);
static void g1_y_squared(const CbFp *x, CbFp *out);
static void g2_y_squared(const CbFp2 *x, CbFp2 *out);
static bool all_zero(const uint8_t *bytes, size_t len);

/* 3 */
static const CbFp g1_b = {{
	UINT64_C(0x7a17caa950ad28d7), UINT64_C(0x1f6ac17ae15521b9),
	UINT64_C(0x334bea4e696bd284), UINT64_C(0x2a1f6744ce179d8e)
}};

const CbFp2 cb_g2_b = {
	{{
		UINT64_C(0x3bf938e377b802a8), UINT64_C(0x020b1b273633535d),
		UINT64_C(0x26b7edf049755260), UINT64_C(0x2514c6324384a86d)
	}},
	{{
		UINT64_C(0x38e7ecccd1dcff67), UINT64_C(0x65f0b37d93ce0d3e),
		UINT64_C(0xd749d0dd22ac00aa), UINT64_C(0x0141b9ce4a688d4d)
	}}
};

CbResult
cb_g1_decode(const uint8_t bytes[CB_G1_BYTES], CbG1 *out)
{
	CbG1		point = {0};
	CbFp		wanted;
	CbFp		square;

	point.infinity = all_zero(bytes, CB_G1_BYTES);
	if (!cb_fp_from_bytes(bytes, &point.x) ||
		!cb_fp_from_bytes(bytes + CB_FP_BYTES, &point.y))
		return CB_ERR_POINT_RANGE;
	g1_y_squared(&point.x, &wanted);
	cb_fp_sqr(&point.y, &square);
	if (!point.infinity && !cb_fp_equal(&square, &wanted))
		return CB_ERR_POINT_CURVE;
	*out = point;
	return CB_OK;
}

CbResult
cb_g2_decode(const uint8_t bytes[CB_G2_BYTES], CbG2 *out)
{
	CbG2		point = {0};
	CbFp2		wanted;
	CbFp2		square;

	point.infinity = all_zero(bytes, CB_G2_BYTES);
	if (!fp2_from_bytes(bytes, &point.x) ||
		!fp2_from_bytes(bytes + 2 * CB_FP_BYTES, &point.y))
		return CB_ERR_POINT_RANGE;
	g2_y_squared(&point.x, &wanted);
	cb_fp2_sqr(&point.y, &square);
	if (!point.infinity && !cb_fp2_equal(&square, &wanted))
		return CB_ERR_POINT_CURVE;
	*out = point;
	return CB_OK;
}

CbResult
cb_g1_decompress(const uint8_t bytes[CB_G1_COMPRESSED_BYTES], CbG1 *out)
{
	uint8_t		x[CB_G1_COMPRESSED_BYTES];
	CompressedFlag flag = split_flag(bytes, sizeof(x), x);
	CbG1		point = {0};

	if (flag == FLAG_UNCOMPRESSED)
		return CB_ERR_POINT_ENCODING;
	if (flag == FLAG_INFINITY)
	{
		point.infinity = true;
		*out = point;
		return decompress_infinity(x, sizeof(x));
	}
	if (!cb_fp_from_bytes(x, &point.x))
		return CB_ERR_POINT_RANGE;
	g1_y_squared(&point.x, &point.y);
	if (!cb_fp_sqrt(&point.y, &point.y))
		return CB_ERR_POINT_CURVE;
	if (cb_fp_is_high(&point.y) != (flag == FLAG_HIGH))
		cb_fp_neg(&point.y, &point.y);
	*out = point;
	return CB_OK;
}

CbResult
cb_g2_decompress(const uint8_t bytes[CB_G2_COMPRESSED_BYTES], CbG2 *out)
{
	uint8_t		x[CB_G2_COMPRESSED_BYTES];
	CompressedFlag flag = split_flag(bytes, sizeof(x), x);
	CbG2		point = {0};

	if (flag == FLAG_UNCOMPRESSED)
		return CB_ERR_POINT_ENCODING;
	if (flag == FLAG_INFINITY)
	{
		point.infinity = true;
		*out = point;
		return decompress_infinity(x, sizeof(x));
	}
	if (!fp2_from_bytes(x, &point.x))
		return CB_ERR_POINT_RANGE;
	g2_y_squared(&point.x, &point.y);
	if (!cb_fp2_sqrt(&point.y, &point.y))
		return CB_ERR_POINT_CURVE;
	if (cb_fp2_is_high(&point.y) != (flag == FLAG_HIGH))
		cb_fp2_neg(&point.y, &point.y);
	*out = point;
	return CB_OK;
}

void
cb_g1_encode(const CbG1 *p, uint8_t bytes[CB_G1_BYTES])
{
	if (p->infinity)
	{
		memset(bytes, 0, CB_G1_BYTES);
		return;
	}
	cb_fp_to_bytes(&p->x, bytes);
	cb_fp_to_bytes(&p->y, bytes + CB_FP_BYTES);
}

static CompressedFlag
split_flag(const uint8_t *bytes, size_t len, uint8_t *coordinates)
{
	memcpy(coordinates, bytes, len);
	coordinates[0] &= (uint8_t) ~FLAG_MASK;
	return (CompressedFlag) (bytes[0] & FLAG_MASK);
}

static CbResult
decompress_infinity(const uint8_t *coordinates, size_t len)
{
	return all_zero(coordinates, len) ? CB_OK : CB_ERR_POINT_ENCODING;
}

static bool
fp2_from_bytes(const uint8_t bytes[2 * CB_FP_BYTES], CbFp2 *out)
{
	return cb_fp_from_bytes(bytes, &out->im) &&
		cb_fp_from_bytes(bytes + CB_FP_BYTES, &out->re);
}

static void
g1_y_squared(const CbFp *x, CbFp *out)
{
	CbFp		square;

	cb_fp_sqr(x, &square);
	cb_fp_mul(&square, x, out);
	cb_fp_add(out, &g1_b, out);
}

static void
g2_y_squared(const CbFp2 *x, CbFp2 *out)
{
	CbFp2		square;

	cb_fp2_sqr(x, &square);
	cb_fp2_mul(&square, x, out);
	cb_fp2_add(out, &cb_g2_b, out);
}

static bool
all_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		if (bytes[i] != 0)
			return false;
	}
	return true;
}
