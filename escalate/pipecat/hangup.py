"""Who ends the call: take the hang-up from Pipecat's serializer, for as long as the pipeline lives.

Pipecat's Plivo serializer deletes the call when an EndFrame or CancelFrame reaches the transport
while the socket is open, whoever the caller is talking to by then, and swallows every error. With
an `EscalationProcessor` in the pipeline a bot that ends a conversation is recorded as finished, and
the document after the stream hangs up.
"""

from __future__ import annotations

from pipecat.serializers.plivo import PlivoFrameSerializer
from pipecat.transports.base_transport import BaseTransport

from escalate.errors import LayoutError


def take_over_hang_up(transport: BaseTransport) -> None:
    """Switch off the serializer's own hang-up.

    Raises:
        LayoutError: There is no serializer to be found, or its switch is not where this release of
            Pipecat should have it.
    """
    # Pipecat has no public switch for this once a transport is made (looked up in 1.8 to 1.14).
    params = getattr(transport, "_params", None)
    serializer = getattr(params, "serializer", None)
    if serializer is None:
        raise LayoutError(
            f"{type(transport).__name__} has no serializer: give EscalationProcessor the "
            "FastAPIWebsocketTransport that carries the call (transport=transport)"
        )
    switches = getattr(serializer, "_params", None)
    if switches is not None and hasattr(switches, "auto_hang_up"):
        switches.auto_hang_up = False
    elif isinstance(serializer, PlivoFrameSerializer):
        raise LayoutError(
            "this release of Pipecat keeps the serializer's hang-up where escalate cannot switch "
            "it off; make the serializer with InputParams(auto_hang_up=False)"
        )
