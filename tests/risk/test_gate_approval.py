"""An approval comes from the gate, from nowhere else, and is good once."""

from __future__ import annotations

import ast
import copy
import pickle
from pathlib import Path

import pytest
from gate_cases import NOW, approved, facts, make_gate, order

import memesnipe_cli
from memesnipe_cli.errors import RefusedError
from memesnipe_cli.risk.approval import Approved

PACKAGE = Path(memesnipe_cli.__file__).parent


def test_it_is_spent_once() -> None:
    approval = approved(make_gate(), order(), facts())
    assert (approval.time_ms, approval.fence) == (NOW, 1)
    assert approval.spend() is approval.intent
    with pytest.raises(RefusedError, match="first has been sent already"):
        approval.spend()


def test_nobody_else_makes_one() -> None:
    with pytest.raises(TypeError, match="only the risk gate"):
        Approved(object(), order(), NOW, 1)
    with pytest.raises(TypeError):
        Approved()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="only the risk gate"):
        object.__new__(Approved).spend()
    with pytest.raises(TypeError, match="only the risk gate"):
        type("Forged", (Approved,), {})


def test_it_is_not_copied_pickled_or_changed() -> None:
    approval = approved(make_gate(), order(), facts())
    for copied in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="may be sent once"):
            copied(approval)
    with pytest.raises(AttributeError):
        approval.intent = order(qty=order().qty * 2)  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del approval.fence  # type: ignore[misc]


def test_no_module_outside_risk_makes_one_or_touches_its_key() -> None:
    found = []
    for file in PACKAGE.rglob("*.py"):
        if file.is_relative_to(PACKAGE / "risk"):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            name = getattr(called, "attr", getattr(called, "id", ""))
            imported = [each.name for each in node.names] if isinstance(node, ast.ImportFrom) else []
            if name == "Approved" or "_MINT" in imported or getattr(node, "attr", "") == "_MINT":
                found.append(f"{file.name}:{getattr(node, 'lineno', 0)}")
    assert found == []
