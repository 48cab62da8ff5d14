"""The house: arrows point inward, handlers are short, rules know neither clock nor world."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulse_cli.stand_in.template import load_template

ROOT = Path(__file__).parents[1]
FUNCTIONS = ROOT / "functions"
PACKAGE = FUNCTIONS / "pulse"
HANDLERS = sorted(FUNCTIONS.glob("*.py"))
BELOW_THE_APP = [file for file in sorted(PACKAGE.rglob("*.py")) if file.name != "app.py"]
LONGEST_HANDLER = 60
LONGEST_FILE = 305
LONGEST_FUNCTION = 70
RULES = [
    PACKAGE / f"{name}.py"
    for name in (
        "kernel/batching",
        "kernel/company",
        "kernel/errors",
        "kernel/time",
        "kernel/policy",
        "kernel/posts",
        "conversations/backlog",
        "conversations/facts",
        "conversations/fold",
        "listening/budget",
        "listening/cursor",
        "listening/scan",
        "listening/tasks",
        "outbox/entries",
        "outbox/errors",
        "outbox/escalation",
        "outbox/mailbox",
        "outbox/message",
        "outbox/suppressions",
        "incidents/surge",
        "reporting/breakdown",
        "reporting/coverage",
        "reporting/schedule",
        "reporting/stats",
        "privacy/compliance",
        "privacy/removal",
        "audit/entries",
        "x/access",
        "x/faults",
    )
]
"""Rules: no I/O, no clock, the standard library and one another only."""


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imported(module: ast.Module) -> Iterator[str]:
    """Names of the modules that a file imports, wherever in it."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def called(module: ast.Module) -> Iterator[str]:
    """Calls as written, such as `datetime.now`."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(FUNCTIONS).with_suffix("").parts)


def name_of(file: Path) -> str:
    return str(file.relative_to(FUNCTIONS))


def test_arrows_point_inward() -> None:
    """The contracts of pyproject.toml hold (import-linter, which would silence our loggers)."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(  # noqa: S603 - of our own environment
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_each_handler_file_is_a_function_of_the_template_and_the_other_way_round() -> None:
    """`ls functions/` shows the system."""
    parameters = {"Senders": "pulse@example.com"}
    deployed = {f.handler for f in load_template(parameters=parameters).functions.values()}
    assert deployed == {f"{file.stem}.handler" for file in HANDLERS}


@pytest.mark.parametrize("file", HANDLERS, ids=name_of)
def test_a_handler_wires_and_calls_one_job(file: Path) -> None:
    """Short, said what for, reported; it calls the job of its name, which the app may wire."""
    module = tree(file)
    assert ast.get_docstring(module)
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST_HANDLER
    [handler] = [
        node
        for node in module.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]
    assert handler.name == "handler"
    assert [ast.unparse(decorator) for decorator in handler.decorator_list] == ["app.reported"]
    wired = {"feedback": "bounce_handler", "send": "send_run"}
    assert any(
        name.endswith(f".{wired.get(file.stem, file.stem)}")
        for name in (*imported(module), *called(module))
    )


@pytest.mark.parametrize("file", RULES, ids=name_of)
def test_rules_are_the_standard_library_only(file: Path) -> None:
    """No I/O, no logging, nobody else's packages."""
    allowed = sys.stdlib_module_names - {"logging", "os", "io", "pathlib", "socket", "subprocess"}
    for name in imported(tree(file)):
        top = name.partition(".")[0]
        assert top in allowed or name in {module_of(rule) for rule in RULES}, name


@pytest.mark.parametrize("file", BELOW_THE_APP, ids=name_of)
def test_only_a_store_speaks_dynamodb(file: Path) -> None:
    """A room's `store` alone knows items, keys and transactions; jobs hand it records."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    if parts[0] in ("dynamodb", "repositories") or "store" in parts:
        return
    assert not [name for name in imported(tree(file)) if name.startswith("pulse.dynamodb")]


@pytest.mark.parametrize("file", BELOW_THE_APP, ids=name_of)
def test_the_time_is_an_argument(file: Path) -> None:
    """Only the app looks at a clock; nothing is printed, nothing sleeps."""
    calls = set(called(tree(file)))
    clocks = {"datetime.now", "datetime.utcnow", "date.today", "time.time", "time.sleep", "print"}
    assert not calls & clocks


@pytest.mark.parametrize("file", BELOW_THE_APP, ids=name_of)
def test_the_environment_is_read_in_one_place(file: Path) -> None:
    """That place is pulse/app.py."""
    module = tree(file)
    assert not any(
        name.startswith(("os.environ", "os.getenv", "getenv")) for name in called(module)
    )
    reads = {ast.unparse(n) for n in ast.walk(module) if isinstance(n, ast.Attribute)}
    assert "os.environ" not in reads


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("*.py")), ids=name_of)
def test_a_file_tells_one_story(file: Path) -> None:
    """Past this length it tells two; a function fits a screen."""
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{node.name}: {length} lines"


@pytest.mark.parametrize("file", sorted(FUNCTIONS.rglob("*.py")), ids=name_of)
def test_only_one_room_knows_tweepy(file: Path) -> None:
    """Its package silences, before any of its modules, the libraries that log tokens."""
    loud = {"tweepy", "oauthlib", "requests_oauthlib"}
    tops = {name.partition(".")[0] for name in imported(tree(file))}
    assert not tops & loud or file.parent == PACKAGE / "x"


SILENCED = """
import logging
import pulse.x.access
record = logging.getLogRecordFactory()
for name in ("tweepy.client", "oauthlib", "requests_oauthlib", "botocore.parsers", "urllib3.x"):
    made = record(name, logging.DEBUG, "", 1, "SECRET %s", ("SECRET",), None)
    assert "SECRET" not in made.getMessage() + repr(made.__dict__), name
"""


def test_whoever_imports_anything_of_the_room_of_x_has_the_libraries_silenced() -> None:
    """Given the least of its modules alone, then no library gets a secret into a log record."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", SILENCED],
        cwd=FUNCTIONS,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


LOOK = """
import importlib, os, pkgutil, socket, sys
import boto3
def no(*a, **k): raise SystemExit("reached out at import")
socket.socket.connect = no
boto3.client = boto3.resource = boto3.setup_default_session = no
os.environ = {"PATH": ""}
import pulse
names = [m.name for m in pkgutil.walk_packages(pulse.__path__, "pulse.")]
sys.path.insert(0, sys.argv[1])
names += ["dispatch", "poll", "flag", "send", "digest", "figures", "feedback", "comply"]
for name in names: importlib.import_module(name)
print(len(names))
"""


def test_nothing_reaches_out_at_import() -> None:
    """No client, no network, no environment: importing everything needs nothing."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", LOOK, str(FUNCTIONS)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 30
