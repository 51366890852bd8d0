"""AWS Lambda as far as a function in Python can see it: a process, the runtime's boto3, a context.

A program without dependencies, run with the Python that the function is deployed for, in the environment of
the deployed function: `lambda_runtime.py TASK OPT HANDLER SECONDS < event`. Nothing can be imported but the
package in TASK and, behind it, what the runtime brings, in OPT. The last line on standard error is the
answer as JSON: `{"result": …}` or `{"error": …}`; standard output is the function's log.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
import uuid


class Context:
    """What Lambda tells a function of its invocation."""

    def __init__(self, seconds: float) -> None:
        self.aws_request_id = str(uuid.uuid4())
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self._until = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Give how long the function may still run."""
        return int(1_000 * (self._until - time.monotonic()))


def main(task: str, opt: str, handler: str, seconds: str) -> None:
    """Load the function, hand it one event, and answer."""
    os.chdir(task)
    sys.path[:0] = [task, opt]
    module, _, name = handler.rpartition(".")
    try:
        function = getattr(importlib.import_module(module), name)
        answer = {"result": function(json.load(sys.stdin), Context(float(seconds)))}
    except Exception:  # noqa: BLE001 - whatever the function lets out
        answer = {"error": traceback.format_exc()}
    sys.stdout.flush()
    sys.stderr.write("\n" + json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
