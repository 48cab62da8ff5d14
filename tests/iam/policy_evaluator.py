"""Evaluates IAM policies, exactly for what the template uses; it refuses to guess at the rest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_KNOWN = {"Sid", "Effect", "Action", "Resource", "NotResource", "Principal", "Condition"}
_FILLED = {"ses:FromAddress", "aws:SourceArn", "aws:SourceAccount"}
"""Condition keys that a `Call` carries where IAM would."""

Json = dict[str, Any]


class UnsupportedPolicyError(Exception):
    """A policy says something that is not understood here; nobody may take it for harmless."""


@dataclass(frozen=True)
class Call:
    """One action on one resource, as IAM is asked about it; `context` holds condition keys."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        given = "".join(f", {key}={value}" for key, value in self.context)
        return f"{self.action} on {self.resource}{given}"


@dataclass(frozen=True)
class Grant:
    """One action on one resource (or on all that begin like it, where it ends in `*`)."""

    action: str
    resource: str

    def covers(self, call: Call) -> bool:
        return self.action == call.action and matches(self.resource, call.resource)


@dataclass(frozen=True)
class Statement:
    """A statement whose expressions are resolved. `services` are its principals, if it has any."""

    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    others: bool = False
    """It is about all resources but these (NotResource)."""
    services: tuple[str, ...] = ()
    condition: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, raw: Json) -> "Statement":
        """Read it; `UnsupportedPolicyError` for all that would need a guess."""
        _known(raw.keys(), _KNOWN, "a statement")
        if raw["Effect"] not in ("Allow", "Deny") or ("Resource" in raw) == ("NotResource" in raw):
            raise UnsupportedPolicyError(f"neither Allow nor Deny of some resources: {raw}")
        others = "NotResource" in raw
        if others and raw["Effect"] == "Allow":
            raise UnsupportedPolicyError(f"allowed are all resources but some: {raw}")
        actions = tuple(listed(raw["Action"]))
        resources = tuple(listed(raw["NotResource" if others else "Resource"]))
        if any(set(action) & set("*?") for action in actions):
            raise UnsupportedPolicyError(f"a wildcard in an action: {actions}")
        if any("?" in text or "*" in text[:-1] for text in resources):
            raise UnsupportedPolicyError(f"a wildcard other than at the end: {resources}")
        condition = raw.get("Condition", {})
        _known(condition, {"StringEquals", "ArnEquals"}, "a condition")
        for asked in condition.values():
            _known(asked, _FILLED, "a condition")
        principal = raw.get("Principal", {})
        if not isinstance(principal, dict):
            raise UnsupportedPolicyError(f"a principal that is not named: {principal!r}")
        _known(principal, {"Service"}, "a principal")
        services = tuple(listed(principal.get("Service", [])))
        return cls(raw["Effect"], actions, resources, others, services, condition)

    @property
    def grants(self) -> list[Grant]:
        return [Grant(action, resource) for action in self.actions for resource in self.resources]

    def applies_to(self, call: Call) -> bool:
        """Whether it is about this call: the action, the resource and every condition fit."""
        named = any(matches(resource, call.resource) for resource in self.resources)
        given = dict(call.context)
        return (
            call.action in self.actions
            and named != self.others
            and all(
                given.get(key) in listed(wanted)
                for asked in self.condition.values()
                for key, wanted in asked.items()
            )
        )


@dataclass(frozen=True)
class Policy:
    """All statements that hold for a role, or that stand on a resource."""

    statements: tuple[Statement, ...]

    def allows(self, call: Call) -> bool:
        about = [one for one in self.statements if one.applies_to(call)]
        return bool(about) and all(one.effect == "Allow" for one in about)

    @property
    def grants(self) -> list[Grant]:
        """What its Allows name, one by one."""
        return [g for one in self.statements if one.effect == "Allow" for g in one.grants]


def policy(documents: Iterable[Json]) -> Policy:
    """Read policy documents."""
    found: list[Statement] = []
    for document in documents:
        _known(document.keys(), {"Version", "Statement"}, "a policy")
        found += map(Statement.read, listed(document["Statement"]))
    return Policy(tuple(found))


def matches(pattern: str, resource: str) -> bool:
    """Whether a resource is the one named, or begins as the pattern does before its `*`."""
    if pattern.endswith("*"):
        return resource.startswith(pattern[:-1])
    return resource == pattern


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _known(keys: Iterable[str], known: set[str], where: str) -> None:
    if unknown := set(keys) - known:
        raise UnsupportedPolicyError(f"{where} has {', '.join(sorted(unknown))}, not judged here")
