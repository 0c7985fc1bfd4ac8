"""What every element of a Plivo document has in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from pydantic import (
    BaseModel,
    ConfigDict,
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
