from django.db import migrations, models

FILL = [
    """
    UPDATE rfq_quoteversion AS version SET quantity = rfq.quantity
    FROM rfq_quote AS quote JOIN rfq_rfq AS rfq ON rfq.id = quote.rfq_id WHERE quote.id = version.quote_id
    """,
    "UPDATE rfq_blocktrade AS trade SET quantity = rfq.quantity FROM rfq_rfq AS rfq WHERE rfq.id = trade.rfq_id",
    """
    UPDATE rfq_rfq AS rfq SET pending_until = trade.accepted_at + interval '2 seconds'
    FROM rfq_blocktrade AS trade WHERE trade.rfq_id = rfq.id AND rfq.state = 'pending_fill'
    """,
    """
    INSERT INTO rfq_acceptance (rfq_id, kind, side, pool, left_out, accepted_at, accepted_by_id)
    SELECT rfq_id, 'quote', side, jsonb_build_array(jsonb_build_array(quote_id, version)), '[]', accepted_at,
           accepted_by_id FROM rfq_blocktrade
    """,
]


class Migration(migrations.Migration):
    """Every accept so far took the full size from one quote."""

    dependencies = [("rfq", "0005_allocations")]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="quoteversion",
            name="quantity",
            field=models.DecimalField(decimal_places=12, max_digits=36),
        ),
        migrations.AlterField(
            model_name="blocktrade",
            name="quantity",
            field=models.DecimalField(decimal_places=12, max_digits=36),
        ),
        migrations.AddConstraint(
            model_name="rfq",
            constraint=models.CheckConstraint(condition=models.Q(models.Q(("pending_until__isnull", False), ("state", "pending_fill")), models.Q(models.Q(("state", "pending_fill"), _negated=True), ("pending_until__isnull", True)), _connector="OR"), name="rfq_pending_until_a_time"),
        ),
    ]
