// What the card says beside what is read: what went wrong, and how much is not sent yet.

const SHOWN = 8_000; // ms

export class Messages {
  constructor($) {
    this.$ = $;
    this.staying = false;
  }

  // `stay`: until it is dismissed; `hold`: until another takes its place.
  trouble(message, { stay = false, hold = false } = {}) {
    if (this.staying && message && !stay) return;
    this.staying = Boolean(message && stay);
    this.$(".trouble").hidden = !message;
    this.$(".trouble-text").textContent = message ?? "";
    clearTimeout(this.timer);
    if (message && !stay && !hold) this.timer = setTimeout(() => this.trouble(null), SHOWN);
  }

  unsent(outbox) {
    this.$(".unsent").textContent = unsentWords(outbox, navigator.onLine);
  }
}

// How many decisions wait, and why; "" where none does.
export function unsentWords({ acts, failures, onlyhere, stopped }, online) {
  const left = acts.reduce((sum, act) => sum + Math.max(1, act.candidates.length), 0);
  if (!left) return "";
  const why = !online ? "offline" : stopped ? "reload the page" : failures ? "the server does not answer" : "";
  const where = onlyhere ? "keep this tab open" : "kept here";
  return `${left} unsent${why ? ` (${why}; ${where})` : ""}`;
}
