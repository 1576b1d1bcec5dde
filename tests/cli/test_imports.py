"""Start-up is part of the product: what a command does not need, it does not import."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from memesnipe_cli.cli import COMMANDS
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.risk.marks_file import marks_path, write_marks
from memesnipe_cli.store.paths import StorePaths

HEAVY = {"duckdb", "numpy", "numba", "ccxt", "pyarrow", "httpx", "keyring", "tenacity"}
DRAWING = {"rich"}
SOURCES = Path(__file__).parents[2]


def imported_by(*args: str) -> set[str]:
    """The modules in a fresh process after `memesnipe ARGS`."""
    code = (
        "import sys\n"
        f"sys.argv = ['memesnipe', *{list(args)!r}]\n"
        "from memesnipe_cli.cli import main\n"
        "code = main()\n"
        "assert not code, code\n"
        "sys.stderr.write('\\n'.join(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines())


def test_the_root_imports_no_command() -> None:
    modules = imported_by("--help")
    assert not {name for name in modules if name.startswith("memesnipe_cli.commands")}
    assert not modules & (HEAVY | DRAWING | {"pydantic", "orjson"})


@pytest.mark.parametrize("command", COMMANDS)
def test_help_imports_only_its_own_command_and_nothing_heavy(command: str) -> None:
    modules = imported_by(command, "--help")
    loaded = {name.split(".")[2] for name in modules if name.startswith("memesnipe_cli.commands.")}
    own = COMMANDS[command][0]
    assert {name for name in loaded if name != own and not name.startswith(f"{own}_")} == set()
    assert not modules & (HEAVY | DRAWING)


@pytest.mark.parametrize(
    "line",
    [
        "profile list --json",
        "profile show --json",
        "strategies list --json",
        "init --yes --json",
        "profile list",
        "profile diff kraken",
    ],
)
def test_light_commands_import_nothing_heavy(line: str) -> None:
    assert not imported_by(*line.split()) & (HEAVY | DRAWING)


@pytest.mark.parametrize(
    "line", ["status --json", "status", "trip --reason because", "history", "trip --strategy own --reason x"]
)
def test_the_kill_switch_imports_next_to_nothing(line: str, tmp_path: Path) -> None:
    paths = StorePaths(tmp_path)
    LatchFile(paths, "paper").create()
    monitoring = {"elevated": False, "reconcile_seconds": 300.0, "alert_seconds": 3600.0}
    write_marks(marks_path(paths, "paper"), {"tiers": {"halt": 0.05}, "monitoring": monitoring})
    modules = imported_by("--store", str(tmp_path), "breaker", *line.split())
    assert not modules & (HEAVY | DRAWING | {"pydantic", "memesnipe_cli.profile"})


def test_only_the_lazy_table_imports_commands() -> None:
    importing = re.compile(r"^\s*(?:from|import)\s+(?:memesnipe_cli\.commands|commands)\b", re.MULTILINE)
    library = [
        path for path in (SOURCES / "memesnipe_cli").rglob("*.py") if importing.search(path.read_text())
    ]
    assert library == []
