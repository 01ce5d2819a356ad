"""`manage.py bench browse` in a small city: every route is asked, beside one that does nothing."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.core.management import call_command


@pytest.mark.django_db(transaction=True)
def test_browse() -> None:
    said = StringIO()
    call_command("bench", "browse", restaurants=6, requests=4, stdout=said)
    head, titles, *routes = said.getvalue().splitlines()
    assert head == "6 restaurants, 4 requests a route, one client"
    assert titles.split() == ["p50", "p99", "CPU", "a", "second"]
    names = ["raw route (control)", "list", "list, open now", "list, filtered", "search", "menu"]
    assert [re.split(r"\s{2,}", line)[0] for line in routes] == names
    assert all(len(re.findall(r"\d+\.\d\d ms", line)) == 3 for line in routes)
