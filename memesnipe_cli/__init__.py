"""MemeSnipe: systematic crypto trading with small capital. The library; `memesnipe_cli.cli` is its command line."""

__version__ = "0.1.0"
