// The map of one delivery: kitchen, door and the driver between them. Loaded only while there is something to follow.

import { createMap } from "../../deliveryapp/js/map.js";
import { FINAL } from "./words.js";

export class OrderMap {
  #map = null;
  #loading = null;
  #latest = null;

  constructor(box) {
    this.box = box;
  }

  show(order, track) {
    this.#latest = { order, track };
    const over = FINAL.has(order.status) && order.status !== "delivered";
    this.box.hidden = over;
    if (over) return;
    this.#loading ??= this.#load();
    if (this.#map) this.#draw();
  }

  async #load() {
    this.#map = await createMap(this.box);
    if (!this.#map) return;
    const { order } = this.#latest;
    this.#map.fit([order.restaurant, order.delivery]);
    this.#draw();
  }

  #draw() {
    const { order, track } = this.#latest;
    this.#map.mark("restaurant", "restaurant", order.restaurant, { title: order.restaurant.name });
    this.#map.mark("home", "home", order.delivery, { title: "Your door" });
    const position = FINAL.has(order.status) ? null : track.driver?.position;
    this.#map.mark("driver", "driver", position, {
      title: `Driver ${track.driver?.name ?? ""}`,
      iconName: vehicleIcon(track.driver?.vehicle),
      heading: position?.heading,
      stale: position?.stale ?? false,
    });
    if (position && !this.#map.sees(position)) this.#map.fit([order.restaurant, order.delivery, position]);
  }
}

const VEHICLE_ICON = { bicycle: "bike", scooter: "scooter", car: "car", walk: "walk" };

export const vehicleIcon = (vehicle) => VEHICLE_ICON[vehicle] ?? "bike";
