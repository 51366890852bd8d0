"""Builds what is deployed: `handler/`, its locked dependencies and the policy, as one reproducible zip.

`python -m local.package` writes `build/lambda.zip` for the Python and the processor that `serverless.yml`
names by default. The same inputs give the same bytes, whatever the time and the build machine's own
Python; only another zlib may compress differently.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from handler.errors import ConfigurationError
from handler.policy import load

ROOT = Path(__file__).resolve().parents[1]
"""The repository."""

POLICY_NAME = "policy.yaml"
"""The policy's path inside the package; `serverless.yml` hands it to the function as `CALLOUT_POLICY`."""

PLATFORMS = {"x86_64": "x86_64-manylinux2014", "arm64": "aarch64-manylinux2014"}
"""Lambda's word for a processor, and the oldest Linux whose wheels run on every supported runtime."""

_OWNER = "tencentcloud-sdk-python-common"
_UNREAD_FOLDERS = {"__pycache__", "bin", "test", "tests"}
_UNREAD_SUFFIXES = {".dist-info", ".pyc", ".pyi", ".typed"}
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip can name
_MODE = 0o100644 << 16


def vendor(into: Path, *, python: str, arch: str, calendars: bool = False) -> None:
    """Install the locked dependencies into a folder, for another Python and machine than this one.

    `calendars` adds the `holidays` package, which only a policy that names a calendar needs.

    uv and not pip: pip takes `python_full_version` in the lock for that of the Python it runs on, not for
    the one that is asked for, and then misses what the lock holds for 3.10. The Tencent Cloud
    distributions each bring a `tencentcloud/__init__.py` of their own; the last one installed wins,
    which uv leaves to chance, so the one whose version the SDK sends along is installed once more.

    Raises `subprocess.CalledProcessError`; uv has said why on standard error.
    """
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable]
    command += ["--target", str(into), "--python-version", python, "--python-platform", PLATFORMS[arch]]
    command += ["--only-binary", ":all:", "--require-hashes", "--link-mode", "copy"]
    command += ["--requirements", str(ROOT / f"requirements{'-holidays' if calendars else ''}.txt")]
    for again in ([], ["--reinstall-package", _OWNER]):
        subprocess.run(command + again, check=True)  # noqa: S603 - no shell, and each word is an argument


def contents(vendored: Path, policy: Path) -> dict[str, bytes]:
    """Give what the package holds, by path: dependencies, the handler and the policy, nothing unread."""
    found = {path.relative_to(vendored): path for path in _files(vendored)}
    found |= {path.relative_to(ROOT): path for path in _files(ROOT / "handler")}
    found[Path(POLICY_NAME)] = policy
    return {name.as_posix(): found[name].read_bytes() for name in sorted(found)}


def write(files: dict[str, bytes], output: Path) -> None:
    """Write a zip that depends on the names and bytes alone: sorted, one date, one mode."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system, entry.external_attr = 3, _MODE
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])


def describe(files: dict[str, bytes], output: Path) -> str:
    """Give the package's sizes and its hash, and the five largest things at its top, as text."""
    zipped = output.read_bytes()
    unpacked = sum(map(len, files.values()))
    top: Counter[str] = Counter()
    for name, data in files.items():
        top[name.partition("/")[0]] += len(data)
    lines = [
        f"{output}: {_megabytes(len(zipped))} zipped, {_megabytes(unpacked)} unpacked, {len(files)} files",
        f"sha256 {hashlib.sha256(zipped).hexdigest()}",
        *(f"  {_megabytes(size):>8}  {name}" for name, size in top.most_common(5)),
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Build a package as the command line says, and give the exit code: 2 for what its user can mend."""
    options = _parser().parse_args(arguments)
    try:
        calendars = any(hours.needs_calendars() for hours in load(str(options.policy)).quiet_hours.values())
        with tempfile.TemporaryDirectory() as folder:
            vendor(Path(folder), python=options.python, arch=options.arch, calendars=calendars)
            files = contents(Path(folder), options.policy)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(f"the dependencies could not be installed (uv ended with {error.returncode})", file=sys.stderr)
        return 2
    write(files, options.output)
    print(describe(files, options.output))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.package", description=__doc__.partition("\n")[0])
    parser.add_argument("--target", choices=["lambda"], default="lambda", help="where it will run")
    parser.add_argument("--python", default="3.12", metavar="X.Y", help="the runtime's Python (%(default)s)")
    parser.add_argument("--arch", choices=sorted(PLATFORMS), default="x86_64", help="(%(default)s)")
    parser.add_argument("--policy", type=Path, default=ROOT / "policy.example.yaml", help="(%(default)s)")
    parser.add_argument("--output", type=Path, default=Path("build/lambda.zip"), help="(%(default)s)")
    return parser


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(map(_is_unread, parts)):
            yield path


def _is_unread(name: str) -> bool:
    return name.startswith(".") or name in _UNREAD_FOLDERS or Path(name).suffix in _UNREAD_SUFFIXES


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2f} MB"


if __name__ == "__main__":
    sys.exit(main())
