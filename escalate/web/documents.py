"""From a document made of data to Plivo XML: the only place that knows both.

What is rendered depends on the stored call and the settings alone, so a repeated request gets the
same bytes from any replica.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final
from urllib.parse import urlencode

from escalate.contexts import Contexts
from escalate.handoff import Briefing, Keys, Line, Spoken, hints, recogniser
from escalate.plivo.headers import call_header
from escalate.plivo.urls import with_retries
from escalate.plivo.xml import (
    Conference,
    Dial,
    GetInput,
    Hangup,
    Number,
    Play,
    Record,
    Redirect,
    Response,
    Speak,
    Stream,
    User,
    Wait,
    render,
)
from escalate.settings import Destination, Settings
from escalate.transfer import Call, Escalation
from escalate.transfer import documents as d
from escalate.values import Reason

# How long a bot may take to answer: its process may have to be started first.
_BOT_RINGS_S: Final = 30
# A document that only keeps the caller asks again after this time.
_ASK_AGAIN_S = 4
# How often before he is told to call again: long enough for a supervised restart.
_ASK_AGAIN_TIMES = 12
# How long a caller may be silent before his message counts as ended.
_SILENCE_S: Final = 8
_FAREWELLS: Final = {
    d.Farewell.THANKS: Line.DECLINED,
    d.Farewell.LATER: Line.DEFERRED,
    d.Farewell.TAKEN: Line.TAKEN,
    d.Farewell.GONE: Line.CALLER_GONE,
}
_ACCEPT: Final = Keys().accept
_KEYS: Final = asdict(Keys())


class Documents:
    """Renders documents for one set of settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._say = settings.say
        self._contexts = Contexts(settings)

    def render(
        self,
        call: Call,
        document: d.Document,
        language: str | None,
        briefing: Briefing | None = None,
    ) -> str:
        """Return the XML in which a leg goes on that is spoken to in `language`.

        `briefing` is about the escalation that the document belongs to, if it belongs to one.
        """
        match document:
            case d.ConnectBot():
                response = self._connect_bot(call, document)
            case d.DialHuman():
                response = self._dial(call, document, briefing)
            case d.JoinRoom(escalation):
                response = self._join(call, escalation)
            case d.BriefHuman():
                return self.whisper(language, briefing)
            case d.AskHuman():
                response = self._ask(call, document, language, briefing)
            case d.MeetCaller(escalation, number):
                response = self._meet(call, escalation, number)
            case d.LetGo(why):
                said = self._speak(_FAREWELLS[why], language)
                response = Response(children=(said, Hangup()))
            case d.TakeMessage(escalation):
                response = self._take_message(call, escalation, language)
            case d.ThankForMessage():
                said = self._speak(Line.MESSAGE_KEPT, language)
                response = Response(children=(said, Hangup()))
            case d.SayGoodbye(promise):
                line = Line.CALLBACK if promise else Line.GOODBYE
                return self.goodbye(language, _why_nobody(call), line=line)
            case d.HangUp():
                response = Response(children=(Hangup(),))
            case _:
                url = f"{self._base(call)}/next?stream={call.stream}"
                return self.keep_caller(url, language=language)
        return render(response)

    def keep_caller(self, url: str, *, times: int = 0, language: str | None = None) -> str:
        """Return the document that holds the line and then asks `url` again.

        It depends on nothing stored and holds no secret. `times` is how often it was given in a
        row; past a bound the caller hears a goodbye, so that nobody waits for ever.
        """
        if times >= _ASK_AGAIN_TIMES:
            return self.goodbye(language)
        mark = "&" if "?" in url else "?"
        again = with_retries(f"{url}{mark}again={times + 1}")
        return render(
            Response(
                children=(
                    self._speak(Line.ONE_MOMENT, language),
                    Wait(length=_ASK_AGAIN_S),
                    Redirect(url=again),
                )
            )
        )

    def goodbye(
        self,
        language: str | None = None,
        reason: Reason = Reason.UNKNOWN,
        *,
        line: Line = Line.GOODBYE,
    ) -> str:
        """Return the document that says that nobody can be reached, and why."""
        said = self._speak(line, language, reason=reason)
        return render(Response(children=(said, Hangup())))

    def _connect_bot(self, call: Call, document: d.ConnectBot) -> Response:
        base, stream = self._base(call), document.stream
        pause = (Wait(length=document.pause_s),) if document.pause_s else ()
        afterwards = with_retries(f"{base}/next?stream={stream}")
        if self._settings.bot_sip is not None:
            return Response(children=(*pause, self._dial_bot(call, afterwards)))
        return Response(
            children=(
                *pause,
                Stream(
                    url=self._settings.stream_url,
                    bidirectional=True,
                    keep_call_alive=True,
                    content_type="audio/x-mulaw;rate=8000",
                    status_callback_url=f"{base}/streams/{stream}",
                ),
                Redirect(url=afterwards),
            )
        )

    def _dial_bot(self, call: Call, afterwards: str) -> Dial:
        """Call the bot like a human; a header tells it which call it has."""
        headers = call_header(call.call_uuid)
        bot = User(uri=self._settings.bot_sip or "", sip_headers=headers)
        return Dial(children=(bot,), action=afterwards, timeout=_BOT_RINGS_S, dial_music="real")

    def _dial(self, call: Call, document: d.DialHuman, briefing: Briefing | None) -> Response:
        attempt = document.attempt
        base = f"{self._base(call)}/escalations/{document.escalation}/attempts/{attempt.number}"
        ended = with_retries(f"{base}/ended")
        attempts = (attempt, *document.others)
        found = [self._settings.find(one.destination) for one in attempts]
        called = [destination for destination in found if destination is not None]
        if not called:
            # The settings have changed since the plan was made: report it as a Dial would.
            return Response(children=(Redirect(url=with_retries(f"{base}/ended?missing=1")),))
        held = call.find(document.escalation)
        dial = Dial(
            children=tuple(self._element(one, call, held, briefing) for one in called),
            action=ended,
            timeout=math.ceil(max(one.ring_s for one in attempts)),
            caller_id=called[0].caller_id or self._settings.caller_id,
            callback_url=with_retries(f"{base}/progress"),
            dial_music=self._settings.handoff.music,
            confirm_sound=with_retries(f"{base}/whisper") if document.confirm else None,
            confirm_key=_ACCEPT if document.confirm else None,
            confirm_timeout=math.ceil(self._settings.limits.confirm_s),
        )
        return Response(children=(dial,))

    def _element(
        self,
        destination: Destination,
        call: Call,
        held: Escalation | None,
        briefing: Briefing | None,
    ) -> Number | User:
        """Return whom to dial, with what is known about the caller in the headers."""
        if held is None or briefing is None:
            return destination.element(None)
        return destination.element(self._contexts.headers(destination, call, held, briefing))

    def whisper(self, language: str | None = None, briefing: Briefing | None = None) -> str:
        """Return what a human hears whom the caller does not hear: what it is about, and the key.

        Without a `briefing` it holds nothing about anybody. Plivo plays no other elements there.
        """
        key = self._speak(Line.CONFIRM, language, slots=_KEYS)
        offer = self._speak(Line.OFFER, language)
        again = (Wait(length=_ASK_AGAIN_S), key)
        return render(Response(children=(offer, *self._brief(briefing), key, *again)))

    def _take_message(self, call: Call, escalation: str, language: str | None) -> Response:
        """Record the caller until a key, silence or the longest time; a goodbye if that fails."""
        base = f"{self._base(call)}/escalations/{escalation}/message"
        ended = with_retries(f"{base}/ended")
        record = Record(
            action=ended,
            callback_url=with_retries(f"{base}/kept"),
            max_length=self._settings.handoff.message_s,
            timeout=_SILENCE_S,
        )
        prompt = self._speak(Line.VOICEMAIL, language, reason=_why_nobody(call))
        return Response(children=(prompt, record, Redirect(url=ended)))

    def _join(self, call: Call, escalation: str) -> Response:
        """The caller's side of the room; it closes when he leaves, and then he asks what comes."""
        base = f"{self._base(call)}/escalations/{escalation}/room"
        closed = with_retries(f"{base}/closed")
        room = Conference(
            room=d.room_of(escalation),
            end_conference_on_exit=True,
            stay_alone=False,
            action=closed,
            callback_url=with_retries(f"{base}/progress"),
        )
        # Whom the room does not let in is not at the end of his document.
        return Response(children=(room, Redirect(url=closed)))

    def _meet(self, call: Call, escalation: str, number: int) -> Response:
        """The human's side of the room; he waits there for the caller, and closes it by leaving."""
        base = self._human(call, escalation, number)
        room = Conference(
            room=d.room_of(escalation),
            end_conference_on_exit=True,
            callback_url=with_retries(f"{base}/room"),
        )
        return Response(children=(room,))

    def _ask(
        self, call: Call, document: d.AskHuman, language: str | None, briefing: Briefing | None
    ) -> Response:
        """Say what it is about until the human answers; silence is an answer, too."""
        handoff = self._settings.handoff
        if handoff.consult_url is not None or handoff.consult_stream_url is not None:
            return self._consult(call, document)
        # He answers in the language that he is asked in, which may be one that stands in for his.
        spoken = self._say.language_for(language)
        prompts: tuple[Speak | Play, ...] = (self._speak(Line.AGAIN, language, slots=_KEYS),)
        if document.times == 1:
            offer = self._speak(Line.OFFER, language)
            question = self._speak(Line.ASK, language, slots=_KEYS)
            prompts = (offer, *self._brief(briefing), question)
        base = self._human(call, document.escalation, document.attempt)
        reply = with_retries(f"{base}/reply?asked={document.times}")
        ask = GetInput(
            children=prompts,
            action=reply,
            input_type="dtmf speech",
            num_digits=1,
            execution_timeout=15,
            language=recogniser(spoken),
            hints=",".join(hints(spoken)) or None,
        )
        silence = Redirect(url=reply)
        return Response(children=(ask, silence))

    def _consult(self, call: Call, document: d.AskHuman) -> Response:
        """Lead the human to an application of the user's, which leads him back with an answer."""
        base = self._human(call, document.escalation, document.attempt)
        asked = {
            "call_uuid": call.call_uuid,
            "escalation": document.escalation,
            "attempt": str(document.attempt),
        }
        stream = self._settings.handoff.consult_stream_url
        if stream is None:
            answers = ("accepted", "declined", "later")
            asked |= {answer: with_retries(f"{base}/{answer}") for answer in answers}
            url = f"{self._settings.handoff.consult_url}?{urlencode(asked)}"
            return Response(children=(Redirect(url=url),))
        talk = Stream(
            url=f"{stream}?{urlencode(asked)}",
            bidirectional=True,
            keep_call_alive=True,
            content_type="audio/x-mulaw;rate=8000",
        )
        # Whoever lets go of the human without an answer has not got one.
        silence = Redirect(url=with_retries(f"{base}/reply?asked={document.times + 1}"))
        return Response(children=(talk, silence))

    def _human(self, call: Call, escalation: str, number: int) -> str:
        return f"{self._base(call)}/escalations/{escalation}/humans/{number}"

    def _brief(self, briefing: Briefing | None) -> tuple[Speak, ...]:
        """Say what is known about the caller, in his language, where the carrier speaks it."""
        if briefing is None:
            return ()
        said = self._say.in_voice(briefing.spoken, briefing.language)
        return () if said is None else (_aloud(said),)

    def _speak(
        self,
        line: Line,
        language: str | None,
        *,
        reason: Reason | None = None,
        slots: Mapping[str, str] | None = None,
    ) -> Speak | Play:
        said = self._say.spoken(line, language=language, reason=reason, slots=slots)
        if said.recording:
            return Play(url=said.text)
        return _aloud(said)

    def _base(self, call: Call) -> str:
        return f"{self._settings.public_url}/calls/{call.call_uuid}"


def _aloud(said: Spoken) -> Speak:
    return Speak(text=said.text, voice=said.voice.name, language=said.voice.language)


def _why_nobody(call: Call) -> Reason:
    """Return why the human tried last could not be reached, or why there was none to try."""
    held = call.escalation
    last = held.current if held is not None else None
    if held is not None and last is None:
        return held.refusal
    return last.reason if last is not None and last.reason is not None else Reason.UNKNOWN
