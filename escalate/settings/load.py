"""Read `escalate.toml` and the environment into settings, or say in one message what is wrong."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from escalate.errors import ConfigurationError
from escalate.settings.destination import password_variable
from escalate.settings.lines import line_of
from escalate.settings.model import Settings

DEFAULT_FILE: Final = "escalate.toml"

# What to do about the commonest mistakes, where the message alone does not say it.
_FIXES: Final[Mapping[tuple[str, str], str]] = {
    ("missing", "PLIVO_AUTH_ID"): "set it in the environment; it is on the Plivo console's home",
    ("missing", "PLIVO_AUTH_TOKEN"): "set it in the environment; it is on the Plivo console's home",
    ("missing", "public_url"): "add public_url = 'https://bot.example.com/escalate'",
    ("missing", "destination"): "add a [[destination]] with a name and a phone or sip address",
    ("extra_forbidden", ""): "there is no such setting; remove it or mend its spelling",
}


# What stands in no file, because files are committed.
_SECRETS: Final[Mapping[str, str]] = {
    "plivo_auth_token": "PLIVO_AUTH_TOKEN",
    "PLIVO_AUTH_TOKEN": "PLIVO_AUTH_TOKEN",
    "words_key": "ESCALATE_WORDS_KEY",
    "webhook_secret": "ESCALATE_WEBHOOK_SECRET",
    "console_token": "ESCALATE_CONSOLE_TOKEN",
}

# What the carrier's XML calls things, and what the file calls them.
_KEYS: Final[Mapping[str, str]] = {
    "number": "phone",
    "uri": "sip",
    "sip_headers": "headers",
    "sip_auth_username": "username",
    "sip_auth_password": "password",
}


def load_settings(path: str | Path | None = None, **overrides: Any) -> Settings:
    """Return the settings of the file at `path` and of the environment, which wins.

    Without `path` it is the file named by ESCALATE_CONFIG, or `escalate.toml` here. SIP passwords
    come from `ESCALATE_SIP_PASSWORD_<NAME>` or from the file that `password_file` names; they and
    Plivo's auth token are never read from the TOML file itself.

    Raises:
        ConfigurationError: Something is missing or wrong; the message names line, key and fix.
    """
    file = Path(path or os.environ.get("ESCALATE_CONFIG") or DEFAULT_FILE)
    text = _read(file, required=path is not None)
    values = _parse(file, text)
    _refuse_secrets(file, text, values)
    for index, destination in enumerate(_tables(values.get("destination"))):
        _add_password(file, text, index, destination)
    _anchor_store(file, values)
    try:
        return _Layered(**{**values, **overrides})
    except ValidationError as error:
        # `from None`: the cause could print what was read, secrets included.
        raise ConfigurationError(_explain(file, text, error)) from None


class _Layered(Settings):
    """Settings whose environment wins over what the file says."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read nothing but the environment and what was handed in, in this order."""
        return env_settings, init_settings


def _read(file: Path, *, required: bool) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        if not required and not file.is_symlink():
            return ""
        raise ConfigurationError(f"{file}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: cannot be read: {error}") from error


def _parse(file: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file}: is not valid TOML: {error}") from None


def _anchor_store(file: Path, values: dict[str, Any]) -> None:
    """Take a relative store as relative to the file, so that every process means the same one."""
    store = values.get("store", Settings.model_fields["store"].default)
    if isinstance(store, str) and "://" not in store:
        values["store"] = str(file.absolute().parent / store)


def _tables(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _refuse_secrets(file: Path, text: str, values: Mapping[str, Any]) -> None:
    for key, variable in _SECRETS.items():
        if key in values:
            where = _where(file, text, (key,))
            raise ConfigurationError(f"{where}: does not belong here; set {variable} instead")
    if urlsplit(str(values.get("store", ""))).password:
        where = _where(file, text, ("store",))
        raise ConfigurationError(f"{where}: holds a password; set ESCALATE_STORE instead")
    for index, destination in enumerate(_tables(values.get("destination"))):
        if "password" in destination:
            where = _where(file, text, ("destination", index, "password"))
            variable = password_variable(str(destination.get("name", "NAME")))
            raise ConfigurationError(
                f"{where}: a password does not belong here; set {variable} instead, "
                "or name a file that holds it with password_file"
            )


def _add_password(file: Path, text: str, index: int, destination: dict[str, Any]) -> None:
    named = destination.pop("password_file", None)
    found = os.environ.get(password_variable(str(destination.get("name", ""))))
    if found is None and named is not None:
        try:
            found = (file.parent / str(named)).read_text(encoding="utf-8").strip()
        except OSError as error:
            where = _where(file, text, ("destination", index, "password_file"))
            reason = error.strerror or "unreadable"
            raise ConfigurationError(f"{where}: cannot be read: {reason}") from None
    if found is not None:
        destination["password"] = found


def _explain(file: Path, text: str, error: ValidationError) -> str:
    errors: list[dict[str, Any]] = [dict(one) for one in error.errors()]
    # A destination that is wrong also leaves the list too short, which nobody needs to be told.
    deeper = {one["loc"][0] for one in errors if len(one["loc"]) > 1}
    lines = [
        _explain_one(file, text, one)
        for one in errors
        if one["type"] != "too_short" or one["loc"][0] not in deeper
    ]
    if not text:
        lines.insert(0, f"{file}: there is no such file here, or nothing in it")
    return "\n".join(dict.fromkeys(lines))


def _explain_one(file: Path, text: str, error: dict[str, Any]) -> str:
    location = tuple(_KEYS.get(str(part), part) for part in error["loc"])
    kind, last = str(error["type"]), str(location[-1]) if location else ""
    message = str(error["msg"]).removeprefix("Value error, ")
    fix = _FIXES.get((kind, last)) or _FIXES.get((kind, ""))
    return f"{_where(file, text, location)}: {message}" + (f": {fix}" if fix else "")


def _where(file: Path, text: str, location: tuple[Any, ...]) -> str:
    """Name the place: the file with its line where it has one, and the key."""
    key = ".".join(str(part) for part in location) or "settings"
    line = line_of(text, location)
    place = f"{file}:{line}" if line else str(file)
    return key if key.startswith("PLIVO_") else f"{place}: {key}"
