"""Which version of the policy all open conversations of a company were folded by."""

from datetime import datetime

from pulse.dynamodb import keys
from pulse.dynamodb.codec import parse_time, sortable_time
from pulse.dynamodb.table import Table


class PolicyProgress:
    """One item a company, remembered for the life of the process."""

    def __init__(self, table: Table) -> None:
        self._table = table
        # `flag` asks each minute, and only `flag` writes it. A process that remembers a version
        # that another has replaced since refolds once more, and finds nothing to write.
        self._folded: dict[str, tuple[int, datetime | None]] = {}

    def folded(self, company: str) -> tuple[int, datetime | None]:
        """Return the version that all open conversations were folded by, and when that was done.

        The version is 0, and the time None, before the first.
        """
        if company not in self._folded:
            item = self._table.get(keys.policy_folded(company)) or {"version": 0}
            self._folded[company] = item["version"], parse_time(item.get("at"))
        return self._folded[company]

    def mark_folded(self, company: str, version: int, now: datetime) -> None:
        """Note that all open conversations have been folded by this version."""
        self._table.put(keys.policy_folded(company), {"version": version, "at": sortable_time(now)})
        self._folded[company] = version, now
