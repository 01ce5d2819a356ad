"""What a kitchen could not make, and the restaurant's terms kept with each order."""

import deliveryapp.ids
import django.db.models.deletion
import django_fsm
from django.db import migrations, models


KEEP_TERMS = """
UPDATE orders_order o SET tax_bp = r.tax_bp, commission_bp = r.commission_bp
FROM restaurants_restaurant r WHERE r.id = o.restaurant_id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0007_promotions'),
        ('restaurants', '0002_commission'),
    ]

    operations = [
        migrations.AddField(
            model_name='order',
            name='commission_bp',
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='order',
            name='tax_bp',
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AlterField(
            model_name='notificationrequest',
            name='kind',
            field=models.CharField(choices=[('order_ended', 'Order Ended'), ('order_late', 'Order Late'), ('search_takes_longer', 'Search Takes Longer'), ('driver_changed', 'Driver Changed'), ('driver_silent', 'Driver Silent'), ('ticket_opened', 'Ticket Opened'), ('kitchen_late', 'Kitchen Late'), ('driver_replaced', 'Driver Replaced'), ('pickup_moved', 'Pickup Moved'), ('swap_proposed', 'Swap Proposed'), ('item_removed', 'Item Removed'), ('ticket_unseen', 'Ticket Unseen')], max_length=30),
        ),
        migrations.AddField(
            model_name='notificationrequest',
            name='sent_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='notificationrequest',
            name='audience',
            field=models.CharField(choices=[('customer', 'Customer'), ('restaurant', 'Restaurant'), ('driver', 'Driver'), ('staff', 'Staff'), ('support', 'Support')], max_length=10),
        ),
        migrations.AlterField(
            model_name='notificationrequest',
            name='channel',
            field=models.CharField(choices=[('in_app', 'In App'), ('push', 'Push'), ('sms', 'Sms'), ('call', 'Call')], default='in_app', max_length=10),
        ),
        migrations.AlterField(
            model_name='notificationrequest',
            name='state',
            field=models.CharField(choices=[('requested', 'Requested'), ('sent', 'Sent'), ('dropped', 'Dropped')], default='requested', max_length=10),
        ),
        migrations.CreateModel(
            name='Amendment',
            fields=[
                ('id', models.UUIDField(default=deliveryapp.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('state', django_fsm.FSMField(choices=[('proposed', 'Proposed'), ('accepted', 'Accepted'), ('removed', 'Removed'), ('expired', 'Expired'), ('refused', 'Refused'), ('withdrawn', 'Withdrawn')], default='proposed', max_length=50, protected=True)),
                ('line_id', models.UUIDField()),
                ('name', models.CharField(max_length=200)),
                ('quantity', models.PositiveSmallIntegerField()),
                ('amount_minor', models.BigIntegerField()),
                ('swap', models.JSONField(null=True)),
                ('made_by', models.UUIDField()),
                ('made_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(null=True)),
                ('settled_at', models.DateTimeField(null=True)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='amendments', to='orders.order')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'proposed')), fields=['expires_at'], name='amendment_open'), models.Index(fields=['order'], name='amendment_of_order')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'proposed')), fields=('line_id',), name='order_line_has_one_open_swap'), models.CheckConstraint(condition=models.Q(('amount_minor__gte', 0), ('quantity__gte', 1)), name='amendment_concerns_some_pieces'), models.CheckConstraint(condition=models.Q(models.Q(('expires_at__isnull', True), ('swap__isnull', True)), models.Q(('expires_at__isnull', False), ('swap__isnull', False)), _connector='OR'), name='amendment_swap_has_a_time_limit')],
            },
        ),
        migrations.RunSQL(KEEP_TERMS, migrations.RunSQL.noop),
    ]
