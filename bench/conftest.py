"""Benches print a figure each; they assert nothing about time."""
