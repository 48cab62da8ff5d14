"""The Jinja environment of all templates: filters, and functions that need no language."""

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from pulse.kernel.posts import post_url
from pulse.screens import figures, phrases
from pulse.screens.locale import TEMPLATES, capital, one_line, quoted, rows


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
        "line": one_line,
        "quoted": quoted,
        "capital": capital,
        "rows": rows,
        "name": phrases.name,
        "handle": phrases.handle,
    }
    made.globals |= {
        "post_url": post_url,
        "tone": phrases.tone,
        "hour_columns": figures.hour_columns,
        "day_columns": figures.day_columns,
    }
    return made
