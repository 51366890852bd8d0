"""What the worst cases cost: a cloud that stalls, forbids or throttles, a hostile policy, a hostile message.

`python bench/worst_cases.py` prints a table in about twelve minutes; names choose cases: `worst_cases.py
throttled sns-stalled`. Each case runs the real handler in real time, in a process of its own that is ended
when it takes too long. The emulator and the black holes are in this one.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from local.emulator import Emulator, faults

APP = 1400692008
RUNNING, PAUSED = 1, 5
PAUSE, DESCRIBE, LIST = "PauseAutoCalloutTask", "DescribeAutoCalloutTask", "DescribeAutoCalloutTasks"
PUBLISH = "PublishCmqMsg"
ALWAYS = {"quiet_hours": {"default": {"time_zone": "UTC", "quiet": ["00:00-24:00"]}}}
TOPIC = "arn:aws:sns:us-east-1:123456789012:reports"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:callout-AbCdEf"
SHORT = (3, 10, 30)
"""Limits of a platform, in seconds."""
PATIENCE = 60
"""Seconds beyond the limit before a process is ended."""

CHILD = """
import json, resource, sys, time
order = json.load(open(sys.argv[1]))
class Out:
    logged = None
    def write(self, text):
        if self.logged is None and '"level":"ERROR"' in text and "report" in text:
            self.logged = time.monotonic()
    def flush(self):
        pass
sys.stdout = out = Out()
if order["memory"]:
    resource.setrlimit(resource.RLIMIT_AS, (order["memory"] << 20, order["memory"] << 20))
from handler.main import handle
reports, answer, error = [], None, None
began = time.monotonic()
for number in range(order["times"]):
    event = json.loads(json.dumps(order["event"]).replace("NUMBER", str(number)))
    try:
        answer = handle(event, {"time_limit_in_ms": order["limit"] * 1000, "request_id": "bench"},
                        seen=lambda report: reports.append(report) or reports.__delitem__(slice(0, -1)))
    except BaseException as caught:
        error = caught
ended = time.monotonic()
peak = int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]) / 1024
data = reports[-1].data() if reports and not order["memory"] else {}
print(json.dumps({
    "seconds": ended - began,
    "logged": out.logged and out.logged - began,
    "error": error and type(error).__name__,
    "message": len(str(error)) if error else 0,
    "answer": len(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace")),
    "summary": data.get("summary", {}),
    "causes": sorted({
        (each["error"] or {"code": each["outcome"]})["code"] for each in data.get("tasks", [])
    }),
    "peak": peak,
}), file=sys.stderr)
import os
sys.stderr.flush()
os._exit(0)  # threads that are still stalled do not matter any more
"""


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    case: str
    limit: str
    figure: str


class NoAnswerError(Exception):
    """The process did not answer: it was ended, or it died."""


Case = Callable[[], Iterator[Row]]


def run(  # noqa: PLR0913 - by name, and each has a default
    event: Any,
    limit: float,
    settings: Mapping[str, str],
    *,
    times: int = 1,
    memory: int = 0,
    timeout: float | None = None,
) -> dict[str, Any]:
    """Return what a process reports of its invocation; `memory` is the most it may take, in MB.

    Raises `NoAnswerError` when the process had to be ended.
    """
    order = {"event": event, "limit": limit, "times": times, "memory": memory}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "order.json"
        path.write_text(json.dumps(order))
        command = [sys.executable, "-c", CHILD, str(path)]
        told: dict[str, Any] = _told(command, settings, timeout or limit + PATIENCE)
        return told


def _told(command: Sequence[str], settings: Mapping[str, str], timeout: float) -> Any:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "CALLOUT_POLICY": json.dumps(ALWAYS),
        "CALLOUT_SDK_APP_ID": str(APP),
        "TENCENTCLOUD_SECRET_ID": "AKIDEXAMPLE",
        "TENCENTCLOUD_SECRET_KEY": "SECRETEXAMPLE",
        **settings,
    }
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and each word is an argument
            command, env=environment, capture_output=True, text=True, timeout=timeout, check=False, cwd="/"
        )
    except subprocess.TimeoutExpired:
        raise NoAnswerError(f"no answer in {timeout:.0f} s") from None
    try:
        return json.loads(done.stderr.splitlines()[-1])
    except (ValueError, IndexError):
        last = (done.stderr.splitlines() or [""])[-1]
        raise NoAnswerError(f"died with {done.returncode}: {last[:100]}") from None


@contextmanager
def black_hole() -> Iterator[str]:
    """Yield the address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as server:
        taken: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        for each in taken:
            each.close()


def tasks(count: int, state: int = RUNNING, first: int = 1) -> list[Mapping[str, Any]]:
    """Return so many tasks."""
    numbers = range(first, first + count)
    return [{"task_id": each, "sdk_app_id": APP, "name": f"t{each}", "state": state} for each in numbers]


def aws(url: str) -> dict[str, str]:
    """Return what boto3 needs to talk to a server of ours."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def looked_and_paused(emulator: Emulator, told: Mapping[str, Any]) -> str:
    """Return the calls, the tasks left running that were asked for, and the time."""
    calls = Counter(emulator.journal.actions())
    left = sum(told["summary"].get(each, 0) for each in ("deferred", "failed"))
    return (
        f"{calls[LIST]} pages, {calls[DESCRIBE]} describes, {calls[PAUSE]} pauses; {left} unfinished, "
        f"answered after {told['seconds']:.1f} s"
    )


def looking(
    title: str, limit: float, count: int, prepare: Callable[[Emulator], None], *, among: int = 0
) -> Case:
    """Return a case: `count` tasks to pause, while looking at them is made hard."""

    def case() -> Iterator[Row]:
        with Emulator(tasks=tasks(count, first=among + 1) + tasks(among, PAUSED)) as emulator:
            prepare(emulator)
            event = {"tasks": list(range(among + 1, among + count + 1))}
            told = run(event, limit, {"CALLOUT_ENDPOINT": emulator.url})
            yield Row(title, f"{limit:g} s", looked_and_paused(emulator, told))

    return case


def list_forbidden(emulator: Emulator) -> None:
    """Forbid the list."""
    emulator.faults.add(faults.error("UnauthorizedOperation"), action=LIST)


def list_stalled(emulator: Emulator) -> None:
    """Let the list stall."""
    emulator.faults.add(faults.STALL, action=LIST)


def describe_stalled(emulator: Emulator) -> None:
    """Let the description stall."""
    emulator.faults.add(faults.STALL, action=DESCRIBE)


def throttled() -> Iterator[Row]:
    """Answer each pause 3 s late, with RequestLimitExceeded."""
    for count in (1, 20, 200):
        with Emulator(tasks=tasks(count)) as emulator:
            emulator.limits.per_action[PAUSE] = 0
            emulator.faults.add(faults.latency(3.0), action=PAUSE)
            told = run({"tasks": list(range(1, count + 1))}, 20, {"CALLOUT_ENDPOINT": emulator.url})
            yield Row(f"throttled, 3 s late: {count} tasks", "20 s", answered(told))


def answered(told: Mapping[str, Any]) -> str:
    """Return when it was answered, and what the causes were."""
    return f"answered after {told['seconds']:.1f} s, {', '.join(told['causes']) or told['error']}"


def slow_rate() -> Iterator[Row]:
    """Allow a request in ten seconds."""
    with Emulator(tasks=tasks(3)) as emulator:
        settings = {"CALLOUT_ENDPOINT": emulator.url, "CALLOUT_REQUESTS_PER_SECOND": "0.1"}
        for limit in (3, 10):
            told = run({"tasks": [1, 2, 3]}, limit, settings)
            yield Row("0.1 requests per second, 3 tasks", f"{limit} s", answered(told))


def name_among_many() -> Iterator[Row]:
    """Look for a name in an application of 60,000 tasks."""
    with Emulator(tasks=tasks(60_000)) as emulator:
        told = run({"tasks": ["t60000"]}, 20, {"CALLOUT_ENDPOINT": emulator.url})
        yield Row("a name among 60,000 tasks", "20 s", answered(told))


def secret_stalled() -> Iterator[Row]:
    """Let Secrets Manager stall."""
    for limit in SHORT:
        with Emulator(tasks=tasks(1)) as emulator, black_hole() as url:
            keys = {"TENCENTCLOUD_SECRET_ID": "", "TENCENTCLOUD_SECRET_KEY": ""}
            settings = {"CALLOUT_ENDPOINT": emulator.url, "CALLOUT_SECRET": SECRET, **keys, **aws(url)}
            yield _bounded("Secrets Manager stalls", limit, {"tasks": [1]}, settings)


def sns_stalled() -> Iterator[Row]:
    """Let SNS stall."""
    for limit in SHORT:
        with Emulator(tasks=tasks(1)) as emulator, black_hole() as url:
            settings = {"CALLOUT_ENDPOINT": emulator.url, "CALLOUT_TOPIC": TOPIC, **aws(url)}
            yield _bounded("SNS stalls", limit, {"tasks": [1]}, settings)


def both_stalled() -> Iterator[Row]:
    """Let CCC and SNS stall."""
    for limit in SHORT:
        with black_hole() as url, black_hole() as ccc:
            settings = {"CALLOUT_ENDPOINT": ccc, "CALLOUT_TOPIC": TOPIC, **aws(url)}
            yield _bounded("CCC and SNS stall", limit, {"tasks": [1]}, settings)


def policy_broken_sns_stalled() -> Iterator[Row]:
    """Break the policy and let SNS stall."""
    for limit in SHORT:
        with black_hole() as url:
            settings = {"CALLOUT_POLICY": '{"quiet_hours": 5}', "CALLOUT_TOPIC": TOPIC, **aws(url)}
            yield _bounded("policy broken, SNS stalls", limit, {"tasks": [1]}, settings)


def _bounded(title: str, limit: float, event: Any, settings: Mapping[str, str]) -> Row:
    try:
        told = run(event, limit, settings)
    except NoAnswerError as error:
        return Row(title, f"{limit:g} s", str(error))
    report = "published"
    if told["error"] == "PublishError":
        report = f"report in the log after {told['logged']:.1f} s" if told["logged"] else "report nowhere"
    return Row(title, f"{limit:g} s", f"{answered(told)}; {report}")


def stubborn() -> Iterator[Row]:
    """Accept each pause and let the tasks go on."""
    limits = [2 + number / 10 for number in range(21)]

    def one(count: int, limit: float) -> dict[str, Any]:
        with Emulator(tasks=tasks(count)) as emulator:
            emulator.options.pauses_without_effect = 10**9
            emulator.limits.default = None
            body = json.dumps({"tasks": list(range(1, count + 1))})
            event = {"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": body}]}
            return run(event, limit, {"CALLOUT_ENDPOINT": emulator.url})

    for count in (1, 20):
        with ThreadPoolExecutor(3) as pool:
            told = list(pool.map(partial(one, count), limits))
        lies = [each for each in told if "paused" in each["summary"]]
        done = sum(each["answer"] <= len('{"batchItemFailures": []}') for each in lies)
        figure = f"{len(lies)} of {len(told)} reports say paused, {done} messages are answered as done"
        yield Row(f"accepted, but it goes on: {count} tasks", "2 to 4 s", figure)


def yaml_aliases() -> Iterator[Row]:
    """Read policies whose aliases expand, in a process that may take 3 GB."""
    for depth in (6, 7):
        lines = ["x0: &x0 [a, a, a, a, a, a, a, a, a, a]"]
        lines += [f"x{level}: &x{level} [{', '.join([f'*x{level - 1}'] * 10)}]" for level in range(1, depth)]
        lines += ["quiet_hours:", "  default:", "    time_zone: UTC", f"    quiet: *x{depth - 1}"]
        yield _policy(f"YAML aliases, 10^{depth} nodes", "\n".join(lines))


def misspelt_names() -> Iterator[Row]:
    """Read a policy of 5,000 tasks whose quiet hours are all misspelt."""
    hours = {
        f"united-states-eastern-region-{number}": ALWAYS["quiet_hours"]["default"] for number in range(30)
    }
    named = {
        f"task-{number}": {"task_id": number, "quiet_hours": f"united-states-eastern-regoin-{number}"}
        for number in range(1, 5_001)
    }
    yield _policy("5,000 misspelt names", json.dumps({"quiet_hours": hours, "tasks": named}))


def _policy(title: str, text: str) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policy.yaml"
        path.write_text(text)
        try:
            told = run({}, 60, {"CALLOUT_POLICY": str(path)}, memory=3_000, timeout=180)
        except NoAnswerError as error:
            return Row(title, "60 s", str(error))
    size = f"text of {told['message']:,} characters"
    return Row(title, "60 s", f"{told['error']} after {told['seconds']:.1f} s, {told['peak']:.0f} MB, {size}")


def large_record() -> Iterator[Row]:
    """Read Kafka records of 1 MB whose elements are all wrong, or all right."""
    wrong = ("0", "true", "{}")
    for element in (*wrong, "ids"):
        count = 1_000_000 // (len(element) + 1)
        elements = range(10**6, 10**6 + 120_000) if element == "ids" else [element] * count
        body = f'{{"dry_run": true, "tasks": [{",".join(str(each) for each in elements)}]}}'
        record = {"topic": "t", "partition": 0, "offset": 1, "msgBody": body}
        settings = {"CALLOUT_POLICY": json.dumps(NEVER)}
        try:
            told = run({"Records": [{"Ckafka": record}]}, 60, settings, timeout=300)
        except NoAnswerError as error:
            yield Row(f"Kafka record of 1 MB, [{element}, …]", "60 s", str(error))
            continue
        figure = f"{told['peak']:.0f} MB, {told['seconds']:.1f} s, answer of {told['answer'] / 1e6:.1f} MB"
        yield Row(f"Kafka record of 1 MB, [{element}, …]", "60 s", figure)


NEVER = {
    "quiet_hours": {"default": {"time_zone": "UTC", "quiet": ["1999-01-01T00:00:00Z/1999-01-02T00:00:00Z"]}}
}


def many_bodies() -> Iterator[Row]:
    """Reject 1,000 messages of 200 KB in one warm instance."""
    record = {"messageId": "mNUMBER", "eventSource": "aws:sqs", "body": "NUMBER " + "x" * 200_000}
    one, many = (run({"Records": [record]}, 60, {}, times=times, timeout=180)["peak"] for times in (1, 1_000))
    yield Row("1,000 rejected bodies of 200 KB", "60 s", f"{many - one:.0f} MB more than one of them")


def many_parts() -> Iterator[Row]:
    """Publish a report in about 85 parts to a CMQ topic whose API takes 20 requests a second."""
    count = 20_000
    with Emulator(tasks=tasks(count, PAUSED)) as emulator:
        emulator.topics.create("reports")
        numbers = range(1, count + 1)
        records = [
            {
                "messageId": f"m{number}",
                "eventSource": "aws:sqs",
                "body": json.dumps({"tasks": list(numbers[number * 5_000 : (number + 1) * 5_000])}),
            }
            for number in range(4)
        ]
        settings = {
            "CALLOUT_ENDPOINT": emulator.url,
            "CALLOUT_TOPIC": "cmq:reports",
            "CALLOUT_REGION": "ap-guangzhou",
        }
        told = run({"Records": records}, 60, settings)
        sent = [entry for entry in emulator.journal.entries if entry.action == PUBLISH]
        refused = sum(entry.code is not None for entry in sent)
        parts = len(emulator.topics.messages("reports"))
        figure = (
            f"{parts} parts, {refused} throttled, answered after {told['seconds']:.1f} s, {told['error']}"
        )
        yield Row(f"a report of {count:,} tasks to CMQ", "60 s", figure)


CASES: Mapping[str, Case] = {
    "list-forbidden": looking("list forbidden, 300 tasks", 15, 300, list_forbidden),
    "list-stalled": looking("list stalls, 50 tasks", 30, 50, list_stalled),
    "among-30000": looking("400 tasks among 30,000", 15, 400, lambda _: None, among=30_000),
    "describe-stalled": looking("describe stalls, 1 task", 30, 1, describe_stalled),
    "throttled": throttled,
    "slow-rate": slow_rate,
    "name-among-60000": name_among_many,
    "secret-stalled": secret_stalled,
    "sns-stalled": sns_stalled,
    "both-stalled": both_stalled,
    "policy-broken": policy_broken_sns_stalled,
    "stubborn": stubborn,
    "yaml-aliases": yaml_aliases,
    "misspelt-names": misspelt_names,
    "large-record": large_record,
    "many-bodies": many_bodies,
    "many-parts": many_parts,
}


def main() -> None:
    """Print the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"one of {', '.join(CASES)}")
    wanted = parser.parse_args().cases or list(CASES)
    if unknown := [each for each in wanted if each not in CASES]:
        parser.error(f"{', '.join(unknown)}: cases are {', '.join(CASES)}")
    print("| case | limit | figure |\n| --- | ---: | --- |")
    began = time.monotonic()
    for name in wanted:
        try:
            for row in CASES[name]():
                print(f"| {row.case} | {row.limit} | {row.figure} |", flush=True)
        except NoAnswerError as error:
            print(f"| {name} | | {error} |", flush=True)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\n{time.monotonic() - began:.0f} s in all; the emulator's process took {own:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
