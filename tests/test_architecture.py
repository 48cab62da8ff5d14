"""The architecture: what may import what, short handlers, rules without a clock and I/O."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulse.dynamodb import keys
from pulse_cli.template import load_template

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
    """Yield the names of the modules that a file imports, anywhere in it."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def called(module: ast.Module) -> Iterator[str]:
    """Yield calls as they are written, such as `datetime.now`."""
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
    completed = subprocess.run(  # noqa: S603 - of our own environment
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert completed.returncode == 0, completed.stdout


def test_the_handler_files_are_the_functions_of_the_template() -> None:
    """`ls functions/` shows the system."""
    parameters = {"Senders": "pulse@example.com"}
    deployed = {f.handler for f in load_template(parameters=parameters).functions.values()}
    assert deployed == {f"{file.stem}.handler" for file in HANDLERS}


@pytest.mark.parametrize("file", HANDLERS, ids=name_of)
def test_a_handler_wires_and_calls_one_job(file: Path) -> None:
    """A handler is short, documented and reported, and calls the job of its name."""
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
def test_rules_import_the_standard_library_only(file: Path) -> None:
    """Rules import no I/O, no logging and no packages of others."""
    allowed = sys.stdlib_module_names - {"logging", "os", "io", "pathlib", "socket", "subprocess"}
    for name in imported(tree(file)):
        top = name.partition(".")[0]
        assert top in allowed or name in {module_of(rule) for rule in RULES}, name


@pytest.mark.parametrize("file", BELOW_THE_APP, ids=name_of)
def test_only_a_store_speaks_dynamodb(file: Path) -> None:
    """Only the `store` of a room knows items, keys and transactions; jobs hand it records."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    if parts[0] in ("dynamodb", "repositories") or "store" in parts:
        return
    assert not [name for name in imported(tree(file)) if name.startswith("pulse.dynamodb")]


@pytest.mark.parametrize("file", BELOW_THE_APP, ids=name_of)
def test_the_time_is_an_argument(file: Path) -> None:
    """Only the app reads a clock; nothing is printed."""
    calls = set(called(tree(file)))
    clocks = {"datetime.now", "datetime.utcnow", "date.today", "time.time", "print"}
    assert not calls & clocks


def waits(module: ast.Module) -> Iterator[str]:
    """Yield every use of a module or function that waits, under whatever name it is imported."""
    waiting = {"sleep", "asyncio", "threading", "sched", "selectors", "select"}
    for node in ast.walk(module):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {one.name for one in node.names} | {getattr(node, "module", None)}
            yield from (str(name) for name in names & waiting)
        elif isinstance(node, ast.Attribute) and node.attr in waiting:
            yield ast.unparse(node)


@pytest.mark.parametrize("file", sorted(FUNCTIONS.rglob("*.py")), ids=name_of)
def test_nothing_sleeps(file: Path) -> None:
    """Code that waits gets the function for it as an argument; the default is in one file."""
    standard = ["time.sleep"] if file == PACKAGE / "dynamodb" / "reading.py" else []
    assert list(waits(tree(file))) == standard


@pytest.mark.parametrize(
    "text",
    [
        "import time\ntime.sleep(1)",
        "from time import sleep",
        "from time import sleep as rest",
        "import time as t\nt.sleep(1)",
        "import asyncio",
        "from threading import Event",
    ],
)
def test_whatever_sleeps_is_found(text: str) -> None:
    """Each of these ways to wait is found."""
    assert list(waits(ast.parse(text)))


KINDS = {
    value
    for name, value in vars(keys).items()
    if name.isupper() and isinstance(value, str) and value.isalpha()
}
"""The kinds with which all partition keys of the table begin."""


SPLIT_METHODS = {"split", "rsplit", "partition", "rpartition", "startswith", "removeprefix"}


def spelled_keys(module: ast.Module) -> Iterator[str]:
    """Yield texts that begin with a kind and `#`, keys made or split, texts compared to a kind."""
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            kind, found, _ = node.value.partition("#")
            if found and kind in KINDS:
                yield node.value
        elif isinstance(node, ast.Call):
            function = ast.unparse(node.func)
            of_a_key = re.search(r"\b[ps]k\b", function.rpartition(".")[0])
            if of_a_key and function.rpartition(".")[2] in SPLIT_METHODS:
                yield function
            elif function.rpartition(".")[2] == "ItemKey":
                yield from (ast.unparse(one) for one in node.args if isinstance(one, ast.Constant))
        elif isinstance(node, ast.Compare) and ast.unparse(node.left) == "kind":
            texts = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)}
            yield from (str(one) for one in texts & KINDS)


KEYS = PACKAGE / "dynamodb" / "keys.py"
KEY_FILES = [
    file
    for root in (FUNCTIONS, ROOT / "infra" / "pulse_cli")
    for file in sorted(root.rglob("*.py"))
    if file != KEYS
]


@pytest.mark.parametrize("file", KEY_FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_keys_of_the_table_are_spelled_in_one_file(file: Path) -> None:
    """That file is dynamodb/keys.py; the command uses it as well."""
    assert list(spelled_keys(tree(file))) == []


@pytest.mark.parametrize(
    "text",
    [
        'f"sent#{company}"',
        'at.pk.startswith("c#")',
        '"outbox#acme"',
        'ItemKey(pk, "doc")',
        'item["sk"].split("#")',
        "at.pk.partition(mark)",
        'kind == "c"',
    ],
)
def test_a_key_that_is_spelled_elsewhere_is_found(text: str) -> None:
    """A part of a key is found in each of these forms."""
    assert list(spelled_keys(ast.parse(text)))


PROVIDED_BY_LAMBDA = {"boto3", "botocore"}
"""Packages that Lambda's runtime provides."""
DISTRIBUTIONS = {
    "aws_lambda_powertools": "aws-lambda-powertools",
    "samtranslator": "aws-sam-translator",
}
"""Names of packages that differ from those of their modules."""


def declared(file: Path) -> set[str]:
    """Return the packages that a file of requirements names, without versions and markers."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return {re.split(r"[=<>;\[ ]", line)[0] for line in lines if re.match(r"[a-z]", line)}


def imported_packages(root: Path) -> set[str]:
    """Return the packages of others that the files of a folder import when they run."""
    tops = {
        name.partition(".")[0]
        for file in root.rglob("*.py")
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and not node.level)
        for name in imported(ast.Module([node], []))
    }
    ours = {"pulse", "pulse_cli", *(file.stem for file in HANDLERS)}
    stubs = {top for top in tops if top.startswith("mypy_boto3_")} | {"_typeshed"}
    return {DISTRIBUTIONS.get(top, top) for top in tops - sys.stdlib_module_names - ours - stubs}


def test_what_the_functions_import_is_declared() -> None:
    """A package that the functions import is declared, even if another package requires it."""
    requirements = FUNCTIONS / "requirements.in"
    assert imported_packages(FUNCTIONS) <= declared(requirements) | PROVIDED_BY_LAMBDA
    assert declared(requirements) <= declared(requirements.with_suffix(".txt"))


def test_what_the_command_imports_is_declared() -> None:
    """A package that the command imports is declared as well."""
    names = {"yaml": "pyyaml", "time_machine": "time-machine"}
    tops = {names.get(top, top) for top in imported_packages(ROOT / "infra" / "pulse_cli")}
    requirements = ROOT / "requirements" / "dev.in"
    assert tops <= declared(requirements)
    assert declared(requirements) <= declared(requirements.with_suffix(".txt"))


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
    """A longer file would tell two stories; a function fits a screen."""
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{node.name}: {length} lines"


@pytest.mark.parametrize("file", sorted(FUNCTIONS.rglob("*.py")), ids=name_of)
def test_only_one_room_knows_tweepy(file: Path) -> None:
    """Its package silences the libraries that log tokens, before any of its modules is imported."""
    token_loggers = {"tweepy", "oauthlib", "requests_oauthlib"}
    tops = {name.partition(".")[0] for name in imported(tree(file))}
    assert not tops & token_loggers or file.parent == PACKAGE / "x"


SILENCED = """
import logging
import pulse.x.access
record = logging.getLogRecordFactory()
for name in ("tweepy.client", "oauthlib", "requests_oauthlib", "botocore.parsers", "urllib3.x"):
    made = record(name, logging.DEBUG, "", 1, "SECRET %s", ("SECRET",), None)
    assert "SECRET" not in made.getMessage() + repr(made.__dict__), name
"""


def test_any_import_from_the_room_of_x_silences_the_libraries() -> None:
    """If only a small module of it is imported, no library can put a secret into a log record."""
    completed = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", SILENCED],
        cwd=FUNCTIONS,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr


IMPORT_ALL = """
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
    """Importing all modules makes no client and needs neither network nor environment."""
    completed = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", IMPORT_ALL, str(FUNCTIONS)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    assert int(completed.stdout) > 30
