"""Errors as API 3.0 answers them: a code, and a message in English or Chinese.

Codes: cloud.tencent.com/document/product/1278, "Error Codes", and the official SDKs' lists. No document
gives the messages. Those of the gateway are quoted from public reports, which docs/emulator.md lists; those
of the products are ours, but for the official short texts of their codes.
"""

from __future__ import annotations

from collections.abc import Mapping


class ApiError(Exception):
    """An answer that is an error. Without a Chinese text, the English one serves for both."""

    def __init__(self, code: str, message: str, chinese: str | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.chinese = chinese or message

    def text(self, language: str | None) -> str:
        """Return the message in the language of `X-TC-Language`; without that header, in English.

        The Python SDK asks for `zh-CN` unless told otherwise, the Node SDK asks for none.
        """
        return self.chinese if (language or "en-US").lower().startswith("zh") else self.message


_TEXTS: Mapping[str, tuple[str, str | None]] = {
    "InternalError": ("An internal error has occurred. Retry your request.", "内部错误。"),
    "InternalError.DBError": ("Internal database access failed.", "内部数据库访问失败"),
    "InvalidParameterValue": ("The parameter value is not valid.", "参数取值错误"),
    "UnsupportedOperation": ("The operation is not supported.", "操作不支持"),
    "FailedOperation.CurStateNotAllowModify": ("The current state does not allow modification.", None),
    "ResourceNotFound": ("The resource does not exist.", "资源不存在。"),
    "AuthFailure.SecretIdNotFound": (
        "The SecretId is not found, please ensure that your SecretId is correct.",
        "SecretId不存在，请输入正确的密钥。",
    ),
    "AuthFailure.SignatureFailure": (
        "The provided credentials could not be validated. Please check your signature is correct.",
        "请求签名验证失败，请检查您的签名计算是否正确。",
    ),
    "AuthFailure.InvalidAuthorization": ("The request header `Authorization` is invalid.", None),
    "AuthFailure.TokenFailure": ("The token is invalid.", None),
    "RequestSizeLimitExceeded": ("The request is larger than 10 MB.", None),
}


def of(code: str, why: str = "") -> ApiError:
    """Return the error of a code, with its usual text where there is one; `why` follows it."""
    if code == "RequestLimitExceeded":
        return too_many(21, 20)
    english, chinese = _TEXTS.get(code, ("Refused on request.", None))
    if why:
        english, chinese = (f"{text.rstrip('.。')}: {why}." for text in (english, chinese or english))
    return ApiError(code, english, chinese)


def too_many(count: int, limit: int) -> ApiError:
    """Return the error of the rate limit: so many requests within the last second, and how many may be."""
    return ApiError(
        "RequestLimitExceeded",
        f"Your current request times equals to `{count}` in a second, which exceeds the frequency limit "
        f"`{limit}` for a second. Please reduce the frequency of calls.",
        f"您当前每秒请求 `{count}` 次，超过了每秒频率上限 `{limit}`，请稍后重试。",
    )


def expired(server_time: float) -> ApiError:
    """Return the error of a timestamp more than five minutes off `server_time`, in Unix seconds."""
    return ApiError(
        "AuthFailure.SignatureExpire",
        "Signature expired. Please use local time and enable NTP service for time synchronization to avoid "
        f"a deviation between `Timestamp` and the server time {int(server_time)}.",
    )


def missing(name: str) -> ApiError:
    """Return the error of a parameter that is not there, one of the header's (`Region`) or the body's."""
    return ApiError("MissingParameter", f"The request is missing a required parameter `{name}`.")


def unknown(name: str) -> ApiError:
    """Return the error of a parameter that the action does not have."""
    return ApiError("UnknownParameter", f"The parameter `{name}` is not recognized.")


def wrong_type(name: str) -> ApiError:
    """Return the error of a parameter of another type; a negative number where none may be is one, too."""
    return ApiError("InvalidParameter", f"The value type of parameter `{name}` is not valid.")


def wrong_value(name: str, why: str) -> ApiError:
    """Return the error of a parameter whose value cannot be."""
    return ApiError("InvalidParameterValue", f"The parameter `{name}` {why}.", f"参数取值错误: {name}")


def no_version(version: str, service: str) -> ApiError:
    """Return the error of a version that a product does not have."""
    return ApiError(
        "NoSuchVersion", f"The specified api version=`{version}` does not exist in service=`{service}`."
    )


def no_action(action: str, service: str, version: str) -> ApiError:
    """Return the error of an action that a product does not have."""
    return ApiError(
        "InvalidAction",
        f"The request action=`{action}` is invalid or not found in service=`{service}` and "
        f"version=`{version}`.",
    )
