"""A proof holds for somebody who has only the proof, the public key and the script of docs/, and for nothing else."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from checkpoint_cases import Signer, anchored, keep, note_lines
from program import Memesnipe

from memesnipe_cli.audit.note import Note
from memesnipe_cli.audit.proof import prove_entry, prove_growth
from memesnipe_cli.errors import IntegrityError, UsageError
from memesnipe_cli.store.paths import StorePaths

DOCS = Path(__file__).parents[2] / "docs"
ENTRY, GROWTH = DOCS / "check_proof.py", DOCS / "check_growth.py"
Proof = dict[str, Any]


@pytest.fixture(scope="module")
def signer() -> Signer:
    """The key of this file's checkpoints."""
    return Signer()


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> StorePaths:
    """A store with 31 entries."""
    return note_lines(tmp_path_factory.mktemp("prove") / "store", 30)


@pytest.fixture(scope="module")
def notes(paths: StorePaths, signer: Signer) -> tuple[Note, Note]:
    """Checkpoints of 31 and of 42 entries."""
    first = anchored(paths, signer)[1]
    note_lines(paths.root, 11)
    return first, anchored(paths, signer)[1]


def checked(
    script: Path, proof: Proof, folder: Path, *words: str, isolated: bool = False
) -> subprocess.CompletedProcess[str]:
    """The script's answer, from a process that knows nothing of memesnipe; isolated: nor of any package."""
    file = folder / "proof.json"
    file.write_text(json.dumps(proof), encoding="utf-8")
    options = ["-I", "-S"] if isolated else ["-I"]
    return subprocess.run(
        [sys.executable, *options, "-X", "utf8", str(script), str(file), *words],
        capture_output=True, encoding="utf-8", timeout=30, check=False,
    )  # fmt: skip


def test_a_script_that_a_person_reads_will_do() -> None:
    assert len(ENTRY.read_text(encoding="utf-8").splitlines()) <= 50
    assert len(GROWTH.read_text(encoding="utf-8").splitlines()) <= 60


@pytest.mark.parametrize("seq", [1, 17, 31, 42])
def test_an_entry_is_proven_to_a_third_party(
    seq: int, paths: StorePaths, notes: tuple[Note, Note], signer: Signer, tmp_path: Path
) -> None:
    proof = prove_entry(paths, "paper", seq, notes[1], signer.public)
    done = checked(ENTRY, proof, tmp_path, str(signer.public))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"entry {seq} is one of the 42" in done.stdout
    assert proof["line"] in done.stdout and "signed by memesnipe/audit/checkpoint:" in done.stdout


@pytest.mark.parametrize("isolated", [True, False])
def test_without_key_or_package_it_says_that_nobody_checked_the_signature(
    isolated: bool, paths: StorePaths, notes: tuple[Note, Note], signer: Signer, tmp_path: Path
) -> None:
    words = [str(signer.public)] if isolated else []
    for script, proof in [
        (ENTRY, prove_entry(paths, "paper", 5, notes[1], signer.public)),
        (GROWTH, prove_growth(paths, "paper", *notes, signer.public)),
    ]:
        done = checked(script, proof, tmp_path, *words, isolated=isolated)
        assert done.returncode == 2
        assert "WHO SIGNED WAS NOT CHECKED" in done.stdout


def other_line(proof: Proof) -> None:
    proof["line"] = proof["line"].replace('"number":3', '"number":4', 1)


def other_number(proof: Proof) -> None:
    proof["seq"] += 1


def other_place(proof: Proof) -> None:
    proof["index"] += 1
    proof["seq"] += 1


def shorter(proof: Proof) -> None:
    proof["path"] = proof["path"][:-1]


def longer(proof: Proof) -> None:
    proof["path"] = [proof["path"][0], *proof["path"]]


def flipped(proof: Proof) -> None:
    proof["path"][1] = proof["path"][0]


def other_size(proof: Proof) -> None:
    proof["size"] -= 1


def other_root(proof: Proof) -> None:
    proof["root"] = "00" * 32


def other_checkpoint(proof: Proof) -> None:
    begin, size, _, rest = proof["checkpoint"].split("\n", 3)
    root = base64.b64encode(bytes(32)).decode()
    proof["checkpoint"] = "\n".join([begin, size, root, rest])


def other_time(proof: Proof) -> None:
    proof["checkpoint"] = proof["checkpoint"].replace("\ntime 20", "\ntime 30")


def unsigned(proof: Proof) -> None:
    proof["checkpoint"] = proof["checkpoint"].rpartition("\n\n")[0] + "\n\n"


def nothing(proof: Proof) -> None:
    proof.clear()


@pytest.mark.parametrize(
    "tamper",
    [other_line, other_number, other_place, shorter, longer, flipped, other_size, other_root, other_checkpoint,
     other_time, unsigned, nothing],
)  # fmt: skip
def test_a_proof_that_was_tampered_with_proves_nothing(
    tamper: Callable[[Proof], None],
    paths: StorePaths,
    notes: tuple[Note, Note],
    signer: Signer,
    tmp_path: Path,
) -> None:
    proof = prove_entry(paths, "paper", 5, notes[1], signer.public)
    tamper(proof)
    done = checked(ENTRY, proof, tmp_path, str(signer.public))
    assert (done.returncode, done.stderr.partition(":")[0]) == (1, "NOT PROVEN")


def test_the_signature_of_somebody_else_proves_nothing(
    paths: StorePaths, notes: tuple[Note, Note], signer: Signer, tmp_path: Path
) -> None:
    stranger = str(Signer().public)
    for script, proof in [
        (ENTRY, prove_entry(paths, "paper", 5, notes[1], signer.public)),
        (GROWTH, prove_growth(paths, "paper", *notes, signer.public)),
    ]:
        done = checked(script, proof, tmp_path, stranger)
        assert (done.returncode, done.stderr.partition(":")[0]) == (1, "NOT PROVEN")


def test_that_a_journal_only_went_on_is_proven(
    paths: StorePaths, notes: tuple[Note, Note], signer: Signer, tmp_path: Path
) -> None:
    for old, new, said in [
        (*notes, "the 42 entries begin with the 31"),
        (notes[0], notes[0], "the 31 entries"),
    ]:
        done = checked(
            GROWTH, prove_growth(paths, "paper", old, new, signer.public), tmp_path, str(signer.public)
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert said in done.stdout


@pytest.mark.parametrize(
    "tamper", [shorter, longer, flipped, other_size, other_root, other_checkpoint, nothing]
)
def test_a_growth_that_was_tampered_with_proves_nothing(
    tamper: Callable[[Proof], None],
    paths: StorePaths,
    notes: tuple[Note, Note],
    signer: Signer,
    tmp_path: Path,
) -> None:
    proof = prove_growth(paths, "paper", *notes, signer.public)
    tamper(proof)
    assert checked(GROWTH, proof, tmp_path, str(signer.public)).returncode == 1


def test_nothing_is_proven_of_a_journal_that_is_not_what_was_signed(
    paths: StorePaths, notes: tuple[Note, Note], tmp_path: Path
) -> None:
    other = note_lines(tmp_path / "other", 60)
    with pytest.raises(IntegrityError, match="is not the one that was signed"):
        prove_entry(other, "paper", 5, notes[1], None)
    with pytest.raises(IntegrityError, match="is not the one that was signed"):
        prove_growth(other, "paper", *notes, None)


def test_what_cannot_be_proven_is_said(paths: StorePaths, notes: tuple[Note, Note]) -> None:
    with pytest.raises(UsageError, match="entry 32 is not among the 31"):
        prove_entry(paths, "paper", 32, notes[0], None)
    with pytest.raises(UsageError, match="is of account 'paper'"):
        prove_entry(paths, "live", 1, notes[0], None)
    with pytest.raises(UsageError, match="of 42 entries is not older than that of 31"):
        prove_growth(paths, "paper", notes[1], notes[0], None)


def test_the_command_writes_what_the_script_checks(memesnipe: Memesnipe, tmp_path: Path) -> None:
    signer = Signer()
    root = tmp_path / "store"
    paths = note_lines(root, 20)
    assert (
        "no checkpoint of account 'paper' is kept"
        in memesnipe("--store", str(root), "audit", "prove", "2").stderr
    )
    old = tmp_path / "old.txt"
    old.write_text(str(keep(paths, signer)))
    note_lines(root, 3)
    keep(paths, signer)
    done = memesnipe("--store", str(root), "audit", "prove", "22")
    assert done.returncode == 0, done.stderr
    assert checked(ENTRY, json.loads(done.stdout), tmp_path, str(signer.public)).returncode == 0
    late = memesnipe("--store", str(root), "audit", "prove", "22", "--checkpoint", str(old))
    assert (late.returncode, "sign a new checkpoint" in late.stderr) == (2, True)
    done = memesnipe("--store", str(root), "audit", "prove", "--since", str(old), "--jsonl")
    assert done.stdout.count("\n") == 1
    assert checked(GROWTH, json.loads(done.stdout), tmp_path, str(signer.public)).returncode == 0
    assert memesnipe("--store", str(root), "audit", "prove").returncode == 2
