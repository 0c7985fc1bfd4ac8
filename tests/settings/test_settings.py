"""A wrong setting is one clear error that names the place, the key and the fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from escalate.errors import ConfigurationError
from escalate.handoff import Line
from escalate.settings import Settings, load_settings
from escalate.settings.lines import line_of
from escalate.transfer import Strategy

GOOD = """\
public_url = "https://bot.example.com/escalate"
stream_url = "wss://bot.example.com/ws"

[[destination]]
name = "support"
sip = "sip:queue-1@cc.example.com"
username = "queue1"
headers = { Skill = "billing" }

[[destination]]
name = "duty-phone"
phone = "+14155550199"
ring_s = 20
"""


FULL = " ".join(f"{name} = '{'x' * 120}'," for name in "ABCDEF")
"""As many headers as leave no room for another."""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLIVO_AUTH_ID", "MAXXXXXXXXXXXXXXXXXX")
    monkeypatch.setenv("PLIVO_AUTH_TOKEN", "secret-token")
    monkeypatch.setenv("ESCALATE_SIP_PASSWORD_SUPPORT", "correct-horse")
    monkeypatch.delenv("ESCALATE_CONFIG", raising=False)


def load(tmp_path: Path, text: str = GOOD) -> Settings:
    file = tmp_path / "escalate.toml"
    file.write_text(text)
    return load_settings(file)


def complaint(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, text)
    return str(raised.value).replace(str(tmp_path) + "/", "")


def test_a_good_file_is_read(tmp_path: Path) -> None:
    """Destinations in order, credentials from the environment, defaults for the rest."""
    settings = load(tmp_path)
    assert ["support", "duty-phone"] == [one.name for one in settings.destination]
    assert settings.destination[0].password is not None
    assert "correct-horse" == settings.destination[0].password.get_secret_value()
    assert 120 == settings.handoff.budget_s


def test_no_secret_is_ever_printed(tmp_path: Path) -> None:
    """Neither by repr nor by an error about something beside it."""
    shown = repr(load(tmp_path)) + complaint(tmp_path, GOOD.replace("queue1", "que ue"))
    assert "correct-horse" not in shown
    assert "secret-token" not in shown


@pytest.mark.parametrize(
    ("change", "to", "place", "fix"),
    [
        ("https://bot", "http://bot", "escalate.toml", "public_url has to begin with https://"),
        ("wss://bot", "ws://bot", "escalate.toml", "stream_url has to begin with wss://"),
        ("wss://bot", "tel://bot", "escalate.toml", "stream_url has to be a URL like wss://"),
        ('name = "support"', 'name = "sup port"', "escalate.toml:5: destination.0.name", "match"),
        ('username = "queue1"', "", "escalate.toml:4: destination.0", "add username"),
        ('sip = "sip:', 'phone = "+1415"\nsip = "sip:', "destination.0", "give either phone"),
        ("sip:queue-1@cc.example.com", "queue-1", "escalate.toml:6: destination.0.sip", "sip:"),
        ("+14155550199", "0800-HUMAN", "escalate.toml:12: destination.1.phone", "the country code"),
        ("Skill =", '"X-Skill" =', "escalate.toml:8: destination.0.headers", "Skill"),
        ("Skill =", '"PH-Skill" =', "escalate.toml:8: destination.0.headers", "PH-"),
        ("ring_s = 20", "ring_s = 500", "escalate.toml:13: destination.1.ring_s", "120"),
        ("ring_s = 20", "ringing_s = 20", "escalate.toml:13: destination.1.ringing_s", "spelling"),
        ("{ Skill", f"{{ {FULL} Skill", "escalate.toml:4: destination.0", "context = 'none'"),
        ("headers =", 'context = "uui"\nheaders =', "destination.0.context", "'uui-bare'"),
        ("[[destination]]", "[[destinations]]", "destination: Field required", "add a [[dest"),
        ("ring_s = 20", "ring_s = ", "escalate.toml", "line 13"),
        ('username = "queue1"', 'password = "x"', "escalate.toml:7: destination.0.pass", "ESCAL"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_its_fix(
    tmp_path: Path, change: str, to: str, place: str, fix: str
) -> None:
    """Whoever reads the message knows what to type."""
    message = complaint(tmp_path, GOOD.replace(change, to))
    assert place in message
    assert fix in message


def test_two_destinations_of_one_name_are_refused(tmp_path: Path) -> None:
    """A name says which one is meant, in the log and to the model."""
    twin = '[[destination]]\nname = "duty-phone"\nphone = "+14155550111"\n'
    message = complaint(tmp_path, GOOD + twin)
    assert "escalate.toml:4: destination: two destinations are called 'duty-phone'" in message


@pytest.mark.parametrize("key", ["PLIVO_AUTH_ID", "PLIVO_AUTH_TOKEN"])
def test_a_missing_credential_is_named(
    tmp_path: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account's credentials come from the environment alone."""
    monkeypatch.delenv(key)
    message = complaint(tmp_path, GOOD)
    assert key in message
    assert "set it in the environment" in message


def test_a_username_without_its_password_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable is made from the destination's name."""
    monkeypatch.delenv("ESCALATE_SIP_PASSWORD_SUPPORT")
    assert "ESCALATE_SIP_PASSWORD_SUPPORT" in complaint(tmp_path, GOOD)


def test_a_password_may_come_from_a_named_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mounted secret, for those who do not like variables."""
    monkeypatch.delenv("ESCALATE_SIP_PASSWORD_SUPPORT")
    (tmp_path / "sip-password").write_text("from-a-file\n")
    named = GOOD.replace(
        'username = "queue1"', 'username = "queue1"\npassword_file = "sip-password"'
    )
    password = load(tmp_path, named).destination[0].password
    assert password is not None
    assert "from-a-file" == password.get_secret_value()
    (tmp_path / "sip-password").unlink()
    assert "password_file: cannot be read" in complaint(tmp_path, named)


def test_all_destinations_may_be_called_at_once(tmp_path: Path) -> None:
    """Whoever is called first, the human or nobody."""
    parallel = GOOD + '\n[handoff]\nstrategy = "parallel"\n'
    assert Strategy.PARALLEL is load(tmp_path, parallel).handoff.strategy
    tiers = parallel.replace("ring_s = 20", "ring_s = 20\ntier = 2")
    assert [1, 2] == [route.tier for route in load(tmp_path, tiers).routes()]
    with pytest.raises(ConfigurationError, match="strategy = 'parallel' under"):
        load(tmp_path, tiers.replace('"parallel"', '"priority"'))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('mode = "cold"\nconsult_url = "https://a.example.com/x"', "use mode = 'warm'"),
        ('mode = "warm"\nconsult_url = "http://a.example.com/x"', "has to begin with https://"),
        ('mode = "warm"\nconsult_stream_url = "https://a.example.com"', "a URL like wss://"),
        (
            'mode = "warm"\nconsult_url = "https://a.example.com/x"\n'
            'consult_stream_url = "wss://a.example.com/x"',
            "not both",
        ),
        ('mode = "confirm"\nintroduce = true', "use mode = 'warm'"),
    ],
)
def test_what_is_for_humans_who_are_called_first_goes_with_that(
    tmp_path: Path, more: str, said: str
) -> None:
    """One of the two ways to consult them, over TLS."""
    text = f'caller_id = "+14155550100"\n{GOOD}\n[handoff]\n{more}\n'
    assert said in complaint(tmp_path, text)


def test_the_auth_token_does_not_belong_into_the_file(tmp_path: Path) -> None:
    """Files are committed."""
    message = complaint(tmp_path, 'plivo_auth_token = "oops"\n' + GOOD)
    assert "set PLIVO_AUTH_TOKEN instead" in message
    assert "oops" not in message


def test_no_other_secret_does_either(tmp_path: Path) -> None:
    """The key of the words, and a store's password."""
    assert "set ESCALATE_WORDS_KEY" in complaint(tmp_path, 'words_key = "oops"\n' + GOOD)
    url = 'store = "redis://:oops@localhost:6379/0"\n'
    message = complaint(tmp_path, url + GOOD)
    assert "escalate.toml:1: store: holds a password; set ESCALATE_STORE instead" in message
    assert "oops" not in message


def test_plain_http_is_for_this_machine_together_with_a_local_carrier(tmp_path: Path) -> None:
    """The local Plivo needs no certificates; the real one gets nothing else."""
    local = GOOD.replace("https://bot.example.com", "http://127.0.0.1:8000").replace(
        "wss://bot.example.com", "ws://localhost:8000"
    )
    assert "public_url has to begin with https" in complaint(tmp_path, local)
    settings = load(tmp_path, 'plivo_api = "http://127.0.0.1:9000"\n' + local)
    assert "http://127.0.0.1:8000/escalate" == settings.public_url


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deployment changes one thing without another file."""
    monkeypatch.setenv("ESCALATE_PUBLIC_URL", "https://other.example.com/escalate")
    monkeypatch.setenv("ESCALATE_HANDOFF__BUDGET_S", "45")
    settings = load(tmp_path)
    assert "https://other.example.com/escalate" == settings.public_url
    assert 45 == settings.handoff.budget_s


@pytest.mark.parametrize(
    ("table", "fix"),
    [
        ('language = "hi-IN"\nvoice = "MAN"', "use Polly.Aditi"),
        ('voice = "Polly.Nobody"', "no voice 'Polly.Nobody'"),
        ('conecting = "One moment."', "no sentence 'conecting': connecting"),
        ('ask = "Press {one}"', "it may hold {accept}, {decline}, {defer}"),
        ('connecting = "https://cdn.example.com/a.mp3"', "give its words"),
        ('[say.tlh]\ngoodbye = "Qapla"', "languages: ar, de, en"),
        ('[say.de]\nvoice = "Polly.Joanna"', "does not speak 'de'"),
    ],
)
def test_what_is_said_is_checked_before_anybody_hears_it(
    tmp_path: Path, table: str, fix: str
) -> None:
    """A sentence that does not exist, a voice that the carrier lacks: a pair would end the call."""
    message = complaint(tmp_path, f"{GOOD}[say]\n{table}\n")
    assert "escalate.toml:14: say" in message
    assert fix in message


def test_sentences_are_replaced_one_by_one_and_language_by_language(tmp_path: Path) -> None:
    """Those without a language are in the configured one; voices go by language, too."""
    say = load(
        tmp_path,
        GOOD + '[say]\nlanguage = "de"\nvoice = "MAN"\ngoodbye = "Tschau."\n'
        '[say.es]\ngoodbye = "Chao."\nvoice = "Polly.Lucia"\n',
    ).say
    heard = [say.spoken(Line.GOODBYE, language=one) for one in (None, "de-AT", "es-ES", "fr")]
    assert ["Tschau.", "Tschau.", "Chao."] == [one.text for one in heard[:3]]
    assert heard[3].text.endswith("Au revoir.")
    assert ["MAN", "MAN", "Polly.Lucia", "MAN"] == [one.voice.name for one in heard]
    assert "Un momento, por favor." == say.spoken(Line.ONE_MOMENT, language="es-ES").text
    british = load(tmp_path, GOOD + '[say]\nlanguage = "en-GB"\n').say
    assert "en-GB" == british.spoken(Line.GOODBYE, language="en").voice.language
    # A language that the bot speaks although the carrier has no voice for it.
    assert say.text(Line.CONNECTING, language="id-ID").startswith("Mohon tunggu")
    assert "Einen Moment, bitte." == say.spoken(Line.ONE_MOMENT, language="id-ID").text


@pytest.mark.parametrize(
    ("table", "secret", "fix"),
    [
        ('url = "https://crm.example.com/hook"', None, "set ESCALATE_WEBHOOK_SECRET"),
        ('url = "https://crm.example.com/hook"', "short", "at least 16 random characters"),
        ('url = "http://crm.example.com/hook"', "x" * 16, "begins with https://"),
        ('uri = "https://crm.example.com/hook"', "x" * 16, "mend its spelling"),
    ],
)
def test_a_webhook_is_private_and_signed(
    tmp_path: Path, table: str, secret: str | None, fix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What callers said goes there, and whoever listens has to know from whom it comes."""
    if secret is not None:
        monkeypatch.setenv("ESCALATE_WEBHOOK_SECRET", secret)
    message = complaint(tmp_path, f"{GOOD}[webhook]\n{table}\n")
    assert fix in message
    assert "short" not in message


def test_detection_is_configured_by_the_names_of_its_policy(tmp_path: Path) -> None:
    """Phrases arrive at the detector; a misspelt switch is refused."""
    settings = load(tmp_path, GOOD + '[detect]\nphrases = ["billing desk"]\nsilence_s = 0\n')
    assert ("billing desk",) == settings.detect.phrases
    assert "escalate.toml:14: detect" in complaint(tmp_path, GOOD + "[detect]\nphrase = []\n")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A path that was given must exist."""
    with pytest.raises(ConfigurationError, match=r"no\.toml: there is no such file"):
        load_settings(tmp_path / "no.toml")


def test_a_line_is_found_by_its_path() -> None:
    """The nearest table stands in for a key that is missing."""
    assert 6 == line_of(GOOD, ("destination", 0, "sip"))
    assert 10 == line_of(GOOD, ("destination", 1, "username"))
    assert 1 == line_of(GOOD, ("public_url",))
    assert line_of(GOOD, ("nowhere",)) is None


def test_hours_are_read_in_their_time_zone_and_refused_when_they_cannot_be(tmp_path: Path) -> None:
    """A destination is tried only while somebody is there."""
    office = 'ring_s = 20\nhours = ["Mon-Fri 09:00-17:30"]\ntime_zone = "Europe/Berlin"\n'
    hours = load(tmp_path, GOOD.replace("ring_s = 20\n", office)).destination[1].opening_hours()
    monday_noon_in_berlin = 1_767_610_800.0
    assert hours.is_open(monday_noon_in_berlin)
    assert not hours.is_open(monday_noon_in_berlin + 12 * 3600)
    message = complaint(tmp_path, GOOD.replace("ring_s = 20\n", 'hours = "Mon-Fry 9-5"\n'))
    assert "escalate.toml:10: destination.1" in message
    assert "Mon-Fry 9-5" in message


def test_one_wrong_destination_is_one_complaint(tmp_path: Path) -> None:
    """What follows from a mistake is not another one."""
    only = GOOD[: GOOD.index('[[destination]]\nname = "duty-phone"')]
    message = complaint(tmp_path, only.replace("sip:queue-1@cc.example.com", "queue-1"))
    assert 1 == len(message.splitlines())


def test_without_a_file_the_first_thing_said_is_that_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who started it in the wrong folder sees it at once."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as raised:
        load_settings()
    assert str(raised.value).startswith("escalate.toml: there is no such file here")
