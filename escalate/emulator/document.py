"""Reads a Response document as strictly as Plivo does.

This parser shares nothing with `escalate.plivo.xml`, so each of the two checks the other.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Final
from xml.etree import ElementTree

from escalate.emulator.element import Element, Shape
from escalate.emulator.elements import (
    ELEMENTS,
    NOT_EMULATED,
    TOP_LEVEL,
    Speak,
)

LARGEST: Final = 100 * 1024
_SSML: Final = frozenset(
    "break cont emphasis lang p phoneme prosody s say-as sub w".split(),
)
_MEDIA_TYPES: Final = frozenset({"application/xml", "text/xml"})


class DocumentRefused(Exception):
    """A document Plivo would hang up on; the message says what is wrong with it."""


class _Builder(ElementTree.TreeBuilder):
    def doctype(self, *_: object) -> None:
        """Refuse document types, and with them every entity a document could define."""
        raise DocumentRefused("a document type declaration is not allowed")


@lru_cache(maxsize=256)
def parse(body: bytes, content_type: str | None) -> tuple[Element, ...]:
    """Return the elements of a Response, top to bottom.

    Raises:
        DocumentRefused: The type, size, syntax, an element, an attribute or a value is wrong.
    """
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type not in _MEDIA_TYPES:
        raise DocumentRefused(f"Content-Type is {media_type or 'missing'}, not application/xml")
    if len(body) > LARGEST:
        raise DocumentRefused(f"the document is larger than {LARGEST} bytes")
    return tuple(_element(node, TOP_LEVEL, "Response") for node in _root(body))


@lru_cache(maxsize=256)
def describe(element: Element) -> tuple[str, Mapping[str, Any]]:
    """Return the name of an element and its attributes under Plivo's names, for the log."""
    name = type(element).__name__
    attributes = {
        attribute: value
        for attribute in ELEMENTS[name].attributes
        if (value := getattr(element, _field(attribute))) not in (None, "")
    }
    if element.body:
        attributes["body"] = element.body
    if ELEMENTS[name].children:
        into = ELEMENTS[name].into
        attributes[into] = [
            dict(zip(("element", "attributes"), describe(child), strict=True))
            for child in getattr(element, into)
        ]
    return name, attributes


def _root(body: bytes) -> ElementTree.Element:
    try:
        root = ElementTree.fromstring(body, ElementTree.XMLParser(target=_Builder()))
    except ElementTree.ParseError as exc:
        raise DocumentRefused(f"not well-formed XML: {exc}") from None
    if root.tag != "Response":
        raise DocumentRefused(f"the root element is {root.tag}, not Response")
    if root.attrib:
        raise DocumentRefused("Response has no attributes")
    _no_stray_text(root, "Response")
    return root


def _element(
    node: ElementTree.Element, allowed: frozenset[str] | tuple[str, ...], parent: str
) -> Element:
    name = node.tag
    if name in NOT_EMULATED and "Dial" in allowed:
        raise DocumentRefused(f"{name} is not emulated by the local Plivo")
    if name not in allowed:
        raise DocumentRefused(f"{name} is not an element of {parent}")
    shape = ELEMENTS[name]
    values = {_field(key): _value(shape, name, key, text) for key, text in node.attrib.items()}
    if shape.children:
        _no_stray_text(node, name)
        values[shape.into] = tuple(_element(child, shape.children, name) for child in node)
    else:
        values["body"] = _text(node, values.get("voice", ""))
    element = shape.kind(**values)
    try:
        getattr(element, "check", lambda: None)()
    except ValueError as exc:
        raise DocumentRefused(f"{name}: {exc}") from None
    return element


def _value(shape: Shape, name: str, attribute: str, text: str) -> Any:
    rule = shape.attributes.get(attribute)
    if attribute in shape.not_emulated:
        raise DocumentRefused(f"{name} {attribute} is not emulated by the local Plivo")
    if rule is None:
        raise DocumentRefused(f"{name} has no attribute {attribute}")
    try:
        return rule(text)
    except ValueError as exc:
        raise DocumentRefused(f"{name} {attribute} {exc}") from None


def _text(node: ElementTree.Element, voice: str) -> str:
    speech_markup = node.tag == Speak.__name__ and voice.startswith("Polly.")
    for inner in node.iter():
        if inner is not node and not (speech_markup and inner.tag in _SSML):
            raise DocumentRefused(f"{inner.tag} is not an element of {node.tag}")
    return "".join(node.itertext()).strip()


def _no_stray_text(node: ElementTree.Element, name: str) -> None:
    pieces = [node.text, *(child.tail for child in node)]
    if any(piece and piece.strip() for piece in pieces):
        raise DocumentRefused(f"{name} holds text outside of its elements")


@cache
def _field(attribute: str) -> str:
    # "async" is an attribute of Plivo's and a word of Python's.
    name = re.sub(r"[A-Z]+", lambda capitals: "_" + capitals.group().lower(), attribute)
    return name + "_" if keyword.iskeyword(name) else name
