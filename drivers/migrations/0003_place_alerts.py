import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import deliveryapp.ids


class Migration(migrations.Migration):

    dependencies = [
        ("drivers", "0002_saga_edges"),
    ]

    operations = [
        migrations.CreateModel(
            name="PlaceAlert",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=deliveryapp.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "step",
                    models.CharField(
                        choices=[
                            ("at_restaurant", "At Restaurant"),
                            ("picked_up", "Picked Up"),
                            ("at_customer", "At Customer"),
                            ("delivered", "Delivered"),
                        ],
                        max_length=13,
                    ),
                ),
                ("distance_m", models.PositiveIntegerField()),
                (
                    "override_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("wrong_position", "Wrong Position"),
                            ("met_elsewhere", "Met Elsewhere"),
                            ("wrong_address", "Wrong Address"),
                            ("other", "Other"),
                        ],
                        max_length=14,
                    ),
                ),
                (
                    "reported_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "assignment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="place_alerts",
                        to="drivers.assignment",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("assignment", "step"), name="place_alert_one_per_step"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("distance_m__gt", 0)),
                        name="place_alert_is_about_a_distance",
                    ),
                ],
            },
        ),
    ]
