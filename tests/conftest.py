"""What every test shares: no test reads or writes the user's own folders, and a way to run the real
program."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from program import Memesnipe

FOLDERS = {
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
    "XDG_CACHE_HOME": "cache",
    "XDG_STATE_HOME": "state",
}
CHANGES_OUTPUT = ("MEMESNIPE_PROFILE", "MEMESNIPE_STORE", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "TERM")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write tests/golden/ anew instead of comparing"
    )


@pytest.fixture(scope="session")
def kernel_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where compiled kernels stay from one run to the next: compiling takes longer than most tests."""
    cache = request.config.cache
    return cache.mkdir("kernels") if cache else tmp_path_factory.mktemp("kernels")


@pytest.fixture(autouse=True)
def home(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, kernel_folder: Path
) -> Path:
    """A fresh place for configuration, data and caches, here and in every process that a test starts.

    Only the compiled kernels are shared; their names say what they were made from.
    """
    root = tmp_path_factory.mktemp("home")
    kernels = root / "cache" / "memesnipe" / "kernels"
    kernels.parent.mkdir(parents=True)
    kernels.symlink_to(kernel_folder, target_is_directory=True)
    for variable, folder in FOLDERS.items():
        monkeypatch.setenv(variable, str(root / folder))
    for variable in CHANGES_OUTPUT:
        monkeypatch.delenv(variable, raising=False)
    return root


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden(name, text)` holds `text` against tests/golden/NAME, or writes it there with
    --update-golden."""

    def compare(name: str, text: str) -> None:
        path = Path(__file__).parent / "golden" / name
        if request.config.getoption("--update-golden"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture
def memesnipe() -> Memesnipe:
    """Runs the program in a process of its own, without a terminal: `memesnipe("profile", "list")`."""

    def run(
        *args: str, stdin: str = "", timeout: float = 60, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "memesnipe_cli", *args],
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout,
            env={**os.environ, **environment},
            check=False,
        )

    return run
