"""The encrypted file, the kernel's keyring and systemd's credentials: each gives back what it was given, and says
why it does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from vault_cases import (
    COINBASE_LINES,
    KRAKEN_LINES,
    OTHER_LINES,
    OTHER_SECRET,
    PASSPHRASE,
    keys,
    user_vault,
)
from venue_server.keys import COINBASE_KEY, KRAKEN_KEY, KRAKEN_SECRET, coinbase_secret

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.vault import keyctl
from memesnipe_cli.vault.file_home import FileHome
from memesnipe_cli.vault.homes import store_and_compare
from memesnipe_cli.vault.index import Index
from memesnipe_cli.vault.kernel_home import KernelHome
from memesnipe_cli.vault.material import Material
from memesnipe_cli.vault.reading import read_key

pytestmark = pytest.mark.usefixtures("quick_files")
IN_FILE = ("--in", "file", "--offline")


def code_of(error: pytest.ExceptionInfo[ConfigError]) -> str:
    return error.value.code


# --- the encrypted file ---------------------------------------------------------------------------------------


def test_a_key_in_a_file_comes_back_and_the_file_shows_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keys("add", "coinbase", *IN_FILE, key=COINBASE_LINES, passphrase=PASSPHRASE) == 0
    shown = capsys.readouterr()
    vault = user_vault(home)
    key = read_key(vault, "coinbase", "trade")
    assert (key.id, key.secret, key.kind, key.home) == (COINBASE_KEY, coinbase_secret(), "trade", "file")
    assert key.fingerprint in shown.out
    assert "was not asked" in shown.err
    (path,) = (home / "config" / "memesnipe" / "vault" / "files").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.parent.stat().st_mode & 0o777 == 0o700
    assert "PRIVATE" not in path.read_text() and "apiKeys" not in path.read_text()


def test_a_file_opens_only_with_its_passphrase_and_where_it_was_made(tmp_path: Path) -> None:
    files = FileHome(tmp_path, lambda what: PASSPHRASE)
    material = Material(KRAKEN_KEY, KRAKEN_SECRET, "trade")
    store_and_compare(files, "kraken", "trade", material)
    path = files.path("kraken", "trade")
    whole = path.read_bytes()

    with pytest.raises(ConfigError) as wrong:
        FileHome(tmp_path, lambda what: b"another passphrase").read("kraken", "trade")
    assert code_of(wrong) == "passphrase"

    path.rename(files.path("kraken", "watchdog"))
    with pytest.raises(ConfigError):
        files.read("kraken", "watchdog")

    for change in ("kind", "fields"):
        content = json.loads(whole)
        if change == "kind":
            content["kind"] = "read"
        else:
            content["fields"]["id"], content["fields"]["secret"] = (
                content["fields"]["secret"],
                content["fields"]["id"],
            )
        path.write_text(json.dumps(content))
        with pytest.raises(ConfigError):
            files.read("kraken", "trade")

    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigError) as damaged:
        files.read("kraken", "trade")
    assert code_of(damaged) == "vault_file"

    path.write_bytes(whole)
    assert material.same_as(files.read("kraken", "trade"))


def test_a_rotated_key_replaces_the_old_one_and_the_user_is_told_to_revoke_that(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keys("add", "kraken", *IN_FILE, key=KRAKEN_LINES, passphrase=PASSPHRASE) == 0
    old = read_key(user_vault(home), "kraken", "trade").fingerprint
    assert keys("rotate", "kraken", "--offline", key=KRAKEN_LINES, passphrase=PASSPHRASE) == 2
    capsys.readouterr()
    assert keys("rotate", "kraken", "--offline", "--json", key=OTHER_LINES, passphrase=PASSPHRASE) == 0
    shown = capsys.readouterr()
    row = json.loads(shown.out)
    assert row["old_fingerprint"] == old != row["fingerprint"]
    assert f"({old}) still opens the account: revoke it" in shown.err
    assert read_key(user_vault(home), "kraken", "trade").secret == OTHER_SECRET
    files = home / "config" / "memesnipe" / "vault" / "files"
    assert [each.name for each in files.iterdir()] == ["kraken.trade.json"]


def test_a_rotation_that_is_cut_short_leaves_one_of_the_two_whole_and_can_be_done_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keys("add", "kraken", *IN_FILE, key=KRAKEN_LINES, passphrase=PASSPHRASE) == 0
    whole = FileHome.write

    def fails_at_the_switch(files: FileHome, owner: str, name: str, material: Material) -> None:
        if name == "trade":
            raise ConfigError("the disk is full")
        whole(files, owner, name, material)

    with monkeypatch.context() as patched:
        patched.setattr(FileHome, "write", fails_at_the_switch)
        assert keys("rotate", "kraken", "--offline", key=OTHER_LINES, passphrase=PASSPHRASE) == 4
    assert read_key(user_vault(home), "kraken", "trade").secret == KRAKEN_SECRET
    with monkeypatch.context() as patched:
        patched.setattr(Index, "put", lambda index, entry: (_ for _ in ()).throw(ConfigError("power cut")))
        assert keys("rotate", "kraken", "--offline", key=OTHER_LINES, passphrase=PASSPHRASE) == 4
    with pytest.raises(ConfigError) as unsure:
        read_key(user_vault(home), "kraken", "trade")
    assert code_of(unsure) == "key_changed"
    assert keys("rotate", "kraken", "--offline", key=OTHER_LINES, passphrase=PASSPHRASE) == 0
    assert read_key(user_vault(home), "kraken", "trade").secret == OTHER_SECRET


def test_a_key_that_was_changed_behind_our_back_is_not_used(home: Path) -> None:
    assert keys("add", "kraken", *IN_FILE, key=KRAKEN_LINES, passphrase=PASSPHRASE) == 0
    vault = user_vault(home)
    vault.files.write("kraken", "trade", Material("another-key", OTHER_SECRET, "trade"))
    with pytest.raises(ConfigError) as changed:
        read_key(vault, "kraken", "trade")
    assert code_of(changed) == "key_changed"
    vault.files.remove("kraken", "trade")
    with pytest.raises(ConfigError) as gone:
        read_key(vault, "kraken", "trade")
    assert code_of(gone) == "key_gone"


def test_a_home_that_keeps_nothing_is_found_out() -> None:
    class Sieve:
        def read(self, owner: str, name: str) -> Material | None:
            return None

        def write(self, owner: str, name: str, material: Material) -> None:
            return

        def remove(self, owner: str, name: str) -> bool:
            return False

    with pytest.raises(ConfigError) as lost:
        store_and_compare(Sieve(), "kraken", "trade", Material(KRAKEN_KEY, KRAKEN_SECRET, "trade"))
    assert code_of(lost) == "key_lost"


def test_a_damaged_list_of_keys_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = home / "config" / "memesnipe" / "vault" / "vault.json"
    path.parent.mkdir(parents=True)
    for text in ("", "{}", '{"format": 1, "fingerprint_key": "AAAA", "keys": [{}]}', '{"format": 9}'):
        path.write_text(text)
        assert keys("list") == 4
        assert str(path) in capsys.readouterr().err


# --- the kernel's keyring -------------------------------------------------------------------------------------


@pytest.fixture
def kernel() -> None:
    """Skips where the kernel's keyring may not be used, as in some containers."""
    try:
        keyctl.put("memesnipe/test/probe", b"x", 5)
        keyctl.remove("memesnipe/test/probe")
    except ConfigError as error:
        pytest.skip(error.message)


READ_ELSEWHERE = """
import pathlib, sys
from memesnipe_cli.vault.reading import read_key
from memesnipe_cli.vault.vault import Vault
def nobody(what):
    raise SystemExit("asked for a passphrase")
key = read_key(Vault(pathlib.Path(sys.argv[1]), None, nobody), "kraken", "trade")
print(key.home, key.fingerprint, key.secret == sys.stdin.read())
"""


@pytest.mark.usefixtures("kernel")
def test_an_unlocked_key_is_read_by_another_process_without_a_passphrase_until_its_time_is_over(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keys("add", "kraken", *IN_FILE, key=KRAKEN_LINES, passphrase=PASSPHRASE) == 0
    vault = user_vault(home)
    try:
        assert keys("unlock", "kraken", "--ttl", "1h", passphrase=PASSPHRASE) == 0
        capsys.readouterr()
        folder = home / "config" / "memesnipe" / "vault"
        # A session of its own, as cron's: what is there counts for the user, not for one session.
        done = subprocess.run(
            [sys.executable, "-c", READ_ELSEWHERE, str(folder)],
            input=KRAKEN_SECRET,
            capture_output=True,
            text=True,
            timeout=30,
            start_new_session=True,
        )
        assert done.stdout.split() == ["kernel", vault.index.entries()[0].fingerprint, "True"], done.stderr
        assert keys("list", "--json") == 0
        assert json.loads(capsys.readouterr().out)[0]["unlocked_until"] is not None
        assert keys("unlock", "--end") == 0
        assert vault.kernel.read("kraken", "trade") is None

        assert keys("unlock", "kraken", "--ttl", "1s", passphrase=PASSPHRASE) == 0
        assert vault.kernel.read("kraken", "trade") is not None
        give_up = time.monotonic() + 5
        while vault.kernel.read("kraken", "trade") is not None and time.monotonic() < give_up:
            time.sleep(0.1)
        assert vault.kernel.read("kraken", "trade") is None
    finally:
        vault.kernel.remove("kraken", "trade")


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("goes", ["rotate", "remove"])
def test_an_unlocked_copy_goes_with_its_key(home: Path, goes: str) -> None:
    assert keys("add", "kraken", *IN_FILE, key=KRAKEN_LINES, passphrase=PASSPHRASE) == 0
    vault = user_vault(home)
    vault.unlock("kraken", "trade", 60)
    if goes == "rotate":
        assert keys("rotate", "kraken", "--offline", key=OTHER_LINES, passphrase=PASSPHRASE) == 0
    else:
        assert keys("remove", "kraken", "--yes") == 0
    assert vault.kernel.read("kraken", "trade") is None


@pytest.mark.usefixtures("kernel")
def test_a_key_unlocked_in_another_vault_is_not_taken_for_this_ones(home: Path, tmp_path: Path) -> None:
    assert keys("add", "kraken", *IN_FILE, key=KRAKEN_LINES, passphrase=PASSPHRASE) == 0
    elsewhere = KernelHome(tmp_path / "another" / "vault")
    elsewhere.put("kraken", "trade", Material("another", "key", "trade"), 60)
    try:
        assert user_vault(home).kernel.read("kraken", "trade") is None
        assert keys("remove", "kraken", "--yes") == 0
        assert elsewhere.read("kraken", "trade") is not None
    finally:
        elsewhere.remove("kraken", "trade")


# --- systemd's credentials ------------------------------------------------------------------------------------


def test_a_service_reads_its_key_from_its_credentials(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "memesnipe.kraken.watchdog").write_text(
        json.dumps({"name": KRAKEN_KEY, "secret": KRAKEN_SECRET})
    )
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert keys("list", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["home"], row["name"], row["kind"]) == ("credentials", "watchdog", "watchdog")
    key = read_key(user_vault(home, credentials=tmp_path), "kraken", "watchdog")
    assert (key.secret, key.fingerprint) == (KRAKEN_SECRET, row["fingerprint"])


def test_a_passphrase_can_be_a_credential(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keys("add", "etherscan", "--in", "file", key="ABCDEFGH12345678\n", passphrase=PASSPHRASE) == 0
    assert keys("check") == 4
    assert "nobody is here to give its passphrase" in capsys.readouterr().out
    (tmp_path / "memesnipe.passphrase").write_bytes(PASSPHRASE + b"\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert keys("check") == 0


def test_a_vault_that_cannot_be_written_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", os.devnull)
    assert keys("add", "kraken", *IN_FILE, key=KRAKEN_LINES, passphrase=PASSPHRASE) == 4
    assert "cannot be used" in capsys.readouterr().err
