"""What the pinned Stripe SDK knows: its paths, and the parameters that its own types allow there.

The SDK is asked itself which request each of its methods makes; its TypedDicts say what may be in it. What
is checked is what goes over the wire, decoded again, so that no caller can get around it.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import ModuleType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin
from urllib.parse import parse_qsl, unquote, urlsplit

import stripe
from stripe._request_options import RequestOptions
from stripe._stripe_object import UntypedStripeObject
from typing_extensions import get_type_hints, is_typeddict

from payments.sandbox.params import parse

ID = "an_id"  # stands for every id in a path
OPTIONS = frozenset(RequestOptions.__annotations__)  # of the SDK's caller, never sent as parameters
Tree = dict[str, Any]  # decoded: text, or a tree; arrays have their index as key


class Route(NamedTuple):
    method: str
    path: str  # below the host, with ID for each id


# Paths ----------------------------------------------------------------------------------------


class _Nobody(stripe.HTTPClient):
    """Answers everything with an empty object and remembers what was asked."""

    name = "nobody"

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Route] = []

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[str, int, Mapping[str, str]]:
        self.asked.append(Route(method.upper(), urlsplit(url).path))
        return "{}", 200, {}

    request_stream = request  # downloads

    def close(self) -> None:
        """Nothing is open."""


@cache
def routes() -> dict[Route, type | None]:
    """Every call of the v1 API that the SDK can make, with the type of its parameters."""
    nobody = _Nobody()
    client = stripe.StripeClient("sk_test_x", base_addresses={"api": "http://nobody"}, http_client=nobody)
    found: dict[Route, type | None] = {}
    for function, call in _methods(client.v1):
        nobody.asked.clear()
        call(*[ID] * _id_count(function), {})
        for route in nobody.asked:
            found[route] = _params_type(function)
    return found


def _methods(service: object) -> Iterator[tuple[Callable[..., Any], Callable[..., Any]]]:
    """The synchronous methods of a service and of the services below it, as functions and bound."""
    for name, function in inspect.getmembers(type(service), inspect.isfunction):
        is_call = "options" in inspect.signature(function).parameters
        if is_call and not name.startswith("_") and not name.endswith("_async"):
            yield function, getattr(service, name)
    for name, kind in type(service).__annotations__.items():
        if str(kind).endswith("Service"):
            yield from _methods(getattr(service, name))


def _id_count(function: Callable[..., Any]) -> int:
    return list(inspect.signature(function).parameters).index("params") - 1


def _params_type(function: Callable[..., Any]) -> type | None:
    """Named in the annotation, imported by its module for type checkers only."""
    name = re.search(r"\w+Params", str(function.__annotations__["params"]))
    module = inspect.getmodule(function)
    assert name is not None
    assert module is not None
    return getattr(_home_of(module, name.group()), name.group())  # type: ignore[no-any-return]


@cache
def _imports(module: ModuleType) -> dict[str, str]:
    nodes = [
        node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.ImportFrom)
    ]
    return {alias.name: node.module or "" for node in nodes for alias in node.names}


def _home_of(module: ModuleType, name: str) -> ModuleType:
    return importlib.import_module(_imports(module)[name])


# Parameters -----------------------------------------------------------------------------------


def violations(method: str, url: str, body: str | None) -> list[str]:
    """Everything in this request that the SDK's types do not allow; empty for one that Stripe understands."""
    parts = urlsplit(url)
    route = find_route(method, parts.path)
    if route is None:
        return [f"{method.upper()} {parts.path}: no method of the SDK makes this request"]
    sent = parse(parse_qsl(f"{parts.query}&{body or ''}", keep_blank_values=True))
    return [f"{route.method} {route.path}: {fault}" for fault in faults(routes()[route], sent)]


def find_route(method: str, path: str) -> Route | None:
    """The SDK's route for a real path; a word that is no id wins over one that might be."""
    words = unquote(path).split("/")
    alike = _patterns().get((method.upper(), len(words)), [])
    fitting = [route for route, pattern in alike if _fits(pattern, words)]
    return min(fitting, key=lambda route: route.path.count(ID), default=None)


@cache
def _patterns() -> dict[tuple[str, int], list[tuple[Route, list[str]]]]:
    """The routes with their words, by method and number of words: every request of a test looks here."""
    found: defaultdict[tuple[str, int], list[tuple[Route, list[str]]]] = defaultdict(list)
    for route in routes():
        pattern = route.path.split("/")
        found[route.method, len(pattern)].append((route, pattern))
    return found


def _fits(pattern: list[str], words: list[str]) -> bool:
    return all(known in (ID, word) for known, word in zip(pattern, words, strict=True))


def faults(kind: Any, value: Any, at: str = "") -> list[str]:
    """Where a decoded value breaks its type."""
    if is_typeddict(kind):
        return _faults_of_object(kind, value, at)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return min((faults(choice, value, at) for choice in _choices(arguments)), key=_weight)
    if origin is Literal:
        return [] if value in arguments else [f"{at}={value!r} is none of {arguments}"]
    if origin is list:
        return _faults_of_array(arguments[0], value, at)
    if origin in (dict, UntypedStripeObject):
        return _faults_of_mapping(arguments[-1], value, at)
    return [] if _is_scalar(kind, value) else [f"{at}={value!r} is not {getattr(kind, '__name__', kind)}"]


def _choices(arguments: tuple[Any, ...]) -> list[Any]:
    """The SDK lets any text pass where a later version may know more words; its own words are meant here."""
    words = [word for choice in arguments if get_origin(choice) is Literal for word in get_args(choice)]
    return [choice for choice in arguments if not (choice is str and any(words))]


def _weight(found: list[str]) -> tuple[int, int]:
    """Of a union's choices, the one that fits, else the one that was meant: it is wrong deep inside only."""
    depths = [fault.partition("=")[0].count("[") for fault in found]
    return -min(depths, default=99), len(found)


@cache
def fields_of(kind: type) -> dict[str, Any]:
    """The parameters of an object type, without the options of the SDK's caller."""
    told = kind.__annotations__
    options = OPTIONS if told.keys() >= OPTIONS else frozenset()
    own = {name: hint for name, hint in told.items() if name not in options}
    # Only its own: what it inherits is written for the namespace of another module.
    return get_type_hints(type(kind.__name__, (), {"__annotations__": own, "__module__": kind.__module__}))


def _faults_of_object(kind: Any, value: Any, at: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{at}={value!r} is not an object"]
    known = fields_of(kind)
    found = [f"{_below(at, name)} does not exist" for name in value if name not in known]
    missing = kind.__required_keys__ - value.keys()
    found += [f"{_below(at, name)} is required" for name in sorted(missing)]
    for name in value.keys() & known.keys():
        found += faults(known[name], value[name], _below(at, name))
    return found


def _faults_of_array(item: Any, value: Any, at: str) -> list[str]:
    if not isinstance(value, dict) or list(value) != [str(number) for number in range(len(value))]:
        return [f"{at}={value!r} is not an array"]
    return [fault for number, one in value.items() for fault in faults(item, one, _below(at, number))]


def _faults_of_mapping(item: Any, value: Any, at: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{at}={value!r} is not a mapping"]
    return [fault for name, one in value.items() for fault in faults(item, one, _below(at, name))]


def _below(at: str, name: str) -> str:
    return f"{at}[{name}]" if at else name


def _is_scalar(kind: Any, value: Any) -> bool:
    if kind is Any or kind is object:
        return True
    if not isinstance(value, str):
        return False
    patterns = {int: r"-?\d+", float: r"-?\d+(\.\d+)?", bool: r"true|false", str: r".*", type(None): r""}
    return re.fullmatch(patterns[kind], value, re.ASCII | re.DOTALL) is not None
