// How long snarkjs takes to verify the proof of a spell:
//   NODE_PATH=node_modules node bench_spell.js STATEMENT [REPEAT]
//
// The statement is what bench_spell prints.  One that does not hold must be
// refused first: else the time would say nothing.
'use strict';

const fs = require('fs');
const { groth16 } = require('snarkjs');

const { key, inputs, proof } = JSON.parse(fs.readFileSync(process.argv[2]));
const repeat = Number(process.argv[3] || 20);

async function main() {
  const times = [];
  const others = [...inputs];
  others[1] = '0x01';
  if (await groth16.verify(key, others, proof)) throw new Error('snarkjs verifies what does not hold');
  for (let i = 0; i < repeat + 2; i++) {
    const start = process.hrtime.bigint();
    if (!(await groth16.verify(key, inputs, proof))) throw new Error('snarkjs does not verify the proof');
    if (i >= 2) times.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  times.sort((a, b) => a - b);
  console.log(`snarkjs\t${times[Math.floor(repeat / 2)].toFixed(3)}`);
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error.message);
    process.exit(1);
  },
);
