"""`memesnipe audit`: the table of its subcommands, one a file."""

from __future__ import annotations

from memesnipe_cli.commands import audit_log, audit_show, audit_tca, audit_verify

from memesnipe_cli.cli import command_app

app = command_app("The journal as evidence: verify it, read it, follow one order, see what trading cost.")

app.command(
    "verify",
    examples=(
        "memesnipe audit verify",
        "memesnipe audit verify --account live",
        "memesnipe audit verify --json | jq -r '.[] | [.account, .integrity, .completeness, .entries] | @tsv'",
    ),
)(audit_verify.verify)
app.command(
    "log",
    examples=(
        "memesnipe audit log --since 1d",
        "memesnipe audit log --kind order --kind fill --strategy momentum_5m",
        "memesnipe audit log --follow --jsonl | jq -c 'select(.kind == \"refusal\") | .body'",
        "memesnipe audit log --limit 20",
    ),
)(audit_log.log)
app.command(
    "show",
    examples=(
        "memesnipe audit show msabcdefgh12345678",
        "memesnipe audit show OABC12-DEF34-GHI567 --json | jq '.steps[] | [.time, .kind, .what]'",
    ),
)(audit_show.show)
app.command(
    "tca",
    examples=(
        "memesnipe audit tca",
        "memesnipe audit tca --since 30d --by symbol",
        "memesnipe audit tca --by order --jsonl | jq -r '[.key, .symbol, .total, .total_bps] | @tsv'",
    ),
)(audit_tca.tca)
