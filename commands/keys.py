"""`memesnipe keys`: the table of its subcommands, one or two a file."""

from __future__ import annotations

from memesnipe_cli.commands import keys_add, keys_look, keys_remove, keys_unlock

from memesnipe_cli.cli import command_app

app = command_app(
    "Keys of venues, data sources and wallets: in the OS keyring or an encrypted file, shown by fingerprint only.\n\n"
    "A key comes in at a prompt, on stdin or on a file descriptor; nothing gives it out again."
)

# A stray word may be a secret: it is counted, not repeated.
_COUNTED = {"allow_extra_args": True}

app.command(
    "add",
    context_settings=_COUNTED,
    examples=(
        "memesnipe keys add kraken",
        "memesnipe keys add coinbase --stdin < cdp_api_key.json",
        "memesnipe keys add kraken --kind read --fd 3 3< key.txt",
        "memesnipe keys add kraken --in file --stdin --passphrase-fd 4 < key.json 4< passphrase.txt",
        "memesnipe keys add etherscan",
        "memesnipe keys add solana --stdin < id.json",
    ),
)(keys_add.add)
app.command(
    "list",
    examples=(
        "memesnipe keys list",
        "memesnipe keys list --json | jq -r '.[] | [.venue, .name, .fingerprint] | @tsv'",
    ),
)(keys_look.list_keys)
app.command(
    "check",
    examples=(
        "memesnipe keys check",
        "memesnipe keys check kraken --name trade || echo 'do not trade with it'",
    ),
)(keys_look.check)
app.command(
    "rotate",
    context_settings=_COUNTED,
    examples=("memesnipe keys rotate kraken", "memesnipe keys rotate coinbase --stdin < cdp_api_key.json"),
)(keys_add.rotate)
app.command(
    "remove",
    examples=("memesnipe keys remove kraken --name read", "memesnipe keys remove kraken --yes"),
)(keys_remove.remove)
app.command(
    "unlock",
    examples=(
        "memesnipe keys unlock kraken --ttl 8h",
        "memesnipe keys unlock --ttl 1d",
        "memesnipe keys unlock --end",
    ),
)(keys_unlock.unlock)
