"""The options that `backtest`, `trade` and `shadow` share, and what they choose from the store. Nothing heavy here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from memesnipe_cli.cli import Run
    from memesnipe_cli.store.tables import Candles, SeriesKey
    from memesnipe_cli.strategies.registry import LoadedStrategy

SIMULATED_SEED = 7
SIMULATED_DAYS = 365
SIMULATED_START = "2025-01-01"


def complete_strategy(incomplete: str) -> list[tuple[str, str]]:
    """The built-in strategies whose names begin so."""
    from memesnipe_cli.strategies.registry import BUILT_IN

    return [(name, each.summary) for name, each in BUILT_IN.items() if name.startswith(incomplete)]


Strategy = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME|FILE.py:CLASS",
        help="Strategy to trade; repeat it for several on one account.",
        autocompletion=complete_strategy,
    ),
]
Symbol = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SYMBOL", help="Symbol, e.g. DOGE/USD; repeatable. Default: all stored ones that fit."
    ),
]
Venue = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Venue whose candles and costs are used. Default: the profile's."),
]
Since = Annotated[
    str | None, typer.Option(metavar="TIME", help="From this time on: 2025-01-31, or 180d for an age.")
]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Up to this time.")]
Param = Annotated[
    list[str] | None,
    typer.Option(
        metavar="K=V", help="Parameter of the strategy; NAME.K=V where there are several. Repeatable."
    ),
]
Capital = Annotated[str | None, typer.Option(metavar="AMOUNT", help="What the paper account starts with.")]
Data = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|-", help="Candle records from a file or, with -, from stdin, instead of the store."
    ),
]
OwnAccount = Annotated[
    str | None,
    typer.Option(
        "--account",
        metavar="NAME",
        help="Which account of this store. Default: live with a live profile, else paper.",
    ),
]
ShownAccount = Annotated[
    str | None,
    typer.Option(
        "--account",
        metavar="NAME",
        help="Which account of this store. Default: the only one that traded; of several, live with a live profile, "
        "else paper.",
    ),
]
ShadowAccount = Annotated[str, typer.Option("--account", metavar="NAME", help="Which account of this store.")]


def shown_account(run: Run, named: str | None) -> str:
    """The account that a command looks at. Raises UsageError where it must be named."""
    from memesnipe_cli.account_names import account_to_show

    return account_to_show(run.store.paths, lambda: run.profile, named)


def choose_tape(
    run: Run,
    loaded: Sequence[LoadedStrategy],
    symbols: Sequence[str],
    venue: str | None,
    piped: Sequence[Candles] | None,
    session: Mapping[str, Any] | None,
) -> tuple[str, list[str]]:
    """(venue, symbols): as asked for; what is left open comes from the open session, else from the profile's
    venue, else from the one venue that is stored. Where nothing is stored and the simulated market is meant,
    it is made first."""
    from memesnipe_cli.engine.selection import choose_series

    if session is not None:
        return venue or session["venue"], list(symbols) or list(session["symbols"])
    wanted = venue or run.profile.account.venue
    keys = [candles.key for candles in piped] if piped else _stored(run, wanted)
    timeframes = [each.timeframe for each in loaded]
    own = [key for key in keys if key.venue == wanted]
    if venue is None and own and set(symbols) <= {key.symbol for key in own}:
        return choose_series(own, timeframes, symbols, wanted)
    return choose_series(keys, timeframes, symbols, venue)


def _stored(run: Run, venue: str) -> list[SeriesKey]:
    from memesnipe_cli.store.tables import SIMULATED_VENUE

    keys = [info.key for info in run.store.lake.series()]
    if keys or venue != SIMULATED_VENUE:
        return keys
    from memesnipe_cli.clock import parse_time
    from memesnipe_cli.market.simulated_ingest import ingest_simulation

    run.console.say(f"the store holds no candles: making a SIMULATED market of {SIMULATED_DAYS} days first")
    with run.console.progress("simulating", None):
        ingest_simulation(
            run.store, seed=SIMULATED_SEED, days=SIMULATED_DAYS, start_ms=parse_time(SIMULATED_START)
        )
    return [info.key for info in run.store.lake.series()]
