"""Form-encoded nested parameters and the checks of single values; a wrong one raises a 400 that names it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .errors import Obj, Refusal, invalid, missing

Check = Callable[[str, Any], Any]
Spec = dict[str, Check]

_MAX_DEPTH = 8
_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_CARD_NUMBER = re.compile(r"(?<![\w-])[3-6](?:[ -]?\d){12,18}(?![\w-])")
_CURRENCY_CODES = (
    "aed aud bgn brl cad chf clp cny czk dkk eur gbp hkd huf idr ils inr isk jpy krw mxn myr nok nzd"
    " php pln ron sek sgd thb try twd usd vnd zar"
)
_CURRENCIES = frozenset(_CURRENCY_CODES.split())


def parse(pairs: Iterable[tuple[str, str]]) -> Obj:
    """``a[b][c]=v``, ``a[]=v`` and ``a[0]=v`` to nested dicts; arrays keep their index as key."""
    root: Obj = {}
    for key, value in pairs:
        found = _KEY.match(key)
        if not found:
            raise invalid(f"Invalid parameter name: {key[:80]}", param=key[:80])
        head, tail = found.groups()
        _insert(root, [head, *tail[1:-1].split("][")] if tail else [head], value, key)
    return root


def _insert(root: Obj, path: list[str], value: str, key: str) -> None:
    if len(path) > _MAX_DEPTH:
        raise invalid(f"Parameter nested too deeply: {key[:80]}", param=key[:80])
    node = root
    for part in path[:-1]:
        node = node.setdefault(part or str(len(node)), {})
        if not isinstance(node, dict):
            raise invalid(f"Invalid object: {key[:80]}", param=key[:80])
    node[path[-1] or str(len(node))] = value


def check(spec: Spec, raw: Obj, *, required: tuple[str, ...] = ()) -> Obj:
    """The checked parameters; those not sent are absent, those sent empty are None."""
    return _fields(spec, raw, prefix="", required=required)


def _fields(spec: Spec, raw: Obj, *, prefix: str, required: tuple[str, ...] = ()) -> Obj:
    checked: Obj = {}
    for name, value in raw.items():
        param = f"{prefix}[{name}]" if prefix else name
        if name not in spec:
            raise invalid(f"Received unknown parameter: {param}", param=param, code="parameter_unknown")
        checked[name] = spec[name](param, value)
    for name in required:
        if checked.get(name) is None:
            raise missing(f"{prefix}[{name}]" if prefix else name)
    return checked


def refuse_card_numbers(raw: Obj, path: str = "") -> None:
    """No card number passes, under whatever name; phone numbers are the only long digits allowed."""
    for name, value in raw.items():
        param = f"{path}[{name}]" if path else name
        if isinstance(value, dict):
            refuse_card_numbers(value, param)
        elif (name == "number" and path.rstrip("]").endswith(("card", "source"))) or (
            name != "phone" and looks_like_card_number(value)
        ):
            raise Refusal(
                "Raw card numbers are never accepted here; use a test payment method such as pm_card_visa.",
                param=param,
                stored=False,
            )


def looks_like_card_number(value: str) -> bool:
    if len(value) < 13:
        return False
    return any(_luhn(re.sub(r"\D", "", found)) for found in _CARD_NUMBER.findall(value))


def _luhn(digits: str) -> bool:
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(sum(divmod(2 * int(d), 10)) for d in even)) % 10 == 0


def _scalar(param: str, value: Any) -> str:
    if not isinstance(value, str):
        raise invalid(f"Invalid string: {param}", param=param)
    return value


def integer(minimum: int = 0, maximum: int = 99_999_999) -> Check:
    def run(param: str, value: Any) -> int:
        text_value = _scalar(param, value)
        if not re.fullmatch(r"-?\d{1,18}", text_value, re.ASCII):
            raise invalid(
                f"Invalid integer: {text_value[:40]}", param=param, code="parameter_invalid_integer"
            )
        number = int(text_value)
        if number < minimum:
            raise invalid(
                f"Invalid integer: {param} must be at least {minimum}.",
                param=param,
                code="parameter_invalid_integer",
            )
        if number > maximum:
            raise invalid(f"{param} must be no more than {maximum}.", param=param, code="amount_too_large")
        return number

    return run


def text(limit: int = 5000, *, empty: bool = True) -> Check:
    """A string; sent empty it means "unset" (None), unless ``empty`` is False."""

    def run(param: str, value: Any) -> str | None:
        found = _scalar(param, value)
        if len(found) > limit:
            raise invalid(f"{param} must be at most {limit} characters.", param=param)
        if not found and not empty:
            raise invalid(f"{param} was sent empty.", param=param, code="parameter_invalid_empty")
        return found or None

    return run


def flag(param: str, value: Any) -> bool:
    if value not in ("true", "false"):
        raise invalid(f"Invalid boolean: {_scalar(param, value)[:40]}", param=param)
    return bool(value == "true")


def one_of(*names: str) -> Check:
    def run(param: str, value: Any) -> str:
        if value not in names:
            raise invalid(f"Invalid {param}: must be one of {', '.join(names)}", param=param)
        return str(value)

    return run


def currency(param: str, value: Any) -> str:
    code = _scalar(param, value).lower()
    if code not in _CURRENCIES:
        raise invalid(f"Invalid currency: {code[:10]}", param=param)
    return code


def metadata(param: str, value: Any) -> dict[str, str]:
    """String to string; an empty value removes the key."""
    if not isinstance(value, dict) or len(value) > 50:
        raise invalid(f"{param} must be an object of at most 50 keys.", param=param)
    for key, item in value.items():
        if len(key) > 40 or len(_scalar(f"{param}[{key}]", item)) > 500:
            raise invalid("Metadata keys hold 40 and values 500 characters.", param=f"{param}[{key}]")
    return value


def changed_metadata(param: str, value: Any) -> dict[str, str]:
    """The whole sent empty removes all ({"": ""})."""
    return {"": ""} if value == "" else metadata(param, value)


@dataclass(frozen=True, slots=True)
class Nested:
    """An object inside a parameter."""

    spec: Spec
    required: tuple[str, ...] = ()

    def __call__(self, param: str, value: Any) -> Obj:
        if not isinstance(value, dict):
            raise invalid(f"Invalid object: {param}", param=param)
        return _fields(self.spec, value, prefix=param, required=self.required)


def nested(*required: str, **spec: Check) -> Nested:
    return Nested(spec, required)


def array(item: Check) -> Check:
    def run(param: str, value: Any) -> list[Any]:
        if not isinstance(value, dict) or not all(index.isdigit() for index in value):
            raise invalid(f"Invalid array: {param}", param=param)
        return [item(f"{param}[{index}]", found) for index, found in value.items()]

    return run


@dataclass(frozen=True, slots=True)
class Clearable:
    """Sent empty it means "unset" (None)."""

    check: Check

    def __call__(self, param: str, value: Any) -> Any:
        return None if value == "" else self.check(param, value)


def clearable(check: Check) -> Clearable:
    return Clearable(check)


def moment(param: str, value: Any) -> Obj:
    """``created=T`` or ``created[gte|gt|lte|lt]=T``, in seconds since 1970."""
    second = integer(maximum=10**12)
    if isinstance(value, str):
        exact = second(param, value)
        return {"gte": exact, "lte": exact}
    found: Obj = nested(gte=second, gt=second, lte=second, lt=second)(param, value)
    return found


def unsimulated(param: str, value: Any) -> Any:
    raise invalid(f"Stripe knows {param}, but this sandbox does not simulate it.", param=param)


def no_longer(param: str, value: Any) -> Any:
    """Removed from the API in version 2026-09-30; the SDK of this project speaks a newer one."""
    raise invalid(
        f"{param} is no longer supported by this API version; send allowed_{param} instead.",
        param=param,
        code=f"{param}_no_longer_supported",
    )
