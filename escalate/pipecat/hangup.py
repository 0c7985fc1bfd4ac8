"""Who ends the call: take the hang-up from the transport, for as long as the pipeline lives.

Pipecat's Plivo serializer deletes the call when an EndFrame or CancelFrame reaches the transport
while the socket is open, whoever the caller is talking to by then, and swallows every error; so
does the transport of agent-transport. With an `EscalationProcessor` in the pipeline a bot that ends
a conversation is recorded as finished, and the document after the stream hangs up.
"""

from __future__ import annotations

from typing import Any

from pipecat.serializers.plivo import PlivoFrameSerializer
from pipecat.transports.base_transport import BaseTransport

from escalate.errors import LayoutError


def take_over_hang_up(transport: BaseTransport) -> None:
    """Switch off the hang-up of the transport, or of its serializer.

    Raises:
        LayoutError: There is nothing of the kind to be found, or its switch is not where this
            release of Pipecat should have it.
    """
    endpoint = getattr(transport, "_ep", None)
    if endpoint is not None and hasattr(endpoint, "hangup"):
        _take_over_endpoint(transport, _MediaOnly(endpoint))
        return
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


class _MediaOnly:
    """The endpoint of agent-transport, whose hang-up puts down the media and asks for nothing.

    Its server makes the endpoint with the hang-up armed, whatever `auto_hangup` of the serializer
    says (0.2.2); but credentials handed to one hang-up go before its own, and without any it sends
    no request.
    """

    def __init__(self, endpoint: Any) -> None:
        self._endpoint = endpoint

    def __getattr__(self, name: str) -> Any:
        return getattr(self._endpoint, name)

    def hangup(self, session_id: str) -> None:
        """Close the stream of a session."""
        self._endpoint.hangup(session_id, "", "")


def _take_over_endpoint(transport: Any, endpoint: _MediaOnly) -> None:
    """Have the transport, and both ends of it if there are any yet, use `endpoint`."""
    for part in (
        transport,
        getattr(transport, "_input", None),
        getattr(transport, "_output", None),
    ):
        if part is not None:
            part._ep = endpoint
