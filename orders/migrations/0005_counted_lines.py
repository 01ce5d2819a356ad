from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0004_saga_edges'),
    ]

    operations = [
        migrations.AddField(
            model_name='orderline',
            name='is_counted',
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
