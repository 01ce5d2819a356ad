// The one way to our JSON API: session cookie + CSRF, problem+json as ApiError, time limits, retries of safe reads.

const ROOT = "/api/v1";
const RETRY_STATUS = new Set([502, 503, 504]);
const READ_TRIES = 3;

/**
 * Any refusal. `status` 0 means no answer came: `code` is then "network", "timeout" or "aborted".
 * `errors` is [{field, code, detail}]; `body` is the whole problem document.
 */
export class ApiError extends Error {
  constructor({ status, code, detail, errors = [], body = {} }) {
    super(detail || code);
    this.name = "ApiError";
    Object.assign(this, { status, code, detail, errors, body });
  }

  get noAnswer() {
    return this.status === 0;
  }
}

const MESSAGES = {
  network: "We could not reach the server. Check your connection.",
  timeout: "The server took too long to answer.",
  aborted: "The request was cancelled.",
};

function csrfToken() {
  const cookie = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));
  return (
    cookie?.slice("csrftoken=".length) || document.querySelector('meta[name="csrf-token"]')?.content || ""
  );
}

/** Absolute and relative addresses of our own origin pass; "restaurants/" means /api/v1/restaurants/. */
function address(path, params) {
  const url = new URL(/^(\/|https?:)/.test(path) ? path : `${ROOT}/${path}`, location.href);
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value !== null && value !== undefined && value !== "" && value !== false)
      url.searchParams.set(name, value);
  }
  // A page link names the host the server believes it has; only the path matters to us.
  return url.pathname + url.search;
}

function problem({ status }, body) {
  const { title, detail = title || `The server answered ${status}.`, code = `http_${status}`, errors } = body;
  return new ApiError({ status, code, detail, errors, body });
}

let clockAhead_ms = 0;

/** Now by the server's clock, to a second: a kitchen tablet's own clock may be minutes off, its deadlines are not. */
export const serverNow_ms = () => Date.now() + clockAhead_ms;

function learnClock(response) {
  const said_ms = Date.parse(response.headers.get("Date") ?? "");
  const gap_ms = said_ms + 500 - Date.now();
  // The header has whole seconds and the answer took a moment: only a real difference counts; a cached answer lies.
  if (!response.headers.has("Age") && Number.isFinite(gap_ms))
    clockAhead_ms = Math.abs(gap_ms) > 2000 ? gap_ms : 0;
}

async function once(method, path, { params, body, headers = {}, signal, cache, timeout_ms }) {
  const limit = AbortSignal.timeout(timeout_ms);
  const init = {
    method,
    credentials: "same-origin",
    cache,
    headers: { Accept: "application/json", ...headers },
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
  };
  if (method !== "GET") init.headers["X-CSRFToken"] = csrfToken();
  if (body instanceof Blob) {
    init.headers["Content-Type"] = body.type;
    init.body = body;
  } else if (body !== undefined) {
    init.headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  let response, answered;
  try {
    response = await fetch(address(path, params), init);
    answered = await content(response);
  } catch (cause) {
    const code = signal?.aborted ? "aborted" : cause.name === "TimeoutError" ? "timeout" : "network";
    throw new ApiError({ status: 0, code, detail: MESSAGES[code] });
  }
  if (!response.headers.get("Cache-Control")?.includes("public")) learnClock(response);
  if (!response.ok) throw problem(response, answered);
  return { status: response.status, body: answered, headers: response.headers };
}

/** An answer that breaks off is none: the caller may not know what it would have said. */
async function content(response) {
  if (response.status === 204) return null;
  return response.ok ? response.json() : response.json().catch(() => ({}));
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function read(path, options) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once("GET", path, options);
    } catch (error) {
      const again = error.code === "network" || error.code === "timeout" || RETRY_STATUS.has(error.status);
      if (!again || attempt >= (options.tries ?? READ_TRIES)) throw error;
      await pause(250 * 2 ** attempt * (0.5 + Math.random()));
    }
  }
}

async function call(method, path, { timeout_ms = 12_000, ...options } = {}) {
  const all = { ...options, timeout_ms };
  return method === "GET" ? read(path, all) : once(method, path, all);
}

/** Every verb answers the body; `api.full(method, path, options)` answers {status, body, headers}. */
export const api = {
  full: call,
  get: async (path, options) => (await call("GET", path, options)).body,
  post: async (path, body = {}, options = {}) => (await call("POST", path, { ...options, body })).body,
  put: async (path, body = {}, options = {}) => (await call("PUT", path, { ...options, body })).body,
  patch: async (path, body = {}, options = {}) => (await call("PATCH", path, { ...options, body })).body,
  delete: async (path, options) => (await call("DELETE", path, options)).body,
};

/** Where to sign in and come back to this very page. */
export function loginUrl(next = location.pathname + location.search) {
  return `/login/?next=${encodeURIComponent(next)}`;
}
