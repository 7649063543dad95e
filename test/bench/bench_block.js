// How long bitcoinjs-lib takes to parse a block with all transaction ids:
//   NODE_PATH=node_modules node bench_block.js FILE [REPEAT]
'use strict';

const fs = require('fs');
const { Block } = require('bitcoinjs-lib');

const data = fs.readFileSync(process.argv[2]);
const repeat = Number(process.argv[3] || 50);

function parseWithTxids() {
  return Block.fromBuffer(data).transactions.map((tx) => tx.getHash());
}

function medianMilliseconds(work) {
  const times = [];
  for (let warmUp = 0; warmUp < 5; warmUp++) work();
  for (let i = 0; i < repeat; i++) {
    const start = process.hrtime.bigint();
    work();
    times.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  times.sort((a, b) => a - b);
  return times[Math.floor(repeat / 2)];
}

console.log(`bitcoinjs-lib\t${medianMilliseconds(parseWithTxids).toFixed(3)}`);
