"""The documents name what exists: paths, links, commands of the Makefile, and today's names."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
        ROOT / "tests" / "README.md",
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / ".github").rglob("*.md"),
    ]
)
WORKFLOWS = [*(ROOT / ".github").rglob("*.yml"), ROOT / ".pre-commit-config.yaml"]

RENAMES = "## Renames since 0.1.0\n"
"""The section of docs/architecture.md with earlier names, which no longer exist."""

_MADE = {".aws-sam", ".venv", "build", "mail", "out"}
"""Folders that commands make."""
_EXAMPLES = {"functions/chat.py", "functions/pulse/reporting/chat.py", "infra/events/chat.json"}
"""Files that a newcomer writes by the examples in CONTRIBUTING.md."""
_SUFFIXES = {".html", ".json", ".md", ".mjs", ".po", ".py", ".sh", ".toml", ".txt", ".yaml"}
_PICTURE = re.compile(r"^```mermaid.*?^```$", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_PLACEHOLDER = re.compile(r"[<>*…{}$]|\.\.|://|\b[A-Z]{2,}\b(?!\.md)")


def repository() -> set[str]:
    """Return all files and folders of the project, without those that commands make."""
    return {
        path.relative_to(ROOT).as_posix()
        for top in ROOT.iterdir()
        if top.name not in {*_MADE, ".git"} and not top.name.endswith("_cache")
        for path in (top, *top.rglob("*"))
        if "__pycache__" not in path.parts
    }


def parts(text: str) -> tuple[list[str], str]:
    """Return the code of a document (spans and fenced blocks, no pictures), and the prose."""
    text = _PICTURE.sub("", text)
    prose = _FENCED.sub("", text)
    return [*re.findall(r"`([^`\n]+)`", prose), *_FENCED.findall(text)], prose


def paths_in(text: str) -> Iterator[str]:
    """Yield the words of code that look like a path in the repository."""
    tops = {path.name for path in ROOT.iterdir()}
    for word in " ".join(parts(text)[0]).split():
        path = word.split("::")[0].strip("\"'`,;:()[]").removeprefix("./")
        first, slash, _ = path.partition("/")
        if not path or path[0] == "/" or _PLACEHOLDER.search(path) or first in _MADE:
            continue
        known = Path(path).suffix in _SUFFIXES or path.endswith("/") or first in tops
        if path.endswith(".py") or (slash and known):
            yield path


def is_there(path: str, known: set[str]) -> bool:
    """Tell whether a path exists from the root, or as the end of one, as in `outbox/send.py`."""
    wanted = path.rstrip("/")
    return wanted in known or any(one.endswith(f"/{wanted}") for one in known)


def missing_paths(text: str) -> list[str]:
    known = repository() | _EXAMPLES
    return [path for path in paths_in(text) if not is_there(path, known)]


def slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def broken_links(document: Path, text: str) -> list[str]:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", parts(text)[1]):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        path = document.parent / name if name else document
        if not path.exists():
            broken.append(target)
        elif anchor:
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            broken += [] if anchor in map(slug, headings) else [target]
    return broken


def targets(*, listed: bool = False) -> set[str]:
    """Return the targets of the Makefile; with `listed`, those that `make` alone prints."""
    pattern = r"^([a-z][a-z-]*):.*## " if listed else r"^([a-z][a-z-]*):"
    return set(re.findall(pattern, (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def made_in(text: str) -> set[str]:
    """Return the targets of the Makefile that a document names in its code."""
    return {name for code in parts(text)[0] for name in re.findall(r"\bmake ([a-z][a-z-]*)", code)}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def read(document: Path) -> str:
    """Return a document without the tables of earlier names."""
    return document.read_text(encoding="utf-8").partition(RENAMES)[0]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_path_in_a_document_exists(document: Path) -> None:
    assert missing_paths(read(document)) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_leads_to_a_file_and_heading(document: Path) -> None:
    assert broken_links(document, read(document)) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_module_that_python_is_told_to_run_exists(document: Path) -> None:
    modules = re.findall(r"python -m (tests[\w.]*)", read(document))
    assert [m for m in modules if module(ROOT / m.replace(".", "/")) is None] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_a_document_names_no_unknown_make_target(document: Path) -> None:
    assert made_in(read(document)) - targets() == set()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=name_of)
def test_a_workflow_runs_no_unknown_make_target(workflow: Path) -> None:
    text = workflow.read_text(encoding="utf-8")
    runs = re.findall(r"(?:(?:run|entry):|^|&&)\s*make\s+([a-z-]+)", text, re.MULTILINE)
    assert set(runs) - targets() == set()


def test_every_make_target_is_explained() -> None:
    """Each target that `make` lists is named in the README or in CONTRIBUTING.md."""
    named = made_in(read(ROOT / "README.md")) | made_in(read(ROOT / "CONTRIBUTING.md"))
    assert {"messages", "quick", "test-all"} <= targets(listed=True)
    assert targets(listed=True) - {"help"} - named == set()


def test_the_renames_lead_to_modules_and_names_of_today() -> None:
    """The new names in a table of renames exist: modules, and names in their module."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition(RENAMES)[2]
    checked, wrong = 0, []
    for section in text.split("\n### ")[1:]:
        title, _, body = section.partition("\n")
        package = ROOT / re.findall(r"`(.+)`", title)[0]
        for left, right in re.findall(r"^\| (`.+?) \| (.+) \|$", body, re.MULTILINE):
            checked += 1
            if title.startswith("Modules"):
                names = re.findall(r"`([^`]+)`", right.partition(", and ")[0])
                wrong += [n for n in names if module(package / n) is None]
                continue
            file = module(package / left.strip("`"))
            source = file.read_text(encoding="utf-8") if file else ""
            names = re.findall(r"`(?:\w+\.)?(\w+)`", re.sub(r"`\w+` →", "", right))
            wrong += [f"{left}: {n}" for n in names if not defines(source, n)]
    assert wrong == []
    assert checked > 200


def module(path: Path) -> Path | None:
    """Return the file of a module or package, or None."""
    files = (path.with_name(f"{path.name}.py"), path / "__init__.py")
    return next((file for file in files if file.exists()), None)


def defines(source: str, name: str) -> bool:
    """Tell whether a module defines the name, as a class, function, method or alias."""
    return bool(re.search(rf"^\s*(?:class|def) {name}\b|^{name}\b", source, re.MULTILINE))


def test_the_order_of_rooms_is_that_of_the_contract() -> None:
    """The block of rooms in docs/architecture.md has the order that import-linter checks."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    rows = [re.findall(r"pulse\.(\w+)", row) for row in contract]
    blocks = _FENCED.findall((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"))
    documented = [[line.split() for line in block.splitlines()[1:-1]] for block in blocks]
    assert rows in documented


@pytest.mark.parametrize("document", ["README.md", "docs/architecture.md"])
def test_every_room_is_described(document: str) -> None:
    rooms = {file.parent.name for file in (ROOT / "functions" / "pulse").glob("*/__init__.py")}
    text = (ROOT / document).read_text(encoding="utf-8")
    assert rooms - set(re.findall(r"^\| `(\w+)/` \|", text, re.MULTILINE)) == set()


def test_what_is_missing_is_found() -> None:
    """The checks above can fail: each of these texts names something that does not exist."""
    text = "`functions/pulse/jobs/poll.py`, `outbox/sent.py`, `no_such.py`, ```\nmake nothing\n```"
    assert missing_paths(text) == ["functions/pulse/jobs/poll.py", "outbox/sent.py", "no_such.py"]
    assert (
        missing_paths("`outbox/send.py` `functions/NAME.py` `pulse.yaml` `out/x/` `fold.py`") == []
    )
    assert made_in("`make all` and git; make sure\n```\nmake none  # never\n```\n") == {
        "all",
        "none",
    }
    document = ROOT / "docs" / "table.md"
    links = "[a](nowhere.md) [b](privacy.md) [c](privacy.md#no-such-heading) [d](https://x.com/a)"
    assert broken_links(document, links) == ["nowhere.md", "privacy.md#no-such-heading"]
