"""The secret scan finds keys made at random and put into a repository of their own, and is quiet about ours."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
CI = Path(__file__).parents[2] / ".ci"


def kraken_secret() -> str:
    return base64.b64encode(secrets.token_bytes(64)).decode()


def coinbase_key_name() -> str:
    return f"organizations/{uuid.uuid4()}/apiKeys/{uuid.uuid4()}"


def pem(
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey,
    form: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8,
) -> str:
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def ec_key() -> str:
    return pem(ec.generate_private_key(ec.SECP256R1()), serialization.PrivateFormat.TraditionalOpenSSL)


def body_alone(text: str) -> str:
    """A PEM without its first and last line."""
    return "\n".join(text.strip().splitlines()[1:-1])


SECRETS: dict[str, Callable[[], str]] = {
    "Kraken secret": kraken_secret,
    "Kraken secret in JSON": lambda: f'{{"apiKey": "x", "secret": "{kraken_secret()}"}}',
    "Coinbase key name": coinbase_key_name,
    "EC key": ec_key,
    "EC key in one line of JSON": lambda: ec_key().replace("\n", "\\n"),
    "EC key without its first line": lambda: body_alone(ec_key()),
    "PKCS #8 key without its first line": lambda: body_alone(pem(ec.generate_private_key(ec.SECP256R1()))),
    "Ed25519 key without its first line": lambda: body_alone(pem(ed25519.Ed25519PrivateKey.generate())),
    "RSA key without its first line": lambda: body_alone(pem(rsa.generate_private_key(65537, 2048))),
    "OpenSSH key without its first line": lambda: body_alone(
        pem(ed25519.Ed25519PrivateKey.generate(), serialization.PrivateFormat.OpenSSH)
    ),
    "GitHub token": lambda: "ghp_" + "".join(secrets.choice("abcdefGHIJKL0123456789") for _ in range(36)),
    "file of solana-keygen": lambda: json.dumps(list(secrets.token_bytes(64)), separators=(",", ":")),
    "extended private key": lambda: "xprv9" + "".join(secrets.choice(BASE58) for _ in range(106)),
    "password in an address": lambda: f"https://me:{secrets.token_hex(12)}@example.com/x",
    "password by its name": lambda: f'password = "{secrets.token_hex(12)}"',
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit and the scan's own folder, nothing accepted."""
    top = tmp_path / "repository"
    top.mkdir()
    shutil.copytree(CI, top / ".ci", ignore=shutil.ignore_patterns("__pycache__"))
    (top / ".ci" / "secrets-accepted.json").unlink()
    (top / ".gitignore").write_text("__pycache__/\n")
    git(top, "init", "--quiet")
    commit(top, "begin")
    return top


def git(top: Path, *words: str) -> None:
    """git without the user's settings."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    subprocess.run(["git", *who, *words], cwd=top, check=True, env=environment, timeout=30)


def commit(top: Path, message: str) -> None:
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "-m", message)


def scan(top: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What the scan says of a repository."""
    return subprocess.run(
        [sys.executable, "-B", str(top / ".ci" / "scan_secrets.py"), *words],
        cwd=top,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_each_kind_of_secret_is_found_and_not_shown(repository: Path) -> None:
    planted = {f"{number:02}.txt": make() for number, make in enumerate(SECRETS.values())}
    for name, text in planted.items():
        (repository / name).write_text(f"{text}\n")
    done = scan(repository, *planted)
    found = {line.split(",")[0] for line in done.stderr.splitlines() if ".txt, line " in line}
    missed = [kind for kind, name in zip(SECRETS, planted, strict=True) if name not in found]
    assert (done.returncode, missed) == (1, [])
    for text in planted.values():
        assert not any(part in done.stderr + done.stdout for part in text.split() if len(part) > 30)


def test_one_that_was_committed_and_taken_out_again_is_still_found(repository: Path) -> None:
    (repository / "notes.txt").write_text(f"first\n{kraken_secret()}\nlast\n")
    commit(repository, "a mistake")
    (repository / "notes.txt").write_text("first\nlast\n")
    commit(repository, "and its correction")
    done = scan(repository)
    assert done.returncode == 1
    assert "notes.txt, commit " in done.stderr and "Exchange API secret" in done.stderr
    assert "revoke it at the venue first" in done.stderr


def test_what_is_accepted_is_quiet_and_a_new_one_beside_it_is_not(repository: Path) -> None:
    fixture = repository / "fixture.txt"
    fixture.write_text(f"{ec_key()}\n{kraken_secret()}  # pragma: allowlist secret\n")
    commit(repository, "a made-up key")
    assert "fixture.txt, line 1: Private Key" in scan(repository).stderr
    assert scan(repository, "--accept", "made up").returncode == 0
    assert scan(repository).returncode == 0
    with fixture.open("a") as file:
        file.write(ec_key())
    again = scan(repository, "fixture.txt")
    assert again.returncode == 1
    assert "Private key body" in again.stderr


def test_hashes_ids_and_repeated_letters_are_no_secrets(repository: Path) -> None:
    lines = [
        secrets.token_hex(32),
        str(uuid.uuid4()),
        "A" * 86 + "==",
        secrets.token_hex(20),
        "0x" + "ab" * 20,
    ]
    (repository / "plain.txt").write_text("\n".join(lines))
    done = scan(repository, "plain.txt")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unpacked_folder_without_git_is_looked_through(repository: Path) -> None:
    shutil.rmtree(repository / ".git")
    (repository / "notes").mkdir()
    (repository / "notes" / "keys.txt").write_text(kraken_secret())
    done = scan(repository)
    assert done.returncode == 1
    assert str(Path("notes", "keys.txt")) in done.stderr
