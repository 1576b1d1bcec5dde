"""The [retention] table of a profile: how long journals are kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from memesnipe_cli.profile_fields import Settings

LEAST_DAYS = 365


class Retention(Settings):
    """How long what cannot be fetched again is kept.

    `journal_days`: after so many days without a line the journal of an account that has ended may be removed; 0, which
    is the default, for never. A journal is what taxes are declared from, so less than a year is refused, and what the
    law asks for is for the user to know.
    """

    journal_days: Annotated[int, Field(strict=True, ge=0, le=36_500)] = 0

    @field_validator("journal_days")
    @classmethod
    def _a_year_at_least(cls, days: int) -> int:
        if 0 < days < LEAST_DAYS:
            raise ValueError(
                f"must be 0, for ever, or {LEAST_DAYS} and more: taxes are declared from the journal"
            )
        return days
