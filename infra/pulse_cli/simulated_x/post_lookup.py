"""The look-up of posts by id, which also shows which posts no longer exist."""

from __future__ import annotations

from typing import Any

from pulse_cli.simulated_x.call import ApiCall

HIDDEN = "protected"


def get_posts(call: ApiCall) -> dict[str, Any]:
    """Return up to 100 posts; removed posts have partial errors: not found, or not authorized."""
    found = []
    for post_id in dict.fromkeys(call.request.listed_values):
        known, post = call.archive.index.by_id.get(post_id), call.visible.find(post_id)
        removal = call.visible.removal_of(known, call.now) if known is not None else None
        if post is not None:
            found.append(post)
        elif removal is not None and removal.reason == HIDDEN:
            call.response.add_not_authorized("ids", post_id)
        else:
            call.response.add_not_found("tweet", "ids", post_id)
    call.usage.count_served((post.id for post in found), call.now.date())
    return call.response.build(call.response.write_posts(found))
