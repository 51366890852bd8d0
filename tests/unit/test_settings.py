"""Every setting: what is taken, what is refused, and how it is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from dotenv import dotenv_values
from pydantic import SecretStr

from handler.cloud.credentials import Credentials
from handler.errors import ConfigurationError
from handler.settings import known_secrets, read_publish_settings, read_settings
from handler.settings.fields import Settings

ROLE = ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN")
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CALLOUT_QUIET_HOURS", "21:00-08:00")
    monkeypatch.setenv("CALLOUT_TIME_ZONE", "Asia/Shanghai")


def test_the_defaults_are_those_of_the_contract() -> None:
    settings = read_settings()
    assert settings.callout_endpoint == "ccc.tencentcloudapi.com"
    assert settings.callout_topic == "stdout:"
    assert settings.callout_notify == "always"
    assert settings.callout_requests_per_second == 20
    assert settings.callout_verify is True
    assert settings.callout_dry_run is False
    assert settings.credentials is None
    assert settings.callout_region is None


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLOUT_TOPIC", "")
    monkeypatch.setenv("CALLOUT_SDK_APP_ID", "")
    assert read_settings().callout_topic == "stdout:"


def test_credentials_come_from_the_environment_with_their_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENCENTCLOUD_SECRET_ID", "id")
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", "key")
    monkeypatch.setenv("TENCENTCLOUD_SESSION_TOKEN", "token")
    assert read_settings().credentials == Credentials("id", "key", "token")


def test_the_role_of_an_scf_function_serves_where_nothing_else_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TENCENTCLOUD_SECRETID", "role-id")
    monkeypatch.setenv("TENCENTCLOUD_SECRETKEY", "role-key")
    monkeypatch.setenv("TENCENTCLOUD_SESSIONTOKEN", "role-token")
    assert read_settings().credentials == Credentials("role-id", "role-key", "role-token")
    monkeypatch.setenv("TENCENTCLOUD_SECRET_ID", "id")
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", "key")
    assert read_settings().credentials == Credentials("id", "key", None), (
        "never one set's id with the other's token"
    )


@pytest.mark.parametrize(
    "half", ["TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_SESSION_TOKEN"]
)
def test_a_set_of_credentials_that_lacks_id_or_key_gives_way_to_the_role_as_a_whole(
    half: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(half, "half")
    assert read_settings().credentials is None
    monkeypatch.setenv("TENCENTCLOUD_SECRETID", "role-id")
    monkeypatch.setenv("TENCENTCLOUD_SECRETKEY", "role-key")
    monkeypatch.setenv("TENCENTCLOUD_SESSIONTOKEN", "role-token")
    assert read_settings().credentials == Credentials("role-id", "role-key", "role-token")


def test_credentials_are_read_anew_at_every_invocation(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("first", "second"):
        monkeypatch.setenv("TENCENTCLOUD_SECRETID", name)
        monkeypatch.setenv("TENCENTCLOUD_SECRETKEY", "key")
        assert read_settings().credentials == Credentials(name, "key")


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENCENTCLOUD_SECRET_ID", "an-identity")
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", "a-secret-key")
    settings = read_settings()
    assert "a-secret-key" not in f"{settings!r} {settings} {settings.credentials!r}"
    assert settings.secrets == ["an-identity", "a-secret-key"]


@pytest.mark.parametrize(
    ("break_", "what"),
    [
        ("\n", "a line break"),
        ("\r\n", "a line break"),
        ("\t", "a control character"),
        ("\x7f", "a character outside printable ASCII"),
        ("é", "a character outside printable ASCII"),
        ("密", "a character outside printable ASCII"),
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        "TENCENTCLOUD_SECRET_ID",
        "TENCENTCLOUD_SECRET_KEY",
        "TENCENTCLOUD_SESSION_TOKEN",
        *ROLE,
    ],
)
def test_a_credential_that_no_header_can_hold_is_refused_by_its_name_alone(
    name: str, break_: str, what: str
) -> None:
    whose = name if name in ROLE else name.lower()
    with pytest.raises(ConfigurationError) as refused:
        read_settings(**{whose: f"first{break_}second"})
    assert str(refused.value) == f"settings: {name}: holds {what}, which no credential has; copy it again"


def test_white_space_around_a_credential_is_no_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENCENTCLOUD_SECRET_ID", " id\n")
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", "key\r\n")
    assert read_settings().credentials == Credentials("id", "key")


def test_credentials_that_cannot_be_sent_are_not_published_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENCENTCLOUD_SECRET_ID", "an-identity")
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", "a-secret\nkey")
    found = read_publish_settings()
    assert found.credentials is None
    assert "a-secret\nkey" in found.secrets


def test_what_no_text_may_show_is_known_before_the_settings_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("tencentcloud_secret_key", "of-the-environment")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-aws")
    given = {
        "tencentcloud_secret_key": "given",
        "role_session_token": SecretStr("role's"),
        "callout_topic": "x",
    }
    assert set(known_secrets(given)) == {"of-the-environment", "of-aws", "given", "role's"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CALLOUT_ENDPOINT", "ccc.intl.tencentcloudapi.com"),
        ("CALLOUT_ENDPOINT", "https://ccc.tencentcloudapi.com"),
        ("CALLOUT_ENDPOINT", "http://127.0.0.1:8089"),
        ("CALLOUT_ENDPOINT", "http://localhost:8089"),
        ("CALLOUT_ENDPOINT", "http://[::1]:8089"),
        ("CALLOUT_SECRET", "arn:aws:secretsmanager:us-east-1:123456789012:secret:ccc-AbCdEf"),
        ("CALLOUT_SECRET", "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/callout/ccc"),
        ("CALLOUT_TOPIC", "arn:aws:sns:us-east-1:123456789012:reports"),
        ("CALLOUT_TOPIC", "arn:aws-cn:sns:cn-north-1:123456789012:reports"),
        ("CALLOUT_TOPIC", "cmq:reports"),
        ("CALLOUT_TOPIC", "eventbridge:eb-l65vlc2u"),
    ],
)
def test_addresses_that_are_taken(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert getattr(read_settings(), name.lower()) == value


REFUSED = [
    ("CALLOUT_ENDPOINT", "http://ccc.tencentcloudapi.com", "http:// is for loopback only"),
    ("CALLOUT_ENDPOINT", "http://127.0.0.1.example.com", "http:// is for loopback only"),
    ("CALLOUT_ENDPOINT", "ftp://ccc.tencentcloudapi.com", "ftp:// is not understood"),
    ("CALLOUT_ENDPOINT", "ccc.tencentcloudapi.com/v1", "a host is wanted"),
    ("CALLOUT_ENDPOINT", "https://", "a host is wanted"),
    ("CALLOUT_SECRET", "ccc", "an ARN is wanted: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME"),
    ("CALLOUT_SECRET", "arn:aws:s3:::bucket", "or arn:aws:ssm:REGION:ACCOUNT:parameter/NAME"),
    ("CALLOUT_SECRET", "arn:aws:secretsmanager:us-east-1:123456789012:secret:", "an ARN is wanted"),
    ("CALLOUT_TOPIC", "reports", "'reports' is no topic; wanted is arn:aws:sns:REGION:ACCOUNT:NAME"),
    ("CALLOUT_TOPIC", "cmq:", "'cmq:' is no topic"),
    (
        "CALLOUT_TOPIC",
        "eventbridge:",
        "'eventbridge:' is no topic; wanted is arn:aws:sns:REGION:ACCOUNT:NAME, cmq:TOPIC, eventbridge:BUS_ID or stdout:",
    ),
    ("CALLOUT_TOPIC", "eventbridge", "'eventbridge' is no topic"),
    ("CALLOUT_TOPIC", "arn:aws:events:us-east-1:123456789012:event-bus/reports", "is no topic"),
    ("CALLOUT_TOPIC", "arn:aws:sqs:us-east-1:123456789012:queue", "is no topic"),
    ("CALLOUT_TOPIC", "arn:aws:sns:us-east-1:123456789012", "is no topic"),
    ("CALLOUT_NOTIFY", "sometimes", "'always', 'changes' or 'failures' is wanted, not \"sometimes\""),
    ("CALLOUT_REQUESTS_PER_SECOND", "0", 'a number greater than 0 is wanted, not "0"'),
    ("CALLOUT_REQUESTS_PER_SECOND", "1001", 'a number of at most 1000.0 is wanted, not "1001"'),
    ("CALLOUT_REQUESTS_PER_SECOND", "nan", 'a number is wanted, not "nan"'),
    ("CALLOUT_REQUESTS_PER_SECOND", "many", 'a number is wanted, not "many"'),
    ("CALLOUT_SDK_APP_ID", "abc", 'a whole number is wanted, not "abc"'),
    ("CALLOUT_SDK_APP_ID", "-1", 'a number of at least 1 is wanted, not "-1"'),
    ("CALLOUT_SDK_APP_ID", "9223372036854775808", "a number of at most 9223372036854775807 is wanted, not"),
    ("CALLOUT_SDK_APP_ID", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", "a whole number is wanted, not what is set"),
    ("CALLOUT_VERIFY", "perhaps", 'true or false is wanted, not "perhaps"'),
    ("CALLOUT_POLICY", "policy.yaml", "CALLOUT_POLICY and CALLOUT_QUIET_HOURS are both set"),
]


@pytest.mark.parametrize(("name", "value", "reason"), REFUSED)
def test_a_wrong_variable_is_named_with_what_is_wanted(
    name: str, value: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as refused:
        read_settings()
    assert str(refused.value).startswith("settings: ")
    assert name in str(refused.value)
    assert reason in str(refused.value)


def test_all_wrong_variables_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CALLOUT_TOPIC", "CALLOUT_NOTIFY", "CALLOUT_VERIFY"):
        monkeypatch.setenv(name, "nonsense")
    with pytest.raises(ConfigurationError) as refused:
        read_settings()
    assert {problem.split(":")[0] for problem in refused.value.problems} == {
        "CALLOUT_TOPIC",
        "CALLOUT_NOTIFY",
        "CALLOUT_VERIFY",
    }


def test_a_secret_never_stands_in_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", "a-secret-key")
    monkeypatch.setenv("CALLOUT_VERIFY", "nonsense")
    with pytest.raises(ConfigurationError) as refused:
        read_settings()
    assert "a-secret-key" not in str(refused.value)


def test_something_must_say_when_it_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLOUT_QUIET_HOURS")
    monkeypatch.delenv("CALLOUT_TIME_ZONE")
    with pytest.raises(ConfigurationError, match="nothing says when it is quiet; set CALLOUT_POLICY"):
        read_settings()


def test_a_time_zone_beside_a_policy_would_mean_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLOUT_QUIET_HOURS")
    monkeypatch.setenv("CALLOUT_POLICY", "policy.yaml")
    with pytest.raises(ConfigurationError, match="CALLOUT_TIME_ZONE goes with CALLOUT_QUIET_HOURS"):
        read_settings()


def test_the_topic_can_be_read_when_other_settings_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLOUT_TOPIC", "cmq:reports")
    monkeypatch.setenv("CALLOUT_NOTIFY", "nonsense")
    assert read_publish_settings().callout_topic == "cmq:reports"
    monkeypatch.setenv("CALLOUT_TOPIC", "nonsense")
    assert read_publish_settings().callout_topic == "stdout:"


def test_a_file_of_settings_serves_on_a_desk(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CALLOUT_TOPIC=cmq:of-the-file\nCALLOUT_QUIET_HOURS=22:00-07:00\n")
    settings = read_settings()
    assert settings.callout_topic == "cmq:of-the-file"
    assert settings.callout_quiet_hours == "21:00-08:00", "the environment wins"


def test_the_example_file_names_every_setting_and_can_be_used() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = set(dotenv_values(ROOT / ".env.example"))
    commented = {
        line[1:].split("=")[0].strip() for line in text.splitlines() if line.startswith("#") and "=" in line
    }
    variables = {name.upper() for name in Settings.model_fields if not name.startswith("role_")}
    assert named | commented >= variables


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CALLOUT_ENDPOINT", "https://somewhere/with/a/path"),
        ("CALLOUT_SECRET", "my-secret"),
        ("TENCENTCLOUD_SECRET_KEY", "first\nsecond"),
        ("TENCENTCLOUD_SECRETKEY", "first\nsecond"),
    ],
)
def test_one_variable_that_cannot_be_used_does_not_hide_the_topic_from_the_report(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("CALLOUT_TOPIC", "cmq:reports")
    monkeypatch.setenv("CALLOUT_REGION", "ap-guangzhou")
    found = read_publish_settings()
    assert (found.callout_topic, found.callout_region) == ("cmq:reports", "ap-guangzhou")
    assert found.callout_endpoint == "ccc.tencentcloudapi.com"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("CALLOUT_DRYRUN", "CALLOUT_DRYRUN: is not a setting; did you mean 'CALLOUT_DRY_RUN'?"),
        ("callout_dryrun", "CALLOUT_DRYRUN: is not a setting; did you mean 'CALLOUT_DRY_RUN'?"),
        ("CALLOUT_POLICY_FILE", "CALLOUT_POLICY_FILE: is not a setting; did you mean 'CALLOUT_POLICY'?"),
        ("CALLOUT_X", "CALLOUT_X: is not a setting"),
    ],
)
def test_a_variable_with_our_prefix_that_is_no_setting_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, sentence: str
) -> None:
    monkeypatch.setenv("CALLOUT_QUIET_HOURS", "21:00-08:00")
    monkeypatch.setenv("CALLOUT_TIME_ZONE", "Asia/Shanghai")
    monkeypatch.setenv("CALLOUT_NOTIFY", "sometimes")
    monkeypatch.setenv(name, "true")
    with pytest.raises(ConfigurationError) as refused:
        read_settings()
    assert refused.value.problems[0] == sentence
    assert "CALLOUT_NOTIFY" in refused.value.problems[1], "the other faults are listed as well"


def test_an_unknown_variable_in_a_file_of_settings_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("CALLOUT_QUIET_HOURS=21:00-08:00 UTC\nCALLOUT_DRYRUN=true\nOTHER=1\n")
    with pytest.raises(ConfigurationError, match="CALLOUT_DRYRUN: is not a setting"):
        read_settings()


@pytest.mark.parametrize("name", ["CALLOUTS", "MY_CALLOUT_DRYRUN", "TENCENTCLOUD_APPID"])
def test_variables_of_others_are_ignored(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("CALLOUT_QUIET_HOURS", "21:00-08:00 UTC")
    monkeypatch.setenv(name, "true")
    monkeypatch.setenv("CALLOUT_DRYRUN", "")  # an empty variable counts as not set
    assert read_settings().callout_quiet_hours == "21:00-08:00 UTC"
