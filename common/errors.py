"""The one way to say no: a named reason with the value and the bound."""


class Refusal(Exception):
    """Something a client asked for that is not done, and of which nothing was done.

    ``reason`` is a stable name in snake case; ``message`` a sentence for a person; ``value`` and ``bound`` what was
    compared, as text. REST answers with ``status``, the socket with ``command_refused``.
    """

    status = 422

    def __init__(self, reason: str, message: str, *, value: object = None, bound: object = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.value = None if value is None else str(value)
        self.bound = None if bound is None else str(bound)


class NotFound(Refusal):
    """The entity does not exist, or is not the asker's to see: the two are not told apart."""

    status = 404


class NotAllowed(Refusal):
    """The asker's role does not include this."""

    status = 403


class Conflict(Refusal):
    """The entity is no longer in a state in which this can be done."""

    status = 409
