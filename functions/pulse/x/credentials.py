"""Tokens, kept in SSM as encrypted parameters; never in a file, a log or the settings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import botocore.exceptions

from pulse.observability.redaction import Redactor
from pulse.x.access import Token
from pulse.x.faults import XError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

    from pulse.kernel.company import Company


class TokenStore:
    """Tokens under one SSM path, by the names that the settings use."""

    def __init__(self, client: SSMClient, path: str) -> None:
        self._client = client
        self._path = path.rstrip("/")

    def token(self, name: str) -> Token:
        """The token of that name; TroubleError `token` says what is missing or wrong."""
        where = f"{self._path}/{name}"
        token = _token(self._kept(where))
        if token is None:
            raise XError("token", f"the secret at {where} is not a token")
        return token

    def bearer(self, company: Company) -> str | None:
        """The first bearer among its accounts' tokens; None where there is none, or none now."""
        for name in dict.fromkeys(account.token for account in company.accounts):
            try:
                bearer = self.token(name).bearer
            except XError:
                continue  # who reads that account tells of it
            if bearer is not None:
                return bearer
        return None

    def put(self, name: str, token: Token) -> None:
        """Store a token, encrypted, in place of the one before; ClientError does not quote it."""
        parts = {n: getattr(token, n) for n in Token.__slots__}
        text = json.dumps({n: part for n, part in parts.items() if part is not None})
        try:
            self._client.put_parameter(
                Name=f"{self._path}/{name}", Value=text, Type="SecureString", Overwrite=True
            )
        except botocore.exceptions.ClientError as problem:
            said = json.loads(Redactor(token)(json.dumps(problem.response["Error"])))
            raise botocore.exceptions.ClientError({"Error": said}, "PutParameter") from None

    def _kept(self, where: str) -> str:
        try:
            answer = self._client.get_parameter(Name=where, WithDecryption=True)
        except botocore.exceptions.ClientError as problem:
            code = problem.response.get("Error", {}).get("Code")
            if code == "ParameterNotFound":
                raise XError("token", f"no secret is stored at {where}") from problem
            raise XError("unavailable", f"SSM: {code}") from problem
        except botocore.exceptions.BotoCoreError as problem:
            raise XError("unavailable", f"SSM: {type(problem).__name__}") from problem
        return answer["Parameter"]["Value"]


def _token(text: str) -> Token | None:
    """What stands there, or None: errors of JSON would bring the text along."""
    try:
        return Token(**json.loads(text))
    except (ValueError, TypeError, RecursionError):
        return None
