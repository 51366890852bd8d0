"""Answers that no document describes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Change = Callable[[dict[str, Any]], Any]


def _with(**fields: Any) -> Change:
    return lambda answer: answer if "Error" in answer else answer | fields


def _without(name: str) -> Change:
    return lambda answer: {key: value for key, value in answer.items() if key != name}


def _each_task(**fields: Any) -> Change:
    def change(answer: dict[str, Any]) -> Any:
        return answer | {"Tasks": [task | fields for task in answer.get("Tasks", [])]}

    return change


def _first_task(value: Callable[[Any], Any]) -> Change:
    def change(answer: dict[str, Any]) -> Any:
        first, rest = answer.get("Tasks", [])[:1], answer.get("Tasks", [])[1:]
        return answer | {"Tasks": [value(task) for task in first] + rest}

    return change


def _state_as_text(answer: dict[str, Any]) -> Any:
    return answer | ({"State": str(answer["State"])} if "State" in answer else {})


def _page_as_object(answer: dict[str, Any]) -> Any:
    return answer | {"Tasks": {str(number): task for number, task in enumerate(answer.get("Tasks", []))}}


IN_ANY: Mapping[str, Change] = {
    "RequestId missing": _without("RequestId"),
    "RequestId is a list": lambda answer: answer | {"RequestId": ["x"]},
    "RequestId is a number": lambda answer: answer | {"RequestId": 7},
    "Response is a list": lambda _: [],
    "Response is null": lambda _: None,
    "Response is a text": lambda _: "ok",
    "Error is a text": lambda answer: answer | {"Error": "something"},
    "Error without a code": lambda answer: answer | {"Error": {}},
}
IN_LISTS: Mapping[str, Change] = {
    "TotalCount Infinity": _with(TotalCount=float("inf")),
    "TotalCount NaN": _with(TotalCount=float("nan")),
    "TotalCount 10**18": _with(TotalCount=10**18),
    "TotalCount -1": _with(TotalCount=-1),
    "TotalCount 0": _with(TotalCount=0),
    "TotalCount is a text": _with(TotalCount="many"),
    "TotalCount null": _with(TotalCount=None),
    "TotalCount missing": _without("TotalCount"),
    "TotalCount one too many": lambda answer: answer | {"TotalCount": answer.get("TotalCount", 0) + 1},
    "empty page": lambda answer: answer | {"Tasks": [], "TotalCount": max(1, answer.get("TotalCount", 0))},
    "Tasks null": _with(Tasks=None),
    "Tasks missing": _without("Tasks"),
    "Tasks is an object": _page_as_object,
    "Tasks is a text": _with(Tasks="none"),
    "TaskId is a list": _first_task(lambda task: task | {"TaskId": []}),
    "TaskId is a text": _first_task(lambda task: task | {"TaskId": str(task["TaskId"])}),
    "TaskId missing": _first_task(lambda task: {key: task[key] for key in task if key != "TaskId"}),
    "NotBefore 10**18": _each_task(NotBefore=10**18),
    "NotBefore -10**18": _each_task(NotBefore=-(10**18)),
    "NotBefore is a text": _each_task(NotBefore="soon"),
    "State is a text": _first_task(lambda task: task | {"State": str(task["State"])}),
    "State is a list": _each_task(State=[1]),
    "State 99": _first_task(lambda task: task | {"State": 99}),
    "Name null": _first_task(lambda task: task | {"Name": None}),
    "Name is a list": _first_task(lambda task: task | {"Name": ["x"]}),
    "a task is null": _first_task(lambda _: None),
    "a task is a number": _first_task(lambda _: 5),
}
IN_DESCRIPTIONS: Mapping[str, Change] = {
    "State is a text": _state_as_text,
    "State missing": _without("State"),
    "State is a list": _with(State=[]),
    "State 1.5": _with(State=1.5),
    "NotBefore 10**18": _with(NotBefore=10**18),
    "NotBefore is an object": _with(NotBefore={}),
    "Name null": _with(Name=None),
    "Callees is a number": _with(Callees=3),
}
