"""Checks a consistency proof of `memesnipe audit prove --since` without memesnipe: a journal only went on between two
checkpoints. python check_growth.py PROOF.json [PUBLIC_KEY]; exit codes and PUBLIC_KEY as with check_proof.py."""

import base64
import hashlib
import json
import sys
from pathlib import Path


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def roots(old, new, path, known):  # RFC 6962, 2.1.2; known: the old root, where the path does not repeat it
    if old == new and len(path) == (known is None):
        return (known or path[0],) * 2
    half = 1 << (new - 1).bit_length() - 1  # leaves on the left: the largest power of two below new
    if old <= half:
        first, second = roots(old, half, path[:-1], known)
        return first, node(second, path[-1])
    first, second = roots(old - half, new - half, path[:-1], None)
    return node(path[-1], first), node(path[-1], second)


sys.excepthook = lambda kind, problem, _: sys.stderr.write(f"NOT PROVEN: {kind.__name__}: {problem}\n")
proof = json.loads(Path(sys.argv[1]).read_bytes())
old, new = (
    (proof["old_size"], bytes.fromhex(proof["old_root"])),
    (proof["size"], bytes.fromhex(proof["root"])),
)
path = [bytes.fromhex(step) for step in proof["path"]]
if not 0 < old[0] <= new[0] or roots(old[0], new[0], path, old[1]) != (old[1], new[1]):
    raise ValueError("the path does not lead from the old root to the new one")
notes = [proof[name].rpartition("\n\n") for name in ("old_checkpoint", "checkpoint")]
for (text, _, _), (size, root) in zip(notes, (old, new), strict=True):
    if text.split("\n")[1:3] != [str(size), base64.b64encode(root).decode()]:  # c2sp.org/tlog-checkpoint
        raise ValueError("a checkpoint has another root")
if notes[0][0].split("\n")[0] != notes[1][0].split("\n")[0]:
    raise ValueError("the checkpoints are of two journals")
sys.stdout.write(f"the {new[0]} entries begin with the {old[0]} that were signed before, unchanged\n")
try:
    name, _, key = sys.argv[2].split("+", 2)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except (IndexError, ImportError):
    sys.stdout.write(
        "WHO SIGNED WAS NOT CHECKED: that takes the public key, and the package `cryptography`\n"
    )
    sys.exit(2)
for text, _, lines in notes:
    (signature,) = (each.split(" ")[2] for each in lines.splitlines() if each.split(" ")[1] == name)
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key)[1:])
    public.verify(base64.b64decode(signature)[4:], f"{text}\n".encode())  # c2sp.org/signed-note
    sys.stdout.write(f"signed by {name}:\n{text}\n")
