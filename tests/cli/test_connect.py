"""`pulse connect`: a token is tested before it is stored, and never shown."""

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


def stored_token(stack: LocalStack, name: str) -> Any:
    return TokenStore(boto3.client("ssm"), stack.outputs["TokensPath"]).token(name)


def unwrap(result: CommandResult) -> str:
    """Return the output on one line, with single spaces."""
    return " ".join(result.out.split())


def assert_no_secret(result: CommandResult) -> None:
    for part in (*USER_TOKEN.values(), *BEARER.values()):
        assert part not in result.out + result.err


def test_a_user_token_is_tested_and_stored(deployed: LocalStack, x: Posts, token: Put) -> None:
    x()
    token(USER_TOKEN)
    result = run("connect", "@svyaz_help")
    assert result.code == 0, result.err
    assert_no_secret(result)
    assert '- {username: svyaz_help, id: "700000001"}' in result.out
    assert "Token a user token of @svyaz_help" in unwrap(result)
    assert "Mentions readable: 3 in the last 7 days, less than one a day" in unwrap(result)
    assert "Counts not available (X provides counts for a bearer token only)" in unwrap(result)
    assert "mentions 299 of 300, posts 899 of 900 requests left; the limit resets at" in unwrap(
        result
    )
    assert "0.001 USD a post if @svyaz_help also owns the app, otherwise 0.005" in unwrap(result)
    assert "Stored at /pulse/pulse/tokens/svyaz_help." in result.out
    assert stored_token(deployed, "svyaz_help").access_token == "sim-700000001"


def test_a_bearer_is_shared(deployed: LocalStack, x: Posts, token: Put) -> None:
    x()
    token(BEARER)
    result = run("connect", "svyaz_help", "--token", "app")
    assert result.code == 0, result.err
    assert "a bearer token: it belongs to the app, and all accounts that use it share" in unwrap(
        result
    )
    assert "mentions 449 of 450" in unwrap(result)
    assert "0.005 USD a post; 0.001 with a token of @svyaz_help" in unwrap(result)
    assert "Stored at /pulse/pulse/tokens/app." in result.out
    assert stored_token(deployed, "app").bearer == "bearer-s3cret"


def test_another_account_s_token_reads_at_the_full_price(x: Posts, token: Put) -> None:
    x()
    token(USER_TOKEN | BEARER)
    result = run("connect", "@svyaz", "--dry-run", "--json")
    assert result.code == 0, result.err
    assert result.json["id"] == "700000002"
    assert result.json["token"]["of"] == "svyaz_help"
    assert result.json["price_a_post_usd"] == 0.005
    assert result.json["cannot"] == {}
    assert result.json["stored"] is None
    assert result.json["limits"]["mentions"]["limit"] == 300


def test_the_volume_of_a_busy_account_is_estimated_from_one_page(x: Posts, token: Put) -> None:
    x([post(1000 + n, (150 - n) * 14.4) for n in range(150)])
    token(BEARER)
    result = run("connect", "@svyaz_help", "--dry-run", "--json")
    assert result.json["mentions_a_day"] == pytest.approx(100, abs=2)
    assert result.json["monthly_usd"]["posts"] == pytest.approx(15, abs=0.5)
    assert result.json["test_cost_usd"] == pytest.approx(0.515, abs=0.02)


def test_the_token_gets_its_name_from_the_settings(
    deployed: LocalStack, x: Posts, token: Put, pulse_yaml: Path
) -> None:
    x()
    run("push")
    token(BEARER)
    result = run("connect", "@Svyaz")
    assert "Stored at /pulse/pulse/tokens/svyaz_help." in result.out


def test_without_an_environment_it_asks_and_shows_nothing(deployed: LocalStack, x: Posts) -> None:
    x()
    result = run("connect", "@svyaz_help", stdin="\n".join([*USER_TOKEN.values(), "", ""]))
    assert result.code == 0, result.err
    assert_no_secret(result)
    assert "Access token secret:" in result.err
    assert stored_token(deployed, "svyaz_help").consumer_key == "consumer-key"


@pytest.mark.parametrize(
    ("fault", "expected"),
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
def test_a_refusal_by_x_is_shown_and_nothing_is_stored(
    deployed: LocalStack, x: Posts, token: Put, fault: tuple[int, str], expected: str
) -> None:
    x(faults=always(*fault))
    token(USER_TOKEN)
    result = run("connect", "@svyaz_help")
    assert result.code == 1
    assert expected in result.err
    assert_no_secret(result)
    with pytest.raises(XError):
        stored_token(deployed, "svyaz_help")


def test_an_optional_endpoint_that_x_denies_is_only_reported(x: Posts, token: Put) -> None:
    x(faults=always(403, '{"detail": "Not enrolled"}', "search"))
    token(BEARER)
    result = run("connect", "@svyaz_help", "--dry-run")
    assert result.code == 0
    assert "Search not available (X denies access for @svyaz_help" in unwrap(result)


def test_an_unknown_handle(x: Posts, token: Put) -> None:
    x()
    token(BEARER)
    result = run("connect", "@nobody", "--dry-run")
    assert result.code == 1
    assert "pulse: X cannot find the account @nobody" in result.err


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"PULSE_X_CONSUMER_KEY": "k"}, "missing: PULSE_X_CONSUMER_SECRET, PULSE_X_ACCESS_TOKEN"),
        ({"PULSE_X_BEARER": "two words"}, "PULSE_X_BEARER has characters that no token has"),
        ({"PULSE_X_BEARER": "ключ"}, "PULSE_X_BEARER has characters that no token has"),
    ],
)
def test_an_incomplete_or_malformed_token(
    x: Posts, token: Put, parts: dict[str, str], expected: str
) -> None:
    x()
    token(parts)
    result = run("connect", "@svyaz_help", "--dry-run")
    assert result.code == 1
    assert expected in result.err


@pytest.mark.parametrize("arguments", [("@no/handle",), ("@svyaz_help", "--token", "a b")])
def test_wrong_use(arguments: tuple[str, ...]) -> None:
    result = run("connect", *arguments)
    assert result.code == 2
    assert "Usage: pulse connect" in result.err


def test_an_invalid_url_of_x(monkeypatch: pytest.MonkeyPatch, token: Put) -> None:
    token(BEARER)
    monkeypatch.setenv("PULSE_X_URL", "somewhere")
    assert "'somewhere' is not a URL for X" in run("connect", "@svyaz_help", "--dry-run").err


def test_x_is_asked_only_when_there_is_a_stack(deployed: LocalStack, x: Posts, token: Put) -> None:
    served = x()
    token(BEARER)
    assert run("connect", "@svyaz_help", "--stack", "acme").code == 1
    assert not served.requests
