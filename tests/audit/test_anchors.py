"""Where a checkpoint goes: it is there afterwards, or an error says that it is not."""

from __future__ import annotations

import email
import email.policy
import shutil
import subprocess
from pathlib import Path

import pytest
from checkpoint_cases import Keeper, Signer, anchored, keeper, note_lines

from memesnipe_cli.audit.anchor_http import HttpAnchor
from memesnipe_cli.audit.anchors import Tools, anchor_of
from memesnipe_cli.audit.checkpoint import Checkpoint, find
from memesnipe_cli.audit.note import Note
from memesnipe_cli.errors import ConfigError, MemesnipeError, NetworkError, StoreError, UsageError

NONE = Tools(git=None, sendmail=None)
Pair = tuple[Checkpoint, Note]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pair, Pair]:
    """Two checkpoints of one journal."""
    paths = note_lines(tmp_path_factory.mktemp("anchors"), 5)
    signer = Signer()
    first = anchored(paths, signer)
    note_lines(paths.root, 2)
    return first, anchored(paths, signer)


def test_a_file_has_them_one_behind_the_other(pairs: tuple[Pair, Pair], tmp_path: Path) -> None:
    file = tmp_path / "kept.txt"
    for pair in pairs:
        anchor_of(str(file), NONE).write(*pair)
    assert find(file.read_text()) == [pairs[0][1], pairs[1][1]]
    file.write_text("my own words")
    anchor_of(str(file), NONE).write(*pairs[0])
    assert file.read_text() == f"my own words\n\n{pairs[0][1]}"


def test_a_folder_has_one_file_each(pairs: tuple[Pair, Pair], tmp_path: Path) -> None:
    for pair in pairs:
        anchor_of(str(tmp_path), NONE).write(*pair)
    names = [f"{checkpoint.store}-paper-{checkpoint.size:012d}.txt" for checkpoint, _ in pairs]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert (tmp_path / names[1]).read_text() == str(pairs[1][1])


def test_a_place_that_cannot_be_written_is_named(pairs: tuple[Pair, Pair], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no folder .*missing"):
        anchor_of(str(tmp_path / "missing" / "kept.txt"), NONE).write(*pairs[0])
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        anchor_of("/dev/null", NONE).write(*pairs[0])
    (tmp_path / f"{pairs[0][0].store}-paper-{pairs[0][0].size:012d}.txt").mkdir()
    with pytest.raises(StoreError, match="cannot write the checkpoint to "):
        anchor_of(str(tmp_path), NONE).write(*pairs[0])


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("", "cannot be written to ''"),
        ("ftp://example.com/x", "cannot be written to 'ftp://example.com/x'"),
        ("--to", "cannot be written to '--to'"),
        ("http://example.com/x", "is not https: example.com is another machine"),
        ("https://me:word@example.com/x", "holds a user name or password"),
        ("https:///x", "names no host"),
        ("https://[x", "is no address"),
        ("mail:nobody", "'nobody' is no mail address"),
        ("mail:me@example.com\nBcc: you@example.com", "is no mail address"),
    ],
)
def test_what_is_no_place_is_said_before_anything_is_signed(target: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        anchor_of(target, Tools("/usr/bin/git", "/usr/sbin/sendmail"))


# --- git ----------------------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a file that is staged and not committed."""
    if shutil.which("git") is None:
        pytest.skip("there is no git here")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (tmp_path / "gitconfig").write_text("[user]\nname = Me\nemail = me@example.com\n")
    folder = tmp_path / "notes"
    git(tmp_path, "init", "--quiet", str(folder))
    (folder / "own.txt").write_text("mine")
    git(folder, "add", "own.txt")
    return folder


def git(folder: Path, *words: str) -> str:
    """What the user's git says."""
    done = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout


def git_tools() -> Tools:
    """With git alone."""
    return Tools(shutil.which("git"), None)


def test_a_commit_has_the_checkpoint_and_nothing_else(pairs: tuple[Pair, Pair], repository: Path) -> None:
    for pair in pairs:
        anchor_of(f"git:{repository}", git_tools()).write(*pair)
    assert git(repository, "log", "--format=%s").count("Checkpoint of paper:") == 2
    assert git(repository, "show", "--name-only", "--format=", "HEAD").split() == ["checkpoints/paper.txt"]
    assert find(git(repository, "show", "HEAD:checkpoints/paper.txt")) == [pairs[0][1], pairs[1][1]]
    assert git(repository, "status", "--porcelain").split() == ["A", "own.txt"]


def test_git_that_refuses_is_quoted(pairs: tuple[Pair, Pair], repository: Path, tmp_path: Path) -> None:
    hook = repository / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'not on a Sunday' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(MemesnipeError, match="git commit: not on a Sunday"):
        anchor_of(f"git:{repository}", git_tools()).write(*pairs[0])
    (tmp_path / "plain").mkdir()
    with pytest.raises(MemesnipeError, match="not a git repository"):
        anchor_of(f"git:{tmp_path / 'plain'}", git_tools()).write(*pairs[0])
    with pytest.raises(UsageError, match="there is no folder"):
        anchor_of(f"git:{tmp_path / 'none'}", git_tools()).write(*pairs[0])
    with pytest.raises(ConfigError, match="there is no git here"):
        anchor_of(f"git:{repository}", NONE)


# --- mail ---------------------------------------------------------------------------------------------------


def sendmail(folder: Path, script: str) -> Tools:
    """A program in place of sendmail."""
    program = folder / "sendmail"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Tools(None, str(program))


def test_a_mail_carries_it_as_it_is(pairs: tuple[Pair, Pair], tmp_path: Path) -> None:
    tools = sendmail(tmp_path, f'echo "$@" > {tmp_path}/words; cat > {tmp_path}/mail')
    anchor_of("mail:me@example.com", tools).write(*pairs[0])
    data = (tmp_path / "mail").read_bytes()
    mail = email.message_from_bytes(data, policy=email.policy.default)
    assert (tmp_path / "words").read_text().split() == ["-t", "-i"]
    assert mail["To"] == "me@example.com"
    assert mail["Subject"] == f"memesnipe checkpoint {pairs[0][0].store}: {pairs[0][0].size} entries"
    assert find(data.decode()) == [pairs[0][1]]


def test_a_mail_that_is_not_taken_is_said(pairs: tuple[Pair, Pair], tmp_path: Path) -> None:
    with pytest.raises(MemesnipeError, match=r"did not go to mail:me@example.com: .*no such queue"):
        anchor_of("mail:me@example.com", sendmail(tmp_path, "echo no such queue >&2; exit 75")).write(
            *pairs[0]
        )
    with pytest.raises(ConfigError, match="no sendmail") as told:
        anchor_of("mail:me@example.com", NONE)
    assert "memesnipe audit checkpoint | mail -s checkpoint me@example.com" in told.value.hint


# --- HTTP ---------------------------------------------------------------------------------------------------


def posted(server: Keeper, pair: Pair, deadline_s: float = 5.0) -> None:
    """Put it there."""
    HttpAnchor(server.url, deadline_s=deadline_s).write(*pair)


def test_a_post_carries_it_as_it_is(pairs: tuple[Pair, Pair]) -> None:
    with keeper() as server:
        posted(server, pairs[0])
    assert [body.decode() for body in server.bodies] == [str(pairs[0][1])]


@pytest.mark.parametrize(
    ("status", "said"), [(500, "answered 500"), (302, "answered 302"), (403, "answered 403")]
)
def test_only_a_yes_is_a_yes_and_no_token_is_repeated(
    status: int, said: str, pairs: tuple[Pair, Pair]
) -> None:
    with keeper(status) as server, pytest.raises(NetworkError, match=said) as told:
        posted(server, pairs[0])
    assert "token" not in told.value.message + HttpAnchor(server.url).where
    assert len(server.bodies) == 1


def test_an_address_that_is_silent_or_away_is_not_waited_for(pairs: tuple[Pair, Pair]) -> None:
    with (
        keeper(silent=True) as server,
        pytest.raises(NetworkError, match=r"ReadTimeout|did not answer within"),
    ):
        posted(server, pairs[0], deadline_s=0.3)
    with pytest.raises(NetworkError, match="cannot be reached"):
        posted(server, pairs[0])
