"""A profile is laid over the default, holds or says why not, and never shows a secret."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.profile import Account, Costs, Limits, Profile, flatten, load_profile, read_profile
from memesnipe_cli.profile_files import list_profiles
from memesnipe_cli.venue_hosts import check_base_url


def written(folder: Path, text: str, name: str = "mine") -> str:
    path = folder / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_default_file_says_what_the_settings_default_to() -> None:
    paper = load_profile("paper")
    assert (paper.account, paper.limits, paper.costs) == (Account(), Limits(), Costs())


@pytest.mark.parametrize("name", [file.name for file in list_profiles()])
def test_built_in_profiles_hold(name: str) -> None:
    assert load_profile(name).name == name


def test_a_file_names_only_what_differs(tmp_path: Path) -> None:
    profile = load_profile(
        written(tmp_path, "[account]\ncapital = 50.10\n[venues.kraken]\ntaker_fee = 0.001\n")
    )
    assert profile.name == "mine"
    assert profile.account == Account(capital=Decimal("50.10"))
    assert profile.limits == load_profile("paper").limits
    assert (profile.venue("kraken").taker_fee, profile.venue("kraken").maker_fee) == (0.001, 0.0025)
    assert profile.venue("coinbase") == load_profile("paper").venue("coinbase")


def test_an_unknown_venue_costs_what_the_default_entry_says(tmp_path: Path) -> None:
    profile = load_profile(written(tmp_path, "[venues.bitso]\ntaker_fee = 0.009\n"))
    assert profile.venue("nowhere") == profile.venues["default"]
    assert (profile.venue("bitso").taker_fee, profile.venue("bitso").maker_fee) == (0.009, 0.0040)


def test_it_is_found_by_name_in_the_users_folder_and_by_path(tmp_path: Path) -> None:
    path = written(tmp_path, "[account]\ncapital = 7\n", "small")
    assert load_profile("small", own_dir=tmp_path) == load_profile(path)


def test_a_users_file_cannot_take_the_place_of_a_built_in_one(tmp_path: Path) -> None:
    written(tmp_path, "[account]\ncapital = 7\n", "paper")
    assert load_profile("paper", own_dir=tmp_path).account.capital == 200


def test_it_is_frozen() -> None:
    with pytest.raises(ValidationError):
        load_profile("paper").account.capital = Decimal(10**6)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "[limits]\ntrade_share = 0.03",
            "limits: trade_share is 0.03: at most 0.02, unless allow_looser = true",
            "",
        ),
        ("[limits]\nmin_notional_margin = 0.1", "min_notional_margin is 0.1: at least 0.2", ""),
        ("[limits]\ntrade_shar = 0.01", "limits.trade_shar is not a setting", "did you mean trade_share?"),
        ("[zzz]\na = 1", "zzz is not a setting", "known here: name, description, kind, account"),
        ("[venues.kraken]\nmaker = 1", "venues.kraken.maker is not a setting", "did you mean maker_fee?"),
        ('kind = "demo"', "kind is \"demo\": must be 'paper' or 'live'", ""),
        ('kind = "live"', "kind is live and account.venue is sim: orders go to kraken and coinbase only", ""),
        ("[account]\ncapital = -1", "account.capital is -1: must be above 0", ""),
        ("[account]\ncapital = true", "account.capital is true: must be an amount of money", ""),
        ("[account]\ncapital = nan", "account.capital is NaN: must be a finite number", ""),
        ('[account]\ncapital = "much"', 'account.capital is "much": must be an amount of money', ""),
        ('[costs]\nimpact = "1"', 'costs.impact is "1": must be a number', ""),
        ("[limits]\nallow_looser = 1", "limits.allow_looser is 1: must be true or false", ""),
        ("limits = 3", "limits is 3: must be a table", ""),
        ("[venues.okx]\ntaker_fee = 0.5", "venues.okx.taker_fee is 0.5: must be at most 0.1", ""),
        ("[venues.kraken]\nbase_url = 'http://evil.example'", "names the host evil.example", ""),
        ("a = ", "is not valid TOML", "docs/profiles.md"),
    ],
)
def test_what_is_wrong_is_named_with_its_key_and_value(
    tmp_path: Path, text: str, message: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_profile(written(tmp_path, text))
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_everything_wrong_is_listed_and_the_first_is_raised(tmp_path: Path) -> None:
    path = written(tmp_path, "[account]\ncapital = -1\n[costs]\nimpact = -1\nimpakt = 2\n")
    profile, problems = read_profile(Path(path))
    assert profile is None
    assert [problem.key for problem in problems] == ["account.capital", "costs.impact", "costs.impakt"]
    with pytest.raises(ConfigError, match=r"and 2 more: memesnipe profile validate"):
        load_profile(path)


def test_the_rules_may_be_loosened_only_in_so_many_words(tmp_path: Path) -> None:
    profile = load_profile(written(tmp_path, "[limits]\ntrade_share = 0.5\nallow_looser = true\n"))
    assert profile.limits.trade_share == 0.5


@pytest.mark.parametrize(
    "text", ['api_secret = "hunter2"', '[account]\npassword = "hunter2"', '[venues.kraken]\nkey="hunter2"']
)
def test_a_secret_in_the_wrong_file_is_not_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_profile(written(tmp_path, text))
    assert "hunter2" not in f"{caught.value.message}{caught.value.hint}{caught.value.__cause__}"
    assert "holds no secrets" in caught.value.hint


@pytest.mark.parametrize("name", ["krakn", "nothing", "", "a b", "../paper"])
def test_an_unknown_profile_is_named_with_the_nearest(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_profile(name, own_dir=tmp_path)
    assert repr(name) in caught.value.message
    if name == "krakn":
        assert caught.value.hint.startswith("did you mean kraken?")


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_that_is_no_text_or_no_file(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "odd.toml"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(ConfigError):
        load_profile(str(path))


def test_flat_settings_cover_the_tree() -> None:
    flat = flatten(Profile())
    assert flat["limits.trade_share"] == 0.02
    assert flat["venues.default.maker_fee"] == 0.004


@pytest.mark.parametrize(
    ("venue", "url", "allowed"),
    [
        ("kraken", "https://api.kraken.com", True),
        ("kraken", "http://api.kraken.com", False),
        ("kraken", "https://api.coinbase.com", False),
        ("kraken", "https://api.kraken.com.evil.example", False),
        ("kraken", "https://api.kraken.com@evil.example/", False),
        ("kraken", "https://user:hunter2@api.kraken.com", False),
        ("kraken", "http://127.0.0.1:8080/base", True),
        ("kraken", "http://[::1]:8080", True),
        ("kraken", "http://localhost:1", True),
        ("kraken", "http://localhost.evil.example", False),
        ("kraken", "http://0x7f000001", False),
        ("kraken", "http://10.0.0.1", False),
        ("kraken", "ftp://127.0.0.1", False),
        ("kraken", "http://[::1", False),
        ("kraken", "http://127.0.0.1:99999", False),
        ("kraken", "", False),
        ("bitso", "https://api.bitso.com", False),
        ("bitso", "http://127.0.0.1:1", True),
    ],
)
def test_an_address_is_the_venues_own_or_loopback(venue: str, url: str, allowed: bool) -> None:
    problem = check_base_url(venue, url)
    assert (problem is None) is allowed
    assert "hunter2" not in (problem or "")
