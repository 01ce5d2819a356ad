"""Whose screen showed a ticket first."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("restaurants", "0006_discovery")]
    operations = [
        migrations.AddField(
            model_name="ticket",
            name="acknowledged_by",
            field=models.UUIDField(blank=True, null=True),
        ),
    ]
