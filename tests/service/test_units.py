"""The text of the systemd units, read back as systemd reads it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from memesnipe_cli.errors import UsageError
from memesnipe_cli.service.unit import Unit, trader_unit, watch_unit

COMMAND = ["/bin/true", "trade", "--strategy", "momentum_5m"]


def settings(unit: Unit) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in unit.text.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def test_what_does_not_get_better_by_itself_is_not_started_again() -> None:
    trader = settings(trader_unit("paper", COMMAND, "/srv"))
    assert trader["Restart"] == ["on-failure"]
    assert trader["RestartPreventExitStatus"] == ["2 3 4 7"]
    assert trader["SuccessExitStatus"] == ["130 143"]
    assert trader["KillSignal"] == ["SIGTERM"] and int(trader["TimeoutStopSec"][0]) >= 60
    # A trader that comes back in time is not taken for dead: that takes 10 s.
    assert int(trader["RestartSec"][0]) < 10


def test_the_watch_outlives_the_trader() -> None:
    unit = watch_unit("paper", COMMAND, "/srv")
    watch = settings(unit)
    assert watch["Restart"] == ["always"] and watch["StartLimitIntervalSec"] == ["0"]
    assert "memesnipe-trade" not in unit.text and unit.name == "memesnipe-watch-paper.service"
    # It must see and end the trader's process.
    assert not {"PrivateUsers", "ProtectProc", "PrivatePIDs"} & watch.keys()


def test_words_come_back_as_they_went_in() -> None:
    unit = trader_unit("paper", ["/bin/x", "a b", 'say "hi"', "100%", "$HOME", "back\\slash"], "/srv/50%")
    assert settings(unit)["ExecStart"] == ['/bin/x "a b" "say \\"hi\\"" "100%%" "$$HOME" "back\\\\slash"']
    assert settings(unit)["WorkingDirectory"] == ["/srv/50%%"]


def test_credentials_are_names_and_never_keys() -> None:
    unit = trader_unit("paper", COMMAND, "/srv", ["memesnipe.kraken.trade", "memesnipe.passphrase"])
    assert settings(unit)["LoadCredentialEncrypted"] == ["memesnipe.kraken.trade", "memesnipe.passphrase"]
    with pytest.raises(UsageError) as raised:
        trader_unit("paper", COMMAND, "/srv", ["kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76s"])
    assert "kQH5" not in raised.value.message


@pytest.mark.parametrize("account", ["a b", "../x", "", "x" * 200, "a/b"])
def test_an_account_that_makes_no_file_name_is_refused(account: str) -> None:
    with pytest.raises(UsageError):
        trader_unit(account, COMMAND, "/srv")


def test_a_line_break_cannot_bring_in_a_setting() -> None:
    for words, folder in ((["/bin/x", "a\nUser=root"], "/srv"), (["/bin/x"], "/srv\nUser=root")):
        with pytest.raises(UsageError, match="cannot stand in a unit file"):
            trader_unit("paper", words, folder)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_takes_them(tmp_path: Path) -> None:
    units = [
        trader_unit("paper", ["/bin/true", 'a "b" $x 5%'], str(tmp_path), ["memesnipe.kraken.trade"]),
        watch_unit("paper", COMMAND, str(tmp_path)),
    ]
    for unit in units:
        (tmp_path / unit.name).write_text(unit.text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", *(str(tmp_path / unit.name) for unit in units)],
        capture_output=True,
        text=True,
        timeout=30,
        env={"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
