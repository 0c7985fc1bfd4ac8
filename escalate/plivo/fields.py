"""The kinds of values in Plivo's documents and requests, each with its limits."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

_PASSWORD_LENGTH: Final = (8, 128)


def _password(password: SecretStr) -> SecretStr:
    """Return a SIP password that Plivo takes.

    Raises:
        ValueError: It is too short, too long or holds control characters; it is not repeated.
    """
    low, high = _PASSWORD_LENGTH
    if not low <= len(password) <= high:
        raise ValueError(f"a SIP password has {low} to {high} characters")
    if not password.get_secret_value().isprintable():
        raise ValueError("a SIP password must not hold control characters")
    return password


def check_pairing(username: str | None, password: SecretStr | None) -> None:
    """Accept both credentials or neither.

    Raises:
        ValueError: One of them is missing.
    """
    if (username is None) != (password is None):
        have, lack = ("password", "user name") if username is None else ("user name", "password")
        raise ValueError(f"a SIP {have} without a {lack}: give both or neither")


def _boolean(value: Any) -> Any:
    """Plivo knows "true" and "false"; pydantic would take "yes", "on" and 1 as well."""
    match value:
        case bool():
            return value
        case "true":
            return True
        case "false":
            return False
    raise ValueError("must be true or false")


def _integer(value: Any) -> Any:
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9]{1,9}", value):
            raise ValueError("must be a whole number")
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be a whole number")
    return value


# XML 1.0 section 2.2 has no way to write these, and a lone surrogate cannot be encoded.
_UNWRITABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_URL_CHARACTERS: Final = re.compile(r"[^\s\x00-\x20\x7f<>\"\\^`{|}]+")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def _host(url: str, schemes: tuple[str, ...]) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in schemes or not _URL_CHARACTERS.fullmatch(url):
        raise ValueError(f"must be an absolute URL that starts with {schemes[0]}://")
    _writable(url)
    return host


def _http_url(url: str) -> str:
    _host(url, ("https", "http"))
    return url


def _socket_url(url: str) -> str:
    host = _host(url, ("wss", "ws"))
    if url.startswith("ws:") and host not in _LOOPBACK:
        raise ValueError("must start with wss://: ws:// is for this machine only")
    return url


def _writable(text: str) -> str:
    if _UNWRITABLE.search(text):
        raise ValueError("must not hold control characters")
    return text


def _spoken(text: Any) -> Any:
    """Return words with what XML cannot hold taken out; blanks mean nothing to a voice."""
    return " ".join(_UNWRITABLE.sub(" ", text).split()) if isinstance(text, str) else text


Flag = Annotated[bool, BeforeValidator(_boolean)]
Whole = Annotated[int, BeforeValidator(_integer)]
Seconds = Annotated[Whole, Field(ge=1)]
Loop = Annotated[Whole, Field(ge=0)]
Method = Literal["GET", "POST"]
Url = Annotated[str, Field(max_length=2048), AfterValidator(_http_url)]
SocketUrl = Annotated[str, Field(max_length=2048), AfterValidator(_socket_url)]
Text = Annotated[str, AfterValidator(_writable)]
Words = Annotated[str, BeforeValidator(_spoken), Field(min_length=1)]
Key = Annotated[str, Field(pattern=r"\A[0-9*#]\z")]
FinishKey = Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#", "none", ""]
Tones = Annotated[str, Field(pattern=r"\A[0-9*#wW]{1,256}\z")]
DigitList = Annotated[str, Field(pattern=r"\A[0-9*#]{1,32}(,[0-9*#]{1,32}){0,63}\z")]
SipUsername = Annotated[str, Field(pattern=r"\A[^\s\x00-\x20\x7f<>\"\\,;]{1,128}\z")]
SipPassword = Annotated[SecretStr, AfterValidator(_password)]
CallerId = Annotated[str, Field(pattern=r"\A[A-Za-z0-9+@:._-]{1,128}\z")]
CallerName = Annotated[Text, Field(min_length=1, max_length=50, pattern=r"\A[^<>\"\\]*\z")]
