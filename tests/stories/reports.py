"""Where others were hurt by a transfer, and what shows that it comes out right here.

The stories of this package name the reports they are about. Here are the rest: those that a
demonstration or a test shows, and those that cannot happen here or are about no transfer.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Shown(NamedTuple):
    """A report, and what shows it: `demo:<scenario>`, or `<file under tests>::<test>`."""

    report: str
    by: tuple[str, ...]


class NotHere(NamedTuple):
    """A report, and why there is nothing to show."""

    report: str
    why: str


SHOWN: Final = (
    Shown("pipecat-ai/docs#986", ("demo:bridged", "demo:armed-bot")),
    Shown(
        "pipecat serializers/plivo.py: auto_hang_up is on by default",
        (
            "demo:armed-bot",
            "pipecat_adapter/test_hang_up.py::test_a_caller_who_asks_is_bridged_and_the_bot_has_gone",
            "pipecat_adapter/test_hang_up.py::test_the_stock_hang_up_left_armed_loses_the_caller",
        ),
    ),
    Shown(
        "dograh-hq/pipecat#27",
        (
            "pipecat_adapter/test_hang_up.py::test_the_socket_stays_open_until_the_caller_can_be_moved",
        ),
    ),
    Shown(
        "livekit/agents#7200",
        (
            "plivo/test_causes.py::test_every_documented_ending_has_an_outcome_a_sentence_and_an_alert",
        ),
    ),
    Shown(
        "community m/1423353629863186483: REFER not honoured by PSTN",
        (
            "livekit_adapter/test_refer.py::test_every_failure_has_a_reason",
            "livekit_adapter/test_trunk.py::test_nobody_answers_and_the_bot_goes_on",
            "livekit_adapter/test_trunk.py::test_what_a_trunk_cannot_carry_is_refused_at_load",
        ),
    ),
    Shown("livekit/agents-js#2008", ("demo:warm-caller-hangs-up", "demo:caller-hangs-up")),
    Shown("community.retellai.com t/2727", ("demo:warm", "demo:warm-machine")),
    Shown("livekit/agents#6125", ("demo:warm-machine", "demo:confirm")),
    Shown(
        "pipecat-ai/pipecat#1461",
        (
            "demo:bridged",
            "pipecat_adapter/test_announcement.py::test_it_is_heard_to_its_end_before_the_stream_closes",
        ),
    ),
    Shown(
        "PatterAI/Patter#205",
        (
            "pipecat_adapter/test_tool.py::test_the_model_may_name_a_destination_but_no_number",
            "livekit_adapter/test_tool.py::test_the_tool_offers_names_and_no_numbers",
        ),
    ),
    Shown(
        "PatterAI/Patter#206",
        ("pipecat_adapter/test_tool.py::test_the_model_may_name_a_destination_but_no_number",),
    ),
    Shown(
        "cartesia-ai/line#244",
        ("pipecat_adapter/test_tool.py::test_the_model_may_name_a_destination_but_no_number",),
    ),
    Shown(
        "matrix-os#17: injection into XML",
        ("web/test_routes.py::test_no_request_is_answered_with_an_error_or_broken_out_of",),
    ),
    Shown(
        "Genesys reads User-to-User in Refer-To only",
        ("handoff/test_context.py::test_user_to_user_rides_in_the_address_referred_to",),
    ),
    Shown("Five9 takes no REFER", ("demo:bridged", "demo:warm")),
    Shown("Dograh documents that no context reaches the human", ("demo:warm",)),
    Shown("feros#46", ("demo:warm-declined", "demo:callback")),
    Shown("QuickVoice#99", ("demo:warm-later", "demo:voicemail")),
    Shown("AVA#479: ring groups fail", ("demo:warm-parallel",)),
    Shown("PSTN to SIP is not supported at Vapi", ("demo:bridged",)),
)

NOT_HERE: Final = (
    NotHere(
        "pipecat-flows PR #192: hold music in the bot's ears",
        "music sounds in a Dial or a room; both begin once the stream has ended, and while a human "
        "is called first the caller hears the bot alone",
    ),
    NotHere("community.retellai.com t/753", "intermittent failures, with no cause to reproduce"),
    NotHere("plivoframework#134", "a framework of 2012 that no longer runs; its calls are Plivo's"),
    NotHere("Bland: warm transfer is for enterprises only", "a price, not a fault"),
    NotHere("five of Vapi's six warm modes need another carrier", "there is one carrier here"),
    NotHere("AVA#479: position and wait of a queue are None", "no queue is announced to anybody"),
    NotHere("AVA#119: destinations are typed one by one", "a settings page, not a transfer"),
)
