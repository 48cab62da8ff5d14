"""The template as it is written, and as SAM deploys it."""

from typing import Any

import pytest

from pulse_cli import template as templates
from pulse_cli.template import TEMPLATE, Template


@pytest.fixture(scope="session")
def written() -> dict[str, Any]:
    return templates.parse_template(TEMPLATE.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def template() -> Template:
    return templates.load_template(parameters={"Senders": "pulse@example.com"})


@pytest.fixture(scope="session")
def resources(template: Template) -> dict[str, Any]:
    return template.body["Resources"]
