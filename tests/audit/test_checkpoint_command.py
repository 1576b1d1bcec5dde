"""`memesnipe audit checkpoint` and `audit verify --checkpoint`, as they are called."""

from __future__ import annotations

import base64
import io
import json
import shutil
import sys
from pathlib import Path

import pytest
from checkpoint_cases import Signer, anchored, keep, keeper, note_lines
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from program import Memesnipe

from memesnipe_cli.audit import kept
from memesnipe_cli.audit.checkpoint import find, parse
from memesnipe_cli.cli import run
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A store with a journal."""
    return note_lines(tmp_path / "store", 12).root


@pytest.fixture
def passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the encrypted files, as a service has it."""
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "memesnipe.passphrase").write_text("long enough for a test")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))


@pytest.mark.usefixtures("passphrase")
def test_a_key_is_made_signs_in_its_own_process_and_is_known_by_its_public_half(
    memesnipe: Memesnipe, root: Path, tmp_path: Path
) -> None:
    words = ("--store", str(root), "audit", "checkpoint")
    none = memesnipe(*words)
    assert none.returncode == 4
    assert (
        "there is no key audit/checkpoint to sign with\n  make one: memesnipe audit checkpoint --new-key"
        in none.stderr
    )
    first = memesnipe(*words, "--new-key", "--in", "file", "--to", str(tmp_path / "kept.txt"))
    assert first.returncode == 0, first.stderr
    (note,) = find(first.stdout)
    (key,) = kept.keys(StorePaths(root))
    assert note.signer([key]) == key and str(key) in first.stderr
    assert (tmp_path / "kept.txt").read_text() == first.stdout
    (copy,) = kept.copies(StorePaths(root), "paper")
    assert copy.read_text() == first.stdout
    line = list(Journal(StorePaths(root)).entries())[-1]
    assert (line.kind, line.body) == (
        "checkpoint",
        {"size": 13, "root": parse(note.text).root.hex(), "key": str(key), "anchored": [str(tmp_path / "kept.txt")]},
    )  # fmt: skip
    assert memesnipe(*words, "--new-key").returncode == 2
    with keeper(500) as away, keeper() as there:
        done = memesnipe(*words, "--to", away.url, "--to", there.url, "--json")
    assert done.returncode == 5 and "answered 500" in done.stderr
    said = json.loads(done.stdout)
    assert (said["type"], said["size"], said["public_key"]) == ("checkpoint", 14, str(key))
    assert said["anchored"] == [there.url.partition("/keep")[0] + "/..."]
    assert [body.decode() for body in there.bodies] == [said["note"]]
    both = memesnipe("--store", str(root), "audit", "verify", "--checkpoint", "-", "--public-key", str(key),
                     stdin=f"{first.stdout}\n{said['note']}")  # fmt: skip
    assert both.returncode == 0, both.stderr
    assert "nothing up to entry 14 was cut off or rewritten" in both.stderr


def verify(capsys: pytest.CaptureFixture[str], root: Path, *words: str) -> tuple[int, str, str]:
    """Exit code and words of `audit verify`."""
    capsys.readouterr()
    code = run(["--store", str(root), "audit", "verify", *words], {})
    return code, *capsys.readouterr()


def test_whose_word_was_trusted_is_said(
    capsys: pytest.CaptureFixture[str], root: Path, tmp_path: Path
) -> None:
    signer, file, key = Signer(), tmp_path / "kept.txt", tmp_path / "key.txt"
    file.write_text(str(keep(StorePaths(root), signer)))
    code, out, err = verify(capsys, root, "--checkpoint", str(file))
    assert code == 0 and "kept" in out
    assert "the public key is the one that lies beside the store" in err
    key.write_text(f"{signer.public}\n")
    for given in (str(signer.public), str(key)):
        code, out, err = verify(capsys, root, "--checkpoint", str(file), "--public-key", given)
        assert code == 0 and "given" in out and "beside the store" not in err
    code, _, err = verify(capsys, root, "--checkpoint", str(file), "--public-key", str(Signer().public))
    assert code == 7 and "is not signed by the key that was given" in err


def test_every_account_is_held_against_its_own(
    capsys: pytest.CaptureFixture[str], root: Path, tmp_path: Path
) -> None:
    paths, signer, file = StorePaths(root), Signer(), tmp_path / "kept.txt"
    note_lines(root, 5, "live")
    file.write_text(f"{anchored(paths, signer)[1]}\n{anchored(paths, signer, 'live')[1]}")
    key = ("--public-key", str(signer.public))
    code, out, _ = verify(capsys, root, "--checkpoint", str(file), *key, "--json")
    assert code == 0
    assert {each["account"]: each["checkpointed"] for each in json.loads(out)} == {"live": 6, "paper": 13}
    code, out, _ = verify(capsys, root, "--checkpoint", str(file), *key, "--account", "live", "--json")
    assert (code, [each["account"] for each in json.loads(out)]) == (0, ["live"])
    file.write_text(str(anchored(paths, signer)[1]))
    code, _, err = verify(capsys, root, "--checkpoint", str(file), *key, "--account", "live")
    assert code == 2 and "none is of account 'live'" in err


def test_other_stores_may_share_the_file_and_a_store_that_changed_its_id_may_not(
    capsys: pytest.CaptureFixture[str], root: Path, tmp_path: Path
) -> None:
    signer, file = Signer(), tmp_path / "kept.txt"
    other = note_lines(tmp_path / "other", 40, "live")
    file.write_text(f"{anchored(StorePaths(root), signer)[1]}\n{anchored(other, signer, 'live')[1]}")
    words = ("--checkpoint", str(file), "--public-key", str(signer.public))
    for each in (root, other.root):
        assert verify(capsys, each, *words)[0] == 0
    third = note_lines(tmp_path / "third", 40)
    code, _, err = verify(capsys, third.root, *words)
    assert code == 7 and "is one of the store" in err


def test_a_journal_that_is_gone_is_no_journal_that_is_whole(
    capsys: pytest.CaptureFixture[str], root: Path, tmp_path: Path
) -> None:
    paths, signer, file = StorePaths(root), Signer(), tmp_path / "kept.txt"
    file.write_text(str(anchored(paths, signer)[1]))
    shutil.rmtree(paths.account("paper"))
    for words in ((), ("--account", "paper")):
        code, _, err = verify(
            capsys, root, "--checkpoint", str(file), "--public-key", str(signer.public), *words
        )
        assert code == 7 and "signed of the journal of paper, which is not in" in err


def test_a_key_of_checkpoints_is_a_key_like_any_other_of_the_vault(
    memesnipe: Memesnipe, root: Path, tmp_path: Path
) -> None:
    wrong = memesnipe("keys", "add", "audit", "--name", "checkpoint", "--stdin", stdin="abcd\n")
    assert wrong.returncode == 4 and "not an Ed25519 key" in wrong.stderr
    (tmp_path / "memesnipe.audit.mine").write_text(base64.b64encode(bytes(range(32))).decode() + "\n")
    words = ("--store", str(root), "audit", "checkpoint", "--key", "mine")
    done = memesnipe(*words, CREDENTIALS_DIRECTORY=str(tmp_path))
    assert done.returncode == 0, done.stderr
    (key,) = kept.keys(StorePaths(root))
    assert key.name == "memesnipe/audit/mine"
    assert (
        key.public == Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key().public_bytes_raw()
    )
    assert memesnipe(*words, "--new-key", CREDENTIALS_DIRECTORY=str(tmp_path)).returncode == 2


def test_what_cannot_be_checked_is_never_taken_for_good(
    capsys: pytest.CaptureFixture[str], root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer, file = Signer(), tmp_path / "kept.txt"
    file.write_text(str(anchored(StorePaths(root), signer)[1]))
    for words, wanted, said in [
        (("--checkpoint", str(tmp_path / "none")), 2, "cannot be read"),
        (("--checkpoint", "/dev/null"), 1, "there is no checkpoint in it"),
        (("--checkpoint", str(file)), 4, "no public key is kept in "),
        (("--checkpoint", str(file), "--public-key", "nonsense+x"), 2, "is not a public key"),
        (("--checkpoint", str(file), "--public-key", "/dev/null"), 2, "holds no public key"),
        (("--public-key", str(signer.public)), 2, "no checkpoint to check with it"),
    ]:
        code, _, err = verify(capsys, root, *words)
        assert (code, said in err) == (wanted, True), err
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert verify(capsys, root, "--checkpoint", "-")[0] == 1


def test_a_copy_in_the_store_that_is_not_what_was_signed_is_found(
    capsys: pytest.CaptureFixture[str], root: Path
) -> None:
    paths = StorePaths(root)
    keep(paths, Signer())
    assert verify(capsys, root)[0] == 0
    (copy,) = kept.copies(paths, "paper")
    true = copy.read_text()
    copy.write_text(true.replace("\ntime 20", "\ntime 30"))
    code, _, err = verify(capsys, root)
    assert code == 7 and "is not signed by a key of" in err
    copy.write_text("")
    code, _, err = verify(capsys, root)
    assert code == 7 and "there is no checkpoint in it" in err
