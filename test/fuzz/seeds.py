#!/usr/bin/env python3
"""Write seeds for the fuzzers: seeds.py VECTORS OUTPUT.

Each fuzzer gets a folder of its name.  Where the conformance vectors are
missing a few seeds made here must do.
"""

import base64
import json
import pathlib
import re
import sys

OUTPOINT = "11" * 32 + "05000000"
LEGACY = "02000000" + "01" + OUTPOINT + "00" + "fdffffff" + "01" + "e803000000000000" + "0151" + "2a000000"
SEGWIT = "02000000" + "0001" + "01" + OUTPOINT + "00" + "fdffffff" + "01" + "e803000000000000" + "0151" + "0203aabbcc00" + "2a000000"
KEY = "21" + "02" + "33" * 32
G1 = "%064x%064x" % (1, 2)
G2 = (
    "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
    "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
    "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
    "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa"
)
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
CBOR = [
    "1bffffffffffffffff",
    "c249010000000000000000",
    "fb3ff199999999999a",
    "f97e00",
    "7f657374726561646d696e67ff",
    "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
    "bf61610161629f0203ffff",
    "a56161614161626142616361436164614461656145",
    "83f4f5f6",
    "8301820203820405",
]
APP = "836174" + "9820" + "11" * 32 + "9820" + "12" * 32
# {version: 15, tx: {outs: [{0: 1}]}, app_public_inputs: {app: null}} and no proof
SPELL = "82a36776657273696f6e0f627478a1646f75747381a10001" + "716170705f7075626c69635f696e70757473a1" + APP + "f6" + "80"


def read_json(path):
    return json.loads(path.read_text()) if path.exists() else []


def transactions(vectors):
    valid = read_json(vectors / "core/tx_valid.json")
    return [LEGACY, SEGWIT] + [case[1] for case in valid if len(case) == 3]


def blocks(vectors):
    stats = read_json(vectors / "core/rpc_getblockstats.json")
    return stats["blocks"] if stats else []


def groth16(vectors):
    """By kind: keys, proofs of spells with version and hash, points."""
    keys = [path.read_bytes().hex() for path in sorted(vectors.glob("charms/vk_*.bin"))]
    cases = (pathlib.Path(__file__).parent / "../unit/groth16_cases.h").read_text()
    proofs = re.findall(r'"[0-9a-f]{64}",\s*(\d+),\s*((?:"[0-9a-f]+",?\s*)+)', cases)
    proofs = ["%02x" % int(version) + "".join(re.findall('"(.*?)"', texts)) for version, texts in proofs]
    return (
        ["00" + key for key in keys]
        + ["01" + proof for proof in proofs]
        + ["02" + G1 + "77" * 32, "02" + "00" * 96, "03" + G2, "03" + "00" * 128]
        + ["04" + "80" + G1[2:64], "04" + "98" + G2[2:128]]
    )


def spells(vectors):
    """Transactions, and the payloads of those that have one in an output."""
    known = read_json(vectors / "charms/spells.json")
    records = known["vectors"] + known["regtest_mock_vectors"] if known else []
    transactions = [record["raw_hex"] for record in records]
    payloads = [SPELL]
    for text in transactions:
        found = re.search("6a057370656c6c4d(..)(..)", text)
        if found:
            length = 2 * int(found[2] + found[1], 16)
            payloads.append(text[found.end() : found.end() + length])
    return ["00" + text for text in transactions] + ["01" + text for text in payloads]


def psbts():
    cases = (pathlib.Path(__file__).parent / "../unit/psbt_cases.h").read_text()
    texts = ["".join(re.findall('"(.*?)"', lines)) for lines in re.findall(r'(?:\t\t"[\w+/=]+"\n)+\t\}', cases)]
    return [base64.b64decode(text).hex() for text in texts]


def write_all(folder, hexes):
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(hexes):
        (folder / f"seed-{number:03}").write_bytes(bytes.fromhex(text))


def main(vectors, output):
    write_all(output / "fuzz_tx", transactions(vectors))
    write_all(output / "fuzz_block", blocks(vectors))
    write_all(output / "fuzz_script", SCRIPTS)
    write_all(output / "fuzz_cbor", CBOR)
    write_all(output / "fuzz_spell", spells(vectors))
    write_all(output / "fuzz_groth16", groth16(vectors))
    write_all(output / "fuzz_psbt", psbts())


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
