"""The console script, and `python -m memesnipe_cli`: the same program."""

import gc
import sys

# Objects made before Python looks for circles among them. Its default of 700 makes it go through everything that was
# imported again and again, which took a tenth of a short command's time; a long one is still cleaned up after.
_OBJECTS_BETWEEN_COLLECTIONS = 200_000


def main() -> None:
    """Run the command line; Ctrl-C while it is still being imported ends it as quietly as later on."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    try:
        from memesnipe_cli.cli import main as command_line

        command_line()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        gc.freeze()  # nor need it look through everything a last time on the way out


if __name__ == "__main__":
    main()
