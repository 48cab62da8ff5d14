"""What went wrong, said in one line that a person can act on."""


class CommandError(Exception):
    """One line: what is wrong, and the mend."""
