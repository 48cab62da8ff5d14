"""The stored data of companies and people: found, exported and erased."""
