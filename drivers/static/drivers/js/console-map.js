// The driver's map: me, the kitchen, the door. It follows the driver without fighting the finger that pans.

import { aboutCity, centreOf } from "../../deliveryapp/js/city.js";
import { createMap } from "../../deliveryapp/js/map.js";

const VEHICLE_ICON = { bicycle: "bike", scooter: "scooter", car: "car", walk: "walk" };

export class ConsoleMap {
  #map = null;
  #centre = null;
  #framed = "";

  constructor(box) {
    this.box = box;
  }

  async start(onTap) {
    this.#centre = await aboutCity()
      .then((city) => centreOf(city.bounds))
      .catch(() => null);
    this.#map = await createMap(this.box, { center: this.lastAt(), zoom: 15 });
    this.#map?.onClick(onTap);
  }

  /** Where this browser last rode, else the middle of the city. */
  lastAt() {
    return JSON.parse(localStorage.getItem("driver.at")) ?? this.#centre;
  }

  /** The device's position, null when it does not tell. */
  async deviceAt() {
    return new Promise((resolve) => {
      if (!navigator.geolocation) resolve(null);
      navigator.geolocation?.getCurrentPosition(
        ({ coords }) => resolve({ lat: coords.latitude, lng: coords.longitude }),
        () => resolve(null),
        { timeout: 10_000 },
      );
    });
  }

  /** Without `delivery` and `offer` only the driver moves. */
  show({ at, vehicle, delivery, offer }) {
    if (!this.#map) return;
    if (at)
      this.#map.mark("me", "driver", at, {
        title: "You",
        iconName: VEHICLE_ICON[vehicle],
        heading: at.heading,
      });
    if (delivery === undefined && offer === undefined) {
      if (at && !this.#map.sees(at)) this.#map.fit([at]);
      return;
    }
    const job = delivery ?? offer;
    this.#map.mark("pickup", "restaurant", job?.pickup ?? null, { title: job?.pickup.name });
    this.#map.mark("dropoff", "home", job?.dropoff ?? null, { title: "Drop-off" });
    const frame = `${job?.order_id ?? ""}${delivery?.status ?? ""}`;
    if (frame && frame !== this.#framed) this.#map.fit([at, job.pickup, job.dropoff]);
    this.#framed = frame;
  }
}
