"""How large the store is, and removing what is no longer wanted. Journals are never touched here."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memesnipe_cli import clock
from memesnipe_cli.errors import UsageError
from memesnipe_cli.store import locks
from memesnipe_cli.store.files import explained, sync_folder
from memesnipe_cli.store.paths import StorePaths, decode_name, hive_value, month_of, month_start

PARTS = ("candles", "funding", "runs", "set_aside", "cache")
_DEADLINE_S = 60.0


@dataclass(frozen=True)
class Selection:
    """What to prune: of these `parts`, what ended before `older_than_ms`, and of candles, funding and rows
    set aside only the venue, symbol and timeframe named (None means any)."""

    parts: tuple[str, ...]
    older_than_ms: int | None = None
    venue: str | None = None
    symbol: str | None = None
    timeframe: str | None = None


@dataclass(frozen=True)
class _Item:
    part: str
    name: str
    path: Path
    bytes: int
    lock: Path | None = None

    def as_row(self) -> dict[str, Any]:
        return {"part": self.part, "name": self.name, "bytes": self.bytes}


def size(paths: StorePaths) -> list[dict[str, Any]]:
    """Rows of part, name, files and bytes: each journal, series, run, and what else lies in the store."""
    rows: dict[tuple[str, str], list[int]] = {}
    for folder, _, names in os.walk(paths.root):
        for name in names:
            path = Path(folder) / name
            try:
                length = path.stat().st_size
            except FileNotFoundError:
                continue
            found = rows.setdefault(_place(path.relative_to(paths.root)), [0, 0])
            found[0] += 1
            found[1] += length
    return [
        {"part": part, "name": name, "files": files, "bytes": total}
        for (part, name), (files, total) in sorted(rows.items())
    ]


def prune(paths: StorePaths, selection: Selection, *, apply: bool) -> list[dict[str, Any]]:
    """What the selection holds, as rows of part, name and bytes; with `apply` it is removed.

    Candles and funding go by whole months, of which the last must have ended. Raises UsageError for a part
    that is not known or a selection of everything, StoreBusyError, StoreError.
    """
    unknown = [part for part in selection.parts if part not in PARTS]
    if unknown:
        raise UsageError(f"{unknown[0]!r} cannot be pruned", f"parts: {', '.join(PARTS)}; or journal, alone")
    limits = (selection.older_than_ms, selection.venue, selection.symbol, selection.timeframe)
    if all(limit is None for limit in limits) and selection.parts != ("cache",):
        raise UsageError("this would remove everything", "say --older-than, --venue, --symbol or --timeframe")
    items = [item for part in selection.parts for item in _FINDERS[part](paths, selection)]
    if apply:
        for item in items:
            with explained(f"cannot remove {item.path}"):
                _remove(item)
    return [item.as_row() for item in items]


def _place(path: Path) -> tuple[str, str]:
    parts = path.parts
    if path.name in ("lock", "trader.lock"):
        return "store", "locks"
    if parts[0] == "lake" and len(parts) > 2:
        names = [
            decode_name(part.split("=", 1)[1])
            for part in parts
            if "=" in part and not part.startswith("month=")
        ]
        return parts[1], " ".join(names)
    if parts[0] in ("journal", "runs") and len(parts) > 2:
        return parts[0], decode_name(parts[1])
    return ("cache", "") if parts[0] in ("cache", "store.duckdb", "store.duckdb.tmp") else ("store", parts[0])


def _months(root: Path, part: str, selection: Selection) -> Iterator[_Item]:
    """Month folders of candles or funding."""
    if part == "funding" and selection.timeframe is not None:
        return
    depth = "venue=*/symbol=*/timeframe=*/month=*" if part == "candles" else "venue=*/symbol=*/month=*"
    for folder in sorted(root.glob(depth)):
        month = hive_value(folder.name, "month")
        if month is None or not _selected(folder, selection) or not _ended(month, selection.older_than_ms):
            continue
        names = [decode_name(each.split("=", 1)[1]) for each in folder.relative_to(root).parts]
        instrument = root.joinpath(*folder.relative_to(root).parts[:2])
        yield _Item(part, " ".join(names), folder, _bytes(folder), instrument / "lock")


def _candles(paths: StorePaths, selection: Selection) -> Iterator[_Item]:
    return _months(paths.candles, "candles", selection)


def _funding(paths: StorePaths, selection: Selection) -> Iterator[_Item]:
    return _months(paths.funding, "funding", selection)


def _runs(paths: StorePaths, selection: Selection) -> Iterator[_Item]:
    """Runs saved before the limit; a selection by series is not about runs."""
    if selection.older_than_ms is None or selection.venue or selection.symbol or selection.timeframe:
        return
    for folder in sorted(paths.runs.glob("[!.]*")):
        if folder.stat().st_mtime_ns // 1_000_000 < selection.older_than_ms:
            yield _Item("runs", decode_name(folder.name), folder, _bytes(folder))


def _set_aside(paths: StorePaths, selection: Selection) -> Iterator[_Item]:
    """Rows set aside, a series at a time, when none was added since the limit."""
    for folder in sorted(paths.set_aside.glob("venue=*/symbol=*/timeframe=*")):
        newest = max((file.stat().st_mtime_ns // 1_000_000 for file in folder.iterdir()), default=0)
        if _selected(folder, selection) and (
            selection.older_than_ms is None or newest < selection.older_than_ms
        ):
            names = [decode_name(each.split("=", 1)[1]) for each in folder.parts[-3:]]
            yield _Item("set_aside", " ".join(names), folder, _bytes(folder))


def _cache(paths: StorePaths, selection: Selection) -> Iterator[_Item]:
    """What is rebuilt when it is missing."""
    if paths.cache.exists():
        yield _Item("cache", paths.cache.name, paths.cache, _bytes(paths.cache))
    if paths.catalog.exists():
        yield _Item("cache", paths.catalog.name, paths.catalog, paths.catalog.stat().st_size)


_FINDERS = {"candles": _candles, "funding": _funding, "runs": _runs, "set_aside": _set_aside, "cache": _cache}


def _selected(folder: Path, selection: Selection) -> bool:
    wanted = {"venue": selection.venue, "symbol": selection.symbol, "timeframe": selection.timeframe}
    for part in folder.parts:
        for column, value in wanted.items():
            found = hive_value(part, column)
            if value is not None and found is not None and found != value:
                return False
    return True


def _ended(month: str, older_than_ms: int | None) -> bool:
    """Whether the whole month lies before the limit."""
    if older_than_ms is None:
        return True
    following = month_of(month_start(month) + 31 * clock.DAY_MS)
    return month_start(following) <= older_than_ms


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _remove(item: _Item) -> None:
    if item.path.is_file():
        item.path.unlink()
    elif item.lock is None:
        shutil.rmtree(item.path)
    else:
        # An ingest that merges into this month at this moment must see it whole or not at all.
        with locks.exclusive(item.lock, item.name, _DEADLINE_S):
            shutil.rmtree(item.path)
    sync_folder(item.path.parent)
