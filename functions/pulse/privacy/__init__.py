"""Deletion, retention and compliance: what has to leave the table, and when."""
