"""Reading X: scans of timelines, cursors, sweeps, the budget of reads, and ingest."""
