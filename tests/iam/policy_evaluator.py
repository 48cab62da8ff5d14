"""Evaluates IAM policies, as far as the template uses them; anything else is an error."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_KNOWN = {"Sid", "Effect", "Action", "Resource", "NotResource", "Principal", "Condition"}
_FILLED = {"ses:FromAddress", "aws:SourceArn", "aws:SourceAccount"}
"""Condition keys that a `Call` has wherever IAM has them."""

Json = dict[str, Any]


class UnsupportedPolicyError(Exception):
    """A policy has something that this evaluator does not support, and must not ignore."""


@dataclass(frozen=True)
class Call:
    """One action on one resource, as IAM evaluates it; `context` holds condition keys."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        context = "".join(f", {key}={value}" for key, value in self.context)
        return f"{self.action} on {self.resource}{context}"


@dataclass(frozen=True)
class Grant:
    """One action on one resource, or on all with this prefix if it ends in `*`."""

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
    """It applies to all resources except these (NotResource)."""
    services: tuple[str, ...] = ()
    condition: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, raw: Json) -> "Statement":
        """Read a statement; `UnsupportedPolicyError` if anything in it is not supported."""
        _known(raw.keys(), _KNOWN, "a statement")
        if raw["Effect"] not in ("Allow", "Deny") or ("Resource" in raw) == ("NotResource" in raw):
            raise UnsupportedPolicyError(f"neither Allow nor Deny for given resources: {raw}")
        others = "NotResource" in raw
        if others and raw["Effect"] == "Allow":
            raise UnsupportedPolicyError(f"it allows all resources except some: {raw}")
        actions = tuple(listed(raw["Action"]))
        resources = tuple(listed(raw["NotResource" if others else "Resource"]))
        if any(set(action) & set("*?") for action in actions):
            raise UnsupportedPolicyError(f"a wildcard in an action: {actions}")
        if any("?" in text or "*" in text[:-1] for text in resources):
            raise UnsupportedPolicyError(f"a wildcard other than at the end: {resources}")
        condition = raw.get("Condition", {})
        _known(condition, {"StringEquals", "ArnEquals"}, "a condition")
        for keys in condition.values():
            _known(keys, _FILLED, "a condition")
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
        """Tell whether the action, the resource and every condition match this call."""
        named = any(matches(resource, call.resource) for resource in self.resources)
        context = dict(call.context)
        return (
            call.action in self.actions
            and named != self.others
            and all(
                context.get(key) in listed(values)
                for keys in self.condition.values()
                for key, values in keys.items()
            )
        )


@dataclass(frozen=True)
class Policy:
    """All statements of a role or of a resource."""

    statements: tuple[Statement, ...]

    def allows(self, call: Call) -> bool:
        about = [one for one in self.statements if one.applies_to(call)]
        return bool(about) and all(one.effect == "Allow" for one in about)

    @property
    def grants(self) -> list[Grant]:
        """The grants of all Allow statements."""
        return [g for one in self.statements if one.effect == "Allow" for g in one.grants]


def policy(documents: Iterable[Json]) -> Policy:
    """Read policy documents."""
    found: list[Statement] = []
    for document in documents:
        _known(document.keys(), {"Version", "Statement"}, "a policy")
        found += map(Statement.read, listed(document["Statement"]))
    return Policy(tuple(found))


def matches(pattern: str, resource: str) -> bool:
    """Tell whether the pattern is this resource, or ends in `*` after a prefix of it."""
    if pattern.endswith("*"):
        return resource.startswith(pattern[:-1])
    return resource == pattern


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _known(keys: Iterable[str], known: set[str], where: str) -> None:
    if unknown := set(keys) - known:
        raise UnsupportedPolicyError(
            f"{where} has {', '.join(sorted(unknown))}, which is not supported"
        )
