"""What a human is called for, hears, and is left with."""

from __future__ import annotations

from typing import Any

from pytest import MonkeyPatch

from escalate.contexts import Contexts
from escalate.emulator.exchange import HangsUp
from escalate.emulator.phones import Phone
from escalate.errand import Errands
from escalate.handoff import read_headers
from escalate.settings import Destination
from escalate.values import Outcome

from .house import ACCEPTS, ANSWERS, NEVER, PHONE, SIP, SUPPORT, Told, play
from .telling import setting, story, without

OURS = "14155550100"
LISTENS = Phone(answers_after_s=2, listens=True, reacts_after_s=60)


def gone_s(told: Told) -> float:
    """How long a human's leg outlived the caller's."""
    over = next(e["at"] for e in told.all("call.ended") if e["source"] == "Caller")
    return told.at("leg.ended") - float(over)


@story(
    "livekit/agents-js#2008",
    "livekit/agents-js#2167",
    "livekit/agents-js#2168",
    "dograh-hq/dograh#416",
    "OpenACD#1",
    "livekit/agents da6af86: the caller is listened to only once they are merged",
    twin=without(Errands, "_let_human_go"),
)
def a_human_is_let_go_when_the_caller_hangs_up_before_they_meet() -> None:
    """While his phone rings, while he is briefed, and while he waits in the room."""
    moments = ((NEVER, 5.0), (LISTENS, 5.0), (LISTENS, 9.0), (ACCEPTS, 5.0), (ACCEPTS, 7.5))
    for phone, seconds in moments:
        told = play(
            {SIP: phone, PHONE: ANSWERS},
            handoff={"mode": "warm"},
            hangs_up=HangsUp("call.answered", seconds),
        )
        told.nobody_is_worse_off()
        assert (Outcome.CALLER_LEFT, None) == told.ending
        assert 1 == len(told.all("leg.dialed"))
        # As long as it takes to tell him that the caller has gone.
        assert gone_s(told) < 6


@story(
    "community.retellai.com t/2727",
    "livekit/agents#6125",
    twin=setting(machine_detection="before"),
)
def a_human_is_asked_as_soon_as_he_has_picked_up() -> None:
    """Nothing waits for a guess whether he is a machine; whoever says yes is none."""
    told = play({SIP: ACCEPTS}, handoff={"mode": "warm"})

    told.nobody_is_worse_off()
    assert told.at("xml.step", element="GetInput") - told.at("leg.answered") < 0.1
    assert told.at("leg.digit") < told.at("leg.detected")
    assert (Outcome.CONNECTED, "support") == told.ending


@story(
    "Dograh documents that no context reaches the human",
    "feros#46",
    "QuickVoice#99",
    twin=without(Contexts, "headers", lambda *_: {}),
)
def a_human_does_not_start_blind() -> None:
    """What the caller wants and where to read more comes with the call, warm or cold."""
    for mode in ("cold", "warm"):
        told = play({SIP: ACCEPTS}, handoff={"mode": mode})
        told.nobody_is_worse_off()
        headers = told.all("leg.dialed")[0]["headers"]
        assert [name for name in headers if "summary" in name.lower()]
        arrived = read_headers(headers)
        assert arrived.intact
        assert "speak to a human" in arrived.context.summary
        assert arrived.context.link.startswith("https://")


def _as_it_comes(patch: MonkeyPatch) -> None:
    element, outbound_call = Destination.element, Destination.outbound_call
    bare: dict[str, Any] = {"headers": {}, "digits": None, "caller_id": None}
    patch.setattr(
        Destination, "element", lambda self, *_: element(self.model_copy(update=bare), None)
    )
    patch.setattr(
        Destination,
        "outbound_call",
        lambda self, **asked: outbound_call(self.model_copy(update=bare), **asked),
    )


@story(
    "livekit/agents#5721",
    "livekit/agents#4890",
    "livekit/agents#5016",
    "livekit/agents#4216",
    twin=_as_it_comes,
)
def what_others_had_to_subclass_for_is_a_setting() -> None:
    """Ring time, keys for an extension, SIP headers, and the number that is shown."""
    knobs = {"ring_s": 40, "digits": "wW17", "headers": {"Queue": "vip"}, "caller_id": OURS}
    late = ACCEPTS.model_copy(update={"answers_after_s": 35})
    for mode in ("cold", "warm"):
        told = play(
            {SIP: late},
            destination=(SUPPORT.model_copy(update=knobs),),
            handoff={"mode": mode},
        )
        told.nobody_is_worse_off()
        (dialed,) = told.all("leg.dialed")
        assert ("vip", OURS) == (dialed["headers"].get("X-PH-Queue"), dialed["caller_id"])
        assert ["wW17"] == [event["digits"] for event in told.all("leg.sent_digits")]
