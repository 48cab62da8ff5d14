"""What only a digest says: figures, comparisons, what was watched and what was not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulse.adapters.pages import phrases
from pulse.adapters.pages.advice import trouble_words
from pulse.adapters.pages.wording import capital, one_line

if TYPE_CHECKING:
    from datetime import datetime

    from pulse.adapters.pages.wording import Wording
    from pulse.domain.letters import (
        DigestLetter,
        Gap,
        Happening,
        HourBar,
        Stopped,
        Trend,
        Trouble,
    )
    from pulse.domain.measures import Span

_FEW = 12


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a chart: the answered part below, the rest on top."""

    label: str
    labelled: bool
    """Whether the label is shown below the column."""
    received: int
    answered: int


def first_digest(words: Wording, letter: DigestLetter) -> str:
    """Why late ones may stand in it of which nobody heard."""
    return words.say(
        "This is the first digest: it takes in what came since {time}, before Pulse. "
        "Nobody was alerted of what was late already.",
        time=words.clock(letter.start, letter.at),
    )


def happening(words: Wording, what: Happening, at: datetime) -> str:
    """Many more mentions than usual, and whether we say anything."""
    text = words.many(
        "{n} mention since {time}, usually {usual}",
        "{n} mentions since {time}, usually {usual}",
        what.count,
        time=words.clock(what.since, at),
        usual=words.number(what.usual),
    )
    if what.silent_for is None:
        return f"{text}."
    silent = words.say(
        "Our accounts have been silent for {length}.", length=words.duration(what.silent_for)
    )
    return f"{text}. {silent}"


def compared(words: Wording, letter: DigestLetter) -> str:
    """From when to when, and what stands in brackets."""
    if letter.before is None:
        return words.say(
            "{start} to {end}; of the stretch before, not all is known",
            start=words.clock(letter.start),
            end=words.clock(letter.end),
        )
    return words.say(
        "{start} to {end}; in brackets: the stretch before",
        start=words.clock(letter.start),
        end=words.clock(letter.end),
    )


def buckets(words: Wording, letter: DigestLetter) -> list[tuple[str, int]]:
    """The ageing buckets by name."""
    names = (
        words.say("under 15 min"),
        words.say("15-60 min"),
        words.say("1-4 h"),
        words.say("4-24 h"),
        words.say("over 24 h"),
    )
    return list(zip(names, letter.buckets, strict=True))


def figures(words: Wording, letter: DigestLetter) -> list[tuple[str, str, str]]:
    """Name, value, value of the stretch before ("" when it is not known)."""
    names = _names(words)
    names[-1] += words.say(", target {share}", share=words.percent(letter.target))
    before = _values(words, letter.before) if letter.before else [""] * len(names)
    return list(zip(names, _values(words, letter.now), before, strict=True))


def night_and_day(words: Wording, letter: DigestLetter) -> list[tuple[str, str, str]]:
    """Name, value by night, value by day; empty in shorter digests."""
    if letter.night is None or letter.day is None:
        return []
    night, day = _values(words, letter.night), _values(words, letter.day)
    return list(zip(_names(words), night, day, strict=True))


def accounts(words: Wording, letter: DigestLetter) -> list[tuple[str, ...]]:
    """Each account: received, answered, median of the first response."""
    return [
        (
            f"@{one_line(one.username)}, {phrases.role(words, one.role)}",
            words.number(one.received),
            words.number(one.answered),
            words.duration(one.first_response_median),
        )
        for one in letter.accounts
    ]


def trend(words: Wording, letter: DigestLetter) -> list[tuple[str, ...]]:
    """Each day: received, answered, median of the first response, share left in silence."""
    return [
        (
            words.day(one.day),
            words.number(one.received),
            words.number(one.answered),
            words.duration(one.first_response_median),
            words.percent(one.silent_share),
        )
        for one in letter.trend
    ]


def _names(words: Wording) -> list[str]:
    return [
        words.say("Received"),
        words.say("Answered"),
        words.say("First response, median"),
        words.say("First response, 9 of 10 within"),
        words.say("Next response, median"),
        words.say("Next response, 9 of 10 within"),
        words.say("Within policy"),
    ]


def _values(words: Wording, span: Span) -> list[str]:
    return [
        words.number(span.received),
        words.number(span.answered),
        words.duration(span.first_response.median),
        words.duration(span.first_response.p90),
        words.duration(span.next_response.median),
        words.duration(span.next_response.p90),
        words.percent(span.within),
    ]


def hour_columns(hours: tuple[HourBar, ...]) -> list[Column]:
    """The hours of the day; a label under every third when they are many."""
    few = len(hours) <= _FEW
    return [
        Column(f"{bar.hour:02}", few or bar.hour % 3 == 0, bar.received, bar.answered)
        for bar in hours
    ]


def day_columns(days: tuple[Trend, ...]) -> list[Column]:
    """The days of a longer digest by their number in the month."""
    few = len(days) <= _FEW
    return [
        Column(f"{one.day.day}", few or one.day.day % 5 == 0, one.received, one.answered)
        for one in days
    ]


def minutes(words: Wording, letter: DigestLetter) -> str:
    """How many of the minutes were watched."""
    return words.say(
        "watched {watched} of {n} min",
        watched=words.number(letter.watch.watched),
        n=words.number(letter.watch.minutes),
    )


def watched(words: Wording, letter: DigestLetter) -> str:
    """The same as a sentence, with the all-clear when there is nothing to tell."""
    text = f"{capital(minutes(words, letter))}."
    return f"{text} {words.say('Nothing was missed.')}" if letter.watch.whole else text


def watch(words: Wording, letter: DigestLetter) -> list[str]:
    """What was not watched, read or delivered, and what reading came to: a line each."""
    seen = letter.watch
    lines = [words.say("@{who}: never read yet", who=one_line(name)) for name in seen.unread]
    lines += [_gap(words, gap, letter.at) for gap in seen.gaps]
    lines += [_trouble(words, trouble, letter.at) for trouble in seen.troubles]
    if seen.aside:
        lines.append(
            words.many(
                "{n} post could not be read and lies aside: see pulse status",
                "{n} posts could not be read and lie aside: see pulse status",
                seen.aside,
            )
        )
    if seen.undelivered:
        lines.append(
            words.many(
                "{n} mail could not be delivered",
                "{n} mails could not be delivered",
                seen.undelivered,
            )
        )
    lines += [_stopped(words, one, letter.at) for one in seen.stopped]
    if seen.removed:
        lines.append(
            words.many(
                "{n} post was removed because it is deleted or protected on X",
                "{n} posts were removed because they are deleted or protected on X",
                seen.removed,
            )
        )
    return [*lines, *_reads(words, letter)]


def _stopped(words: Wording, one: Stopped, at: datetime) -> str:
    return words.say(
        "nothing has been sent to {address} since {time}: {reason}",
        address=one_line(one.address),
        time=words.clock(one.since, at),
        reason=trouble_words(one.kind, words),
    )


def _reads(words: Wording, letter: DigestLetter) -> list[str]:
    budget = letter.watch.reads
    if budget is None or budget.limit is None:
        return []
    limit = words.number(budget.limit)
    lines = [
        words.say(
            "reads of X this month: {n} of {limit} ({share})",
            n=words.number(budget.used),
            limit=limit,
            share=words.percent(budget.share),
        )
    ]
    if letter.period == "monthly":
        used = words.number(budget.before)
        lines.append(words.say("reads of X last month: {n} of {limit}", n=used, limit=limit))
    return lines


def _gap(words: Wording, gap: Gap, at: datetime) -> str:
    reasons = {
        "blind": words.say("not watched"),
        "wall": words.say("more posts than X hands out, some could not be had"),
    }
    return words.say(
        "@{who}: {reason}, {start} to {end} ({length})",
        who=one_line(gap.username),
        reason=reasons.get(gap.reason, one_line(gap.reason)),
        start=words.clock(gap.start, at),
        end=words.clock(gap.end, at),
        length=words.duration(gap.end - gap.start),
    )


def _trouble(words: Wording, trouble: Trouble, at: datetime) -> str:
    who, what = one_line(trouble.username), trouble_words(trouble.kind, words)
    start = words.clock(trouble.since, at)
    if trouble.until is None:
        text = words.say("@{who}: {what}, since {start}, still so", who=who, what=what, start=start)
    else:
        text = words.say(
            "@{who}: {what}, {start} to {end}",
            who=who,
            what=what,
            start=start,
            end=words.clock(trouble.until, at),
        )
    return f"{text} ({one_line(trouble.detail)})" if trouble.detail else text
