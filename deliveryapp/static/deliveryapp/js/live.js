// A socket that mends itself: back-off with jitter, a snapshot after each reconnect, gap detection, and polling while it is down.

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 15_000;
const TRIES_BEFORE_POLLING = 2;
const POLL_EVERY_MS = 4_000;
const REFUSED = new Set([4401, 4403, 4404]);

function socketUrl(path) {
  const base = document.querySelector('meta[name="live-url"]')?.content || location.origin;
  const url = new URL(path, base);
  url.protocol = url.protocol === "https:" || url.protocol === "wss:" ? "wss:" : "ws:";
  return url.href;
}

/**
 * Watches `path`. `poll()` fetches the same snapshot over HTTP; `onFrame(frame)` gets snapshots and frames alike.
 * `gapIn(frame)` says whether something was missed, and a snapshot is then fetched. `onState` hears "connecting",
 * "live", "polling" (the socket is down, HTTP answers), "lost" (neither does) or "refused" (with the close code).
 * `resync_ms`, if given, fetches a snapshot that often even while the socket seems well: a silent socket may be a dead one.
 */
export class Live {
  #socket = null;
  #failures = 0;
  #timer = 0;
  #pollTimer = 0;
  #resyncTimer = 0;
  #stopped = false;
  #polling = false;

  constructor({ path, poll, onFrame, onState = () => {}, gapIn = () => false, resync_ms = 0 }) {
    Object.assign(this, { path, poll, onFrame, onState, gapIn, resync_ms, state: "" });
    this.hurry = () => this.#hurry();
    addEventListener("online", this.hurry);
    document.addEventListener("visibilitychange", this.hurry);
  }

  start() {
    this.#connect();
    if (this.resync_ms) this.#resyncTimer = setInterval(() => this.resync(), this.resync_ms);
    return this;
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearInterval(this.#pollTimer);
    clearInterval(this.#resyncTimer);
    removeEventListener("online", this.hurry);
    document.removeEventListener("visibilitychange", this.hurry);
    this.#socket?.close(1000);
  }

  /** Sends a frame; false when the socket is not open (the caller then uses HTTP). */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  get isLive() {
    return this.state === "live";
  }

  async resync() {
    if (this.#polling || this.#stopped) return;
    this.#polling = true;
    try {
      const snapshot = await this.poll();
      if (!this.#stopped) this.onFrame(snapshot);
      if (!this.isLive && this.#failures >= TRIES_BEFORE_POLLING) this.#say("polling");
    } catch (error) {
      if (error.name !== "ApiError") throw error;
      if (!this.isLive) this.#say("lost");
    } finally {
      this.#polling = false;
    }
  }

  #say(state, code = null) {
    if (this.state === state) return;
    this.state = state;
    this.onState(state, code);
  }

  #connect() {
    if (this.#stopped) return;
    if (this.#failures === 0) this.#say("connecting");
    const socket = new WebSocket(socketUrl(this.path));
    this.#socket = socket;
    socket.addEventListener("message", (event) => this.#receive(JSON.parse(event.data)));
    socket.addEventListener("close", (event) => this.#closed(event.code));
  }

  #receive(frame) {
    if (this.#failures || !this.isLive) {
      this.#failures = 0;
      clearInterval(this.#pollTimer);
      this.#pollTimer = 0;
      this.#say("live");
    }
    if (this.gapIn(frame)) this.resync();
    this.onFrame(frame);
  }

  #closed(code) {
    if (this.#stopped) return;
    if (REFUSED.has(code)) {
      this.stop();
      this.#say("refused", code);
      return;
    }
    this.#failures += 1;
    if (this.isLive) this.#say("connecting");
    if (this.#failures >= TRIES_BEFORE_POLLING && !this.#pollTimer) {
      this.#pollTimer = setInterval(() => this.resync(), POLL_EVERY_MS);
      this.resync();
    }
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
    this.#timer = setTimeout(() => this.#connect(), wait * (0.5 + Math.random() / 2));
  }

  /** Back online or back on screen: do not sit out the back-off. */
  #hurry() {
    if (document.hidden || this.#stopped) return;
    if (this.isLive) this.resync();
    else if (this.#socket?.readyState === WebSocket.CLOSED) {
      clearTimeout(this.#timer);
      this.#connect();
    }
  }
}

const SAID = {
  connecting: ["Connecting…", ""],
  polling: ["Live updates are interrupted. Checking every few seconds instead.", ""],
  lost: ["Connection lost. Trying to get it back…", "lost"],
  refused: ["Live updates ended. Sign in again to continue.", "lost"],
};

/** Shows the state of a Live in a bar under the header; nothing is shown while all is well or just starting. */
export function liveBar(bar) {
  let timer = 0;
  return (state) => {
    clearTimeout(timer);
    const [text, kind] = SAID[state] ?? ["", ""];
    const show = () => {
      bar.textContent = text;
      bar.className = `live-bar ${kind}`;
      bar.hidden = !text;
    };
    // A short hiccup is not worth a banner.
    if (state === "connecting") timer = setTimeout(show, 2500);
    else show();
  };
}
