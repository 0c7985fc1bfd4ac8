"""Plivo's V3 signature: published and computed vectors, and what hostile input may do to it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalate.plivo.signature import sign_v3, verify_v3, verify_v3_websocket

TOKEN = "MjEyOWU5MGVlM2NjZDY1ZTNmZTU2NjZhZGNjMTc5"
NONCE = "12345678901234567890"
FIELDS = {
    "CallUUID": "97ceeb52-58b6-11e1-86da-77300b68f8bb",
    "From": "14155550100",
    "To": "14155550199",
    "Direction": "inbound",
    "CallStatus": "in-progress",
    "Event": "StartApp",
}
ANSWER = "https://example.com/answer/"
SIGNED = "8YAmK15VrRb2Q2ktcCi7g0xklGtUgpRg7L89tzfXJJg="

VECTORS = [
    ("POST", f"{ANSWER}?tenant=acme&x=1", FIELDS, "cwJ3siqI5g5ElpeQrVFtURNaiMCXjHAhWULp+Ov1ACA="),
    ("POST", ANSWER, FIELDS, SIGNED),
    ("POST", ANSWER, {}, "hbzKSodgVdVb9h+lDTur1zXCg9/AWhxBYIm6Ggt/X/A="),
    ("GET", ANSWER, {}, "hbzKSodgVdVb9h+lDTur1zXCg9/AWhxBYIm6Ggt/X/A="),
    ("POST", f"{ANSWER}?b=2&a=1", {}, "p+LGX57en8k2ZPjhx/iuuuj0Hqe+ArI3Vipk/LyeDMM="),
    ("GET", f"{ANSWER}?b=2&a=1", {}, "p+LGX57en8k2ZPjhx/iuuuj0Hqe+ArI3Vipk/LyeDMM="),
    ("GET", ANSWER, FIELDS, "WgnmvZGxzvqRxhrmsY7FzD86VpCgztrljX0KQLJZPaw="),
    (
        "GET",
        "http://bot.example.com/ws?token=abc",
        {},
        "lUVcbhZh02Mf2rT5cQCMR5UzgaN7Isu08PWGuQEVA4M=",
    ),
    (
        "GET",
        f"{ANSWER}?From=%2B14155550100&note=a%20b",
        {},
        "50lNgLHe/TjPyupL4CThGCKwXjuxWgNdNJJnJf09o48=",
    ),
    (
        "POST",
        "https://example.com:8443/a/#ct=2000&rt=5000",
        {"Speech": "h\u00e9llo", "Digits": ""},
        "6cNhKt4hHJfheDb/KUTMizDPLNLCVEtl+2JLyOIEp3g=",
    ),
    (
        "POST",
        "https://example.com/a/",
        {"K": ["b", "a"]},
        "pG8yk1fhwzv5jao3VoHApWdcyQzgOuBppvVWinh7fXI=",
    ),
]

PLIVOS_TOKEN = "Y2Q2ZDgxZmY5YWRiOTI5YmQ1Njg0MTAxZWIyOTc4"
PLIVOS_NONCE = "31627761595286130198"
_LEG = "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"
PLIVOS_FIELDS = {
    "Direction": "outbound",
    "From": "19792014278",
    "ALegUUID": _LEG,
    "CallUUID": _LEG,
    "RequestUUID": _LEG,
    "ALegRequestUUID": _LEG,
    "CallStatus": "in-progress",
    "BillRate": "0.002",
    "ParentAuthID": "MANWVLYTK4ZWU1YTY4QA",
    "To": "sip:PlivoSignature382029104058171078704104@phone-qa.voice.plivodev.com",
    "SIP-H-To": "<sip:PlivoSignature382029104058171078704104@52.9.11.55;transport=udp>;tag=1",
    "SessionStart": "2020-04-08 11:34:33.238707",
    "Event": "StartApp",
}
_PLIVOS_URL = "https://plivobin.non-prod.plivops.com/api/v1/validate_signature03.xml"
PLIVOS_VECTORS = [
    ("POST", f"{_PLIVOS_URL}/?a=b&c=d", "k7Pusd4OxCIjR5IfA9iedDNu/h/gbdYqdzG/MiYtd1c="),
    ("GET", f"{_PLIVOS_URL}/?a=b&c=d", "UBq8jAtd32wR8EK9VgxbBn4n5rpI/l1H9iN4WfSEHFQ="),
    ("POST", _PLIVOS_URL, "iAjE5QqI37mbkYe4w3jTMudqEzbDufdqi7sYwTu64e0="),
    ("GET", _PLIVOS_URL, "i/MQsaQSAd6fiKhOh2qeeeLHZ9faldADSb3/7+Akfbc="),
]


def verify(
    header: str | None = SIGNED, nonce: str | None = NONCE, tokens: tuple[str, ...] = (TOKEN,)
) -> bool:
    """Verify the second vector, with one thing about it changed."""
    return verify_v3(
        "POST", ANSWER, FIELDS, signature_header=header, nonce=nonce, auth_tokens=tokens
    )


@pytest.mark.parametrize(("method", "url", "params", "signature"), VECTORS)
def test_signature_equals_that_of_plivos_sdk(
    method: str, url: str, params: dict[str, str | list[str]], signature: str
) -> None:
    """Each way to combine method, query and body signs like Plivo's Python SDK does."""
    assert signature == sign_v3(method, url, params, auth_token=TOKEN, nonce=NONCE)


@pytest.mark.parametrize(("method", "url", "signature"), PLIVOS_VECTORS)
def test_signature_equals_plivos_published_vectors(method: str, url: str, signature: str) -> None:
    """The vectors in the test suite of Plivo's Go SDK hold."""
    assert signature == sign_v3(
        method, url, PLIVOS_FIELDS, auth_token=PLIVOS_TOKEN, nonce=PLIVOS_NONCE
    )


@given(
    path=st.text("abc/-_.;~%41", max_size=12),
    query=st.lists(st.tuples(st.text("ab+", max_size=3), st.text("x+=%41", max_size=5))),
    params=st.dictionaries(
        st.text(min_size=1, max_size=5),
        st.text(max_size=8) | st.lists(st.text(max_size=3), min_size=1, max_size=3),
        max_size=4,
    ),
    method=st.sampled_from(["GET", "POST"]),
)
def test_signature_agrees_with_the_installed_sdk(
    sdk: Any,
    path: str,
    query: list[tuple[str, str]],
    params: dict[str, str | list[str]],
    method: str,
) -> None:
    """What Plivo's SDK validates is what we compute, for any path, query and form."""
    url = f"https://example.com/{path}?" + "&".join(f"{key}={value}" for key, value in query)
    signature = sign_v3(method, url, params, auth_token=TOKEN, nonce=NONCE)
    assert sdk.utils.validate_v3_signature(method, url, NONCE, TOKEN, signature, dict(params))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_field_in_both_query_and_form_is_signed_like_the_sdk_does(sdk: Any, method: str) -> None:
    """A GET signs the query's value of such a field, a POST signs both."""
    url, params = f"{ANSWER}?To=query", {"To": "form"}
    signature = sign_v3(method, url, params, auth_token=TOKEN, nonce=NONCE)
    assert sdk.utils.validate_v3_signature(method, url, NONCE, TOKEN, signature, dict(params))


def test_any_signature_of_any_token_is_enough() -> None:
    """While tokens are rotated, one right signature among several is valid, blanks or not."""
    assert verify(f"AAAA, {SIGNED} ,BBBB", tokens=("old", TOKEN))


@pytest.mark.parametrize(
    ("header", "nonce", "tokens"),
    [
        (None, NONCE, (TOKEN,)),
        ("", NONCE, (TOKEN,)),
        (SIGNED, None, (TOKEN,)),
        (SIGNED, "", (TOKEN,)),
        (SIGNED, "1", (TOKEN,)),
        (SIGNED, NONCE, ()),
        (SIGNED, NONCE, ("other",)),
        (SIGNED[:-4], NONCE, (TOKEN,)),
        (SIGNED.swapcase(), NONCE, (TOKEN,)),
        ("\u00e9\udcff", NONCE, (TOKEN,)),
        (SIGNED, "\udcff", (TOKEN,)),
    ],
)
def test_wrong_or_missing_parts_are_not_valid(
    header: str | None, nonce: str | None, tokens: tuple[str, ...]
) -> None:
    """A signature is valid only with its own nonce and token, and whole."""
    assert not verify(header, nonce, tokens)


def test_empty_token_verifies_nothing() -> None:
    """A signature made with an empty token, which anybody can make, is not valid."""
    forged = sign_v3("POST", ANSWER, FIELDS, auth_token="", nonce=NONCE)
    assert not verify(forged, tokens=("",))


@pytest.mark.parametrize("field", ["From", "CallUUID", "Event"])
def test_changed_field_breaks_the_signature(field: str) -> None:
    """A body with one field changed is not the one that was signed."""
    changed = {**FIELDS, field: "x"}
    assert not verify_v3(
        "POST", ANSWER, changed, signature_header=SIGNED, nonce=NONCE, auth_tokens=[TOKEN]
    )


@given(
    method=st.text(max_size=6),
    url=st.text(max_size=40) | st.just("http://[::1/"),
    params=st.dictionaries(st.text(), st.text() | st.lists(st.text())),
    header=st.text(),
    nonce=st.text(),
)
def test_hostile_input_is_invalid_and_never_raises(
    method: str, url: str, params: dict[str, str | list[str]], header: str, nonce: str
) -> None:
    """Whatever a stranger sends is answered with False."""
    assert not verify_v3(
        method, url, params, signature_header=header, nonce=nonce, auth_tokens=[TOKEN]
    )
    assert not verify_v3_websocket(url, signature_header=header, nonce=nonce, auth_tokens=[TOKEN])


def test_unsigned_methods_are_refused() -> None:
    """Plivo signs GET and POST alone; to sign anything else is a mistake of ours."""
    with pytest.raises(ValueError, match="GET and POST"):
        sign_v3("PUT", ANSWER, {}, auth_token=TOKEN, nonce=NONCE)


@pytest.mark.parametrize("scheme", ["wss", "ws", "https", "http"])
def test_websocket_may_be_signed_under_any_scheme(scheme: str) -> None:
    """An upgrade to a wss address is valid if its URL was signed as wss, ws, https or http."""
    signature = sign_v3(
        "GET", f"{scheme}://bot.example.com/ws?token=abc", {}, auth_token=TOKEN, nonce=NONCE
    )
    for served in ("wss", "http"):
        assert verify_v3_websocket(
            f"{served}://bot.example.com/ws?token=abc",
            signature_header=signature,
            nonce=NONCE,
            auth_tokens=[TOKEN],
        )


def test_websocket_of_another_host_is_not_valid() -> None:
    """The scheme may differ, the rest of the address may not."""
    signature = sign_v3("GET", "wss://bot.example.com/ws", {}, auth_token=TOKEN, nonce=NONCE)
    assert not verify_v3_websocket(
        "wss://evil.example.com/ws",
        signature_header=signature,
        nonce=NONCE,
        auth_tokens=[TOKEN],
    )
