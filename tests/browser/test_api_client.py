"""The one way of our pages to the API: whatever happens to an answer, a page hears of it as an ApiError."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visit

# An answer whose header comes and whose body breaks off, or never ends until somebody gives up.
ASK = """async ({ breaks, tries }) => {
    const { api } = await import("/static/deliveryapp/js/api.js");
    let asked = 0;
    const giveUp = new AbortController();
    window.fetch = async (_, { signal }) => {
        asked += 1;
        const body = new ReadableStream({
            start(stream) {
                stream.enqueue(new TextEncoder().encode('{"results": ['));
                signal.addEventListener("abort", () => stream.error(signal.reason));
                if (breaks) stream.error(new TypeError("network error"));
                else setTimeout(() => giveUp.abort());
            },
        });
        return new Response(body, { status: 200 });
    };
    return api.get("restaurants/", { signal: giveUp.signal, tries })
        .then(() => "answered", ({ name, code, status }) => ({ name, code, status, asked }));
}"""


@pytest.mark.parametrize(
    ("breaks", "code", "asked"), [(True, "network", 2), (False, "aborted", 1)], ids=["broken", "given up"]
)
def test_an_answer_that_breaks_off_is_no_answer(visit: Visit, breaks: bool, code: str, asked: int) -> None:
    page = visit("/login/")
    told = page.evaluate(ASK, {"breaks": breaks, "tries": 2})
    assert told == {"name": "ApiError", "code": code, "status": 0, "asked": asked}
