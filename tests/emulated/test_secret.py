"""Credentials that AWS keeps: read once, again when they are refused, and never shown."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handler.cloud.credentials import Credentials, SecretBudget, read_credentials
from handler.cloud.pacing import Backoff, Clock, Deadline
from handler.errors import CloudError, Meaning, RejectedError, UnfinishedError
from handler.main import handle
from local.emulator import Emulator
from tests.support import APP, ENVIRONMENT, SECRET_ID, SECRET_KEY

from .harness.clock import SimulatedClock
from .harness.constants import CREDENTIALS, NIGHT

POLICY = json.dumps(
    {
        "quiet_hours": {"default": {"time_zone": "Asia/Shanghai", "quiet": ["21:00-09:00"]}},
        "tasks": {"spring-renewals": {"task_id": 16498, "sdk_app_id": APP}},
    }
)
WRONG = ENVIRONMENT | {"TENCENTCLOUD_SECRET_KEY": "another-secret-key"}


@pytest.fixture(autouse=True)
def _aws(cold_instance: None) -> Iterator[None]:
    with mock_aws():
        yield


def credentials(keeper: Keeper) -> Credentials | None:
    """Read the secret as a run of a minute does."""
    budget = SecretBudget(48.0, Deadline.after(Clock(), 60), Backoff(attempts=2))
    return read_credentials(keeper.arn, None, budget)


class Keeper:
    """Secrets Manager, with one secret."""

    def __init__(self) -> None:
        self._client = boto3.client("secretsmanager", region_name="eu-central-1")
        self.arn: str = self._client.create_secret(Name="ccc", SecretString="-")["ARN"]

    def keep(self, value: Any) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        self._client.put_secret_value(SecretId=self.arn, SecretString=text)


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


def run(emulator: Emulator, arn: str, topic: str = "stdout:") -> Any:
    """Wake the function at night, the credentials being in a secret."""
    emulator.limits.default = None
    return handle(
        {},
        clock=SimulatedClock(NIGHT, fixed_wall=True).clock(),
        backoff=Backoff(attempts=2),
        callout_secret=arn,
        callout_policy=POLICY,
        callout_endpoint=emulator.url,
        callout_region="ap-guangzhou",
        callout_topic=topic,
    )


def test_the_credentials_of_a_secret_are_signed_with(emulator: Emulator, keeper: Keeper) -> None:
    keeper.keep(ENVIRONMENT)
    assert run(emulator, keeper.arn)["summary"] == {"paused": 1}


def test_a_parameter_of_systems_manager_serves_as_well(emulator: Emulator) -> None:
    client = boto3.client("ssm", region_name="us-east-1")
    client.put_parameter(Name="/callout/ccc", Value=json.dumps(ENVIRONMENT), Type="SecureString")
    arn = client.get_parameter(Name="/callout/ccc")["Parameter"]["ARN"]
    assert run(emulator, arn)["summary"] == {"paused": 1}


def test_a_token_is_sent_along(emulator: Emulator, keeper: Keeper) -> None:
    keeper.keep({**ENVIRONMENT, "TENCENTCLOUD_SESSION_TOKEN": "the-session-token"})
    assert credentials(keeper) == CREDENTIALS._replace(session_token="the-session-token")


def test_a_warm_instance_reads_it_once(emulator: Emulator, keeper: Keeper) -> None:
    keeper.keep(ENVIRONMENT)
    run(emulator, keeper.arn)
    keeper.keep("gone")
    assert run(emulator, keeper.arn)["summary"] == {"already_paused": 1}


def test_it_is_read_again_when_its_credentials_are_refused(emulator: Emulator, keeper: Keeper) -> None:
    keeper.keep(ENVIRONMENT)
    run(emulator, keeper.arn)
    emulator.secrets["AKIDROTATED"] = "the-new-key"
    del emulator.secrets[SECRET_ID]
    keeper.keep({"TENCENTCLOUD_SECRET_ID": "AKIDROTATED", "TENCENTCLOUD_SECRET_KEY": "the-new-key"})
    assert run(emulator, keeper.arn)["summary"] == {"already_paused": 1}


def test_a_topic_of_tencent_that_refuses_the_credentials_has_them_read_again(
    emulator: Emulator, keeper: Keeper
) -> None:
    emulator.topics.create("reports")
    keeper.keep(WRONG)
    credentials(keeper)
    keeper.keep(ENVIRONMENT)
    emulator.tasks.get(APP, 16498).state = 5  # type: ignore[union-attr]
    run(emulator, keeper.arn, "cmq:reports")
    assert len(emulator.topics.messages("reports")) == 1


def test_credentials_that_are_refused_and_no_others_now_fail_at_once(
    emulator: Emulator, keeper: Keeper
) -> None:
    keeper.keep(WRONG)
    with pytest.raises(UnfinishedError, match="failed"):
        run(emulator, keeper.arn)
    actions = emulator.journal.actions()
    assert len(actions) == len(set(actions)) <= 3, "one call of each API, each of which is refused for itself"


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("AKID… and its key, as plain text", "it is no JSON object; wanted is JSON"),
        ([], "it is no JSON object"),
        ({"id": "a", "key": "the-key-itself"}, 'it has the keys ["id", "key"]; wanted is JSON, {"TENCENT'),
        ({**ENVIRONMENT, "TENCENTCLOUD_SECRET_KEY": 87_654_321}, "its values are to be texts"),
        (
            {**ENVIRONMENT, "TENCENTCLOUD_SECRET_KEY": ""},
            "TENCENTCLOUD_SECRET_ID is set, TENCENTCLOUD_SECRET_KEY is not; wanted is JSON",
        ),
        (
            {"TENCENTCLOUD_SECRET_KEY": SECRET_KEY},
            "TENCENTCLOUD_SECRET_KEY is set, TENCENTCLOUD_SECRET_ID is not; wanted is JSON",
        ),
    ],
)
def test_a_secret_of_another_shape_is_told_of_without_what_it_holds(
    kept: Any, said: str, keeper: Keeper
) -> None:
    keeper.keep(kept)
    with pytest.raises(CloudError) as refused:
        credentials(keeper)
    assert said in str(refused.value)
    assert refused.value.meaning is Meaning.HALT
    for value in ("AKID", "the-key-itself", "87654321", SECRET_KEY):
        assert value not in str(refused.value)


@pytest.mark.parametrize("name", [*ENVIRONMENT, "TENCENTCLOUD_SESSION_TOKEN"])
def test_a_secret_whose_value_cannot_be_sent_is_told_of_by_its_key_alone(name: str, keeper: Keeper) -> None:
    keeper.keep({**ENVIRONMENT, name: "first-half\nother-half"})
    with pytest.raises(CloudError) as refused:
        credentials(keeper)
    assert refused.value.message.endswith(
        f"{name}: holds a line break, which no credential has; copy it again"
    )
    assert refused.value.meaning is Meaning.HALT
    assert not any(half in str(refused.value) for half in ("first-half", "other-half"))


def test_a_key_where_a_name_is_wanted_is_not_repeated(keeper: Keeper) -> None:
    keeper.keep({"Gu5t9xGARNpq86cd98joQYCN3Cozk1qA": SECRET_ID, "key": ""})
    with pytest.raises(CloudError, match=r'it has the keys \["…", "key"\]'):
        credentials(keeper)


def test_what_a_warm_instance_has_read_is_known_from_the_start(
    emulator: Emulator, keeper: Keeper, capsys: pytest.CaptureFixture[str]
) -> None:
    keeper.keep(ENVIRONMENT)
    run(emulator, keeper.arn)
    capsys.readouterr()
    with pytest.raises(RejectedError) as refused:
        handle(f"it is {SECRET_KEY}", callout_secret=keeper.arn, callout_policy=POLICY)
    assert SECRET_KEY not in capsys.readouterr().out + str(refused.value)


def test_a_secret_that_is_not_there_fails_every_task_with_that_cause(
    emulator: Emulator, keeper: Keeper, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnfinishedError, match="failed"):
        run(emulator, keeper.arn.replace("ccc", "nowhere"))
    assert emulator.journal.entries == []
    assert "CALLOUT_SECRET: arn:aws:secretsmanager" in capsys.readouterr().out


def test_what_a_secret_holds_is_hidden_from_the_log(
    emulator: Emulator,
    keeper: Keeper,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    keeper.keep(ENVIRONMENT)
    caplog.clear()
    caplog.set_level(
        logging.DEBUG
    )  # only now: what keeps the secret is the test, and its boto3 logs what it sends
    run(emulator, keeper.arn)
    text = f"it is {SECRET_KEY}"
    logging.getLogger("handler.main").warning(text)
    out = capsys.readouterr().out
    assert "it is ***" in out
    assert SECRET_KEY not in out + caplog.text
