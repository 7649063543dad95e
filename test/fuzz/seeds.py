#!/usr/bin/env python3
"""Write seeds for the fuzzers: seeds.py VECTORS OUTPUT.

Each fuzzer gets a folder of its name.  Where the conformance vectors are
missing a few seeds made here must do.
"""

import json
import pathlib
import sys

OUTPOINT = "11" * 32 + "05000000"
LEGACY = "02000000" + "01" + OUTPOINT + "00" + "fdffffff" + "01" + "e803000000000000" + "0151" + "2a000000"
SEGWIT = "02000000" + "0001" + "01" + OUTPOINT + "00" + "fdffffff" + "01" + "e803000000000000" + "0151" + "0203aabbcc00" + "2a000000"
KEY = "21" + "02" + "33" * 32
SCRIPTS = [
    "76a914" + "11" * 20 + "88ac",
    "a914" + "11" * 20 + "87",
    "0014" + "11" * 20,
    "5120" + "11" * 32,
    "51024e73",
    KEY + "ac",
    "52" + KEY + KEY + "52ae",
    "51" + KEY * 17 + "0111ae",
    "6a24aa21a9ed" + "11" * 32,
    "6a4c0100",
]


def read_json(path):
    return json.loads(path.read_text()) if path.exists() else []


def transactions(vectors):
    valid = read_json(vectors / "core/tx_valid.json")
    return [LEGACY, SEGWIT] + [case[1] for case in valid if len(case) == 3]


def blocks(vectors):
    stats = read_json(vectors / "core/rpc_getblockstats.json")
    return stats["blocks"] if stats else []


def write_all(folder, hexes):
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(hexes):
        (folder / f"seed-{number:03}").write_bytes(bytes.fromhex(text))


def main(vectors, output):
    write_all(output / "fuzz_tx", transactions(vectors))
    write_all(output / "fuzz_block", blocks(vectors))
    write_all(output / "fuzz_script", SCRIPTS)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
