"""A call as a picture: who is on it, in which state, and who hears whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from escalate.demo.narrator import Who
from escalate.demo.record import Event, is_humans_own, plain
from escalate.page.picture import Hearing, Person, Picture, both_ways

_CALLER: Final = "caller"
_BOT: Final = "bot"
_PLIVO: Final = "plivo"
_NORMAL: Final = 4000
# Cancelled, hung up, and somebody else was faster: nobody has to mend that.
_FINE: Final = frozenset({1000, _NORMAL, 9000})


class Painter:
    """Paints a call as it happens. Make one for each call and hand it every event in order."""

    def __init__(self, names: Mapping[str, str]) -> None:
        """`names` are the configured names of destinations, by the address that is dialled."""
        self._names = {plain(address): name for address, name in names.items()}
        self._people = {
            _CALLER: Person(_CALLER, Who.CALLER, "Caller", "has not called yet"),
            _BOT: Person(_BOT, Who.BOT, "Bot", "is not on the call"),
        }
        self._lines: set[frozenset[str]] = set()
        self._sounding: set[tuple[str, str]] = set()
        self._talks_until = 0.0
        # Humans with a call of their own go by its id.
        self._own: set[str] = set()

    def paint(self, event: Event) -> Picture:
        """Return the call as it is after an event."""
        if is_humans_own(event):
            self._own.add(event["call"])
        else:
            stroke: Callable[[Event], None] | None
            stroke = getattr(self, f"_{event['kind'].replace('.', '_')}", None)
            if stroke is not None:
                stroke(event)
        return Picture(tuple(self._people.values()), tuple(self._hearings(event["at"])))

    def _hearings(self, now: float) -> list[Hearing]:
        pairs = {pair for line in self._lines for pair in both_ways(line)}
        talking = {pair for pair in pairs if pair[0] == _CALLER and now < self._talks_until}
        sounding = (self._sounding | talking) & (pairs | self._announced())
        return [Hearing(*pair, pair in sounding) for pair in sorted(pairs | sounding)]

    def _announced(self) -> set[tuple[str, str]]:
        """Whoever hears the carrier itself: a ring, a sentence, music."""
        return {pair for pair in self._sounding if pair[0] == _PLIVO}

    def _set(self, person: str, state: str, *, here: bool = True, trouble: bool = False) -> None:
        changed = replace(self._people[person], state=state, here=here, trouble=trouble)
        self._people[person] = changed

    # --- the caller and the bot -----------------------------------------------------------------

    def _call_started(self, event: Event) -> None:
        self._set(_CALLER, "calls")

    def _caller_says(self, event: Event) -> None:
        self._talks_until = event["at"] + event["seconds"]

    def _stream_opened(self, event: Event) -> None:
        self._lines.add(frozenset((_CALLER, _BOT)))
        self._set(_CALLER, "is with the bot")
        self._set(_BOT, "listens")

    def _stream_closed(self, event: Event) -> None:
        broke = event["by"] == "abort"
        self._cut(_CALLER, _BOT)
        self._set(_BOT, "is cut off" if broke else "has left", here=False, trouble=broke)
        if self._people[_CALLER].here:
            self._set(_CALLER, "waits")

    def _call_ended(self, event: Event) -> None:
        if event["call"] in self._own:
            return
        hung_up = event["source"] == "Caller"
        state = "has hung up" if hung_up else "is off the line"
        self._set(_CALLER, state, here=False, trouble=event["code"] != _NORMAL and not hung_up)
        self._lines = {line for line in self._lines if _CALLER not in line}

    # --- what is heard --------------------------------------------------------------------------

    def _heard_started(self, event: Event) -> None:
        pair = self._pair(event)
        self._sounding.add(pair)
        if pair == (_BOT, _CALLER):
            self._set(_BOT, "speaks")
        elif pair[0] == _PLIVO and pair[1] in self._own and event["source"] == "speak":
            self._set(pair[1], "hears the question")

    def _heard_ended(self, event: Event) -> None:
        self._sounding.discard(self._pair(event))
        if event["source"] == "bot" and self._people[_BOT].here:
            self._set(_BOT, "listens")

    def _pair(self, event: Event) -> tuple[str, str]:
        listener = event["call"] if event["call"] in self._own else _CALLER
        match event["source"]:
            case "bot":
                return _BOT, listener
            case "caller":
                return _CALLER, listener
            case "human":
                talking = [p.id for p in self._people.values() if p.who is Who.HUMAN and p.here]
                return (talking or [_PLIVO])[-1], listener
        return _PLIVO, listener

    # --- the human ------------------------------------------------------------------------------

    def _leg_dialed(self, event: Event) -> None:
        name = self._names.get(plain(event["to"]), str(event["to"]))
        self._people[event["leg"]] = Person(event["leg"], Who.HUMAN, name, "is dialled")

    def _leg_challenged(self, event: Event) -> None:
        self._set(event["leg"], "wants credentials", here=False)

    def _leg_ringing(self, event: Event) -> None:
        self._set(event["leg"], "rings", here=False)

    def _leg_answered(self, event: Event) -> None:
        self._set(event["leg"], "has picked up")

    def _room_entered(self, event: Event) -> None:
        if event["call"] in self._own:
            self._set(event["call"], "waits in a room")

    def _leg_bridged(self, event: Event) -> None:
        leg = event["leg"]
        self._lines.add(frozenset((_CALLER, leg)))
        self._set(leg, "talks to the caller")
        self._set(_CALLER, f"talks to {self._people[leg].name}")

    def _leg_unbridged(self, event: Event) -> None:
        self._cut(_CALLER, event["leg"])
        self._set(event["leg"], "is on the line alone")
        if self._people[_CALLER].here:
            self._set(_CALLER, "waits")

    def _leg_ended(self, event: Event) -> None:
        self._cut(_CALLER, event["leg"])
        normal = event["code"] == _NORMAL
        state = "has hung up" if normal else f"{event['cause']} ({event['code']})"
        self._set(event["leg"], state, here=False, trouble=event["code"] not in _FINE)

    def _cut(self, one: str, other: str) -> None:
        self._lines.discard(frozenset((one, other)))
        self._sounding -= set(both_ways(frozenset((one, other))))
