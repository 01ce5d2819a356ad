"""The 3-D Secure page: what the customer's bank would show, with both possible ends; and what pages share."""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from . import attempts, setups
from .api import Answer, Request
from .errors import Obj, Refusal
from .store import Store, Tx
from .webhooks import Webhooks

_ZERO_DECIMAL = frozenset(("jpy", "krw", "vnd"))
_PASSED = ("requires_capture", "succeeded", "processing")

_STYLE = """
:root{color-scheme:light dark;--ink:#1a1f36;--soft:#5b6478;--line:#e3e8ee;--paper:#fff;--ground:#f4f6fa;
--brand:#5046e5;--bad:#b42318}
@media (prefers-color-scheme:dark){:root{--ink:#f2f4f8;--soft:#a5aec0;--line:#323a4d;--paper:#1c2233;
--ground:#11151f;--brand:#8b83ff;--bad:#ff8a80}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--ground);
color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:100%;max-width:26rem;background:var(--paper);border:1px solid var(--line);border-radius:1rem;
padding:1.75rem;box-shadow:0 12px 32px rgb(16 24 40/.10)}
.bank{display:flex;justify-content:space-between;align-items:center;font-size:.8rem;color:var(--soft)}
.badge{border:1px solid var(--line);border-radius:99px;padding:.1rem .6rem}
h1{font-size:1.25rem;margin:1.25rem 0 .25rem}
p{margin:.25rem 0;color:var(--soft)}
dl{margin:1.25rem 0;border-top:1px solid var(--line)}
dl div{display:flex;align-items:baseline;justify-content:space-between;gap:1rem;padding:.65rem 0;
border-bottom:1px solid var(--line)}
dt{color:var(--soft)}dd{margin:0;font-weight:600;text-align:right}
.amount{font-size:1.35rem}
button{width:100%;min-height:3rem;margin-top:.6rem;border-radius:.6rem;border:1px solid transparent;
font:inherit;font-weight:600;cursor:pointer}
button:focus-visible{outline:3px solid var(--brand);outline-offset:2px}
.yes{background:var(--brand);color:#fff}
@media (prefers-color-scheme:dark){.yes{color:#11151f}}
.no{background:transparent;color:var(--bad);border-color:var(--line)}
.card{display:flex;justify-content:space-between;align-items:center;gap:1rem;padding:.55rem .9rem;
text-align:left;background:transparent;color:var(--ink);border-color:var(--line)}
.card b{white-space:nowrap}
.card:hover{border-color:var(--brand)}
.card span{font-size:.85rem;font-weight:400;color:var(--soft);text-align:right}
.wrong{color:var(--bad);font-weight:600}
small{display:block;margin-top:1rem;color:var(--soft);text-align:center}
"""


def money(amount_minor: int, currency: str) -> str:
    if currency in _ZERO_DECIMAL:
        return f"{amount_minor:,} {currency.upper()}"
    return f"{amount_minor // 100:,}.{amount_minor % 100:02d} {currency.upper()}"


def html_page(title: str, body: str, *, status: int = 200) -> Answer:
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>"
    )
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors *",
    }
    return Answer(status, text.encode(), headers)


def note(title: str, text: str, *, status: int = 200) -> Answer:
    return html_page(title, f"<h1>{escape(title)}</h1><p>{escape(text)}</p>", status=status)


def _form(store: Store, intent: Obj, return_url: str, merchant: str) -> str:
    method = store.get("payment_method", intent["payment_method"] or "") or {}
    card = method.get("card") or {"brand": "card", "last4": "····"}
    rows = {"Merchant": merchant, "Card": f"{card['brand'].title()} ···· {card['last4']}"}
    cells = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in rows.items())
    if "amount" in intent:
        amount = escape(money(intent["amount"], intent["currency"]))
        cells += f'<div><dt>Amount</dt><dd class="amount">{amount}</dd></div>'
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in (("client_secret", intent["client_secret"]), ("return_url", return_url))
    )
    return (
        '<div class="bank"><span>Your bank</span><span class="badge">Test mode</span></div>'
        "<h1>Confirm it is you</h1><p>Your bank asks before this card is used.</p>"
        f'<dl>{cells}</dl><form method="post">{hidden}'
        '<button class="yes" name="result" value="complete">Complete authentication</button>'
        '<button class="no" name="result" value="fail">Fail authentication</button></form>'
        "<small>Sandbox payment server. No real card, no real money.</small>"
    )


class Pages:
    def __init__(self, *, store: Store, webhooks: Webhooks, merchant: str) -> None:
        self._store = store
        self._merchant = merchant
        self._webhooks = webhooks

    def answer(self, request: Request) -> Answer:
        """GET shows the page, POST decides; both need the intent's client secret."""
        ident = request.path.rpartition("/")[2]
        table = "setup_intent" if ident.startswith("seti_") else "payment_intent"
        source = request.body.decode("utf-8", "replace") if request.method == "POST" else request.query
        fields = {name: values[-1] for name, values in parse_qs(source).items()}
        intent = self._store.get(table, ident)
        if intent is None or fields.get("client_secret") != intent["client_secret"]:
            return note("Not found", "This authentication does not exist.", status=404)
        return_url = _intended(intent) or safe_url(fields.get("return_url", ""))
        if request.method == "POST" and intent["status"] == "requires_action":
            intent = self._decide(table, intent, passed=fields.get("result") == "complete")
        elif intent["status"] == "requires_action":
            return html_page("Confirm it is you", _form(self._store, intent, return_url, self._merchant))
        return leave(intent, return_url)

    def _decide(self, table: str, intent: Obj, *, passed: bool) -> Obj:
        tx = Tx(self._store)
        act = setups.authenticated if table == "setup_intent" else attempts.authenticated
        try:
            act(tx, intent, passed=passed)
        except Refusal as refusal:
            if not refusal.keep:
                raise
        self._webhooks.commit(tx.record())
        return self._store.tables[table].rows[intent["id"]]


def _intended(intent: Obj) -> str:
    """The return_url given at confirmation; what the browser brings cannot replace it."""
    action = intent["next_action"] or {}
    return str((action.get("redirect_to_url") or {}).get("return_url") or "")


def safe_url(url: str) -> str:
    return url if urlsplit(url).scheme in ("http", "https") else ""


def leave(intent: Obj, return_url: str) -> Answer:
    passed = intent["status"] in _PASSED
    if not return_url:
        title = "Authentication complete" if passed else "Authentication failed"
        return note(title, "You can close this page and go back to your order.")
    parts = urlsplit(return_url)
    mine = {intent["object"]: intent["id"], "redirect_status": "succeeded" if passed else "failed"}
    query = "&".join(filter(None, (parts.query, urlencode(mine))))
    location = urlunsplit(parts._replace(query=query))
    return Answer(303, b"", {"Location": location, "Cache-Control": "no-store"})
