"""What a taker keeps before it asks: drafts, and named groups of makers."""

from django.db import models


class RfqDraft(models.Model):
    """A request that was saved and not sent. ``id`` becomes the RFQ's; ``content``: the message that saved it."""

    id = models.BigIntegerField(primary_key=True)
    taker_firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    structure = models.CharField(max_length=32)
    quote_currency = models.CharField(max_length=6)
    content = models.TextField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["taker_firm", "-id"])]

    def __str__(self) -> str:
        return f"draft {self.pk} {self.structure}"


class MakerGroup(models.Model):
    """Makers that a firm asks together."""

    firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["firm", "name"], name="maker_group_name_unique_in_firm")]

    def __str__(self) -> str:
        return self.name


class MakerGroupMember(models.Model):
    group = models.ForeignKey(MakerGroup, on_delete=models.CASCADE, related_name="members")
    maker_firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "maker_firm"], name="maker_group_member_unique")]

    def __str__(self) -> str:
        return f"firm {self.maker_firm_id} of group {self.group_id}"
