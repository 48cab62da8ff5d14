"""How commands use X: tokens, what they are allowed to do, and what reading costs."""
