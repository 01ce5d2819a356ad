// Stripe's own form for a card (the Payment Element). It lives in a frame of Stripe's: what is typed there never
// passes through our page or our server, which get a reference to the card and nothing else.

import { h, replace } from "../../deliveryapp/js/dom.js";

// The release that belongs to the API version of the server's SDK; Stripe allows no copy of our own.
const SCRIPT = "https://js.stripe.com/endive/stripe.js";
const WALLETS = { applePay: "never", googlePay: "never", link: "never" };

/** What the customer has to put right, or a form that did not load; `message` is for people. */
export class CardFormError extends Error {
  constructor(message) {
    super(message);
    this.name = "CardFormError";
  }
}

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";

/** Where a new card is entered: "element", "sandbox" or "nowhere". */
export const cardEntry = meta("card-entry") || "nowhere";
const publishableKey = meta("stripe-key");
/** Whose form it is: what it makes exists at this gateway only. */
export const cardGateway = meta("card-gateway");
export const isTestMode = cardEntry === "sandbox" || publishableKey.startsWith("pk_test_");

let loaded = null;

function loadStripe() {
  loaded ??= new Promise((resolve, reject) => {
    const script = h("script", { src: SCRIPT, async: true });
    script.addEventListener("load", () => resolve(window.Stripe(publishableKey)));
    script.addEventListener("error", () => {
      script.remove();
      loaded = null;
      reject(new CardFormError("The card form could not be loaded. Check your connection."));
    });
    document.head.append(script);
  });
  return loaded;
}

/** Stripe's frame sees nothing of our styles, so the palette is told. */
function appearance() {
  const ours = getComputedStyle(document.documentElement);
  const value = (name) => ours.getPropertyValue(name).trim();
  return {
    theme: matchMedia("(prefers-color-scheme: dark)").matches ? "night" : "stripe",
    variables: {
      colorPrimary: value("--primary"),
      colorBackground: value("--surface"),
      colorText: value("--ink"),
      colorTextSecondary: value("--ink-2"),
      colorDanger: value("--bad"),
      borderRadius: value("--radius"),
      fontFamily: "system-ui, sans-serif",
    },
  };
}

async function mount(host, options) {
  const stripe = await loadStripe();
  const elements = stripe.elements({ ...options, appearance: appearance() });
  const element = elements.create("payment", { wallets: WALLETS });
  const ready = new Promise((resolve, reject) => {
    element.on("ready", resolve);
    element.on("loaderror", ({ error }) => reject(new CardFormError(error.message)));
  });
  replace(host);
  element.mount(host);
  await ready;
  return { stripe, elements };
}

function orThrow({ error, ...result }) {
  if (error) throw new CardFormError(error.message ?? "The card was not accepted.");
  return result;
}

/** A form that saves a card for the SetupIntent of `clientSecret`; `save(returnUrl)` resolves once Stripe has it. */
export async function mountSetupForm(host, { clientSecret }) {
  const { stripe, elements } = await mount(host, { clientSecret });
  return {
    async save(return_url) {
      // The bank's question opens in a frame; a bank that insists on a page of its own leads back to return_url.
      orThrow(await stripe.confirmSetup({ elements, confirmParams: { return_url }, redirect: "if_required" }));
    },
  };
}

/** A form for one payment of `total` (money); `method()` resolves to a reference the server may charge once. */
export async function mountPaymentForm(host, total) {
  const priced = ({ amount_minor, currency }) => ({ amount: amount_minor, currency: currency.toLowerCase() });
  const { stripe, elements } = await mount(host, {
    mode: "payment",
    ...priced(total),
    captureMethod: "manual",
    paymentMethodCreation: "manual",
    allowedPaymentMethodTypes: ["card"],
  });
  return {
    update: (money) => elements.update(priced(money)),
    async method() {
      orThrow(await elements.submit());
      return orThrow(await stripe.createPaymentMethod({ elements })).paymentMethod.id;
    },
  };
}
