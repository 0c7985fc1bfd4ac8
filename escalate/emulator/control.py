"""The control API under `/emulator/`: the caller's side, the telephones, the faults and the log."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter, ValidationError
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as Path

from escalate.emulator.caller import Line
from escalate.emulator.orders import (
    ApplicationModel,
    CallModel,
    DigitsModel,
    DropModel,
    FaultModel,
    HandModel,
    LineModel,
)
from escalate.emulator.phones import Phone

if TYPE_CHECKING:
    from starlette.requests import Request

    from escalate.emulator.call import Call
    from escalate.emulator.exchange import Exchange

_LONGEST_WAIT_S: Final = 60.0
_PHONES: Final = TypeAdapter(dict[str, Phone])
_LINES: Final = TypeAdapter(list[LineModel])
_FAULTS: Final = TypeAdapter(list[FaultModel])


class Control:
    """The endpoints of the control API."""

    def __init__(self, exchange: Exchange, about: dict[str, Any]) -> None:
        self._exchange = exchange
        self._about = about

    def routes(self) -> list[Path]:
        """Return the paths."""
        call = "/emulator/calls/{call_uuid}"
        return [
            _path("/emulator/", self.about, "GET"),
            _path("/emulator/application", self.application, "POST"),
            _path("/emulator/phones", self.phones, "POST"),
            _path("/emulator/phones/hand", self.hand, "POST"),
            _path("/emulator/calls", self.new_call, "POST"),
            _path(call, self.summary, "GET"),
            _path(f"{call}/says", self.says, "POST"),
            _path(f"{call}/hangup", self.hang_up, "POST"),
            _path(f"{call}/digits", self.digits, "POST"),
            _path(f"{call}/drop-stream", self.drop_stream, "POST"),
            _path(f"{call}/heard.wav", self.heard, "GET"),
            _path("/recordings/{recording_id}.wav", self.recording, "GET"),
            _path("/emulator/faults", self.faults, "POST"),
            _path("/emulator/log", self.log, "GET"),
            _path("/emulator/log.jsonl", self.log_lines, "GET"),
            _path("/emulator/state", self.forget, "DELETE"),
        ]

    async def about(self, _: Request) -> Response:
        """Say what runs here."""
        return JSONResponse(self._about)

    async def application(self, request: Request) -> Response:
        """Set the application that owns every number."""
        model = ApplicationModel.model_validate_json(await request.body())
        self._exchange.routes = model.routes()
        self._exchange.services.log.add("application", **model.model_dump(exclude_none=True))
        return JSONResponse({"answer_url": model.answer_url})

    async def phones(self, request: Request) -> Response:
        """Add telephones."""
        phones = _PHONES.validate_json(await request.body())
        self._exchange.add_phones(phones)
        return JSONResponse({"phones": sorted(phones)})

    async def hand(self, request: Request) -> Response:
        """Let somebody do something at a telephone that is called."""
        model = HandModel.model_validate_json(await request.body())
        leg = self._exchange.phones.called(model.to)
        if leg is None:
            return _problem(404, "nobody calls this telephone")
        model.carry_out(leg)
        return Response(status_code=204)

    async def new_call(self, request: Request) -> Response:
        """Start an inbound call."""
        model = CallModel.model_validate_json(await request.body())
        routes = model.routes(self._exchange.routes)
        if routes is None:
            return _problem(409, "there is no application: POST /emulator/application first")
        call = await self._exchange.call(model.new_call(), routes)
        return JSONResponse({"call_uuid": call.uuid}, status_code=201)

    async def summary(self, request: Request) -> Response:
        """Describe a call, live or over."""
        call = self._call(request)
        return JSONResponse(call.summary()) if call else _no_call()

    async def says(self, request: Request) -> Response:
        """Let the caller say more, `at` counted from now."""
        models = _LINES.validate_json(await request.body())
        call = self._call(request)
        if call is None or call.ending or call.answered_at is None:
            return _problem(404, "no such call, or nobody listens")
        if call.party == "human":
            return _problem(409, "what a telephone says stands in its own script: says_back")
        await self._exchange.say(call, [Line(m.at, m.text, m.seconds) for m in models])
        return Response(status_code=204)

    async def hang_up(self, request: Request) -> Response:
        """Let whoever is on the call hang up: the caller, or the human of an API-made call."""
        call = self._call(request)
        if call is None or call.ending:
            return _no_call()
        call.party_hangs_up()
        return Response(status_code=204)

    async def digits(self, request: Request) -> Response:
        """Let whoever is on the call press keys."""
        model = DigitsModel.model_validate_json(await request.body())
        call = self._call(request)
        if call is None or call.ending:
            return _no_call()
        for digit in model.digits:
            call.press(digit)
        return Response(status_code=204)

    async def drop_stream(self, request: Request) -> Response:
        """Break the media socket of a call."""
        model = DropModel.model_validate_json(await request.body() or b"{}")
        call = self._call(request)
        if call is None or call.stream is None:
            return _problem(404, "no such call, or it has no stream")
        call.stream.drop(abort=model.abort)
        return Response(status_code=204)

    async def heard(self, request: Request) -> Response:
        """Return what the caller has heard so far."""
        call = self._call(request)
        return Response(call.ear.wav(), media_type="audio/wav") if call else _no_call()

    async def recording(self, request: Request) -> Response:
        """Return the file of a Record, at the URL that the application was given."""
        file = self._exchange.services.recordings.wav(request.path_params["recording_id"])
        return Response(file, media_type="audio/wav") if file else _problem(404, "no such file")

    async def faults(self, request: Request) -> Response:
        """Put faults in force instead of those before; an empty list removes them."""
        models = _FAULTS.validate_json(await request.body())
        try:
            self._exchange.services.faults.replace([model.fault() for model in models])
        except ValueError as exc:
            return _problem(422, str(exc))
        return JSONResponse({"faults": len(models)})

    async def log(self, request: Request) -> Response:
        """Return what has happened, waiting for it if asked to."""
        query = request.query_params
        try:
            after, wait_s = int(query.get("after", "0")), float(query.get("wait", "0"))
        except ValueError:
            return _problem(422, "after and wait are numbers")
        call, log = query.get("call"), self._exchange.services.log
        events = await log.wait(after, max(0.0, min(wait_s, _LONGEST_WAIT_S)), call)
        return JSONResponse({"events": events})

    async def log_lines(self, request: Request) -> Response:
        """Return the whole log, one JSON object a line."""
        events = self._exchange.services.log.after(0, request.query_params.get("call"))
        lines = "".join(json.dumps(event) + "\n" for event in events)
        return Response(lines, media_type="application/jsonl")

    async def forget(self, _: Request) -> Response:
        """Forget everything."""
        await self._exchange.forget()
        return Response(status_code=204)

    def _call(self, request: Request) -> Call | None:
        return self._exchange.calls.get(request.path_params["call_uuid"])


def _path(path: str, handler: Callable[[Request], Awaitable[Response]], method: str) -> Path:
    async def checked(request: Request) -> Response:
        try:
            return await handler(request)
        except ValidationError as exc:
            problems = exc.errors(include_url=False, include_input=False, include_context=False)
            return JSONResponse({"error": problems}, status_code=422)

    return Path(path, checked, methods=[method])


def _problem(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status_code=status)


def _no_call() -> Response:
    return _problem(404, "no such call, or it is over")
