"""What the tests of the vault share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from vault_cases import MISSING_PROGRAMS, Session, keyring_session

from memesnipe_cli.vault import file_home


@pytest.fixture(scope="session")
def keyring_programs() -> None:
    """What a Secret Service of one's own takes. Where REQUIRE_KEYRING is set, its absence is a failure."""
    if MISSING_PROGRAMS:
        missing = f"not installed: {', '.join(MISSING_PROGRAMS)}"
        if os.environ.get("REQUIRE_KEYRING"):
            pytest.fail(missing)
        pytest.skip(missing)


@pytest.fixture(scope="session")
def session(keyring_programs: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """An unlocked gnome-keyring, shared: tests use keys of different names, or remove theirs."""
    with keyring_session(tmp_path_factory.mktemp("keyring"), "login password") as made:
        yield made


@pytest.fixture
def quick_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Encrypted files that this process opens in no time; what is tested with them is not how long guessing takes."""
    monkeypatch.setattr(file_home, "MEMORY_KIB", 64)
