"""The parts of the SIP side one by one, against the numbers of the standards."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate.emulator import audio
from escalate.emulator.clock import Clock
from escalate.emulator.log import EventLog
from escalate.emulator.masking import Mask
from escalate.emulator.sip import alaw, rtp, sdp
from escalate.emulator.sip.digest import (
    Challenge,
    Credentials,
    Keyring,
    answer,
    challenges,
    choose,
    is_right,
    parts,
)
from escalate.emulator.sip.message import (
    Headers,
    Request,
    Response,
    Unreadable,
    decode,
    encode,
    param,
    read_uri,
    take,
    uri_in,
)
from escalate.emulator.sip.trace import Trace
from escalate.emulator.sip.wire import LOOPBACK, Hop

AUTH = frozenset({"auth"})
MUFASA = Credentials("Mufasa", "Circle of Life")
NONCE_7616 = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE_7616 = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


@pytest.mark.parametrize(
    ("challenge", "credentials", "cnonce", "uri", "response"),
    [
        # RFC 2617 section 3.5.
        (
            Challenge("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", qop=AUTH),
            Credentials("Mufasa", "Circle Of Life"),
            "0a4f113b",
            "/dir/index.html",
            "6629fae49393a05397450978507c4ef1",
        ),
        # RFC 7616 section 3.9.1, both of its answers.
        (
            Challenge("http-auth@example.org", NONCE_7616, "MD5", AUTH),
            MUFASA,
            CNONCE_7616,
            "/dir/index.html",
            "8ca523f5e9506fed4657c9700eebdbec",
        ),
        (
            Challenge("http-auth@example.org", NONCE_7616, "SHA-256", AUTH),
            MUFASA,
            CNONCE_7616,
            "/dir/index.html",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ],
    ids=["RFC 2617", "RFC 7616 MD5", "RFC 7616 SHA-256"],
)
def test_digests_are_those_of_the_standards(
    challenge: Challenge, credentials: Credentials, cnonce: str, uri: str, response: str
) -> None:
    """The examples that the RFCs compute."""
    value = answer(challenge, credentials, "GET", uri, cnonce=cnonce)
    assert response == parts(value)["response"]
    assert is_right(value, credentials.password, "GET")
    assert not is_right(value, credentials.password, "POST")
    assert not is_right(value, credentials.password.lower(), "GET")
    assert credentials.password not in value


def challenged(*values: str) -> Headers:
    """Return the headers of a 407 with these challenges."""
    return Headers([("Proxy-Authenticate", f"Digest {value}") for value in values])


def test_a_wrong_password_is_sent_once() -> None:
    """A second challenge is answered only if it says that the nonce was stale, and not for ever."""
    keys = Keyring(MUFASA)
    assert keys.take(challenged('realm="a", nonce="1"'))
    assert not keys.take(challenged('realm="a", nonce="2"'))
    assert keys.take(challenged('realm="a", nonce="3", stale=true'))
    assert keys.take(challenged('realm="a", nonce="4", stale=TRUE'))
    assert not keys.take(challenged('realm="a", nonce="5", stale=true'))
    assert not Keyring(None).take(challenged('realm="a", nonce="1"'))


def test_the_first_challenge_that_can_be_answered_is() -> None:
    """Servers put the strongest first; unknown algorithms and schemes are passed over."""
    headers = challenged('realm="a", nonce="1", algorithm=FOO-1', 'realm="a", nonce="2", qop="x"')
    headers.add("Proxy-Authenticate", 'Basic realm="a"')
    assert choose(challenges(headers)) is None
    headers.add("Proxy-Authenticate", r'Digest realm="A, \"B\"", nonce="3", algorithm=sha-256')
    chosen = choose(challenges(headers))
    assert chosen is not None and (r"A, \"B\"", "3") == (chosen.realm, chosen.nonce)


def test_what_was_written_is_read() -> None:
    """A message survives the wire, in one piece or in many."""
    headers = Headers([("Via", "SIP/2.0/UDP a;branch=1, SIP/2.0/UDP b"), ("f", '"A, <B>" <sip:c>')])
    headers.pairs += [("To", "<sip:d@e;x=1>;tag=2"), ("i", "c1"), ("CSeq", "1 INVITE")]
    data = encode(Request("INVITE", "sip:d@e", headers, b"body"))
    buffer = bytearray(b"\r\n\r\n")
    found = []
    for at in range(0, len(data * 2), 7):
        buffer += (data * 2)[at : at + 7]
        if (message := take(buffer)) is not None:
            found.append(message)
    assert [data, data] == found
    read = decode(data)
    assert ["SIP/2.0/UDP a;branch=1", "SIP/2.0/UDP b"] == read.headers.all("Via")
    assert ("sip:c", "sip:d@e;x=1") == (
        uri_in(read.headers.get("from")),
        uri_in(read.headers.get("to")),
    )
    assert ("2", None) == (
        param(read.headers.get("to"), "tag"),
        param(read.headers.get("from"), "tag"),
    )
    assert b"body" == read.body


@given(st.binary(max_size=200) | st.text(alphabet='SIP/2.0 <>";:,=\r\n\t0é', max_size=200))
def test_no_bytes_break_the_reader(noise: bytes | str) -> None:
    """Whatever comes from a socket is a message or is dropped."""
    data = noise if isinstance(noise, bytes) else noise.encode()
    for read in (decode, lambda one: take(bytearray(one)), rtp.read, lambda one: _media(one)):
        try:
            read(data)
        except Unreadable:
            pass


def _media(data: bytes) -> sdp.Media | None:
    try:
        return sdp.read(data)
    except sdp.NoCommonCodec:
        return None


def test_uris_say_where_to_go() -> None:
    """Whatever else a telephone writes into its Contact."""
    uri = read_uri("sip:agent2@pbx.test:5082;gr=urn:uuid:1;transport=TCP?x=y")
    assert ("agent2", "pbx.test", 5082) == (uri.user, uri.host, uri.port)
    assert "TCP" == uri.params["transport"]
    with pytest.raises(Unreadable):
        read_uri("tel:+1415")


def test_an_offer_is_answered_with_one_codec() -> None:
    """And a hold with the other direction."""
    ours = sdp.Description("127.0.0.1", 4000)
    offer = ours.offer()
    assert b"m=audio 4000 RTP/AVP 0 8 101" in offer and b"o=- 1 1 " in offer
    theirs = offer.replace(b"0 8 101", b"18 8 0 96").replace(b":101", b":96")
    media = sdp.read(theirs.replace(b"a=sendrecv", b"a=sendonly"))
    assert sdp.Media("127.0.0.1", 4000, sdp.PCMA, 96, "sendonly") == media
    assert media.is_held
    answered = ours.answer(media)
    assert b"RTP/AVP 8 96" in answered and b"a=recvonly" in answered and b"o=- 1 2 " in answered
    with pytest.raises(sdp.NoCommonCodec):
        sdp.read(offer.replace(b"0 8 101", b"18"))


def frame(number: int) -> bytes:
    """Return 20 ms that can be told from others."""
    return bytes([number]) * audio.FRAME_BYTES


def heard(playout: rtp.Playout, *moments: float) -> list[int]:
    """Return the first byte of each frame, silence left out."""
    taken = [playout.take(at) for at in moments]
    return [one[0] for one in taken if one[0] != audio.SILENCE[0]]


def test_sound_is_heard_in_the_order_in_which_it_was_said() -> None:
    """Late, doubled and disordered packets change nothing of it, and two may listen."""
    playout = rtp.Playout()
    playout.take(0.0)
    start = (1 << 32) - 160
    for number in (1, 3, 2, 2, 4):
        playout.put(start + (number - 1) * 160 & 0xFFFFFFFF, frame(number))
    moments = [0.02 * n for n in range(1, 9)]
    assert [1, 2, 3, 4] == heard(playout, *moments)
    assert [1, 2, 3, 4] == heard(playout, *moments)
    assert [] == heard(playout, 0.18, 0.2)
    # Its moment is over, but nothing younger has been heard: all that follows is that much later.
    playout.put(start + 4 * 160 & 0xFFFFFFFF, frame(5))
    playout.put(start + 5 * 160 & 0xFFFFFFFF, frame(6))
    playout.put(start, frame(1))
    assert [5, 6] == heard(playout, *(0.22 + 0.02 * n for n in range(6)))


def test_a_delay_is_made_up_for_in_a_pause() -> None:
    """Half a second that the machine stood still costs nothing of what is said."""
    playout = rtp.Playout()
    playout.take(0.0)
    playout.put(0, frame(1))
    moments = [0.02 * n for n in range(1, 30)]
    assert [1] == heard(playout, *moments)
    said = [2, 3, 4, *[audio.SILENCE[0]] * 25, 5]
    # All of it at once, half a second late, as after a machine has stood still.
    for number, one in enumerate(said, start=1):
        playout.put(number * 160, frame(one))
    assert [2, 3, 4, 5] == heard(playout, *(0.6 + 0.02 * n for n in range(24)))


def test_whoever_begins_to_listen_hears_the_newest() -> None:
    """And a source that begins anew is heard at once."""
    playout = rtp.Playout()
    for number in range(100):
        playout.put(number * 160, frame(number))
    assert [99] == heard(playout, 5.0, 5.02, 5.04)
    playout.put(123456789, frame(7))
    assert [7] == heard(playout, *(5.06 + 0.02 * n for n in range(4)))


def test_a_law_and_mu_law_are_the_same_sound() -> None:
    """Each code stands for nearly what its translation does, and silence for silence."""
    codes = bytes(range(256))
    there_and_back = alaw.to_mulaw(alaw.from_mulaw(codes))
    for one, other in zip(audio.decode(codes), audio.decode(there_and_back), strict=True):
        assert abs(one - other) <= max(16, abs(one) // 16)
    # The first lines of ITU-T G.711's table 1a: the loudest and the softest positive value.
    loud, soft = audio.decode(alaw.to_mulaw(bytes([0xAA, 0xD5])))
    assert loud > 31000 and abs(soft) <= 8


def test_only_rtp_is_taken_for_rtp() -> None:
    """Extensions, contributors and padding are taken off."""
    head = struct.pack("!BBHIIIHHI", 0xB1, 0x80, 1, 2, 3, 4, 0, 1, 5)
    assert (0, 2, b"ab") == rtp.read(head + b"ab" + b"\x00\x02")
    assert rtp.read(b"\x00" * 40) is None


async def test_an_invite_is_told_with_the_call_that_it_becomes_or_with_none() -> None:
    """Nobody has a number for the call yet when it comes; one that is refused never gets one."""
    log = EventLog(Clock(), Mask())
    trace, hop = Trace(log), Hop("udp", LOOPBACK, 5070)
    for call_id, status in {"taken": 100, "refused": 404}.items():
        fields = Headers([("Call-ID", call_id), ("To", "<sip:1@x>"), ("CSeq", "1 INVITE")])
        trace.add("sip.received", Request("INVITE", "sip:1@x", fields), hop)
        trace.add("sip.sent", Response(status, "", fields), hop)
    trace.owned("taken", "call-1")
    told = [(event["call"], event["line"][:11]) for event in log.after()]
    assert [(None, "INVITE sip:"), (None, "SIP/2.0 404")] == told[:2]
    assert [("call-1", "INVITE sip:"), ("call-1", "SIP/2.0 100")] == told[2:]
