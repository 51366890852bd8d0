"""A stand-in on loopback for the parts of Tencent Cloud that a deployment talks to: SCF, its tags, and COS.

A program: it says where it listens, serves until it is ended, and tells at `/state` what there is by then and
what it was asked. Each request to SCF is held against the request model of the official SDK: an action
without a model, a parameter that the model does not know, a whole number that is none. It asks for no
signature. What cannot be in the cloud it refuses as the cloud does: a second function or trigger of a name,
anything with a function that does not exist, code that is not in COS.
"""

from __future__ import annotations

import io
import json
import re
import urllib.parse
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tencentcloud.scf.v20180416 import models

_ENVELOPE = {
    "Action",
    "Version",
    "Region",
    "Nonce",
    "Timestamp",
    "SecretId",
    "RequestClient",
    "Signature",
    "SignatureMethod",
    "Token",
}
_APP_ID = "1250000000"

Params = dict[str, Any]


class Refused(Exception):  # noqa: N818 - it is an answer
    """A request that the cloud refuses, with its code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Asked:
    """A request as it came, and what the SDK's model finds wrong with it."""

    service: str
    action: str
    params: Params
    faults: list[str]


@dataclass
class Cloud:
    """What there is, and what was asked."""

    functions: dict[str, Params] = field(default_factory=dict)
    triggers: dict[str, dict[str, Params]] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def state(self) -> Params:
        """Tell all of it; of an object that is a zip, the names in it."""
        told = asdict(self)
        told["objects"] = {key: _names(data) for key, data in self.objects.items()}
        return told

    def answer(self, service: str, action: str, params: Params) -> Params:
        """Do what is asked. Raises `Refused`."""
        faults = _faults(action, params) if service == "scf" else []
        self.asked.append(Asked(service, action, params, faults))
        known: dict[str, dict[str, Callable[[Params], Params]]] = {
            "scf": {
                "CreateFunction": self._create_function,
                "GetFunction": self._get_function,
                "UpdateFunctionCode": self._update_code,
                "UpdateFunctionConfiguration": self._update_configuration,
                "DeleteFunction": self._delete_function,
                "GetAlias": self._get_alias,
                "ListTriggers": self._list_triggers,
                "CreateTrigger": self._create_trigger,
                "UpdateTrigger": self._update_trigger,
                "DeleteTrigger": self._delete_trigger,
            },
            "tag": {
                "DescribeResourceTagsByResourceIds": self._describe_resource_tags,
                "DescribeTags": self._describe_tags,
                "CreateTag": lambda _: {},
                "AttachResourcesTag": self._attach_tag,
                "DetachResourcesTag": self._detach_tag,
            },
        }
        if action not in known.get(service, {}):
            raise Refused("InvalidAction", f"{service} has no {action} here")
        return known[service][action](params)

    def _create_function(self, params: Params) -> Params:
        name = _function(params)
        if name in self.functions:
            raise Refused("ResourceInUse.Function", f"{name} exists")
        self._check_code(params)
        self.functions[name], self.triggers[name] = params, {}
        return {}

    def _get_function(self, params: Params) -> Params:
        name = self._existing(params)
        return {
            **self.functions[name],
            "Status": "Active",
            "StatusReasons": [],
            "Qualifier": "$LATEST",
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags.get(name, {}).items()],
            "Triggers": list(self.triggers[name].values()),
        }

    def _update_code(self, params: Params) -> Params:
        self._check_code(params)
        self.functions[self._existing(params)].update(Code=params["Code"], Handler=params["Handler"])
        return {}

    def _update_configuration(self, params: Params) -> Params:
        self.functions[self._existing(params)].update(params)
        return {}

    def _delete_function(self, params: Params) -> Params:
        name = self._existing(params)
        del self.functions[name], self.triggers[name]
        self.tags.pop(name, None)
        return {}

    def _get_alias(self, params: Params) -> Params:
        self._existing(params)
        routing: Params = {"AdditionalVersionWeights": []}
        return {"Name": params["Name"], "FunctionVersion": "$LATEST", "RoutingConfig": routing}

    def _list_triggers(self, params: Params) -> Params:
        found = list(self.triggers[self._existing(params)].values())
        for each in params.get("Filters", []):
            found = [trigger for trigger in found if trigger[each["Name"]] in each["Values"]]
        return {"Triggers": found, "TotalCount": len(found)}

    def _create_trigger(self, params: Params) -> Params:
        triggers, key = self.triggers[self._existing(params)], _trigger_key(params)
        if key in triggers:
            raise Refused("ResourceInUse.Trigger", f"{key} exists")
        triggers[key] = _trigger(params)
        return {"TriggerInfo": triggers[key]}

    def _update_trigger(self, params: Params) -> Params:
        triggers, key = self.triggers[self._existing(params)], _trigger_key(params)
        if key not in triggers:
            raise Refused("ResourceNotFound.Trigger", f"{key} does not exist")
        triggers[key] = _trigger(params)
        return {}

    def _delete_trigger(self, params: Params) -> Params:
        triggers, key = self.triggers[self._existing(params)], _trigger_key(params)
        if triggers.pop(key, None) is None:
            raise Refused("ResourceNotFound.Trigger", f"{key} does not exist")
        return {}

    def _describe_resource_tags(self, params: Params) -> Params:
        found = [
            {"TagKey": key, "TagValue": value, "ResourceId": resource}
            for resource in params["ResourceIds"]
            for key, value in self.tags.get(_resource(resource), {}).items()
        ]
        return {"Tags": found, "TotalCount": len(found)}

    def _describe_tags(self, params: Params) -> Params:
        wanted = params["TagKey"], params["TagValue"]
        there = any(wanted in tags.items() for tags in self.tags.values())
        found = [{"TagKey": wanted[0], "TagValue": wanted[1]}] if there else []
        return {"Tags": found, "TotalCount": len(found)}

    def _attach_tag(self, params: Params) -> Params:
        for resource in params["ResourceIds"]:
            self.tags.setdefault(_resource(resource), {})[params["TagKey"]] = params["TagValue"]
        return {}

    def _detach_tag(self, params: Params) -> Params:
        for resource in params["ResourceIds"]:
            self.tags.get(_resource(resource), {}).pop(params["TagKey"], None)
        return {}

    def _existing(self, params: Params) -> str:
        name = _function(params)
        if name not in self.functions:
            raise Refused("ResourceNotFound.Function", f"{name} does not exist")
        return name

    def _check_code(self, params: Params) -> None:
        code = params["Code"]
        key = f"{code['CosBucketName']}-{_APP_ID}/{code['CosObjectName'].lstrip('/')}"
        if key not in self.objects:
            raise Refused("FailedOperation.CopyFailed", f"there is no {key}")


class Handler(BaseHTTPRequestHandler):
    """HTTP: API 3.0 by the host in the request's header, COS likewise."""

    protocol_version = "HTTP/1.1"
    cloud = Cloud()

    def do_GET(self) -> None:
        """Tell the state; the cloud is only ever asked by POST and PUT."""
        if self.path == "/state":
            self._send(json.dumps(self.cloud.state()).encode())
        else:
            self._send(b"", 404)

    def do_PUT(self) -> None:
        """Take a bucket or an object of COS."""
        bucket = self.headers["Host"].partition(".")[0]
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        body = self._body()
        if path != "/":
            self.cloud.objects[bucket + path] = body
        self._send(b"", ETag='"0"')

    def do_POST(self) -> None:
        """Answer a request to an API, whose parameters are a form."""
        params = _nested(dict(urllib.parse.parse_qsl(self._body().decode(), keep_blank_values=True)))
        action = str(params["Action"])
        given = {key: value for key, value in params.items() if key not in _ENVELOPE}
        try:
            answer = self.cloud.answer(self.headers["Host"].partition(".")[0], action, given)
        except Refused as error:
            answer = {"Error": {"Code": error.code, "Message": str(error)}}
        self._send(json.dumps({"Response": {**answer, "RequestId": f"request-{action}"}}).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _faults(action: str, params: Params) -> list[str]:
    """Say what the SDK's model of a request finds wrong with it."""
    model = getattr(models, f"{action}Request", None)
    if model is None:
        return [f"no action {action}"]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        model()._deserialize(params)
    # The SDK warns of what it does not know: "A,B … are useless."
    unknown = [name for each in said for name in str(each.message).partition(" ")[0].split(",")]
    integers = re.findall(r":type (\w+): int", model.__init__.__doc__ or "")
    return [f"unknown: {name}" for name in unknown] + [
        f"no whole number: {name}"
        for name in integers
        if name in params and not re.fullmatch(r"-?[0-9]+", str(params[name]))
    ]


def _nested(form: Mapping[str, str]) -> Params:
    """Give a form's `A.0.B=c` as `{"A": [{"B": "c"}]}`."""
    tree: Params = {}
    for name, value in form.items():
        *path, last = name.split(".")
        branch = tree
        for step in path:
            branch = branch.setdefault(step, {})
        branch[last] = value

    def listed(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        if value and all(key.isdigit() for key in value):
            return [listed(value[key]) for key in sorted(value, key=int)]
        return {key: listed(each) for key, each in value.items()}

    nested: Params = listed(tree)
    return nested


def _function(params: Params) -> str:
    return f"{params.get('Namespace', 'default')}/{params['FunctionName']}"


def _resource(resource: str) -> str:
    """Give the function that a tag's resource id means: `NAMESPACE/function/NAME`."""
    namespace, _, name = resource.split("/")
    return f"{namespace}/{name}"


def _trigger_key(params: Params) -> str:
    return f"{params['Type']}/{params['TriggerName']}"


def _trigger(params: Params) -> Params:
    """Give a trigger as it is told: a timer's cron in an object, `Enable` as a number."""
    described = params["TriggerDesc"]
    if params["Type"] == "timer":
        described = json.dumps({"cron": described}, separators=(",", ":"))
    return {
        "Type": params["Type"],
        "TriggerName": params["TriggerName"],
        "TriggerDesc": described,
        "Qualifier": params["Qualifier"],
        "CustomArgument": params.get("CustomArgument", ""),
        "Enable": int(params["Enable"] == "OPEN"),
        "AvailableStatus": "Available",
    }


def _names(data: bytes) -> list[str]:
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.namelist()


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)  # noqa: T201
        server.serve_forever()
