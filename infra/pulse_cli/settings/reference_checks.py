"""Checks names: those that must exist, and those that may be given only once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulse.settings import reader
from pulse_cli.settings import duty
from pulse_cli.settings.findings import FieldPath, Remark, closest, suggest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CompanyDocument = dict[str, Any]


def list_entries(value: Any, path: FieldPath) -> list[tuple[FieldPath, str]]:
    """Return the entries of a list, or the one entry given in place of a list, with their paths."""
    if isinstance(value, list):
        return [((*path, i), name) for i, name in enumerate(value)]
    return [] if value is None else [(path, value)]


def check_people_on_duty(company: CompanyDocument, at: FieldPath) -> Iterator[Remark]:
    """Check that everybody on duty is one of the people."""
    for name, turns in (company.get("groups") or {}).items():
        for path, turn in list_entries(turns, (*at, "groups", name)):
            if isinstance(turn, dict):
                yield from _check_person(company, (*path, "person"), turn["person"])
            else:
                yield from _check_person(company, path, turn)


def check_owner(company: CompanyDocument, at: FieldPath) -> Iterator[Remark]:
    """Check that the owner is one of the people."""
    yield from _check_person(company, (*at, "owner"), company["owner"])


def check_digest_recipients(company: CompanyDocument, at: FieldPath) -> Iterator[Remark]:
    """Check that digests go to people, not to groups."""
    for i, digest in enumerate(company.get("digests") or ()):
        for path, name in list_entries(digest["to"], (*at, "digests", i, "to")):
            if name in (company.get("groups") or {}) and name not in company["people"]:
                yield Remark(path, f"`{name}` is a group", "name its people instead")
            else:
                yield from _check_person(company, path, name)


def check_alert_recipients(company: CompanyDocument, at: FieldPath) -> Iterator[Remark]:
    """Check that everybody whom the policy names is a group or a person."""
    for path, name in _policy_recipients(company, at):
        if name not in _known_recipients(company):
            problem = f"`{name}` is neither a group nor a person"
            yield Remark(path, problem, suggest(name, _known_recipients(company)))


def check_unused_groups(company: CompanyDocument, at: FieldPath) -> Iterator[Remark]:
    """Warn about a group that the policy never names."""
    named = {name for _, name in _policy_recipients(company, at)}
    if not named <= {*_known_recipients(company)}:
        return
    for group in company.get("groups") or {}:
        if group not in named:
            fix = "name it under `tell`, or remove it"
            problem = "is never alerted: no level names this group"
            yield Remark((*at, "groups", group), problem, fix, "warning")


def check_coverage(company: CompanyDocument, at: FieldPath) -> Iterator[Remark]:
    """Check that somebody is on duty for every level at every hour of the week."""
    groups = reader.groups(reader.Field(company))
    for i, level in enumerate(company["policy"]["levels"]):
        path = (*at, "policy", "levels", i, "tell")
        named = [name for _, name in list_entries(level["tell"], path)]
        if not all(name in groups for name in named):
            continue
        turns = [turn for name in named for turn in groups[name]]
        missing = duty.find_gaps(turns)
        if missing:
            zone = company.get("time_zone") or "UTC"
            problem = f"{level['name']} reaches nobody on {duty.format_week(missing)} ({zone})"
            # The fix shows an entry for the first gap, cut at the end of its day.
            begin, end = missing[0]
            stretch = (begin, min(end, begin - begin % duty.DAY + duty.DAY))
            days, _, hours = duty.format_week([stretch]).partition(" ")
            turn = f"{{person: {turns[0].person}, days: {days}, hours: {hours}}}"
            fix = f"add turns for these hours to `{named[-1]}`, such as `- {turn}`"
            yield Remark(path, problem, fix)


def check_level_names(company: CompanyDocument, at: FieldPath) -> Iterator[Remark]:
    """Check that levels have different names."""
    levels = enumerate(company["policy"]["levels"])
    named = [((*at, "policy", "levels", i, "name"), level["name"]) for i, level in levels]
    yield from find_duplicates(
        named, "is also the name of an earlier level", "give it another name"
    )


def check_addresses_unique(company: CompanyDocument, at: FieldPath) -> Iterator[Remark]:
    """Check that no two people share an address, which would get every mail twice."""
    people = reader.people(reader.Field(company))
    mails = []
    for key, person in people.items():
        place = (*at, "people", key)
        raw = company["people"][key]
        mails.append(((*place, "email") if isinstance(raw, dict) else place, person.email.lower()))
    yield from find_duplicates(
        mails, "is also another person's address", "name one person in both places"
    )


def check_accounts_unique(
    companies: Iterable[tuple[FieldPath, CompanyDocument]],
) -> Iterator[Remark]:
    """Check that each account belongs to one company only, and is listed there once."""
    ids, handles = [], []
    for at, company in companies:
        for i, account in enumerate(company["accounts"]):
            place = (*at, "accounts", i)
            ids.append(((*place, "id"), account["id"]))
            handle = account["username"].removeprefix("@").lower()
            handles.append(((*place, "username"), handle))
    yield from find_duplicates(ids, "is also another account's id", "keep the account in one place")
    yield from find_duplicates(
        handles, "is also another account's handle", "keep the account in one place"
    )


def check_company_names_unique(
    companies: Iterable[tuple[FieldPath, CompanyDocument]],
) -> Iterator[Remark]:
    """Check that companies have different names."""
    names = [((*at, "name"), company["name"]) for at, company in companies]
    yield from find_duplicates(names, "is also another company's name", "give it another name")


def find_duplicates(
    values: Iterable[tuple[FieldPath, str]], problem: str, fix: str
) -> Iterator[Remark]:
    """Yield a remark on each value that came before."""
    seen = set()
    for path, value in values:
        if value in seen:
            yield Remark(path, f"`{value}` {problem}", fix)
        seen.add(value)


def _policy_recipients(company: CompanyDocument, at: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    policy, place = company["policy"], (*at, "policy")
    for i, level in enumerate(policy["levels"]):
        yield from list_entries(level["tell"], (*place, "levels", i, "tell"))
    yield from list_entries(policy.get("up_the_line"), (*place, "up_the_line"))


def _known_recipients(company: CompanyDocument) -> list[str]:
    return [*(company.get("groups") or {}), *company["people"]]


def _check_person(company: CompanyDocument, path: FieldPath, name: str) -> Iterator[Remark]:
    people = company["people"]
    if name not in people:
        near = closest(name, people)
        fix = f"did you mean `{near}`?" if near else f"add `{name}: ...` under people"
        yield Remark(path, f"`{name}` is not among the people", fix)
