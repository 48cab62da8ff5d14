"""A deployed stack: how it is found, and its status."""
