"""What staff write into a menu, and what they read of it."""

from datetime import time
from typing import Any

from rest_framework import serializers

from deliveryapp.api.fields import (
    MoneyField,
    NoteField,
    StrictBooleanField,
    StrictIntegerField,
    TextField,
)
from restaurants.api.serializers import ALLERGENS, DIETS, MenuItemStateOutput, WindowOutput
from restaurants.models.menu import MAX_PRICE_MINOR

MAX_POSITION = 32_767
MAX_STOCK = 100_000


class KeyField(TextField):
    """What the restaurant's own system calls a row; no two rows of a kind share one."""

    def __init__(self) -> None:
        super().__init__(max_length=60, required=False, allow_blank=True)


class PositionField(StrictIntegerField):
    def __init__(self) -> None:
        super().__init__(min_value=0, max_value=MAX_POSITION, required=False)


class PriceField(StrictIntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=MAX_PRICE_MINOR, **kwargs)


class MarksField(serializers.ListField):
    """Words of a closed vocabulary, each once, in its order."""

    def __init__(self, vocabulary: list[str]) -> None:
        self._vocabulary = vocabulary
        super().__init__(child=serializers.ChoiceField(choices=vocabulary), required=False)

    def to_internal_value(self, data: Any) -> list[str]:
        given = super().to_internal_value(data)
        return [word for word in self._vocabulary if word in given]


class WindowInput(serializers.Serializer[Any]):
    weekdays = serializers.ListField(
        child=StrictIntegerField(min_value=0, max_value=6), min_length=1, max_length=7
    )
    starts = serializers.TimeField(input_formats=["%H:%M"], help_text="Wall time in the restaurant's zone")
    ends = serializers.TimeField(input_formats=["%H:%M"], help_text="Not after `starts`: on the next day")

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """As rows keep it."""
        window = super().to_internal_value(data)
        return {
            "weekdays": sorted(set(window["weekdays"])),
            "starts": _clock(window["starts"]),
            "ends": _clock(window["ends"]),
        }


def _clock(wall: time) -> str:
    return f"{wall:%H:%M}"


class WindowsField(serializers.ListField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=WindowInput(), required=False, max_length=14, **kwargs)


class RowInput(serializers.Serializer[Any]):
    """What every row of a menu has."""

    name = TextField(max_length=80)
    position = PositionField()
    external_key = KeyField()


class SectionInput(RowInput):
    windows = WindowsField(help_text="Empty: always served")


class ItemFields(RowInput):
    name = TextField(max_length=120)
    description = NoteField(max_length=400)
    price_minor = PriceField()
    allergens = MarksField(ALLERGENS)
    diets = MarksField(DIETS)
    stock = StrictIntegerField(
        min_value=0, max_value=MAX_STOCK, allow_null=True, required=False, help_text="null: not counted"
    )
    windows = WindowsField(help_text="Instead of the section's")


class ItemInput(ItemFields):
    section_id = serializers.UUIDField()


class GroupFields(RowInput):
    min_choices = StrictIntegerField(min_value=0, max_value=60, required=False)
    max_choices = StrictIntegerField(min_value=1, max_value=60, required=False)


class GroupChange(GroupFields):
    opened_by_id = serializers.UUIDField(
        allow_null=True, required=False, help_text="Asked only of who chose this option of the same item"
    )


class GroupInput(GroupChange):
    item_id = serializers.UUIDField()


class OptionChange(RowInput):
    price_delta_minor = PriceField(required=False)


class OptionInput(OptionChange):
    group_id = serializers.UUIDField()


class _Archivable(serializers.Serializer[Any]):
    archived = StrictBooleanField(required=False, help_text="Off the menu; orders still know it")


class SectionChange(SectionInput, _Archivable):
    pass


class ItemChange(ItemInput, _Archivable):
    pass


class GroupPatch(GroupChange, _Archivable):
    pass


class OptionPatch(OptionChange, _Archivable):
    pass


class CatalogueQuery(serializers.Serializer[Any]):
    archived = serializers.BooleanField(default=False, help_text="Show what is archived, too")


class _RowOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    position = serializers.IntegerField()
    external_key = serializers.CharField(allow_blank=True)
    archived = serializers.BooleanField()


class CatalogueOptionOutput(_RowOutput, MenuItemStateOutput):
    price_delta = MoneyField()


class CatalogueGroupOutput(_RowOutput):
    opened_by_id = serializers.UUIDField(allow_null=True)
    min_choices = serializers.IntegerField()
    max_choices = serializers.IntegerField()
    options = CatalogueOptionOutput(many=True)


class CatalogueItemOutput(_RowOutput, MenuItemStateOutput):
    description = serializers.CharField(allow_blank=True)
    price = MoneyField()
    allergens = serializers.ListField(child=serializers.ChoiceField(choices=ALLERGENS))
    diets = serializers.ListField(child=serializers.ChoiceField(choices=DIETS))
    stock = serializers.IntegerField(allow_null=True)
    windows = WindowOutput(many=True)
    served_now = serializers.BooleanField()
    option_groups = CatalogueGroupOutput(many=True, help_text="Flat: `opened_by_id` says what is nested")


class CatalogueSectionOutput(_RowOutput):
    windows = WindowOutput(many=True)
    items = CatalogueItemOutput(many=True)


class CatalogueOutput(serializers.Serializer[Any]):
    restaurant_id = serializers.UUIDField()
    role = serializers.ChoiceField(choices=["owner", "manager", "kitchen"])
    may_edit = serializers.BooleanField()
    currency = serializers.CharField()
    timezone = serializers.CharField()
    sections = CatalogueSectionOutput(many=True)


class RowOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()


class ImportQuery(serializers.Serializer[Any]):
    dry_run = serializers.BooleanField(default=False, help_text="Check everything and write nothing")


class FileRowOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["section", "item", "group", "option"])
    key = serializers.CharField(help_text="The external key, or our id")
    parent = serializers.CharField(  # type: ignore[assignment]
        required=False, help_text="Key of the section, item or group it stands in"
    )
    opened_by = serializers.CharField(required=False, help_text="Of a group: key of the option that opens it")
    name = serializers.CharField()
    description = serializers.CharField(required=False)
    price_minor = serializers.IntegerField(required=False)
    price_delta_minor = serializers.IntegerField(required=False)
    min_choices = serializers.IntegerField(required=False)
    max_choices = serializers.IntegerField(required=False)
    position = serializers.IntegerField(required=False)
    allergens = serializers.ListField(child=serializers.ChoiceField(choices=ALLERGENS), required=False)
    diets = serializers.ListField(child=serializers.ChoiceField(choices=DIETS), required=False)
    windows = WindowOutput(many=True, required=False)
    stock = serializers.IntegerField(required=False, allow_null=True, help_text="Never exported")
    archived = serializers.BooleanField(required=False)


class FileOutput(serializers.Serializer[Any]):
    rows = FileRowOutput(many=True)


class ImportedOutput(serializers.Serializer[Any]):
    created = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    dry_run = serializers.BooleanField()
