"""TDMQ's CMQ topics: created and published to through the official generic client, read back in the test."""

from __future__ import annotations

from typing import Any

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from local.emulator import Emulator
from tests.support import SECRET_ID, SECRET_KEY


@pytest.fixture
def tdmq(official: Any) -> Any:
    """Call an action of TDMQ."""

    def call(action: str, region: str = "ap-guangzhou", **params: Any) -> dict[str, Any]:
        client = official.generic("tdmq", "2020-02-17", region)
        reply: dict[str, Any] = client.call_json(action, params)["Response"]
        return reply

    return call


def refusal(tdmq: Any, action: str, **params: Any) -> str:
    with pytest.raises(TencentCloudSDKException) as refused:
        tdmq(action, **params)
    return str(refused.value.code)


def test_what_is_published_can_be_read_back_in_order(tdmq: Any, emulator: Emulator) -> None:
    assert tdmq("CreateCmqTopic", TopicName="reports")["TopicId"]
    first = tdmq("PublishCmqMsg", TopicName="reports", MsgContent="已暂停 2 个任务")
    second = tdmq("PublishCmqMsg", TopicName="reports", MsgContent="{}", MsgTag=["failed", "pause"])
    assert (first["Result"], second["Result"]) == (True, True)
    messages = emulator.topics.messages("reports")
    assert [(each.content, each.tags) for each in messages] == [
        ("已暂停 2 个任务", ()),
        ("{}", ("failed", "pause")),
    ]
    assert [each.msg_id for each in messages] == [first["MsgId"], second["MsgId"]]
    assert first["MsgId"] != second["MsgId"]


def test_the_official_typed_client_publishes_too(official: Any, emulator: Emulator) -> None:
    from tencentcloud.common.credential import Credential
    from tencentcloud.tdmq.v20200217 import models
    from tencentcloud.tdmq.v20200217.tdmq_client import TdmqClient

    emulator.topics.create("reports")
    request = models.PublishCmqMsgRequest()
    request.TopicName, request.MsgContent = "reports", "hello"
    client = TdmqClient(Credential(SECRET_ID, SECRET_KEY), "ap-guangzhou", official.profile())
    assert client.PublishCmqMsg(request).Result is True
    assert emulator.topics.messages("reports")[0].content == "hello"


def test_publishing_to_a_topic_that_nobody_created_is_refused(tdmq: Any, emulator: Emulator) -> None:
    assert refusal(tdmq, "PublishCmqMsg", TopicName="reports", MsgContent="x") == "ResourceNotFound"
    assert emulator.topics.names == []


def test_or_creates_it_if_that_option_is_taken(tdmq: Any, emulator: Emulator) -> None:
    emulator.options.cmq_creates_topics = True
    assert tdmq("PublishCmqMsg", TopicName="reports", MsgContent="x")["Result"] is True
    assert [each.content for each in emulator.topics.messages("reports")] == ["x"]


def test_names_do_not_differ_by_case(tdmq: Any, emulator: Emulator) -> None:
    tdmq("CreateCmqTopic", TopicName="Reports")
    assert refusal(tdmq, "CreateCmqTopic", TopicName="reports") == "FailedOperation"
    tdmq("PublishCmqMsg", TopicName="REPORTS", MsgContent="x")
    assert len(emulator.topics.messages("reports")) == 1


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"TopicName": ""}, "InvalidParameterValue"),
        ({"TopicName": "x" * 65}, "InvalidParameterValue"),
        ({"TopicName": "a topic"}, "InvalidParameterValue"),
        ({"TopicName": 5}, "InvalidParameter"),
        ({}, "MissingParameter"),
        ({"TopicName": "t", "MaxMsgSize": 1_023}, "InvalidParameterValue"),
        ({"TopicName": "t", "MaxMsgSize": 1_048_577}, "InvalidParameterValue"),
        ({"TopicName": "t", "MsgRetentionSeconds": 59}, "InvalidParameterValue"),
        ({"TopicName": "t", "Trace": 1}, "InvalidParameter"),
        ({"TopicName": "t", "Colour": "red"}, "UnknownParameter"),
    ],
    ids=str,
)
def test_a_topic_that_cannot_be_is_not_created(
    tdmq: Any, emulator: Emulator, params: dict[str, Any], code: str
) -> None:
    assert refusal(tdmq, "CreateCmqTopic", **params) == code
    assert emulator.topics.names == []


@pytest.mark.parametrize(
    ("content", "fits"),
    [("x" * 65_536, True), ("x" * 65_537, False), ("续" * 21_845, True), ("续" * 21_846, False)],
    ids=["ascii", "ascii + 1", "chinese", "chinese + 1"],
)
def test_a_topic_takes_64_kilobytes_in_utf8_unless_it_was_created_with_more(
    tdmq: Any, emulator: Emulator, content: str, fits: bool
) -> None:
    emulator.topics.create("reports")
    if fits:
        assert tdmq("PublishCmqMsg", TopicName="reports", MsgContent=content)["Result"] is True
    else:
        assert refusal(tdmq, "PublishCmqMsg", TopicName="reports", MsgContent=content) == "FailedOperation"
    tdmq("CreateCmqTopic", TopicName="large", MaxMsgSize=1_048_576)
    assert tdmq("PublishCmqMsg", TopicName="large", MsgContent=content)["Result"] is True


@pytest.mark.parametrize(
    ("tag", "code"), [("x" * 64, None), ("x" * 65, "InvalidParameterValue"), (5, "InvalidParameter")], ids=str
)
def test_a_tag_has_at_most_64_characters(
    tdmq: Any, emulator: Emulator, tag: object, code: str | None
) -> None:
    emulator.topics.create("reports")
    if code is None:
        assert tdmq("PublishCmqMsg", TopicName="reports", MsgContent="x", MsgTag=[tag])["Result"] is True
    else:
        assert refusal(tdmq, "PublishCmqMsg", TopicName="reports", MsgContent="x", MsgTag=[tag]) == code


def test_a_message_answered_with_a_false_result_is_not_published(tdmq: Any, emulator: Emulator) -> None:
    emulator.topics.create("reports")
    emulator.options.cmq_result = False
    assert tdmq("PublishCmqMsg", TopicName="reports", MsgContent="x")["Result"] is False
    assert emulator.topics.messages("reports") == []


@pytest.mark.parametrize(
    ("needed", "region", "code"),
    [(False, "", None), (True, "ap-guangzhou", None), (True, "", "MissingParameter")],
)
def test_whether_a_region_is_needed_is_an_option(
    tdmq: Any, emulator: Emulator, needed: bool, region: str, code: str | None
) -> None:
    emulator.options.cmq_needs_region = needed
    if code is None:
        assert tdmq("CreateCmqTopic", region, TopicName="reports")["TopicId"]
    else:
        assert refusal(tdmq, "CreateCmqTopic", region=region, TopicName="reports") == code


def test_a_topic_of_which_nobody_heard_has_no_messages(emulator: Emulator) -> None:
    assert emulator.topics.messages("reports") == []


def test_a_topic_tells_its_details_and_one_that_is_not_there_is_told(tdmq: Any) -> None:
    tdmq("CreateCmqTopic", TopicName="reports", MaxMsgSize=2_048)
    tdmq("PublishCmqMsg", TopicName="reports", MsgContent="{}")
    details = tdmq("DescribeCmqTopicDetail", TopicName="reports")["TopicDescribe"]
    assert (details["TopicName"], details["MaxMsgSize"], details["MsgCount"]) == ("reports", 2_048, 1)
    assert refusal(tdmq, "DescribeCmqTopicDetail", TopicName="others") == "ResourceNotFound"
