"""Conversations in the table: facts and the state folded from them, written together."""
