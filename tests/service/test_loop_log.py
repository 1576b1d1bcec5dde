"""The log of a loop: it turns over, it holds no secret, and it stops nobody."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from memesnipe_cli.service.logs import LoopLog, log_path
from memesnipe_cli.store.paths import StorePaths


def plain(text: str) -> str:
    return text


def test_lines_have_their_time_and_a_file_of_their_own(tmp_path: Path) -> None:
    path = log_path(StorePaths(tmp_path), "kraken/main")
    assert path == tmp_path / "logs" / "kraken%2Fmain" / "trade.log"
    log = LoopLog(path, max_bytes=10_000, keep=2, redact=plain)
    log.write("halted\nbecause it fell by 5 %")
    log.close()
    first, second = path.read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z halted", first)
    assert second == "    because it fell by 5 %"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_full_file_is_begun_anew_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "trade.log"
    log = LoopLog(path, max_bytes=200, keep=2, redact=plain)
    for number in range(40):
        log.write(f"line {number:02d}")
    log.close()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["trade.log", "trade.log.1", "trade.log.2"]
    files = [tmp_path / "trade.log.2", tmp_path / "trade.log.1", path]
    assert all(each.stat().st_size <= 200 for each in files)
    kept = [line.split()[-1] for each in files for line in each.read_text(encoding="utf-8").splitlines()]
    assert kept == [f"{number:02d}" for number in range(40 - len(kept), 40)] and len(kept) > 8


def test_it_goes_on_in_the_file_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "trade.log"
    for word in ("one", "two"):
        log = LoopLog(path, max_bytes=1_000, keep=1, redact=plain)
        log.write(word)
        log.close()
    assert [line.split()[-1] for line in path.read_text(encoding="utf-8").splitlines()] == ["one", "two"]


def test_every_line_goes_through_what_hides_secrets(tmp_path: Path) -> None:
    log = LoopLog(
        tmp_path / "x.log", max_bytes=1_000, keep=1, redact=lambda text: text.replace("hunter2", "[hidden]")
    )
    log.write("refused:\nkey hunter2 is not known")
    log.close()
    text = (tmp_path / "x.log").read_text(encoding="utf-8")
    assert "hunter2" not in text and "key [hidden] is not known" in text


def test_a_log_that_cannot_be_written_says_so_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logs").write_text("in the way", encoding="utf-8")
    log = LoopLog(tmp_path / "logs" / "x.log", max_bytes=1_000, keep=1, redact=plain)
    log.write("lost")
    assert "cannot be written" in log.problem
    (tmp_path / "logs").unlink()
    log.write("there")
    assert log.problem == ""
    assert (tmp_path / "logs" / "x.log").read_text(encoding="utf-8").endswith(" there\n")
    log.close()
