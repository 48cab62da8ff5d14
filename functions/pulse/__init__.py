"""Pulse: nobody who speaks to us waits unseen."""

__version__ = "0.1.0"
