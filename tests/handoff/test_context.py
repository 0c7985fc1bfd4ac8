"""What the human learns about a call arrives, or what did not is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from escalate.handoff.context import Context
from escalate.handoff.headers import decode, encode, read_headers, to_headers, wire_bytes
from escalate.handoff.packing import ContextForm, pack
from escalate.handoff.uui import UuiForm, in_refer_to, read_uui, to_uui
from escalate.plivo.headers import checked_headers
from escalate.values import Trigger

CALL = "5b0d7f3a-9c43-4c7e-8d3b-0f1f8f1a2b3c"
SMALL = Context(CALL, Trigger.ASKED, reason="asked for a person", language="en-GB")
FULL = Context(
    CALL,
    Trigger.FRUSTRATED,
    reason="frustration",
    language="de",
    summary="Anrufer will: Ich möchte mein Geld zurück, 20 % wenigstens; sonst kündige ich.",
    identifiers=("Vertrag 48-1516", "注文番号 2342"),
    link="https://bot.example.com/escalate/context/ABC?x=1&y=2",
)

texts = st.text(st.characters(codec="utf-8"), max_size=200) | st.text(max_size=40)
contexts = st.builds(
    Context,
    call_uuid=texts,
    trigger=st.sampled_from(Trigger),
    reason=texts,
    language=texts,
    summary=st.text(max_size=900),
    identifiers=st.lists(st.text(min_size=1, max_size=150), max_size=30).map(tuple),
    link=texts,
)


def put_together(kept: Context, dropped: object) -> set[tuple[str, str]]:
    """Every text of what was kept and what was dropped, a shortened one made whole again."""
    assert isinstance(dropped, dict)
    whole = {(name, str(getattr(kept, name))) for name in ("reason", "language", "link")}
    lost = {name for name in ("reason", "language", "link", "call_uuid") if name in dropped}
    whole = {(name, text) for name, text in whole if name not in lost}
    whole |= {(name, dropped[name]) for name in lost}
    if "call_uuid" not in lost:
        whole.add(("call_uuid", kept.call_uuid))
    whole.add(("summary", kept.summary + dropped.get("summary", "")))
    return whole


def texts_of(context: Context) -> set[tuple[str, str]]:
    return {
        (name, str(getattr(context, name)))
        for name in ("call_uuid", "reason", "language", "link", "summary")
    }


def test_small_context_arrives_whole() -> None:
    """Nothing is dropped where everything fits, and nothing changes on the way."""
    packed = to_headers(FULL)
    assert {} == packed.dropped
    assert FULL == packed.kept == read_headers(packed.headers).context
    assert read_headers(packed.headers).intact


def test_a_short_value_can_be_read_by_eye() -> None:
    """Letters and digits stand for themselves; a dial plan needs no decoder for the language."""
    headers = to_headers(SMALL).headers
    assert "asked" == headers["CtxTrigger"]
    assert "asked%20for%20a%20person" == headers["CtxReason"]
    assert CALL.replace("-", "%2D") == headers["CtxCall"]


@pytest.mark.parametrize("wire", ["X-PH-{}", "X-{}", "x-ph-{}", "{}"])
def test_headers_are_read_as_they_arrive(wire: str) -> None:
    """Plivo puts X-PH- in front, or X- in raw mode, and changes the case of names."""
    headers = to_headers(FULL).headers
    arrived = {wire.format(name.capitalize()): value for name, value in headers.items()}
    assert FULL == read_headers(arrived | {"Via": "SIP/2.0"}).context
    assert read_headers(arrived).intact


def test_a_long_text_goes_on_in_numbered_headers() -> None:
    """The first part keeps the plain name; no escape is torn apart between two."""
    headers = to_headers(Context(CALL, Trigger.ASKED, summary="é" * 45)).headers
    assert [120, 120, 30] == [len(headers[f"CtxSummary{n}"]) for n in ("", 2, 3)]
    assert all(0 == len(value) % 6 for name, value in headers.items() if "Summary" in name)


@pytest.mark.parametrize("name", ["CtxSummary2", "CtxCheck", "CtxIdB", "CtxLink"])
def test_a_lost_header_is_noticed(name: str) -> None:
    """What is left is read, and known to be a part."""
    whole = to_headers(replace(FULL, summary="word " * 40)).headers
    headers = dict(whole)
    del headers[name]
    received = read_headers(headers)
    assert not received.intact
    assert FULL.trigger is received.context.trigger


def test_the_least_important_is_dropped_first_and_named() -> None:
    """The summary is cut at a word; the call, the trigger and the link stay."""
    long = replace(FULL, summary="many words " * 100)
    packed = to_headers(long, limit_bytes=500)
    assert {"summary"} == set(packed.dropped)
    assert packed.kept.summary.endswith(("many", "words"))
    assert long.summary == packed.kept.summary + packed.dropped["summary"]
    assert FULL.link == packed.kept.link
    tight = to_headers(long, limit_bytes=150)
    assert {"summary", "identifiers", "link"} <= set(tight.dropped)
    assert CALL == tight.kept.call_uuid
    assert "\n".join(FULL.identifiers) == tight.dropped["identifiers"]


@settings(max_examples=150, deadline=None)
@given(contexts, st.integers(100, 3000), st.integers(2, 40))
@example(Context("%41", Trigger.ASKED, reason="%", identifiers=("\ud800",) * 27), 3000, 40)
def test_any_context_round_trips_in_headers_that_plivo_sends(
    context: Context, limit_bytes: int, limit_headers: int
) -> None:
    """What was kept is what arrives, what was dropped is named, and the limits hold."""
    packed = to_headers(context, limit_bytes=limit_bytes, limit_headers=limit_headers)
    assert packed.headers == checked_headers(packed.headers)
    assert wire_bytes(packed.headers) <= limit_bytes
    assert len(packed.headers) <= limit_headers
    received = read_headers(packed.headers)
    assert packed.kept == received.context
    assert received.intact
    assert texts_of(context) == put_together(packed.kept, packed.dropped)
    lost = packed.dropped.get("identifiers", "")
    assert all(one in packed.kept.identifiers or one in lost for one in context.identifiers)


@settings(max_examples=150, deadline=None)
@given(contexts, st.sampled_from(UuiForm), st.integers(32, 600))
def test_any_context_round_trips_as_user_to_user(
    context: Context, form: UuiForm, limit_octets: int
) -> None:
    """The same holds for the octets of User-to-User data, in each form."""
    packed = to_uui(context, form=form, limit_octets=limit_octets)
    data = packed.value.partition(";")[0]
    assert len(bytes.fromhex(data)) <= limit_octets
    assert packed.kept == read_uui(packed.value)
    assert texts_of(context) == put_together(packed.kept, packed.dropped)


names = st.sampled_from(["Skill", "Queue", "ctxreason", "USERTOUSER"])


@settings(max_examples=100, deadline=None)
@given(contexts, st.sampled_from(ContextForm), st.dictionaries(names, st.just("x")))
def test_what_is_sent_beside_configured_headers_is_sent_by_plivo(
    context: Context, form: ContextForm, configured: dict[str, str]
) -> None:
    """The configured ones stay as they are; of two alike it is ours that gives way."""
    sent = pack(context, form, beside=configured)
    assert sent.headers == checked_headers(sent.headers)
    assert configured.items() <= sent.headers.items()
    assert wire_bytes(sent.headers) <= 900
    assert form is not ContextForm.NONE or configured == sent.headers


@pytest.mark.parametrize("form", [form for form in ContextForm if form.startswith("uui")])
def test_user_to_user_information_arrives_in_one_header_beside_the_call(form: ContextForm) -> None:
    """Unescaped it is what RFC 7433 and the receivers know; what had no room is named."""
    sent = pack(FULL, form)
    assert {"CtxCall", "UserToUser"} == set(sent.headers)
    value = decode(sent.headers["UserToUser"])
    whole = to_uui(replace(FULL, call_uuid=""), form=UuiForm(form.removeprefix("uui-")))
    assert value.partition(";")[2] == whole.value.partition(";")[2]
    assert (CALL, FULL.trigger) == (decode(sent.headers["CtxCall"]), read_uui(value).trigger)
    assert {"summary", "identifiers"} <= set(sent.dropped)


def test_user_to_user_has_the_forms_that_contact_centres_read() -> None:
    """Genesys strips a leading octet or reads pd=, Talkdesk wants bare hex."""
    data = f'{{"c":"{CALL}","t":"asked"}}'.encode().hex()
    context = Context(CALL, Trigger.ASKED)
    assert f"00{data};encoding=hex" == to_uui(context).value
    assert f"{data};encoding=hex;pd=00" == to_uui(context, form=UuiForm.PARAMETER).value
    assert data == to_uui(context, form=UuiForm.BARE).value


def test_user_to_user_rides_in_the_address_referred_to() -> None:
    """Its own punctuation is escaped there."""
    address = in_refer_to("sip:+15550100@trunk.example.com", "00ab;encoding=hex")
    assert "sip:+15550100@trunk.example.com?User-to-User=00ab%3Bencoding%3Dhex" == address
    assert in_refer_to("sip:a@b?Subject=x", "00").endswith("?Subject=x&User-to-User=00")


@pytest.mark.parametrize("value", ["", "00", "zz", "7b7d", "5b5d", '"', "7b22743a", "ff" * 10])
def test_what_is_no_context_is_an_error_that_shows_nothing(value: str) -> None:
    """A value from somebody else's application is refused."""
    with pytest.raises(ValueError, match=r"no context|hex"):
        read_uui(value)


def test_headers_of_somebody_else_hold_no_context() -> None:
    """The error says which header is missing."""
    with pytest.raises(ValueError, match="no header CtxTrigger"):
        read_headers({"X-PH-Ticket": "1"})


@pytest.mark.parametrize("prefix", ["", "PlivoCtx", "sipauth", "Twilio1", "Ctx-", "C" * 13, "1"])
def test_a_prefix_that_plivo_would_drop_is_refused(prefix: str) -> None:
    """Reserved and malformed names never reach the carrier."""
    with pytest.raises(ValueError, match="prefix"):
        to_headers(SMALL, prefix=prefix)


def test_limits_that_leave_no_room_are_refused() -> None:
    """A mistake in the settings is told before a call is made."""
    with pytest.raises(ValueError, match="at least"):
        to_headers(SMALL, limit_bytes=50)
    with pytest.raises(ValueError, match="at least"):
        to_uui(SMALL, limit_octets=10)


def test_words_of_the_caller_and_the_link_stay_out_of_the_repr() -> None:
    """A context may be logged by mistake."""
    for shown in (repr(FULL), repr(to_headers(FULL)), repr(to_uui(FULL))):
        assert "Geld" not in shown
        assert "48-1516" not in shown
        assert "example.com" not in shown


def test_an_empty_identifier_is_refused() -> None:
    """It could not be told from one that was lost."""
    with pytest.raises(ValueError, match="must not be empty"):
        Context(CALL, Trigger.ASKED, identifiers=("",))


def test_encoding_is_the_percent_encoding_of_every_other_byte() -> None:
    """Any decoder of URLs reads it."""
    assert "a1%2D%C3%A9%25" == encode("a1-é%")
