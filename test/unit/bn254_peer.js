// Random cases of BN254 by @noble/curves, one a line: what to compute, its
// arguments and the result, in hexadecimal and apart by blanks.
//
//	sum P Q R			P + Q = R in G1
//	product P K R		K P = R in G1
//	pairing P Q F		the twelve coefficients of e(P, Q), whose final power
//						has the same factor there as here
//	pairs N P Q ... B	whether the product of N pairings is 1

'use strict';

const { bn254 } = require('@noble/curves/bn254');

const G1 = bn254.G1.ProjectivePoint;
const G2 = bn254.G2.ProjectivePoint;
const { Fr, Fp12 } = bn254.fields;

const hex = (n) => n.toString(16).padStart(64, '0');
const random = () => {
	let n = 0n;
	for (let i = 0; i < 5; i++)
		n = (n << 53n) | BigInt(Math.floor(Math.random() * 2 ** 53));
	return Fr.create(n);
};
const hexOfG1 = (p) => {
	const { x: px, y: py } = p.toAffine();
	return hex(px) + hex(py);
};
const hexOfG2 = (q) => {
	const { x: qx, y: qy } = q.toAffine();
	return hex(qx.c1) + hex(qx.c0) + hex(qy.c1) + hex(qy.c0);
};
const hexOfFp12 = (f) => [f.c0, f.c1].map((g) => [g.c0, g.c1, g.c2].map((c) => hex(c.c0) + hex(c.c1)).join('')).join('');

for (let i = 0; i < 20; i++) {
	const p = G1.BASE.multiply(random());
	const q = G1.BASE.multiply(random());
	const k = random();
	console.log('sum', hexOfG1(p), hexOfG1(q), hexOfG1(p.add(q)));
	console.log('product', hexOfG1(p), hex(k), hexOfG1(p.multiply(k)));
}

for (let i = 0; i < 5; i++) {
	const p = G1.BASE.multiply(random());
	const q = G2.BASE.multiply(random());
	console.log('pairing', hexOfG1(p), hexOfG2(q), hexOfFp12(bn254.pairing(p, q)));
}

for (let n = 2; n <= 6; n++) {
	for (const holds of [true, false]) {
		// Factors a of P and b of Q, such that the sum of ab is 0, or is not.
		const factors = Array.from({ length: n - 1 }, () => [random(), random()]);
		const sum = factors.reduce((total, [a, b]) => Fr.add(total, Fr.mul(a, b)), holds ? 0n : 1n);
		const last = random();
		factors.push([Fr.neg(Fr.div(sum, last)), last]);
		const points = factors.map(([a, b]) => [G1.BASE.multiply(a), G2.BASE.multiply(b)]);
		const product = points.reduce((f, [p, q]) => Fp12.mul(f, bn254.pairing(p, q)), Fp12.ONE);
		const isOne = Fp12.eql(product, Fp12.ONE);
		if (isOne !== holds)
			throw new Error('@noble/curves is not bilinear');
		console.log('pairs', hex(BigInt(n)), ...points.flatMap(([p, q]) => [hexOfG1(p), hexOfG2(q)]), hex(isOne ? 1n : 0n));
	}
}
