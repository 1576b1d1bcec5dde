"""What a key may do is asked of its venue, and a key that may take anything out, or whose venue does not say, is
refused and not kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from memesnipe_cli.commands.venue_access import key_use_body
from vault_cases import COINBASE_LINES, KRAKEN_LINES, OTHER_LINES, PASSPHRASE, descriptor, user_vault
from venue_server import VenueServer

from memesnipe_cli.cli import run
from memesnipe_cli.errors import ConfigError
from memesnipe_cli.vault.reading import read_key
from memesnipe_cli.vault.rights import refuse_unfit, rights_words
from memesnipe_cli.venues.facts import KeyRights

pytestmark = pytest.mark.usefixtures("quick_files")
READING = {"kraken": ["query-funds", "query-open-trades"], "coinbase": ["can_view"]}
TRADING = {"kraken": [*READING["kraken"], "modify-trades"], "coinbase": ["can_view", "can_trade"]}
TAKING = {"kraken": "withdraw-funds", "coinbase": "can_transfer"}
LINES = {"kraken": KRAKEN_LINES, "coinbase": COINBASE_LINES}


@pytest.mark.parametrize(
    ("rights", "kind", "says"),
    [
        (KeyRights(True, True, False), "trade", ""),
        (KeyRights(True, True, False), "watchdog", ""),
        (KeyRights(True, False, False), "read", ""),
        (KeyRights(True, True, True), "trade", "may withdraw or transfer"),
        (KeyRights(True, False, True), "read", "may withdraw or transfer"),
        (KeyRights(True, True, False, ("earn-funds",)), "trade", "earn-funds"),
        (KeyRights(False, True, False), "trade", "may not read"),
        (KeyRights(True, False, False), "trade", "may not trade"),
        (KeyRights(True, False, False), "watchdog", "may not trade"),
        (KeyRights(True, True, False), "read", "is for reading and may trade"),
    ],
)
def test_a_key_may_do_what_it_is_for_and_no_more(rights: KeyRights, kind: str, says: str) -> None:
    if not says:
        refuse_unfit(rights, kind)
        return
    with pytest.raises(ConfigError) as refused:
        refuse_unfit(rights, kind, "kraken/trade")
    assert says in refused.value.message and "kraken/trade" in refused.value.message
    assert (refused.value.code, int(refused.value.exit_code)) == ("key_rights", 4)


def test_rights_in_words() -> None:
    assert rights_words(KeyRights(True, True, True, ("earn-funds",))) == (
        "read",
        "trade",
        "withdraw",
        "earn-funds",
    )


@pytest.fixture(params=["kraken", "coinbase"])
def venue(request: pytest.FixtureRequest) -> Iterator[VenueServer]:
    with VenueServer(request.param) as server:
        yield server


@pytest.fixture
def call(venue: VenueServer, tmp_path: Path) -> object:
    """`keys WORDS` with a profile that points at the loopback venue; a key and the passphrase by descriptors."""
    profile = tmp_path / "loopback.toml"
    profile.write_text(f'[venues.{venue.dialect}]\nbase_url = "{venue.base_url}"\n')

    def keys(*words: str, key: str = "") -> int:
        given = ("--fd", str(descriptor(key))) if key else ()
        passphrase = ("--passphrase-fd", str(descriptor(PASSPHRASE))) if words[0] != "list" else ()
        place = ("--profile", str(profile), "--store", str(tmp_path / "store"))
        return run([*place, "keys", *words, *given, *passphrase], {})

    return keys


def test_a_fit_key_is_kept_and_checked_again(venue, call, home, capsys) -> None:  # type: ignore[no-untyped-def]
    name = venue.dialect
    venue.set_rights(TRADING[name])
    assert call("add", name, "--in", "file", key=LINES[name]) == 0
    capsys.readouterr()
    assert call("list", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["rights"] == ["read", "trade"] and row["checked"] is not None

    key = read_key(user_vault(home), name, "trade")
    facts = {"kind": key.kind, "home": key.home, "fingerprint": key.fingerprint, "memory": {}}
    body = key_use_body(name, "trade", facts, "live start", ("read", "trade"))
    assert body["fingerprint"] == row["fingerprint"]
    assert set(body) == {"venue", "name", "kind", "home", "fingerprint", "purpose", "rights", "memory"}

    venue.set_rights([*TRADING[name], TAKING[name]])
    assert call("check", "--json") == 4
    written = capsys.readouterr()
    (row,) = json.loads(written.out)
    assert (row["fit"], row["rights"]) == (False, ["read", "trade", "withdraw"])
    assert "may withdraw or transfer" in written.err


@pytest.mark.parametrize("rights", ["taking", "reading", "none"])
def test_an_unfit_key_is_refused_and_not_kept(rights, venue, call, home, capsys) -> None:  # type: ignore[no-untyped-def]
    name = venue.dialect
    given = {"taking": [*TRADING[name], TAKING[name]], "reading": READING[name], "none": []}[rights]
    venue.set_rights(given)
    assert call("add", name, "--in", "file", key=LINES[name]) == 4
    assert {"taking": "withdraw", "reading": "may not trade", "none": "may not read"}[
        rights
    ] in capsys.readouterr().err
    assert not user_vault(home).index.entries()
    assert not (home / "config" / "memesnipe" / "vault" / "files").exists()


def test_a_reading_key_only_reads(venue, call) -> None:  # type: ignore[no-untyped-def]
    name = venue.dialect
    venue.set_rights(TRADING[name])
    assert call("add", name, "--kind", "read", "--in", "file", key=LINES[name]) == 4
    venue.set_rights(READING[name])
    assert call("add", name, "--kind", "read", "--in", "file", key=LINES[name]) == 0


@pytest.mark.parametrize("venue", ["kraken"], indirect=True)
def test_a_venue_that_does_not_say_is_no_yes(venue, call, home, capsys) -> None:  # type: ignore[no-untyped-def]
    name = venue.dialect
    where = {"kraken": "GetApiKeyInfo", "coinbase": "key_permissions"}[name]
    for _ in range(4):
        venue.fail("malformed", where=where)
    assert call("add", name, "--in", "file", key=LINES[name]) == 4
    assert "does not say what this key may do" in capsys.readouterr().err
    assert not user_vault(home).index.entries()


def test_a_key_that_the_venue_does_not_know(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with VenueServer("kraken") as venue:
        profile = tmp_path / "loopback.toml"
        profile.write_text(f'[venues.kraken]\nbase_url = "{venue.base_url}"\n')
        place = ("--profile", str(profile), "--store", str(tmp_path / "store"))
        assert run([*place, "keys", "add", "kraken", "--fd", str(descriptor(OTHER_LINES))], {}) == 4
        said = capsys.readouterr().err
        assert "Invalid key" in said and "another-key" not in said


@pytest.mark.parametrize("venue", ["coinbase"], indirect=True)
def test_a_venue_out_of_reach_is_another_matter_than_a_bad_key(venue, call, capsys) -> None:  # type: ignore[no-untyped-def]
    name = venue.dialect
    venue.set_rights(TRADING[name])
    assert call("add", name, "--in", "file", key=LINES[name]) == 0
    for _ in range(8):
        venue.fail("503", where={"kraken": "GetApiKeyInfo", "coinbase": "key_permissions"}[name])
    assert call("check") == 5
    assert "nothing was changed; see whether the venue is well" in capsys.readouterr().err
