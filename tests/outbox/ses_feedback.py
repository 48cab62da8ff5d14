"""What SES says of a mail that went out, and what came of it."""

from collections.abc import Callable
from typing import Any

from tests.ses import bounce, event, reject
from tests.small_company import SmallCompany, at

Say = Callable[..., dict[str, Any]]


def deliver_event(here: SmallCompany, said: dict[str, Any] | str) -> Any:
    """SES says it, by way of SNS; what fails is tried again, as Lambda does."""
    with here.world.counting_calls() as lambdas:
        return lambdas.invoke_scheduled("feedback", event(said))


def event_about_mail(
    here: SmallCompany, say: Say = bounce, number: int = -1, **more: Any
) -> dict[str, Any]:
    """What SES says now of a mail that went out."""
    mail = here.world.mails()[number]
    when = {"sent_at": at(here.mails[number].minute)} if say is not reject else {}
    return say(mail.id, mail.destinations[0], here.world.now(), **when, **more)


def suppressed(here: SmallCompany) -> dict[str, str]:
    return {block.address: block.kind for block in here.world.app.db.suppressions.all().values()}


def subjects(here: SmallCompany, who: str) -> list[tuple[float, str]]:
    """What a person got, by minute: an alert by its first word, else of what it is."""
    kinds = {"bounces": "bounce", "spam": "complaint", "is refused": "refused"}
    return [
        (m.minute, next((k for words, k in kinds.items() if words in m.subject), "alert"))
        for m in here.mails
        if m.who == who
    ]
