"""The page of controls is complete and true: all 36 are there, and every function and test that it names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from memesnipe_cli.risk.actions import APPLIES
from memesnipe_cli.risk.chain import CHECKS
from memesnipe_cli.risk.intent import Action

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "controls.md").read_text(encoding="utf-8")
STATES = {"in", "partly", "not here", "with the gates"}
ACTIONS = (Action.ENTRY, Action.REDUCE, Action.PROTECT, Action.CANCEL)


def _rows(first_cell: str) -> list[list[str]]:
    """The tables' rows whose first cell looks like `first_cell`."""
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line[:1] == "|"
    ]
    return [cells for cells in lines if re.fullmatch(first_cell, cells[0])]


CONTROLS = _rows(r"\d+")


def _names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def _defines(path: Path, dotted: str) -> bool:
    """Whether a file defines a function or class, or a method of one, at its top level."""
    body: list[ast.stmt] = ast.parse(path.read_text(encoding="utf-8")).body
    for name in dotted.split("."):
        found = [
            node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name
        ]
        if not found:
            return False
        body = found[0].body
    return True


def test_all_36_are_listed_once_in_order() -> None:
    assert [int(row[0]) for row in CONTROLS] == list(range(1, 37))


@pytest.mark.parametrize("row", CONTROLS, ids=lambda row: row[0])
def test_what_a_control_names_exists(row: list[str]) -> None:
    _, control, source, lives_in, shown_by, state, missing = row
    assert control and source and state in STATES
    for name in _names(lives_in):
        path, _, dotted = name.partition(":")
        assert (ROOT / path).exists(), name
        assert not dotted or _defines(ROOT / path, dotted), name
    for name in _names(shown_by):
        path, _, test = name.partition("::")
        test, _, parameter = test.partition("[")
        assert _defines(ROOT / path, test), name
        assert not parameter or parameter.rstrip("]") in CHECKS, name
    if state in ("in", "partly"):
        assert _names(lives_in) and _names(shown_by)
    if state == "partly":
        assert missing


def test_every_check_of_the_gate_stands_in_the_table_with_its_actions() -> None:
    said = {}
    for cells in _rows(r"[a-z_, ]+"):
        if len(cells) == 6 and cells[0] != "check":
            for name in cells[0].split(", "):
                said[name] = {action for action, cell in zip(ACTIONS, cells[2:], strict=True) if cell == "x"}
    assert said == {name: set(actions) for name, actions in APPLIES.items()}
    assert list(said) == list(APPLIES)


def test_every_check_of_the_gate_belongs_to_a_control() -> None:
    named = set(re.findall(r"test_without_its_check_the_order_passes\[(\w+)\]", PAGE))
    assert named == set(CHECKS)
