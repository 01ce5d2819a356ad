// The way into a kitchen by the link of an invitation.

import { ApiError, api } from "../../deliveryapp/js/api.js";
import { $, busy } from "../../deliveryapp/js/dom.js";

const token = new URLSearchParams(location.search).get("token") ?? "";

$("#join").addEventListener("click", (event) =>
  busy(event.currentTarget, async () => {
    try {
      const { slug } = await api.post("staff/join/", { token });
      location.assign(`/kitchen/${slug}/`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      $("#join-problem").textContent =
        error.code === "invitation_not_found"
          ? "This invitation is over, was used, or is for another address. Ask the owner for a new one."
          : error.detail;
    }
  }),
);
