"""Builds what is deployed: `handler/`, its locked dependencies and the policy, as one reproducible zip.

`deploy/plugin.js` runs it at each deployment to AWS. By hand, `python -m local.package` writes
`build/lambda.zip` for the Python and the processor that `serverless.yml` names by default, and with
`--target scf` `build/scf.zip` for `scf/serverless.yml`. The same inputs give the same bytes, whatever the
time and the build machine's own Python; only another zlib may compress differently.

Neither platform keeps the bytecode that Python compiles: each cold start would compile every module, which
takes as long as everything else (`bench/cold_start.py`). So the package contains the bytecode. Dependencies
come without their sources. Our modules have their sources beside it, for the lines of a traceback.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatch
from pathlib import Path

from handler.errors import ConfigurationError
from handler.policy.document import parse_document
from handler.policy.source import read
from local.screen import drawn, table

ROOT = Path(__file__).resolve().parents[1]
"""The repository."""

POLICY_NAME = "policy.json"
"""The policy's path inside the package, for `CALLOUT_POLICY`: JSON, which is read 15 ms faster than YAML."""

PLATFORMS = {"x86_64": "x86_64-manylinux2014", "arm64": "aarch64-manylinux2014"}
"""Lambda's name for an architecture, and the platform of wheels that run on every supported runtime."""


@dataclass(frozen=True)
class Target:
    """A platform: its Python, the package's path and largest size in bytes, and extra top-level files."""

    python: str
    output: Path
    limit: int
    more: Mapping[str, Path]


TARGETS = {
    # The newest Python that this project is tested with.
    "lambda": Target("3.13", Path("build/lambda.zip"), 6_000_000, {}),
    # SCF has no newer Python. `scf/index.py` says why that file is needed.
    "scf": Target("3.10", Path("build/scf.zip"), 8_000_000, {"index.py": ROOT / "scf" / "index.py"}),
}

_SOURCES = (
    "index.py",  # SCF loads it by its path and does not import it
    "holidays/countries/*",  # a policy needs one or two of 250; their bytecode is half a megabyte more
)

ARCHITECTURE = "x86_64"
"""The default architecture; SCF has no other."""

_OWNER = "tencentcloud-sdk-python-common"
_UNUSED_FOLDERS = {"__pycache__", "bin", "test", "tests"}
_UNUSED_SUFFIXES = {".dist-info", ".pyc", ".pyi", ".typed"}
_READ = ("holidays-*.dist-info/METADATA",)  # for its own version, when it is imported
_UNUSED = (
    "charset_normalizer/*.so",  # faster guessing of encodings; what CCC sends is UTF-8
    "dateutil/zoneinfo/*.tar.gz",  # zones are tzdata's
    "holidays/generate_ics.py",  # and the next: calendars for other programs
    "holidays/ical.py",
    "holidays/locale/*",  # names of holidays in other languages; only their dates are asked for
    "pydantic/mypy.py",
    "pydantic/v1/*",
    # The SDK's typed clients: requests go through the generic one of -common, see docs/decisions/0003.
    "tencentcloud/ccc/*",
    "tencentcloud/common/*_async.py",  # the client for an event loop
    "tencentcloud/tdmq/*",
    "tzdata/zoneinfo/*.tab",  # and the next: tables for people and compilers; `zoneinfo` reads compiled zones
    "tzdata/zoneinfo/leap*",
    "tzdata/zoneinfo/tzdata.zi",
    "urllib3/contrib/emscripten/*",  # for a browser
    "urllib3/contrib/pyopenssl.py",  # for a Python without TLS
    "urllib3/contrib/socks.py",  # for a proxy
    "urllib3/http2/connection.py",  # for who asks for HTTP/2
    "_yaml/*",
    "yaml/*.so",  # libyaml: policies are read by a loader of our own, which cannot use it
)
_COMPILE = """
import pathlib, py_compile, sys
root = pathlib.Path(sys.argv[1])
for source in sorted(root.rglob("*.py")):
    name = source.relative_to(root)
    py_compile.compile(
        str(source), str(source) + "c", str(name), doraise=True,
        # 2: without docstrings, which nobody reads in a dependency
        optimize=0 if name.parts[0] in {"handler", "index.py"} else 2,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
"""
_DEPLOYED_FOR = timedelta(days=366)  # as far as `quiet-hours check` looks ahead
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can name
_MODE = 0o100644 << 16


def vendor(into: Path, *, python: str, arch: str, calendars: bool = False) -> None:
    """Install the locked dependencies into a folder, for another Python and machine than this one.

    `calendars` adds `holidays` and `chinesecalendar`, which only a policy that names a calendar needs.

    uv is used, not pip: pip evaluates `python_full_version` in the lock for the Python that it runs on, not
    for the one requested, and then misses what the lock holds for 3.10. Each Tencent Cloud distribution has
    its own `tencentcloud/__init__.py`. The last one installed wins, and uv installs in no fixed order. So
    the one whose version the SDK sends with its requests is installed once more.

    Raises `subprocess.CalledProcessError`; uv has printed the reason to standard error.
    """
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable]
    command += ["--target", str(into), "--python-version", python, "--python-platform", PLATFORMS[arch]]
    command += ["--only-binary", ":all:", "--require-hashes", "--link-mode", "copy"]
    command += ["--requirements", str(ROOT / f"requirements{'-holidays' if calendars else ''}.txt")]
    for again in ([], ["--reinstall-package", _OWNER]):
        subprocess.run(command + again, check=True)  # noqa: S603 - no shell, and each word is an argument


def contents(vendored: Path, policy: Path, more: Mapping[str, Path]) -> dict[str, bytes]:
    """Return what the package holds, by path: dependencies, the handler and the policy, no unused files.

    `policy` is a document without faults: the caller has checked it.
    """
    found = {path.relative_to(vendored): path for path in _files(vendored)}
    found |= {path.relative_to(ROOT): path for path in _files(ROOT / "handler")}
    found |= {Path(name): path for name, path in more.items()}
    document = parse_document(policy.read_text(encoding="utf-8-sig"))
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    return {name.as_posix(): path.read_bytes() for name, path in found.items()} | {POLICY_NAME: text.encode()}


def compiled(files: Mapping[str, bytes], python: str) -> dict[str, bytes]:
    """Return the files with bytecode for a Python: instead of the dependencies' sources, beside our own.

    Raises `subprocess.CalledProcessError` where that Python is neither installed nor available.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        # A random hash seed would order the sets among the constants differently in each run.
        command = [interpreter(python), "-S", "-B", "-W", "ignore", "-c", _COMPILE, folder]
        subprocess.run(command, check=True, env={"PYTHONHASHSEED": "0"})  # noqa: S603 - as below
        found = {}
        for name, data in files.items():
            path = Path(name)
            if path.suffix != ".py" or _is_one_of(name, _SOURCES):
                found[name] = data
                continue
            bytecode = Path(folder, f"{name}c").read_bytes()
            if path.parts[0] == "handler":
                cached = f"{path.stem}.cpython-{python.replace('.', '')}.pyc"
                found[name] = data
                found[path.with_name("__pycache__").joinpath(cached).as_posix()] = bytecode
            else:
                found[f"{name}c"] = bytecode
        return found


def interpreter(python: str) -> str:
    """Return the path of an interpreter of a version; uv fetches one where none is installed."""
    uv = [sys.executable, "-m", "uv", "python"]
    find = [*uv, "find", "--no-project", "--system", python]
    here = os.environ | {"PYENV_VERSION": python}  # else pyenv's shims refuse the query
    found = subprocess.run(find, check=False, capture_output=True, text=True, env=here)  # noqa: S603
    if found.returncode:
        subprocess.run([*uv, "install", "--quiet", python], check=True)  # noqa: S603
        found = subprocess.run(find, check=True, capture_output=True, text=True, env=here)  # noqa: S603
    return found.stdout.strip()


def write(files: dict[str, bytes], output: Path) -> None:
    """Write a zip that depends on the names and bytes alone: sorted, one date, one mode."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(output, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr = 3, _MODE
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name], compresslevel=9)


def describe(files: dict[str, bytes], output: Path) -> str:
    """Return the package's sizes and hash, and its five largest top-level entries, as text."""
    zipped = output.read_bytes()
    unpacked = sum(map(len, files.values()))
    top: Counter[str] = Counter()
    for name, data in files.items():
        top[name.partition("/")[0]] += len(data)
    largest = table()
    largest.add_column(justify="right", min_width=10)
    for name, size in top.most_common(5):
        largest.add_row(_megabytes(size), name)
    lines = [
        f"{output}: {_megabytes(len(zipped))} zipped, {_megabytes(unpacked)} unpacked, {len(files)} files",
        f"sha256 {hashlib.sha256(zipped).hexdigest()}",
    ]
    return "\n".join([*lines, drawn(largest).rstrip("\n")])


def main(arguments: Sequence[str] | None = None) -> int:
    """Build a package as the command line says, and return the exit code: 2 for an error the user can fix."""
    options = _parser().parse_args(arguments)
    target = TARGETS[options.target]
    python, output = options.python or target.python, options.output or target.output
    try:
        policy = read(str(options.policy))
        calendars = any(hours.needs_calendars() for hours in policy.quiet_hours.values())
        with tempfile.TemporaryDirectory() as folder:
            vendor(Path(folder), python=python, arch=options.arch, calendars=calendars)
            files = contents(Path(folder), options.policy, target.more)
        if options.bytecode:
            files = compiled(files, python)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        what = " ".join(map(str, error.cmd[2:5]))
        print(f"not built: {what} … ended with {error.returncode}, see above", file=sys.stderr)
        if what == "uv python install":
            print(f"Python {python} is wanted for its bytecode; --no-bytecode does without", file=sys.stderr)
        return 2
    write(files, output)
    print(describe(files, output))
    for note in policy.notes(datetime.now(timezone.utc), _DEPLOYED_FOR):
        print(f"worth a look: {note}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.package", description=__doc__.partition("\n")[0])
    parser.add_argument("--target", choices=sorted(TARGETS), default="lambda", help="(%(default)s)")
    parser.add_argument("--python", metavar="X.Y", help="the runtime's Python (lambda: 3.13, scf: 3.10)")
    parser.add_argument("--arch", choices=sorted(PLATFORMS), default=ARCHITECTURE, help="(%(default)s)")
    parser.add_argument("--policy", type=Path, default=ROOT / "policy.example.yaml", help="(%(default)s)")
    parser.add_argument("--output", type=Path, help="(build/lambda.zip, build/scf.zip)")
    parser.add_argument(
        "--no-bytecode", dest="bytecode", action="store_false", help="sources alone, for a slower cold start"
    )
    return parser


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder)
        unread = any(map(_is_unused, name.parts)) or _is_one_of(name.as_posix(), _UNUSED)
        if path.is_file() and (not unread or _is_one_of(name.as_posix(), _READ)):
            yield path


def _is_one_of(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def _is_unused(name: str) -> bool:
    return name.startswith(".") or name in _UNUSED_FOLDERS or Path(name).suffix in _UNUSED_SUFFIXES


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2f} MB"


if __name__ == "__main__":
    sys.exit(main())
