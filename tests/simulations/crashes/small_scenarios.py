"""Three small scenarios: an evening with a bit of everything, many accounts, deleted posts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pulse_cli.replay.one_company import ReplayPlan
from tests.small_company import HELP, NEWS, Posts, at, settings

_LEVELS = [
    {"name": "warning", "after": "5 min", "tell": ["anna"]},
    {"name": "critical", "after": "20 min", "tell": ["boris"]},
]
_MIDNIGHT = 900
REFUSED = "boris@acme.example"


def evening(folder: Path) -> ReplayPlan:
    """One customer is answered and asks again, one is never answered, one post is shown late.

    The daily sweep finds the post that X shows two hours late. Boris's address is refused, so Vera
    gets his alerts. A digest and the figures follow after midnight.
    """
    posts = Posts()
    posts.mention(_MIDNIGHT - 125, "9", seen=_MIDNIGHT - 12)
    posts.mention(_MIDNIGHT - 19.5, "7", to=[HELP, NEWS])
    answered = posts.mention(_MIDNIGHT - 18.5, "8")
    posts.reply(_MIDNIGHT - 15.5, answered, account=NEWS)
    posts.news(_MIDNIGHT - 14.5)
    posts.mention(_MIDNIGHT - 11.5, "8", history=answered)
    policy = {"levels": _LEVELS, "alert_window": "10 min", "critical_window": "5 min"}
    digest = {"period": "daily", "to": ["anna"], "at": ["00:05"]}
    document = settings(policy=policy, digests=[digest], look_back="3 h")
    archive = posts.archive(folder / "evening")
    start, end = at(_MIDNIGHT - 130), at(_MIDNIGHT + 50)
    return ReplayPlan(archive, "acme", document, since=start, until=end, final_digest=False)


def many(folder: Path) -> ReplayPlan:
    """Six accounts: with a poll and a sweep of each, `dispatch` sends two batches."""
    accounts = {HELP: "acme_help", NEWS: "acme", **{f"{n}00": f"acme{n}" for n in range(3, 7)}}
    posts = Posts(accounts=accounts)
    for number, account in enumerate(accounts):
        posts.mention(0.5 + number / 10, str(number + 10), to=[account])
        posts.mention(14.5 + number / 10, str(number + 10), to=[account])
    listed = [{"id": i, "username": n, "role": "support"} for i, n in accounts.items()]
    document = settings(accounts=listed, look_back="1 h")
    archive = posts.archive(folder / "many")
    until = at(0) + timedelta(minutes=40)
    return ReplayPlan(archive, "acme", document, since=at(0), until=until, final_digest=False)


def deleted(folder: Path) -> ReplayPlan:
    """Two customers delete mentions: a sweep finds one of them, a compliance job the other."""
    posts = Posts()
    deletion = {"gone_at": at(95).isoformat(), "gone_why": "deleted"}
    posts.reply(2.8, posts.mention(2.5, "7", **deletion))
    posts.reply(80.8, posts.mention(80.5, "8", **deletion))
    posts.mention(84.5, "9")
    document = settings(policy={"levels": _LEVELS}, look_back="1 h")
    archive = posts.archive(folder / "deleted")
    return ReplayPlan(archive, "acme", document, since=at(0), until=at(400), final_digest=False)
