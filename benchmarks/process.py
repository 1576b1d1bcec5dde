"""How long a whole `memesnipe backtest` takes on five years of 5-minute bars (525,600), against the bare imports that
it needs. Target: at most 1.5 times.

    python benchmarks/process.py [--bars 525600] [--rounds 7]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from memesnipe_cli.store.store import Store
from memesnipe_cli.store.tables import Candles, SeriesKey

IMPORTS = (
    "import typer",
    "from pydantic import BaseModel",
    "import numpy",
    "import numba",
    "import pyarrow.parquet",
    "import orjson",
    "import platformdirs",
    "import rich.table",
)


def fill(folder: Path, count: int) -> None:
    """A store with one series of a random walk."""
    rng = np.random.default_rng(7)
    close = np.round(0.2 * np.exp(np.cumsum(rng.normal(0.0, 0.002, count))), 6)
    open_ = np.concatenate([[0.2], close[:-1]])
    high = np.round(np.maximum(open_, close) * 1.001 + 1e-6, 6)
    low = np.round(np.minimum(open_, close) * 0.999, 6)
    ts = np.arange(count, dtype=np.int64) * 300_000 + 1_577_836_800_000
    volume = np.round(rng.random(count) * 1e6 + 1e4, 1)
    key = SeriesKey("kraken", "DOGE/USD", "5m")
    Store(folder).lake.write_candles(Candles(key, ts, open_, high, low, close, volume), source="benchmark")


def seconds(command: list[str]) -> float:
    """Wall time of one run; a command that fails ends the benchmark."""
    begin = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=int, default=525_600)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = f"{folder}/bytecode"
        store = Path(folder) / "store"
        fill(store, arguments.bars)
        backtest = [
            sys.executable,
            "-m",
            "memesnipe_cli",
            "--store",
            str(store),
            "backtest",
            "--strategy",
            "momentum_5m",
        ]
        seconds(backtest)  # compiles where this machine has not yet
        ours, together, empty = [], [], []
        alone: dict[str, list[float]] = {name: [] for name in IMPORTS}
        for _ in range(arguments.rounds):
            ours.append(seconds(backtest))
            together.append(seconds([sys.executable, "-c", "; ".join(IMPORTS)]))
            empty.append(seconds([sys.executable, "-c", "pass"]))
            for name in IMPORTS:
                alone[name].append(seconds([sys.executable, "-c", name]))
    bare = statistics.median(empty)
    each = {name: statistics.median(found) - bare for name, found in alone.items()}
    total = bare + sum(each.values())
    run, joint = statistics.median(ours), statistics.median(together)
    print(f"{arguments.bars} bars, medians of {arguments.rounds} interleaved runs")
    print(f"  bare interpreter {bare:.2f} s, over it: " + ", ".join(f"{k} {v:.2f}" for k, v in each.items()))
    print(f"  memesnipe backtest: {run:.2f} s")
    print(f"  over the sum of the imports ({total:.2f} s): {run / total:.2f}  (wanted <= 1.5)")
    print(f"  over one process that does them all ({joint:.2f} s): {run / joint:.2f}")


if __name__ == "__main__":
    main()
