"""Valid settings, for the tests to break."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pulse_cli.settings import CheckedSettings, check_file

SOUND = """\
companies:
  - name: svyaz
    time_zone: Europe/Moscow
    accounts:
      - {username: svyaz_help, id: "700000001", role: support}
      - {username: svyaz, id: "700000002", role: official, token: svyaz_help}
    people:
      anna: {name: Anna, email: anna@example.com}
      boris: {name: Boris, email: boris@example.com}
    groups:
      agents:
        - {person: anna, days: mon-fri, hours: 09:00-21:00}
        - boris
      managers: [boris]
    policy:
      levels:
        - {name: warning, after: 15 min, tell: [agents]}
        - {name: breach, after: 60 min, tell: [managers]}
        - {name: critical, after: 4 h, tell: [boris]}
      alert_window: 30 min
    owner: anna
    digests:
      - {period: shift, to: [anna], at: ["09:00", "21:00"]}
"""
TODAY = datetime(2026, 11, 22, tzinfo=UTC)

CheckText = Callable[[str | bytes], CheckedSettings]


@pytest.fixture
def sound() -> str:
    """Return settings without mistakes."""
    return SOUND


@pytest.fixture
def check(tmp_path: Path) -> CheckText:
    """Return a function that checks a text as if it were a file."""
    file = tmp_path / "pulse.yaml"

    def check_text(text: str | bytes) -> CheckedSettings:
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return check_file(file, TODAY)

    return check_text
