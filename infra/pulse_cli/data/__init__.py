"""What is kept: looked through, given out, forgotten."""
