"""`memesnipe audit`, as it is called."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from audit_journals import ENTRY, journalled, live_lines
from program import Memesnipe


@pytest.fixture
def root(tmp_path: Path) -> str:
    """A store with one live order."""
    return str(journalled(tmp_path / "store", live_lines()[2:]).root)


def test_verify_says_both_verdicts(memesnipe: Memesnipe, root: str) -> None:
    done = memesnipe("--store", root, "audit", "verify", "--json")
    assert done.returncode == 0, done.stderr
    (said,) = json.loads(done.stdout)
    assert (said["type"], said["integrity"], said["completeness"]) == ("verification", "ok", "not_proven")
    assert said["entries"] == len(live_lines()) - 1


def test_a_broken_journal_is_exit_7_and_names_the_line(memesnipe: Memesnipe, root: str) -> None:
    path = Path(root) / "journal" / "paper" / "000001.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"qty":"60"', b'"qty":"61"'))
    done = memesnipe("--store", root, "audit", "verify")
    assert done.returncode == 7
    assert "paper    broken" in done.stdout
    assert "000001.jsonl, line 5: the line does not match its own hash" in done.stderr


def test_an_empty_store_has_nothing_to_verify(memesnipe: Memesnipe, tmp_path: Path) -> None:
    done = memesnipe("--store", str(tmp_path / "none"), "audit", "verify", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_log_streams_records(memesnipe: Memesnipe, root: str) -> None:
    done = memesnipe("--store", root, "audit", "log", "--kind", "fill", "--jsonl")
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["type"], each["body"]["venue_trade_id"]) for each in said] == [
        ("entry", "T1"),
        ("entry", "T2"),
    ]
    assert len(memesnipe("--store", root, "audit", "log", "--limit", "2").stdout.splitlines()) == 2


def test_log_is_quiet_when_its_reader_leaves(root: str, home: Path) -> None:
    line = (
        f"'{sys.executable}' -m memesnipe_cli --store '{root}' audit log | head -1; echo ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, timeout=60, env=dict(os.environ), check=True
    )
    assert done.stdout.splitlines()[-1] == "0"
    assert done.stderr == ""


@pytest.mark.parametrize("more", ["--json", "--limit=3"])
def test_what_has_no_end_is_not_cut(memesnipe: Memesnipe, root: str, more: str) -> None:
    done = memesnipe("--store", root, "audit", "log", "--follow", more)
    assert done.returncode == 2
    assert "--follow has no end" in done.stderr


def test_show_tells_a_person_what_it_cost(memesnipe: Memesnipe, root: str) -> None:
    done = memesnipe("--store", root, "audit", "show", ENTRY.id)
    assert done.returncode == 0, done.stderr
    assert "0.2220 USD (111.0 bps)" in done.stdout
    assert "partly_filled" in done.stdout
    assert memesnipe("--store", root, "audit", "show", "msnone").returncode == 1


def test_tca_for_a_person_and_for_a_script(memesnipe: Memesnipe, root: str) -> None:
    done = memesnipe("--store", root, "audit", "tca")
    assert done.stdout.splitlines()[-1].split() == [
        "momentum_5m", "1", "1", "20.0000", "USD", "40.0", "20.0", "1.0", "20.0", "30.0", "111.0", "0.2220", "real",
    ]  # fmt: skip
    (said,) = json.loads(memesnipe("--store", root, "audit", "tca", "--by", "order", "--json").stdout)
    assert (said["type"], said["key"]) == ("tca", ENTRY.id)
    assert memesnipe("--store", root, "audit", "tca", "--by", "week").returncode == 2
