"""The owner's numbers in a profile: stricter always, looser only in so many words, tiers in their order."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.profile import Limits, Profile, load_profile
from memesnipe_cli.profile_fields import Settings
from memesnipe_cli.profile_files import builtin_dir, read_toml
from memesnipe_cli.profile_risk import Adaptive, Breaker, Execution, Monitoring, Recovery

# table, key, a stricter value, a looser one, what bounds it
BOUNDED: list[tuple[type[Settings], str, float, float, str]] = [
    (Breaker, "warning", 0.01, 0.04, "at most 0.03"),
    (Breaker, "halt", 0.04, 0.06, "at most 0.05"),
    (Breaker, "emergency", 0.06, 0.11, "at most 0.1"),
    (Breaker, "daily_warning", 0.01, 0.025, "at most 0.02"),
    (Breaker, "daily_halt", 0.02, 0.04, "at most 0.03"),
    (Breaker, "strategy_halt", 0.03, 0.06, "at most 0.05"),
    (Breaker, "lifetime_halt", 0.15, 0.5, "at most 0.2"),
    (Recovery, "cool_off_hours", 8, 1, "at least 4"),
    (Recovery, "stage_trades", 20, 1, "at least 10"),
    (Recovery, "stage_hours", 48, 1, "at least 24"),
    (Recovery, "assumed_reset_hours", 24, 1, "at least 12"),
    (Recovery, "stage_loss", 0.001, 0.01, "at most 0.005"),
    (Execution, "latency_warning_ms", 200, 600, "at most 500"),
    (Execution, "latency_halt_ms", 800, 2000, "at most 1000"),
    (Execution, "slippage_warning_bps", 50, 200, "at most 100"),
    (Execution, "error_rate_warning", 0.01, 0.1, "at most 0.05"),
    (Execution, "error_rate_halt", 0.1, 0.5, "at most 0.25"),
    (Execution, "liquidity_share", 0.8, 0.2, "at least 0.5"),
    (Execution, "data_age_ms", 100, 5000, "at most 500"),
    (Execution, "clock_skew_warning_ms", 100, 600, "at most 500"),
    (Execution, "clock_skew_halt_ms", 1000, 5000, "at most 2000"),
    (Execution, "depeg_warning", 0.001, 0.01, "at most 0.005"),
    (Execution, "depeg_halt", 0.01, 0.05, "at most 0.02"),
    (Execution, "least_latencies", 1, 100, "at most 3"),
    (Execution, "least_requests", 5, 1000, "at most 20"),
    (Execution, "least_fills", 1, 50, "at most 3"),
    (Execution, "clears", 0.5, 0.95, "at most 0.8"),
    (Execution, "mark_standing_ms", 1000, 60_000, "at most 3000"),
    (Execution, "mark_tolerance", 0.001, 0.02, "at most 0.005"),
    (Adaptive, "highest", 0.9, 1.2, "at most 1"),
    (Limits, "price_collar", 0.01, 0.05, "at most 0.02"),
]
IDS = [f"{table.__name__.lower()}.{key}" for table, key, *_ in BOUNDED]


def message(table: type[Settings], **values: float) -> str:
    with pytest.raises(ValidationError) as caught:
        table.model_validate(values)
    return str(caught.value)


@pytest.mark.parametrize(("table", "key", "strict", "loose", "bound"), BOUNDED, ids=IDS)
def test_stricter_holds_and_looser_must_be_said(
    table: type[Settings], key: str, strict: float, loose: float, bound: str
) -> None:
    assert getattr(table.model_validate({key: strict}), key) == strict
    assert f"{key} is {loose:g}: {bound}, unless allow_looser = true" in message(table, **{key: loose})
    assert getattr(table.model_validate({key: loose, "allow_looser": True}), key) == loose


def test_every_number_of_the_owner_is_bounded() -> None:
    """A key that is added without a bound shows up here: give it one, or say why it needs none."""
    unbounded = {
        "breaker.warning_clears",  # when a warning ends: a warning stops nothing
        "recovery.cool_off_cap_hours",  # never below the cool-off
        "execution.dead_man_seconds",  # a switch of the venue's: none is no looser than any
        *(f"adaptive.{key}" for key in Adaptive.model_fields if key not in ("highest", "allow_looser")),
    }
    tables = {"breaker": Breaker, "recovery": Recovery, "execution": Execution, "adaptive": Adaptive}
    keys = {f"{name}.{key}" for name, table in tables.items() for key in table.model_fields}
    assert keys - {f"{name}.allow_looser" for name in tables} == unbounded | {
        each for each in IDS if not each.startswith("limits.")
    }


@pytest.mark.parametrize(
    ("table", "values", "said"),
    [
        (Breaker, {"warning": 0.03, "halt": 0.02}, "warning, halt and emergency must rise in this order"),
        (Breaker, {"halt": 0.05, "emergency": 0.04}, "warning, halt and emergency must rise in this order"),
        (Breaker, {"daily_halt": 0.01}, "daily_warning must not be above daily_halt"),
        (Breaker, {"halt": 0}, "greater than 0"),
        (Breaker, {"warning_clears": 1.5}, "less than or equal to 1"),
        (Recovery, {"cool_off_hours": 30}, "cool_off_cap_hours must not be below cool_off_hours"),
        (Execution, {"latency_halt_ms": 400}, "latency_warning_ms must not be above latency_halt_ms"),
        (Execution, {"error_rate_halt": 0.01}, "error_rate_warning must not be above error_rate_halt"),
        (
            Execution,
            {"clock_skew_halt_ms": 100},
            "clock_skew_warning_ms must not be above clock_skew_halt_ms",
        ),
        (Execution, {"depeg_halt": 0.001}, "depeg_warning must not be above depeg_halt"),
        (Adaptive, {"enter_quantile": 0.7}, "leave_quantile must not be above enter_quantile"),
        (Adaptive, {"highest": 0.4}, "lowest must not be above highest"),
        (Adaptive, {"short_days": 60}, "short_days must be below long_days"),
        (Adaptive, {"short_days": 1}, "greater than or equal to 2"),
        (Adaptive, {"least_days": 91}, "least_days must not be above window_days"),
    ],
)
def test_numbers_that_contradict_each_other_are_refused(
    table: type[Settings], values: dict[str, float], said: str
) -> None:
    assert said in message(table, **values, allow_looser=True)


@pytest.mark.parametrize(
    "text",
    [
        "[breaker]\nhalt = 0.08\nallow_looser = true",
        "[execution]\ndata_age_ms = 900\nallow_looser = true",
        "[adaptive]\nhighest = 1.5\nallow_looser = true",
    ],
)
def test_looser_in_one_table_loosens_no_other(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"{text}\n[recovery]\nstage_hours = 1\n", encoding="utf-8")
    with pytest.raises(
        ConfigError, match="recovery: stage_hours is 1: at least 24, unless allow_looser = true"
    ):
        load_profile(str(path))


def test_the_default_file_lists_every_number_with_its_default() -> None:
    paper = read_toml(builtin_dir() / "paper.toml")
    for name in ("limits", "breaker", "recovery", "execution", "monitoring", "adaptive"):
        defaults = getattr(Profile(), name)
        assert {*paper[name]} == {*type(defaults).model_fields} - {"allow_looser"}, name
        assert type(defaults).model_validate(paper[name]) == defaults, name


@pytest.mark.parametrize("kind", ["reconcile", "alert"])
def test_elevated_monitoring_is_no_slower(kind: str) -> None:
    slow = {f"{kind}_seconds": 100, f"elevated_{kind}_seconds": 200}
    assert f"elevated_{kind}_seconds must not be above {kind}_seconds" in message(Monitoring, **slow)


def test_an_asset_has_one_cluster_and_what_is_in_none_shares_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[clusters]\nmemes = ["DOGE", "WIF"]\nmajors = ["BTC", "ETH"]\n', encoding="utf-8")
    profile = load_profile(str(path))
    assert [profile.cluster(base) for base in ("DOGE", "ETH", "PEPE", "HYPE")] == [
        "memes",
        "majors",
        "unsorted",
        "unsorted",
    ]
    path.write_text('[clusters]\nmemes = ["DOGE"]\nmajors = ["DOGE"]\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="DOGE is in memes and in majors: an asset has one cluster"):
        load_profile(str(path))
