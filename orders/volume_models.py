"""How the volume of an instrument spreads over a day, as it was measured."""

from django.db import models
from django.db.models import F, Q

from wire.volume_views import DayClock


class VolumeCurve(models.Model):
    """Equal parts of a day of UTC, each with its part of the day's volume in billionths: the mean over the days.

    ``subject``: an instrument, or the coin whose instruments it serves. ``clock``: by which its times of day are.
    Nothing at or after ``until`` was looked at; of a subject and a source the curve with the latest one counts.
    """

    subject = models.CharField(max_length=64)
    source = models.CharField(max_length=64)
    clock = models.CharField(max_length=6, choices=[(clock.value, clock.value) for clock in DayClock])
    parts = models.JSONField()
    days = models.PositiveIntegerField()
    """Days of UTC on which something traded."""
    observations = models.BigIntegerField()
    """Trades, or rows of a file of volumes."""
    volume = models.DecimalField(max_digits=38, decimal_places=12)
    """All that was counted, in the source's own unit."""
    first_at = models.DateTimeField()
    until = models.DateTimeField()
    measured_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject", "source", "until"], name="volume_curve_once"),
            models.CheckConstraint(
                condition=Q(days__gt=0, observations__gt=0, volume__gt=0, first_at__lt=F("until")),
                name="volume_curve_measures_something",
            ),
        ]

    def __str__(self) -> str:
        return f"volumes of {self.subject} from {self.source} until {self.until:%Y-%m-%d}"
