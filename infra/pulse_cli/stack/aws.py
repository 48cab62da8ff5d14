"""What AWS says when it will not: one line with the mend."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from botocore import exceptions

from pulse_cli.errors import CommandError

__all__ = ["describe_error", "endpoint_url", "translate_errors"]

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_UNKNOWN = frozenset(
    {
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "AuthFailure",
        "InvalidAccessKeyId",
    }
)
_UNREACHABLE = (exceptions.ConnectionError, exceptions.HTTPClientError)
_EXPLANATIONS: tuple[tuple[Any, str], ...] = (
    (exceptions.ProfileNotFound, "{}: aws configure list-profiles names those there are"),
    (exceptions.NoRegionError, "no AWS region is set: give --region, or set AWS_REGION"),
    (
        (
            exceptions.NoCredentialsError,
            exceptions.PartialCredentialsError,
            exceptions.CredentialRetrievalError,
        ),
        "no AWS credentials ({}): give --profile, or say aws configure",
    ),
    (
        (exceptions.SSOError, exceptions.TokenRetrievalError),
        "the AWS sign-in has run out ({}): say aws sso login",
    ),
    (_UNREACHABLE, "AWS does not answer ({}): check the network and --region"),
    (Exception, "AWS: {}"),
)
_REFUSED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


def endpoint_url() -> str | None:
    """Where AWS is, when not where it is for everybody: `pulse local`, another stand-in."""
    url = os.environ.get("AWS_ENDPOINT_URL") or None
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise CommandError(f"AWS_ENDPOINT_URL={url} is no address: write http://127.0.0.1:5555")
    return url


@contextmanager
def translate_errors() -> Iterator[None]:
    """What AWS or the way to it refuses becomes a CommandError."""
    try:
        yield
    except (exceptions.BotoCoreError, exceptions.ClientError) as problem:
        raise CommandError(describe_error(problem)) from problem


def describe_error(problem: exceptions.BotoCoreError | exceptions.ClientError) -> str:
    """Say in one line what is wrong, and how to mend it."""
    if isinstance(problem, exceptions.ClientError):
        return _refusal(problem)
    kind = next(words for kinds, words in _EXPLANATIONS if isinstance(problem, kinds))
    if isinstance(problem, _UNREACHABLE) and (where := endpoint_url()):
        return f"nothing answers at {where} (AWS_ENDPOINT_URL): is pulse local running?"
    return kind.format(_line(problem))


def _refusal(problem: exceptions.ClientError) -> str:
    error = problem.response.get("Error", {})
    code, message = error.get("Code", "?"), " ".join(str(error.get("Message", "")).split())
    if code in _EXPIRED:
        return f"the AWS credentials have run out ({code}): sign in again, such as aws sso login"
    if code in _UNKNOWN:
        return f"AWS does not take these credentials ({code}): check --profile, or aws configure"
    if code in _REFUSED:
        what = f"{problem.operation_name} ({message})"
        return f"AWS does not let you {what}: use credentials that may"
    return f"AWS refused {problem.operation_name}: {code}: {message}"


def _line(problem: Exception) -> str:
    return " ".join(str(problem).split()).rstrip(".")
