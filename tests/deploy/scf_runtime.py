"""Tencent SCF as far as a function in Python can see it: its process, environment, context, time limit.

A program without dependencies, run with the Python that the function is deployed for. It reads a line of
JSON that describes the function, as `Function` says, then a line for each event; it answers each with a
line, as `Outcome` says. One instance takes one event after the other, as long as it lives: what is run out
of time or ends itself is replaced at the next event.

What it does is from the documents (583/9210 contexts, 583/32748 variables, 583/35311 status codes), and
where they are silent from the runtime of Tencent's own emulator, `tencentyun/scfcli`: the entry file is
loaded by its path, as a source; the root logger writes to standard output, from DEBUG on; the credentials
of the role are put into the environment before each event.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import select
import subprocess
import sys
import tempfile
import traceback
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

INIT_SECONDS = 60
"""How long the first import may take; it does not count as time of the event."""
FAILED, TIMED_OUT, ENDED = 430, 433, 439
"""The status of a raise, of a time limit, and of a process that is no more."""


@dataclass(frozen=True)
class Function:
    """A function: where its package is unpacked, its configuration, and its role's credentials."""

    folder: str
    handler: str
    seconds: float
    variables: dict[str, str]
    role: dict[str, str] = field(default_factory=dict)
    memory: int = 512
    name: str = "callout-quiet-hours-test"
    region: str = "ap-guangzhou"

    def environment(self) -> dict[str, str]:
        """Give the variables of a new process. The role's credentials come with the events."""
        return {
            "TENCENTCLOUD_RUNENV": "SCF",
            "TENCENTCLOUD_REGION": self.region,
            "TENCENTCLOUD_APPID": "1250000000",
            "TENCENTCLOUD_UIN": "100000000001",
            "TENCENTCLOUD_TZ": "UTC",
            "SCF_RUNTIME": "Python3.10",
            "SCF_FUNCTIONNAME": self.name,
            "SCF_FUNCTIONVERSION": "$LATEST",
            "_SCF_SERVER_PORT": "28902",
            "USER_CODE_ROOT": f"{self.folder}/",
            "PYTHONDONTWRITEBYTECODE": "x",
            "PYTHONPATH": f"{self.folder}:/opt",
            "LD_LIBRARY_PATH": f"{self.folder}:/opt",
            "PWD": self.folder,
            "LOGNAME": "qcloud",
            "USER": "qcloud",
            "HOME": "/home/qcloud",
            "LANG": "en_US.UTF8",
            "LC_ALL": "en_US.UTF8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "SHELL": "/bin/bash",
            **self.variables,
        }

    def context(self, request_id: str) -> dict[str, Any]:
        """Give the context of an event: a plain dict, with the role's credentials in `environ`."""
        pairs = [f"{name}={value}" for name, value in self.role.items()]
        return {
            "memory_limit_in_mb": self.memory,
            "time_limit_in_ms": int(self.seconds * 1000),
            "request_id": request_id,
            "environment": json.dumps({"SCF_NAMESPACE": "default", **self.variables}),
            "environ": ";".join([*pairs, "SCF_NAMESPACE=default"]),
            "function_version": "$LATEST",
            "function_name": self.name,
            "namespace": "default",
            "tencentcloud_region": self.region,
            "tencentcloud_appid": "1250000000",
            "tencentcloud_uin": "100000000001",
        }


@dataclass(frozen=True)
class Outcome:
    """What became of an event: a result, or an error as text; what was logged; and in which process."""

    status: int
    result: Any = None
    error: str = ""
    log: str = ""
    process: int = 0


class Instance:
    """A process with the function in it."""

    def __init__(self, function: Function) -> None:
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(  # noqa: S603 - this file, with this Python
            [sys.executable, "-I", "-S", "-B", __file__, function.folder, function.handler],
            cwd=function.folder,
            env=function.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self._ready = False

    def invoke(self, event: Any, context: dict[str, Any]) -> Outcome:
        """Hand over an event, and end the process if it takes longer than the context allows."""
        if not self._ready:
            failed = self._answer(INIT_SECONDS)
            if failed.status:
                return failed
            self._ready = True
        self._send({"event": event, "context": context})
        return self._answer(context["time_limit_in_ms"] / 1000)

    @property
    def lives(self) -> bool:
        """Tell whether the process can take another event."""
        return self._process.poll() is None

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._log.close()

    def _send(self, document: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(document).encode() + b"\n")
        self._process.stdin.flush()

    def _answer(self, seconds: float) -> Outcome:
        assert self._process.stdout is not None
        there, _, _ = select.select([self._process.stdout], [], [], seconds)
        line = self._process.stdout.readline() if there else b""
        if not line:
            self._process.kill()
            self._process.wait()
        log, process = self._read_log(), self._process.pid
        if line:
            return Outcome(**json.loads(line), log=log, process=process)
        status, error = TIMED_OUT, f"Invoking task timed out after {seconds:g} seconds."
        if there:
            status, error = ENDED, f"The process ended with {self._process.returncode}."
        return Outcome(status, error=error, log=log, process=process)

    def _read_log(self) -> str:
        self._log.seek(0)
        text = self._log.read()
        self._log.seek(0)
        self._log.truncate()
        return text


def serve(requests: IO[str], answers: IO[str]) -> None:
    """Be the platform: read the function, then its events, and answer each."""
    function = Function(**json.loads(requests.readline()))
    instance: Instance | None = None
    for line in requests:
        if instance is None or not instance.lives:
            instance = Instance(function)
        outcome = instance.invoke(json.loads(line), function.context(str(uuid.uuid4())))
        answers.write(json.dumps(asdict(outcome)) + "\n")
        answers.flush()
    if instance:
        instance.stop()


def run(folder: str, handler: str) -> None:
    """Be the runtime: load the function, say so, then hand it one event after the other."""
    requests, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    # What the function prints is its log; what it reads is nothing.
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.path.insert(0, folder)
    root = logging.getLogger()
    root.setLevel(logging.DEBUG)
    root.addHandler(logging.StreamHandler(sys.stdout))

    def answer(status: int, **more: Any) -> None:
        sys.stdout.flush()
        answers.write(json.dumps({"status": status, **more}) + "\n")
        answers.flush()

    try:
        function = _load(Path(folder), handler)
    except Exception:
        answer(FAILED, error=traceback.format_exc())
        raise
    answer(0)
    for line in requests:
        asked = json.loads(line)
        for pair in filter(None, asked["context"]["environ"].split(";")):
            name, _, value = pair.partition("=")
            os.environ[name] = value
        try:
            result = json.loads(json.dumps(function(asked["event"], asked["context"]), ensure_ascii=False))
        except Exception:  # noqa: BLE001 - whatever the function lets out
            answer(FAILED, error=traceback.format_exc())
        else:
            answer(200, result=result)


def _load(folder: Path, handler: str) -> Callable[[Any, Any], Any]:
    file, _, name = handler.partition(".")
    spec = importlib.util.spec_from_file_location("", folder / f"{file}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[[Any, Any], Any] = getattr(module, name)
    return function


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run(*sys.argv[1:])
    else:
        serve(sys.stdin, sys.stdout)
