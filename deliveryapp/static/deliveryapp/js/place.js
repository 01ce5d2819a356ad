// Where to deliver: the address this browser last chose, the same in every tab.

const KEY = "place.v1";

class Place extends EventTarget {
  constructor() {
    super();
    addEventListener("storage", (event) => {
      if (event.key === KEY) this.dispatchEvent(new Event("change"));
    });
  }

  /** {id|null, label, street, city, postcode, lat, lng, note} or null when nothing was chosen yet. */
  get current() {
    try {
      return JSON.parse(localStorage.getItem(KEY));
    } catch {
      return null;
    }
  }

  choose(address) {
    localStorage.setItem(KEY, JSON.stringify(address));
    this.dispatchEvent(new Event("change"));
  }

  onChange(f) {
    this.addEventListener("change", f);
  }
}

export const place = new Place();

export const placeTitle = (address) => address?.label || address?.street || "Choose address";

/** The `delivery` part of a quote or an order. */
export function deliveryOf(address) {
  if (address.id) return { address_id: address.id };
  const { street, city, postcode, lat, lng, note } = address;
  return { street, city, postcode: postcode ?? "", lat, lng, note: note ?? "" };
}
