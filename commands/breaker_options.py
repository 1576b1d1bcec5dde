"""The options that the subcommands of `memesnipe breaker` share, and the scope that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from memesnipe_cli.errors import UsageError
from memesnipe_cli.risk.scopes import ACCOUNT, strategy_scope, symbol_scope

if TYPE_CHECKING:
    from memesnipe_cli.cli import Run
    from memesnipe_cli.store.paths import StorePaths

Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; kept in the journal.")]
OneStrategy = Annotated[
    str | None, typer.Option("--strategy", metavar="NAME", help="Only this strategy, not the account.")
]
OneSymbol = Annotated[
    str | None, typer.Option("--symbol", metavar="SYMBOL", help="Only this symbol, in every strategy.")
]


def store_paths(run: Run) -> StorePaths:
    """Where the store is. Unlike opening it, this cannot fail: a kill switch needs no sound store."""
    from memesnipe_cli.store.paths import StorePaths

    return StorePaths(run.store_path.absolute())


def scope_of(strategy: str | None, symbol: str | None) -> str:
    """The scope that the options name. Raises UsageError."""
    if strategy is not None and symbol is not None:
        raise UsageError("--strategy and --symbol exclude each other", "run it once for each of the two")
    if strategy is not None:
        return strategy_scope(strategy.strip())
    return ACCOUNT if symbol is None else symbol_scope(_symbol(symbol.strip()))


def _symbol(text: str) -> str:
    """A symbol as it is stored: `doge-usd` -> DOGE/USD; a perpetual's as it stands. Raises UsageError."""
    if ":" in text:
        return text
    from memesnipe_cli.market.naming import split_pair

    pair = split_pair(text)
    if pair is None:
        raise UsageError(
            f"symbol {text!r} is not understood", "write DOGE/USD or, for a perpetual, ETH/USDT:USDT"
        )
    return "/".join(pair)
