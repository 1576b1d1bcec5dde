"""What a person reads when something is wrong, word for word; `pytest --update-golden` writes the file
anew."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from memesnipe_cli.cli import run

LINES = (
    "nope",
    "profil",
    "--frob",
    "--profile",
    "--json --jsonl profile list",
    "profile show krakn",
    "profile show missing.toml",
    "profile show a/b",
    "profile diff",
    "profile list extra",
    "profile list --frob",
    "profile show --profile ''",
    "profile show --json krakn",
    "--profile krakn profile show",
    "profile show looser.toml",
    "profile show typo.toml",
    "profile show secret.toml",
    "profile show broken.toml",
    "profile show several.toml",
    "init",
    "init --yes --capital much",
    "init --yes --venue nyse",
    "init --yes --path looser.toml",
)
FILES = {
    "looser.toml": "[limits]\ntrade_share = 0.5\n",
    "typo.toml": "[limits]\ntrade_shar = 0.01\n",
    "secret.toml": 'api_secret = "hunter2"\n',
    "broken.toml": "[account\n",
    "several.toml": "[account]\ncapital = -1\nvenue = 3\n",
}


def test_error_texts(
    tmp_path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    golden: Callable[[str, str], None],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    said = []
    for line in LINES:
        code = run(shlex.split(line), {})
        written = capsys.readouterr()
        assert written.out == ""
        said.append(f"$ memesnipe {line}\n{written.err.replace(str(home), 'HOME')}[{code}]\n")
    golden("errors.txt", "\n".join(said))
