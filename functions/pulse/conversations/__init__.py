"""The core: facts, the fold that makes a state of them, and where both are stored."""
