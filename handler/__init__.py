"""The function that is deployed. Importing it costs nothing; `main_handler` is loaded when asked for.

The files here are the stages of a run, `main`, `invocation`, `settings`, `request` and `messages`, and the
nouns in `task`: docs/architecture.md follows a message through them. What a stage is made of belongs in a
folder; what is not deployed belongs in `local`.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from handler.main import main_handler as main_handler


def __getattr__(name: str) -> Any:
    if name != "main_handler":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Kept here, so that this runs once: a runtime may look the function up for each event, and garbage that
    # is frozen, a closed connection for example, is never collected.
    globals()[name] = found = _loaded()
    return found


def _loaded() -> Any:
    collecting = gc.isenabled()
    gc.disable()  # importing makes no garbage to speak of; looking for it costs a cold start a fiftieth
    try:
        from handler.main import main_handler  # noqa: PLC0415 - `import handler.target` must not load it

        gc.freeze()  # nor does what was imported become garbage later
    finally:
        if collecting:
            gc.enable()
    return main_handler
