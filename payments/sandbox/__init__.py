"""A local Stripe-compatible payment server: the provider of development, the demo and the tests.

It speaks Stripe's HTTP API to the official SDK, moves pretend money only, and keeps an append-only log of
every effect, so that tests can ask what really happened to the cards. It imports nothing of Django and
nothing of the platform: it stands on the other side of the network, like the real provider.

Run it::

    python -m payments.sandbox --port 0 --port-file F --state DIR --webhook-url URL --webhook-secret S

Rooms, in the order of a call:

=================  ======================================================================================
``server.py``      uvicorn, signals, and the protocol that lets a fault cut the connection
``app.py``         ASGI entry: reads the body, hands over to the API, the admin calls or the pages
``api.py``         one API call: authentication, faults, idempotency key, transaction, answer
``routes.py``      method and path -> operation (name, parameters, handler)
``params.py``      form encoding and the checks of single values
``schemas.py``     which parameters each operation accepts (Stripe's names)
``keys.py``        the Idempotency-Key layer
``store.py``       tables, transaction (copy on write), replay at start
``journal.py``     the append-only file: one JSON line per committed change
``intents.py``     payment intents: create, update, confirm, cancel
``attempts.py``    one attempt to charge a card: hold, decline, 3-D Secure
``captures.py``    capture, incremental authorization, expiry of holds
``charges.py``     charges and balance transactions
``refunds.py``     refunds
``setups.py``      setup intents
``customers.py``   customers
``methods.py``     payment methods
``cards.py``       the test cards, by name, and how each behaves
``reading.py``     retrieve, cursor lists, ``expand``
``webhooks.py``    the delivery queue: retries, duplicates, reordering, drops
``posting.py``     signing and sending one webhook over HTTP
``faults.py``      faults on demand, deterministic by seed
``admin.py``       ``/_sandbox/``: effects, intents, faults, clock, webhooks, reset, health
``pages.py``       the 3-D Secure page
``card_page.py``   the page that stands for Stripe's card form
=================  ======================================================================================
"""
