"""The mail of a digest: a report for one person, with the worst of those who wait as cards."""

from pulse.authors.directory import AuthorDirectory
from pulse.conversations.store.conversations import ConversationStore
from pulse.kernel.company import Company, Period, Person
from pulse.reporting.report import Report
from pulse.screens.cards import make_cards
from pulse.screens.models import Card, DigestMail

_CARDS = 5


def digest_mail(
    report: Report,
    period: Period,
    company: Company,
    person: Person,
    worst: tuple[Card, ...],
    board_url: str | None = None,
) -> DigestMail:
    """Return the mail of a report, with the title in the person's language."""
    return DigestMail(
        company=company.title_in(person.language),
        period=period,
        report=report,
        cards=worst,
        meant_for=company.intended_recipient(person, report.at),
        board_url=board_url,
    )


def worst_cards(
    report: Report, company: Company, conversations: ConversationStore, authors: AuthorDirectory
) -> tuple[Card, ...]:
    """Return cards of the worst of those who wait, at most five."""
    # Names of customers cost reads of X, so they are looked up for what is shown only (D-005).
    return make_cards(list(report.waiting)[:_CARDS], company, conversations, authors, report.at)
