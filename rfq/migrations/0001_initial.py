import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0002_user_session_generation'),
        ('market', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Rfq',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.CharField(blank=True, max_length=64)),
                ('structure', models.CharField(max_length=32)),
                ('quote_currency', models.CharField(max_length=6)),
                ('quantity', models.DecimalField(decimal_places=12, max_digits=36)),
                ('side', models.CharField(blank=True, max_length=4)),
                ('state', models.CharField(default='open', max_length=12)),
                ('reason', models.CharField(blank=True, max_length=64)),
                ('is_tradable', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
                ('tradable_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.account')),
                ('reason_firm', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.firm')),
                ('taker_firm', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.firm')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Quote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField()),
                ('state', models.CharField(max_length=12)),
                ('reason', models.CharField(blank=True, max_length=64)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('maker_firm', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.firm')),
                ('rfq', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='quotes', to='rfq.rfq')),
            ],
        ),
        migrations.CreateModel(
            name='BlockTrade',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField()),
                ('side', models.CharField(max_length=4)),
                ('net_price', models.DecimalField(decimal_places=12, max_digits=36)),
                ('state', models.CharField(default='pending', max_length=12)),
                ('accepted_at', models.DateTimeField()),
                ('first_execution_id', models.BigIntegerField(null=True, unique=True)),
                ('completed_at', models.DateTimeField(null=True)),
                ('accepted_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('maker_account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.account')),
                ('taker_account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.account')),
                ('quote', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='trades', to='rfq.quote')),
                ('rfq', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='trades', to='rfq.rfq')),
            ],
        ),
        migrations.CreateModel(
            name='RfqCommand',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('command_id', models.CharField(max_length=64)),
                ('content_sha256', models.BinaryField(max_length=32)),
                ('entity', models.CharField(max_length=8)),
                ('entity_id', models.BigIntegerField(default=0)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='RfqInvitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('maker_firm', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.firm')),
                ('rfq', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='rfq.rfq')),
            ],
        ),
        migrations.CreateModel(
            name='RfqLeg',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('leg_index', models.PositiveSmallIntegerField()),
                ('side', models.CharField(max_length=4)),
                ('ratio', models.PositiveIntegerField()),
                ('is_hedge', models.BooleanField(default=False)),
                ('instrument', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='market.instrument')),
                ('rfq', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='legs', to='rfq.rfq')),
            ],
        ),
        migrations.CreateModel(
            name='TradeLeg',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('leg_index', models.PositiveSmallIntegerField()),
                ('side', models.CharField(max_length=4)),
                ('price', models.DecimalField(decimal_places=12, max_digits=36)),
                ('quantity', models.DecimalField(decimal_places=12, max_digits=36)),
                ('reference_price', models.DecimalField(decimal_places=12, max_digits=36, null=True)),
                ('execution_id', models.BigIntegerField(null=True, unique=True)),
                ('instrument', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='market.instrument')),
                ('trade', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='legs', to='rfq.blocktrade')),
            ],
        ),
        migrations.CreateModel(
            name='QuoteVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField()),
                ('bid_leg_prices', django.contrib.postgres.fields.ArrayField(base_field=models.DecimalField(decimal_places=12, max_digits=36), null=True, size=None)),
                ('ask_leg_prices', django.contrib.postgres.fields.ArrayField(base_field=models.DecimalField(decimal_places=12, max_digits=36), null=True, size=None)),
                ('bid_net', models.DecimalField(decimal_places=12, max_digits=36, null=True)),
                ('ask_net', models.DecimalField(decimal_places=12, max_digits=36, null=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('end_reason', models.CharField(blank=True, max_length=16)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.account')),
                ('quote', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='rfq.quote')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['expires_at'], name='quote_version_live'), models.Index(fields=['created_at'], name='rfq_quoteve_created_822b2e_idx')],
                'constraints': [models.UniqueConstraint(fields=('quote', 'version'), name='quote_version_unique'), models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('quote',), name='quote_one_live_version'), models.CheckConstraint(condition=models.Q(('bid_leg_prices__isnull', False), ('ask_leg_prices__isnull', False), _connector='OR'), name='quote_version_has_a_side'), models.CheckConstraint(condition=models.Q(('bid_net__isnull', True), ('ask_net__isnull', True), ('bid_net__lt', models.F('ask_net')), _connector='OR'), name='quote_version_not_crossed'), models.CheckConstraint(condition=models.Q(models.Q(('bid_leg_prices__isnull', True), ('bid_net__isnull', True)), models.Q(('bid_leg_prices__isnull', False), ('bid_net__isnull', False)), _connector='OR'), name='quote_version_bid_whole'), models.CheckConstraint(condition=models.Q(models.Q(('ask_leg_prices__isnull', True), ('ask_net__isnull', True)), models.Q(('ask_leg_prices__isnull', False), ('ask_net__isnull', False)), _connector='OR'), name='quote_version_ask_whole'), models.CheckConstraint(condition=models.Q(models.Q(('end_reason', ''), ('ended_at__isnull', True)), models.Q(('ended_at__isnull', False), models.Q(('end_reason', ''), _negated=True)), _connector='OR'), name='quote_version_ends_with_a_reason'), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='quote_version_times_in_order')],
            },
        ),
        migrations.AddIndex(
            model_name='rfq',
            index=models.Index(fields=['taker_firm', '-id'], name='rfq_rfq_taker_f_0cc67a_idx'),
        ),
        migrations.AddIndex(
            model_name='rfq',
            index=models.Index(fields=['taker_firm', 'created_at'], name='rfq_rfq_taker_f_3d04d1_idx'),
        ),
        migrations.AddIndex(
            model_name='rfq',
            index=models.Index(condition=models.Q(('state__in', ['open', 'pending_fill'])), fields=['expires_at'], name='rfq_live'),
        ),
        migrations.AddConstraint(
            model_name='rfq',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['open', 'pending_fill', 'filled', 'rejected', 'expired', 'canceled'])), name='rfq_state_known'),
        ),
        migrations.AddConstraint(
            model_name='rfq',
            constraint=models.CheckConstraint(condition=models.Q(('side__in', ['', 'buy', 'sell'])), name='rfq_side_known'),
        ),
        migrations.AddConstraint(
            model_name='rfq',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='rfq_quantity_positive'),
        ),
        migrations.AddConstraint(
            model_name='rfq',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at')), ('tradable_at__gte', models.F('created_at'))), name='rfq_times_in_order'),
        ),
        migrations.AddConstraint(
            model_name='quote',
            constraint=models.UniqueConstraint(fields=('rfq', 'maker_firm'), name='quote_one_per_maker'),
        ),
        migrations.AddConstraint(
            model_name='quote',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['pending_fill', 'filled'])), fields=('rfq',), name='quote_one_accepted_per_rfq'),
        ),
        migrations.AddConstraint(
            model_name='quote',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['active', 'pending_fill', 'filled', 'rejected', 'canceled', 'expired', 'traded_away'])), name='quote_state_known'),
        ),
        migrations.AddConstraint(
            model_name='quote',
            constraint=models.CheckConstraint(condition=models.Q(('version__gte', 1)), name='quote_version_positive'),
        ),
        migrations.AddIndex(
            model_name='blocktrade',
            index=models.Index(condition=models.Q(('state', 'pending')), fields=['accepted_at'], name='trade_pending'),
        ),
        migrations.AddConstraint(
            model_name='blocktrade',
            constraint=models.UniqueConstraint(fields=('rfq',), name='trade_one_per_rfq'),
        ),
        migrations.AddConstraint(
            model_name='blocktrade',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'reserved', 'completed', 'rejected'])), name='trade_state_known'),
        ),
        migrations.AddConstraint(
            model_name='blocktrade',
            constraint=models.CheckConstraint(condition=models.Q(('side__in', ['buy', 'sell'])), name='trade_side_known'),
        ),
        migrations.AddConstraint(
            model_name='blocktrade',
            constraint=models.CheckConstraint(condition=models.Q(('taker_account', models.F('maker_account')), _negated=True), name='trade_between_two_accounts'),
        ),
        migrations.AddConstraint(
            model_name='blocktrade',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('completed_at__isnull', False), ('first_execution_id__isnull', False), ('state', 'completed')), models.Q(models.Q(('state', 'completed'), _negated=True), ('completed_at__isnull', True), ('first_execution_id__isnull', True)), _connector='OR'), name='trade_completed_with_executions'),
        ),
        migrations.AddConstraint(
            model_name='rfqcommand',
            constraint=models.UniqueConstraint(fields=('user', 'command_id'), name='rfq_command_once'),
        ),
        migrations.AddIndex(
            model_name='rfqinvitation',
            index=models.Index(fields=['maker_firm', '-rfq'], name='rfq_rfqinvi_maker_f_c5ce96_idx'),
        ),
        migrations.AddConstraint(
            model_name='rfqinvitation',
            constraint=models.UniqueConstraint(fields=('rfq', 'maker_firm'), name='rfq_invitation_unique'),
        ),
        migrations.AddConstraint(
            model_name='rfqleg',
            constraint=models.UniqueConstraint(fields=('rfq', 'leg_index'), name='rfq_leg_index_unique'),
        ),
        migrations.AddConstraint(
            model_name='rfqleg',
            constraint=models.UniqueConstraint(fields=('rfq', 'instrument'), name='rfq_leg_instrument_unique'),
        ),
        migrations.AddConstraint(
            model_name='rfqleg',
            constraint=models.UniqueConstraint(condition=models.Q(('is_hedge', True)), fields=('rfq',), name='rfq_one_hedge_leg'),
        ),
        migrations.AddConstraint(
            model_name='rfqleg',
            constraint=models.CheckConstraint(condition=models.Q(('side__in', ['buy', 'sell'])), name='rfq_leg_side_known'),
        ),
        migrations.AddConstraint(
            model_name='rfqleg',
            constraint=models.CheckConstraint(condition=models.Q(('ratio__gte', 1)), name='rfq_leg_ratio_positive'),
        ),
        migrations.AddConstraint(
            model_name='tradeleg',
            constraint=models.UniqueConstraint(fields=('trade', 'leg_index'), name='trade_leg_index_unique'),
        ),
        migrations.AddConstraint(
            model_name='tradeleg',
            constraint=models.CheckConstraint(condition=models.Q(('side__in', ['buy', 'sell'])), name='trade_leg_side_known'),
        ),
        migrations.AddConstraint(
            model_name='tradeleg',
            constraint=models.CheckConstraint(condition=models.Q(('price__gt', 0), ('quantity__gt', 0)), name='trade_leg_positive'),
        ),
    ]
