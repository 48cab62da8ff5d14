"""The catalog holds all that is said, and nothing else."""

from __future__ import annotations

from string import Formatter

from pulse_cli.messages import load, messages


def test_the_russian_catalog_is_whole() -> None:
    """Given all messages, then each is translated in each form, and none is left over.

    After a change of words: `make messages`, then translate what is empty.
    """
    found = {message.id: message for message in load("ru") if message.id}
    assert set(found) == set(messages())
    for key, message in found.items():
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        assert len(forms) == (3 if isinstance(key, tuple) else 1)
        assert all(forms), f"not translated: {key}"
        assert not message.fuzzy, f"fuzzy: {key}"


def test_a_translation_has_the_places_of_the_original() -> None:
    """Given a message with {places}, then its translation fills the same ones."""
    for message in load("ru"):
        if not message.id:
            continue
        texts = message.id if isinstance(message.id, tuple) else (message.id,)
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        places = {_places(text) for text in (*texts, *forms)}
        assert len(places) == 1, message.id


def _places(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)
