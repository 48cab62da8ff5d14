"""Entries that wait to be sent, sending them, bounces, and suppressed addresses."""
