
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('rfq', '0002_steps_sightings_tape_corrections'),
    ]

    operations = [
        migrations.AddField(
            model_name='tapeprint',
            name='price_digits',
            field=models.PositiveSmallIntegerField(default=8),
        ),
    ]
