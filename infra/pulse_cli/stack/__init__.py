"""A deployed stack: found, asked, and shown."""
