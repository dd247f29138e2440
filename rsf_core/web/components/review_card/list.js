// The list of a prompt's candidates. A row is made once and drawn again only where something in it has changed.

import { accepted, hidden } from "./decisions.js";
import { button, element, inFrame, tone } from "./dom.js";
import { numbered, tokens } from "./elsewhere.js";
import { visible } from "./visible.js";
import { facts, ICONS } from "./words.js";

const SHOWN = 160; // characters of a completion

export class List {
  // `choose` is called with the candidate that is clicked.
  constructor($, choose) {
    this.$ = $;
    this.choose = choose;
    this.scroll = () => toMiddle(this.$(".others"), this.current);
    this.clear();
  }

  clear() {
    this.rows = new Map(); // by candidate
    this.first = null; // of the candidates listed
  }

  // `data`: of the page, which says what is hidden in a blind review.
  draw(siblings, focused, data) {
    const list = this.$(".others");
    this.$(".others-label").textContent = siblings.length > 1 ? "All candidates of this prompt" : "";
    const first = siblings[0].candidate_id;
    const anew = this.first !== first;
    if (anew) this.rows.clear();
    this.first = first;
    const items = siblings.map((candidate) => {
      const id = candidate.candidate_id;
      if (!this.rows.has(id)) this.rows.set(id, this.row(candidate));
      const row = this.rows.get(id);
      row.button.setAttribute("aria-current", String(id === focused));
      fill(row, candidate, hidden(candidate, data));
      return row.item;
    });
    if (anew || list.children.length !== items.length) list.replaceChildren(...items);
    this.current = this.rows.get(focused)?.button;
    inFrame(this.scroll);
  }

  row(candidate) {
    const item = element("li");
    const mark = element("span", "mark");
    const line = element("span", "line1");
    const words = element("span", "facts");
    mark.setAttribute("aria-hidden", "true"); // said in words beside it
    line.dir = "auto";
    const made = button("other", "", () => this.choose(candidate.candidate_id));
    made.append(element("span", "no", numbered(candidate)), mark, line, words);
    item.append(made);
    return { item, button: made, mark, line, words, shown: null };
  }
}

// Scrolls the row to the middle of a list that is longer than its place.
function toMiddle(list, row) {
  if (row?.isConnected && list.scrollHeight > list.clientHeight) {
    list.scrollTop = row.offsetTop - list.offsetTop - list.clientHeight / 2;
  }
}

function fill(row, candidate, hide) {
  const state = accepted(candidate);
  const open = !candidate.decision && !candidate.opinions.length; // no score, and nobody has said anything
  const refused = candidate.truncated && !candidate.opinions.length ? "truncated" : "rejected";
  const kind = hide || open ? "" : state ? "accepted" : refused;
  const words = hide ? (tokens(candidate) ?? "") : facts(candidate, state);
  const text = candidate.edit ?? candidate.completion;
  if (row.shown?.words === words && row.shown.text === text) return;
  row.mark.textContent = ICONS[kind] ?? "";
  row.mark.style.setProperty("--tone", tone(kind));
  row.line.textContent = visible(text.slice(0, SHOWN)).replaceAll("\n", " ⏎ ") || "(empty)";
  row.words.textContent = words;
  row.shown = { words, text };
}
