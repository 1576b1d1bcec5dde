"""`memesnipe trade service`: units for a run whose options are looked at before anything is written."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from memesnipe_cli.cli import run

RUN = ("--strategy", "momentum_5m", "--symbol", "DOGE/USD", "--account", "small")


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = run(words, os.environ)
    said = capsys.readouterr()
    return code, said.out, said.err


def units(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    code, out, err = call(capsys, *words, "--json")
    assert code == 0, err
    found: list[dict[str, Any]] = json.loads(out)
    return found


def starts(unit: dict[str, Any]) -> str:
    (line,) = [line for line in unit["text"].splitlines() if line.startswith("ExecStart=")]
    return str(line.removeprefix("ExecStart="))


def test_it_starts_that_very_run_with_its_store_and_profile(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text("", encoding="utf-8")
    trader, watch = units(capsys, "--store", "data", "--profile", "./own.toml", "trade", "service", *RUN)
    program = f"{sys.executable} -m memesnipe_cli --store {tmp_path}/data --profile {tmp_path}/own.toml"
    assert starts(trader) == f"{program} trade {' '.join(RUN)}"
    assert starts(watch) == f"{program} breaker watch --act --account small"
    assert (trader["type"], trader["unit"], trader["path"]) == (
        "service",
        "memesnipe-trade-small.service",
        None,
    )
    assert f"WorkingDirectory={tmp_path}\n" in trader["text"]


@pytest.mark.parametrize(("kind", "account"), [("live", "live"), ("paper", "paper")])
def test_the_watch_looks_at_the_account_that_the_profile_trades(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, account: str
) -> None:
    profile = tmp_path / "own.toml"
    profile.write_text(f'kind = "{kind}"\n[account]\nvenue = "kraken"\n', encoding="utf-8")
    run_of = ("trade", "service", "--strategy", "momentum_5m", "--symbol", "DOGE/USD")
    trader, watch = units(capsys, "--profile", str(profile), *run_of)
    assert starts(watch).endswith(f"breaker watch --act --account {account}")
    assert trader["unit"] == f"memesnipe-trade-{account}.service"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--symbol", "DOGE/USD"), "--strategy is missing"),
        ((*RUN, "--frob"), "--frob"),
        ((*RUN, "--speed", "quick"), "--speed"),
        ((*RUN, "status"), "status"),
        ((*RUN, "--explain"), "--explain is for a run that a person makes"),
        ((*RUN, "--force"), "--force belongs to --install"),
        (("--strategy", "momentum_5m", "--account", "a b"), "cannot be part of a unit's name"),
    ],
)
def test_a_run_that_could_not_start_gets_no_unit(
    words: tuple[str, ...], said: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install = () if "--force" in words else ("--install",)
    code, out, err = call(capsys, "trade", "service", *install, *words)
    assert (code, out) == (2, "") and said in err
    assert not (home / "config" / "systemd").exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="systemd runs on Linux")
def test_installed_units_are_replaced_only_with_force(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = home / "config" / "systemd" / "user"
    code, out, err = call(capsys, "trade", "service", "--install", *RUN)
    assert code == 0 and "systemctl --user enable --now memesnipe-trade-small.service" in err
    files = sorted(folder.iterdir())
    assert [path.name for path in files] == ["memesnipe-trade-small.service", "memesnipe-watch-small.service"]
    assert all(str(path) in out for path in files)
    files[0].write_text("mine", encoding="utf-8")
    files[1].unlink()
    code, out, err = call(capsys, "trade", "service", "--install", *RUN)
    assert (code, out) == (2, "") and "is there already" in err
    assert files[0].read_text(encoding="utf-8") == "mine" and not files[1].exists()
    assert call(capsys, "trade", "service", "--install", "--force", *RUN)[0] == 0
    assert "[Service]" in files[0].read_text(encoding="utf-8") and files[1].exists()


def test_credentials_are_handed_over_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    for unit in units(capsys, "trade", "service", "--credential", "memesnipe.kraken.trade", *RUN):
        assert "LoadCredentialEncrypted=memesnipe.kraken.trade\n" in unit["text"]
