"""The table of signer_table.py, each rule of it taken out, and a journal that cannot be read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from signer_cases import World
from signer_mutants import mutants
from signer_steps import (
    Case,
    Step,
    amends,
    cancels,
    enters,
    holds,
    leaves,
    questions,
    rests,
    switches,
)
from signer_table import ALL

from memesnipe_cli.errors import StoreDamagedError
from memesnipe_cli.signer import judge as judge_module
from memesnipe_cli.signer.books import Books, BooksFold
from memesnipe_cli.signer.judge import Judge
from memesnipe_cli.store.following import Following
from memesnipe_cli.store.journal import Journal
from memesnipe_cli.store.paths import StorePaths


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_what_is_signed(case: Case) -> None:
    assert case.verdict() == case.expected


def test_no_two_cases_have_a_name() -> None:
    assert [name for name, times in Counter(case.name for case in ALL).items() if times > 1] == []


def verdict(case: Case, judge_class: type[Judge]) -> str:
    """What is said under other rules, which may stumble."""
    try:
        return case.verdict(judge_class)
    except Exception as error:
        return type(error).__name__


MUTANTS = dict(mutants(judge_module))


def test_there_are_as_many_rules_as_the_signer_should_have() -> None:
    assert len(MUTANTS) >= 17


@pytest.mark.parametrize("name", MUTANTS)
def test_a_rule_that_is_taken_out_is_missed(name: str) -> None:
    judge_class = MUTANTS[name].Judge
    assert any(verdict(case, judge_class) != case.expected for case in ALL)


REQUESTS: dict[str, Step] = {
    "entry": enters("last"),
    "exit": leaves("1", "last"),
    "cancel": cancels("ms3", "OV-ms3"),
    "amendment": amends(),
    "switch": switches(0),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_nothing_is_signed_on_a_damaged_journal(name: str, tmp_path: Path) -> None:
    world = World()
    for step in (holds("200"), rests()):
        step(world)
    request = REQUESTS[name](world)
    assert request is not None
    paths = StorePaths(tmp_path)
    journal = Journal(paths, "main")
    journal.append_many([(each.kind, each.body) for each in world.entries])
    (file,) = journal.folder.glob("*.jsonl")

    def books() -> Books:
        return Following(journal.folder, BooksFold()).now()

    world.judge._books = books
    assert world.verdict(request) == "signed"

    whole = file.read_bytes()
    file.write_bytes(whole.replace(b'"qty":"200"', b'"qty":"900"', 1))
    with pytest.raises(StoreDamagedError):
        world.verdict(request)
    asked = questions()(world)
    assert asked is not None
    assert world.verdict(asked) == "signed"
