"""Surges of mentions."""
