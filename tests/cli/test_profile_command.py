"""memesnipe profile and memesnipe init, as a person and as a script see them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from memesnipe_cli import cli, console
from memesnipe_cli.cli import run


def rows(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_list_names_the_one_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["profile", "list", "--profile", "kraken", "--json"], {}) == 0
    assert [row["name"] for row in rows(capsys) if row["active"]] == ["kraken"]


def test_list_goes_on_after_a_broken_file(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = home / "config" / "memesnipe" / "profiles"
    folder.mkdir(parents=True)
    (folder / "broken.toml").write_text("a = ")
    assert run(["profile", "list", "--json"], {}) == 0
    (broken,) = [row for row in rows(capsys) if row["origin"] == "user"]
    assert broken["description"].startswith("unreadable: ")


def test_show_is_the_whole_tree_for_a_machine_and_marks_differences_for_a_person(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["profile", "show", "cautious", "--json"], {}) == 0
    shown = rows(capsys)
    assert (shown["type"], shown["v"], shown["account"]["capital"]) == ("profile", 1, "200")
    assert shown["limits"]["trade_share"] == 0.01
    assert run(["profile", "show", "cautious"], {}) == 0
    marked = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.rstrip().endswith("*")]
    assert "limits.trade_share" in marked and "account.capital" not in marked


def test_diff(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["profile", "diff", "kraken", "--json"], {}) == 0
    assert rows(capsys) == [
        {"type": "difference", "v": 1, "key": "account.venue", "value": "kraken", "other": "sim"}
    ]
    assert run(["profile", "diff", "paper", "--json"], {}) == 0
    assert rows(capsys) == []


def test_validate_lists_all_and_fails_when_one_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["profile", "validate", "--json"], {}) == 0
    assert {row["severity"] for row in rows(capsys)} == {"ok"}
    bad = tmp_path / "bad.toml"
    bad.write_text("[account]\ncapital = -1\nx = 2\n")
    assert run(["profile", "validate", "paper", str(bad), "--json"], {}) == 1
    found = rows(capsys)
    assert [row["severity"] for row in found] == ["ok", "error", "error"]
    assert {row["type"] for row in found} == {"finding"}


def test_init_takes_flags_and_defaults_and_what_it_wrote_loads(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run(["init", "--yes", "--name", "small", "--venue", "kraken", "--capital", "50", "--json"], {}) == 0
    )
    path = Path(rows(capsys)["path"])
    assert path == home / "config" / "memesnipe" / "profiles" / "small.toml"
    assert run(["profile", "show", "--profile", "small", "--json"], {}) == 0
    shown = rows(capsys)
    assert (shown["account"]["venue"], shown["account"]["capital"]) == ("kraken", "50")


def test_init_never_overwrites_unless_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("# mine\n")
    assert run(["init", "--yes", "--path", str(path)], {}) == 2
    assert path.read_text() == "# mine\n"
    assert "--force" in capsys.readouterr().err
    assert run(["init", "--yes", "--path", str(path), "--force"], {}) == 0
    assert 'venue = "sim"' in path.read_text()
    assert [file.name for file in tmp_path.iterdir()] == ["mine.toml"]


def test_init_without_a_terminal_names_every_flag_that_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--capital", "50"], {}) == 2
    err = capsys.readouterr().err
    assert "--name, --venue, --trade-share, --strategy-share" in err
    assert "--yes" in err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--venue", "nyse"], "nyse is not one of sim, kraken, coinbase"),
        (["--capital", "much"], "much is not a number"),
        (["--capital", "nan"], "nan is not a number"),
        (["--capital", "-5"], "must be above 0"),
        (["--trade-share", "0.5"], "at most 0.02"),
        (["--name", "kraken"], "kraken is a built-in profile"),
        (["--name", "x", "--path", "y.toml"], "exclude each other"),
        (["--path", "y.json"], "does not end in .toml"),
    ],
)
def test_init_refuses(flags: list[str], said: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--yes", *flags], {}) == 2
    assert said in capsys.readouterr().err
    assert not (home / "config").exists()


class Terminal(io.StringIO):
    """A person at a terminal who has already typed."""

    def isatty(self) -> bool:
        return True


def test_init_asks_a_person_and_asks_again(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console.sys, "stdin", Terminal("\nkraken\nlots\n75\n\n\n"))  # type: ignore[attr-defined]
    assert run(["init"], {}) == 0
    written = capsys.readouterr()
    assert "Name of the profile [mine]: " in written.err
    assert "lots is not a number" in written.err
    text = (home / "config" / "memesnipe" / "profiles" / "mine.toml").read_text()
    assert 'venue = "kraken"\ncapital = 75\n' in text


def test_a_person_who_leaves_is_an_interruption(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(console.sys, "stdin", Terminal(""))  # type: ignore[attr-defined]
    assert cli.run(["init"], {}) == 130
    assert "interrupted" in capsys.readouterr().err
