// The list of a prompt's candidates. A row is made once and drawn again only where something in it has changed.

import { accepted, hidden } from "./decisions.js";
import { button, element, inFrame, tone, write } from "./dom.js";
import { numbered, tokens } from "./elsewhere.js";
import { Leaves } from "./leaves.js";
import { visible } from "./visible.js";
import { facts, ICONS } from "./words.js";

const SHOWN = 160; // characters of a completion

export class List {
  // `choose` is called with the candidate that is clicked.
  constructor($, choose) {
    this.$ = $;
    this.choose = choose;
    this.leaves = new Leaves($, "others");
    this.scroll = () => toMiddle(this.leaves.front, this.current);
    this.clear();
  }

  clear() {
    this.listed = new Map(); // by leaf: the candidate that its list begins with, and its rows by candidate
  }

  // `data`: of the page, which says what is hidden in a blind review.
  draw(siblings, focused, data) {
    const first = siblings[0].candidate_id;
    const stands = (leaf) => this.listed.get(leaf)?.first === first;
    if (!stands(this.leaves.front) && stands(this.leaves.back)) this.leaves.turn();
    write(this.$(".others-label"), siblings.length > 1 ? "All candidates of this prompt" : "");
    this.current = this.fill(this.leaves.front, siblings, focused, data).get(focused)?.button;
    inFrame(this.scroll);
  }

  // The list of another prompt, behind the one that is read.
  drawNext(siblings, focused, data) {
    if (this.listed.get(this.leaves.front)?.first !== siblings[0].candidate_id)
      this.fill(this.leaves.back, siblings, focused, data);
  }

  // The rows of a leaf that lists these candidates now.
  fill(leaf, siblings, focused, data) {
    const first = siblings[0].candidate_id;
    if (this.listed.get(leaf)?.first !== first) this.listed.set(leaf, { first, rows: new Map() });
    const { rows } = this.listed.get(leaf);
    const items = siblings.map((candidate) => {
      const id = candidate.candidate_id;
      if (!rows.has(id)) rows.set(id, this.row(candidate));
      const row = rows.get(id);
      fill(row, candidate, hidden(candidate, data), id === focused);
      return row.item;
    });
    const stands = leaf.children.length === items.length && items.every((item, at) => item === leaf.children[at]);
    if (!stands) leaf.replaceChildren(...items); // of candidates that are alike the one in focus is listed
    return rows;
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

function fill(row, candidate, hide, current) {
  if (row.current !== current) row.button.setAttribute("aria-current", String(current));
  row.current = current;
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
