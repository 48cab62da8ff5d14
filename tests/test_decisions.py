"""The ids of docs/decisions.md are complete, and every citation of one leads to an entry."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "decisions.md"
TEXT = PAGE.read_text(encoding="utf-8")
ENTRY = re.compile(r"^## (D-\d{3}) · (\d{4}-\d{2}-\d{2}) · (.+)$", re.MULTILINE)
ENTRIES = ENTRY.findall(TEXT)
CITATION = re.compile(r"\bD-\d{3}\b")
CITING_FOLDERS = ("functions", "infra", "docs", "tests", "templates", "bench")
CITING_TYPES = {".py", ".md", ".yaml", ".yml", ".toml", ".html", ".txt", ".jinja"}
TEST_FILE = Path(__file__).resolve()


def citing_files() -> list[Path]:
    """Return the text files of the project that may cite a decision, without this one."""
    in_folders = [
        path
        for folder in CITING_FOLDERS
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in CITING_TYPES and path.is_file()
    ]
    in_root = [path for path in sorted(ROOT.iterdir()) if path.suffix in CITING_TYPES]
    return [path for path in (*in_root, *in_folders) if path.resolve() != TEST_FILE]


def anchor_of(heading: str) -> str:
    """Return GitHub's anchor of a heading: lower case, no punctuation, hyphens for spaces."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_second_level_heading_is_an_entry() -> None:
    """A heading that is written differently would be skipped by every other test here."""
    headings = [line for line in TEXT.splitlines() if line.startswith("## ")]
    assert len(headings) == len(ENTRIES) > 0


def test_ids_are_unique_and_dense_and_the_newest_comes_first() -> None:
    """The entries read D-n down to D-001 without a gap, and their dates never increase."""
    ids = [entry_id for entry_id, _, _ in ENTRIES]
    assert ids == [f"D-{number:03}" for number in range(len(ids), 0, -1)]
    dates = [date for _, date, _ in ENTRIES]
    assert dates == sorted(dates, reverse=True)


def test_the_table_of_contents_links_to_every_entry() -> None:
    """Each entry has one row in the table at the top, with its title and its anchor."""
    table = TEXT.partition("\n## ")[0]
    rows = re.findall(r"^\| \[(D-\d{3})\]\(#([^)]+)\) \| (.+?) \| ", table, re.MULTILINE)
    assert rows == [
        (entry_id, anchor_of(f"{entry_id} · {date} · {title}"), title)
        for entry_id, date, title in ENTRIES
    ]


def test_links_within_the_page_lead_to_the_entry_that_they_name() -> None:
    """A title that is edited changes its anchor; the links to it must follow."""
    anchors = {i: anchor_of(f"{i} · {date} · {title}") for i, date, title in ENTRIES}
    links = re.findall(r"\[(D-\d{3})\]\(#([^)]*)\)", TEXT)
    assert [link for link in links if anchors.get(link[0]) != link[1]] == []


def test_every_decision_cited_exists() -> None:
    """Wherever an id is cited, docs/decisions.md has its entry."""
    known = {entry_id for entry_id, _, _ in ENTRIES}
    unknown = {
        f"{path.relative_to(ROOT)}: {entry_id}"
        for path in citing_files()
        for entry_id in CITATION.findall(path.read_text(encoding="utf-8"))
        if entry_id not in known
    }
    assert sorted(unknown) == []


def test_a_superseded_decision_is_marked_in_the_table_too() -> None:
    """The entry and its row in the table at the top name the same later decision."""
    table, _, entries = TEXT.partition("\n## ")
    rows = re.findall(r"^\| \[(D-\d{3})\].+ \| \[(D-\d{3})\]\(#[^)]+\) \|$", table, re.MULTILINE)
    marks = re.findall(r"(D-\d{3}) · .+\n\nSuperseded by \[(D-\d{3})\]", f"## {entries}")
    assert rows == marks
    assert [(old, new) for old, new in marks if new <= old] == []
