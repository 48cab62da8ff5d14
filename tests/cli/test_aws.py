"""If AWS is out of reach or refuses access, a command prints one line that says how to fix it."""

import socket
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from pulse_cli.laptop import local_services
from pulse_cli.stack import aws, deployment
from pulse_cli.template import load_template
from tests.cli.command_runner import run, simulated, some_posts

COMMANDS = [("status",), ("doctor",), ("push", "pulse.yaml"), ("connect", "@svyaz_help")]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_credentials(command: tuple[str, ...], pulse_yaml: Path) -> None:
    result = run(*command, "--region", "us-east-1")
    assert result.code == 1
    assert "pulse: no AWS credentials" in result.err
    assert "aws configure" in result.err


def test_no_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nobody")
    assert "no AWS region is set; use --region" in run("status").err


def test_no_such_profile() -> None:
    result = run("status", "--profile", "acme")
    assert result.code == 1
    assert "profile (acme) could not be found; run aws configure list-profiles" in result.err


def test_nothing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    result = run("status")
    assert result.code == 1
    assert f"nothing answers at {url}" in result.err
    assert "pulse local" in result.err


def test_an_endpoint_that_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "somewhere")
    assert "AWS_ENDPOINT_URL=somewhere is not a URL" in run("status").err


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ExpiredToken", "credentials have expired (ExpiredToken); sign in again"),
        ("InvalidClientTokenId", "rejects these credentials"),
        ("AccessDenied", "does not allow DescribeStacks (no, not you); use credentials that are"),
        ("Throttling", "AWS refused DescribeStacks: Throttling: no, not you"),
    ],
)
def test_refusals(code: str, expected: str) -> None:
    problem = ClientError({"Error": {"Code": code, "Message": "no,\nnot you"}}, "DescribeStacks")
    assert expected in aws.describe_error(problem)


def test_the_index_is_the_template_s() -> None:
    for function in load_template().functions.values():
        assert function.environment["PULSE_INDEX"] == deployment.INDEX


def test_pulse_local_is_a_stack_like_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pulse_yaml: Path
) -> None:
    archive = simulated(tmp_path / "archive", some_posts()).archive
    with local_services.run_services(archive) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.aws_url)
        monkeypatch.setenv("PULSE_X_BEARER", "bearer")
        assert run("push").code == 0
        result = run("connect", "@svyaz_help")
        assert result.code == 0, result.err
        assert f"Using the simulated X at {running.x_url}" in result.err
        assert "never" in run("status").out
        doctor = run("doctor", "--no-mail", "--json")
        by_name = {one["what"]: one for one in doctor.json["findings"]}
        assert by_name["token svyaz_help"]["status"] == "OK"
        for name in ("schedules", "alarms", "SES account", "senders", "recipients"):
            assert by_name[name]["status"] == "WARN"
            assert by_name[name]["said"].startswith("could not be checked: AWS is a stand-in")
