"""Menus as files: CSV and JSON in and out, one row per section, item, group or option.

The columns of a CSV file are COLUMNS in any order; a column that is not there is left as it is. `allergens`
and `diets` are words with spaces between them, `windows` looks like `01234 10:30-15:00; 56 12:00-16:00`.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework import parsers, serializers

from deliveryapp.api.fields import StrictBooleanField, TextField
from deliveryapp.api.parsers import BodyTooLarge
from deliveryapp.api.problems import field_errors
from deliveryapp.errors import InvalidInput
from restaurants.api import catalogue_serializers as forms
from restaurants.selectors.catalogue import Kind
from restaurants.services.importing import MOST_ROWS, FileRow, RowError, refuse

LINKS = ("kind", "key", "parent", "opened_by", "archived")
COLUMNS = (
    "kind",
    "key",
    "parent",
    "opened_by",
    "name",
    "description",
    "price_minor",
    "price_delta_minor",
    "min_choices",
    "max_choices",
    "position",
    "allergens",
    "diets",
    "windows",
    "stock",
    "archived",
)
_EXPORTED = COLUMNS[:-2]
_INTEGERS = ("price_minor", "price_delta_minor", "min_choices", "max_choices", "position", "stock")
_FORMS = {
    Kind.SECTION: forms.SectionInput,
    Kind.ITEM: forms.ItemFields,
    Kind.GROUP: forms.GroupFields,
    Kind.OPTION: forms.OptionChange,
}
# What a spreadsheet takes for a formula, and what we have put an apostrophe in front of.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_DISARMED = re.compile(r"'+[=+\-@\t\r]")
_WINDOW = re.compile(r"([0-6]{1,7}) (\d\d:\d\d)-(\d\d:\d\d)")
_INTEGER = re.compile(r"-?\d{1,12}")


class MalformedFile(InvalidInput):
    """Not a file of rows at all."""

    code, title = "malformed_file", "The file cannot be read"


class CsvParser(parsers.BaseParser):
    """CSV in UTF-8, with or without a byte order mark, as the list of its rows."""

    media_type = "text/csv"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise BodyTooLarge
        return {"rows": _csv_rows(body)}


def _csv_rows(body: bytes) -> list[tuple[int, dict[str, Any]]]:
    try:
        text = body.decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        header = list(reader.fieldnames or ())
        if "\x00" in text or not header or set(header) - set(COLUMNS) or len(set(header)) < len(header):
            raise MalformedFile(f"The first line names columns, each once, of: {', '.join(COLUMNS)}.")
        return [(reader.line_num, _cells(cells)) for cells in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise MalformedFile(str(error)[:200]) from None


def _cells(cells: Mapping[str | None, Any]) -> dict[str, Any]:
    """The cells as values; a row that is longer than the header has them under None."""
    values = {
        name: _value(name, _armed(cell))
        for name, cell in cells.items()
        if name is not None and cell is not None
    }
    # An empty cell says nothing about a number, and not that there are none left.
    kept = {name: value for name, value in values.items() if not (name in _INTEGERS and value == "")}
    return kept | ({"extra": True} if None in cells else {})


def _value(name: str, cell: str) -> Any:
    if name in _INTEGERS:
        return int(cell) if _INTEGER.fullmatch(cell) else cell
    if name in ("allergens", "diets"):
        return cell.split()
    if name == "windows":
        return [_window(part.strip()) for part in cell.split(";") if part.strip()]
    if name == "archived":
        return {"": False, "false": False, "true": True}.get(cell.lower(), cell)
    return cell


def _window(part: str) -> Any:
    found = _WINDOW.fullmatch(part)
    if found is None:
        return part
    days, starts, ends = found.groups()
    return {"weekdays": [int(day) for day in days], "starts": starts, "ends": ends}


def _armed(cell: str) -> str:
    return cell[1:] if _DISARMED.match(cell) else cell


def read_file(data: Any) -> list[FileRow]:
    """The rows of a parsed body. Raises MalformedFile, and ImportRefused with what is wrong in which line."""
    given = data.get("rows") if isinstance(data, dict) else None
    if not isinstance(given, list) or not given:
        raise MalformedFile("There are no rows.")
    if len(given) > MOST_ROWS:
        raise MalformedFile(f"More than {MOST_ROWS} rows: split the file.")
    numbered = [row if isinstance(row, tuple) else (index, row) for index, row in enumerate(given, 1)]
    errors: list[RowError] = []
    rows = [row for line, values in numbered if (row := _row(line, values, errors)) is not None]
    refuse(errors)
    return rows


class _LinksInput(serializers.Serializer[Any]):
    """What a row of a file says besides its fields."""

    kind = serializers.ChoiceField(choices=[kind.value for kind in Kind])
    key = TextField(max_length=60)
    parent = TextField(max_length=60, required=False, allow_blank=True)  # type: ignore[assignment]
    opened_by = TextField(max_length=60, required=False, allow_blank=True)
    archived = StrictBooleanField(default=False)


def _row(line: int, values: Any, errors: list[RowError]) -> FileRow | None:
    """The row, or None with its errors added to the list."""
    if not isinstance(values, dict):
        errors.append(RowError(line, "", "invalid", "A row is an object."))
        return None
    before = len(errors)
    if set(values) - set(COLUMNS):
        errors.append(RowError(line, "", "unknown_column", f"A row has: {', '.join(COLUMNS)}."))
    links = _LinksInput(data={name: values[name] for name in LINKS if name in values})
    errors += _errors_of(line, links)
    if len(errors) > before:
        return None
    kind = Kind(links.validated_data["kind"])
    form = _FORMS[kind](data=_fields_of(kind, values))
    errors += _errors_of(line, form)
    if len(errors) > before:
        return None
    data = links.validated_data
    return FileRow(
        line=line,
        kind=kind,
        key=data["key"],
        parent=data.get("parent", ""),
        opened_by=data.get("opened_by"),
        is_archived=data["archived"],
        fields={name: value for name, value in form.validated_data.items() if name in values},
    )


def _fields_of(kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    known = _FORMS[kind]().fields
    return {name: value for name, value in values.items() if name in known}


def _errors_of(line: int, form: serializers.Serializer[Any]) -> list[RowError]:
    if form.is_valid():
        return []
    return [
        RowError(line, error["field"], error["code"], error["detail"]) for error in field_errors(form.errors)
    ]


def as_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows as CSV that no spreadsheet takes for formulas."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, _EXPORTED, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _disarmed(_cell(name, value)) for name, value in row.items()})
    return out.getvalue()


def _cell(name: str, value: Any) -> str:
    if name in ("allergens", "diets"):
        return " ".join(value)
    if name == "windows":
        return "; ".join(
            f"{''.join(map(str, window['weekdays']))} {window['starts']}-{window['ends']}" for window in value
        )
    return str(value)


def _disarmed(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell
