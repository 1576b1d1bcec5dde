"""The [service] table: what it takes, and that it never repeats an address it refuses."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from memesnipe_cli.profile_service import Service


def test_without_an_address_there_is_no_heartbeat() -> None:
    service = Service()
    assert (service.heartbeat_url, service.heartbeat_seconds) == ("", 60.0)
    assert (service.log_bytes, service.log_files) == (5_000_000, 5)


@pytest.mark.parametrize(
    "wrong",
    [
        {"heartbeat_url": "ftp://hc-ping.com/s3cret"},
        {"heartbeat_url": "https://me:s3cret@hc-ping.com/x"},
        {"heartbeat_url": "hc-ping.com/s3cret"},
        {"heartbeat_seconds": 1},
        {"log_bytes": 100},
        {"log_files": 0},
        {"heartbeat": "https://hc-ping.com/x"},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as raised:
        Service.model_validate(wrong)
    assert "s3cret" not in str(raised.value)
