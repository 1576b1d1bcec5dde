"""How products are traded, one small JSON file each. A venue's own word replaces an inferred one, never the
reverse."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from memesnipe_cli.errors import StoreDamagedError
from memesnipe_cli.store.files import explained, make_folder, write_file
from memesnipe_cli.store.paths import encode_name, hive_folder

if TYPE_CHECKING:
    from memesnipe_cli.store.tables import Instrument


def instrument_path(folder: Path, venue: str, symbol: str) -> Path:
    """The file of one instrument."""
    return folder / hive_folder("venue", venue) / f"{encode_name(symbol, 'symbol')}.json"


def write_instrument(folder: Path, instrument: Instrument) -> None:
    """Keeps `instrument`. One that was inferred from bars leaves the venue's own in place."""
    path = instrument_path(folder, instrument.venue, instrument.symbol)
    stored = read_instrument(folder, instrument.venue, instrument.symbol)
    if stored == instrument or (
        stored is not None and stored.source == "venue" and instrument.source != "venue"
    ):
        return
    with explained(f"cannot write {path}"):
        make_folder(path.parent)
        write_file(path, orjson.dumps(asdict(instrument), option=orjson.OPT_SORT_KEYS) + b"\n")


def read_instrument(folder: Path, venue: str, symbol: str) -> Instrument | None:
    """The instrument, or None where it is not known. Raises StoreDamagedError."""
    return _read(instrument_path(folder, venue, symbol))


def list_instruments(folder: Path) -> list[Instrument]:
    """All instruments, by venue and symbol."""
    found = [_read(path) for path in sorted(folder.glob("venue=*/*.json"))]
    return [each for each in found if each is not None]


def _read(path: Path) -> Instrument | None:
    from memesnipe_cli.store.tables import Instrument

    try:
        with path.open("rb") as source:
            return Instrument(**orjson.loads(source.read()))
    except FileNotFoundError:
        return None
    except (orjson.JSONDecodeError, TypeError) as problem:
        raise StoreDamagedError(
            f"{path} is not an instrument: {problem}", "delete it and ingest again"
        ) from problem
