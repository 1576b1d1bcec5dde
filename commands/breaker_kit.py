"""How the subcommands of `memesnipe breaker` are made: as everywhere, but quicker to start."""

from __future__ import annotations

from typing import Any

from memesnipe_cli.cli import Command


class _PlainText:
    """Takes an option's text as it stands, and a flag.

    Typer lets pydantic find out that text is text, which loads it: a third of what a trip takes from the shell to
    the latch. Other types, where they are given, go the usual way.
    """

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        if value is None or isinstance(value, bool) or param.type_descriptor.annotation is str:
            return value
        from typer._coercion import build_runtime_param

        return build_runtime_param(param.type_descriptor).coerce(value, param=param, ctx=ctx)


class QuickCommand(Command):
    """A subcommand without repeatable options that loads pydantic only for numbers, where they are given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for param in self.params:
            param._runtime_param = _PlainText()  # type: ignore[attr-defined]  # typer's own, for coerced values
