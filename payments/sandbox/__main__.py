"""``python -m payments.sandbox``: the local Stripe-compatible payment server."""

from __future__ import annotations

import argparse
from pathlib import Path

from .app import Sandbox
from .faults import Faults, rules_of
from .journal import Journal
from .server import listen, run, write_port_file
from .store import Store

_ENDPOINT = "we_command_line"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="payments.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--port-file", type=Path, help="where to write the port once it listens")
    parser.add_argument("--state", type=Path, help="folder of the journal; without it: memory only")
    parser.add_argument("--webhook-url", help="where events are sent")
    parser.add_argument("--webhook-secret", default="whsec_sandbox", help="signs the events")
    parser.add_argument("--public-url", help="how browsers reach this server (3-D Secure page)")
    parser.add_argument("--seed", type=int, help="same seed, same ids and faults")
    parser.add_argument("--faults", type=rules_of, default=[], help='JSON list of rules, or "5%%"')
    parser.add_argument("--merchant", default="Food Delivery", help="the name on the 3-D Secure page")
    return parser.parse_args()


def _webhook_endpoint(store: Store, url: str | None, secret: str) -> None:
    """The endpoint of the command line keeps its id, so that open deliveries follow a new address."""
    known = store.get("endpoint", _ENDPOINT)
    if url or known:
        row = {"id": _ENDPOINT, "url": url or "", "secret": secret, "enabled": bool(url)}
        if row != known:
            store.commit({"put": {"endpoint": [row]}})


def main() -> None:
    options = _arguments()
    journal = Journal(options.state) if options.state else None
    store = Store(journal=journal, seed=options.seed)
    faults = Faults(seed=options.seed)
    faults.add(options.faults)
    _webhook_endpoint(store, options.webhook_url, options.webhook_secret)
    listener = listen(options.host, options.port)
    port = listener.getsockname()[1]
    store.public_url = (options.public_url or f"http://{options.host}:{port}").rstrip("/")
    if options.port_file:
        write_port_file(options.port_file, port)
    run(Sandbox(store=store, faults=faults, merchant=options.merchant), listener)
    store.close()


if __name__ == "__main__":
    main()
