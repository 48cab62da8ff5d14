"""Delivers events of SES to the function `feedback` and reads what followed."""

from collections.abc import Callable
from typing import Any

from tests.ses import bounce, event, reject
from tests.small_company import SmallCompany, at

MakeEvent = Callable[..., dict[str, Any]]


def deliver_event(here: SmallCompany, message: dict[str, Any] | str) -> Any:
    """Deliver an event through SNS; a failed invocation is retried, as Lambda does."""
    with here.world.counting_calls() as lambdas:
        return lambdas.invoke_scheduled("feedback", event(message))


def event_about_mail(
    here: SmallCompany, make_event: MakeEvent = bounce, number: int = -1, **more: Any
) -> dict[str, Any]:
    """Return an event about a mail that was sent, by default the last one."""
    mail = here.world.mails()[number]
    when = {"sent_at": at(here.mails[number].minute)} if make_event is not reject else {}
    return make_event(mail.id, mail.destinations[0], here.world.now(), **when, **more)


def suppressed(here: SmallCompany) -> dict[str, str]:
    return {one.address: one.kind for one in here.world.app.db.suppressions.all().values()}


def subjects(here: SmallCompany, who: str) -> list[tuple[float, str]]:
    """Return (minute, kind) of a person's mails: `alert`, `bounce`, `complaint` or `refused`."""
    kinds = {"bounces": "bounce", "spam": "complaint", "is refused": "refused"}
    return [
        (m.minute, next((k for text, k in kinds.items() if text in m.subject), "alert"))
        for m in here.mails
        if m.who == who
    ]
