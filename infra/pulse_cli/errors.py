"""The error that a command ends with: one line that a person can act on."""

from __future__ import annotations


class CommandError(Exception):
    """A command cannot go on; the message is one line with the problem and how to fix it."""
