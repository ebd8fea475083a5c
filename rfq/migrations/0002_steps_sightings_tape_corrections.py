import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('rfq', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Sighting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('created', 'the RFQ was created'), ('quoted', 'a version of a quote was made'), ('accepted', 'a quote was accepted'), ('ended', 'the RFQ ended'), ('after_trade', 'some time after a trade'), ('baseline', 'an instant that has nothing to do with the RFQ')], max_length=12)),
                ('quote_id', models.BigIntegerField(default=0)),
                ('version', models.PositiveIntegerField(default=0)),
                ('offset_ms', models.BigIntegerField(default=0)),
                ('window', models.PositiveSmallIntegerField(default=0)),
                ('at', models.DateTimeField()),
                ('index_price', models.FloatField(null=True)),
                ('mark_net', models.FloatField(null=True)),
                ('model_net', models.FloatField(null=True)),
                ('lit_bid', models.FloatField(null=True)),
                ('lit_ask', models.FloatField(null=True)),
                ('content', models.JSONField()),
                ('rfq', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sightings', to='rfq.rfq')),
            ],
        ),
        migrations.CreateModel(
            name='SightingDue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('created', 'the RFQ was created'), ('quoted', 'a version of a quote was made'), ('accepted', 'a quote was accepted'), ('ended', 'the RFQ ended'), ('after_trade', 'some time after a trade'), ('baseline', 'an instant that has nothing to do with the RFQ')], max_length=12)),
                ('offset_ms', models.BigIntegerField()),
                ('window', models.PositiveSmallIntegerField(default=0)),
                ('due_at', models.DateTimeField()),
                ('rfq', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rfq.rfq')),
            ],
        ),
        migrations.CreateModel(
            name='TapePrint',
            fields=[
                ('sequence', models.BigIntegerField(primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('trade', 'a completed block trade'), ('bust', 'a block trade that was busted'), ('amendment', 'a block trade at another price')], max_length=12)),
                ('refers_to', models.BigIntegerField(null=True)),
                ('at', models.DateTimeField()),
                ('structure', models.CharField(max_length=32)),
                ('quote_currency', models.CharField(max_length=6)),
                ('side', models.CharField(max_length=4)),
                ('quantity', models.DecimalField(decimal_places=12, max_digits=36)),
                ('price', models.DecimalField(decimal_places=12, max_digits=36)),
                ('mark', models.FloatField(null=True)),
                ('legs', models.JSONField()),
                ('rfq', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='prints', to='rfq.rfq')),
            ],
        ),
        migrations.CreateModel(
            name='TradeCorrection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('bust', 'bust'), ('amendment', 'amendment')], max_length=12)),
                ('leg_prices', django.contrib.postgres.fields.ArrayField(base_field=models.DecimalField(decimal_places=12, max_digits=36), null=True, size=None)),
                ('state', models.CharField(choices=[('requested', 'waits for a second person'), ('refused', 'the second person said no'), ('sent', 'the gateway checks it'), ('reserved', 'the gateway holds the risk of both sides'), ('done', 'booked'), ('failed', 'the gateway refused it')], default='requested', max_length=12)),
                ('requested_at', models.DateTimeField()),
                ('request_reason', models.CharField(max_length=200)),
                ('request_command_id', models.CharField(max_length=64)),
                ('decided_at', models.DateTimeField(null=True)),
                ('decide_reason', models.CharField(blank=True, max_length=200)),
                ('decide_command_id', models.CharField(blank=True, max_length=64)),
                ('reservation_id', models.BigIntegerField(null=True, unique=True)),
                ('first_execution_id', models.BigIntegerField(null=True, unique=True)),
                ('gateway_reason', models.CharField(blank=True, max_length=200)),
                ('done_at', models.DateTimeField(null=True)),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('trade', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='corrections', to='rfq.blocktrade')),
            ],
        ),
        migrations.CreateModel(
            name='RfqStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.PositiveIntegerField()),
                ('kind', models.CharField(max_length=48)),
                ('arguments', models.JSONField()),
                ('at', models.DateTimeField()),
                ('state_sha256', models.BinaryField(max_length=32)),
                ('rfq', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='rfq.rfq')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('rfq', 'sequence'), name='rfq_step_sequence_unique')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rfqstep',
            trigger=pgtrigger.compiler.Trigger(name='rfq_step_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='77101ddb179330e957eb1840587f0e2432647f4c', operation='UPDATE OR DELETE', pgid='pgtrigger_rfq_step_append_only_098f2', table='rfq_rfqstep', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='sighting',
            index=models.Index(fields=['at'], name='rfq_sightin_at_d58ecc_idx'),
        ),
        migrations.AddConstraint(
            model_name='sighting',
            constraint=models.UniqueConstraint(condition=models.Q(('kind__in', ['after_trade', 'baseline'])), fields=('rfq', 'kind', 'offset_ms', 'window'), name='sighting_taken_once'),
        ),
        migrations.AddConstraint(
            model_name='sighting',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['created', 'quoted', 'accepted', 'ended', 'after_trade', 'baseline'])), name='sighting_kind_known'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='sighting',
            trigger=pgtrigger.compiler.Trigger(name='sighting_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='420c6f355ca58ffab9d9ac30639b51fdbe48ec0c', operation='UPDATE OR DELETE', pgid='pgtrigger_sighting_append_only_ffe5d', table='rfq_sighting', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='sightingdue',
            index=models.Index(fields=['due_at'], name='rfq_sightin_due_at_5210e8_idx'),
        ),
        migrations.AddConstraint(
            model_name='tapeprint',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['trade', 'bust', 'amendment'])), name='tape_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='tapeprint',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'trade'), ('refers_to__isnull', True)), models.Q(models.Q(('kind', 'trade'), _negated=True), ('refers_to__isnull', False)), _connector='OR'), name='tape_correction_refers'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='tapeprint',
            trigger=pgtrigger.compiler.Trigger(name='tape_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='d70be187b3b6ceb989c4136991850ac4115997a2', operation='UPDATE OR DELETE', pgid='pgtrigger_tape_append_only_319fe', table='rfq_tapeprint', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='tradecorrection',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['requested', 'sent', 'reserved'])), fields=('trade',), name='correction_one_open_per_trade'),
        ),
        migrations.AddConstraint(
            model_name='tradecorrection',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'bust'), ('state', 'done')), fields=('trade',), name='correction_one_bust_per_trade'),
        ),
        migrations.AddConstraint(
            model_name='tradecorrection',
            constraint=models.UniqueConstraint(fields=('requested_by', 'request_command_id'), name='correction_asked_once'),
        ),
        migrations.AddConstraint(
            model_name='tradecorrection',
            constraint=models.CheckConstraint(condition=models.Q(('decided_by__isnull', True), models.Q(('decided_by', models.F('requested_by')), _negated=True), _connector='OR'), name='correction_two_people'),
        ),
        migrations.AddConstraint(
            model_name='tradecorrection',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'bust'), ('leg_prices__isnull', True)), models.Q(('kind', 'amendment'), ('leg_prices__isnull', False)), _connector='OR'), name='correction_amends_prices'),
        ),
    ]
