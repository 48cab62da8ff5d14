"""The environment of functions that run on this machine: written by `pulse local`, read here.

The file has the shape of `sam local invoke --env-vars`: variables by the function's logical id.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

from pulse_cli.errors import CommandError
from pulse_cli.laptop.sam import ROOT
from pulse_cli.simulated_aws.local_stack import LocalStack
from pulse_cli.template import load_template

__all__ = [
    "AWS_PORT",
    "RUNNING",
    "SAMPLE",
    "X_PORT",
    "LocalEnvError",
    "read_env",
    "variables_by_resource",
    "write_env",
]

AWS_PORT = 5555
X_PORT = 5556
RUNNING = ROOT / "build" / "local.env.json"
SAMPLE = ROOT / "infra" / "local.env.json"

_ADDRESSES = ("AWS_ENDPOINT_URL", "PULSE_X_URL")


class LocalEnvError(CommandError):
    """The environment for a function is missing or cannot be used; the message says what to do."""


def variables_by_resource(stack: LocalStack) -> dict[str, dict[str, str]]:
    """Return each function's environment by the function's logical id, as SAM expects it."""
    return {stack.functions[name].resource: env for name, env in stack.env.items()}


def write_env(stack: LocalStack, path: Path) -> None:
    """Write the functions' environment to a file, for `pulse invoke`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(variables_by_resource(stack), indent=2) + "\n", encoding="utf-8")


def read_env(path: Path | None = None) -> dict[str, dict[str, str]]:
    """Return each function's environment by the function's name.

    Without a path, it is that of the running `pulse local`, otherwise the sample in infra/.

    Raises:
        LocalEnvError: the file is missing or not an environment, or nothing answers at a URL in it.
    """
    path = path or (RUNNING if RUNNING.exists() else SAMPLE)
    try:
        by_resource = json.loads(path.read_text(encoding="utf-8"))
        resources = {one.resource: one.name for one in load_template().functions.values()}
        by_function = {resources[name]: dict(env) for name, env in by_resource.items()}
    except FileNotFoundError:
        raise LocalEnvError(f"{path} does not exist") from None
    except (ValueError, TypeError) as error:
        raise LocalEnvError(f"{path} is not an object of objects: {error}") from error
    except KeyError as error:
        raise LocalEnvError(f"{path}: template.yaml has no function {error}") from error
    for url in {env[key] for env in by_function.values() for key in _ADDRESSES if env.get(key)}:
        _check_reachable(url, path)
    return by_function


def _check_reachable(url: str, path: Path) -> None:
    parts = urlsplit(url)
    try:
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        socket.create_connection((parts.hostname or "", port), timeout=2).close()
    except KeyError:
        raise LocalEnvError(f"{path}: {url!r} is not a URL") from None
    except OSError:
        raise LocalEnvError(
            f"nothing answers at {url}, which {path} names; run pulse local in another terminal"
        ) from None
