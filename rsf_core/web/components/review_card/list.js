// The list of a prompt's candidates. Its rows are kept from prompt to prompt, and only what has changed in them is drawn
// again: making them again would cost more than everything else that a key does.

import { accepted, hidden } from "./decisions.js";
import { button, element, inFrame, tone, write } from "./dom.js";
import { numbered, tokens } from "./elsewhere.js";
import { visible } from "./visible.js";
import { facts, ICONS } from "./words.js";

const SHOWN = 160; // characters of a completion

export class List {
  // `choose` is called with the candidate that is clicked.
  constructor($, choose) {
    this.$ = $;
    this.choose = choose;
    this.rows = [];
    this.scroll = () => toMiddle(this.$(".others"), this.current);
  }

  // `data`: from the page, which determines what is hidden in a blind review.
  draw(siblings, focused, data) {
    while (this.rows.length < siblings.length) this.rows.push(this.row());
    this.current = null;
    siblings.forEach((candidate, at) => {
      const current = candidate.candidate_id === focused;
      fill(this.rows[at], candidate, hidden(candidate, data), current);
      if (current) this.current = this.rows[at].button;
    });
    const place = this.$(".others");
    const items = this.rows.slice(0, siblings.length).map(({ item }) => item);
    if (place.children.length !== items.length) place.replaceChildren(...items);
    write(this.$(".others-label"), siblings.length > 1 ? "All candidates of this prompt" : "");
    inFrame(this.scroll);
  }

  row() {
    const item = element("li");
    const no = element("span", "no");
    const mark = element("span", "mark");
    const line = element("span", "line1");
    const words = element("span", "facts");
    mark.setAttribute("aria-hidden", "true"); // the words beside it say the same
    line.dir = "auto";
    const row = { item, no, mark, line, words, shown: null };
    row.button = button("other", "", () => this.choose(row.id));
    row.button.append(no, mark, line, words);
    item.append(row.button);
    return row;
  }
}

// Scroll the row to the middle of a list that is longer than its place.
function toMiddle(list, row) {
  if (row?.isConnected && list.scrollHeight > list.clientHeight) {
    list.scrollTop = row.offsetTop - list.offsetTop - list.clientHeight / 2;
  }
}

function fill(row, candidate, hide, current) {
  row.id = candidate.candidate_id;
  if (row.current !== current) row.button.setAttribute("aria-current", String(current));
  row.current = current;
  const state = accepted(candidate);
  const open = !candidate.decision && !candidate.opinions.length; // no score, and no opinions
  const refused = candidate.truncated && !candidate.opinions.length ? "truncated" : "rejected";
  const kind = hide || open ? "" : state ? "accepted" : refused;
  const words = hide ? (tokens(candidate) ?? "") : facts(candidate, state);
  const text = candidate.edit ?? candidate.completion;
  write(row.no, numbered(candidate));
  if (row.shown?.kind !== kind) {
    row.mark.textContent = ICONS[kind] ?? "";
    row.mark.style.setProperty("--tone", tone(kind));
  }
  if (row.shown?.text !== text) row.line.textContent = visible(text.slice(0, SHOWN)).replaceAll("\n", " ⏎ ") || "(empty)";
  if (row.shown?.words !== words) row.words.textContent = words;
  row.shown = { kind, words, text };
}
