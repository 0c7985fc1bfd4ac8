"""What every element of a Plivo document has in common, and the kinds of values in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from escalate.plivo.headers import format_headers


class Marker:
    """A note on a field about where or when it is written. Compared by identity."""


BODY: Final = Marker()
"""The field is the text between the tags."""

CHILDREN: Final = Marker()
"""The field holds the elements between the tags."""

ALWAYS: Final = Marker()
"""The attribute is written even at its default, since sources disagree on what that is."""


class Element(BaseModel):
    """An element of Plivo XML. Frozen; attributes are fields in snake case.

    Errors are pydantic's `ValidationError`; they name the attribute and the fix. Neither they nor
    `repr` show a text that was given, which may be a number, a password or somebody's words.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
        str_max_length=20_000,
        validate_default=True,
    )

    tag: ClassVar[str]
    holds: ClassVar[tuple[str, ...]] = ()
    """The names of the elements that may stand in this one."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Name the element after its class."""
        super().__init_subclass__(**options)
        cls.tag = cls.__name__

    @field_validator("children", mode="before", check_fields=False)
    @classmethod
    def _children_may_stand_here(cls, children: Any) -> Any:
        for child in children if isinstance(children, (list, tuple)) else ():
            if isinstance(child, Element) and child.tag not in cls.holds:
                raise ValueError(
                    f"{child.tag} cannot stand in {cls.tag}; allowed: {', '.join(cls.holds)}"
                )
        return children

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Show what was set, with every text masked."""
        for name, info in type(self).model_fields.items():
            value = getattr(self, name)
            if value != info.default:
                yield name, value if isinstance(value, (int, tuple)) else "***"

    @classmethod
    def field_marked(cls, marker: Marker) -> str | None:
        """Return the name of the field that carries `marker`."""
        return next((name for name, f in cls.model_fields.items() if marker in f.metadata), None)

    def attributes(self) -> dict[str, str]:
        """Return the attributes to write, secrets in clear: only a document may hold them.

        What equals Plivo's documented default is left out unless sources conflict about it.
        """
        found: dict[str, str] = {}
        for name, info in type(self).model_fields.items():
            value = getattr(self, name)
            if value is not None and _is_written(info, value):
                found[info.alias or name] = _as_text(value)
        return found


def _is_written(info: FieldInfo, value: object) -> bool:
    if BODY in info.metadata or CHILDREN in info.metadata:
        return False
    return ALWAYS in info.metadata or value != info.default


def _as_text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case SecretStr():
            return value.get_secret_value()
        case Mapping():
            return format_headers(value)
        case _:
            return str(value)


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
