"""A check that fails is an answer of its own."""

from __future__ import annotations

import pytest

from memesnipe_cli.risk.checked import CheckFailed, checked


def test_a_check_that_raises_is_told_apart_from_one_that_answers() -> None:
    def broken() -> str:
        raise ZeroDivisionError("division by zero")

    failed = checked("quality", broken)
    assert failed == CheckFailed("quality", "ZeroDivisionError: division by zero", "check_failed")
    assert checked("quality", lambda: None) is None


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_a_request_to_end_goes_through_a_check(end: type[BaseException]) -> None:
    def ended() -> None:
        raise end

    with pytest.raises(end):
        checked("quality", ended)
