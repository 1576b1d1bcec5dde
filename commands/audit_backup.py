"""`memesnipe audit backup`: an encrypted archive of what cannot be fetched again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from memesnipe_cli.commands.audit_passphrase import Descriptor, Stdin, take_passphrase

from memesnipe_cli.cli import Run, current
from memesnipe_cli.console import Column, OutputMode
from memesnipe_cli.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from memesnipe_cli.backup.manifest import Manifest

EXAMPLES = (
    "memesnipe audit backup --to /mnt/usb",
    "memesnipe audit backup --to nightly.backup --force --stdin < passphrase.txt",
    "memesnipe audit backup --include journal,latch,lake",
    "memesnipe audit backup --list memesnipe-1a2b3c4d-20250131T120000Z.backup",
)
_BACKUP = (
    Column("archive", "path"),
    Column("bytes", "bytes", right=True),
    Column("files", "files", right=True),
    Column("sha256", "sha256", write=lambda value: str(value)[:16]),
)
_JOURNALS = (
    Column("account", "account"),
    Column("entries", "entries", right=True),
    Column("head", "head", write=lambda value: str(value)[:16]),
    Column("problem", "problem"),
)
_FILES = (
    Column("file", "name"),
    Column("bytes", "bytes", right=True),
    Column("sha256", "sha256", write=lambda value: str(value)[:16]),
)


def backup(
    ctx: typer.Context,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="PATH",
            help="The archive, or a folder to put it in under a name of its own. Default: the current one.",
        ),
    ] = None,
    include: Annotated[
        str | None,
        typer.Option(
            metavar="PARTS",
            help="journal,latch,checkpoints,profiles,runs,lake. Default: all but the lake, which is large.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an archive of that name.")] = False,
    listed: Annotated[
        Path | None,
        typer.Option("--list", metavar="ARCHIVE", help="Write nothing: check an archive and show its files."),
    ] = None,
    stdin: Stdin = False,
    passphrase_fd: Descriptor = None,
) -> int:
    """Write an encrypted archive of the journals, the breaker's latch, checkpoints, profiles and stored runs. Keys are
    never in it.

    A trader may run on meanwhile: journals are taken up to their last whole line. The archive is read back and checked
    before it gets its name. Exit 7 where the end of a journal is damaged: it is in the archive as it is.
    """
    run = current(ctx)
    if listed is not None:
        if to is not None or include is not None or force:
            raise UsageError("--list writes nothing", "leave --to, --include and --force out")
        return _list(run, listed, take_passphrase(run, stdin, passphrase_fd, new=False))
    from memesnipe_cli.backup.contents import USUAL_PARTS, checked_parts
    from memesnipe_cli.backup.writing import default_name, write_archive
    from memesnipe_cli.profile_files import user_dir

    parts = USUAL_PARTS if include is None else checked_parts(include.split(","))
    paths = run.store.paths
    target = (Path() if to is None else to).expanduser().absolute()
    if target.is_dir():
        target /= default_name(paths)
    if target.exists() and not force:
        raise UsageError(f"{target} exists already", "name another one with --to, or replace it with --force")
    passphrase = take_passphrase(run, stdin, passphrase_fd, new=True)
    with run.console.progress("writing the archive"):
        done = write_archive(paths, user_dir(), parts, target, passphrase, force=force)
    run.console.records(
        [
            {
                **_record(done.manifest),
                "path": str(done.path),
                "bytes": done.bytes,
                "sha256": done.sha256,
            }
        ],
        _BACKUP,
    )
    _say(run, done.manifest)
    run.console.say("checked; without the passphrase nobody can open it, and it is kept nowhere")
    return _code(run, done.manifest)


def _list(run: Run, archive: Path, passphrase: bytes) -> int:
    from memesnipe_cli.backup.reading import check_archive

    with run.console.progress("reading the archive"):
        manifest = check_archive(archive, passphrase)
    files = [{"name": each.name, "bytes": each.bytes, "sha256": each.sha256} for each in manifest.files]
    if run.console.mode is OutputMode.HUMAN:
        run.console.records(files, _FILES)
    else:
        facts = {"path": str(archive), "bytes": archive.stat().st_size, "listed": files}
        run.console.records([{**_record(manifest), **facts}], ())
    _say(run, manifest)
    return _code(run, manifest)


def _record(manifest: Manifest) -> dict[str, Any]:
    """The record `backup` without what only the file knows."""
    from memesnipe_cli.records import record

    return record(
        "backup",
        time=manifest.time,
        store=manifest.store,
        written_by=manifest.written_by,
        parts=list(manifest.parts),
        files=len(manifest.files),
        content_bytes=sum(each.bytes for each in manifest.files),
        journals=[each.as_dict() for each in manifest.journals],
    )


def _say(run: Run, manifest: Manifest) -> None:
    if run.console.mode is OutputMode.HUMAN and manifest.journals:
        run.console.records([each.as_dict() for each in manifest.journals], _JOURNALS, title="\njournals")
    run.console.say(
        f"store {manifest.store or 'without an id'}, {', '.join(manifest.parts)}, of {manifest.time}"
    )


def _code(run: Run, manifest: Manifest) -> int:
    damaged = [each for each in manifest.journals if each.problem]
    for each in damaged:
        run.console.warn(f"the journal of {each.account!r} is in the archive with its damage: {each.problem}")
    return ExitCode.INTEGRITY if damaged else ExitCode.OK
