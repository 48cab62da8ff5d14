"""Where the parts of Pulse are put together, and the only place where the environment is read.

A part is made at its first use; jobs are handed the parts that they need, never the App.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from botocore.config import Config

from pulse.authors.directory import AuthorDirectory
from pulse.dynamodb.table import Table
from pulse.kernel.company import Account, Company, Settings
from pulse.kernel.errors import Failures, NeedsPersonError
from pulse.listening.ingest import Ingest
from pulse.listening.queue import PollQueue
from pulse.listening.run import PollRun
from pulse.listening.tasks import PollTask
from pulse.observability.telemetry import count, logger, reported
from pulse.outbox.bounces import BounceHandler
from pulse.outbox.deliver import Delivery
from pulse.outbox.mailer import CriticalTopic, SesMailer
from pulse.outbox.send import SendRun
from pulse.privacy.missing_posts import delete_missing_posts
from pulse.privacy.run import ComplyRun
from pulse.repositories import Repositories
from pulse.settings import reader as settings_reader
from pulse.x.credentials import TokenStore

if TYPE_CHECKING:
    import requests

    from pulse.x.client import XClient
    from pulse.x.compliance import ComplianceApi

__all__ = ["App", "count", "for_each", "logger", "out_of_time", "reported", "use", "wired"]

_SETTINGS_MAX_AGE = timedelta(seconds=30)
"""For how long a warm process uses settings before it reads them again."""
_NO_RETRY = Config(retries={"total_max_attempts": 1}, connect_timeout=3, read_timeout=20)
"""For mail: SES may have sent a mail although its answer was lost, so no call is repeated."""
_WITH_RETRIES = Config(
    retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=3, read_timeout=10
)
_IMPATIENT = Config(
    retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=2, read_timeout=3
)
"""For services that mail can do without: a slow one must not take the time of the mail."""
_Result = TypeVar("_Result")


class MissingSettingError(NeedsPersonError):
    """A setting that must be set is not; the message names it and says where to set it."""


class App:
    """The parts of Pulse, each made at its first use from the environment that is handed in."""

    def __init__(
        self,
        env: Mapping[str, str],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        transport: requests.adapters.BaseAdapter | None = None,
    ) -> None:
        self._env = env
        self._transport = transport
        if transport is None and env.get("PULSE_X_URL"):
            # A simulated X, for tests of the built functions.
            from pulse.x.session import BaseUrlAdapter  # noqa: PLC0415 - never in production

            self._transport = BaseUrlAdapter(env["PULSE_X_URL"])
        self._xs: dict[str, XClient] = {}
        self._settings: tuple[datetime, Settings] | None = None
        self.now = clock

    def settings(self) -> Settings:
        """Return the settings in force, at most half a minute old; none before the first push."""
        now = self.now()
        if self._settings is None or now - self._settings[0] >= _SETTINGS_MAX_AGE:
            pushed = self.db.settings_store.current()
            if pushed is None:
                logger().warning("no settings yet: run `pulse push pulse.yaml`")
            self._settings = now, settings_reader.read(*pushed) if pushed else Settings(())
        return self._settings[1]

    def x(self, account: Account) -> XClient:
        """Return a client of X with this account's token."""
        if account.token not in self._xs:
            from pulse.x.client import XClient  # noqa: PLC0415 - most functions never need it

            token = functools.partial(self.tokens.token, account.token)
            self._xs[account.token] = XClient(token, self._transport)
        return self._xs[account.token]

    def poll_run(
        self, company: Company, account: Account, task: PollTask, out_of_time: Callable[[], bool]
    ) -> PollRun:
        """Return one poll of an account."""
        db, x, now = self.db, self.x(account), self.now()
        ingest = Ingest(company, db.conversations, db.author_cache, db.erasures, db.audit_log, now)
        check = functools.partial(delete_missing_posts, db.post_deleter)
        return PollRun(company, account, task, x, db.cursors, ingest, check, now, out_of_time)

    def comply_run(self, out_of_time: Callable[[], bool]) -> ComplyRun:
        """Return what one run of `comply` uses."""
        return ComplyRun(
            companies=self.settings().companies,
            bearer=self.tokens.bearer,
            compliance=self.compliance,
            x=self.company_x,
            job_name=self.db.table.name,
            stores=self.db.privacy_stores,
            now=self.now(),
            out_of_time=out_of_time,
        )

    @functools.cached_property
    def db(self) -> Repositories:
        """All that the table of the deployment holds."""
        client = boto3.client("dynamodb", config=_WITH_RETRIES)
        table = Table(client, self._required("PULSE_TABLE"), self._required("PULSE_INDEX"))
        return Repositories(table)

    @functools.cached_property
    def queue(self) -> PollQueue:
        """The queue of polls."""
        client = boto3.client("sqs", config=_WITH_RETRIES)
        return PollQueue(client, self._required("PULSE_POLL_QUEUE"))

    @property
    def blind_after(self) -> timedelta:
        """Return for how long an account may go unread before an alarm rings."""
        return timedelta(minutes=int(self._required("PULSE_BLIND_MINUTES")))

    @functools.cached_property
    def tokens(self) -> TokenStore:
        """Tokens of X, in SSM."""
        return TokenStore(boto3.client("ssm", config=_IMPATIENT), self._required("PULSE_TOKENS"))

    @functools.cached_property
    def mailer(self) -> SesMailer:
        """Mail, through SES."""
        client, sender = boto3.client("sesv2", config=_NO_RETRY), self._required("PULSE_SENDER")
        return SesMailer(client, sender, self._env.get("PULSE_CONFIGURATION_SET") or None)

    @functools.cached_property
    def topic(self) -> CriticalTopic:
        """The topic of critical alerts, in SNS."""
        client = boto3.client("sns", config=_IMPATIENT.merge(Config(read_timeout=5)))
        return CriticalTopic(client, self._required("PULSE_CRITICAL_TOPIC"))

    def send_run(self, company: Company, out_of_time: Callable[[], bool]) -> SendRun:
        """Return one run of `send` for a company."""
        from pulse.screens.compose import Composer  # noqa: PLC0415 - only `send` needs it

        db, now, board_url = self.db, self.now(), self.settings().board_url
        authors = AuthorDirectory(db.author_cache, self.company_x(company), now)
        compose = Composer(company, db.report_stores, authors, now, board_url).compose
        mailer, topic = self.mailer, self.topic
        delivery = Delivery(company, db.outbox, db.suppressions, compose, mailer, topic, now)
        return SendRun(company, db.outbox, delivery, now, out_of_time)

    def bounce_handler(self) -> BounceHandler:
        """Return the handler of mails that bounced or were complained about."""
        db = self.db
        return BounceHandler(self.settings(), db.outbox, db.suppressions, self.now())

    def company_x(self, company: Company) -> XClient:
        """Return a client of X with the token of the company's first account, for look-ups."""
        return self.x(company.accounts[0])

    def compliance(self, bearer: str) -> ComplianceApi:
        """Return the compliance jobs of the app of X that has this bearer."""
        from pulse.x.compliance import ComplianceApi  # noqa: PLC0415 - only `comply` needs it

        return ComplianceApi(bearer, self._transport)

    def _required(self, name: str) -> str:
        value = self._env.get(name)
        if not value:
            raise MissingSettingError(f"{name} is not set; template.yaml sets it")
        return value


_wired: App | None = None


def wired() -> App:
    """Return the app of this process, made from its environment at first use."""
    global _wired  # noqa: PLW0603 - one a process, as Lambda keeps it
    if _wired is None:
        _wired = App(os.environ)
    return _wired


def use(app: App | None) -> None:
    """Put another app in place, such as one with a simulated clock and X; None removes it."""
    global _wired  # noqa: PLW0603
    _wired = app


def for_each(do: Callable[[Company], _Result]) -> dict[str, _Result]:
    """Call `do` for every company and return the results by company name.

    A failure for one company does not stop the others.

    Raises:
        ExceptionGroup: what failed, after all companies had their turn.
    """
    results: dict[str, _Result] = {}
    failures = Failures("companies failed")
    companies = wired().settings().companies
    # Each minute another company is the first: where there is time for some only, none starves.
    first = int(wired().now().timestamp() // 60) % max(1, len(companies))
    for company in (*companies[first:], *companies[:first]):
        with (
            failures.collecting(f"company {company.name}"),
            logger().append_context_keys(company=company.name),
        ):
            results[company.name] = do(company)
    failures.raise_collected()
    return results


def out_of_time(context: Any, spare_ms: int) -> Callable[[], bool]:
    """Return a function that says whether fewer than `spare_ms` milliseconds are left."""
    return lambda: context.get_remaining_time_in_millis() < spare_ms
