"""The one table of cloud error codes: what each asks of the caller, how far it reaches, and a hint. Pure.

Source: cloud.tencent.com/document/product/1278/46710 and the SDK's `errorcodes` modules.
"""

from typing import NamedTuple

from handler.errors import CloudError, Meaning, Scope

_RETRY, _OBJECT, _HALT = Meaning.RETRY, Meaning.OBJECT, Meaning.HALT
_API, _EVERYTHING = Scope.APPLICATION, Scope.EVERYTHING


class ErrorCode(NamedTuple):
    """A row of the table. It stands for the code itself, and for every code that begins with it and a dot.

    `refused_credentials` says that other credentials may be accepted, so they are read again, once.
    """

    code: str
    meaning: Meaning
    scope: Scope = Scope.CALL
    hint: str | None = None
    refused_credentials: bool = False


_NO_PERMISSION = "the credentials lack the permission for this API"
_TABLE = (
    # The first row that fits a code counts, so a longer code stands before a shorter one.
    ErrorCode("RequestLimitExceeded", _RETRY),
    ErrorCode("InternalError", _RETRY),
    ErrorCode("ServiceUnavailable", _RETRY),
    ErrorCode(
        "AuthFailure.SignatureExpire",
        _HALT,
        _EVERYTHING,
        "the clock here is off by more than five minutes",
    ),
    ErrorCode(
        "AuthFailure.SecretIdNotFound",
        _HALT,
        _EVERYTHING,
        "is TENCENTCLOUD_SECRET_ID right, and the key not deleted?",
        refused_credentials=True,
    ),
    ErrorCode(
        "AuthFailure.SignatureFailure",
        _HALT,
        _EVERYTHING,
        "is TENCENTCLOUD_SECRET_KEY the key of this TENCENTCLOUD_SECRET_ID?",
        refused_credentials=True,
    ),
    ErrorCode(
        "AuthFailure.TokenFailure",
        _HALT,
        _EVERYTHING,
        "temporary credentials have expired, or their token is another's",
        refused_credentials=True,
    ),
    ErrorCode("AuthFailure.InvalidSecretId", _HALT, _EVERYTHING, refused_credentials=True),
    ErrorCode("AuthFailure.InvalidAuthorization", _HALT, _EVERYTHING),
    ErrorCode("AuthFailure.MFAFailure", _HALT, _EVERYTHING),
    ErrorCode("AuthFailure.UnauthorizedOperation", _HALT, _API, _NO_PERMISSION),
    ErrorCode("AuthFailure", _HALT, _API),
    ErrorCode("UnauthorizedOperation", _HALT, _API, _NO_PERMISSION),
    ErrorCode("OperationDenied", _HALT, _API, "the account may not use this product now"),
    ErrorCode("IpInBlacklist", _HALT, _EVERYTHING),
    ErrorCode("IpNotInWhitelist", _HALT, _EVERYTHING),
    ErrorCode("ActionOffline", _HALT, _API),
    ErrorCode("InvalidAction", _HALT, _API),
    ErrorCode("NoSuchProduct", _HALT, _API),
    ErrorCode("NoSuchVersion", _HALT, _API),
    ErrorCode("UnsupportedProtocol", _HALT, _API),
    ErrorCode("UnsupportedRegion", _HALT, _API),
    ErrorCode("UnsupportedOperation", _OBJECT),
    ErrorCode("InvalidParameterValue", _OBJECT),
    ErrorCode("InvalidParameter", _OBJECT),
    ErrorCode("UnknownParameter", _OBJECT),
    ErrorCode("ResourceNotFound", _OBJECT),
    ErrorCode("FailedOperation", _OBJECT),
    # Codes of our own, for what never became an answer of the service.
    ErrorCode("InvalidCredential", _HALT, _EVERYTHING),
    ErrorCode("NoCredentials", _HALT, _EVERYTHING),
    ErrorCode("UnknownEndpoint", _HALT, _EVERYTHING, "is CALLOUT_ENDPOINT right?"),
    ErrorCode("Unreachable", _HALT, _EVERYTHING, "is CALLOUT_ENDPOINT right, and is there a network?"),
    ErrorCode("NoAnswer", _RETRY),
    ErrorCode("NotWanted", _RETRY),
    ErrorCode("UnreadableAnswer", _RETRY),
)


def row(code: str) -> ErrorCode:
    """Return what the table says of a code; for one that is not in it, `Meaning.UNKNOWN`."""
    known = (each for each in _TABLE if code == each.code or code.startswith(each.code + "."))
    return next(known, ErrorCode(code, Meaning.UNKNOWN))


def cloud_error(code: str, message: str, request_id: str | None = None) -> CloudError:
    """Return the error of a code, with what the table says of it; a hint becomes part of the message."""
    found = row(code)
    text = f"{message.rstrip('.')} (hint: {found.hint})" if found.hint else message
    return CloudError(
        code,
        text,
        request_id,
        meaning=found.meaning,
        scope=found.scope,
        refuses_credentials=found.refused_credentials,
    )
