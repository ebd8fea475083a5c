from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("streams", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="gatewaycursor",
            name="event_index",
            field=models.IntegerField(default=0),
        ),
    ]
