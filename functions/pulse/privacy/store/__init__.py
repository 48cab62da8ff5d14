"""Deletions, retention and the state of compliance checks in the table."""
