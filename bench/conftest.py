"""Benchmarks print their figures and assert nothing about time."""
