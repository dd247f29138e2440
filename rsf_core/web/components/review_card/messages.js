// The card's messages: what went wrong, and how much is not sent yet.

import { write } from "./dom.js";
import { routeOf } from "./outbox.js";

const SHOWN = 8_000; // ms

export class Messages {
  constructor($) {
    this.$ = $;
    this.staying = false;
    this.passing = false; // the message on show disappears by itself
  }

  // `stay`: show it until it is dismissed; `hold`: until another message replaces it.
  trouble(message, { stay = false, hold = false } = {}) {
    if (this.staying && message && !stay) return;
    this.staying = Boolean(message && stay);
    this.$(".trouble").hidden = !message;
    this.$(".trouble-text").textContent = message ?? "";
    clearTimeout(this.timer);
    this.passing = Boolean(message && !stay && !hold);
    if (this.passing) this.timer = setTimeout(() => this.trouble(null), SHOWN);
  }

  // Remove a message that would disappear by itself: it no longer applies.
  clear() {
    if (this.passing) this.trouble(null);
  }

  unsent(outbox) {
    write(this.$(".unsent"), unsentWords(outbox, navigator.onLine));
  }
}

// Which acts of a batch the server did not keep, and why; "" if it kept all.
export function refusedWords(batch, { results }) {
  const why = new Map(results.map(({ act, refused }) => [act, refused]));
  const refused = batch.filter((act) => why.get(act.act));
  if (!refused.length) return "";
  const words = refused.map(
    (act) => `${[act.kind, act.candidates.slice(0, 3).join(", ")].join(" ").trim()}: ${why.get(act.act)}`,
  );
  return `Not saved: ${words.join(" · ")}`;
}

// How many decisions and choices wait, and why; "" if none does. A choice between two candidates counts as one.
export function unsentWords({ acts, failures, onlyhere, stopped }, online) {
  const left = acts.reduce((sum, act) => sum + (routeOf(act) === "say" ? Math.max(1, act.candidates.length) : 1), 0);
  if (!left) return "";
  const why = !online ? "offline" : stopped ? "reload the page" : failures ? "the server does not answer" : "";
  const where = onlyhere ? "keep this tab open" : "kept here";
  return `${left} unsent${why ? ` (${why}; ${where})` : ""}`;
}
