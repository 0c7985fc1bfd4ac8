"""Whole documents: the Response, and the way to text and back."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, TypeVar, get_args
from xml.etree import ElementTree

from pydantic import Field, SecretStr

from escalate.errors import ConfigurationError
from escalate.plivo.xml.base import BODY, CHILDREN, Element
from escalate.plivo.xml.basic import Hangup, Play, Redirect, Speak, Stream, Wait
from escalate.plivo.xml.conference import Conference
from escalate.plivo.xml.dial import Dial, Number, User
from escalate.plivo.xml.early import DTMF, Message, PreAnswer
from escalate.plivo.xml.input import GetDigits, GetInput, Record
from escalate.plivo.xml.party import MultiPartyCall

E = TypeVar("E", bound=Element)

MAX_BYTES: Final = 100_000
"""The largest document that Plivo reads."""

Step = (
    Stream
    | Speak
    | Play
    | Dial
    | Hangup
    | Redirect
    | Wait
    | GetDigits
    | GetInput
    | Record
    | Conference
    | MultiPartyCall
    | PreAnswer
    | DTMF
    | Message
)

_KINDS: Final[dict[str, type[Element]]] = {
    kind.tag: kind for kind in (*get_args(Step), Number, User)
}


class Response(Element):
    """A document: what Plivo does with the call, from top to bottom.

    It is never empty, since Plivo ends the call where a document ends (4010); say Hangup to mean
    it.
    """

    holds: ClassVar = tuple(kind.tag for kind in get_args(Step))

    children: Annotated[tuple[Step, ...], CHILDREN, Field(min_length=1)]


def render(response: Response) -> str:
    """Return the document as text; the same document always gives the same text.

    Whatever a field holds stays in its place: nothing in it is read as XML. The text holds SIP
    passwords in clear.

    Raises:
        ConfigurationError: The document is larger than Plivo reads.
    """
    root = _to_tree(response)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    if len(text.encode()) > MAX_BYTES:
        raise ConfigurationError(f"a document must not exceed {MAX_BYTES} bytes: say less in it")
    return text


def parse(text: str) -> Response:
    """Read a document.

    Raises:
        ConfigurationError: It is not well-formed, too large, has a document type (and so could
            define entities), or an element or text where none can stand.
        pydantic.ValidationError: An attribute or a body is missing, unknown or wrong.
    """
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise ConfigurationError(f"a document must not exceed {MAX_BYTES} bytes")
    if "<!DOCTYPE" in text:
        raise ConfigurationError("a document must not have a document type: remove <!DOCTYPE>")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        # The parser's own message may quote the document, which may hold a password.
        raise ConfigurationError("the document is not well-formed XML") from None
    if root.tag != Response.tag:
        raise ConfigurationError("the root of a document is <Response>")
    return _from_tree(root, Response)


def _to_tree(element: Element) -> ElementTree.Element:
    node = ElementTree.Element(element.tag, element.attributes())
    if body := type(element).field_marked(BODY):
        node.text = getattr(element, body)
    if children := type(element).field_marked(CHILDREN):
        node.extend(_to_tree(child) for child in getattr(element, children))
    return node


def _from_tree(node: ElementTree.Element, kind: type[E]) -> E:
    body, children = kind.field_marked(BODY), kind.field_marked(CHILDREN)
    fields: dict[str, Any] = dict(node.attrib)
    if wrong := fields.keys() & {body, children}:
        raise ConfigurationError(f"{kind.tag} has no attribute {wrong.pop()}")
    if "sipAuthPassword" in fields:
        # So that no error about this element can show it.
        fields["sipAuthPassword"] = SecretStr(fields["sipAuthPassword"])
    text = _own_text(node)
    if body:
        fields[body] = text
    elif text:
        raise ConfigurationError(f"{kind.tag} has no text of its own")
    # What may stand where is asked before going deeper, so no document is deeper than three.
    inside = tuple(_from_tree(child, _kind_in(kind, child)) for child in node)
    if children:
        fields[children] = inside
    return kind.model_validate(fields, by_alias=True, by_name=False)


def _own_text(node: ElementTree.Element) -> str:
    """Return the text between the tags that belongs to no element in there."""
    return " ".join([node.text or "", *(child.tail or "" for child in node)]).strip()


def _kind_in(parent: type[Element], node: ElementTree.Element) -> type[Element]:
    kind = _KINDS.get(node.tag)
    if kind is None:
        raise ConfigurationError(f"unknown element {node.tag[:40]!a}")
    if kind.tag not in parent.holds:
        raise ConfigurationError(f"{kind.tag} cannot stand in {parent.tag}")
    return kind
