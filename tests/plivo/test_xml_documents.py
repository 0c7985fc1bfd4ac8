"""Documents survive the way to text and back, and nothing breaks out of its place."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from escalate.errors import ConfigurationError
from escalate.plivo.urls import with_retries
from escalate.plivo.xml import (
    DTMF,
    MAX_BYTES,
    Conference,
    Dial,
    GetDigits,
    GetInput,
    Hangup,
    Message,
    MultiPartyCall,
    Number,
    Play,
    PreAnswer,
    Record,
    Redirect,
    Response,
    Speak,
    Stream,
    User,
    Wait,
    parse,
    render,
)
from escalate.plivo.xml.voices import LANGUAGES

PAIRS = [(voice, language) for voice, spoken in LANGUAGES.items() for language in spoken]

flags = st.booleans()
methods = st.sampled_from(["GET", "POST"])
seconds = st.integers(1, 86_400)
urls = st.sampled_from(
    [
        "https://a.example/x?b=1&c=%20'd'",
        with_retries("https://a.example/\u00fc?x=1&amp=2"),
        "http://127.0.0.1:8000/",
    ]
)
maybe_url = st.none() | urls
maybe_keys = st.none() | st.from_regex(r"[0-9*#wW]{1,8}", fullmatch=True)
digit_lists = st.none() | st.sampled_from(["1", "12,34,#", "*"])
headers = st.none() | st.dictionaries(
    st.from_regex(r"[A-Z][a-z0-9]{0,5}X", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9%]{1,20}", fullmatch=True),
    min_size=1,
    max_size=3,
)
words = st.text(min_size=1).filter(lambda text: any(char.isalnum() for char in text))
shown = st.text(st.characters(exclude_categories=("C", "Z")), min_size=8, max_size=128)
printable = shown.map(SecretStr)

plays = st.builds(Play, url=urls, loop=st.integers(0, 9))
speaks = st.tuples(words, st.sampled_from(PAIRS), st.integers(0, 9)).map(
    lambda drawn: Speak(text=drawn[0], voice=drawn[1][0], language=drawn[1][1], loop=drawn[2])
)
beeps = flags | st.just("duration=300,inter_silence=50,intra_silence=500,threshold=256")
waits = st.builds(Wait, length=seconds, beep=beeps) | st.builds(
    Wait, silence=st.just(True), min_silence=st.none() | st.integers(1, 9999)
)
prompts = st.lists(plays | speaks | waits, max_size=3).map(tuple)
numbers = st.builds(
    Number,
    number=st.sampled_from(["14155550100", "+442071838750"]),
    send_digits=maybe_keys,
    send_on_preanswer=flags,
    send_digits_mode=st.sampled_from([None, "rfc2833"]),
    sip_headers=headers,
)
plain_users = st.builds(
    User,
    uri=st.just("sip:queue-1@cc.example:5080;transport=tls"),
    send_digits=maybe_keys,
    send_on_preanswer=flags,
    sip_headers=headers,
)
users = plain_users | st.builds(
    User,
    uri=st.just("sip:a&b='c'@cc.example"),
    sip_auth_username=st.sampled_from(["desk", "a&b='c'@d", "\u00fcser"]),
    sip_auth_password=printable,
)
dials = st.builds(
    Dial,
    children=st.lists(numbers | users, min_size=1, max_size=3).map(tuple),
    action=maybe_url,
    method=methods,
    timeout=seconds,
    time_limit=seconds,
    caller_id=st.none() | st.sampled_from(["14155550100", "desk@cc.example"]),
    caller_name=st.none() | st.sampled_from(["Anna & Co", "\u0141ukasz"]),
    hangup_on_star=flags,
    redirect=flags,
    callback_url=maybe_url,
    callback_method=methods,
    confirm_sound=urls,
    confirm_key=st.none() | st.sampled_from("0123456789*#"),
    confirm_timeout=seconds,
    dial_music=maybe_url | st.just("real"),
    digits_match=digit_lists,
    digits_match_b_leg=digit_lists,
    sip_headers=headers,
    call_type=st.sampled_from(["voice", "whatsapp"]),
)
streams = st.builds(
    Stream,
    url=st.sampled_from(["wss://bot.example/media?a=1&b=2", "ws://127.0.0.1:1/"]),
    bidirectional=flags,
    keep_call_alive=flags,
    content_type=st.sampled_from(["audio/x-mulaw;rate=8000", "audio/x-l16;rate=16000"]),
    stream_timeout=seconds,
    status_callback_url=maybe_url,
    status_callback_method=methods,
    extra_headers=headers,
    noise_cancellation=flags,
    noise_cancellation_level=st.integers(60, 100),
) | st.builds(
    Stream, url=st.just("wss://b.example"), audio_track=st.sampled_from(["outbound", "both"])
)
finish_keys = st.sampled_from(["#", "*", "5", "none", ""])
get_digits = st.builds(
    GetDigits,
    children=prompts,
    action=maybe_url,
    timeout=seconds,
    digit_timeout=seconds,
    num_digits=st.integers(1, 99),
    finish_on_key=finish_keys,
    retries=st.integers(1, 9),
    redirect=flags,
    play_beep=flags,
    valid_digits=st.sampled_from(["12", "1234567890*#"]),
    invalid_digits_sound=maybe_url,
    log=flags,
)
get_inputs = st.builds(
    GetInput,
    children=prompts,
    action=urls,
    input_type=st.sampled_from(["dtmf", "speech", "dtmf speech"]),
    execution_timeout=st.integers(5, 60),
    digit_end_timeout=st.just("auto") | st.integers(2, 10),
    speech_end_timeout=st.just("auto") | st.integers(2, 10),
    finish_on_key=finish_keys,
    speech_model=st.sampled_from(["default", "phone_call"]),
    hints=st.none() | st.just("yes,no & maybe"),
    interim_speech_results_callback=maybe_url,
)
records = st.builds(
    Record,
    action=maybe_url,
    file_format=st.sampled_from(["mp3", "wav"]),
    timeout=seconds,
    max_length=seconds,
    finish_on_key=finish_keys,
    record_session=flags,
    record_channel_type=st.sampled_from([None, "mono", "stereo"]),
    transcription_type=st.sampled_from([None, "auto", "hybrid"]),
    transcription_url=maybe_url,
    callback_url=maybe_url,
)
conferences = st.builds(
    Conference,
    room=st.just("room-1.a_b"),
    muted=flags,
    enter_sound=st.sampled_from(["", "beep:1", "https://a.example/"]),
    stay_alone=flags,
    end_conference_on_exit=flags,
    max_members=st.integers(1, 20),
    relay_dtmf=flags,
    wait_sound=maybe_url,
    digits_match=digit_lists,
)
parties = st.builds(
    MultiPartyCall,
    name=st.sampled_from(["room-1", "support <desk> & co"]),
    role=st.sampled_from(["agent", "Customer", "Supervisor"]),
    max_duration=st.integers(300, 28_800),
    wait_time=st.none() | st.integers(0, 1800),
    enter_sound=st.sampled_from(["beep:1", "none", "https://a.example/"]),
    status_callback_url=maybe_url,
    relay_dtmf_inputs=flags,
) | st.builds(
    MultiPartyCall,
    name=st.just("room"),
    role=st.just("ai-agent"),
    ai_agent_stream_service_url=st.just("wss://bot.example/a?b=1&c=2"),
    ai_agent_stream_extra_headers=headers,
)
early = st.one_of(
    st.builds(PreAnswer, children=st.lists(plays | speaks | waits, min_size=1).map(tuple)),
    st.builds(DTMF, digits=st.just("1w*#"), async_=st.none() | flags),
    st.builds(Message, text=shown, dst=st.just("1415<49")),
)
steps = st.one_of(
    parties,
    early,
    plays,
    speaks,
    waits,
    dials,
    streams,
    get_digits,
    get_inputs,
    records,
    conferences,
    st.builds(Redirect, url=urls, method=methods),
    st.builds(
        Hangup,
        reason=st.sampled_from([None, "rejected", "busy"]),
        schedule=st.none() | seconds,
    ),
)
responses = st.lists(steps, min_size=1, max_size=4).map(
    lambda found: Response(children=tuple(found))
)


@given(responses)
def test_documents_survive_the_round_trip(response: Response) -> None:
    """What is parsed from a rendered document is that document, and renders the same."""
    text = render(response)
    assert response == parse(text)
    assert text == render(parse(text))


@given(st.text())
def test_words_of_a_caller_never_break_out(said: str) -> None:
    """Whatever is said, the document holds one Speak and one Hangup, and the words are text."""
    speak = Speak(text=f"you said {said}")
    root = ElementTree.fromstring(render(Response(children=(speak, Hangup()))))
    assert ["Speak", "Hangup"] == [child.tag for child in root]
    assert speak.text == root[0].text


@pytest.mark.parametrize(
    "said",
    [
        "</Speak><Dial><Number>19005550100</Number></Dial><Speak>",
        "]]><Hangup/>",
        "<!-- --><!DOCTYPE x>",
        "&lt;Hangup/&gt; &amp;",
        "\" loop='9",
    ],
)
def test_markup_that_is_said_is_spoken(said: str) -> None:
    """Markup in what a caller says is words like any others."""
    response = Response(children=(Speak(text=said),))
    assert response == parse(render(response))


def test_password_stands_in_the_document_and_nowhere_else() -> None:
    """The carrier gets the password in clear; reprs and dumps of the models do not."""
    user = User(
        uri="sip:a@b.example", sip_auth_username="desk", sip_auth_password=SecretStr("<&>'\"x12")
    )
    response = Response(children=(Dial(children=(user,)),))
    root = ElementTree.fromstring(render(response))
    assert "<&>'\"x12" == root[0][0].attrib["sipAuthPassword"]
    assert "x12" not in repr(response) + str(response.model_dump()) + response.model_dump_json()


def test_document_is_written_the_same_every_time() -> None:
    """One document, one text: byte by byte what Plivo gets when it asks again."""
    assert (
        "<Response>\n"
        '  <Dial action="https://a.example/done?a=1&amp;b=2" method="POST" timeout="25" '
        'callerId="14155550100" redirect="true">\n'
        '    <User sipAuthUsername="queue1" sipAuthPassword="12345678" '
        'sipHeaders="Skill=billing,Ticket=7">sip:queue-1@cc.example</User>\n'
        "  </Dial>\n"
        "</Response>"
    ) == render(
        Response(
            children=(
                Dial(
                    timeout=25,
                    caller_id="14155550100",
                    action="https://a.example/done?a=1&b=2",
                    children=(
                        User(
                            uri="sip:queue-1@cc.example",
                            sip_headers={"Skill": "billing", "Ticket": "7"},
                            sip_auth_username="queue1",
                            sip_auth_password=SecretStr("12345678"),
                        ),
                    ),
                ),
            )
        )
    )


BOMB = '<!DOCTYPE x [<!ENTITY a "ha">]><Response><Speak>&a;</Speak></Response>'


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        (BOMB, "DOCTYPE"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><Response><Hangup/></Response>', "DOCTYPE"),
        ("<Response><Speak>&a;</Speak></Response>", "well-formed"),
        ("", "well-formed"),
        ("OK", "well-formed"),
        ("<Response><Hangup></Response>", "well-formed"),
        ("\ud800", "well-formed"),
        ("<response><Hangup/></response>", "root"),
        ('<Response xmlns="x"><Hangup/></Response>', "root"),
        ("<Response><Say>hi</Say></Response>", "unknown element 'Say'"),
        ("<Response><hangup/></Response>", "unknown element"),
        ("<Response><Number>14155550100</Number></Response>", "cannot stand in Response"),
        ("<Response><Speak>a<Hangup/></Speak></Response>", "cannot stand in Speak"),
        ("<Response><Speak>a<break/></Speak></Response>", "unknown element"),
        ("<Response>text<Hangup/></Response>", "no text"),
        ("<Response><Hangup/>text</Response>", "no text"),
        ("<Response><Hangup>now</Hangup></Response>", "no text"),
        ('<Response><Redirect url="https://a.example">x</Redirect></Response>', "attribute url"),
        ('<Response children="1"><Hangup/></Response>', "attribute children"),
        ("<Response>" + "<GetDigits>" * 4000 + "</GetDigits>" * 4000 + "</Response>", "stand"),
        ("<Response><Speak>" + "a" * MAX_BYTES + "</Speak></Response>", "exceed"),
    ],
)
def test_what_is_no_document_is_refused(text: str, fix: str) -> None:
    """Malformed, hostile and misplaced XML is one clear error."""
    with pytest.raises(ConfigurationError, match=fix):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "<Response/>",
        "<Response><Dial/></Response>",
        "<Response><Speak/></Response>",
        "<Response><Hangup when='now'/></Response>",
        "<Response><Dial Timeout='3'><Number>14155550100</Number></Dial></Response>",
        "<Response><Dial time_limit='3'><Number>14155550100</Number></Dial></Response>",
        "<Response><Dial timeout='soon'><Number>14155550100</Number></Dial></Response>",
        "<Response><Dial redirect='no'><Number>14155550100</Number></Dial></Response>",
        "<Response><Dial><Number></Number></Dial></Response>",
    ],
)
def test_wrong_attributes_and_bodies_are_refused(text: str) -> None:
    """Names are case-sensitive, values typed, bodies there."""
    with pytest.raises(ValidationError):
        parse(text)


def test_errors_about_a_document_do_not_show_its_password() -> None:
    """A document with one mistake and one password gives an error with the mistake alone."""
    user = "<User sipAuthUsername='a' sipAuthPassword='open-sesame'{}>sip:a@b.example</User>"
    short = "<User sipAuthPassword='open-sesame'>sip:a@b.example</User>"
    for wrong in (user.format(" loop='1'"), user.format(" bad"), user.format("/"), short):
        with pytest.raises((ConfigurationError, ValidationError)) as refused:
            parse(f"<Response><Dial>{wrong}</Dial></Response>")
        assert "open-sesame" not in str(refused.value) + repr(refused.value)
        if isinstance(refused.value, ValidationError):
            assert "open-sesame" not in str(refused.value.errors())


def test_document_larger_than_plivo_reads_is_not_sent() -> None:
    """A document of more than 100 KB would end the call, so it is refused before."""
    speak = Speak(text="a" * 20_000)
    with pytest.raises(ConfigurationError, match="say less"):
        render(Response(children=(speak,) * 6))


def test_pretty_printed_document_is_read() -> None:
    """Blanks around bodies and a declaration are how other tools write documents."""
    text = "<Response>\n <Dial>\n  <Number>\n 14155550100 </Number>\n </Dial>\n</Response>"
    response = Response(children=(Dial(children=(Number(number="14155550100"),)),))
    assert response == parse(f"<?xml version='1.0'?>\n{text}\n")
