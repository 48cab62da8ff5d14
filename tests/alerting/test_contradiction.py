"""A stored conversation that contradicts itself, or cannot be written, silences no other."""

from pulse.conversations.facts import Position
from pulse.conversations.store.documents import pack, stored_in
from pulse.dynamodb import keys
from tests.small_company import Build, Posts, at, one_account_settings, settings


def test_a_mark_that_contradicts_its_facts_silences_no_other(
    posts: Posts, small_company: Build
) -> None:
    """The run reports the conversation as an error and flags all others of its batch."""
    broken, *_ = (posts.mention(n / 1000, str(n + 1000)) for n in range(3))
    here = small_company(one_account_settings()).run_minutes(0, 1)
    table = here.world.app.db.table
    table.update(keys.document("acme", broken, "1000"), {"open": None})
    here.run_minutes(16)
    assert sum(state.level is not None for state in here.states().values()) == 2
    assert [failure.split(":")[0] for failure in here.failures] == ["flag"]
    assert len(here.mails) == 1


def test_a_contradictory_mark_stops_no_new_policy(posts: Posts, small_company: Build) -> None:
    """A shorter deadline takes effect for the others; the next post makes the mark right."""
    broken, _ = posts.mention(0, "7"), posts.mention(0.01, "8")
    posts.reply(18, broken)
    here = small_company(settings(look_back="0")).run_minutes(0, 1)
    table, at_document = here.world.app.db.table, keys.document("acme", broken, "7")
    spam = Position("p", "spam", frozenset({broken}), "anna", at(2))
    stored = stored_in(table.get(at_document) or {})
    table.update(at_document, {"facts": pack([*stored.facts, spam])})
    levels = [{"name": "warning", "after": "12 min", "tell": ["anna"]}]
    quick = settings(look_back="0", policy={"levels": levels})
    here.world.app.db.settings_store.push(quick, at(9))
    here.run_minutes(10, 13)
    assert sorted(str(state.level) for state in here.states().values()) == ["None", "warning"]
    assert here.failures == []
    here.run_minutes(16)
    assert [failure.split(":")[0] for failure in here.failures] == ["flag"]
    here.run_minutes(19, 20)
    assert len(here.failures) == 1
    assert table.get(keys.open_mark(at_document.pk)) is None
