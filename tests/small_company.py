"""The small company that most tests use: its posts, its settings, and its deployed functions.

`Posts` builds what is published on X, `settings` a `pulse.yaml`, and `SmallCompany` runs the
handlers minute by minute on moto and the simulated X.
"""

import email
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import boto3
import requests
from botocore.awsrequest import AWSResponse

from pulse.app import App
from pulse.audit.entries import LogEntry
from pulse.conversations.facts import ConversationKey, Fact, Mention
from pulse.conversations.fold import State
from pulse.listening.cursor import Cursor
from pulse.outbox.entries import Entry
from pulse_cli.replay.world import ReplayWorld
from pulse_cli.simulated_x import Archive, SimulatedX
from tests.iam.call_guard import install_guard
from tests.stored import conversations_in

NINE = datetime(2030, 5, 14, 9, tzinfo=UTC)
"""Minute 0 unless a test says otherwise: a Tuesday."""
HELP, NEWS = "100", "200"
_X_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657000, UTC)
_ACCOUNTS = {HELP: "acme_help", NEWS: "acme"}


def at(minute: float) -> datetime:
    return NINE + timedelta(minutes=minute)


@dataclass
class Posts:
    """Posts on X, by the minute; ids grow with time, as X's do."""

    lines: list[Any] = field(default_factory=list)
    accounts: Mapping[str, str] = field(default_factory=lambda: _ACCOUNTS)
    """Handles by id."""
    _count: int = 0

    def mention(
        self, minute: float, who: str = "7", to: Iterable[str] = (HELP,), **more: Any
    ) -> str:
        """A customer mentions us; `thread` is the conversation's id, `seen` when X shows it."""
        handles = " ".join(f"@{self.accounts[i]}" for i in to)
        named = [{"id": i, "username": self.accounts[i]} for i in to]
        return self.publish(minute, who, f"{handles} help me", named, **more)

    def reply(self, minute: float, to: str, account: str = HELP, **more: Any) -> str:
        """We reply to a mention."""
        mention = next(p for p in self.lines if p["id"] == to)
        return self.publish(
            minute,
            account,
            "We look into it",
            [{"id": mention["author_id"], "username": f"user{mention['author_id']}"}],
            thread=mention["conversation_id"],
            in_reply_to_user_id=mention["author_id"],
            referenced_tweets=[{"type": "replied_to", "id": to}],
            **more,
        )

    def news(self, minute: float, account: str = NEWS) -> str:
        """We publish an own post, which is no reply."""
        return self.publish(minute, account, "All is well", [])

    def edit(self, minute: float, of: str, text: str) -> str:
        """The author changes a post: a new id, the same history."""
        before = next(p for p in self.lines if p["id"] == of)
        made = self.publish(minute, before["author_id"], text, before["entities"]["mentions"])
        self.lines[-1] = {**before, **{k: self.lines[-1][k] for k in ("id", "text", "created_at")}}
        self.lines[-1]["edit_history_tweet_ids"] = [*before["edit_history_tweet_ids"], made]
        return made

    def publish(
        self, minute: float, author: str, text: str, named: list[dict[str, str]], /, **more: Any
    ) -> str:
        """Add a post with any of X's fields; return its id. `named` are the mentioned accounts."""
        moment = at(minute)
        self._count += 1
        number = (int((moment - _X_EPOCH) / timedelta(milliseconds=1)) << 22) + self._count
        thread, seen = more.pop("thread", str(number)), more.pop("seen", None)
        made = {
            "id": str(number),
            "text": text,
            "author_id": author,
            "created_at": moment.isoformat(),
            "conversation_id": thread,
            "edit_history_tweet_ids": [str(number)],
            "entities": {"mentions": named},
            "visible_at": None if seen is None else at(seen).isoformat(),
            **more,
        }
        self.lines.append({name: value for name, value in made.items() if value is not None})
        return str(number)

    def archive(self, folder: Path, faults: Iterable[Mapping[str, Any]] = ()) -> Archive:
        """Write the posts as an archive of the simulated X."""
        ordered = sorted(self.lines, key=lambda p: int(p["id"]))
        users = [
            {"id": i, "username": f"user{i}", "name": f"User {i}"}
            for i in sorted({p.get("author_id", "7") for p in ordered} - set(self.accounts))
        ]
        roles = {NEWS: "official"}
        accounts = [
            {"id": i, "username": name, "role": roles.get(i, "support")}
            for i, name in self.accounts.items()
        ]
        folder.mkdir(exist_ok=True)
        (folder / "posts.ndjson").write_text("".join(json.dumps(p) + "\n" for p in ordered))
        (folder / "users.ndjson").write_text("".join(json.dumps(u) + "\n" for u in users))
        (folder / "companies.json").write_text(json.dumps([{"name": "acme", "accounts": accounts}]))
        (folder / "faults.json").write_text(json.dumps(list(faults)))
        return Archive.load(folder)


def settings(**more: Any) -> dict[str, Any]:
    """Return settings: anna is alerted after 15 min, boris after 60, vera (the owner) after 4 h."""
    levels = [
        {"name": "warning", "after": "15 min", "tell": ["anna"]},
        {"name": "breach", "after": "60 min", "tell": ["boris"]},
        {"name": "critical", "after": "4 h", "tell": ["vera"]},
    ]
    policy = {"levels": levels, **more.pop("policy", {})}
    people = {key: f"{key.capitalize()} <{key}@acme.example>" for key in ("anna", "boris", "vera")}
    company = {
        "name": "acme",
        "title": "Acme",
        "accounts": [
            {"id": HELP, "username": _ACCOUNTS[HELP], "role": "support"},
            {"id": NEWS, "username": _ACCOUNTS[NEWS], "role": "official"},
        ],
        "people": people | more.pop("people", {}),
        "policy": policy,
        "owner": "vera",
        "look_back": "24 h",
        **more,
    }
    return {"companies": [company]}


def one_account_settings(**more: Any) -> dict[str, Any]:
    """Return settings of a company that has only the support account and reads no older posts."""
    account = {"id": HELP, "username": _ACCOUNTS[HELP], "role": "support"}
    return settings(**{"look_back": "0", "accounts": [account], **more})


@dataclass(frozen=True)
class ReceivedMail:
    """A mail that was delivered."""

    minute: float
    to: str
    subject: str
    text: str
    message: EmailMessage

    @property
    def who(self) -> str:
        return self.to.partition("@")[0]

    @property
    def posts(self) -> list[str]:
        """Ids of the posts that the mail asks to answer, worst first."""
        return re.findall(r"in_reply_to=([0-9]+)", self.text)


class HookedWorld(ReplayWorld):
    """A world in which a test may interfere before each call of a function to AWS."""

    before_call: Callable[[str], None] | None = None
    """It gets `service.Operation`; an exception that it raises ends the function there."""

    def on_call(self, call: str, moment: Literal["before", "after"]) -> None:
        if self.before_call is not None and moment == "before":
            self.before_call(call)


class SmallCompany:
    """A stack, its functions and X, at the time that the test sets.

    A call to AWS that a function's role does not allow fails the test.
    """

    def __init__(
        self,
        folder: Path,
        posts: Posts,
        document: Mapping[str, Any] | None = None,
        faults: Iterable[Mapping[str, Any]] = (),
        x: Callable[[SimulatedX], Any] = lambda sim: sim,
        **options: Any,
    ) -> None:
        start = options.pop("start", 0)
        self.sim = SimulatedX(posts.archive(folder / "archive", faults), **options)
        document = document or settings()
        self._has_digests = "digests" in document["companies"][0]
        self.world = HookedWorld(document, x(self.sim), at(start))
        self.mails: list[ReceivedMail] = []
        self.polls: list[Any] = []

    def __enter__(self) -> Self:
        self.world.__enter__()
        self.guard = install_guard(self.world)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.world.__exit__(kind, error, trace)
        if error is None:
            assert self.guard.denied == []

    def run_minute(self, minute: float) -> None:
        """Run every function that is due in this minute."""
        world = self.world
        world.move_clock_to(at(minute))
        with world.counting_calls() as lambdas:
            lambdas.run_due_retries()
            lambdas.invoke_scheduled("dispatch")
        self.polls = world.drain_queue()
        with world.counting_calls() as lambdas:
            lambdas.invoke_scheduled("flag")
            if self._has_digests:
                lambdas.invoke_scheduled("digest")
            lambdas.invoke_scheduled("send")
        self.fetch_mails(minute)

    def run_minutes(self, *minutes: float) -> Self:
        """Run these minutes, and nothing between them."""
        for minute in minutes:
            self.run_minute(minute)
        return self

    def flag_and_send_at(self, *minutes: float) -> Self:
        """Run `flag` and `send` in these minutes, without polls, if nothing is posted any more."""
        for minute in minutes:
            self.world.move_clock_to(at(minute))
            with self.world.counting_calls() as lambdas:
                lambdas.invoke_scheduled("flag")
                lambdas.invoke_scheduled("send")
            self.fetch_mails(minute)
        return self

    def digest(self, minute: float, start: float, to: str = "vera") -> ReceivedMail:
        """Return the digest of [start, minute), requested and sent in this minute."""
        self.world.move_clock_to(at(minute))
        event = {"now": {"company": "acme", "to": [to], "start": at(start).isoformat()}}
        with self.world.counting_calls() as lambdas:
            lambdas.invoke_scheduled("digest", event)
            lambdas.invoke_scheduled("send")
        self.fetch_mails(minute)
        return self.mails[-1]

    def mails_to(self, who: str | None = None) -> list[tuple[float, str]]:
        """Return (minute, person) of each mail, or of one person's mails if `who` is given."""
        return [(m.minute, m.who) for m in self.mails if who in (None, m.who)]

    def states(self) -> dict[str, State]:
        """Return the states of all conversations by the id of their first mention."""
        policy = self.world.company.policy
        states = (one.state(policy) for one in conversations_in(self.world.app.db.table.scan()))
        return {state.first_mention_id or "": state for state in states}

    @property
    def stored(self) -> set[str]:
        """The ids of all mentions that are stored."""
        found = conversations_in(self.world.app.db.table.scan())
        return {fact.id for one in found for fact in one.facts if isinstance(fact, Mention)}

    def cursor(self, account: str = HELP) -> Cursor:
        return self.world.app.db.cursors.load([account])[account]

    def use_transport(self, transport: requests.adapters.BaseAdapter) -> None:
        """Make all functions reach X by this transport, as if in a new process."""
        env = {name: value for own in self.world.stack.env.values() for name, value in own.items()}
        self.world.lambdas.make_app = lambda: App(env, transport=transport)
        self.world.lambdas.app = self.world.lambdas.make_app()

    def delete_token(self, name: str) -> None:
        """Delete a token from SSM and from the memory of the functions."""
        path = self.world.stack.outputs["TokensPath"]
        boto3.client("ssm").delete_parameter(Name=f"{path}/{name}")
        self.world.lambdas.app = self.world.lambdas.make_app()

    def no_bearer(self) -> None:
        """Remove the bearer from the account's token: X then provides no counts."""
        secrets = self.world.app.tokens
        secrets.put("acme_help", replace(secrets.token("acme_help"), bearer=None))

    def log_entries(self, kind: str | None = None) -> list[LogEntry]:
        """Return the entries of the audit log, of one kind if it is given."""
        entries = self.world.app.db.audit_log.read("acme", at(-3000), at(30000))
        return [entry for entry in entries if kind in (None, entry.kind)]

    def waiting(self) -> list[Entry]:
        return self.world.app.db.outbox.waiting("acme")

    def add_facts(self, conversation: str, *facts: Fact, customer: str = "7") -> None:
        """Store facts in a conversation, as a person's click does."""
        company = self.world.company
        key = ConversationKey("acme", conversation, customer)
        self.world.app.db.conversations.add({key: facts}, company)

    @property
    def failures(self) -> list[str]:
        return [f"{f.function}: {f.error}" for f in self.world.lambdas.failures]

    def subscribe_to_critical_topic(self) -> Callable[[], list[dict[str, Any]]]:
        """Subscribe to the critical topic; return a function that fetches the new messages."""
        sqs, sns = boto3.client("sqs"), boto3.client("sns")
        url = sqs.create_queue(QueueName="pager")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        topic = self.world.stack.outputs["CriticalTopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])

        def fetch_messages() -> list[dict[str, Any]]:
            found = []
            while messages := sqs.receive_message(QueueUrl=url).get("Messages"):
                for message in messages:
                    found.append(json.loads(message["Body"]))
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return found

        return fetch_messages

    def refuse_mail(self, answer: Callable[[str], str | None]) -> None:
        """Make SES refuse mail: `answer` returns the error for an address, or None to accept it.

        The error is a code, or `code: message`.
        """

        def refuse(params: Mapping[str, Any], **_: Any) -> Any:
            [to] = json.loads(params["body"])["Destination"]["ToAddresses"]
            refusal = answer(to)
            if refusal is None:
                return None
            code, _, text = refusal.partition(": ")
            error = {"Error": {"Code": code, "Message": text or f"{to} cannot be written to"}}
            return AWSResponse("https://ses", 400, {}, None), error

        boto3.DEFAULT_SESSION.events.register("before-call.sesv2.SendEmail", refuse)

    def fetch_mails(self, minute: float) -> None:
        for mail in self.world.mails()[len(self.mails) :]:
            message = email.message_from_bytes(mail.raw_data.encode(), policy=default)
            text = message.get_body(("plain",)).get_content()
            self.mails.append(
                ReceivedMail(minute, mail.destinations[0], message["Subject"], text, message)
            )


Build = Callable[..., SmallCompany]
"""How a test builds its company; see the fixture `small_company`."""
