"""Reports of a period: response times, coverage, daily figures, and when a digest is due."""
