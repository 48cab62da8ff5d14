"""X's API: requests, parsing, credentials, and the errors it answers with."""

from pulse.observability import redaction

# Python runs this before any module of the package. Tokens are known in this room only, and
# tweepy is imported nowhere else (tests/test_architecture.py), so that no part of Pulse can handle
# a token while the libraries below still log it (D-024).
redaction.install()
