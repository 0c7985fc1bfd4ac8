"""The Conference API (Plivo "Conferences" API page): look, speak, play, kick, hang up.

Members may be named by an id, several ids with commas, or `all`. Whoever is hung up in a room is
hung up as a call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree

from escalate.emulator import sounds
from escalate.emulator.document import DocumentRefused, parse
from escalate.emulator.element import Element
from escalate.emulator.replies import NOT_FOUND, Asked, Handler, Reply

if TYPE_CHECKING:
    from escalate.emulator.exchange import Exchange
    from escalate.emulator.rooms import Member, Room


async def look_at_all(exchange: Exchange, asked: Asked) -> Reply:
    """List the names of the rooms."""
    names = [room.name for room in exchange.services.rooms.all()]
    return Reply(200, {"conferences": names})


async def look(exchange: Exchange, asked: Asked) -> Reply:
    """Describe a room and its members."""
    room = exchange.services.rooms.find(asked.path["name"])
    return Reply(200, _described(exchange, room)) if room else NOT_FOUND


async def end_all(exchange: Exchange, asked: Asked) -> Reply:
    """Hang up everybody in every room."""
    for room in exchange.services.rooms.all():
        _hang_up(room.members)
    return Reply(204)


async def end(exchange: Exchange, asked: Asked) -> Reply:
    """Hang up everybody in a room."""
    room = exchange.services.rooms.find(asked.path["name"])
    if room is None:
        return NOT_FOUND
    _hang_up(room.members)
    return Reply(204)


async def hang_up(exchange: Exchange, asked: Asked) -> Reply:
    """Hang up members of a room."""
    members = _members(exchange, asked)
    _hang_up(members)
    return Reply(204) if members else NOT_FOUND


async def kick(exchange: Exchange, asked: Asked) -> Reply:
    """Send members out of a room; each goes on with its own document."""
    members = _members(exchange, asked)
    for member in members:
        member.release("kicked")
    ids = [member.id for member in members]
    return Reply(202, {"message": "kicked", "member_id": ids}) if members else NOT_FOUND


async def speak(exchange: Exchange, asked: Asked) -> Reply:
    """Read a text to members."""
    attributes = {key: str(asked.body[key]) for key in ("voice", "language") if key in asked.body}
    return _let_hear(exchange, asked, "Speak", "text", attributes)


async def play(exchange: Exchange, asked: Asked) -> Reply:
    """Play a file to members."""
    return _let_hear(exchange, asked, "Play", "url", {})


def _let_hear(
    exchange: Exchange, asked: Asked, name: str, content: str, attributes: Mapping[str, str]
) -> Reply:
    """Let members hear an element of a document, whose rules hold here as well."""
    members = _members(exchange, asked)
    if not members:
        return NOT_FOUND
    markup = ElementTree.Element("Response")
    ElementTree.SubElement(markup, name, dict(attributes)).text = str(asked.body.get(content, ""))
    try:
        (element,) = parse(ElementTree.tostring(markup), "application/xml")
    except DocumentRefused as exc:
        return Reply.error(400, str(exc))
    exchange.services.background.start(_hear(exchange, element, members))
    ids = [member.id for member in members]
    return Reply(202, {"message": f"{name.lower()} queued into conference", "member_id": ids})


async def _hear(exchange: Exchange, element: Element, members: Sequence[Member]) -> None:
    services = exchange.services
    sound = await sounds.of(element, members[0].call, services)

    def listen(frame: bytes, at: float) -> None:
        for member in members:
            if not member.released.is_set():
                member.call.ear.hear("room", frame, at)

    for member in members:
        member.call.report("room.says", text=sound.text)
    await sounds.play(sound, listen, services)
    for member in members:
        member.call.ear.finish("room")


HANDLERS: Final[list[tuple[str, str, Handler]]] = [
    ("/Conference/", "GET", look_at_all),
    ("/Conference/", "DELETE", end_all),
    ("/Conference/{name}/", "GET", look),
    ("/Conference/{name}/", "DELETE", end),
    ("/Conference/{name}/Member/{members}/", "DELETE", hang_up),
    ("/Conference/{name}/Member/{members}/Kick/", "POST", kick),
    ("/Conference/{name}/Member/{members}/Speak/", "POST", speak),
    ("/Conference/{name}/Member/{members}/Play/", "POST", play),
]


def _members(exchange: Exchange, asked: Asked) -> list[Member]:
    room = exchange.services.rooms.find(asked.path["name"])
    wanted = asked.path["members"].split(",")
    return [m for m in room.members if m.id in wanted or wanted == ["all"]] if room else []


def _hang_up(members: Iterable[Member]) -> None:
    for member in members:
        member.call.api_hangs_up()


def _described(exchange: Exchange, room: Room) -> dict[str, Any]:
    now = exchange.services.clock.now()
    return {
        "conference_name": room.name,
        "conference_run_time": str(round(now - room.began_at)),
        "conference_member_count": str(len(room.members)),
        "members": [
            {
                "member_id": member.id,
                "muted": member.element.muted,
                "deaf": False,
                "from": member.call.from_.lstrip("+"),
                "to": member.call.to.lstrip("+"),
                "caller_name": member.call.caller_name,
                "direction": member.call.direction,
                "call_uuid": member.call.uuid,
                "join_time": str(round(now - member.entered_at)),
            }
            for member in room.members
        ],
    }
