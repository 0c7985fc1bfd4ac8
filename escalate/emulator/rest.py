"""Plivo's REST API, as far as it is emulated: real paths, status codes and bodies.

Source: Plivo's API pages for calls and audio streams. Every path ends in a slash; without it
there is nothing. What Plivo offers and this does not answers 501 with an error that says so.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import uuid
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from pydantic import ValidationError
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as Path

from escalate.emulator import records, rest_rooms
from escalate.emulator.callbacks import Route
from escalate.emulator.faults import Order, What
from escalate.emulator.make_call import MakeCall
from escalate.emulator.replies import NOT_FOUND, Asked, Handler, Reply
from escalate.emulator.wire import NoAnswer

if TYPE_CHECKING:
    from starlette.requests import Request

    from escalate.emulator.exchange import Exchange

_ACCOUNT: Final = "/v1/Account/{auth_id}"


async def transfer(exchange: Exchange, asked: Asked) -> Reply:
    """Accept a new document for a live call; 202 says nothing about whether it can be fetched."""
    if asked.body.get("legs", "aleg") != "aleg":
        return Reply.error(501, "the local Plivo transfers the A leg only (legs=aleg)")
    if not asked.body.get("aleg_url"):
        return Reply.error(400, "aleg_url parameter is missing")
    call = exchange.live(asked.path["call_uuid"])
    if call is None:
        return NOT_FOUND
    call.move_to(Route(str(asked.body["aleg_url"]), str(asked.body.get("aleg_method", "POST"))))
    return Reply(202, {"message": "call transferred"})


async def hang_up(exchange: Exchange, asked: Asked) -> Reply:
    """End a live call, and with it everybody it is bridged to."""
    call = exchange.live(asked.path["call_uuid"])
    if call is None:
        return NOT_FOUND
    call.api_hangs_up()
    return Reply(204)


async def make_call(exchange: Exchange, asked: Asked) -> Reply:
    """Call somebody; 201 says that it has been tried, not that anybody will answer."""
    try:
        wanted = MakeCall.model_validate(asked.body)
    except ValidationError as exc:
        return _refusal(exc)
    if wanted.error_if_parent_not_found and exchange.live(wanted.parent_call_uuid or "") is None:
        return Reply.error(404, "parent call not found")
    call = exchange.make_call(wanted.new_leg())
    return Reply(201, {"message": "call fired", "request_uuid": call.uuid})


async def cancel(exchange: Exchange, asked: Asked) -> Reply:
    """Cancel a call that was made through the API and has not been answered."""
    call = exchange.live(asked.path["request_uuid"])
    if call is None or call.direction != "outbound" or call.answered_at is not None:
        return NOT_FOUND
    call.api_hangs_up()
    return Reply(204)


async def look(exchange: Exchange, asked: Asked) -> Reply:
    """Describe a live call (`status=live`), or the record of one that is over."""
    call = exchange.calls.get(asked.path["call_uuid"])
    if call is None:
        return NOT_FOUND
    if asked.query.get("status") == "live":
        return NOT_FOUND if call.ending else Reply(200, records.live(call))
    if "status" in asked.query:
        return Reply.error(501, "the local Plivo knows status=live only")
    return Reply(200, records.finished(call)) if call.ending else NOT_FOUND


async def look_at_all(exchange: Exchange, asked: Asked) -> Reply:
    """List the ids of live calls; nothing is ever queued."""
    match asked.query.get("status"):
        case "live":
            live = [call.uuid for call in exchange.calls.values() if call.ending is None]
            return Reply(200, {"calls": live})
        case "queued":
            return Reply(200, {"calls": []})
    return Reply.error(501, "the local Plivo lists calls with status=live or status=queued only")


async def stop_stream(exchange: Exchange, asked: Asked) -> Reply:
    """Stop the stream of a call; Plivo closes its socket."""
    call = exchange.live(asked.path["call_uuid"])
    stream = call.stream if call else None
    if stream is None or asked.path.get("stream_id", stream.stream_id) != stream.stream_id:
        return NOT_FOUND
    stream.stop()
    return Reply(204)


def routes(exchange: Exchange) -> list[Path]:
    """Return the API's paths."""
    table: list[tuple[str, str, Handler]] = [
        ("/Call/", "GET", look_at_all),
        ("/Call/", "POST", make_call),
        ("/Request/{request_uuid}/", "DELETE", cancel),
        ("/Call/{call_uuid}/", "POST", transfer),
        ("/Call/{call_uuid}/", "DELETE", hang_up),
        ("/Call/{call_uuid}/", "GET", look),
        ("/Call/{call_uuid}/Stream/", "DELETE", stop_stream),
        ("/Call/{call_uuid}/Stream/{stream_id}/", "DELETE", stop_stream),
        *rest_rooms.HANDLERS,
        ("/{anything:path}", "*", _not_emulated),
    ]
    return [
        Path(
            _ACCOUNT + path,
            _Endpoint(exchange, handler).answer,
            methods=["GET", "POST", "DELETE", "PUT"] if method == "*" else [method],
        )
        for path, method, handler in table
    ]


class _Endpoint:
    """What all of the API has in common: faults, credentials, reading, logging."""

    def __init__(self, exchange: Exchange, handler: Handler) -> None:
        self._exchange = exchange
        self._handler = handler

    async def answer(self, request: Request) -> Response:
        """Answer one request, or do to it what a fault demands."""
        services = self._exchange.services
        raw = (await request.body()).decode("utf-8", "replace")
        path = request.url.path
        order = services.faults.order_for("rest", request.method, path)
        if order and order.what in (What.TIMEOUT, What.DROP):
            self._log(request, raw, None, None, order)
            return NoAnswer(at_once=order.what is What.DROP)
        if order and order.what is What.STATUS:
            reply = Reply.error(int(order.amount), "a fault on order")
        else:
            reply = await self._carry_out(request, raw, order)
        content = {"api_id": str(uuid.uuid4()), **reply.fields}
        self._log(request, raw, reply.status, content, order)
        if order and order.what is What.LOST_ANSWER:
            return NoAnswer(at_once=True)
        if reply.status == 204:
            return Response(status_code=204)
        return JSONResponse(content, status_code=reply.status)

    async def _carry_out(self, request: Request, raw: str, order: Order | None) -> Reply:
        if order and order.what is What.DELAY:
            await self._exchange.services.clock.sleep(order.amount)
        if not self._authorized(request):
            return Reply.error(401, "Could not verify your access level for that URL")
        try:
            body = _read(raw, request.headers.get("content-type", ""))
        except ValueError:
            return Reply.error(400, "the body is neither JSON nor a form")
        self._exchange.services.mask.remember(str(body.get("sip_auth_password") or ""))
        asked = Asked(request.path_params, dict(request.query_params), body)
        reply = await self._handler(self._exchange, asked)
        for _ in range(int(order.amount) - 1 if order and order.what is What.REPEAT else 0):
            await self._handler(self._exchange, asked)
        return reply

    def _authorized(self, request: Request) -> bool:
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(credentials, validate=True)
        except binascii.Error:
            return False
        services = self._exchange.services
        wanted = f"{services.auth_id}:{services.auth_token}".encode()
        right_account = request.path_params["auth_id"] == services.auth_id
        return scheme.lower() == "basic" and right_account and secrets.compare_digest(given, wanted)

    def _log(
        self,
        request: Request,
        raw: str,
        status: int | None,
        response: object,
        order: Order | None,
    ) -> None:
        call_uuid = request.path_params.get("call_uuid")
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        self._exchange.services.log.add(
            "rest",
            call_uuid if call_uuid in self._exchange.calls else None,
            method=request.method,
            path=path,
            status=status,
            response=response,
            **({"body": raw} if raw else {}),
            **({"fault": order.what.value} if order else {}),
        )


async def _not_emulated(_: Exchange, asked: Asked) -> Reply:
    path = asked.path["anything"]
    if not path.endswith("/"):
        return NOT_FOUND
    return Reply.error(501, f"the local Plivo does not emulate this method of {path}")


def _refusal(exc: ValidationError) -> Reply:
    """Turn the first problem of a body into Plivo's words."""
    problem = exc.errors()[0]
    name = str(problem["loc"][0]) if problem["loc"] else "sip_auth_username"
    match problem["type"]:
        case "missing":
            return Reply.error(400, f"{name} parameter is missing")
        case "extra_forbidden":
            return Reply.error(501, f"the local Plivo does not emulate the parameter {name}")
    return Reply.error(400, f"{name} parameter is invalid: {problem['msg']}")


def _read(raw: str, content_type: str) -> dict[str, Any]:
    """Return the fields of a body.

    Raises:
        ValueError: It is not what its type says, or JSON that is no object.
    """
    if not raw.strip():
        return {}
    if content_type.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(raw, keep_blank_values=True))
    data = json.loads(raw)
    if not isinstance(data, dict):
        raise ValueError("not an object")
    return data
