"""A checkpoint as a commit of a git repository, by the user's own git. Nothing is pushed: that is for a hook of the
user's, or for him."""

from __future__ import annotations

import subprocess
from pathlib import Path

from memesnipe_cli import clock
from memesnipe_cli.audit.anchor_file import added
from memesnipe_cli.audit.checkpoint import Checkpoint
from memesnipe_cli.audit.note import Note
from memesnipe_cli.errors import ConfigError, MemesnipeError, UsageError
from memesnipe_cli.store.files import explained, make_folder, write_file
from memesnipe_cli.store.paths import encode_name

# A hook may push, and a key that signs commits may ask its owner.
DEADLINE_S = 120.0
_MOST_WORDS = 300


class GitAnchor:
    """See Anchor. Commits `checkpoints/ACCOUNT.txt` of the repository in `folder`, and nothing else of it."""

    def __init__(self, folder: Path, git: str | None) -> None:
        if git is None:
            raise ConfigError(
                "there is no git here", "install git, or anchor elsewhere: --to PATH", code="anchor"
            )
        self.where = f"git:{folder}"
        self._folder = folder
        self._git = git

    def write(self, checkpoint: Checkpoint, note: Note) -> None:
        """See Anchor. Raises UsageError where the folder is no repository, MemesnipeError with git's own words."""
        if not self._folder.is_dir():
            raise UsageError(f"there is no folder {self._folder}", f"git init {self._folder}")
        self._run("rev-parse", "--is-inside-work-tree", hint=f"git init {self._folder}")
        path = self._folder / "checkpoints" / f"{encode_name(checkpoint.account, 'account')}.txt"
        with explained(f"cannot write the checkpoint to {path}"):
            make_folder(path.parent)
            write_file(path, added(path, note))
        name = str(path.relative_to(self._folder))
        said = f"{checkpoint.account}: {checkpoint.size} entries, {clock.format_time(checkpoint.time_ms)}"
        self._run("add", "--force", "--", name)
        # Named, so that what else is staged stays staged.
        self._run("commit", "--quiet", "--message", f"Checkpoint of {said}", "--", name)

    def _run(self, *words: str, hint: str = "") -> None:
        try:
            done = subprocess.run(  # noqa: S603  # the user's git, by its path, without a shell
                [self._git, "-C", str(self._folder), *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=DEADLINE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise self._failed(f"git {words[0]} did not end within {DEADLINE_S:g} s", hint) from None
        except OSError as problem:
            raise self._failed(f"{self._git}: {problem.strerror or problem}", hint) from None
        if done.returncode:
            words_of_git = " ".join((done.stderr or done.stdout).split())[:_MOST_WORDS]
            raise self._failed(f"git {words[0]}: {words_of_git or f'exit {done.returncode}'}", hint)

    def _failed(self, what: str, hint: str) -> MemesnipeError:
        return MemesnipeError(
            f"the checkpoint is not in {self.where}: {what}",
            hint or f"try git -C {self._folder} commit by hand, then run it again",
            code="anchor",
        )
