"""Settings: a profile file -> one frozen, validated object, built once at the edge and handed down.

A file names only what differs from the built-in `paper` profile. Where profiles are found: profile_files.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, ValidationError, field_validator, model_validator

from memesnipe_cli.errors import ConfigError
from memesnipe_cli.profile_fields import (
    Count,
    Money,
    Number,
    PositiveShare,
    Settings,
    Share,
    looser_than,
    refuse_looser,
)
from memesnipe_cli.profile_files import DEFAULT_PROFILE, builtin_dir, find_profile, read_toml
from memesnipe_cli.profile_problems import Problem, explain
from memesnipe_cli.profile_retention import Retention
from memesnipe_cli.profile_risk import Adaptive, Breaker, Execution, Monitoring, Recovery
from memesnipe_cli.profile_service import Service
from memesnipe_cli.profile_wallets import Wallets
from memesnipe_cli.venue_hosts import ORDER_VENUES, check_base_url

# The owner's numbers: a profile may be stricter, and looser only when it says so (limits.allow_looser).
MOST_TRADE_SHARE = 0.02
MOST_STRATEGY_SHARE = 0.10
MOST_COST_SHARE = 0.25
LEAST_NOTIONAL_MARGIN = 0.20
MOST_PRICE_COLLAR = 0.02


class Account(Settings):
    """What the tool was given to trade with."""

    capital: Annotated[Money, Field(gt=0, le=10**12)] = Decimal(200)
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3,5}$")] = "USD"
    venue: Annotated[str, Field(pattern=r"^[a-z0-9]+$")] = "sim"


class Limits(Settings):
    """Hard caps on an entry, as shares of net asset value unless said otherwise.

    `max_cost_share`: the largest round-trip cost as a share of the stop distance. `min_notional_margin`: how
    far above the venue's minimum every planned leg must stay. `entry_collar`: an entry's limit price is close
    x (1 + entry_collar). `price_collar`: how far from an independent reference any entry's price may lie.
    `symbol_share`, `cluster_share`: everything held of one base asset, and of assets that move together ([clusters]).
    `max_order`: the largest order, in the account's currency, whatever the shares say. The rates count entry orders
    of the account and of a minute, messages of a minute, and filled entries of a strategy in an hour.
    """

    trade_share: Annotated[Share, Field(gt=0)] = MOST_TRADE_SHARE
    strategy_share: Annotated[Share, Field(gt=0)] = MOST_STRATEGY_SHARE
    gross_share: Annotated[Share, Field(gt=0)] = 1.0
    max_cost_share: Annotated[Share, Field(gt=0)] = MOST_COST_SHARE
    min_notional_margin: Annotated[Number, Field(ge=0, le=10)] = LEAST_NOTIONAL_MARGIN
    entry_collar: Annotated[Share, Field(le=0.1)] = 0.005
    price_collar: PositiveShare = MOST_PRICE_COLLAR
    symbol_share: PositiveShare = 0.10
    cluster_share: PositiveShare = 0.30
    max_order: Annotated[Money, Field(gt=0, le=1_000_000)] = Decimal(1000)
    orders_per_minute: Count = 20
    messages_per_minute: Count = 120
    executions_per_hour: Count = 40
    allow_looser: StrictBool = False

    @model_validator(mode="after")
    def _within_the_rules(self) -> Self:
        looser = looser_than(
            (
                ("trade_share", self.trade_share, MOST_TRADE_SHARE),
                ("strategy_share", self.strategy_share, MOST_STRATEGY_SHARE),
                ("max_cost_share", self.max_cost_share, MOST_COST_SHARE),
                ("price_collar", self.price_collar, MOST_PRICE_COLLAR),
            )
        )
        if self.min_notional_margin < LEAST_NOTIONAL_MARGIN:
            looser.append(
                f"min_notional_margin is {self.min_notional_margin:g}: at least {LEAST_NOTIONAL_MARGIN:g}"
            )
        refuse_looser(looser, self.allow_looser)
        return self


class Costs(Settings):
    """What a simulated fill pays beside the fee. `half_spread` and `stop_slippage` are fractions of the
    price; `impact` multiplies the square-root law; `volume_share` is the largest share of a bar's volume one
    may take."""

    half_spread: Annotated[Share, Field(le=0.1)] = 0.0005
    impact: Annotated[Number, Field(ge=0, le=100)] = 1.0
    volume_share: Annotated[Share, Field(gt=0)] = 0.05
    stop_slippage: Annotated[Share, Field(le=0.1)] = 0.0005


class Venue(Settings):
    """What is assumed of a venue until it has been asked: fees as fractions of the notional.

    `half_spread` replaces costs.half_spread there; `base_url` replaces the venue's address (its own hosts and
    loopback only); `fees_as_of` says when the fees were looked up.
    """

    taker_fee: Annotated[Share, Field(le=0.1)] = 0.0060
    maker_fee: Annotated[Share, Field(le=0.1)] = 0.0040
    half_spread: Annotated[Share, Field(le=0.1)] | None = None
    min_notional: Annotated[Money, Field(ge=0)] | None = None
    base_url: str | None = None
    fees_as_of: str = "assumed"


class Profile(Settings):
    """All settings of one invocation."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")] = DEFAULT_PROFILE
    description: str = ""
    kind: Literal["paper", "live"] = "paper"
    account: Account = Account()
    limits: Limits = Limits()
    breaker: Breaker = Breaker()
    recovery: Recovery = Recovery()
    execution: Execution = Execution()
    monitoring: Monitoring = Monitoring()
    adaptive: Adaptive = Adaptive()
    service: Service = Service()
    retention: Retention = Retention()
    wallets: Wallets = Wallets()
    clusters: dict[str, list[str]] = Field(default_factory=dict)
    costs: Costs = Costs()
    venues: dict[str, Venue] = Field(default_factory=lambda: {"default": Venue()})

    @field_validator("venues")
    @classmethod
    def _addresses(cls, venues: dict[str, Venue]) -> dict[str, Venue]:
        for name, venue in venues.items():
            if venue.base_url is not None:
                problem = check_base_url(name, venue.base_url)
                if problem:
                    raise ValueError(f"{name}.base_url {problem}")
        return venues

    @field_validator("clusters")
    @classmethod
    def _one_cluster_each(cls, clusters: dict[str, list[str]]) -> dict[str, list[str]]:
        seen: dict[str, str] = {}
        for name, assets in clusters.items():
            for asset in assets:
                if seen.setdefault(asset, name) != name:
                    raise ValueError(f"{asset} is in {seen[asset]} and in {name}: an asset has one cluster")
        return clusters

    @model_validator(mode="after")
    def _live_needs_a_venue(self) -> Self:
        if self.kind == "live" and self.account.venue not in ORDER_VENUES:
            raise ValueError(
                f"kind is live and account.venue is {self.account.venue}: orders go to "
                f"{' and '.join(ORDER_VENUES)} only"
            )
        return self

    def cluster(self, base: str) -> str:
        """The cluster of a base asset. What is in none is taken to move with everything else that is in none."""
        return next((name for name, assets in self.clusters.items() if base in assets), "unsorted")

    def venue(self, name: str) -> Venue:
        """What is assumed of a venue: its own entry, else [venues.default]."""
        return self.venues.get(name) or self.venues.get("default") or Venue()


def load_profile(name_or_path: str, own_dir: Path | None = None) -> Profile:
    """The validated settings of a profile, by built-in name, user's name or path.

    `own_dir` replaces the platform's folder of the user's profiles. Raises ConfigError naming the key.
    """
    file = find_profile(name_or_path, own_dir)
    profile, problems = read_profile(file.path)
    if profile is None:
        first, more = problems[0], len(problems) - 1
        also = f" (and {more} more: memesnipe profile validate {name_or_path})" if more else ""
        raise ConfigError(f"profile {file.name}: {first.message}{also}", first.hint)
    return profile


def read_profile(path: Path) -> tuple[Profile | None, list[Problem]]:
    """The profile in a file, or everything that is wrong with it. Raises ConfigError where it cannot be
    read."""
    own = read_toml(path)
    data: dict[str, Any] = {"name": path.stem, **_over_defaults(own)}
    try:
        return Profile.model_validate(data), []
    except ValidationError as error:
        return None, [explain(detail, Profile, path) for detail in error.errors()]


def _over_defaults(own: Mapping[str, Any]) -> dict[str, Any]:
    base = read_toml(builtin_dir() / f"{DEFAULT_PROFILE}.toml")
    for key in ("name", "description"):
        base.pop(key, None)
    venues = own.get("venues")
    if isinstance(venues, dict):
        # A venue that the defaults do not know starts from [venues.default], so that one key is enough for
        # it.
        fallback = base["venues"]["default"]
        base["venues"] = {**{name: fallback for name in venues}, **base["venues"]}
    return merge(base, own)


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the keys of `over` in place of its own, table by table."""
    merged = dict(base)
    for key, value in over.items():
        mine = merged.get(key)
        merged[key] = (
            merge(mine, value) if isinstance(mine, Mapping) and isinstance(value, Mapping) else value
        )
    return merged


def flatten(profile: Profile) -> dict[str, Any]:
    """Dotted key -> value, in the order of the tree: what `profile show` lists and `profile diff`
    compares."""
    flat: dict[str, Any] = {}

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, Mapping):
            for key, inner in value.items():
                walk(f"{prefix}.{key}" if prefix else key, inner)
        else:
            flat[prefix] = value

    walk("", profile.model_dump())
    return flat
