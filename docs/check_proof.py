"""Checks an inclusion proof of `memesnipe audit prove` without memesnipe: python check_proof.py PROOF.json [PUBLIC_KEY]

PUBLIC_KEY (NAME+ID+BASE64) is to come from whoever keeps the journal, not with the proof. Exit 0: proven, and signed
by that key; 1: not proven; 2: in the tree, but who signed was not checked (no key given, or no `cryptography` here)."""

import base64
import hashlib
import json
import sys
from pathlib import Path


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaf, index, size, path):  # RFC 6962, 2.1.1: the last step of the path is the one below the root
    if size == 1 and not path:
        return leaf
    half = 1 << (size - 1).bit_length() - 1  # leaves on the left: the largest power of two below size
    if index < half:
        return node(root_of(leaf, index, half, path[:-1]), path[-1])
    return node(path[-1], root_of(leaf, index - half, size - half, path[:-1]))


sys.excepthook = lambda kind, problem, _: sys.stderr.write(f"NOT PROVEN: {kind.__name__}: {problem}\n")
proof = json.loads(Path(sys.argv[1]).read_bytes())
line, index, size, root = proof["line"].encode(), proof["index"], proof["size"], bytes.fromhex(proof["root"])
text, _, signatures = proof["checkpoint"].rpartition("\n\n")
if not json.loads(line)["seq"] == proof["seq"] == index + 1 <= size:
    raise ValueError("the line has another number")
leaf = hashlib.sha256(b"\x00" + line).digest()
if root_of(leaf, index, size, [bytes.fromhex(step) for step in proof["path"]]) != root:
    raise ValueError("the path does not lead from the line to the root")
if text.split("\n")[1:3] != [str(size), base64.b64encode(root).decode()]:  # c2sp.org/tlog-checkpoint
    raise ValueError("the checkpoint has another root")
sys.stdout.write(f"entry {index + 1} is one of the {size} under the root {root.hex()}:\n{line.decode()}\n")
try:
    name, _, key = sys.argv[2].split("+", 2)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except (IndexError, ImportError):
    sys.stdout.write(
        "WHO SIGNED WAS NOT CHECKED: that takes the public key, and the package `cryptography`\n"
    )
    sys.exit(2)
(signature,) = (each.split(" ")[2] for each in signatures.splitlines() if each.split(" ")[1] == name)
public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key)[1:])
public.verify(base64.b64decode(signature)[4:], f"{text}\n".encode())  # c2sp.org/signed-note
sys.stdout.write(f"signed by {name}:\n{text}\n")
