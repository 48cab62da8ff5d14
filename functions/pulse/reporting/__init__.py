"""Figures of a period, coverage of the watch, and when which digest is due."""
