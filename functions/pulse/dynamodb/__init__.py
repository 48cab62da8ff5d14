"""The one table of a deployment (docs/table.md)."""
