"""Faults in people's words: what happened, what it means, what to do about it.

The words of each kind are a template, templates/advice/KIND.txt, which sets `title`, `happened`,
`means`, `steps` and, where there is something to run, `command`. A new kind needs a new template
and no code.
"""

from dataclasses import dataclass, replace
from typing import Any

from pulse.screens.locale import Locale, one_line
from pulse.screens.models import FaultMail
from pulse.screens.templates import environment


@dataclass(frozen=True, slots=True)
class Advice:
    """`title` fits a subject; `command` is what to run, where there is something to run."""

    title: str
    happened: str
    means: str
    steps: tuple[str, ...]
    command: str | None = None


def fault_label(kind: str, locale: Locale) -> str:
    """Return a fault in a few words, for a list; a kind without a label as it is."""
    gettext = locale.gettext
    return {
        "unavailable": gettext("X did not answer"),
        "rate_limited": gettext("X asked Pulse to wait"),
        "usage_cap": gettext("the monthly read limit is used up"),
        "credits": gettext("X credits have run out"),
        "token": gettext("the token does not work"),
        "forbidden": gettext("X denies access"),
        "account": gettext("X cannot find the account"),
        "request": gettext("X rejected the request"),
        "address": gettext("email could not be delivered"),
        "bounce": gettext("email bounced"),
        "complaint": gettext("email was marked as spam"),
    }.get(kind, kind)


def advise(mail: FaultMail, locale: Locale) -> Advice:
    """Return what a person needs to know to fix the fault, in that person's language.

    Raises:
        jinja2.TemplateNotFound: this kind of fault has no template.
    """
    found = _render(mail.kind, mail, locale)
    advice = Advice(
        found.title,
        found.happened,
        found.means,
        tuple(found.steps),
        getattr(found, "command", None),
    )
    if mail.endpoint == "posts":
        # The cause and the way out are the same, but what is missing are replies, not mentions.
        own_posts = _render("own_posts", mail, locale)
        advice = replace(advice, title=own_posts.title, means=own_posts.means)
    return advice


def _render(name: str, mail: FaultMail, locale: Locale) -> Any:
    """Return the template as a module, whose attributes are what the template sets."""
    subject = one_line(mail.subject)
    # Templates about accounts speak of `who`, those about people of an `address`.
    names = {"gettext": locale.gettext, "who": subject.removeprefix("@"), "address": subject}
    return environment().get_template(f"advice/{name}.txt").make_module(names)
