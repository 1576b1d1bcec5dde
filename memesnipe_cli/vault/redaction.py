"""Keeps known secrets out of logs: every form in which a secret could be written is replaced before a handler writes.

What is registered here is known to this process already; a process that never reads a secret has nothing to register.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import threading
import traceback
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

HIDDEN = "[hidden]"
# Anything shorter would blot out half of a log.
_LEAST = 8
_PEM_EDGE = "-----"
# What follows these names is a credential or a signature, whoever wrote it: as a header, in a mapping, in a query.
_HEADERS = re.compile(
    r"""(?ix)
    (["']?\b(?:API-Key|API-Sign|CB-ACCESS-[A-Z]+|X-API-KEY|X-CMC_PRO_API_KEY|Authorization|apikey|api_key|api-key)\b
    ["']?\s*[:=]\s*)
    (b?"[^"]*" | b?'[^']*' | (?:Bearer|Basic)\s+[^\s,;}&]+ | [^\s,;}&]+)
    """
)


class Redactor:
    """The secrets of this process. `register` what becomes known, `redact` what is about to be written."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forms: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None

    def __repr__(self) -> str:
        return f"Redactor({len(self._forms)} forms)"

    def register(self, *secrets: str) -> None:
        """From now on none of these is written, plain, in base64, hex or URL encoding, nor in JSON's or Python's."""
        with self._lock:
            self._forms |= {form for secret in secrets for form in forms(secret)}
            # Longest first: a part must not break up the whole before it is found.
            ordered = sorted(self._forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def redact(self, text: str) -> str:
        """`text` without any registered secret, and without the values of credential headers."""
        pattern = self._pattern
        if pattern is not None:
            text = pattern.sub(HIDDEN, text)
        return _HEADERS.sub(rf"\1{HIDDEN}", text)


def forms(secret: str) -> set[str]:
    """Every way in which `secret` could be written that is found again by looking for it."""
    parts = {secret, secret.strip()}
    if _PEM_EDGE in secret:
        body = [line for line in secret.splitlines() if line and not line.startswith(_PEM_EDGE)]
        parts |= {*body, "".join(body)}
    found: set[str] = set()
    for part in parts:
        found |= _written(part)
    decoded = _base64_content(secret)
    if decoded is not None:
        found |= {
            decoded.hex(),
            decoded.hex().upper(),
            base64.urlsafe_b64encode(decoded).decode().rstrip("="),
        }
    return {form for form in found if len(form) >= _LEAST}


def _written(part: str) -> set[str]:
    data = part.encode()
    encoded = base64.b64encode(data).decode()
    return {
        part,
        json.dumps(part)[1:-1],
        repr(part)[1:-1],
        quote(part, safe=""),
        quote(part),
        quote_plus(part),
        encoded.rstrip("="),
        base64.urlsafe_b64encode(data).decode().rstrip("="),
        data.hex(),
        data.hex().upper(),
    }


def _base64_content(secret: str) -> bytes | None:
    try:
        return base64.b64decode(secret, validate=True)
    except ValueError:
        return None


class RedactingFilter(logging.Filter):
    """Sits on a handler: what the handler writes has been through the redactor, tracebacks included."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Replaces message, arguments and traceback of the record; lets it pass."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            # A message that does not fit its arguments: logging itself would print both.
            message = f"{record.msg} {record.args}"
        record.msg, record.args = self._redactor.redact(message), ()
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = "".join(traceback.format_exception(record.exc_info[1])).rstrip("\n")
            record.exc_info = None
        if record.exc_text:
            record.exc_text = self._redactor.redact(record.exc_text)
        if record.stack_info:
            record.stack_info = self._redactor.redact(record.stack_info)
        return True


# The one of this process. Reading a key registers it here.
REDACTOR = Redactor()


def protect(handlers: Iterable[logging.Handler]) -> None:
    """Put the filter on each of `handlers` that has none yet; for where logging is set up."""
    for handler in handlers:
        if not any(isinstance(each, RedactingFilter) for each in handler.filters):
            handler.addFilter(RedactingFilter(REDACTOR))


def protect_logging() -> None:
    """`protect` for every handler that exists now, those of other libraries and logging's own last resort too."""
    loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    for logger in loggers:
        if isinstance(logger, logging.Logger):
            protect(logger.handlers)
    if logging.lastResort is not None:
        protect([logging.lastResort])
