// Where the driver is: from the device, or by riding on the map with a finger. Points are kept until the server has them.

import { api } from "../../deliveryapp/js/api.js";
import { metres } from "../../deliveryapp/js/city.js";

const EVERY_MS = 2000;
const MOST_PER_BATCH = 100;
const MOST_KEPT = 2000;
const SPEED_M_S = { bicycle: 4.5, scooter: 7, car: 8, walk: 1.4 };

/** Degrees clockwise from north. */
export function headingFrom(a, b) {
  const east = (b.lng - a.lng) * Math.cos((a.lat * Math.PI) / 180);
  return ((Math.atan2(east, b.lat - a.lat) * 180) / Math.PI + 360) % 360;
}

/** Points wait here until acknowledged, so that a dead zone makes the track late, not shorter. */
export class Outbox {
  #points = [];
  #sending = false;

  constructor(live) {
    this.live = live;
    this.seq = Date.now(); // grows across page loads without being stored
  }

  push(point) {
    this.seq += 1;
    this.#points.push({ ...point, seq: this.seq });
    this.#points.splice(0, this.#points.length - MOST_KEPT);
    this.flush();
  }

  acknowledged(seq) {
    this.#points = this.#points.filter((point) => point.seq > seq);
  }

  async flush() {
    const points = this.#points.slice(0, MOST_PER_BATCH);
    if (!points.length || this.live.send({ type: "positions", points }) || this.#sending) return;
    this.#sending = true;
    try {
      const { seq } = await api.post("driver/positions/", { points });
      this.acknowledged(seq ?? points.at(-1).seq);
    } catch (error) {
      if (error.name !== "ApiError") throw error;
      // Refused for good (400, 403) would be refused again; without an answer the points wait for the next round.
      if (error.status >= 400 && error.status < 500 && error.status !== 429)
        this.acknowledged(points.at(-1).seq);
    } finally {
      this.#sending = false;
    }
  }
}

/** Reports {lat, lng, heading, speed, accuracy, ts} every two seconds to `onPoint` while running. */
export class DevicePosition {
  #watch = null;

  start(onPoint, onRefused) {
    if (!navigator.geolocation) {
      onRefused();
      return;
    }
    let last_ms = 0;
    this.#watch = navigator.geolocation.watchPosition(
      ({ coords, timestamp }) => {
        if (timestamp - last_ms < EVERY_MS) return;
        last_ms = timestamp;
        const { latitude: lat, longitude: lng, heading, speed, accuracy } = coords;
        onPoint({ lat, lng, heading, speed, accuracy, ts: timestamp });
      },
      onRefused,
      { enableHighAccuracy: true, maximumAge: 1000, timeout: 15_000 },
    );
  }

  stop() {
    if (this.#watch !== null) navigator.geolocation.clearWatch(this.#watch);
  }
}

/** Rides in a straight line to wherever `goTo` says, at the pace of the vehicle and of the city's clock. */
export class MapRide {
  #timer = 0;
  #target = null;

  constructor({ at, vehicle, cityPace }) {
    this.at = at;
    this.step_m = (SPEED_M_S[vehicle] ?? 4.5) * cityPace * (EVERY_MS / 1000);
  }

  start(onPoint) {
    const report = (heading, speed) => onPoint({ ...this.at, heading, speed, accuracy: 5, ts: Date.now() });
    report(null, 0);
    this.#timer = setInterval(() => {
      if (!this.#target) return report(null, 0);
      const heading = headingFrom(this.at, this.#target);
      this.#advance();
      return report(heading, this.step_m / (EVERY_MS / 1000));
    }, EVERY_MS);
  }

  stop() {
    clearInterval(this.#timer);
  }

  goTo(target) {
    this.#target = { lat: target.lat, lng: target.lng };
  }

  #advance() {
    const left_m = metres(this.at, this.#target);
    const part = left_m <= this.step_m ? 1 : this.step_m / left_m;
    this.at = {
      lat: this.at.lat + (this.#target.lat - this.at.lat) * part,
      lng: this.at.lng + (this.#target.lng - this.at.lng) * part,
    };
    if (part === 1) this.#target = null;
  }
}
