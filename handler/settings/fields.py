"""Every setting: its variable, type, default and description."""

import os
import re
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import Self

from handler.cloud.credentials import Credentials, checked_arn, lack_of, unsendable
from handler.cloud.loopback import is_loopback
from handler.cloud.stores import addresses as stores
from handler.target import INT64_MAX
from handler.topics import addresses

_HOST = r"(\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]]+)(?::\d+)?"
CREDENTIALS = tuple(
    f"{whose}_{what}"
    for whose in ("tencentcloud", "role")
    for what in ("secret_id", "secret_key", "session_token")
)
"""The fields that a refused credential is read again with."""


class PublishSettings(BaseSettings):
    """What it takes to publish a report: read by itself where the other settings cannot be used."""

    model_config = SettingsConfigDict(
        env_file=".env",
        defer_build=True,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
        str_strip_whitespace=True,
    )

    tencentcloud_secret_id: SecretStr | None = Field(
        None, description="Id of the Tencent Cloud credentials. Read again at every invocation"
    )
    tencentcloud_secret_key: SecretStr | None = Field(None, description="Key of the credentials")
    tencentcloud_session_token: SecretStr | None = Field(
        None, description="Token of temporary credentials; only together with their id and key"
    )
    role_secret_id: SecretStr | None = Field(
        None,
        validation_alias="TENCENTCLOUD_SECRETID",
        description="Id of the credentials that SCF injects for the function's role; "
        "used where TENCENTCLOUD_SECRET_ID is not set",
    )
    role_secret_key: SecretStr | None = Field(
        None, validation_alias="TENCENTCLOUD_SECRETKEY", description="Key of the role's credentials"
    )
    role_session_token: SecretStr | None = Field(
        None, validation_alias="TENCENTCLOUD_SESSIONTOKEN", description="Token of the role's credentials"
    )
    callout_secret: str | None = Field(
        None,
        description="On AWS instead of id and key: `arn:aws:secretsmanager:…` or "
        "`arn:aws:ssm:…:parameter/…`, which holds them as JSON under these same names. "
        "Read once per warm instance, and again when refused",
    )
    callout_endpoint: str = Field(
        "ccc.tencentcloudapi.com",
        description="Where CCC answers; `ccc.intl.tencentcloudapi.com` for the international site. "
        "`http://` only for loopback",
    )
    callout_region: str | None = Field(
        None,
        validation_alias=AliasChoices("CALLOUT_REGION", "TENCENTCLOUD_REGION"),
        description="CCC does not require one; a `cmq:` or `eventbridge:` topic does, "
        "and on SCF it is the function's own",
    )
    callout_topic: str = Field(
        "stdout:",
        description="Where reports go: `arn:aws:sns:…`, `cmq:TOPIC`, `eventbridge:BUS_ID` or `stdout:`",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Look through a `.env` only where there is one: on a developer's machine, not in a cold start."""
        del settings_cls, file_secret_settings
        beside_a_file = os.path.exists(".env")  # noqa: PTH110 - never raises
        return init_settings, env_settings, *([dotenv_settings] if beside_a_file else [])

    @field_validator("callout_endpoint")
    @classmethod
    def _endpoint_is_a_host(cls, value: str) -> str:
        scheme, separator, rest = value.rpartition("://")
        found = re.fullmatch(_HOST, rest)
        if found is None:
            raise ValueError("a host is wanted, such as ccc.tencentcloudapi.com, without a path")
        host = found[1].strip("[]")
        if scheme == "http" and not is_loopback(host):
            raise ValueError(f"http:// is for loopback only; {host} is reached by https")
        if separator and scheme not in {"http", "https"}:
            raise ValueError(f"{scheme}:// is not understood; leave the scheme out")
        return value

    @field_validator("callout_secret")
    @classmethod
    def _secret_is_an_arn(cls, value: str | None) -> str | None:
        return None if value is None else checked_arn(value)

    @field_validator("callout_topic")
    @classmethod
    def _topic_is_known(cls, value: str) -> str:
        addresses.read(value)
        return value

    @property
    def credentials(self) -> Credentials | None:
        """The credentials, `None` where there are none that can be used.

        Id, key and token always come from one set of names: a role's token beside a person's id and
        key would be refused by every API.
        """
        for secret_id, secret_key, token in self._sets:
            if secret_id and secret_key and not unsendable(secret_id + secret_key + token):
                return Credentials(secret_id, secret_key, token or None)
        return None

    @property
    def lack_of_credentials(self) -> str:
        """Why there are none; where half a pair is set, which half, even if the role has a whole one."""
        return lack_of(*self._sets)

    @property
    def secrets(self) -> list[str]:
        """What no text may show."""
        return [secret for each in self._sets for secret in each if secret]

    @property
    def _sets(self) -> tuple[list[str], list[str]]:
        """Id, key and token under the function's own names, and under the role's."""
        values = [getattr(self, name) for name in CREDENTIALS]
        texts = [value.get_secret_value() if value else "" for value in values]
        return texts[:3], texts[3:]


class Settings(PublishSettings):
    """The function's settings, from the environment and, on a developer's machine, from a file `.env`."""

    callout_policy: str | None = Field(
        None, description="The policy: the path of a YAML or JSON document, or the JSON itself"
    )
    callout_quiet_hours: str | None = Field(
        None,
        description="Instead of a policy: intervals separated by `;`, e.g. `21:00-08:00; Sun 00:00-24:00`",
    )
    callout_time_zone: str | None = Field(
        None, description="The time zone of `CALLOUT_QUIET_HOURS`, e.g. `America/New_York`"
    )
    callout_sdk_app_id: int | None = Field(
        None, ge=1, le=INT64_MAX, description="The default application of CCC"
    )
    callout_ledger: str | None = Field(
        None,
        description="What this function paused, so that it resumes that: `s3://BUCKET/PREFIX`, "
        "`cos://BUCKET-APPID/PREFIX[?region=…]` or `file:FOLDER`. Unset: nothing is resumed by itself",
    )
    callout_notify: Literal["always", "changes", "failures"] = Field(
        "always",
        description="Which reports are published: `always`, `changes` (something was paused, resumed "
        "or failed) or `failures`",
    )
    callout_requests_per_second: float = Field(
        20,
        gt=0,
        le=1000,
        allow_inf_nan=False,
        description="The share of the account's quota, in requests per second and API, "
        "that this function may use",
    )
    callout_verify: bool = Field(default=True, description="Confirm each pause: look at the state again")
    callout_dry_run: bool = Field(
        default=False, description="Decide and report, call nothing that changes anything"
    )

    @field_validator("callout_ledger")
    @classmethod
    def _ledger_is_known(cls, value: str | None) -> str | None:
        return value and stores.checked(value)

    @field_validator(*CREDENTIALS)
    @classmethod
    def _credential_can_be_sent(cls, value: SecretStr | None) -> SecretStr | None:
        if reason := unsendable(value.get_secret_value() if value else ""):
            raise ValueError(reason)
        return value

    @model_validator(mode="after")
    def _one_source_of_quiet_hours(self) -> Self:
        if self.callout_policy and self.callout_quiet_hours:
            raise ValueError("CALLOUT_POLICY and CALLOUT_QUIET_HOURS are both set; keep one of them")
        if not self.callout_policy and not self.callout_quiet_hours:
            raise ValueError(
                "nothing says when it is quiet; set CALLOUT_POLICY to a policy document, "
                "or CALLOUT_QUIET_HOURS and CALLOUT_TIME_ZONE"
            )
        if stores.lacks_region(self.callout_ledger) and not self.callout_region:
            raise ValueError("CALLOUT_LEDGER: the region is missing; add ?region=…, or set CALLOUT_REGION")
        if self.callout_policy and self.callout_time_zone:
            raise ValueError("CALLOUT_TIME_ZONE goes with CALLOUT_QUIET_HOURS; a policy names its own zones")
        return self
