"""The message catalog has all texts that are used, and no others."""

from __future__ import annotations

from string import Formatter

from pulse_cli.messages import load, messages


def test_the_russian_catalog_is_complete() -> None:
    """Each message is translated in all its plural forms, and no other message is stored.

    After a change of texts, run `make messages` and translate the empty entries.
    """
    found = {message.id: message for message in load("ru") if message.id}
    assert set(found) == set(messages())
    for key, message in found.items():
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        assert len(forms) == (3 if isinstance(key, tuple) else 1)
        assert all(forms), f"not translated: {key}"
        assert not message.fuzzy, f"fuzzy: {key}"


def test_a_translation_has_the_placeholders_of_the_original() -> None:
    """A translation has the same {placeholders} as the original."""
    for message in load("ru"):
        if not message.id:
            continue
        texts = message.id if isinstance(message.id, tuple) else (message.id,)
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        placeholders = {_placeholders(text) for text in (*texts, *forms)}
        assert len(placeholders) == 1, message.id


def _placeholders(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)
