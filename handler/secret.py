"""The credentials of Tencent Cloud: from the environment, or from a secret that AWS keeps."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

from handler import redaction
from handler.errors import CloudError, Meaning, given
from handler.pacing import bounded
from handler.settings import Credentials, Reach, unsendable

_KEYS = ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_SESSION_TOKEN")
_NAME = re.compile("[A-Za-z_.-]{1,40}")
_SECONDS = 10.0
"""How long the reading may take; it is once per warm instance."""
_PASSING = ("Internal", "ServiceUnavailable", "Throttling")

_read: dict[str, Credentials] = {}
"""What this warm instance has read, by ARN."""


def credentials(reach: Reach, *, anew: bool = False) -> Credentials | None:
    """Give the credentials that the settings name, `None` where they name none.

    A secret is read once, and again when asked to do so `anew`. No text shows what it held from then on.
    Raises `CloudError` when it cannot be read.
    """
    arn = reach.callout_secret
    if arn is None:
        found = reach.credentials
    else:
        if anew or arn not in _read:
            _read[arn] = _credentials(arn, _fetched(arn))
        found = _read[arn]
    redaction.hide(found or ())
    return found


def remembered() -> list[str | None]:
    """Return the values of the secrets that this warm instance has read."""
    return [value for each in _read.values() for value in each]


def _fetched(arn: str) -> str:
    """Give the text of a secret of Secrets Manager, or of a parameter of Systems Manager."""
    logging.getLogger("botocore").setLevel(logging.WARNING)  # at DEBUG it logs answers, and so the secret
    service, region = arn.split(":")[2:4]
    try:
        import boto3  # noqa: PLC0415 - 200 ms, and most wake-ups need no credentials

        client = boto3.client(service, region_name=region)
        if service == "ssm":
            answer = bounded(lambda: client.get_parameter(Name=arn, WithDecryption=True), _SECONDS)
            return str(answer["Parameter"]["Value"])
        answer = bounded(lambda: client.get_secret_value(SecretId=arn), _SECONDS)
        return str(answer.get("SecretString", ""))
    except Exception as error:  # noqa: BLE001 - whatever boto3 lets out; its text may hold a token
        raise _unread(arn, error) from None


def _unread(arn: str, error: Exception) -> CloudError:
    answer = getattr(error, "response", None)
    if isinstance(answer, dict):
        code = str(answer.get("Error", {}).get("Code", ""))
        text = f"{code}: {answer.get('Error', {}).get('Message', '')}"
        passing = code.startswith(_PASSING)
    else:
        text = f"{type(error).__name__}: {error}"
        passing = not isinstance(error, ImportError)  # boto3 is Lambda's own, and nowhere else
    meaning = Meaning.RETRY if passing else Meaning.HALT
    return CloudError("NoCredentials", f"CALLOUT_SECRET: {arn} cannot be read: {text}", meaning=meaning)


def _credentials(arn: str, text: str) -> Credentials:
    wanted = f'wanted is JSON, {{"{_KEYS[0]}": "…", "{_KEYS[1]}": "…"}}'
    try:
        found: Any = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):  # what it is instead could be a secret
        raise _unusable(arn, f"it is no JSON object; {wanted}")
    secret_id, secret_key, token = (found.get(key) or "" for key in _KEYS)
    if not all(isinstance(value, str) for value in (secret_id, secret_key, token)):
        raise _unusable(arn, f"its values are to be texts; {wanted}")
    if not secret_id or not secret_key:
        names = [key if _NAME.fullmatch(key) else "…" for key in sorted(found)]  # else it may be the secret
        raise _unusable(arn, f"it has the keys {given(names)}; {wanted}")
    values = (secret_id.strip(), secret_key.strip(), token.strip())
    for key, value in zip(_KEYS, values, strict=True):
        if reason := unsendable(value):
            redaction.hide(values)
            raise _unusable(arn, f"{key}: {reason}")
    return Credentials(values[0], values[1], values[2] or None)


def _unusable(arn: str, what: str) -> CloudError:
    return CloudError("NoCredentials", f"CALLOUT_SECRET: {arn} cannot be used: {what}", meaning=Meaning.HALT)
