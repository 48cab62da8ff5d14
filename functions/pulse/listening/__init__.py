"""What is read of X: scans of timelines, cursors, sweeps, the budget, and ingest."""
