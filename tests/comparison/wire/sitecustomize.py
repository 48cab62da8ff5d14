"""Python runs this file at the start of every process of a comparison (see compare.py).

It records each mail and each topic message at the moment at which botocore is to send it, whichever
code calls it, and where that code was imported from.
"""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore import handlers

FOLDER = os.environ.get("COMPARISON_WIRE")
SENDING = frozenset(
    {"SendEmail", "SendRawEmail", "SendTemplatedEmail", "SendBulkEmail", "Publish", "PublishBatch"}
)
_noted: dict[int, int] = {}
"""The number of modules last recorded, by process; a fork inherits that of its parent."""


def note_call(params: dict[str, Any], model: Any, **_: Any) -> None:
    """Record one call that sends something, with the time by this process's clock."""
    if model.name not in SENDING:
        return
    call = {"at": datetime.now(UTC).isoformat(), "operation": model.name, "params": params}
    line = json.dumps(call, default=_text, sort_keys=True)
    with (Path(FOLDER or "") / f"{os.getpid()}.calls").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    note_modules()


def note_modules() -> None:
    """Record where each module of this process came from, if there are more than before."""
    if _noted.get(os.getpid()) == len(sys.modules):
        return
    _noted[os.getpid()] = len(sys.modules)
    files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
    found = {name: file for name, file in sorted(files.items()) if file}
    (Path(FOLDER or "") / f"{os.getpid()}.modules").write_text(json.dumps(found), "utf-8")


def _text(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


if FOLDER:
    handlers.BUILTIN_HANDLERS.append(("provide-client-params", note_call))
