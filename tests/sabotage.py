"""Runs a bot after taking away the one thing that makes a scenario work.

    SABOTAGE=gate-left-open python -m sabotage examples/pipecat_bot.py --port 7860

The tests play each scenario a second time with such a bot. If nothing changes, the scenario proves
nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from escalate.demo import launch


def _replace(owner: object, name: str, value: Any) -> None:
    assert hasattr(owner, name), f"{owner} has no {name}: this sabotage has lost its target"
    setattr(owner, name, value)


def gate_left_open() -> None:
    """Nothing keeps the model from answering while the caller is handed over."""
    from escalate.pipecat import EscalationProcessor

    _replace(EscalationProcessor, "hold", lambda watch: watch.gate._quiet.set())


def announcement_not_awaited() -> None:
    """The bot leaves as soon as the announcement is under way."""
    from escalate.pipecat import EscalationProcessor

    async def announce(watch: EscalationProcessor, text: str) -> None:
        watch.gate._quiet.set()
        await watch.gate.say(text, over_the_caller=True)

    _replace(EscalationProcessor, "announce", announce)


def one_destination() -> None:
    """Routing knows the first destination only."""
    from escalate.settings import Settings

    routes = Settings.routes
    _replace(Settings, "routes", lambda settings: routes(settings)[:1])


def everybody_is_new() -> None:
    """Nobody looks up whether the caller was here before."""
    from escalate.live_call import LiveCall

    begin = LiveCall.begin

    async def forgetful(call: LiveCall) -> None:
        await begin(call)

    _replace(LiveCall, "begin", forgetful)


def hang_up_not_heard() -> None:
    """What the carrier reports about the caller's leg and the Dial around it is not listened to."""
    from escalate import exchange
    from escalate.transfer import events, receive

    def deaf(call: Any, event: Any, now: float) -> Any:
        unheard = isinstance(event, (events.CallerHungUp, events.DialEnded, events.HumanLegEnded))
        return receive(call, events.StreamStarted(0) if unheard else event, now)

    _replace(exchange, "receive", deaf)


def language_not_told() -> None:
    """The recogniser does not say which language it hears."""
    from escalate.live_call import LiveCall

    _replace(LiveCall, "_note_language", lambda *_: None)


def negation_ignored() -> None:
    """The detector overlooks the word "not"."""
    from escalate.detect import Detector, Heard

    receive = Detector.receive

    def hasty(detector: Detector, signal: Any, now: float) -> Any:
        if isinstance(signal, Heard):
            signal = Heard(signal.text.replace("do not ", ""), signal.final, signal.language)
        return receive(detector, signal, now)

    _replace(Detector, "receive", hasty)


def pieces_apart() -> None:
    """Every final is read alone."""
    os.environ["ESCALATE_DETECT__JOIN_S"] = "0"


def finish_not_recorded() -> None:
    """The bot does not write down that it ended the call on purpose."""
    from escalate.live_call import LiveCall

    async def finish(call: LiveCall) -> None:
        pass

    _replace(LiveCall, "finish", finish)


def nothing_after_the_stream() -> None:
    """The document ends with the stream."""
    from escalate.plivo.xml import Redirect, Stream, render
    from escalate.web import documents

    def short(response: Any) -> str:
        children = response.children
        if any(isinstance(child, Stream) for child in children):
            kept = tuple(child for child in children if not isinstance(child, Redirect))
            response = response.model_copy(update={"children": kept})
        return render(response)

    _replace(documents, "render", short)


def humans_not_asked() -> None:
    """A human who picks up counts as one who takes the caller."""
    from escalate.transfer import events
    from escalate.web.humans import HumanRoutes

    answer = HumanRoutes.answer

    async def rash(routes: HumanRoutes, request: Any, callback: Any) -> Any:
        await answer(routes, request, callback)
        told = request.path_params
        return await routes._after(
            request, events.HumanAccepted(told["escalation"], told["attempt"])
        )

    _replace(HumanRoutes, "answer", rash)


def every_answer_is_yes() -> None:
    """Whatever a human answers, he gets the caller."""
    from escalate import exchange
    from escalate.transfer import events, receive

    def hopeful(call: Any, event: Any, now: float) -> Any:
        if isinstance(event, events.HumanDeclined):
            event = events.HumanAccepted(event.escalation, event.attempt)
        return receive(call, event, now)

    _replace(exchange, "receive", hopeful)


def machines_are_human() -> None:
    """Whoever the carrier takes for a machine has said yes."""
    from escalate import exchange
    from escalate.transfer import events, receive

    def trusting(call: Any, event: Any, now: float) -> Any:
        if isinstance(event, events.MachineAnswered):
            event = events.HumanAccepted(event.escalation, event.attempt)
        return receive(call, event, now)

    _replace(exchange, "receive", trusting)


def nobody_gets_time() -> None:
    """Whoever asks for time has declined."""
    from escalate import exchange
    from escalate.transfer import events, receive

    def impatient(call: Any, event: Any, now: float) -> Any:
        if isinstance(event, events.HumanDeclined):
            event = events.HumanDeclined(event.escalation, event.attempt)
        return receive(call, event, now)

    _replace(exchange, "receive", impatient)


def nobody_introduced() -> None:
    """Who meets in the room is told nothing."""
    from escalate.errand import Errands

    async def keep_silent(errands: Errands, *_: Any) -> None:
        pass

    _replace(Errands, "_introduce", keep_silent)


def caller_first() -> None:
    """The caller is taken from the bot before anybody has accepted."""
    from dataclasses import replace

    from escalate.exchange import Exchange
    from escalate.transfer.model import Mode

    request = Exchange.request

    def cold(exchange: Exchange, *args: Any, **options: Any) -> Any:
        return replace(request(exchange, *args, **options), mode=Mode.COLD)

    _replace(Exchange, "request", cold)


def humans_forgotten() -> None:
    """Nobody lets go of a human who was called for somebody who has gone."""
    from escalate.errand import Errands

    async def stay(errands: Errands, *_: Any) -> None:
        pass

    _replace(Errands, "_let_human_go", stay)


def message_not_recorded() -> None:
    """The caller is asked to speak, and nobody records him."""
    from escalate.plivo.xml import Record, render
    from escalate.web import documents

    def deaf(response: Any) -> str:
        kept = tuple(child for child in response.children if not isinstance(child, Record))
        return render(response.model_copy(update={"children": kept}))

    _replace(documents, "render", deaf)


def callback_not_promised() -> None:
    """Whoever is to be called back is let go with a goodbye."""
    from dataclasses import replace

    from escalate.exchange import Exchange
    from escalate.transfer import LastResort

    request = Exchange.request

    def curt(exchange: Exchange, *args: Any, **options: Any) -> Any:
        return replace(request(exchange, *args, **options), last_resort=LastResort.GOODBYE)

    _replace(Exchange, "request", curt)


def nobody_confirms() -> None:
    """A dialled human gets the caller as soon as he has picked up."""
    from escalate.plivo.xml import Dial
    from escalate.web import documents

    def rash(**attributes: Any) -> Any:
        asked = ("confirm_sound", "confirm_key", "confirm_timeout")
        return Dial(**{name: value for name, value in attributes.items() if name not in asked})

    _replace(documents, "Dial", rash)


SABOTAGES: dict[str, Callable[[], None]] = {
    act.__name__.replace("_", "-"): act
    for act in (
        gate_left_open,
        announcement_not_awaited,
        one_destination,
        everybody_is_new,
        hang_up_not_heard,
        language_not_told,
        negation_ignored,
        pieces_apart,
        finish_not_recorded,
        nothing_after_the_stream,
        humans_not_asked,
        every_answer_is_yes,
        machines_are_human,
        nobody_gets_time,
        nobody_introduced,
        caller_first,
        humans_forgotten,
        message_not_recorded,
        callback_not_promised,
        nobody_confirms,
    )
}

if __name__ == "__main__":
    SABOTAGES[os.environ["SABOTAGE"]]()
    launch.main(sys.argv[1:])
