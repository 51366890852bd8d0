# ruff: noqa: INP001 - the folder is no package
"""The entry file of the package for Tencent SCF; `local.package --target scf` puts it at the package's top.

SCF's `Handler` is "file.function", without a slash (document 583/18586). The runtime of Tencent's own
emulator (`tencentyun/scfcli`) loads that file by its path, NAME.py. A folder such as `handler/` does not have
one, so this file is needed, as a source. It only names the function.
"""

from handler import main_handler  # noqa: F401 - for SCF to find
