"""Doors to the menu for staff: parse, one call, translate the answer."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from deliveryapp.api.authentication import current_user
from deliveryapp.api.parsers import JSONParser
from deliveryapp.clock import utc_now
from restaurants.api import catalogue_serializers as forms
from restaurants.api import examples
from restaurants.api.catalogue_bodies import catalogue_body
from restaurants.api.catalogue_files import CsvParser, as_csv, read_file
from restaurants.api.menus import state_body
from restaurants.api.serializers import AvailabilityInput, MenuItemStateOutput
from restaurants.selectors.catalogue import Kind, catalogue
from restaurants.services.availability import set_availability
from restaurants.services.catalogue import add_row, change_row
from restaurants.services.importing import export_rows, import_menu

Form = type[serializers.Serializer[Any]]


class CatalogueView(APIView):
    @extend_schema(
        tags=["catalogue"],
        summary="The whole menu as staff see it",
        parameters=[forms.CatalogueQuery],
        responses={200: forms.CatalogueOutput},
        examples=[OpenApiExample("One soup", response_only=True, value=examples.CATALOGUE)],
    )
    def get(self, request: Request, restaurant_id: UUID) -> Response:
        query = _valid(forms.CatalogueQuery(data=request.query_params))
        user_id = current_user(request).pk
        found = catalogue(user_id=user_id, restaurant_id=restaurant_id, with_archived=query["archived"])
        return Response(catalogue_body(found, utc_now()))


class _RowsView(APIView):
    kind: ClassVar[Kind]
    form: ClassVar[Form]

    def post(self, request: Request, restaurant_id: UUID) -> Response:
        fields = _valid(self.form(data=request.data))
        user_id = current_user(request).pk
        row = add_row(user_id=user_id, restaurant_id=restaurant_id, kind=self.kind, fields=fields)
        return Response({"id": row.pk}, status=status.HTTP_201_CREATED)


class _RowView(APIView):
    kind: ClassVar[Kind]
    form: ClassVar[Form]

    def patch(self, request: Request, restaurant_id: UUID, row_id: UUID) -> Response:
        self._change(request, restaurant_id, row_id, _valid(self.form(data=request.data, partial=True)))
        return Response({"id": row_id})

    def delete(self, request: Request, restaurant_id: UUID, row_id: UUID) -> Response:
        self._change(request, restaurant_id, row_id, {"archived": True})
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _change(self, request: Request, restaurant_id: UUID, row_id: UUID, fields: dict[str, Any]) -> None:
        change_row(
            user_id=current_user(request).pk,
            restaurant_id=restaurant_id,
            kind=self.kind,
            row_id=row_id,
            fields=fields,
            now=utc_now(),
        )


def _adding(form: Form, what: str, example: dict[str, Any]) -> Any:
    return extend_schema(
        tags=["catalogue"],
        summary=f"Add {what} (owner, manager)",
        request=form,
        responses={201: forms.RowOutput},
        examples=[OpenApiExample("New", request_only=True, value=example)],
    )


def _changing(form: Form, what: str) -> Any:
    return extend_schema(
        tags=["catalogue"],
        summary=f"Change {what}, take it off the menu or put it back (owner, manager)",
        request=form,
        responses={200: forms.RowOutput},
    )


def _archiving(what: str) -> Any:
    return extend_schema(
        tags=["catalogue"],
        summary=f"Take {what} off the menu; orders still know it (owner, manager)",
        responses={204: None},
    )


@extend_schema_view(post=_adding(forms.SectionInput, "a section", examples.NEW_SECTION))
class SectionsView(_RowsView):
    kind, form = Kind.SECTION, forms.SectionInput


@extend_schema_view(
    patch=_changing(forms.SectionChange, "a section"), delete=_archiving("a section and its items")
)
class SectionView(_RowView):
    kind, form = Kind.SECTION, forms.SectionChange


@extend_schema_view(post=_adding(forms.ItemInput, "an item", examples.NEW_ITEM))
class ItemsView(_RowsView):
    kind, form = Kind.ITEM, forms.ItemInput


@extend_schema_view(patch=_changing(forms.ItemChange, "an item"), delete=_archiving("an item"))
class ItemView(_RowView):
    kind, form = Kind.ITEM, forms.ItemChange


@extend_schema_view(post=_adding(forms.GroupInput, "an option group", examples.NEW_GROUP))
class GroupsView(_RowsView):
    kind, form = Kind.GROUP, forms.GroupInput


@extend_schema_view(
    patch=_changing(forms.GroupPatch, "an option group"), delete=_archiving("an option group")
)
class GroupView(_RowView):
    kind, form = Kind.GROUP, forms.GroupPatch


@extend_schema_view(post=_adding(forms.OptionInput, "an option", examples.NEW_OPTION))
class OptionsView(_RowsView):
    kind, form = Kind.OPTION, forms.OptionInput


@extend_schema_view(patch=_changing(forms.OptionPatch, "an option"), delete=_archiving("an option"))
class OptionView(_RowView):
    kind, form = Kind.OPTION, forms.OptionPatch


class ExportView(APIView):
    @extend_schema(
        tags=["catalogue"],
        summary="The menu as a file that can be imported again",
        responses={(200, "application/json"): forms.FileOutput, (200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, restaurant_id: UUID, kind: str) -> HttpResponse | Response:
        user_id = current_user(request).pk
        found = catalogue(user_id=user_id, restaurant_id=restaurant_id, with_archived=False)
        rows = export_rows(restaurant_id=restaurant_id, sections=found.sections)
        name = {"Content-Disposition": f'attachment; filename="menu-{found.restaurant.slug}.{kind}"'}
        if kind == "csv":
            return HttpResponse(as_csv(rows), content_type="text/csv; charset=utf-8", headers=name)
        return Response({"rows": rows}, headers=name)


class ImportView(APIView):
    parser_classes = (JSONParser, CsvParser)

    @extend_schema(
        tags=["catalogue"],
        summary="Write a menu from a file: all rows or none (owner, manager)",
        parameters=[forms.ImportQuery],
        request={"application/json": forms.FileOutput, "text/csv": OpenApiTypes.STR},
        responses={200: forms.ImportedOutput},
        examples=[OpenApiExample("Two rows", request_only=True, value=examples.MENU_FILE)],
    )
    def post(self, request: Request, restaurant_id: UUID) -> Response:
        outcome = import_menu(
            user_id=current_user(request).pk,
            restaurant_id=restaurant_id,
            rows=read_file(request.data),
            is_dry_run=_valid(forms.ImportQuery(data=request.query_params))["dry_run"],
            now=utc_now(),
        )
        return Response(
            {
                "created": outcome.created,
                "changed": outcome.changed,
                "unchanged": outcome.unchanged,
                "dry_run": outcome.is_dry_run,
            }
        )


def _switch(request: Request, restaurant_id: UUID, kind: Kind, row_id: UUID) -> Response:
    data, now = _valid(AvailabilityInput(data=request.data)), utc_now()
    row = set_availability(
        user_id=current_user(request).pk,
        restaurant_id=restaurant_id,
        kind=kind,
        row_id=row_id,
        is_available=data["available"],
        sold_out_until=data.get("sold_out_until"),
        until_end_of_day="until" in data,
        now=now,
    )
    return Response(state_body(row, now))


_SWITCH: dict[str, Any] = {
    "tags": ["kitchen"],
    "request": AvailabilityInput,
    "responses": {200: MenuItemStateOutput},
    "examples": [
        OpenApiExample("Sold out", request_only=True, value={"available": False}),
        OpenApiExample("For today", request_only=True, value={"available": False, "until": "end_of_day"}),
        OpenApiExample("Sold out now", response_only=True, value=examples.SOLD_OUT_ITEM),
    ],
}


class ItemSwitchView(APIView):
    @extend_schema(summary="Mark an item as sold out, or sell it again", **_SWITCH)
    def patch(self, request: Request, restaurant_id: UUID, item_id: UUID) -> Response:
        return _switch(request, restaurant_id, Kind.ITEM, item_id)


class OptionSwitchView(APIView):
    @extend_schema(summary="Mark an option as sold out, or sell it again", **_SWITCH)
    def patch(self, request: Request, restaurant_id: UUID, option_id: UUID) -> Response:
        return _switch(request, restaurant_id, Kind.OPTION, option_id)


def _valid(form: Any) -> dict[str, Any]:
    """The data, once valid; otherwise DRF's ValidationError."""
    form.is_valid(raise_exception=True)
    data: dict[str, Any] = form.validated_data
    return data
