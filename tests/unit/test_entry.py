"""The function is looked up in the package, by some runtimes once for each event."""

from __future__ import annotations

import gc
import subprocess
import sys

LOOKED_UP = """
import gc, weakref
import handler
first = handler.main_handler
frozen = gc.get_freeze_count()
class Connection: pass
for _ in range(50):
    connection = Connection()
    connection.itself = connection
    last = weakref.ref(connection)
    del connection
    assert handler.main_handler is first
    from handler import main_handler
    assert main_handler is first
assert gc.get_freeze_count() == frozen, "frozen again"
assert gc.isenabled()
gc.collect()
assert last() is None, "kept for ever"
print("well")
"""


def test_looking_the_function_up_for_each_event_keeps_no_garbage() -> None:
    ran = subprocess.run([sys.executable, "-c", LOOKED_UP], capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert (ran.stdout, ran.stderr) == ("well\n", "")


def test_other_names_are_not_there() -> None:
    import handler

    assert not hasattr(handler, "another_handler")
    assert gc.isenabled()
