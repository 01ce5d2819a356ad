"""The 3-D Secure page, filled in as a browser would: fetch it, press the button. Knows only HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

from deliveryapp.simulator.client import Problem, Transport

APPROVAL = ("complete", "approve", "succeed", "pass", "authenticate", "confirm")


class NoForm(Exception):
    """The page has no form to send."""


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes, its fields, and its submit buttons as (name, value, text)."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)

    def approval(self) -> dict[str, str]:
        """What the browser sends when the customer approves."""
        for name, value, text in self.buttons:
            if any(word in f"{value} {text}".lower() for word in APPROVAL):
                return {**self.fields, name: value} if name else dict(self.fields)
        return dict(self.fields)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._in_button = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(values.get("action", "")))
        elif self.forms and tag == "button":
            self._in_button = True
            self.forms[-1].buttons.append((values.get("name", ""), values.get("value", ""), ""))
        elif self.forms and tag == "input" and values.get("type") == "submit":
            self.forms[-1].buttons.append((values.get("name", ""), values.get("value", ""), ""))
        elif self.forms and tag == "input" and values.get("name"):
            self.forms[-1].fields[values["name"]] = values.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._in_button:
            name, value, text = self.forms[-1].buttons[-1]
            self.forms[-1].buttons[-1] = (name, value, text + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "button":
            self._in_button = False


def approving_form(html: str) -> Form:
    """The form of the page that approves the payment. Raises NoForm."""
    reader = _Reader()
    reader.feed(html)
    for form in reader.forms:
        if any(word in f"{value} {text}".lower() for _, value, text in form.buttons for word in APPROVAL):
            return form
    raise NoForm("the authentication page has no form that approves")


async def authenticate(transport: Transport, url: str) -> None:
    """Approve the payment behind `url`. Raises Problem, NoForm or client.Unreachable."""
    page = await transport.send("GET", url, headers={"Accept": "text/html"})
    if page.status >= 400:
        raise Problem(page.status, page.body)
    form = approving_form(str(page.body))
    answer = await transport.send("POST", urljoin(url, form.action or url), form=form.approval())
    if answer.status >= 400:
        raise Problem(answer.status, answer.body)
