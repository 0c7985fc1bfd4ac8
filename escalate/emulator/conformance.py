"""What the local Plivo promises to do as Plivo does, where that is written, and what proves it.

A source is a page of Plivo's documentation; "ours" marks what no page says and the emulator had to
decide. `python -m escalate.emulator.conformance` writes the table as CONFORMANCE.md, beside this
file.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

PAGE: Final = Path(__file__).with_name("CONFORMANCE.md")

XML: Final = "XML overview"
HANGUP: Final = "Hangup causes and sources"
DIAL: Final = "Dial XML"
STREAM: Final = "Stream XML"
MEDIA: Final = "Audio streaming reference"
ROOM: Final = "Conference XML"
INPUT: Final = "GetInput XML"
DIGITS: Final = "GetDigits XML"
RECORD: Final = "Record XML"
FETCH: Final = "Callback configurations"
SIGNED: Final = "Validating requests"
API: Final = "API overview"
CALLS: Final = "Call API"
ROOMS: Final = "Conference API"
SIP: Final = "SIP authentication"
OURS: Final = "ours"


class Rule(NamedTuple):
    """One rule: what it is about, what holds, which page says so, and the test of it."""

    about: str
    holds: str
    source: str
    test: str


RULES: Final = (
    Rule(
        "Documents",
        "A document is XML of a known type and at most 100 KB.",
        XML,
        "test_document::test_what_is_no_document_is_refused",
    ),
    Rule(
        "Documents",
        "Names are case-sensitive, nesting and attribute values are checked.",
        XML,
        "test_document::test_what_plivo_refuses_is_refused",
    ),
    Rule(
        "Documents",
        "Speech markup is for Polly voices alone.",
        "Speak XML",
        "test_document::test_markup_of_speech_is_for_polly_voices",
    ),
    Rule(
        "Documents",
        "The end of a document ends the call with 4010.",
        HANGUP,
        "test_stream_rules::test_the_end_of_a_document_ends_the_call",
    ),
    Rule(
        "Documents",
        "Answer, action, transfer and redirect URLs fail with codes of their own (7011 to 8014).",
        HANGUP,
        "test_callbacks::test_each_kind_of_document_fails_with_its_own_code",
    ),
    Rule(
        "Documents",
        "With redirect=false an action only hears, and even a broken reply changes nothing.",
        DIAL,
        "test_dial::test_an_action_without_redirect_only_hears",
    ),
    Rule(
        "Documents",
        "Hangup with a reason refuses a call before it is answered.",
        "Hangup XML",
        "test_callbacks::test_a_call_is_refused_before_it_is_answered",
    ),
    Rule(
        "Documents",
        "A scheduled Hangup lets the following elements run and ends the call with 6000.",
        "Hangup XML",
        "test_callbacks::test_a_scheduled_hangup_lets_the_document_go_on",
    ),
    Rule(
        "Documents",
        "PreAnswer is heard before the call is answered.",
        "PreAnswer XML",
        "test_record::test_sound_before_the_answer",
    ),
    Rule(
        "Documents",
        "DTMF sends keys one by one; async does not hold the document up.",
        "DTMF XML",
        "test_record::test_keys_are_played_to_the_caller",
    ),
    Rule(
        "Requests",
        "Every request is signed with V3.",
        SIGNED,
        "test_callbacks::test_every_request_is_signed",
    ),
    Rule(
        "Requests",
        "The URL's fragment sets times, retries and what is retried, within bounds.",
        FETCH,
        "test_callbacks::test_a_fragment_is_read_within_plivos_bounds",
    ),
    Rule(
        "Requests",
        "A status is retried only where the fragment says so.",
        FETCH,
        "test_callbacks::test_a_status_is_retried_only_if_the_fragment_says_so",
    ),
    Rule(
        "Requests",
        "Retries are 1, 2, 4 and 8 seconds apart.",
        OURS,
        "test_callbacks::test_a_restarting_application_is_waited_for",
    ),
    Rule(
        "Requests",
        "The fallback URL stands in for an answer URL that cannot be had.",
        CALLS,
        "test_callbacks::test_the_fallback_answers_for_an_application_that_is_down",
    ),
    Rule(
        "Requests",
        "The hangup URL is told cause name, code and source.",
        HANGUP,
        "test_callbacks::test_the_hangup_url_is_told_how_it_ended",
    ),
    Rule(
        "Stream",
        "keepCallAlive holds the document until the stream has ended.",
        STREAM,
        "test_stream_rules::test_a_stream_with_keep_call_alive_holds_the_document",
    ),
    Rule(
        "Stream",
        "Without keepCallAlive the next element starts at once.",
        STREAM,
        "test_stream_rules::test_a_stream_without_keep_call_alive_runs_beside_the_document",
    ),
    Rule(
        "Stream",
        "A transfer waits for a stream that holds the document, and comes before what follows.",
        STREAM,
        "test_stream_rules::test_a_transfer_waits_for_the_stream_and_comes_before_what_follows",
    ),
    Rule(
        "Stream",
        "A call has one stream at a time.",
        OURS,
        "test_stream_rules::test_a_call_has_one_stream",
    ),
    Rule(
        "Stream",
        "A socket that cannot be opened is tried twice more.",
        MEDIA,
        "test_stream_rules::test_a_bot_that_cannot_be_reached_is_tried_three_times",
    ),
    Rule(
        "Stream",
        "The upgrade of the socket is signed.",
        SIGNED,
        "test_media::test_the_upgrade_is_signed",
    ),
    Rule(
        "Stream",
        "clearAudio drops what has not been played.",
        MEDIA,
        "test_media::test_cleared_audio_is_not_heard",
    ),
    Rule(
        "Stream",
        "A checkpoint is reported once the audio before it has been played.",
        MEDIA,
        "test_media::test_a_checkpoint_is_reported_when_the_audio_before_it_was_played",
    ),
    Rule(
        "Dial",
        "Each failure has its cause, DialStatus and DialHangupCause.",
        DIAL,
        "test_dial::test_every_ending_has_its_cause",
    ),
    Rule(
        "Dial",
        "All targets ring at once, the first to answer wins, the others end with 9000.",
        DIAL,
        "test_dial::test_all_ring_and_the_first_to_answer_wins",
    ),
    Rule(
        "Dial",
        "confirmSound is heard by the human alone; without the key the leg ends with 9110.",
        DIAL,
        "test_dial::test_the_human_confirms_with_a_key",
    ),
    Rule(
        "Dial",
        "A caller id that is not the account's ends the leg with 3030.",
        HANGUP,
        "test_dial::test_a_caller_id_must_be_the_accounts_own",
    ),
    Rule(
        "Dial",
        "A leg to the caller's own number ends with 2060.",
        HANGUP,
        "test_dial::test_the_caller_is_not_called_back_by_his_own_call",
    ),
    Rule(
        "Dial",
        "SIP headers with other than letters and digits, or reserved names, are dropped.",
        "SIP headers",
        "test_dial::test_headers_plivo_would_drop_are_dropped_and_named",
    ),
    Rule(
        "Dial",
        "Silence after a challenge is 4250, also when the ring time is over first.",
        SIP,
        "test_dial::test_silence_after_the_challenge_is_4250_when_the_ring_time_is_over",
    ),
    Rule(
        "Dial",
        "hangupOnStar drops the human and keeps the caller.",
        DIAL,
        "test_dial::test_the_star_key_ends_the_conversation_and_not_the_call",
    ),
    Rule(
        "SIP",
        "The first INVITE has no credentials; a 401 or 407 is answered by digest, once.",
        SIP,
        "sip/test_endpoints::test_every_answer_of_an_endpoint_is_told_in_plivos_words",
    ),
    Rule(
        "SIP",
        "Refused credentials are 4240, silence after good ones is 4250.",
        SIP,
        "sip/test_pbx::test_a_challenging_proxy_lets_the_right_credentials_through_alone",
    ),
    Rule(
        "SIP",
        "Every other SIP answer leads to the code whose name says the same.",
        OURS,
        "sip/test_endpoints::test_every_answer_of_an_endpoint_is_told_in_plivos_words",
    ),
    Rule(
        "SIP",
        "PCMU and PCMA are offered, telephone events are keys, and both sides are heard.",
        "Transfer to a human agent",
        "sip/test_inbound::test_caller_and_human_hear_one_another_and_nobody_else",
    ),
    Rule(
        "SIP",
        "Custom headers are X-PH- and the name; of a caller with SIP credentials X- and the name.",
        "SIP headers",
        "sip/test_inbound::test_telephones_that_register_are_called_and_call_with_credentials",
    ),
    Rule(
        "SIP",
        "An endpoint of the account that has not registered is 2020.",
        HANGUP,
        "sip/test_inbound::test_telephones_that_register_are_called_and_call_with_credentials",
    ),
    Rule(
        "SIP",
        "No password is on the wire, nor anything to compute it from but the digest.",
        SIP,
        "sip/test_wire::test_the_password_proves_itself_and_is_never_on_the_wire",
    ),
    Rule(
        "Conference",
        "Members hear one another, and not themselves.",
        ROOM,
        "test_conference::test_caller_and_human_hear_one_another",
    ),
    Rule(
        "Conference",
        "A room begins with the first member who starts it; until then waitSound is heard.",
        ROOM,
        "test_conference::test_a_room_begins_with_the_first_starter",
    ),
    Rule(
        "Conference",
        "A member who is alone hears the wait sound too.",
        OURS,
        "test_conference::test_a_member_hears_nothing_of_himself_nor_of_another_room",
    ),
    Rule(
        "Conference",
        "endConferenceOnExit ends the room for all; each goes where its own action leads.",
        ROOM,
        "test_conference::test_the_human_hangs_up_and_the_room_ends_with_him",
    ),
    Rule(
        "Conference",
        "stayAlone=false releases a member whom the others have left.",
        OURS,
        "test_conference::test_the_caller_hangs_up_and_the_human_goes_on",
    ),
    Rule(
        "Conference",
        "stayAlone=false does not keep a member from coming first.",
        OURS,
        "test_conference::test_one_who_does_not_stay_alone_may_come_first",
    ),
    Rule(
        "Conference",
        "A muted member hears and is not heard.",
        ROOM,
        "test_conference::test_a_muted_member_hears_and_is_not_heard",
    ),
    Rule(
        "Conference",
        "callbackUrl is told enter and exit.",
        ROOM,
        "test_conference::test_entering_and_leaving_are_told_and_heard",
    ),
    Rule(
        "Conference",
        "hangupOnStar leads out of the room; other keys are relayed.",
        ROOM,
        "test_conference::test_the_star_key_leads_out_of_the_room",
    ),
    Rule(
        "Conference",
        "A full room lets nobody in, and the document goes on.",
        OURS,
        "test_conference::test_a_full_room_lets_nobody_in",
    ),
    Rule(
        "Conference",
        "timeLimit counts from a member's entry and ends the room.",
        OURS,
        "test_conference::test_a_room_lasts_as_long_as_its_time_limit",
    ),
    Rule(
        "Conference",
        "A transfer takes a member out without asking the action.",
        OURS,
        "test_conference::test_a_transfer_takes_a_member_out",
    ),
    Rule(
        "Conference",
        "The API lists rooms and members, kicks and hangs up.",
        ROOMS,
        "test_conference::test_the_conference_api_looks_kicks_and_hangs_up",
    ),
    Rule(
        "Conference",
        "The API reads a text or plays a file to members; what no document may say is refused.",
        ROOMS,
        "test_conference::test_the_conference_api_lets_members_hear_something",
    ),
    Rule(
        "GetInput and GetDigits",
        "numDigits, finishOnKey or a pause end an answer in keys.",
        DIGITS,
        "test_input::test_keys_are_collected_until_they_are_enough",
    ),
    Rule(
        "GetInput and GetDigits",
        "A key or a word interrupts the prompt.",
        OURS,
        "test_input::test_a_key_ends_the_prompt",
    ),
    Rule(
        "GetInput and GetDigits",
        "Without an answer the prompt is repeated, then the next element runs.",
        DIGITS,
        "test_input::test_without_an_answer_the_next_element_runs",
    ),
    Rule(
        "GetInput and GetDigits",
        "executionTimeout counts from the end of the prompts.",
        OURS,
        "test_input::test_silence_after_get_input_goes_on",
    ),
    Rule(
        "GetInput and GetDigits",
        "A key outside of validDigits is answered with the invalid sound.",
        DIGITS,
        "test_input::test_a_wrong_key_is_no_answer",
    ),
    Rule(
        "GetInput and GetDigits",
        "Speech comes as Speech with a score, and interim results go to their own URL.",
        INPUT,
        "test_input::test_the_caller_answers_in_words",
    ),
    Rule(
        "GetInput and GetDigits",
        "A finishing key alone is no answer.",
        OURS,
        "test_input::test_a_finishing_key_alone_is_no_answer",
    ),
    Rule(
        "Record",
        "finishOnKey ends it; action and callback are told where the file is.",
        RECORD,
        "test_record::test_a_message_is_kept_until_a_key_finishes_it",
    ),
    Rule(
        "Record",
        "Silence (timeout) and maxLength end it.",
        RECORD,
        "test_record::test_silence_or_length_ends_a_message",
    ),
    Rule(
        "Record",
        "recordSession asks the action at once with -1, and the callback in the end.",
        RECORD,
        "test_record::test_a_session_is_recorded_beside_the_document",
    ),
    Rule(
        "Record",
        "Whoever hangs up leaves a recording that the action hears of.",
        OURS,
        "test_record::test_who_hangs_up_leaves_his_message",
    ),
    Rule(
        "REST",
        "Wrong credentials are 401.",
        API,
        "test_rest::test_credentials_are_checked",
    ),
    Rule(
        "REST",
        "A path without its slash is nowhere.",
        API,
        "test_rest::test_a_path_without_its_slash_is_nowhere",
    ),
    Rule(
        "REST",
        "A call that is over is 404.",
        CALLS,
        "test_rest::test_a_live_call_can_be_looked_up_until_it_is_over",
    ),
    Rule(
        "REST",
        "202 for a transfer says nothing about its URL, which can still lose the call.",
        CALLS,
        "test_callbacks::test_a_transfer_that_was_accepted_can_still_lose_the_call",
    ),
    Rule(
        "REST",
        "Make Call is 201; ring, answer and hangup URLs follow.",
        CALLS,
        "test_make_call::test_whoever_answers_runs_the_answer_url",
    ),
    Rule(
        "REST",
        "Each failure of a made call has its cause and CallStatus.",
        HANGUP,
        "test_make_call::test_a_leg_that_fails_is_told_to_the_hangup_url",
    ),
    Rule(
        "REST",
        "DELETE Request ends a ringing call, DELETE Call one that was answered.",
        CALLS,
        "test_make_call::test_a_ringing_leg_is_cancelled_and_an_answered_one_is_hung_up",
    ),
    Rule(
        "REST",
        "error_if_parent_not_found refuses a call whose parent is over; the status is 404.",
        OURS,
        "test_make_call::test_a_parent_that_has_gone_is_no_parent",
    ),
    Rule(
        "REST",
        "Machine detection waits without a URL and runs beside the document with one.",
        CALLS,
        "test_make_call::test_whether_a_machine_answered_is_told_to_its_url",
    ),
    Rule(
        "REST",
        "Missing and wrong parameters are named.",
        CALLS,
        "test_make_call::test_a_wrong_request_is_refused",
    ),
    Rule(
        "REST",
        "What is not emulated answers 501 and says so.",
        OURS,
        "test_rest::test_what_is_not_emulated_says_so",
    ),
)


def render() -> str:
    """Return the table as Markdown."""
    lines = [
        "# Conformance",
        "",
        "Written by `python -m escalate.emulator.conformance`. A source is a page of Plivo's",
        "documentation; *ours* marks what no page says and the local Plivo had to decide. Each",
        "test is in `tests/emulator`, or in the folder it names.",
    ]
    for about, rules in groupby(RULES, key=lambda rule: rule.about):
        lines += ["", f"## {about}", "", "| Rule | Source | Test |", "|---|---|---|"]
        for rule in rules:
            source = f"*{rule.source}*" if rule.source == OURS else rule.source
            lines.append(f"| {rule.holds} | {source} | `{rule.test}` |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render())
