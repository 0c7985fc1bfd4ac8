"""The JSON bodies of the control API. A field that is not here is a mistake, never ignored."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from escalate.emulator.call import Routes
from escalate.emulator.callbacks import Route
from escalate.emulator.caller import Line
from escalate.emulator.exchange import HangsUp, NewCall
from escalate.emulator.faults import Fault, Order
from escalate.emulator.phones import Phone, ScriptedLeg

_URL: Final = r"^https?://[^\s/]+\S*$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class ApplicationModel(_Strict):
    """The application that owns every number."""

    answer_url: str = Field(pattern=_URL)
    answer_method: str = Field(default="POST", pattern="^(GET|POST)$")
    hangup_url: str | None = Field(default=None, pattern=_URL)
    hangup_method: str = Field(default="POST", pattern="^(GET|POST)$")
    fallback_url: str | None = Field(default=None, pattern=_URL)

    def routes(self) -> Routes:
        """Return where the application's documents and events are."""
        return Routes(
            answer=Route(self.answer_url, self.answer_method),
            hangup=Route(self.hangup_url, self.hangup_method) if self.hangup_url else None,
            fallback=Route(self.fallback_url) if self.fallback_url else None,
        )


class LineModel(_Strict):
    """One thing the caller says, `at` seconds after the call was answered."""

    at: float = Field(ge=0)
    text: str
    seconds: float | None = Field(default=None, gt=0, le=600)


class HangsUpModel(_Strict):
    """The caller hangs up `delay_s` after the first event of a kind in his call."""

    after: str
    delay_s: float = Field(default=0, ge=0)


class CallModel(_Strict):
    """A call to make to one of the account's numbers."""

    from_: str = Field(alias="from", pattern=r"^(\+?\d{3,15}|sip:\S+)$")
    to: str = Field(pattern=r"^\+?\d{3,15}$")
    says: list[LineModel] = Field(default_factory=list)
    phones: dict[str, Phone] | None = None
    answer_url: str | None = Field(default=None, pattern=_URL)
    hangup_url: str | None = Field(default=None, pattern=_URL)
    hangs_up: HangsUpModel | None = None

    def new_call(self) -> NewCall:
        """Return the script of the call."""
        return NewCall(
            from_=self.from_,
            to=self.to,
            says=[Line(line.at, line.text, line.seconds) for line in self.says],
            phones=self.phones,
            hangs_up=HangsUp(self.hangs_up.after, self.hangs_up.delay_s) if self.hangs_up else None,
        )

    def routes(self, application: Routes | None) -> Routes | None:
        """Return the call's own URLs, where it has them, over those of the application."""
        if self.answer_url is None and application is None:
            return None
        base = application or Routes(Route(""))
        return Routes(
            answer=Route(self.answer_url) if self.answer_url else base.answer,
            hangup=Route(self.hangup_url) if self.hangup_url else base.hangup,
            fallback=base.fallback,
        )


class MatchModel(_Strict):
    """Which requests a fault hits."""

    kind: str = Field(pattern="^(rest|callback)$")
    method: str | None = None
    path: str = ""
    nth: int | None = Field(default=None, ge=1)


class FaultModel(_Strict):
    """One fault."""

    match: MatchModel
    do: str

    def fault(self) -> Fault:
        """Return the fault.

        Raises:
            ValueError: `do` is none of the known forms.
        """
        match = self.match
        return Fault(match.kind, Order.read(self.do), match.method, match.path, match.nth)


class DigitsModel(_Strict):
    """Keys the caller presses."""

    digits: str = Field(pattern=r"^[0-9A-D*#]+$")


class HandModel(_Strict):
    """What somebody does at a telephone that is called: whatever its script says."""

    to: str
    do: Literal["pick_up", "put_down", "press", "say"]
    digits: str = Field(default="", pattern=r"^[0-9*#]*$")
    text: str = ""

    def carry_out(self, leg: ScriptedLeg) -> None:
        """Do it."""
        match self.do:
            case "pick_up":
                leg.pick_up()
            case "put_down":
                leg.put_down()
            case "press":
                leg.press(self.digits)
            case "say":
                leg.say(self.text)


class DropModel(_Strict):
    """How a media socket breaks."""

    abort: bool = True
