"""Tests of the command `pulse`, run as a shell runs it."""
