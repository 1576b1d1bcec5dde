"""Signed checkpoints held against a journal: nothing before them was cut off or rewritten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from memesnipe_cli import clock
from memesnipe_cli.audit import leaves
from memesnipe_cli.audit.checkpoint import Checkpoint, parse
from memesnipe_cli.audit.checkpoint_taking import roots_at
from memesnipe_cli.audit.note import Note, VerifyKey
from memesnipe_cli.store.paths import StorePaths


@dataclass(frozen=True, slots=True)
class Trusted:
    """The public keys whose signature counts. given: by the person who asks; else they are those beside the store."""

    keys: Sequence[VerifyKey]
    given: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A checkpoint as it was found. key: who signed, None where nobody whose signature counts did; problem: what is
    wrong, "" for nothing; lacks: entries that it speaks of are gone."""

    checkpoint: Checkpoint
    key: VerifyKey | None
    given: bool
    problem: str = ""
    lacks: bool = False

    def as_dict(self) -> dict[str, Any]:
        """One of `checkpoints` of the `verification` record."""
        return {
            "size": self.checkpoint.size,
            "root": self.checkpoint.root.hex(),
            "time": clock.format_time(self.checkpoint.time_ms),
            "key": None if self.key is None else str(self.key),
            "trusted": "given" if self.given else "kept",
            "problem": self.problem,
        }


def accounts_of(notes: Sequence[Note]) -> set[str]:
    """The accounts that checkpoints speak of. Raises DataError where one is no checkpoint."""
    return {parse(note.text).account for note in notes}


def of_store(notes: Sequence[Note], store_id: str) -> list[Note]:
    """Those of `notes` that are of this store: others may lie in the same file. Where none is, all of them: the store
    may have been given another id. Raises DataError where one is no checkpoint."""
    return [each for each in notes if parse(each.text).store == store_id] or list(notes)


def judge(
    paths: StorePaths, account: str, store_id: str, notes: Sequence[Note], trusted: Trusted
) -> list[Judged]:
    """Each checkpoint of `account` among `notes`, the smallest first: is it signed, is it of this store, and are the
    first entries of the journal those that were signed? Raises DataError where a note is no checkpoint."""
    pairs = [(parse(note.text), note) for note in notes]
    mine = sorted((each for each in pairs if each[0].account == account), key=lambda each: each[0].size)
    roots = roots_at(paths, account, [found.size for found, _ in mine])
    entries = 0 if not mine or mine[-1][0].size in roots else _lines(paths, account)
    judged: list[Judged] = []
    for found, note in mine:
        key = note.signer(trusted.keys)
        problem, lacks = "", False
        when = f"the checkpoint of {clock.format_time(found.time_ms)}"
        if key is None:
            problem = f"{when} is not signed by {_spoken(trusted)}"
        elif found.store != store_id:
            problem = f"{when} is one of the store {found.store}, this is {store_id}"
        elif found.size not in roots:
            problem = f"{when} was of {found.size} entries, the journal has {entries}: the end is cut off"
            lacks = True
        elif roots[found.size] != found.root:
            problem = (
                f"the first {found.size} entries are not those of {when}: the journal was rewritten since"
            )
        judged.append(Judged(found, key, trusted.given, problem, lacks))
    return judged


def _lines(paths: StorePaths, account: str) -> int:
    return sum(len(batch) for batch in leaves.lines(paths.account(account)))


def _spoken(trusted: Trusted) -> str:
    whose = "that was given" if trusted.given else "that the store keeps"
    if len(trusted.keys) == 1:
        return f"the key {whose} ({trusted.keys[0]})"
    return f"any of the {len(trusted.keys)} keys {whose}"
