"""X's API: requests, parsing, credentials, and the errors it answers with."""
