"""Every exception escalate raises, and whose fault it is.

EscalateError
├── ConfigurationError        yours: a setting is wrong; names the key and the fix
├── LayoutError               yours: the processor would hear nothing, or could not keep the caller
├── ForgedCallback            theirs: a request to our routes without a valid signature
├── StoreUnavailable          nobody's: the store cannot be reached right now
└── CarrierError              the carrier did not do what we asked
    ├── CallGone              the call had already ended
    ├── RequestRefused        the carrier understood and said no; do not repeat
    └── CarrierUnreachable    no clear answer; the request may still have been carried out

No message holds a phone number, a transcript, a password or a URL that grants anything.
"""

from __future__ import annotations


class EscalateError(Exception):
    """The root of every exception raised by escalate."""


class ConfigurationError(EscalateError):
    """A setting is missing or wrong. The message names the place, the key and the fix."""


class LayoutError(EscalateError):
    """A pipeline is put together so that callers could be lost. The message names the fix."""


class ForgedCallback(EscalateError):
    """A request does not carry a valid signature for its URL and body."""


class StoreUnavailable(EscalateError):
    """The store did not answer; nothing was changed."""


class CarrierError(EscalateError):
    """The carrier did not do what it was asked."""


class CallGone(CarrierError):
    """The call had ended before the carrier saw the request."""


class RequestRefused(CarrierError):
    """The carrier refused the request; repeating it unchanged cannot help.

    Attributes:
        status: The HTTP status of the refusal.
    """

    def __init__(self, message: str, *, status: int) -> None:
        """Keep `status` beside the message."""
        super().__init__(message)
        self.status = status


class CarrierUnreachable(CarrierError):
    """No clear answer came back; the request may still have been carried out.

    Attributes:
        may_have_happened: False only when it certainly was not carried out: it never left this
            machine, or the carrier was too busy to look at it.
    """

    def __init__(self, message: str, *, may_have_happened: bool = True) -> None:
        """Keep `may_have_happened` beside the message."""
        super().__init__(message)
        self.may_have_happened = may_have_happened
