// All candidates of a prompt side by side, the reference first. A tile is made once, and only what has changed in it is drawn
// again.

import { accepted, hidden } from "./decisions.js";
import { button, element, inFrame, tone } from "./dom.js";
import { numbered, tokens } from "./elsewhere.js";
import { Leaves } from "./leaves.js";
import { counted, facts, ICONS } from "./words.js";

export class Columns {
  // `choose` is called with the candidate whose tile is clicked.
  constructor($, choose, texts) {
    Object.assign(this, { $, choose, texts });
    this.leaves = new Leaves($, "columns");
    this.scroll = () => inSight(this.leaves.front, this.current);
    this.drawn = new Map(); // by leaf: its prompt, its tiles by candidate, and the reference's
  }

  draw(prompt, siblings, focused, data) {
    const isOn = (leaf) => this.drawn.get(leaf)?.prompt === prompt;
    if (!isOn(this.leaves.front) && isOn(this.leaves.back)) this.leaves.turn();
    this.current = this.fillAll(this.leaves.front, prompt, siblings, focused, data).get(focused)?.item;
    inFrame(this.scroll);
  }

  // Draw another prompt behind the one that is read.
  drawNext(prompt, siblings, focused, data) {
    if (this.drawn.get(this.leaves.front)?.prompt === prompt) return;
    this.fillAll(this.leaves.back, prompt, siblings, focused, data);
    this.leaves.layOut();
  }

  // Fill a leaf with this prompt, and return its tiles.
  fillAll(leaf, prompt, siblings, focused, data) {
    if (this.drawn.get(leaf)?.prompt !== prompt) {
      const tiles = new Map(siblings.map((candidate) => [candidate.candidate_id, this.tile(candidate)]));
      const reference = prompt.reference === null ? null : referenceTile();
      const items = [...tiles.values()].map((tile) => tile.item);
      leaf.replaceChildren(...(reference ? [reference.item] : []), ...items);
      this.drawn.set(leaf, { prompt, tiles, reference });
    }
    const { tiles, reference } = this.drawn.get(leaf);
    if (reference) this.texts.show(reference.text, prompt.reference);
    for (const candidate of siblings) {
      this.fill(tiles.get(candidate.candidate_id), candidate, data, candidate.candidate_id === focused);
    }
    return tiles;
  }

  tile(candidate) {
    const item = element("li", "tile");
    const mark = element("span", "mark");
    const words = element("span", "facts");
    const head = button("tile-head", "", () => this.choose(candidate.candidate_id));
    mark.setAttribute("aria-hidden", "true"); // the words beside it say the same
    head.append(element("strong", "no", numbered(candidate)), mark, words);
    const text = element("div", "text tile-text");
    text.dir = "auto";
    text.tabIndex = 0; // may be scrolled
    text.setAttribute("role", "group");
    text.setAttribute("aria-label", `Text of candidate ${numbered(candidate)}`);
    const more = element("div", "why");
    item.append(head, text, more);
    return { item, head, mark, words, text, more };
  }

  fill(tile, candidate, data, current) {
    const hide = hidden(candidate, data);
    const state = accepted(candidate);
    const open = !candidate.decision && !candidate.opinions.length; // no score, and no opinions
    const kind = hide || open ? "" : state ? "accepted" : "rejected";
    tile.item.className = `tile ${kind}${current ? " current" : ""}`;
    tile.head.setAttribute("aria-current", String(current));
    tile.mark.textContent = ICONS[kind] ?? "";
    tile.mark.style.setProperty("--tone", tone(kind));
    const words = hide ? (tokens(candidate) ?? "") : facts(candidate, state);
    tile.words.textContent = candidate.edit === null ? words : `${words} · edited`;
    this.texts.show(tile.text, candidate.edit ?? candidate.completion);
    tile.more.textContent = candidate.clipped ? `… ${counted(candidate.clipped)} more characters` : "";
  }
}

function referenceTile() {
  const item = element("li", "tile reference-tile");
  const text = element("div", "text tile-text");
  text.dir = "auto";
  item.append(element("div", "tile-head", "Reference"), text);
  return { item, text };
}

// Scroll a tile into sight, and no further.
function inSight(place, tile) {
  if (!tile?.isConnected) return;
  const top = tile.offsetTop - place.offsetTop;
  const bottom = top + tile.offsetHeight;
  if (top < place.scrollTop) place.scrollTop = top;
  else if (bottom > place.scrollTop + place.clientHeight) place.scrollTop = Math.min(top, bottom - place.clientHeight);
}
