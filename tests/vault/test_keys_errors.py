"""What a person reads when a key is refused, word for word, and never with a part of the key in it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from vault_cases import COINBASE_LINES, KRAKEN_LINES, OTHER_LINES, OTHER_SECRET, PASSPHRASE, keys
from venue_server.keys import COINBASE_KEY, KRAKEN_KEY, KRAKEN_SECRET, coinbase_secret

SHORT_SECRET = base64.b64encode(b"only thirty-two bytes of a secret").decode()
ED25519 = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----"""
DAMAGED = coinbase_secret().replace("M", "N", 3)
# words after `memesnipe keys`, and what is given as the key.
GIVEN: tuple[tuple[str, bytes | str | None], ...] = (
    ("add kraken", None),
    ("add krakn", None),
    ("add Kx/9aBcDeFgHiJk", None),
    ("add kraken some-key some-secret", None),
    ("add kraken --name Not/A/Name", None),
    ("add kraken --kind owner", None),
    ("add etherscan --kind trade", "x"),
    ("add kraken --in pocket", "x"),
    ("add kraken --offline", ""),
    ("add kraken --offline", b"\xff\xfe\x00"),
    ("add kraken --offline", "x" * 40_000),
    ("add kraken --offline", KRAKEN_KEY),
    ("add kraken --offline", f"{KRAKEN_LINES}third\n"),
    ("add kraken --offline", '{"name": "a"'),
    ("add kraken --offline", '{"name": "a", "secret": ""}'),
    ("add kraken --offline", '{"secret": "c2VjcmV0"}'),
    ("add kraken --offline", '{"name": "a", "secret": "b", "kind": "owner"}'),
    ("add kraken --offline", f"{OTHER_SECRET}\n{KRAKEN_KEY}"),
    ("add kraken --offline", f"{KRAKEN_KEY}\n{SHORT_SECRET}"),
    ("add kraken --offline", f"{KRAKEN_KEY}\nno base64 at all!"),
    ("add kraken --offline", f"two words\n{OTHER_SECRET}"),
    ("add kraken --offline", COINBASE_LINES),
    ("add coinbase --offline", OTHER_LINES),
    ("add coinbase --offline", f"a-name\n{coinbase_secret()}"),
    ("add coinbase --offline", f"{COINBASE_KEY}\n{DAMAGED}"),
    ("add coinbase --offline", f"{COINBASE_KEY}\n{ED25519}"),
    (
        "add coinbase --offline",
        '{"name": "-----BEGIN EC PRIVATE KEY-----", "secret": "organizations/a/apiKeys/b"}',
    ),
    ("add etherscan", "two words"),
    ("add etherscan", coinbase_secret()),
    ("check", None),
    ("check kraken", None),
    ("rotate kraken", KRAKEN_LINES),
    ("remove kraken --yes", None),
    ("unlock", None),
    ("unlock --ttl 8h --end", None),
    ("unlock --ttl soon", None),
    ("unlock --ttl 30d", None),
    ("unlock kraken --ttl 1h", None),
    ("export kraken", None),
)


# Pieces by which any of the keys above would be known again.
PIECES = (
    KRAKEN_KEY,
    COINBASE_KEY,
    *(secret[:12] for secret in (KRAKEN_SECRET, OTHER_SECRET, SHORT_SECRET)),
    *(
        line
        for pem in (coinbase_secret(), DAMAGED, ED25519)
        for line in pem.splitlines()
        if "-----" not in line
    ),
    "two words",
    "no base64 at all",
    "Kx/9",
    "some-",
    "Not/A",
    "c2Vj",
    "xxxx",
)


def test_every_refusal_says_what_to_do_and_nothing_of_the_key(
    home: Path, capsys: pytest.CaptureFixture[str], golden: Callable[[str, str], None]
) -> None:
    said = []
    for line, key in GIVEN:
        code = keys(*line.split(), key=key)
        written = capsys.readouterr()
        shown = written.err.replace(str(home), "HOME")
        assert not [piece for piece in PIECES if piece in written.err], line
        said.append(f"$ memesnipe keys {line}\n{written.out}{shown}[{code}]\n")
    golden("keys_errors.txt", "\n".join(said))
    assert not list(home.glob("config/memesnipe/vault/files/*"))


def test_a_stray_secret_on_the_command_line_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    for line in (f"add {OTHER_SECRET}", f"add kraken k {OTHER_SECRET}", f"add kraken --name {OTHER_SECRET}"):
        assert keys(*line.split()) == 2
        assert OTHER_SECRET[:20] not in capsys.readouterr().err


@pytest.mark.parametrize("words", ["--fd 97", "--fd 97 --stdin"])
def test_a_descriptor_that_is_not_there(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert keys("add", "kraken", *words.split()) == 2
    assert "97" in capsys.readouterr().err or "--stdin" in words


def test_the_passphrase_has_its_own_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert keys("add", "kraken", "--in", "file", "--offline", key=KRAKEN_LINES) == 4
    assert "nobody is here to give its passphrase" in capsys.readouterr().err
    assert (
        keys("add", "kraken", "--in", "file", "--offline", key=KRAKEN_LINES, passphrase=PASSPHRASE[:5]) == 4
    )
    assert "fewer than 12" in capsys.readouterr().err
