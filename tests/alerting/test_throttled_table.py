"""Flagging while the table is too busy for some of the writes."""

import itertools
import json
from typing import Any

from botocore.awsrequest import AWSResponse

from tests.small_company import Build, Posts, at, one_account_settings


def test_a_throttled_conversation_delays_nobody_else(posts: Posts, small_company: Build) -> None:
    """When the first transaction of 130 waits is throttled, the other waits are flagged.

    The run fails, and the next one flags the rest.
    """
    for n in range(130):
        posts.mention(n / 1000, str(n + 1000))
    here = small_company(one_account_settings()).run_minutes(0, 1)
    tries = itertools.count()

    def throttle(params: dict[str, Any], **_: Any) -> Any:
        if next(tries) >= 7:
            return None
        actions = json.loads(params["body"])["TransactItems"]
        reasons = [{"Code": "ThrottlingError"}, *({"Code": "None"} for _ in actions[1:])]
        error = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
        return AWSResponse("https://dynamodb", 400, {}, None), error

    table = here.world.app.db.table
    table.pause = lambda _: None
    table.client.meta.events.register("before-call.dynamodb.TransactWriteItems", throttle)
    here.world.move_clock_to(at(16))
    with here.world.counting_calls() as lambdas:
        lambdas.invoke_scheduled("flag")
    assert sum(state.level is not None for state in here.states().values()) == 90
    assert [failure.split(":")[0] for failure in here.failures] == ["flag"]
    with here.world.counting_calls() as lambdas:
        lambdas.invoke_scheduled("flag")
    assert all(state.level is not None for state in here.states().values())
