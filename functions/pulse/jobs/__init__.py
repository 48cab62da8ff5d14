"""What Pulse does: one file a job; each takes what it uses as arguments."""
