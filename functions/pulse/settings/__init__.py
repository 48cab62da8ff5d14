"""The settings document: reading it, and the versions that were pushed."""
