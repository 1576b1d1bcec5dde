"""The options that the subcommands of `memesnipe breaker` share, and the scope that they name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from memesnipe_cli.account_names import PAPER_ACCOUNT
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
EveryAccount = Annotated[
    str | None,
    typer.Option("--account", metavar="NAME", help="Only this account. Default: every one of the store."),
]
OneAccount = Annotated[
    str | None,
    typer.Option("--account", metavar="NAME", help="Which account; may be left out where there is one."),
]


def store_paths(run: Run) -> StorePaths:
    """Where the store is. Unlike opening it, this cannot fail: a kill switch needs no sound store."""
    from memesnipe_cli.store.paths import StorePaths

    return StorePaths(run.store_path.absolute())


def every_account(paths: StorePaths, account: str | None) -> Iterator[str]:
    """The one that is named, else all that can be stopped, else the one that a new store begins with. Says the first
    ones before it has found the last. Raises StoreError."""
    from memesnipe_cli.risk.control import accounts

    if account is not None:
        yield account
        return
    name = ""
    for name in accounts(paths):
        yield name
    if not name:
        yield PAPER_ACCOUNT


def one_account(paths: StorePaths, account: str | None) -> str:
    """The one that is named, else the only one. Raises UsageError that names them where there are several."""
    names = list(every_account(paths, account))
    if len(names) > 1:
        raise UsageError(
            f"this store has several accounts: {', '.join(names)}", f"say which: --account {names[0]}"
        )
    return names[0]


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
