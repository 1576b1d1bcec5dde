"""Bulk work steps aside for whoever waits for a processor: a trader that decides at the close of a bar."""

from __future__ import annotations

import os

from memesnipe_cli.signals import STOP

NICE = 15  # of 19; where a processor is free nothing takes longer for it


def give_way() -> None:
    """Lower the priority of this process, if it is the program's own and is not lower already."""
    if STOP.installed and hasattr(os, "nice"):
        os.nice(max(0, NICE - os.nice(0)))
