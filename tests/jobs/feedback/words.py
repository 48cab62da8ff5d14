"""What SES says of a mail that went out, and what came of it."""

from collections.abc import Callable
from typing import Any

from tests.jobs.town import Town, at
from tests.ses import bounce, event, reject

Say = Callable[..., dict[str, Any]]


def tell(here: Town, said: dict[str, Any] | str) -> Any:
    """SES says it, by way of SNS; what fails is tried again, as Lambda does."""
    with here.world.functions() as lambdas:
        return lambdas.scheduled("feedback", event(said))


def of_mail(here: Town, say: Say = bounce, number: int = -1, **more: Any) -> dict[str, Any]:
    """What SES says now of a mail that went out."""
    mail = here.world.mails()[number]
    when = {"sent_at": at(here.mails[number].minute)} if say is not reject else {}
    return say(mail.id, mail.destinations[0], here.world.now(), **when, **more)


def stopped(here: Town) -> dict[str, str]:
    return {block.address: block.kind for block in here.world.app.db.suppressions.all().values()}


def subjects(here: Town, who: str) -> list[tuple[float, str]]:
    """What a person got, by minute: an alert by its first word, else of what it is."""
    kinds = {"bounces": "bounce", "spam": "complaint", "is refused": "refused"}
    return [
        (m.minute, next((k for words, k in kinds.items() if words in m.subject), "alert"))
        for m in here.mails
        if m.who == who
    ]
