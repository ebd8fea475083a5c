from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0010_desk_trades")]

    operations = [
        migrations.AddField(
            model_name="parentorder",
            name="structure",
            field=models.JSONField(null=True),
        ),
        migrations.AlterField(
            model_name="parentorder",
            name="algo",
            field=models.CharField(
                choices=[
                    ("twap", "twap"),
                    ("vwap", "vwap"),
                    ("pov", "pov"),
                    ("implementation_shortfall", "implementation_shortfall"),
                    ("iceberg", "iceberg"),
                    ("peg", "peg"),
                    ("sniper", "sniper"),
                    ("bracket", "bracket"),
                    ("multileg", "multileg"),
                ],
                max_length=24,
            ),
        ),
    ]
