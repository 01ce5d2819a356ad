// What the kitchen's board knows. Frames, snapshots and answers all go through here; an older fact never replaces a newer one.

const RUNNING = new Set(["placed", "confirmed", "preparing", "ready", "picked_up"]);
const TAKEN_AWAY = new Set(["cancelled", "failed"]);
/** Somebody in the kitchen may be working on it: taking it off the screen silently would waste food. */
const IN_HAND = new Set(["placed", "confirmed", "preparing", "ready"]);

export const COLUMNS = [
  { id: "new", title: "New", states: ["placed"], nothing: "New orders ring and show up here." },
  { id: "cooking", title: "Preparing", states: ["confirmed", "preparing"], nothing: "Nothing on the stove." },
  { id: "ready", title: "Ready", states: ["ready"], nothing: "Nothing waits for a driver." },
  { id: "away", title: "Picked up", states: ["picked_up"], nothing: "Nothing on the road." },
];

export class BoardState {
  /** id → {order, column, gone, heard_at}; `gone` is set while a taken-away order waits to be noticed. */
  #tickets = new Map();
  #highestTicket = 0;
  #mine = new Set();

  constructor(onGone) {
    this.onGone = onGone;
  }

  /** This screen ends the order itself: no need to tell the kitchen about it. */
  expectEnd(id) {
    this.#mine.add(id);
  }

  apply(order) {
    const known = this.#tickets.get(order.id);
    if (known && known.order.seq > order.seq) return;
    this.#highestTicket = Math.max(this.#highestTicket, order.ticket_seq ?? 0);
    if (RUNNING.has(order.status)) {
      const column = COLUMNS.find(({ states }) => states.includes(order.status)).id;
      this.#tickets.set(order.id, { order, column, gone: false, heard_at: performance.now() });
    } else if (known && TAKEN_AWAY.has(order.status)) this.#takeAway(known, order);
    else this.#tickets.delete(order.id);
  }

  #takeAway(known, order) {
    if (known.gone) return;
    if (this.#mine.delete(order.id) || !IN_HAND.has(known.order.status)) {
      this.#tickets.delete(order.id);
      return;
    }
    this.#tickets.set(order.id, { ...known, order, gone: true });
    this.onGone(order);
  }

  /**
   * All running orders as of `asked_at` (performance.now()). Answers the ids that have disappeared meanwhile,
   * so that the caller can find out how they ended; what was heard after the question was asked stays.
   */
  snapshot(orders, asked_at = performance.now()) {
    orders.forEach((order) => this.apply(order));
    const here = new Set(orders.map((order) => order.id));
    const missing = [...this.#tickets.values()].filter(
      (t) => !here.has(t.order.id) && !t.gone && t.heard_at <= asked_at,
    );
    for (const { order } of missing) if (!IN_HAND.has(order.status)) this.#tickets.delete(order.id);
    return missing.filter(({ order }) => IN_HAND.has(order.status)).map(({ order }) => order.id);
  }

  /** A ticket number was skipped: an order exists that this screen has never seen. */
  missesTicketBefore(order) {
    return this.#highestTicket > 0 && order.ticket_seq > this.#highestTicket + 1;
  }

  dismiss(id) {
    this.#tickets.delete(id);
  }

  inColumn(id) {
    const list = [...this.#tickets.values()].filter((ticket) => ticket.column === id);
    return list.sort((a, b) => a.order.ticket_seq - b.order.ticket_seq);
  }

  get waiting() {
    return this.inColumn("new").filter((ticket) => !ticket.gone);
  }

  /** Somebody rides to the kitchen. */
  get awaitsDriver() {
    return [...this.#tickets.values()].some(({ order }) => order.driver?.status === "assigned");
  }

  get(id) {
    return this.#tickets.get(id)?.order;
  }
}
