"""Checkpoints: signed text that says what a journal was, and what is never signed."""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
from checkpoint_cases import Signer, anchored, keep, note_lines
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe_cli.audit import kept
from memesnipe_cli.audit.checkpoint import BEGINS, find, parse
from memesnipe_cli.audit.checkpoint_taking import roots_at, signed, take
from memesnipe_cli.audit.leaves import lines
from memesnipe_cli.audit.merkle import Frontier, leaf_hash
from memesnipe_cli.audit.note import Note, VerifyKey, parse_key
from memesnipe_cli.errors import DataError, IntegrityError, UsageError
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths


@pytest.fixture
def paths(tmp_path: Path) -> StorePaths:
    """A store with a journal of several segments."""
    return note_lines(tmp_path / "store", 50)


def test_the_text_says_what_the_journal_is(paths: StorePaths) -> None:
    taken = take(paths, "paper")
    seq, digest = Journal(paths).head()
    begin, size, root, head, time, rest = taken.text().split("\n")
    assert begin == f"{BEGINS}{Journal(paths).store_id()}/paper"
    assert (size, head, rest) == (str(seq), f"head {digest}", "")
    assert re.fullmatch(r"time \d{4}-\d\d-\d\dT[\d:.]+Z", time)
    tree = Frontier()
    tree.extend([leaf_hash(line) for batch in lines(paths.account("paper")) for line in batch])
    assert (base64.b64decode(root), tree.size) == (tree.root(), seq)
    assert parse(taken.text()) == taken


def test_a_leaf_is_a_line_byte_for_byte(paths: StorePaths) -> None:
    files = sorted(paths.account("paper").glob("0*.jsonl"))
    assert len(files) > 2
    written = b"".join(file.read_bytes() for file in files).splitlines()
    assert [line for batch in lines(paths.account("paper")) for line in batch] == written


def test_roots_of_several_sizes_come_in_one_pass(paths: StorePaths) -> None:
    written = [leaf_hash(line) for batch in lines(paths.account("paper")) for line in batch]
    found = roots_at(paths, "paper", [0, 51, 1, 17, 17, 52])
    assert sorted(found) == [0, 1, 17, 51]  # the journal has 51
    for size, root in found.items():
        tree = Frontier()
        tree.extend(written[:size])
        assert tree.root() == root


def test_the_note_is_a_signed_note(paths: StorePaths) -> None:
    signer = Signer()
    taken, note = anchored(paths, signer)
    text, _, line = str(note).rpartition("\n\n")
    dash, name, data = line.rstrip("\n").split(" ")
    public = signer.key.public_key()
    identity = sha256(b"memesnipe/audit/checkpoint\n\x01" + public.public_bytes_raw()).digest()[:4]
    assert (f"{text}\n", dash, name) == (taken.text(), "—", "memesnipe/audit/checkpoint")
    assert base64.b64decode(data)[:4] == identity
    public.verify(base64.b64decode(data)[4:], taken.text().encode())
    assert signer.texts == [taken.text().encode()]
    assert note.signer([Signer().public, signer.public]) == signer.public
    assert note.signer([Signer().public]) is None


def test_a_public_key_is_read_as_it_is_written() -> None:
    key = Signer().public
    assert parse_key(f" {key}\n") == key
    damaged = str(key).replace(key.id.hex(), "00000000")
    for wrong, said in [
        (damaged, "is damaged"),
        ("x", "not a public key"),
        (f"{key}AAAA", "not a public key"),
    ]:
        with pytest.raises(UsageError, match=said):
            parse_key(wrong)


def test_a_changed_text_or_another_signature_counts_for_nothing(paths: StorePaths) -> None:
    signer = Signer()
    _, note = anchored(paths, signer)
    changed = Note(note.text.replace("\n51\n", "\n50\n"), note.signatures)
    assert changed.text != note.text and changed.signer([signer.public]) is None
    ((name, data),) = note.signatures
    flipped = Note(note.text, ((name, data[:-1] + bytes([data[-1] ^ 1])),))
    assert flipped.signer([signer.public]) is None
    # A line that says it is of a known key, and is not, spoils the note; one of an unknown key says nothing.
    assert Note(note.text, (*note.signatures, *flipped.signatures)).signer([signer.public]) is None
    stranger = anchored(paths, Signer())[1]
    assert Note(note.text, (*stranger.signatures, *note.signatures)).signer([signer.public]) == signer.public


def test_checkpoints_are_found_in_a_mail_and_among_others(paths: StorePaths) -> None:
    signer = Signer()
    _, first = anchored(paths, signer)
    note_lines(paths.root, 5)
    _, second = anchored(paths, signer)
    mail = f"To: me@example.com\nSubject: checkpoint\n\n{first}\n-- \nsent by me\n\n{second}"
    assert find(mail) == [first, second]
    assert find(mail.replace("\n", "\r\n")) == [first, second]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no checkpoint in it"),
        (f"{BEGINS}0011aabb/paper\n", "begins on line 1 has no signature"),
        (f"{BEGINS}0011aabb/paper\n12\nAAAA\nhead {'0' * 64}\ntime 2025-01-01T00:00:00Z\n\n— a AAAAAAAAAA==\n",
         "is not a checkpoint"),
        (f"{BEGINS}0011aabb/paper\n012\n{'A' * 43}=\nhead {'0' * 64}\ntime 2025-01-01T00:00:00Z\n\n— a AAAAAAAAAA==\n",
         "is not a checkpoint"),
        (f"{BEGINS}0011aabb/paper\n12\n{'A' * 43}=\nhead {'0' * 64}\ntime 2h\n\n— a AAAAAAAAAA==\n",
         "is not a checkpoint"),
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_said(text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        find(text)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("— +/=A0\n\r:ünote"), max_size=80), st.integers(0, 6))
def test_no_text_at_all_is_more_than_wrong(text: str, kept_lines: int) -> None:
    true = f"{BEGINS}0011aabb/paper\n12\n{'A' * 43}=\nhead {'0' * 64}\ntime 2025-01-01T00:00:00Z\n".split(
        "\n"
    )
    begin = "\n".join(true[:kept_lines])
    with suppress(DataError):
        assert all(parse(note.text) for note in find(begin + text))
    with suppress(UsageError):
        assert str(parse_key(text)) == text.strip()


def test_an_account_without_a_journal_has_nothing_to_sign(paths: StorePaths) -> None:
    with pytest.raises(DataError, match="'nobody' has no journal"):
        take(paths, "nobody")


def test_a_damaged_journal_is_not_signed(paths: StorePaths) -> None:
    path = paths.account("paper") / "000002.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"note"', b'"nope"', 1))
    with pytest.raises(IntegrityError, match=r"is not signed: .*000002\.jsonl, line 1"):
        take(paths, "paper")


def test_two_checkpoints_never_contradict_each_other(paths: StorePaths, tmp_path: Path) -> None:
    signer = Signer()
    keep(paths, signer)
    note_lines(paths.root, 3)
    keep(paths, signer)
    # Another journal, whole in itself, in its place: longer, and then shorter, than what was signed.
    for count, said in [(70, "it was rewritten since"), (20, "its end is cut off")]:
        other = note_lines(tmp_path / str(count), count)
        for old in paths.account("paper").glob("0*.jsonl"):
            old.unlink()
        for new in other.account("paper").glob("0*.jsonl"):
            new.rename(paths.account("paper") / new.name)
        with pytest.raises(IntegrityError, match=said):
            take(paths, "paper")


def test_what_is_no_signature_is_not_passed_on(paths: StorePaths) -> None:
    signer = Signer()

    def forget(text: bytes) -> tuple[bytes, bytes]:
        return signer(text)[0], signer(b"something else")[1]

    with pytest.raises(IntegrityError, match="no signature of the checkpoint"):
        signed(take(paths, "paper"), "name", forget)


def test_public_keys_are_kept_once_and_in_order(paths: StorePaths) -> None:
    first, second = Signer().public, Signer().public
    assert [kept.keep_key(paths, each) for each in (first, second, first)] == [True, True, False]
    assert kept.keys(paths) == [first, second]
    kept.keys_path(paths).write_text("nonsense\n")
    with pytest.raises(DataError, match=r"public_keys.txt: 'nonsense' is not a public key"):
        kept.keys(paths)


def test_accounts_are_named_so_that_they_come_back(tmp_path: Path) -> None:
    paths = note_lines(tmp_path, 3, "my account/é")
    taken, note = anchored(paths, Signer(), "my account/é")
    assert "my%20account%2F%C3%A9" in note.text.split("\n")[0]
    assert parse(note.text).account == taken.account == "my account/é"


def test_a_verify_key_is_its_name_and_its_bytes() -> None:
    key = Signer().key.public_key().public_bytes_raw()
    assert VerifyKey("a", key).id != VerifyKey("b", key).id
    assert VerifyKey("a", key).fingerprint == VerifyKey("b", key).fingerprint
