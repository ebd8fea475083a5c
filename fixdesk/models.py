"""How far the two roads have come, and which of a session's ids stands for which of the desk's."""

from django.db import models


class Intake(models.Model):
    """One row: the newest entry taken of the gateway's log, moved with its effect."""

    log = models.CharField(max_length=32, blank=True)
    number = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="fix_intake_is_one_row")]

    def __str__(self) -> str:
        return f"{self.log} {self.number}"


class FirmCursor(models.Model):
    """The newest fact of a firm that its sessions were told of, moved with the telling."""

    firm = models.OneToOneField("accounts.Firm", on_delete=models.PROTECT, primary_key=True, related_name="+")
    sequence = models.BigIntegerField()

    def __str__(self) -> str:
        return f"firm {self.firm_id} at {self.sequence}"


class FixRequest(models.Model):
    """A request that a session made. ``response_id``, ``client_order_id``: of the response that it trades by."""

    session = models.ForeignKey("accounts.FixSession", on_delete=models.PROTECT, related_name="+")
    request_id = models.CharField(max_length=36)
    rfq = models.OneToOneField("rfq.Rfq", on_delete=models.PROTECT, related_name="+")
    response_id = models.CharField(max_length=36, blank=True)
    client_order_id = models.CharField(max_length=36, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "request_id"], name="fix_request_once")]

    def __str__(self) -> str:
        return f"{self.request_id} is rfq {self.rfq_id}"


class FixCounter(models.Model):
    """A limit that rests by a response of the session; the newest of a side is the one in force."""

    request = models.ForeignKey(FixRequest, on_delete=models.PROTECT, related_name="counters")
    side = models.CharField(max_length=4)
    response_id = models.CharField(max_length=36)
    client_order_id = models.CharField(max_length=36)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["request", "response_id"], name="fix_counter_once")]

    def __str__(self) -> str:
        return f"{self.response_id} counters {self.request_id}"


class FixQuote(models.Model):
    """A version of a quote that a session made."""

    session = models.ForeignKey("accounts.FixSession", on_delete=models.PROTECT, related_name="+")
    client_quote_id = models.CharField(max_length=36)
    rfq = models.ForeignKey("rfq.Rfq", on_delete=models.PROTECT, related_name="+")
    quote = models.ForeignKey("rfq.Quote", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "client_quote_id"], name="fix_quote_once")]
        indexes = [models.Index(fields=["rfq", "session"], name="fix_quote_of_rfq")]

    def __str__(self) -> str:
        return f"{self.client_quote_id} is quote {self.quote_id}"


class ToldView(models.Model):
    """The view of an RFQ that a firm's sessions were told last."""

    firm = models.ForeignKey("accounts.Firm", on_delete=models.PROTECT, related_name="+")
    rfq = models.ForeignKey("rfq.Rfq", on_delete=models.PROTECT, related_name="+")
    view = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["firm", "rfq"], name="fix_told_view_once")]

    def __str__(self) -> str:
        return f"firm {self.firm_id} rfq {self.rfq_id}"


class FixMultileg(models.Model):
    """A multi-leg order that a session entered. ``entered``: as it did; ``told``: what it was told of it since, as
    ``fixdesk.domain.multilegs`` has it. ``is_open``: there may be more to tell.
    """

    session = models.ForeignKey("accounts.FixSession", on_delete=models.PROTECT, related_name="+")
    parent = models.OneToOneField("orders.ParentOrder", on_delete=models.PROTECT, related_name="+")
    entered = models.TextField()
    told = models.TextField()
    is_open = models.BooleanField(default=True)

    class Meta:
        indexes = [models.Index(fields=["session"], name="fix_multileg_open", condition=models.Q(is_open=True))]

    def __str__(self) -> str:
        return f"multi-leg order {self.parent_id} of session {self.session_id}"


class FixMultilegId(models.Model):
    """A ClOrdID of a multi-leg order or of a request about it."""

    session = models.ForeignKey("accounts.FixSession", on_delete=models.PROTECT, related_name="+")
    client_order_id = models.CharField(max_length=36)
    order = models.ForeignKey(FixMultileg, on_delete=models.PROTECT, related_name="ids")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "client_order_id"], name="fix_multileg_id_once"),
        ]

    def __str__(self) -> str:
        return f"{self.client_order_id} is of {self.order}"
