"""What a session of an account is: who trades what, with how much, under which rules. Written once as the
`session` line that opens it; a later run goes on only with the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from memesnipe_cli.clock import format_time, timeframe_name
from memesnipe_cli.engine.model import Terms
from memesnipe_cli.errors import DataError
from memesnipe_cli.records import decimal_text, time_text, time_value

if TYPE_CHECKING:
    from decimal import Decimal

    from memesnipe_cli.engine.assumptions import Assumptions
    from memesnipe_cli.engine.dataset import Dataset, Series
    from memesnipe_cli.profile import Profile
    from memesnipe_cli.store.tables import Candles
    from memesnipe_cli.strategies.registry import LoadedStrategy

PAPER, LIVE = "paper", "live"
_COSTS = ("taker_fee", "half_spread", "min_notional", "min_qty", "shortable", "stop_limit")
# Tables of a profile that may go beyond the owner's numbers, if they say so.
LIMIT_TABLES = ("limits", "breaker", "recovery", "execution", "adaptive")
_PLAIN = ("venue", "symbols", "base", "since", "capital", "currency", "min_turnover")


def session_body(
    number: int,
    account: str,
    reason: str,
    profile: Profile,
    since_ms: int | None,
    capital: Decimal,
    strategies: list[LoadedStrategy],
    dataset: Dataset,
    assumed: Assumptions,
    resets: Mapping[str, int],
    mode: str = PAPER,
) -> dict[str, Any]:
    """The line's body. resets: how often each scope of the breaker had been reset before. `first` of each
    instrument is the first bar its strategies see: signals are rebuilt from there. mode: paper, or live where a venue
    takes the orders."""
    rules = {name: _text(value) for name, value in asdict(assumed.rules).items() if name != "capital"}
    looser = [name for name in LIMIT_TABLES if getattr(profile, name).allow_looser]
    return {
        "session": f"{account}-{number}",
        "account": account,
        "mode": mode,
        "profile": profile.name,
        "reason": reason,
        "venue": dataset.series[0].candles.key.venue,
        "symbols": [item.terms.symbol for item in dataset.series],
        "simulated": any(item.candles.key.simulated for item in dataset.series),
        "base": timeframe_name(dataset.base_ms),
        "since": None if since_ms is None else time_text(since_ms),
        "begin": time_text(dataset.begin_ms),
        "capital": decimal_text(capital),
        "currency": profile.account.currency,
        "strategies": [_strategy(each) for each in strategies],
        "rules": rules,
        "allow_looser": looser,
        "resets": resets,
        "min_turnover": _text(assumed.min_turnover),
        "instruments": [_instrument(item) for item in dataset.series],
    }


def _strategy(strategy: LoadedStrategy) -> dict[str, Any]:
    return {
        "name": strategy.name,
        "params": {name: _text(value) for name, value in strategy.params.model_dump().items()},
        "timeframe": strategy.timeframe,
        "source": strategy.source,
        "code": strategy.code_hash,
    }


def _instrument(item: Series) -> dict[str, Any]:
    terms = item.terms
    return {
        "venue": terms.venue,
        "symbol": terms.symbol,
        "tick": decimal_text(terms.tick),
        "lot": decimal_text(terms.lot),
        "first": time_text(int(item.candles.ts[0])),
        "reference_first": None if item.reference is None else time_text(int(item.reference.ts[0])),
        **{name: _text(getattr(terms, name)) for name in _COSTS},
    }


def _text(value: Any) -> Any:
    """A value as the journal takes it: numbers as text."""
    return value if value is None or isinstance(value, bool | str) else decimal_text(value)


def differences(opened: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    """What a run asks for that is not as the session was opened, in words."""
    for name in _PLAIN:
        if opened[name] != wanted[name]:
            yield f"{name} is {_shown(opened[name])}, asked for {_shown(wanted[name])}"
    ours = {each["name"]: each["params"] for each in wanted["strategies"]}
    theirs = {each["name"]: each["params"] for each in opened["strategies"]}
    if list(ours) != list(theirs):
        yield f"it trades {', '.join(theirs)}, asked for {', '.join(ours)}"
    for name in ours.keys() & theirs.keys():
        yield from _changed(f"{name}.", theirs[name], ours[name])
    yield from _changed("", opened["rules"], wanted["rules"])
    if opened["mode"] != wanted["mode"]:
        yield f"it is a {opened['mode']} session, asked for {wanted['mode']}"
    # What a venue asks and allows changes while one trades there; a simulated one does not.
    same = opened["symbols"] == wanted["symbols"] and opened["venue"] == wanted["venue"]
    if same and opened["mode"] == PAPER:
        for before, now in zip(opened["instruments"], wanted["instruments"], strict=True):
            yield from _changed(
                f"{before['symbol']} ",
                {name: before[name] for name in _COSTS},
                {name: now[name] for name in _COSTS},
            )


def changed_code(opened: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """The strategies whose source is not what it was when the session was opened, or last went on."""
    codes = {each["name"]: each["code"] for each in opened["strategies"]}
    return [each["name"] for each in wanted["strategies"] if codes.get(each["name"]) != each["code"]]


def _changed(prefix: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys((*before, *now)):
        if before.get(name) != now.get(name):
            yield f"{prefix}{name} is {_shown(before.get(name))}, asked for {_shown(now.get(name))}"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    return "not set" if value is None else str(value)


def as_opened(dataset: Dataset, opened: Mapping[str, Any]) -> Dataset:
    """The data as the session began with them: nothing older than what it saw first, counted in its ticks and
    lots.

    Older history that was ingested since would change what averages start from; more bars could make an
    inferred tick finer. Raises DataError where the store no longer holds what the session began with.
    """
    series = []
    for item, begun in zip(dataset.series, opened["instruments"], strict=True):
        candles = _from(item.candles, begun["first"])
        reference = item.reference
        if reference is not None and begun["reference_first"] is not None:
            reference = _from(reference, begun["reference_first"])
        series.append(replace(item, candles=candles, reference=reference, terms=_terms(item.terms, begun)))
    return replace(dataset, series=series, begin_ms=time_value(opened["begin"], "begin"))


def _terms(terms: Terms, begun: Mapping[str, Any]) -> Terms:
    return replace(terms, tick=type(terms.tick)(begun["tick"]), lot=type(terms.lot)(begun["lot"]))


def _from(candles: Candles, first: str) -> Candles:
    first_ms = time_value(first, "first")
    at = int(np.searchsorted(candles.ts, first_ms))
    if at == len(candles) or int(candles.ts[at]) != first_ms:
        raise DataError(
            f"{candles.key} no longer begins at {format_time(first_ms)}, where the session began",
            "ingest those bars again, or open a new session: --new-session --reason TEXT",
        )
    names = ("ts", "open", "high", "low", "close", "volume", "synthetic")
    return replace(candles, **{name: getattr(candles, name)[at:] for name in names})
