"""How a message may fail to go out."""


class RefusedError(Exception):
    """This address is not written to; says what the mail service said."""


class LaterError(Exception):
    """It cannot be taken now: throttling, quota, a pause, the network."""
