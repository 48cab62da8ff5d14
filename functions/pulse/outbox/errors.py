"""How a message may fail to be delivered: for now, or for good."""

from pulse.kernel.errors import NeedsPersonError, RetryLaterError


class TemporaryDeliveryError(RetryLaterError):
    """SES or SNS cannot take the message now: throttling, quota, a pause, the network."""


class PermanentDeliveryError(NeedsPersonError):
    """SES will never take this message for this address; the message says what SES answered."""


class SuppressedAddressError(PermanentDeliveryError):
    """The address is on Pulse's suppression list; the next in line was told when it was added."""


class MailNotRecordedError(RetryLaterError):
    """SES reports on a mail so fresh that `send` may not have recorded it yet."""


class ClaimLostError(RetryLaterError):
    """A sender's claim on a person ran out and another one took it; a mail may go out twice."""
