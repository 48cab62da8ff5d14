"""Posts by their ids; of those that are not there any more, that they are not."""

from typing import Any

from pulse_cli.simulated_x.call import ApiCall

HIDDEN = "protected"


def get_posts(call: ApiCall) -> dict[str, Any]:
    """Up to 100 posts; what was deleted is not found, what is protected not to be seen."""
    found = []
    for post_id in dict.fromkeys(call.asked.listed):
        known, post = call.archive.index.by_id.get(post_id), call.shown.find(post_id)
        gone = call.shown.gone(known, call.now) if known is not None else None
        if post is not None:
            found.append(post)
        elif gone is not None and gone.why == HIDDEN:
            call.answer.withheld("ids", post_id)
        else:
            call.answer.missing("tweet", "ids", post_id)
    call.figures.served((post.id for post in found), call.now.date())
    return call.answer.body(call.answer.posts(found))
