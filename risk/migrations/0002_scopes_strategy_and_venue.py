from django.db import migrations, models

SCOPES = [
    (scope, scope) for scope in ("all", "firm", "desk", "user", "account", "instrument", "strategy", "venue")
]


class Migration(migrations.Migration):
    dependencies = [("risk", "0001_initial")]

    operations = [
        migrations.AlterField(model, "scope", models.CharField(max_length=10, choices=SCOPES))
        for model in ("killswitchengagement", "controlrelease", "controlstate")
    ]
