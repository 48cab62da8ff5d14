"""Tokens, stored in SSM as encrypted parameters; never in a file, a log or the settings."""

import json
from typing import Any

import botocore.exceptions

from pulse.kernel.company import Company
from pulse.observability.redaction import Redactor
from pulse.x.access import Token
from pulse.x.faults import XError


class TokenStore:
    """Tokens under one SSM path, by the names that the settings use."""

    def __init__(self, client: Any, path: str) -> None:
        self._client = client
        self._path = path.rstrip("/")

    def token(self, name: str) -> Token:
        """Return the token of that name.

        Raises:
            XError: of the kind `token`, saying what is missing or wrong, or `unavailable`.
        """
        path = f"{self._path}/{name}"
        token = _token_of(self._read(path))
        if token is None:
            raise XError("token", f"the secret at {path} is not a token")
        return token

    def bearer(self, company: Company) -> str | None:
        """Return the first bearer among its accounts' tokens; None if none can be read now."""
        for name in dict.fromkeys(account.token for account in company.accounts):
            try:
                bearer = self.token(name).bearer
            except XError:
                continue  # the poll of that account reports it
            if bearer is not None:
                return bearer
        return None

    def put(self, name: str, token: Token) -> None:
        """Store a token, encrypted, in place of the one before.

        Raises:
            ClientError: what SSM answers, without the token, which SSM may quote.
        """
        try:
            self._client.put_parameter(
                Name=f"{self._path}/{name}",
                Value=json.dumps(token.parts),
                Type="SecureString",
                Overwrite=True,
            )
        except botocore.exceptions.ClientError as problem:
            redact = Redactor(token.parts.values())
            error = json.loads(redact(json.dumps(problem.response["Error"])))
            raise botocore.exceptions.ClientError({"Error": error}, "PutParameter") from None

    def _read(self, path: str) -> str:
        try:
            answer = self._client.get_parameter(Name=path, WithDecryption=True)
        except botocore.exceptions.ClientError as problem:
            code = problem.response.get("Error", {}).get("Code")
            # Only a missing parameter is something that a person has to fix. Throttling or a
            # missing permission during a deployment passes, and must not mail anybody.
            if code == "ParameterNotFound":
                raise XError("token", f"no secret is stored at {path}") from problem
            raise XError("unavailable", f"SSM: {code}") from problem
        except botocore.exceptions.BotoCoreError as problem:
            raise XError("unavailable", f"SSM: {type(problem).__name__}") from problem
        return str(answer["Parameter"]["Value"])


def _token_of(secret: str) -> Token | None:
    """Return the token in a secret, None if it has none."""
    # Errors of JSON hold the text that they fail on. Raised from within the `except`, even with
    # `from None`, the caller's error would carry them along as its context.
    try:
        return Token(**json.loads(secret))
    except (ValueError, TypeError, RecursionError):
        return None
