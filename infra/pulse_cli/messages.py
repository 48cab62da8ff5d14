"""The messages of screens and templates, and the catalogs that translate them: `make messages`.

The English texts are in the code and the templates; every other language has a catalog in
templates/translations. Babel's extractors find what `gettext` and `ngettext` are called with.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from pulse import screens
from pulse.screens.locale import TEMPLATES

MessageId = str | tuple[str, str]
"""A text, or its singular and plural."""

_CATALOGS = TEMPLATES / "translations"
_SOURCES = {
    Path(screens.__file__).parent: [("**.py", "python")],
    TEMPLATES: [("**.html", "jinja2.ext:babel_extract"), ("**.txt", "jinja2.ext:babel_extract")],
}
_OPTIONS = {"**": {"silent": "false"}}
"""A template with a syntax error must not pass for one without messages."""
_KEYWORDS = {"gettext": None, "ngettext": (1, 2)}


def messages() -> dict[MessageId, list[str]]:
    """Return every message with the names of the files that use it, sorted."""
    found: dict[MessageId, set[str]] = defaultdict(set)
    for folder, methods in _SOURCES.items():
        # Babel gives the file, the line, the message, comments and a context, which we do not use.
        for path, _, text, _, _ in extract_from_dir(folder, methods, _OPTIONS, _KEYWORDS):
            message = text if isinstance(text, str) else (text[0], text[1])
            found[message].add(Path(path).name)
    return {message: sorted(names) for message, names in found.items()}


def load(language: str) -> Catalog:
    """Return the catalog of a language, such as `ru`, as it is on disk."""
    with _path(language).open("rb") as file:
        return read_po(file, locale=language)


def refresh(language: str) -> None:
    """Add new messages, untranslated, to a language's catalog, and drop those no longer used."""
    old, new = load(language), Catalog(language, fuzzy=False)
    for key, names in messages().items():
        message = old.get(key[0] if isinstance(key, tuple) else key)
        new.add(
            key,
            # A text that became singular and plural, or ceased to be, needs a new translation.
            message.string if message is not None and message.id == key else None,
            locations=[(name, 0) for name in names],
            flags=["python-brace-format"] if "{" in str(key) else [],
        )
    # Babel's own header holds the time of the run, which would change the file each time.
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    head += f'"Language: {language}\\n"\n"Plural-Forms: {new.plural_forms}\\n"\n\n'
    with _path(language).open("wb") as file:
        file.write(head.encode())
        write_po(file, new, width=96, omit_header=True, sort_by_file=True)


def _path(language: str) -> Path:
    return _CATALOGS / f"{language}.po"


if __name__ == "__main__":
    for catalog in sorted(_CATALOGS.glob("*.po")):
        refresh(catalog.stem)
