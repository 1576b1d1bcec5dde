"""The console script, and `python -m memesnipe_cli`: the same program."""

import atexit
import contextlib
import gc
import os
import sys

# Objects made before Python looks for circles among them. Its default of 700 makes it go through everything that was
# imported again and again, which took a tenth of a short command's time; a long one is still cleaned up after.
_OBJECTS_BETWEEN_COLLECTIONS = 200_000

_INTERRUPTED = 130  # errors.ExitCode, which may not be there yet when Ctrl-C comes


def main() -> None:
    """Run the command line; Ctrl-C while it is still being imported ends it as quietly as later on."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    ending = _Ending()
    # What is registered first runs last: threads are joined and every other exit handler has run by then.
    atexit.register(ending.leave_without_teardown)
    try:
        from memesnipe_cli.cli import main as command_line

        ending.code = command_line()
    except SystemExit as signalled:
        ending.code = signalled.code if isinstance(signalled.code, int) else 1
    except KeyboardInterrupt:
        ending.code = _INTERRUPTED
    sys.exit(ending.code)


class _Ending:
    """How this process ends. It does so before the interpreter would take itself apart: worker threads of Arrow
    and DuckDB outlive the call they worked for, and one that lets go of a Python object meanwhile aborts the process
    (https://github.com/apache/arrow/issues/34314), so that work which was done and on the disk ended with SIGABRT: one
    in seven runs of `ingest verify` side by side."""

    code = 1  # an exception that nobody caught: the interpreter has printed it

    def leave_without_teardown(self) -> None:
        """The last exit handler."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os._exit(self.code)


if __name__ == "__main__":
    main()
