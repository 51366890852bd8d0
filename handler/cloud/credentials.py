"""The credentials of Tencent Cloud: from the environment, or from a secret that AWS keeps."""

import json
import re
import threading
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from handler.cloud.aws_sdk import client
from handler.cloud.error_codes import cloud_error
from handler.cloud.pacing import Backoff, Deadline, bounded, retry
from handler.errors import CloudError, Meaning
from handler.errors.sentences import given
from handler.output import redaction

_KEYS = ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_SESSION_TOKEN")
_HOLDER = r"arn:aws[a-z-]*:(?:secretsmanager:[a-z0-9-]+:\d+:secret:.+|ssm:[a-z0-9-]+:\d+:parameter/.+)"
_NAME = "[A-Za-z_.-]{1,40}"
_LONGEST_SECONDS = 10.0
_RETRYABLE_CODES = ("Internal", "ServiceUnavailable", "Throttling")


class Credentials(NamedTuple):
    """What a request is signed with. `session_token` belongs to temporary credentials only."""

    secret_id: str
    secret_key: str = ""
    session_token: str | None = None

    def __repr__(self) -> str:
        return "Credentials(…)"


NO_CREDENTIALS = (
    "there are no credentials; set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, "
    "or CALLOUT_SECRET, or give the function a role that may pause tasks"
)
_ROLE_KEYS = ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN")

_read: dict[str, Credentials] = {}
"""What this warm instance has read, by ARN."""


def unsendable(value: str) -> str | None:
    """Return why a credential cannot be sent in a header; an HTTP library would repeat it in its refusal."""
    found = next((character for character in value if not " " <= character <= "~"), None)
    if found is None:
        return None
    what = "a line break" if found in "\r\n" else "a control character" if found < " " else None
    return f"holds {what or 'a character outside printable ASCII'}, which no credential has; copy it again"


def checked_arn(value: str) -> str:
    """Return the ARN of a secret. Raises `ValueError` for any other text."""
    if re.fullmatch(_HOLDER, value):
        return value
    raise ValueError(
        "an ARN is wanted: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME "
        "or arn:aws:ssm:REGION:ACCOUNT:parameter/NAME"
    )


def half_set(keys: Sequence[str], values: Sequence[object]) -> str | None:
    """Return which of an id, a key and a token are set and which is missing; `None` for all or nothing."""
    there = [key for key, value in zip(keys, values, strict=True) if value]
    missing = [key for key, value in zip(keys[:2], values, strict=False) if not value]
    if not there or not missing:
        return None
    return f"{_are(there)} set, {_are(missing)} not"


def _are(names: Sequence[str]) -> str:
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'}"


def lack_of(own: Sequence[object], role: Sequence[object]) -> str:
    """Return why there are no credentials: half of a pair is set, or nothing."""
    halves = [half_set(_KEYS, own), half_set(_ROLE_KEYS, role)]
    found = "; ".join(half for half in halves if half)
    return f"the credentials are incomplete: {found}" if found else NO_CREDENTIALS


class SecretBudget:
    """The time that one run may spend on a secret: a quarter of the work's, 10 s at most, for each reading.

    A secret that could not be read in it counts as unreadable for the rest of the run, so that neither the
    other tasks and threads nor the publishing wait for it again. The next run tries again.
    """

    def __init__(self, work: float, deadline: Deadline, backoff: Backoff) -> None:
        self._seconds = min(_LONGEST_SECONDS, work / 4)
        self._deadline = deadline
        self._backoff = backoff._replace(attempts=20)  # more than there is time for
        self._unreadable: dict[str, str] = {}
        self.lock = threading.Lock()

    def read(self, arn: str) -> Credentials:
        """Return the credentials that a secret holds. Raises `CloudError`."""
        if arn not in self._unreadable:
            try:
                return _credentials(arn, self._fetched(arn))
            except CloudError as error:
                self._unreadable[arn] = error.message
        raise cloud_error("NoCredentials", self._unreadable[arn])

    def _fetched(self, arn: str) -> str:
        # A tenth of the remaining time is kept, so that callers that wait get the cause in time.
        seconds = min(self._seconds, self._deadline.remaining() * 0.9)
        ends = Deadline.after(self._deadline.clock, seconds)
        attempt = partial(_fetched, arn, ends)
        call = partial(retry, attempt, again=_is_retryable, deadline=ends, backoff=self._backoff)
        try:
            return bounded(call, seconds)
        except TimeoutError:
            raise _unread(arn, f"no answer within {seconds:.1f} s", Meaning.RETRY) from None


def read_credentials(
    arn: str | None, own: Credentials | None, budget: SecretBudget, *, refresh: bool = False
) -> Credentials | None:
    """Return the credentials that a secret of AWS holds; without its `arn`, the function's `own`.

    A secret is read once, and read again with `refresh`. From then on, its values are redacted in all texts.
    Safe between threads. Raises `CloudError` when it cannot be read within the budget.
    """
    if arn is None:
        found = own
    else:
        with budget.lock:
            if refresh or arn not in _read:
                _read[arn] = budget.read(arn)
            found = _read[arn]
    redaction.hide(found or ())
    return found


def remembered() -> list[str | None]:
    """Return the values of the secrets that this warm instance has read."""
    return [value for each in _read.values() for value in each]


def _fetched(arn: str, ends: Deadline, attempt: int) -> str:
    """Return the text of a secret of Secrets Manager, or of a parameter of Systems Manager."""
    del attempt
    service, region = arn.split(":")[2:4]
    try:
        aws = client(service, region, ends.remaining())
        if ends.remaining() <= 0:  # the caller has stopped waiting
            raise TimeoutError
        if service == "ssm":
            return str(aws.get_parameter(Name=arn, WithDecryption=True)["Parameter"]["Value"])
        return str(aws.get_secret_value(SecretId=arn).get("SecretString", ""))
    except Exception as error:  # noqa: BLE001 - whatever boto3 lets out; its text may hold a token
        if type(error).__name__.endswith("TimeoutError"):  # botocore has several
            raise TimeoutError from None
        raise _translated(arn, error) from None


def _is_retryable(error: Exception, attempt: int) -> bool:
    del attempt
    return isinstance(error, TimeoutError) or (isinstance(error, CloudError) and error.retryable)


def _translated(arn: str, error: Exception) -> CloudError:
    answer = getattr(error, "response", None)
    if isinstance(answer, dict):
        code = str(answer.get("Error", {}).get("Code", ""))
        text = f"{code}: {answer.get('Error', {}).get('Message', '')}"
        passing = code.startswith(_RETRYABLE_CODES)
    else:
        text = f"{type(error).__name__}: {error}"
        # Outside Lambda there is no boto3, and no role that may read a secret: a retry cannot help.
        passing = not isinstance(error, ImportError) and "Credentials" not in type(error).__name__
    return _unread(arn, text, Meaning.RETRY if passing else Meaning.HALT)


def _unread(arn: str, why: str, meaning: Meaning) -> CloudError:
    return CloudError("NoCredentials", f"CALLOUT_SECRET: {arn} cannot be read: {why}", meaning=meaning)


def _credentials(arn: str, text: str) -> Credentials:
    wanted = f'wanted is JSON, {{"{_KEYS[0]}": "…", "{_KEYS[1]}": "…"}}'
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):  # what it is instead could be a secret
        raise _unusable(arn, f"it is no JSON object; {wanted}")
    secret_id, secret_key, token = (found.get(key) or "" for key in _KEYS)
    if not all(isinstance(value, str) for value in (secret_id, secret_key, token)):
        raise _unusable(arn, f"its values are to be texts; {wanted}")
    if half := half_set(_KEYS, (secret_id, secret_key, token)):
        raise _unusable(arn, f"the credentials are incomplete: {half}; {wanted}")
    if not secret_id:
        names = [
            key if re.fullmatch(_NAME, key) else "…" for key in sorted(found)
        ]  # else it may be the secret
        raise _unusable(arn, f"it has the keys {given(names)}; {wanted}")
    values = (secret_id.strip(), secret_key.strip(), token.strip())
    for key, value in zip(_KEYS, values, strict=True):
        if reason := unsendable(value):
            redaction.hide(values)
            raise _unusable(arn, f"{key}: {reason}")
    return Credentials(values[0], values[1], values[2] or None)


def _unusable(arn: str, what: str) -> CloudError:
    return cloud_error("NoCredentials", f"CALLOUT_SECRET: {arn} cannot be used: {what}")
