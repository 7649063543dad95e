/*-------------------------------------------------------------------------
 *
 * cb_bn254.h
 *	  Points of the curve BN254 (alt_bn128): G1 and G2.
 *
 * A CbG1 made here is a point of the curve, which has no others than those of
 * prime order.  A CbG2 is a point of the twist, which has: cb_g2_prepare()
 * (cb_pairing.h) refuses those, and no pairing takes a point without it.
 *
 * Uncompressed points are those of EIP-196 and EIP-197: coordinates in
 * big-endian, the imaginary part first, (0, 0) the point at infinity.
 * Compressed ones are gnark's: x alone, with two flag bits on top.
 *
 * Copyright (c) 2026, charmbills contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef CB_BN254_H
#define CB_BN254_H

#include "bitcoin/cb_bytes.h"
#include "cb_fp2.h"

#define CB_G1_BYTES 64
#define CB_G2_BYTES 128
#define CB_G1_COMPRESSED_BYTES 32
#define CB_G2_COMPRESSED_BYTES 64

/* y^2 = x^3 + 3 */
typedef struct CbG1
{
	CbFp		x;
	CbFp		y;
	bool		infinity;
} CbG1;

/* y^2 = x^3 + 3 / (9 + i) */
typedef struct CbG2
{
	CbFp2		x;
	CbFp2		y;
	bool		infinity;
} CbG2;

/* 3 / (9 + i) */
extern const CbFp2 cb_g2_b;

extern CbResult cb_g1_decode(const uint8_t bytes[CB_G1_BYTES], CbG1 *out);
extern CbResult cb_g2_decode(const uint8_t bytes[CB_G2_BYTES], CbG2 *out);
extern CbResult cb_g1_decompress(const uint8_t bytes[CB_G1_COMPRESSED_BYTES], CbG1 *out);
extern CbResult cb_g2_decompress(const uint8_t bytes[CB_G2_COMPRESSED_BYTES], CbG2 *out);
extern void cb_g1_encode(const CbG1 *p, uint8_t bytes[CB_G1_BYTES]);

/* An output may be the same object as an input. */
extern void cb_g1_neg(const CbG1 *p, CbG1 *out);
extern void cb_g1_add(const CbG1 *p, const CbG1 *q, CbG1 *out);
extern void cb_g1_mul(const CbG1 *p, const CbScalar *k, CbG1 *out);
/* k[0] p[0] + k[1] p[1] + ..., for less than each product by itself. */
extern void cb_g1_combine(const CbG1 *p, const CbScalar *k, size_t n, CbG1 *out);

#endif							/* CB_BN254_H */
