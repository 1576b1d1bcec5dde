"""`python -m memesnipe_cli` is the same program as `memesnipe`."""

from memesnipe_cli.cli import main

if __name__ == "__main__":
    main()
