"""Delivery areas, favourites, and a text search that forgives accents, endings and slips of the finger.

The lexemes are columns that PostgreSQL computes itself, so nothing that writes a name has to know of them.
Folding goes through Unicode's own decomposition: `unaccent` is not immutable and cannot be stored.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models

FOLD = r"""
CREATE FUNCTION restaurants_fold(words text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN translate(
    regexp_replace(lower(normalize(words, NFKD)), '[\u0300-\u036f]', '', 'g'), 'øłđıß', 'oldis'
)
"""
LEXEMES = """
CREATE FUNCTION restaurants_lexemes(words text) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN to_tsvector('pg_catalog.simple', restaurants_fold(words))
    || to_tsvector('pg_catalog.english', restaurants_fold(words))
    || to_tsvector('pg_catalog.finnish', restaurants_fold(words))
"""
# Every word in some form of it, or each as the beginning of a word: people search while they type.
QUERY = """
CREATE FUNCTION restaurants_query(words text) RETURNS tsquery
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN plainto_tsquery('pg_catalog.english', restaurants_fold(words))
    || plainto_tsquery('pg_catalog.finnish', restaurants_fold(words))
    || coalesce(
        to_tsquery(
            'pg_catalog.simple',
            replace(
                nullif(btrim(regexp_replace(restaurants_fold(words), '[^[:alnum:]]+', ' ', 'g')), ''),
                ' ', ':* & '
            ) || ':*'
        ), ''::tsquery)
"""
PLACE = """
CREATE FUNCTION restaurants_place_words(name text, cuisines text[]) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN name || ' ' || array_to_string(cuisines, ' ')
"""
FUNCTIONS = [
    (FOLD, "DROP FUNCTION restaurants_fold(text)"),
    (LEXEMES, "DROP FUNCTION restaurants_lexemes(text)"),
    (QUERY, "DROP FUNCTION restaurants_query(text)"),
    (PLACE, "DROP FUNCTION restaurants_place_words(text, text[])"),
]
COLUMNS = [
    (
        """
        ALTER TABLE restaurants_restaurant
        ADD COLUMN search_lexemes tsvector GENERATED ALWAYS AS
            (restaurants_lexemes(restaurants_place_words(name::text, cuisines::text[]))) STORED,
        ADD COLUMN search_name text GENERATED ALWAYS AS
            (restaurants_fold(restaurants_place_words(name::text, cuisines::text[]))) STORED
        """,
        "ALTER TABLE restaurants_restaurant DROP COLUMN search_lexemes, DROP COLUMN search_name",
    ),
    (
        """
        ALTER TABLE restaurants_menuitem
        ADD COLUMN search_lexemes tsvector GENERATED ALWAYS AS (restaurants_lexemes(name::text)) STORED,
        ADD COLUMN search_name text GENERATED ALWAYS AS (restaurants_fold(name::text)) STORED
        """,
        "ALTER TABLE restaurants_menuitem DROP COLUMN search_lexemes, DROP COLUMN search_name",
    ),
]
INDEXES = [
    ("restaurant_search_lexemes", "restaurants_restaurant USING gin (search_lexemes)"),
    ("restaurant_search_trigrams", "restaurants_restaurant USING gin (search_name gin_trgm_ops)"),
    ("menu_item_search_lexemes", "restaurants_menuitem USING gin (search_lexemes)"),
    ("menu_item_search_trigrams", "restaurants_menuitem USING gin (search_name gin_trgm_ops)"),
    ("menu_item_diets", "restaurants_menuitem USING gin (diets)"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("restaurants", "0005_hours_and_slots"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="restaurant",
            name="delivery_area",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="Favourite",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "restaurant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="restaurants.restaurant",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "restaurant"), name="favourite_once_per_restaurant"
                    )
                ],
            },
        ),
        TrigramExtension(),
        *(migrations.RunSQL(forth, back) for forth, back in FUNCTIONS + COLUMNS),
        *(
            migrations.RunSQL(f"CREATE INDEX {name} ON {what}", f"DROP INDEX {name}")
            for name, what in INDEXES
        ),
    ]
