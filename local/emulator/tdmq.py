"""TDMQ 2020-02-17, as far as it is a topic: what PublishCmqMsg published can be read back.

Source: cloud.tencent.com/document/product/1179/55915 (CreateCmqTopic), 55920 (PublishCmqMsg) and 55907
(DescribeCmqTopicDetail). The first two disagree on the largest message, 64 KB or 1 MB: a topic takes 64 KB
unless it was created with more.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import errors
from .api3 import Param, check
from .errors import ApiError
from .options import Options

SERVICE = "tdmq"
VERSION = "2020-02-17"
LARGEST_TAG = 64
"""Characters of a tag."""
DEFAULT_MAX_SIZE = 65_536
"""Bytes of a message, in UTF-8."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Published:
    """A message of a topic, as its subscribers would get it."""

    msg_id: str
    content: str
    tags: tuple[str, ...]


@dataclass
class Topics:
    """The CMQ topics and what was published to them. Names do not differ by case (document 1179/55915)."""

    _sizes: dict[str, int] = field(default_factory=dict)
    _messages: dict[str, list[Published]] = field(default_factory=dict)
    _count: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def names(self) -> list[str]:
        """The topics that exist, in lower case."""
        with self.lock:
            return list(self._sizes)

    def create(self, name: str, max_size: int = DEFAULT_MAX_SIZE) -> str:
        """Create a topic whose messages have at most `max_size` bytes, and return its id."""
        with self.lock:
            self._sizes[name.lower()] = max_size
            self._messages.setdefault(name.lower(), [])
            return f"topic-{name.lower()}"

    def messages(self, name: str) -> list[Published]:
        """Return what was published to a topic, in order; nothing for a topic that does not exist."""
        with self.lock:
            return list(self._messages.get(name.lower(), []))

    def size(self, name: str) -> int | None:
        """Return the most bytes of a message, `None` for a topic that does not exist."""
        return self._sizes.get(name.lower())

    def publish(self, name: str, content: str, tags: tuple[str, ...]) -> str:
        """Publish a message and return its id. Raises `KeyError` for a topic that does not exist."""
        with self.lock:
            self._count += 1
            message = Published(str(69_423_169_000 + self._count), content, tags)
            self._messages[name.lower()].append(message)
            return message.msg_id

    def clear(self) -> None:
        """Remove all topics."""
        with self.lock:
            self._sizes.clear()
            self._messages.clear()


_CREATE: Mapping[str, Param] = {
    "TopicName": Param("str"),
    "MaxMsgSize": Param("uint", required=False, least=1_024, most=1_048_576),
    "FilterType": Param("uint", required=False, least=1, most=2),
    "MsgRetentionSeconds": Param("uint", required=False, least=60, most=86_400),
    "Trace": Param("bool", required=False),
    "Tags": Param("objects", required=False),
}
_DESCRIBE: Mapping[str, Param] = {"TopicName": Param("str", required=False)}
_PUBLISH: Mapping[str, Param] = {
    "TopicName": Param("str"),
    "MsgContent": Param("str"),
    "MsgTag": Param("list", required=False),
}


class Tdmq:
    """The actions of TDMQ on `topics`."""

    service = SERVICE

    def __init__(self, topics: Topics, options: Options) -> None:
        self.topics = topics
        self.options = options
        self.actions: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "CreateCmqTopic": self.create,
            "DescribeCmqTopicDetail": self.describe,
            "PublishCmqMsg": self.publish,
        }

    def create(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Create a topic."""
        wanted = check(params, _CREATE)
        name = wanted["TopicName"]
        if not _NAME.fullmatch(name):
            raise errors.wrong_value("TopicName", "has 1 to 64 letters, digits, `-` and `_`")
        if self.topics.size(name) is not None:
            raise ApiError("FailedOperation", f"The topic `{name}` exists already.")
        return {"TopicId": self.topics.create(name, wanted.get("MaxMsgSize", DEFAULT_MAX_SIZE))}

    def describe(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return a topic's details, those fields of them that are known here."""
        name = check(params, _DESCRIBE).get("TopicName", "")
        size = self.topics.size(name)
        if size is None:
            raise ApiError("ResourceNotFound", f"The topic `{name}` does not exist.")
        topic = {
            "TopicId": f"topic-{name.lower()}",
            "TopicName": name,
            "MaxMsgSize": size,
            "MsgRetentionSeconds": 86_400,
            "MsgCount": len(self.topics.messages(name)),
            "Status": 1,
        }
        return {"TopicDescribe": topic}

    def publish(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Publish a message to a topic."""
        wanted = check(params, _PUBLISH)
        name, content = wanted["TopicName"], wanted["MsgContent"]
        if self.topics.size(name) is None and self.options.cmq_creates_topics:
            self.topics.create(name)
        size = self.topics.size(name)
        if size is None:
            raise ApiError("ResourceNotFound", f"The topic `{name}` does not exist.")
        if len(content.encode("utf-8", "surrogatepass")) > size:
            raise ApiError("FailedOperation", f"The message is larger than the {size} bytes of the topic.")
        tags = tuple(wanted.get("MsgTag", ()))
        if any(len(tag) > LARGEST_TAG for tag in tags):
            raise errors.wrong_value("MsgTag", f"has at most {LARGEST_TAG} characters")
        if not self.options.cmq_result:
            return {"Result": False, "MsgId": ""}
        return {"Result": True, "MsgId": self.topics.publish(name, content, tags)}
