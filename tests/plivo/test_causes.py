"""Hangup causes, dial statuses and SIP responses all mean something to us."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate.handoff.sentences import Line, Sentences
from escalate.plivo.causes import CAUSES, DialStatus, HangupSource, hangup_source, reason_for
from escalate.plivo.meanings import meaning_of, page
from escalate.plivo.xml.voices import LANGUAGES
from escalate.values import Outcome, Reason

DOCUMENTED = {
    *(0, 1000, 1010, 1020, 2000, 2010, 2020, 2030, 2040, 2050, 2060, 2070),
    *(3000, 3010, 3020, 3030, 3040, 3050, 3070, 3080, 3090, 3100, 3110, 3120, 3130, 3140),
    *(4000, 4010, 4020, 4030, 4240, 4250, 5000, 5010, 5020, 5030, 6000, 6010, 6020),
    *(7011, 7012, 7013, 7014, 7022, 7023, 7024, 7032, 7033, 7034),
    *(8011, 8012, 8013, 8014, 9000, 9100, 9110),
}


def test_table_holds_every_documented_code() -> None:
    """The codes of Plivo's page are all there, and no others."""
    assert DOCUMENTED == CAUSES.keys()


@pytest.mark.parametrize("code", sorted(DOCUMENTED - {0}))
def test_every_documented_cause_has_a_reason(code: int) -> None:
    """Each code means something, as a number, as a string and by its name."""
    reason = reason_for(cause_code=code)
    assert Reason.UNKNOWN is not reason
    assert reason == reason_for(cause_code=str(code)) == reason_for(cause_name=CAUSES[code])


@pytest.mark.parametrize("status", DialStatus)
def test_every_dial_status_has_a_reason(status: DialStatus) -> None:
    """No documented status alone leaves us guessing."""
    assert Reason.UNKNOWN is not reason_for(status=status)


@pytest.mark.parametrize("code", range(200, 700))
def test_every_final_sip_response_has_a_reason(code: int) -> None:
    """A SIP response that is not listed counts as its class does."""
    assert Reason.UNKNOWN is not reason_for(sip_code=code)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        # The rows of the "Transfer to a human agent" page.
        (Reason.SIP_AUTH_FAILED, {"status": "failed", "cause_name": "sip_auth_failed"}),
        (Reason.SIP_AUTH_FAILED, {"status": "failed", "cause_code": "4240"}),
        (Reason.SIP_AUTH_TIMEOUT, {"status": "timeout", "cause_name": "SIP_AUTH_TIMEOUT"}),
        (Reason.SIP_AUTH_TIMEOUT, {"status": "timeout", "cause_code": "4250"}),
        (Reason.NO_ANSWER, {"status": "no-answer"}),
        (Reason.BUSY, {"status": "busy"}),
        # Authentication is recognised wherever it is named.
        (Reason.SIP_AUTH_FAILED, {"cause_code": "5020", "cause_name": "sip_auth_failed"}),
        (Reason.SIP_AUTH_FAILED, {"cause_name": "CALL_REJECTED", "sip_code": 407}),
        # The code knows more than the name, the name more than the status.
        (Reason.NOT_CONFIRMED, {"cause_code": "9110", "cause_name": "NORMAL_CLEARING"}),
        (Reason.DECLINED, {"status": "failed", "cause_name": "CALL_REJECTED"}),
        (Reason.BUSY, {"status": "failed", "sip_code": "486"}),
        (Reason.BUSY, {"status": "busy", "cause_code": "0", "cause_name": "no idea"}),
        # A leg that was cleared or cancelled did not therefore reach anybody.
        (Reason.NO_ANSWER, {"status": "no-answer", "cause_name": "NORMAL_CLEARING"}),
        (Reason.NO_ANSWER, {"status": "timeout", "cause_name": "ORIGINATOR_CANCEL"}),
        (Reason.NO_ANSWER, {"status": "timeout", "cause_code": "1000"}),
        (Reason.COMPLETED, {"status": "completed", "cause_code": 4000}),
        (Reason.COMPLETED, {"cause_name": "NORMAL_CLEARING"}),
        (Reason.UNKNOWN, {}),
        (Reason.UNKNOWN, {"status": "on-fire", "cause_code": "12", "sip_code": "x"}),
    ],
)
def test_most_specific_information_wins(reason: Reason, said: dict[str, str | int]) -> None:
    """Of several things that are said about one ending, the most specific decides."""
    assert reason is reason_for(**said)  # type: ignore[arg-type]


@given(
    status=st.none() | st.text(),
    name=st.none() | st.text(),
    code=st.none() | st.integers() | st.text(),
    sip=st.none() | st.integers() | st.text(),
)
def test_reason_is_total(
    status: str | None, name: str | None, code: int | str | None, sip: int | str | None
) -> None:
    """Anything at all has a reason."""
    found = reason_for(status=status, cause_name=name, cause_code=code, sip_code=sip)
    assert isinstance(found, Reason)


@pytest.mark.parametrize("spelling", ["NO_ANSWER", "no-answer", "No Answer", " no answer "])
def test_names_are_read_in_any_spelling(spelling: str) -> None:
    """Case, hyphens, underscores and blanks make no difference."""
    assert Reason.NO_ANSWER is reason_for(cause_name=spelling)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (HangupSource.CALLEE, "Callee"),
        (HangupSource.CALLEE, "Call recipient"),
        (HangupSource.API_REQUEST, "api_request"),
        (HangupSource.ANSWER_XML, "Answer XML"),
        (HangupSource.UNKNOWN, "the moon"),
        (HangupSource.UNKNOWN, None),
    ],
)
def test_hangup_source_is_read_in_both_spellings(source: HangupSource, text: str | None) -> None:
    """The page and the API spell sources differently; both are understood."""
    assert source is hangup_source(text)


# --- what it comes to -----------------------------------------------------------------------------

SAID: tuple[dict[str, Any], ...] = (
    *({"cause_code": code} for code in sorted(DOCUMENTED)),
    *({"cause_name": CAUSES[code]} for code in sorted(DOCUMENTED)),
    *({"status": status} for status in DialStatus),
    *({"sip_code": code} for code in range(300, 700)),
)


def test_every_documented_ending_has_an_outcome_a_sentence_and_an_alert() -> None:
    """Nothing that Plivo documents leaves open how it goes on; what is broken is not retried."""
    english = Sentences("en", voices=LANGUAGES)
    for said in SAID:
        told = meaning_of(**said)
        assert told.reason is reason_for(**said), said
        assert not (told.alert and told.retryable), said
        assert (told.outcome is Outcome.CONNECTED) is (told.reason is Reason.COMPLETED), said
        assert english.say(Line.GOODBYE, reason=told.reason).text, said


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({"cause_code": 4240}, ("returned", "sip_auth_failed", False, "technical", True)),
        ({"cause_code": 4250}, ("returned", "sip_auth_timeout", True, "technical", False)),
        ({"status": "no-answer"}, ("returned", "no_answer", True, "no_answer", False)),
        ({"status": "busy"}, ("returned", "busy", True, "busy", False)),
        ({"status": "completed"}, ("connected", "completed", False, "other", False)),
        ({"cause_code": 3030}, ("returned", "not_permitted", False, "technical", True)),
        ({"cause_code": 9110}, ("returned", "not_confirmed", False, "no_answer", False)),
        ({"sip_code": 603}, ("returned", "declined", False, "busy", False)),
        ({"cause_code": 1000}, ("caller_left", "cancelled", False, "other", False)),
        ({"cause_code": 12345}, ("returned", "unknown", False, "other", False)),
    ],
)
def test_what_an_ending_means(said: dict[str, Any], meant: tuple[object, ...]) -> None:
    """Outcome, reason, whether to try again, what the caller hears, and who is told."""
    assert meant == meaning_of(**said)


def test_the_page_of_meanings_is_written_from_the_tables() -> None:
    """`python -m escalate.plivo.meanings > escalate/plivo/meanings.md` writes it anew."""
    assert page() == files("escalate.plivo").joinpath("meanings.md").read_text()
