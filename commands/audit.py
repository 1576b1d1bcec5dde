"""`memesnipe audit`: the table of its subcommands, one a file."""

from __future__ import annotations

from memesnipe_cli.commands import (
    audit_backup,
    audit_checkpoint,
    audit_export,
    audit_log,
    audit_prove,
    audit_reconcile,
    audit_report,
    audit_restore,
    audit_show,
    audit_tax,
    audit_tca,
    audit_verify,
)

from memesnipe_cli.cli import command_app

app = command_app("The journal as evidence: verify, sign and prove it, read it, report, export, back it up.")

app.command(
    "verify",
    examples=(
        "memesnipe audit verify",
        "memesnipe audit verify --account live",
        "memesnipe audit verify --checkpoint /media/stick/checkpoints.txt --public-key key.txt",
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
app.command("backup", examples=audit_backup.EXAMPLES)(audit_backup.backup)
app.command("restore", examples=audit_restore.EXAMPLES)(audit_restore.restore)
app.command("reconcile", examples=audit_reconcile.EXAMPLES)(audit_reconcile.reconcile)
app.command(
    "checkpoint",
    examples=(
        "memesnipe audit checkpoint --new-key",
        "memesnipe audit checkpoint --to /media/stick/checkpoints.txt --to git:notes",
        "memesnipe audit checkpoint --account live --to mail:me@example.com",
        "memesnipe audit checkpoint | mail -s checkpoint me@example.com",
    ),
)(audit_checkpoint.checkpoint)
app.command(
    "prove",
    examples=(
        "memesnipe audit prove 12 > proof.json",
        "memesnipe audit prove 12 --account live --checkpoint checkpoints.txt | jq -r .line",
        "memesnipe audit prove --since january.txt --checkpoint june.txt > growth.json",
    ),
)(audit_prove.prove)
app.command(
    "report",
    examples=(
        "memesnipe audit report",
        "memesnipe audit report --by strategy --since 30d --account live",
        "memesnipe audit report --by month --json | jq -r '.[] | [.key, .pnl, .fees] | @tsv'",
    ),
)(audit_report.report)
app.command(
    "export",
    examples=(
        "memesnipe audit export --what fills > fills.csv",
        "memesnipe audit export --what trades --since 2025-01-01 --until 2026-01-01 -o trades-2025.csv",
        "memesnipe audit export --what journal --format parquet -o journal.parquet",
        "memesnipe audit export --what orders --format jsonl | jq -r 'select(.state == \"unknown\") | .id'",
    ),
)(audit_export.export)
app.command(
    "tax",
    examples=(
        "memesnipe audit tax --year 2025 --account live -o form-8949-2025.csv",
        "memesnipe audit tax --year 2025 --method hifo --timezone America/New_York --account live -o hifo.csv",
        "memesnipe audit tax --year 2025 --form 6781 --account live > contracts.csv",
    ),
)(audit_tax.tax)
