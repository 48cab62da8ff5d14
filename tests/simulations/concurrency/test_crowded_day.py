"""A crowded day on ministack, in a process of its own: nine instances at once in each minute."""

import json
import subprocess
import sys
from collections.abc import Callable

from tests.tiers import SEED, TEST_ALL

DAYS, MINUTES = (3, 250) if TEST_ALL else (1, 6)
LONGEST = 3600


def test_nothing_is_lost_and_no_alert_repeated(figure: Callable[[str, object], None]) -> None:
    """Pollers, flaggers, senders and people at work at once violate no invariant."""
    arguments = ["--days", str(DAYS), "--minutes", str(MINUTES), "--seed", str(SEED)]
    command = [sys.executable, "-m", "tests.simulations.concurrency", *arguments]
    result = subprocess.run(  # noqa: S603 - our own arguments
        command, capture_output=True, text=True, timeout=LONGEST, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    days = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(days) == DAYS
    for day in days:
        assert day.pop("wrong") == []
        assert min(day["writes"], day["clicks"], day["mails"]) > 0
        figure("a crowded day on ministack", day)
