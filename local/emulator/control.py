"""The control plane under `/_emulator/`, for clients in other languages; docs/emulator.md shows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from .api3 import encoded
from .ccc.tel_cdr import tel_cdr
from .cloud import Cloud
from .exchange import HttpRequest, Reply

PREFIX = "/_emulator/"
_CALLS = 10_000
"""How many calls are shown, the first ones; there may be millions."""


def answer(cloud: Cloud, asked: HttpRequest) -> Reply:
    """Answer with JSON: 200, 400 with an `error` that says what is wrong, or 404."""
    what = asked.path.removeprefix(PREFIX)
    if asked.method == "GET" and what == "journal":
        return Reply(cloud.journal.lines(), content_type="application/jsonl")
    if asked.method == "GET" and what in _SHOWN:
        return Reply(encoded(_SHOWN[what](cloud)))
    if asked.method != "POST" or what not in _DONE:
        return Reply(encoded({"error": f"{asked.method} {asked.path} is not served"}), 404)
    try:
        if asked.body is None:
            raise ValueError("the body is larger than 10 MB")
        document = json.loads(asked.body or b"{}")
        _DONE[what](cloud, document)
    except (ValueError, RecursionError) as error:
        return Reply(encoded({"error": str(error)}), 400)
    return Reply(b"{}")


def _tasks(cloud: Cloud) -> list[dict[str, Any]]:
    return [
        {"SdkAppId": each.sdk_app_id, **each.listed(cloud.options.made_up_callees)} for each in cloud.tasks
    ]


def _campaigns(cloud: Cloud) -> list[dict[str, Any]]:
    return [{"SdkAppId": each.sdk_app_id, **each.listed()} for each in cloud.campaigns]


def _calls(cloud: Cloud) -> list[dict[str, Any]]:
    return [{"SdkAppId": each.sdk_app_id, **tel_cdr(each)} for each in islice(cloud.calls, _CALLS)]


def _topics(cloud: Cloud) -> dict[str, list[dict[str, Any]]]:
    return {name: [vars(each) for each in cloud.topics.messages(name)] for name in cloud.topics.names}


def _buses(cloud: Cloud) -> dict[str, list[dict[str, Any]]]:
    return {bus_id: cloud.buses.events(bus_id) for bus_id in cloud.buses.names}


def _objects(cloud: Cloud) -> dict[str, dict[str, str]]:
    return {
        bucket: {key: content.decode("utf-8", "replace") for key, content in cloud.objects[bucket].items()}
        for bucket in cloud.objects
    }


_SHOWN: Mapping[str, Callable[[Cloud], Any]] = {
    "tasks": _tasks,
    "campaigns": _campaigns,
    "calls": _calls,
    "topics": _topics,
    "buses": _buses,
    "objects": _objects,
}


def _list(document: Any) -> list[Any]:
    return document if isinstance(document, list) else [document]


def _object(document: Any) -> Mapping[str, Any]:
    if not isinstance(document, dict):
        raise ValueError(f"an object is wanted, not {document!r}")
    return document


_DONE: Mapping[str, Callable[[Cloud, Any], None]] = {
    "reset": lambda cloud, _: cloud.reset(),
    "tasks": lambda cloud, document: cloud.tasks.load(_list(document)),
    "campaigns": lambda cloud, document: cloud.campaigns.load(_list(document)),
    "calls": lambda cloud, document: cloud.calls.load(_list(document)),
    "faults": lambda cloud, document: cloud.faults.add_from(document),
    "options": lambda cloud, document: cloud.options.change(_object(document)),
    "limits": lambda cloud, document: cloud.limits.change(_object(document)),
}
