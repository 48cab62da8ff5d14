"""What the pages say, gathered from code and templates, and the catalogs that translate it."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

from pulse import screens
from pulse.screens.locale import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TEXTS = {"say": 1, "many": 2}
"""How many of the first arguments of a call are text to translate."""

Messages = dict[str | tuple[str, str], set[str]]


def messages() -> Messages:
    """Every message with the files that say it."""
    found: Messages = defaultdict(set)
    for path in sorted(Path(screens.__file__).parent.glob("*.py")):
        for texts in _in_python(path.read_text("utf-8")):
            found[_key(texts)].add(path.name)
    for path in sorted((TEMPLATES / "email").iterdir()):
        for texts in _in_template(path.read_text("utf-8")):
            found[_key(texts)].add(path.name)
    return found


def catalog(language: str) -> Catalog:
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language)


def path_of(language: str) -> Path:
    return TEMPLATES / "translations" / f"{language}.po"


def refresh(language: str) -> None:
    """Bring a catalog in line with what is said; new messages wait there untranslated."""
    old, new = catalog(language), Catalog(language, fuzzy=False)
    for key, files in messages().items():
        message = old.get(key[0] if isinstance(key, tuple) else key)
        new.add(
            key,
            message.string if message is not None and message.id == key else None,
            locations=[(name, 0) for name in sorted(files)],
            flags=["python-brace-format"] if "{" in str(key) else [],
        )
    with path_of(language).open("wb") as file:
        write_po(file, new, width=96, omit_header=True, sort_by_file=True)
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    head += f'"Language: {language}\\n"\n"Plural-Forms: {new.plural_forms}\\n"\n\n'
    body = path_of(language).read_text("utf-8")
    path_of(language).write_text(head + body, "utf-8")


def _key(texts: tuple[str, ...]) -> str | tuple[str, str]:
    return texts[0] if len(texts) == 1 else (texts[0], texts[1])


def _in_python(source: str) -> Iterator[tuple[str, ...]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", None))
            texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
            yield from _texts(name, texts)


def _in_template(source: str) -> Iterator[tuple[str, ...]]:
    for node in Environment(autoescape=True).parse(source).find_all(nodes.Call):
        name = node.node.name if isinstance(node.node, nodes.Name) else None
        texts = [a.value for a in node.args if isinstance(a, nodes.Const)]
        yield from _texts(name, texts)


def _texts(name: str | None, texts: Sequence[object]) -> Iterator[tuple[str, ...]]:
    count = _TEXTS.get(name or "")
    if count and len(texts) >= count:
        yield tuple(str(text) for text in texts[:count])
