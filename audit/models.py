"""The hash-chained record: one chain per stream, refused update and delete by the database."""

from django.db import models


class AuditHead(models.Model):
    """Where each chain ends. Locked by its writers, last of all, in the order of the stream's name."""

    stream = models.CharField(max_length=64, primary_key=True)
    sequence = models.BigIntegerField(default=0)
    sha256 = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"{self.stream} {self.sequence}"


class AuditRecord(models.Model):
    """Who did what, when, from where, before and after, and why."""

    stream = models.CharField(max_length=64)
    sequence = models.BigIntegerField()
    at = models.DateTimeField()
    action = models.CharField(max_length=64)
    entity = models.CharField(max_length=64)
    user_id = models.BigIntegerField(null=True)
    firm_id = models.BigIntegerField(null=True)
    via = models.CharField(max_length=16)
    remote_address = models.CharField(max_length=64, blank=True)
    command_id = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    previous_sha256 = models.BinaryField(max_length=32)
    sha256 = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "sequence"], name="audit_sequence_unique")]
        indexes = [models.Index(fields=["entity", "at"]), models.Index(fields=["at"])]

    def __str__(self) -> str:
        return f"{self.stream} {self.sequence} {self.action} {self.entity}"


class AuditCheckpoint(models.Model):
    """The Merkle root over every chain's head at an instant, and the heads it was taken over, by stream."""

    at = models.DateTimeField()
    root_sha256 = models.BinaryField(max_length=32)
    heads = models.JSONField()
    """[[stream, sequence, sha256 in hex], ...]"""

    def __str__(self) -> str:
        return f"checkpoint {self.at:%Y-%m-%d %H:%M:%S}"
