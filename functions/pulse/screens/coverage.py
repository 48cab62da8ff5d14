"""What a digest says of our own watch: minutes, gaps, trouble, lost mail, what reading came to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulse.screens.advice import trouble_words
from pulse.screens.locale import capital, one_line

if TYPE_CHECKING:
    from datetime import datetime

    from pulse.reporting.coverage import FaultPeriod, Gap, SuppressedAddress
    from pulse.screens.locale import Locale
    from pulse.screens.models import DigestMail


def minutes(words: Locale, letter: DigestMail) -> str:
    """How many of the minutes were watched, and since when where not from the start."""
    seen = letter.watch
    watched, n = words.number(seen.watched), words.number(seen.minutes)
    if seen.since is None:
        return words.say("watched {watched} of {n} min", watched=watched, n=n)
    return words.say(
        "watched {watched} of {n} min since {time}",
        watched=watched,
        n=n,
        time=words.clock(seen.since, letter.at),
    )


def watched(words: Locale, letter: DigestMail) -> str:
    """The same as a sentence, with the all-clear when there is nothing to tell."""
    text = f"{capital(minutes(words, letter))}."
    return f"{text} {words.say('Nothing was missed.')}" if letter.watch.whole else text


def watch(words: Locale, letter: DigestMail) -> list[str]:
    """What was not watched, read or delivered, and what reading came to: a line each."""
    seen = letter.watch
    lines = [words.say("@{who}: not read yet", who=one_line(name)) for name in seen.unread]
    lines += [_gap(words, gap, letter.at) for gap in seen.gaps]
    lines += [_trouble(words, trouble, letter.at) for trouble in seen.troubles]
    if seen.aside:
        lines.append(
            words.many(
                "{n} post could not be read and is in quarantine; for details, run pulse status",
                "{n} posts could not be read and are in quarantine; for details, run pulse status",
                seen.aside,
            )
        )
    if seen.undelivered:
        lines.append(
            words.many(
                "{n} email could not be delivered",
                "{n} emails could not be delivered",
                seen.undelivered,
            )
        )
    lines += [_stopped(words, one, letter.at) for one in seen.stopped]
    if seen.removed:
        lines.append(
            words.many(
                "{n} post was removed from Pulse because it was deleted or protected on X",
                "{n} posts were removed from Pulse because they were deleted or protected on X",
                seen.removed,
            )
        )
    return [*lines, *_reads(words, letter)]


def _stopped(words: Locale, one: SuppressedAddress, at: datetime) -> str:
    return words.say(
        "no email has been sent to {address} since {time}: {reason}",
        address=one_line(one.address),
        time=words.clock(one.since, at),
        reason=trouble_words(one.kind, words),
    )


def _reads(words: Locale, letter: DigestMail) -> list[str]:
    budget = letter.watch.reads
    if budget is None or budget.limit is None:
        return []
    limit = words.number(budget.limit)
    lines = [
        words.say(
            "reads from X this month: {n} of {limit} ({share})",
            n=words.number(budget.used),
            limit=limit,
            share=words.percent(budget.share),
        )
    ]
    if letter.period == "monthly":
        used = words.number(budget.before)
        lines.append(words.say("reads from X last month: {n} of {limit}", n=used, limit=limit))
    return lines


def _gap(words: Locale, gap: Gap, at: datetime) -> str:
    reasons = {
        "blind": words.say("not watched"),
        "wall": words.say("X did not provide all posts, some could not be read"),
    }
    return words.say(
        "@{who}: {reason}, {start} to {end} ({length})",
        who=one_line(gap.username),
        reason=reasons.get(gap.reason, one_line(gap.reason)),
        start=words.clock(gap.start, at),
        end=words.clock(gap.end, at),
        length=words.duration(gap.end - gap.start),
    )


def _trouble(words: Locale, trouble: FaultPeriod, at: datetime) -> str:
    who, what = one_line(trouble.username), trouble_words(trouble.kind, words)
    start = words.clock(trouble.since, at)
    if trouble.until is None:
        text = words.say(
            "@{who}: {what}, since {start}, not fixed yet", who=who, what=what, start=start
        )
    else:
        text = words.say(
            "@{who}: {what}, {start} to {end}",
            who=who,
            what=what,
            start=start,
            end=words.clock(trouble.until, at),
        )
    return f"{text} ({one_line(trouble.detail)})" if trouble.detail else text
