import django.db.models.deletion
from django.db import migrations, models

# What was called free of dairy meant free of lactose. Only the generator wrote marks until now: it knew no others.
TO_THE_VOCABULARIES = """
UPDATE restaurants_menuitem SET
    diets = ARRAY(
        SELECT mark FROM unnest(array_replace(diets, 'dairy_free', 'lactose_free')) AS mark
        WHERE mark IN ('vegan', 'vegetarian', 'halal', 'kosher', 'gluten_free', 'lactose_free')
    ),
    allergens = ARRAY(
        SELECT mark FROM unnest(allergens) AS mark WHERE mark IN (
            'celery', 'crustaceans', 'eggs', 'fish', 'gluten', 'lupin', 'milk', 'molluscs', 'mustard', 'nuts',
            'peanuts', 'sesame', 'soybeans', 'sulphites'
        )
    )
"""


class Migration(migrations.Migration):

    dependencies = [
        ('restaurants', '0003_saga_edges'),
    ]

    operations = [
        migrations.AddField(
            model_name='menuitem',
            name='archived_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='menuitem',
            name='external_key',
            field=models.CharField(blank=True, default='', max_length=60),
        ),
        migrations.AddField(
            model_name='menuitem',
            name='stock',
            field=models.IntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='menuitem',
            name='windows',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='menusection',
            name='archived_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='menusection',
            name='external_key',
            field=models.CharField(blank=True, default='', max_length=60),
        ),
        migrations.AddField(
            model_name='menusection',
            name='windows',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='option',
            name='archived_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='option',
            name='external_key',
            field=models.CharField(blank=True, default='', max_length=60),
        ),
        migrations.AddField(
            model_name='option',
            name='sold_out_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='optiongroup',
            name='archived_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='optiongroup',
            name='external_key',
            field=models.CharField(blank=True, default='', max_length=60),
        ),
        migrations.AddField(
            model_name='optiongroup',
            name='opened_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='opens', to='restaurants.option'),
        ),
        migrations.RunSQL(TO_THE_VOCABULARIES, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='menuitem',
            constraint=models.CheckConstraint(condition=models.Q(('stock__isnull', True), ('stock__gte', 0), _connector='OR'), name='menu_item_stock_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='menuitem',
            constraint=models.CheckConstraint(condition=models.Q(('allergens__contained_by', ['celery', 'crustaceans', 'eggs', 'fish', 'gluten', 'lupin', 'milk', 'molluscs', 'mustard', 'nuts', 'peanuts', 'sesame', 'soybeans', 'sulphites'])), name='menu_item_allergens_are_known'),
        ),
        migrations.AddConstraint(
            model_name='menuitem',
            constraint=models.CheckConstraint(condition=models.Q(('diets__contained_by', ['vegan', 'vegetarian', 'halal', 'kosher', 'gluten_free', 'lactose_free'])), name='menu_item_diets_are_known'),
        ),
        migrations.AddConstraint(
            model_name='menuitem',
            constraint=models.UniqueConstraint(condition=models.Q(('external_key', ''), _negated=True), fields=('restaurant', 'external_key'), name='menu_item_one_per_external_key'),
        ),
        migrations.AddConstraint(
            model_name='menusection',
            constraint=models.UniqueConstraint(condition=models.Q(('external_key', ''), _negated=True), fields=('restaurant', 'external_key'), name='menu_section_one_per_external_key'),
        ),
        migrations.AddConstraint(
            model_name='option',
            constraint=models.UniqueConstraint(condition=models.Q(('external_key', ''), _negated=True), fields=('group', 'external_key'), name='option_one_per_external_key'),
        ),
        migrations.AddConstraint(
            model_name='optiongroup',
            constraint=models.UniqueConstraint(condition=models.Q(('external_key', ''), _negated=True), fields=('item', 'external_key'), name='option_group_one_per_external_key'),
        ),
    ]
