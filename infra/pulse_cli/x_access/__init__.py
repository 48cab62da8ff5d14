"""X from the command: tokens, what they may do, what reading costs."""
