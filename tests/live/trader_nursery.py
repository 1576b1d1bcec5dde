"""Starts traders (trader_child.py) from one process that has everything imported."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from trader_child import Life


class Nursery:
    """Starts traders from one process that has everything imported."""

    def __init__(self) -> None:
        here = Path(__file__).parent
        paths = os.pathsep.join([str(here), str(here.parent), os.environ.get("PYTHONPATH", "")])
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, str(here / "trader_child.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **threads, "PYTHONPATH": paths},
        )

    def __enter__(self) -> Nursery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stdin.close()  # type: ignore[union-attr]
        self._process.stdout.close()  # type: ignore[union-attr]
        self._process.wait(timeout=5)

    def start(self, life: Life) -> Trader:
        """A trader that lives from now on."""
        return Trader(self, int(self._ask({"start": asdict(life)}, 20.0)["pid"]))

    def wait(self, pid: int, seconds: float) -> int:
        """The exit code of a trader; below 0: the signal that killed it. Raises TimeoutError."""
        return int(self._ask({"wait": pid}, seconds)["code"])

    def _ask(self, what: dict[str, Any], seconds: float) -> dict[str, Any]:
        pipe_in, pipe_out = self._process.stdin, self._process.stdout
        assert pipe_in is not None and pipe_out is not None
        pipe_in.write(json.dumps(what).encode() + b"\n")
        pipe_in.flush()
        if not select.select([pipe_out], [], [], seconds)[0]:
            raise TimeoutError(f"no answer to {what} in {seconds} s")
        said: dict[str, Any] = json.loads(pipe_out.readline())
        return said


@dataclass
class Trader:
    """A process that trades. `code`: how it ended, None while it is not known."""

    nursery: Nursery
    pid: int
    code: int | None = None

    def alive(self) -> bool:
        """Whether it has not ended yet."""
        if self.code is not None:
            return False
        state = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
        return state != "Z"

    def kill(self) -> None:
        """kill -9, where it has not ended."""
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)

    def ended(self, seconds: float = 10.0) -> int:
        """How it ended."""
        if self.code is None:
            self.code = self.nursery.wait(self.pid, seconds)
        return self.code

    def lives(self, seconds: float) -> bool:
        """Whether it still lives after so long; returns as soon as it does not."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not self.alive():
                return False
            time.sleep(0.01)
        return self.alive()
