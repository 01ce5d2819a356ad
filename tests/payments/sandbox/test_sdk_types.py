"""The sandbox accepts nothing that the official SDK's own types would not send."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, Literal, get_args, get_origin

import pytest
from typing_extensions import is_typeddict

from payments.sandbox.errors import Refusal
from payments.sandbox.params import Clearable, Nested, Spec, check
from payments.sandbox.routes import ROUTES, Operation
from tests.payments import sdk_types
from tests.payments.sdk_types import ID, Route, faults, fields_of

REMOVED = {"payment_method_types"}  # known to the sandbox, to say what takes its place
CARDS_ONLY = {"payment_methods.create"}  # of the many kinds of payment methods, only cards are known here
BY_NAME = {operation.name: (key, operation) for key, operation in ROUTES.items()}

SAMPLES: list[Any] = ["", "x", "1", "-1", "1.5", "true", "card", "2024-01-01"]
SAMPLES += [{"invented": "x"}, {"0": "x"}, {"0": "card"}, {"0": {"invented": "x"}}, {"": "x"}]
"""Each is sent as each parameter that the SDK knows."""


def route_of(name: str) -> Route:
    (method, resource, has_id, action), _ = BY_NAME[name]
    words = ["v1", resource, *([ID] if has_id else []), *([action] if action else [])]
    return Route(method, "/" + "/".join(words))


def type_of(name: str) -> type:
    found = sdk_types.routes()[route_of(name)]
    assert found is not None
    return found


def refusal_of(operation: Operation, sent: dict[str, Any]) -> Refusal | None:
    """By its parameters; that others are missing does not matter here."""
    try:
        check(operation.spec, sent)
    except Refusal as refusal:
        return refusal
    return None


def wrapped(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    for name in reversed(path):
        value = {name: value}
    tree: dict[str, Any] = value
    return tree


def probes(operation: Operation, kind: Any, above: tuple[str, ...] = ()) -> Iterator[list[dict[str, Any]]]:
    """For every parameter of this type, and of the objects in it as far as the sandbox looks into them, all
    samples and all the words that the SDK knows for it.
    """
    for name, hint in fields_of(kind).items():
        path = (*above, name)
        words = [
            word
            for choice in (hint, *get_args(hint))
            if get_origin(choice) is Literal
            for word in get_args(choice)
        ]
        yield [wrapped(path, sample) for sample in (*SAMPLES, *words)]
        inner = [choice for choice in (hint, *get_args(hint)) if is_typeddict(choice)]
        refusal = refusal_of(operation, wrapped(path, {"invented": "x"}))
        named = "".join([path[0], *(f"[{part}]" for part in (*path[1:], "invented"))])
        if refusal is None or refusal.error["param"] == named:
            for choice in inner:
                yield from probes(operation, choice, path)


def not_allowed(kind: type, sent: dict[str, Any]) -> list[str]:
    """What the SDK's types find wrong, other than that parameters of the operation itself are missing."""
    return [fault for fault in faults(kind, sent) if "[" in fault or "required" not in fault]


@pytest.mark.parametrize("name", BY_NAME)
def test_the_sdk_makes_this_call(name: str) -> None:
    assert route_of(name) in sdk_types.routes()


@pytest.mark.parametrize("name", sorted(set(BY_NAME) - CARDS_ONLY))
def test_every_parameter_of_the_sdk_is_known_and_no_other(name: str) -> None:
    _, operation = BY_NAME[name]
    assert set(operation.spec) - REMOVED == set(fields_of(type_of(name)))


def invented(spec: Spec, kind: Any, at: str = "") -> list[str]:
    """Names that the sandbox knows and the SDK does not, in this object and in those inside it."""
    known = fields_of(kind)
    found = [f"{at}[{name}]" for name in spec if name not in known and name not in REMOVED]
    for name in spec.keys() & known.keys():
        look = spec[name].check if isinstance(spec[name], Clearable) else spec[name]
        if isinstance(look, Nested):
            [inner] = [choice for choice in (known[name], *get_args(known[name])) if is_typeddict(choice)]
            found += invented(look.spec, inner, f"{at}[{name}]")
    return found


@pytest.mark.parametrize("name", BY_NAME)
def test_no_object_has_an_invented_part(name: str) -> None:
    _, operation = BY_NAME[name]
    assert invented(operation.spec, type_of(name)) == []


@pytest.mark.parametrize("name", BY_NAME)
def test_what_the_sdk_must_send_is_asked_for(name: str) -> None:
    _, operation = BY_NAME[name]
    assert type_of(name).__required_keys__ <= set(operation.required)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", BY_NAME)
def test_what_is_accepted_fits_the_types_of_the_sdk(name: str) -> None:
    _, operation = BY_NAME[name]
    kind = type_of(name)
    for sent in chain.from_iterable(probes(operation, kind)):
        if refusal_of(operation, sent) is None:
            assert not_allowed(kind, sent) == [], sent


def test_some_samples_pass_and_some_do_not() -> None:
    """The sweep above sees both sides: how many parameters take at least one sample, and refuse one."""
    taken = refused = 0
    for name, (_, operation) in BY_NAME.items():
        for sent in probes(operation, type_of(name)):
            ends = {refusal_of(operation, each) is None for each in sent}
            taken, refused = taken + (True in ends), refused + (False in ends)
    assert taken > 200
    assert refused > 300


@pytest.mark.parametrize("name", BY_NAME)
def test_an_invented_parameter_is_refused(name: str) -> None:
    _, operation = BY_NAME[name]
    refusal = refusal_of(operation, {"invented": "x"})
    assert refusal is not None
    assert (refusal.error["code"], refusal.error["param"]) == ("parameter_unknown", "invented")
