"""`pulse` as a shell sees it."""
