"""The rules of Pulse: standard library only, no I/O; the time is an argument."""
