"""Turns errors of AWS into one line that says how to fix them."""

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
    (exceptions.ProfileNotFound, "{}; run aws configure list-profiles to list the profiles"),
    (exceptions.NoRegionError, "no AWS region is set; use --region or set AWS_REGION"),
    (
        (
            exceptions.NoCredentialsError,
            exceptions.PartialCredentialsError,
            exceptions.CredentialRetrievalError,
        ),
        "no AWS credentials were found ({}); use --profile or run aws configure",
    ),
    (
        (exceptions.SSOError, exceptions.TokenRetrievalError),
        "the AWS sign-in has expired ({}); run aws sso login",
    ),
    (_UNREACHABLE, "AWS does not answer ({}); check the network and --region"),
    (Exception, "AWS: {}"),
)
_REFUSED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


def endpoint_url() -> str | None:
    """Return the URL of a stand-in for AWS, such as `pulse local`; None for the real AWS.

    Raises:
        CommandError: AWS_ENDPOINT_URL is not a URL.
    """
    url = os.environ.get("AWS_ENDPOINT_URL") or None
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise CommandError(
            f"AWS_ENDPOINT_URL={url} is not a URL; write for example http://127.0.0.1:5555"
        )
    return url


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn errors of botocore in the block into errors that a command ends with.

    Raises:
        CommandError: AWS refused a call or cannot be reached; the message says how to fix it.
    """
    try:
        yield
    except (exceptions.BotoCoreError, exceptions.ClientError) as problem:
        raise CommandError(describe_error(problem)) from problem


def describe_error(problem: exceptions.BotoCoreError | exceptions.ClientError) -> str:
    """Return in one line what is wrong with AWS, and how to fix it.

    Raises:
        CommandError: AWS_ENDPOINT_URL is not a URL.
    """
    if isinstance(problem, exceptions.ClientError):
        return _refusal(problem)
    kind = next(words for kinds, words in _EXPLANATIONS if isinstance(problem, kinds))
    if isinstance(problem, _UNREACHABLE) and (where := endpoint_url()):
        return f"nothing answers at {where} (AWS_ENDPOINT_URL); is pulse local running?"
    return kind.format(_line(problem))


def _refusal(problem: exceptions.ClientError) -> str:
    error = problem.response.get("Error", {})
    code, message = error.get("Code", "?"), " ".join(str(error.get("Message", "")).split())
    if code in _EXPIRED:
        return (
            f"the AWS credentials have expired ({code}); sign in again, for example with aws "
            "sso login"
        )
    if code in _UNKNOWN:
        return f"AWS rejects these credentials ({code}); check --profile or run aws configure"
    if code in _REFUSED:
        what = f"{problem.operation_name} ({message})"
        return f"AWS does not allow {what}; use credentials that are allowed to do this"
    return f"AWS refused {problem.operation_name}: {code}: {message}"


def _line(problem: Exception) -> str:
    return " ".join(str(problem).split()).rstrip(".")
