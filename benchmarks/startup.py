"""How long the light commands take to start, against a bare Typer app that prints one line.

Every command and the yardstick run in turn, round after round, so that a busy machine slows them alike; what
counts is the ratio of the medians. Target: at most 1.3.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 21
TARGET = 1.3
YARDSTICK = """
import typer

app = typer.Typer()


@app.command()
def main() -> None:
    print("hello")


app()
"""
LIGHT = (
    "--help",
    "--version",
    "profile list",
    "profile list --json",
    "profile show --json",
    "profile validate --json",
    "strategies list --json",
    "ingest --help",
    "backtest --help",
    "trade --help",
    "doctor --help",
)


def seconds(command: list[str]) -> float:
    """Wall time of one run; a command that fails ends the benchmark."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> None:
    """Print a line for each command: its median and the ratio to the yardstick's."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update({name: folder for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")})
        # An installed program has its bytecode on disk; a checkout on which nobody may write it has not.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        bare = Path(folder) / "bare.py"
        bare.write_text(YARDSTICK)
        runs = {"a bare Typer app": [sys.executable, str(bare)]}
        runs |= {
            f"memesnipe {line}": [sys.executable, "-m", "memesnipe_cli", *line.split()] for line in LIGHT
        }
        times: dict[str, list[float]] = {name: [] for name in runs}
        for round_number in range(ROUNDS + 1):
            for name, command in runs.items():
                taken = seconds(command)
                if round_number:  # the first round fills the caches
                    times[name].append(taken)
    yardstick = statistics.median(times["a bare Typer app"])
    print(f"medians of {ROUNDS} interleaved runs; target: at most {TARGET} times the bare app")
    for name, taken_each in times.items():
        median = statistics.median(taken_each)
        verdict = "" if median <= TARGET * yardstick else "  over the target"
        print(f"{name:34} {median * 1000:7.0f} ms {median / yardstick:6.2f}{verdict}")


if __name__ == "__main__":
    main()
