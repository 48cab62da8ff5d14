"""The Jinja environment of all templates, and what templates call by name."""

from functools import cache, partial
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.runtime import Macro

from pulse.kernel.posts import post_url
from pulse.screens.locale import TEMPLATES, Locale, capital, one_line, quoted, rows, shortened
from pulse.screens.models import AnyMail

_TITLE = 60
"""Characters of a company's title: the news must stand before the end of a subject."""


@cache
def environment() -> Environment:
    """Return the environment, made once a process.

    HTML is escaped; plain text is not, and what strangers wrote goes through `line` or `quoted`.
    """
    # Parsed templates are cached in the environment: a warm function renders the next mail in a
    # few milliseconds. StrictUndefined turns a misspelt name into an error, not into a gap.
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "line": one_line, "quoted": quoted, "capital": capital, "rows": rows,
        "shortened": shortened,
    }  # fmt: skip
    made.globals["post_url"] = post_url
    return made


def phrases(locale: Locale) -> dict[str, Any]:
    """Return what templates call by name: methods of the locale, and macros of words/phrases.txt.

    Phrases are texts without markup, in the reader's language.
    """
    methods = {name: getattr(locale, name) for name in dir(locale) if not name.startswith("_")}
    return methods | _exports("phrases", methods)


def words(mail: AnyMail, locale: Locale) -> dict[str, Any]:
    """Return what HTML and plain text of a mail say alike: phrases, and what its words/ set.

    All of it is text without markup. `subject` and `preheader` are one line each, often all that
    is read of a mail.

    Raises:
        jinja2.TemplateNotFound: this kind of fault has no advice.
    """
    values = phrases(locale) | {"mail": mail}
    values |= _exports(mail.template, values)
    company = shortened(one_line(mail.company), _TITLE)
    return values | {"subject": f"{one_line(values['headline'])} · {company}"}


def _exports(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return the variables and macros of a template of words."""
    module = environment().get_template(f"words/{name}.txt").make_module(values)
    # Jinja takes what a macro returns to be safe wherever it is called from HTML, although a macro
    # of plain text escapes nothing. A `partial` of it is an ordinary function to Jinja, whose text
    # is escaped as any other.
    return {
        name: partial(value) if isinstance(value, Macro) else value
        for name, value in vars(module).items()
        if not name.startswith("_")
    }
