// At the end of a queue: what was done, as the server counts it, and what helps most next, each one click away.

import { button, element, hasFocus } from "./dom.js";

const STAY = ["project", "round", "reviewer", "seal"]; // parameters of the address that always stay
const AGAIN = 2_000; // ms until the summary is requested again
const QUEUE = ["view", "order", "at", "show", "page"]; // everything else is the filter

export class Ending {
  // `ask` requests the summary; `open(href)` goes to a suggestion.
  constructor($, { ask, open }) {
    Object.assign(this, { $, ask, open });
    this.at = null;
  }

  // `at` names the end that was reached, so that each is requested once; null if there is something to read.
  async draw(at) {
    if (at === this.at) return;
    this.end();
    this.at = at;
    this.listened = hasFocus(this.$(".card")); // read before the browser takes the focus from what is hidden
    this.$(".ending").hidden = true;
    this.$(".ended").textContent = "";
    if (at !== null) await this.look(at);
  }

  async look(at) {
    const answer = await this.ask();
    if (this.at !== at) return; // the reviewer has gone on
    if (answer.status === 200) this.fill(answer.content);
    else if (answer.status === 0 || answer.status >= 500) this.timer = setTimeout(() => this.look(at), AGAIN);
  }

  end() {
    clearTimeout(this.timer);
    this.at = null;
  }

  fill({ rows, next }) {
    const table = element("dl", "done");
    for (const [what, count, meaning] of rows) {
      const value = element("dd");
      value.append(element("strong", "", count), " ", element("span", "quietly", meaning));
      table.append(element("dt", "", what), value);
    }
    const steps = element("ul", "next");
    for (const step of next) {
      const item = element("li");
      const made = button("", step.words, () => this.open(addressOf(step, location)));
      item.append(made, " ", element("span", "quietly", step.why));
      steps.append(item);
    }
    const parts = [];
    if (rows.length) parts.push(element("h2", "", "What you have done"), table);
    if (next.length) parts.push(element("h2", "", "What helps most next"), steps);
    this.$(".ending").replaceChildren(...parts);
    this.$(".ending").hidden = !parts.length;
    this.$(".ended").textContent = firstWords(rows, next);
    const free = document.activeElement === document.body || hasFocus(this.$(".card")); // or the reviewer is elsewhere by now
    if (parts.length && this.listened && free) this.$(".ending").focus();
  }
}

// The beginning of the summary, for screen readers.
function firstWords([row], [step]) {
  const done = row ? `${row[0]}: ${row[1]}, ${row[2]}.` : "";
  return [done, step ? `Next: ${step.words}.` : ""].filter(Boolean).join(" ");
}

// The address of a suggestion: its page, with what stays of the present address; a suggested queue replaces the present one.
export function addressOf({ page, query, stays }, { href }) {
  const url = new URL(page, href);
  const before = new URL(href).searchParams;
  for (const [name, value] of before) {
    const kept = page === "review" && stays && (!QUEUE.includes(name) || name === "view" || name === "order");
    if (STAY.includes(name) || kept) url.searchParams.append(name, value);
  }
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}
