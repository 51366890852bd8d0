"""How long a cold start takes until the function has decided, beside what its libraries take to import.

`python bench/cold_start.py` builds the package as it is deployed, unpacks it, and starts a fresh interpreter
for each measurement, from an empty environment, without writing bytecode, as on a function's read-only disk.
All contenders take turns; a ratio is the median of those of each turn, so that a slow minute hits both.

Outside quiet hours the time runs until the report is printed; inside, until the first request to CCC arrives
at a socket. `--target scf` measures the package for SCF.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from local import package

ARCH = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
LIMIT = 1.15
POLICY = {
    "quiet_hours": {
        "default": {"time_zone": "Asia/Shanghai", "quiet": ["{times}"]},
        "us-east": {"time_zone": "America/New_York", "quiet": ["{times}"], "lead_time": "2m"},
    },
    "tasks": {
        "spring-renewals": {"task_id": 16498},
        "us-reminders": {"task_id": 16499, "quiet_hours": "us-east"},
    },
}
NEVER, ALWAYS = "2020-01-01T00:00:00Z/2020-01-02T00:00:00Z", "00:00-24:00"
HANDLER = "import handler; handler.main_handler({'tasks': ['spring-renewals', 'us-reminders']})"
OURS = "import pydantic_settings"
SDK = "import tencentcloud.common.common_client, tencentcloud.common.credential"


@dataclass
class Contender:
    """A program, the folder it imports from, and how long it took each time, in ms."""

    name: str
    code: str
    folder: Path
    quiet: str = NEVER
    times: list[float] = field(default_factory=list)

    def start(self, interpreter: str, port: int) -> subprocess.Popen[bytes]:
        """Start it with nothing but its folder to import from."""
        begin = f"import sys; sys.path.insert(0, {str(self.folder)!r}); "
        environment = {
            "CALLOUT_POLICY": json.dumps(POLICY).replace("{times}", self.quiet),
            "CALLOUT_SDK_APP_ID": "1400692008",
            "CALLOUT_ENDPOINT": f"http://127.0.0.1:{port}",
            "TENCENTCLOUD_SECRET_ID": "AKIDEXAMPLE",
            "TENCENTCLOUD_SECRET_KEY": "SECRETEXAMPLE",
        }
        return subprocess.Popen(  # noqa: S603 - no shell, and each word is an argument
            [interpreter, "-S", "-B", "-c", begin + self.code],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    @property
    def median(self) -> float:
        """The median of the times."""
        return statistics.median(self.times)


def measure(contenders: list[Contender], interpreter: str, rounds: int) -> None:
    """Let all contenders take turns. The first round warms the disk's cache and does not count."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for number in range(rounds + 1):
            for each in contenders:
                began = time.perf_counter()
                child = each.start(interpreter, port)
                if each.quiet == ALWAYS:
                    server.accept()[0].close()
                else:
                    assert child.stdout is not None
                    if not child.stdout.readline():
                        sys.exit(f"{each.name}: printed nothing")
                took = 1_000 * (time.perf_counter() - began)
                child.kill()
                child.communicate()
                if number:
                    each.times.append(took)


def build(folder: Path, target: str, *, bytecode: bool) -> Path:
    """Build the package for this machine's processor and unpack it."""
    output, into = folder / f"{bytecode}.zip", folder / f"package-{bytecode}"
    options = ["--target", target, "--arch", ARCH, "--output", str(output)]
    if package.main([*options, *([] if bytecode else ["--no-bytecode"])]):
        sys.exit("the package could not be built")
    with zipfile.ZipFile(output) as archive:
        archive.extractall(into)
    return into


def others(folder: Path, interpreter: str, python: str) -> Path:
    """Install what the package leaves out, boto3 and the SDK's typed client, with bytecode as well."""
    into = folder / "others"
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", interpreter]
    command += ["--python-version", python, "--target", str(into), "--link-mode", "copy"]
    command += ["--constraint", str(package.ROOT / "requirements-dev.txt")]
    command += ["boto3", "tencentcloud-sdk-python-ccc", "tencentcloud-sdk-python-common"]
    subprocess.run(command, check=True)  # noqa: S603 - as above
    compile_all = [interpreter, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", str(into)]
    subprocess.run(compile_all, check=True, env={"PATH": os.environ["PATH"]})  # noqa: S603 - as above
    return into


def printing(code: str) -> str:
    """Return a program that prints when it is done."""
    return f"{code}; print('done', flush=True)"


def main() -> int:
    """Print the table, and return 1 if a ratio is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--target", choices=sorted(package.TARGETS), default="lambda")
    parser.add_argument("--rounds", type=int, default=25)
    options = parser.parse_args()
    python = package.TARGETS[options.target].python
    interpreter = package.interpreter(python)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        packed = build(folder, options.target, bytecode=True)
        sources = build(folder, options.target, bytecode=False)
        more = others(folder, interpreter, python)
        bare = Contender("Python alone", printing("pass"), packed)
        settings = Contender("import pydantic_settings", printing(OURS), packed)
        both = Contender("  and tencentcloud.common", printing(f"{OURS}; {SDK}"), packed)
        typed = "import tencentcloud.ccc.v20200210.ccc_client"
        outside = Contender("outside quiet hours", HANDLER, packed)
        inside = Contender("inside quiet hours", HANDLER, packed, ALWAYS)
        plain = Contender("outside, without bytecode", HANDLER, sources)
        contenders = [bare, settings, both, outside, inside, plain]
        contenders.append(Contender("inside, without bytecode", HANDLER, sources, ALWAYS))
        contenders.append(Contender("import pydantic_settings, without bytecode", printing(OURS), sources))
        contenders.append(Contender("import …ccc_client", printing(typed), more))
        contenders.append(Contender("import boto3", printing("import boto3"), more))
        measure(contenders, interpreter, options.rounds)
    print(f"\nPython {python}, {options.rounds} rounds, medians")
    print(f"{'':44}{'ms':>7}")
    for each in contenders:
        print(f"{each.name:44}{each.median:7.0f}")
    met = [
        judge("outside ÷ (Python and pydantic_settings)", outside, settings),
        judge("inside ÷ (these and tencentcloud.common)", inside, both),
    ]
    return 0 if all(met) else 1


def judge(what: str, ours: Contender, theirs: Contender) -> bool:
    """Print a ratio beside its limit, and return whether it is within the limit."""
    ratio = statistics.median(a / b for a, b in zip(ours.times, theirs.times, strict=True))
    print(f"{what:44}{ratio:7.3f}  (at most {LIMIT})")
    return ratio <= LIMIT


if __name__ == "__main__":
    sys.exit(main())
