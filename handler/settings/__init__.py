"""How settings are read: at every invocation, with a sentence for each variable that cannot be used."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr, ValidationError

from handler.errors import ConfigurationError
from handler.errors.sentences import given as shown
from handler.errors.spelling import closest
from handler.settings.fields import CREDENTIALS, PublishSettings, Settings

_SECRET_VARIABLES = frozenset(
    [name.upper() for name in CREDENTIALS]
    + ["TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN"]
    + ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"]
    + ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
)
"""Whose values no text may show; those of AWS are boto3's to read."""
_WANTED = {
    "bool_parsing": "true or false is wanted",
    "int_parsing": "a whole number is wanted",
    "float_parsing": "a number is wanted",
    "finite_number": "a number is wanted",
    "greater_than": "a number greater than {gt:g} is wanted",
    "greater_than_equal": "a number of at least {ge} is wanted",
    "less_than_equal": "a number of at most {le} is wanted",
    "literal_error": "{expected} is wanted",
}
"""By the type of pydantic's error; variables that are to hold a secret have none of these."""
_LONGEST_SHOWN = 20
"""A secret that was set in the wrong variable is longer."""


def read_settings(**given: Any) -> Settings:
    """Read the settings from the environment; `given` wins over it.

    Raises `ConfigurationError` with one sentence for each variable that cannot be used, or is none of ours:
    with a misspelt `CALLOUT_DRY_RUN`, tasks would be paused for real.
    """
    problems: list[str] = []
    settings: Settings | None = None
    try:
        problems = _unknown_variables(given)
        settings = Settings(**given)
    except ValidationError as error:
        problems += [_sentence(item) for item in error.errors()]
    except (OSError, ValueError) as error:  # what a `.env` holds is no text
        problems.append(f".env cannot be read: {error}")
    if problems or settings is None:
        raise ConfigurationError("settings", problems)
    return settings


def _unknown_variables(given: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each variable that is set and has our prefix, but is no setting."""
    found: dict[str, str | None] = dict(os.environ)
    if given.get("_env_file", ".env") and os.path.exists(".env"):  # noqa: PTH110 - never raises
        from dotenv import dotenv_values  # noqa: PLC0415 - on a developer's machine only

        found |= dotenv_values(".env")
    known = [name.removeprefix("callout_").upper() for name in Settings.model_fields if "callout_" in name]
    names = {name.upper() for name, value in found.items() if value and name.upper().startswith("CALLOUT_")}
    problems = []
    for name in sorted(names.difference(f"CALLOUT_{each}" for each in known)):
        near = closest(name.removeprefix("CALLOUT_"), known)
        problems.append(f"{name}: is not a setting" + (f"; did you mean 'CALLOUT_{near}'?" if near else ""))
    return problems


def read_publish_settings(**given: Any) -> PublishSettings:
    """Read what it takes to publish. A variable that cannot be used counts as not set."""
    try:
        return PublishSettings(**given)
    except ValidationError as error:
        fields = {_field(item["loc"][0]) for item in error.errors() if item["loc"]}
    except (OSError, ValueError):  # what a `.env` holds is no text
        return read_publish_settings(**given | {"_env_file": None})
    defaults = {name: PublishSettings.model_fields[name].get_default() for name in fields}
    try:
        return PublishSettings(**given | defaults)
    except ValidationError:
        return PublishSettings.model_construct()


def _field(variable: int | str) -> str:
    """Return the name of the field that pydantic names by its variable."""
    name = str(variable)
    aliases = {str(field.validation_alias): key for key, field in PublishSettings.model_fields.items()}
    return aliases.get(name, "callout_region" if name.upper().endswith("_REGION") else name.lower())


def with_new_credentials(settings: Settings, **given: Any) -> Settings:
    """Return the settings with the credentials as the environment has them now; else as they were read."""
    now = read_publish_settings(**given)
    return settings.model_copy(update={name: getattr(now, name) for name in CREDENTIALS})


def known_secrets(given: Mapping[str, Any]) -> list[str]:
    """Return the values of the environment and of `given` that no text may show, usable or not."""
    found = [*os.environ.items(), *given.items()]
    values = [value for name, value in found if value and name.upper() in _SECRET_VARIABLES]
    return [value.get_secret_value() if isinstance(value, SecretStr) else str(value) for value in values]


def _sentence(item: Any) -> str:
    # hide_input_in_errors keeps values out of other messages: one of them could be a secret.
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] in _WANTED:
        wanted = _WANTED[item["type"]].format(**item.get("ctx", {}))
        given = shown(item["input"])
        message = f"{wanted}, not {given if len(given) <= _LONGEST_SHOWN + 2 else 'what is set'}"
    name = str(item["loc"][0]).upper() if item["loc"] else ""
    return f"{name}: {message}" if name else message
