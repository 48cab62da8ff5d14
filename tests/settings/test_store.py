"""What is stored besides conversations: settings, digests, authors, own posts, figures."""

from datetime import UTC, date, datetime, timedelta

import pytest

from pulse.alerting.store import PolicyProgress
from pulse.authors.store import AuthorCache
from pulse.dynamodb.codec import ItemKey
from pulse.dynamodb.table import Table, TransactionCancelledError
from pulse.kernel.posts import Author
from pulse.outbox.store.outbox import Outbox
from pulse.reporting.store import DigestLedger, FigureStore
from pulse.settings.store import SettingsStore
from tests.interleaving import HookedClient
from tests.outbox.sample_entries import MINUTE, NOON, entry


def test_all_versions_of_the_settings_are_stored(table: Table) -> None:
    """After two pushes, the second version is in force, and both are stored."""
    settings_store = SettingsStore(table)
    assert settings_store.current() is None
    assert settings_store.push({"companies": ["один"]}, NOON) == 1
    assert settings_store.push({"companies": ["два"]}, NOON + MINUTE) == 2
    assert settings_store.current() == ({"companies": ["два"]}, 2, NOON + MINUTE)
    assert len(list(table.query("settings", "v", "v~"))) == 2


@pytest.mark.parametrize("pushes", [0, 1])
def test_of_two_pushes_at_once_one_wins(table: Table, pushes: int) -> None:
    """If there is another push between our reading and writing, ours fails."""
    for n in range(pushes):
        SettingsStore(table).push({"n": n}, NOON)
    overtaken = [False]

    def overtake(name: str) -> None:
        if name == "transact_write_items" and not overtaken[0]:
            overtaken[0] = True
            SettingsStore(table).push({"theirs": 1}, NOON)

    slow = SettingsStore(Table(HookedClient(table.client, overtake), table.name, table.index))
    with pytest.raises(TransactionCancelledError):
        slow.push({"ours": 1}, NOON)
    document, version, _ = SettingsStore(table).current()
    assert (document, version) == ({"theirs": 1}, pushes + 1)


@pytest.mark.parametrize("seen", [0, 1])
def test_a_push_fails_if_the_version_it_was_compared_with_is_no_longer_in_force(
    table: Table, seen: int
) -> None:
    """If somebody else has pushed since, nothing is written, however long ago that was."""
    settings_store = SettingsStore(table)
    for n in range(seen + 1):
        settings_store.push({"n": n}, NOON)
    with pytest.raises(TransactionCancelledError):
        settings_store.push({"ours": 1}, NOON, seen)
    assert settings_store.current() == ({"n": seen}, seen + 1, NOON)
    assert settings_store.push({"ours": 1}, NOON, seen + 1) == seen + 2


def test_digests_are_marked_with_their_entries_or_not_at_all(table: Table) -> None:
    """If the marks were changed in the meantime, neither a mark nor an entry is written."""
    digest_ledger, outbox = DigestLedger(table), Outbox(table)
    assert digest_ledger.write("acme", {}, {"daily#anna": "1"}, [entry("a")])
    assert not digest_ledger.write("acme", {}, {"daily#anna": "2"}, [entry("b")])
    assert digest_ledger.write("acme", {"daily#anna": "1"}, {"daily#anna": "2"}, [])
    assert digest_ledger.written("acme") == {"daily#anna": "2"}
    assert [e.id for e in outbox.waiting("acme")] == ["a"]


def test_the_version_of_the_folded_policy_is_stored(table: Table) -> None:
    """Both this process and another one read the version that was stored."""
    policy_progress = PolicyProgress(table)
    assert policy_progress.folded("acme") == (0, None)
    policy_progress.mark_folded("acme", 3, NOON)
    assert policy_progress.folded("acme") == PolicyProgress(table).folded("acme") == (3, NOON)


def test_authors_are_stored_for_a_month_also_without_a_name(table: Table) -> None:
    """An author whom X returned and one whom X did not return are both found for 30 days."""
    author_cache = AuthorCache(table)
    known = [Author("7", "anna", "Anna 🙂"), Author("8")]
    author_cache.put(known, NOON)
    assert author_cache.find(["7", "8", "9"]) == {a.id: a for a in known}
    item = table.get(ItemKey("author#7", "author"))
    assert datetime.fromtimestamp(item["ttl"], UTC) == NOON + timedelta(days=30)


def test_figures_never_expire(table: Table) -> None:
    """The figures of a day are stored without a time-to-live."""
    figure_store = FigureStore(table)
    for day in (13, 14, 15):
        figure_store.put("acme", date(2030, 5, day), {"100": {"9": {"received": day}}})
    found = figure_store.of_days("acme", date(2030, 5, 14), date(2030, 5, 15))
    assert [d.day for d in found] == [14, 15]
    assert found[date(2030, 5, 14)] == {"100": {"9": {"received": 14}}}
    assert "ttl" not in table.get(ItemKey("figures#acme", "2030-05-14"))
