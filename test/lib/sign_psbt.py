# Signs PSBTs with the PyPI package "embit".  A JSON object on standard input
# names what is to be done; one on standard output answers.
#
#	{"do": "account", "seed": HEX, "path": "m/84h/1h/0h"}	-> xpub, fingerprint
#	{"do": "sign", "seed": HEX, "psbt": BASE64}		-> psbt, added (signatures)
#	{"do": "finalize", "psbt": BASE64}			-> tx, null where a signature is missing
#	{"do": "read", "psbt": BASE64}				-> what it says of inputs and outputs
#
# sighash, of sign: a number; without one everything is signed.
import json
import sys

from embit import bip32, finalizer, psbt
from embit.networks import NETWORKS


def root_of(request):
    return bip32.HDKey.from_seed(bytes.fromhex(request["seed"]), version=NETWORKS["regtest"]["xprv"])


def account(request):
    root = root_of(request)
    key = root.derive(request["path"]).to_public()
    return {"xpub": key.to_base58(NETWORKS["regtest"]["xpub"]), "fingerprint": root.my_fingerprint.hex()}


def sign(request):
    packet = psbt.PSBT.from_base64(request["psbt"])
    sighash = request.get("sighash")
    if sighash is not None:
        for scope in packet.inputs:
            scope.sighash_type = sighash
    added = packet.sign_with(root_of(request), sighash) if sighash is not None else packet.sign_with(root_of(request))
    return {"psbt": packet.to_base64(), "added": added}


def finalize(request):
    tx = finalizer.finalize_psbt(psbt.PSBT.from_base64(request["psbt"]))
    return {"tx": tx.serialize().hex() if tx is not None else None}


def origins(scope):
    found = list(scope.bip32_derivations.values()) + [origin for _, origin in scope.taproot_bip32_derivations.values()]
    return sorted(origin.fingerprint.hex() + "/" + bip32.path_to_str(origin.derivation) for origin in found)


def read(request):
    packet = psbt.PSBT.from_base64(request["psbt"])
    return {
        "inputs": [{
            "origins": origins(scope),
            "witness_utxo": scope.witness_utxo is not None,
            "previous": scope.non_witness_utxo.txid().hex() if scope.non_witness_utxo is not None else None,
            "final": bool(scope.final_scriptwitness),
        } for scope in packet.inputs],
        "outputs": [{"origins": origins(scope)} for scope in packet.outputs],
    }


question = json.load(sys.stdin)
print(json.dumps({"account": account, "sign": sign, "finalize": finalize, "read": read}[question["do"]](question)))
