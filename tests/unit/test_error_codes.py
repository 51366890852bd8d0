"""What each code of a cloud asks of the caller, how far it reaches, and what the operator reads."""

from __future__ import annotations

import pytest

from handler.cloud.error_codes import cloud_error, row
from handler.errors import Meaning, Scope

CALL, API, EVERYTHING = Scope.CALL, Scope.APPLICATION, Scope.EVERYTHING


@pytest.mark.parametrize(
    ("code", "meaning", "scope"),
    [
        ("RequestLimitExceeded", Meaning.RETRY, CALL),
        ("RequestLimitExceeded.UinLimitExceeded", Meaning.RETRY, CALL),
        ("RequestLimitExceeded.IPLimitExceeded", Meaning.RETRY, CALL),
        ("InternalError", Meaning.RETRY, CALL),
        ("InternalError.DBError", Meaning.RETRY, CALL),
        ("ServiceUnavailable", Meaning.RETRY, CALL),
        ("NoAnswer", Meaning.RETRY, CALL),
        ("NotWanted", Meaning.RETRY, CALL),
        ("UnreadableAnswer", Meaning.RETRY, CALL),
        ("UnsupportedOperation", Meaning.OBJECT, CALL),
        ("InvalidParameter", Meaning.OBJECT, CALL),
        ("InvalidParameterValue", Meaning.OBJECT, CALL),
        ("InvalidParameterValue.InstanceNotExist", Meaning.OBJECT, CALL),
        ("ResourceNotFound", Meaning.OBJECT, CALL),
        ("FailedOperation.CurStateNotAllowModify", Meaning.OBJECT, CALL),
        ("UnauthorizedOperation", Meaning.HALT, API),
        ("UnauthorizedOperation.CamNoAuth", Meaning.HALT, API),
        ("AuthFailure.UnauthorizedOperation", Meaning.HALT, API),
        ("AuthFailure.SomethingNew", Meaning.HALT, API),
        ("OperationDenied.UinDisabled", Meaning.HALT, API),
        ("InvalidAction", Meaning.HALT, API),
        ("NoSuchVersion", Meaning.HALT, API),
        ("AuthFailure.SignatureExpire", Meaning.HALT, EVERYTHING),
        ("AuthFailure.SignatureFailure", Meaning.HALT, EVERYTHING),
        ("AuthFailure.SecretIdNotFound", Meaning.HALT, EVERYTHING),
        ("AuthFailure.InvalidSecretId", Meaning.HALT, EVERYTHING),
        ("AuthFailure.TokenFailure", Meaning.HALT, EVERYTHING),
        ("AuthFailure.MFAFailure", Meaning.HALT, EVERYTHING),
        ("InvalidCredential", Meaning.HALT, EVERYTHING),
        ("NoCredentials", Meaning.HALT, EVERYTHING),
        ("UnknownEndpoint", Meaning.HALT, EVERYTHING),
        ("Unreachable", Meaning.HALT, EVERYTHING),
        ("IpInBlacklist", Meaning.HALT, EVERYTHING),
        ("NobodyHasSeenThis", Meaning.UNKNOWN, CALL),
        ("InternalErrors", Meaning.UNKNOWN, CALL),
        ("", Meaning.UNKNOWN, CALL),
    ],
)
def test_a_code_has_a_meaning_and_a_scope(code: str, meaning: Meaning, scope: Scope) -> None:
    error = cloud_error(code, "because")
    assert (row(code).meaning, row(code).scope) == (meaning, scope)
    assert (error.meaning, error.scope, error.retryable) == (meaning, scope, meaning is Meaning.RETRY)


@pytest.mark.parametrize(
    ("code", "others_may_be_accepted"),
    [
        ("AuthFailure.InvalidSecretId", True),
        ("AuthFailure.SecretIdNotFound", True),
        ("AuthFailure.SignatureFailure", True),
        ("AuthFailure.TokenFailure", True),
        ("AuthFailure.SignatureExpire", False),  # the clock is wrong, not the key
        ("AuthFailure.MFAFailure", False),
        ("UnauthorizedOperation", False),
        ("InternalError", False),
    ],
)
def test_credentials_are_read_anew_only_where_others_may_be_accepted(
    code: str, others_may_be_accepted: bool
) -> None:
    assert cloud_error(code, "because").refuses_credentials is others_may_be_accepted


def test_a_refusal_of_credentials_is_retryable_with_others_and_says_the_same() -> None:
    refused = cloud_error("AuthFailure.TokenFailure", "expired.", "r1")
    retried = refused.with_new_credentials()
    assert retried.retryable
    assert not refused.retryable
    assert str(retried) == str(refused)
    assert retried.refused, "nothing was done, and nothing is unclear"


def test_a_hint_follows_the_message_of_a_cloud() -> None:
    error = cloud_error("AuthFailure.SignatureExpire", "The signature has expired.", "r1")
    assert str(error) == (
        "AuthFailure.SignatureExpire: The signature has expired (hint: the clock here is off by more than "
        "five minutes) (request r1)"
    )
