"""Durable delivery: commands on their way to the gateway, events taken from it, facts on their way to clients."""

from django.db import models


class OutboxCommand(models.Model):
    """A gateway command, written in the transaction that decided it.

    The one dispatcher gives ``command_sequence``, gapless and in the order of commit, just before it relays. A row
    whose sequence is at or below the gateway's watermark has been taken.
    """

    command_sequence = models.BigIntegerField(null=True, unique=True)
    payload = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="outbox_unrelayed", condition=models.Q(command_sequence__isnull=True))
        ]

    def __str__(self) -> str:
        return f"command {self.command_sequence or 'unrelayed'}"


class GatewayCursor(models.Model):
    """One row: the newest event projected and the newest command number given, moved with their effects."""

    event_number = models.BigIntegerField(default=0)
    journal_sequence = models.BigIntegerField(default=0)
    event_index = models.IntegerField(default=0)
    command_sequence = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="gateway_cursor_is_one_row")]

    def __str__(self) -> str:
        return f"event {self.event_number}, command {self.command_sequence}"


class FactHead(models.Model):
    """The newest sequence of a firm's stream; locked by its writers, after the audit heads, by firm."""

    firm_id = models.BigIntegerField(primary_key=True)
    sequence = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"firm {self.firm_id} at {self.sequence}"


class Fact(models.Model):
    """One fact of a firm, encoded once."""

    firm_id = models.BigIntegerField()
    sequence = models.BigIntegerField()
    at_ns = models.BigIntegerField()
    payload = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["firm_id", "sequence"], name="fact_sequence_unique")]

    def __str__(self) -> str:
        return f"firm {self.firm_id} fact {self.sequence}"
