"""`pulse connect`: a token is tested before it is kept, and never shown."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from pulse.x.credentials import TokenStore
from pulse.x.faults import XError
from pulse_cli.simulated_aws.local_stack import LocalStack
from pulse_cli.simulated_x import SimulatedX
from tests.cli.command_runner import BEARER, USER_TOKEN, CommandResult, always, post, run

Posts = Callable[..., SimulatedX]
Put = Callable[[dict[str, str]], None]


def kept(stack: LocalStack, name: str) -> Any:
    return TokenStore(boto3.client("ssm"), stack.outputs["TokensPath"]).token(name)


def words(said: CommandResult) -> str:
    """All of the output on one line, as it reads."""
    return " ".join(said.out.split())


def shows_no_secret(said: CommandResult) -> None:
    for part in (*USER_TOKEN.values(), *BEARER.values()):
        assert part not in said.out + said.err


def test_a_user_token_is_tested_and_stored(deployed: LocalStack, x: Posts, token: Put) -> None:
    x()
    token(USER_TOKEN)
    said = run("connect", "@svyaz_help")
    assert said.code == 0, said.err
    shows_no_secret(said)
    assert '- {username: svyaz_help, id: "700000001"}' in said.out
    assert "Token a user token of @svyaz_help" in words(said)
    assert "Mentions readable: 3 in the last 7 days, less than one a day" in words(said)
    assert "Counts not available (X provides counts for a bearer token only)" in words(said)
    assert "mentions 299 of 300, posts 899 of 900 requests left; the limit resets at" in words(said)
    assert "0.001 USD a post if @svyaz_help also owns the app, otherwise 0.005" in words(said)
    assert "Stored at /pulse/pulse/tokens/svyaz_help." in said.out
    assert kept(deployed, "svyaz_help").access_token == "sim-700000001"


def test_a_bearer_is_shared(deployed: LocalStack, x: Posts, token: Put) -> None:
    x()
    token(BEARER)
    said = run("connect", "svyaz_help", "--token", "app")
    assert said.code == 0, said.err
    assert "a bearer token: it belongs to the app, and all accounts that use it share" in words(
        said
    )
    assert "mentions 449 of 450" in words(said)
    assert "0.005 USD a post; 0.001 with a token of @svyaz_help" in words(said)
    assert "Stored at /pulse/pulse/tokens/app." in said.out
    assert kept(deployed, "app").bearer == "bearer-s3cret"


def test_another_account_s_token_reads_at_the_full_price(x: Posts, token: Put) -> None:
    x()
    token(USER_TOKEN | BEARER)
    said = run("connect", "@svyaz", "--dry-run", "--json")
    assert said.code == 0, said.err
    assert said.json["id"] == "700000002"
    assert said.json["token"]["of"] == "svyaz_help"
    assert said.json["price_a_post_usd"] == 0.005
    assert said.json["cannot"] == {}
    assert said.json["stored"] is None
    assert said.json["limits"]["mentions"]["limit"] == 300


def test_the_volume_of_a_busy_account_is_that_of_the_page(x: Posts, token: Put) -> None:
    x([post(1000 + n, (150 - n) * 14.4) for n in range(150)])
    token(BEARER)
    said = run("connect", "@svyaz_help", "--dry-run", "--json")
    assert said.json["mentions_a_day"] == pytest.approx(100, abs=2)
    assert said.json["monthly_usd"]["posts"] == pytest.approx(15, abs=0.5)
    assert said.json["test_cost_usd"] == pytest.approx(0.515, abs=0.02)


def test_it_goes_by_the_settings_name_of_the_token(
    deployed: LocalStack, x: Posts, token: Put, pulse_yaml: Path
) -> None:
    x()
    run("push")
    token(BEARER)
    said = run("connect", "@Svyaz")
    assert "Stored at /pulse/pulse/tokens/svyaz_help." in said.out


def test_without_an_environment_it_asks_and_shows_nothing(deployed: LocalStack, x: Posts) -> None:
    x()
    said = run("connect", "@svyaz_help", given="\n".join([*USER_TOKEN.values(), "", ""]))
    assert said.code == 0, said.err
    shows_no_secret(said)
    assert "Access token secret:" in said.err
    assert kept(deployed, "svyaz_help").consumer_key == "consumer-key"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ((401, "Unauthorized"), "The token for @svyaz_help does not work (401 Unauthorized)"),
        (
            (402, json.dumps({"title": "CreditsDepleted", "detail": "No credits", "status": 402})),
            (
                "X credits have run out: @svyaz_help is not being watched (402 No credits): "
                "Buy credits"
            ),
        ),
        ((403, json.dumps({"detail": "Not enrolled"})), "X denies access for @svyaz_help (403"),
        ((429, "Too Many Requests"), "X asked Pulse to wait (429 Too Many Requests): try again"),
        ((503, "Service Unavailable"), "X did not answer (503 Service Unavailable): try again in"),
        ((200, "<html>"), "X did not answer (not JSON: '<html>'): try again in a minute"),
    ],
)
def test_what_x_refuses_is_told_and_nothing_is_stored(
    deployed: LocalStack, x: Posts, token: Put, fault: tuple[int, str], said: str
) -> None:
    x(faults=always(*fault))
    token(USER_TOKEN)
    result = run("connect", "@svyaz_help")
    assert result.code == 1
    assert said in result.err
    shows_no_secret(result)
    with pytest.raises(XError):
        kept(deployed, "svyaz_help")


def test_what_it_can_do_without_is_told_only(x: Posts, token: Put) -> None:
    x(faults=always(403, '{"detail": "Not enrolled"}', "search"))
    token(BEARER)
    said = run("connect", "@svyaz_help", "--dry-run")
    assert said.code == 0
    assert "Search not available (X denies access for @svyaz_help" in words(said)


def test_an_unknown_handle(x: Posts, token: Put) -> None:
    x()
    token(BEARER)
    said = run("connect", "@nobody", "--dry-run")
    assert said.code == 1
    assert "pulse: X cannot find the account @nobody" in said.err


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"PULSE_X_CONSUMER_KEY": "k"}, "missing: PULSE_X_CONSUMER_SECRET, PULSE_X_ACCESS_TOKEN"),
        ({"PULSE_X_BEARER": "two words"}, "PULSE_X_BEARER has characters that no token has"),
        ({"PULSE_X_BEARER": "ключ"}, "PULSE_X_BEARER has characters that no token has"),
    ],
)
def test_a_token_with_something_amiss(
    x: Posts, token: Put, parts: dict[str, str], said: str
) -> None:
    x()
    token(parts)
    result = run("connect", "@svyaz_help", "--dry-run")
    assert result.code == 1
    assert said in result.err


@pytest.mark.parametrize("arguments", [("@no/handle",), ("@svyaz_help", "--token", "a b")])
def test_wrong_use(arguments: tuple[str, ...]) -> None:
    said = run("connect", *arguments)
    assert said.code == 2
    assert "Usage: pulse connect" in said.err


def test_no_address_for_x(monkeypatch: pytest.MonkeyPatch, token: Put) -> None:
    token(BEARER)
    monkeypatch.setenv("PULSE_X_URL", "somewhere")
    assert "'somewhere' is not a URL for X" in run("connect", "@svyaz_help", "--dry-run").err


def test_x_is_asked_only_when_there_is_a_stack(deployed: LocalStack, x: Posts, token: Put) -> None:
    served = x()
    token(BEARER)
    assert run("connect", "@svyaz_help", "--stack", "acme").code == 1
    assert not served.requests
