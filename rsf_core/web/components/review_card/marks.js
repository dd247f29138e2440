// Labelled parts of a completion, from one code point to another, shown as marks in the unrendered text.

import { element } from "./dom.js";
import { visible } from "./visible.js";

// A text as it is shown, and where in that each of its code points begins; the last entry is the end. An invisible character
// has a name there (visible.js), so that one code point may take several characters; the first half of a line end takes none.
export function aligned(text) {
  const points = [...text];
  const shown = visible(text);
  const starts = [];
  let at = 0;
  for (const [i, point] of points.entries()) {
    starts.push(at);
    if (shown.startsWith(point, at)) at += point.length;
    else if (!(point === "\r" && points[i + 1] === "\n")) at = shown[at] === "⟨" ? shown.indexOf("⟩", at) + 1 : at + 1;
  }
  starts.push(at);
  return { shown, starts };
}

// The code points that a part of the shown text touches, null if it touches none. A name that is selected in part counts
// whole.
export function pointsIn(starts, from, to) {
  const end = starts.findIndex((start) => start >= to);
  const start = starts.findLastIndex((one) => one <= from);
  return start >= 0 && end > start ? { start, end } : null;
}

// A text cut at both ends of every span: {start, end, spans} of each piece in order, with the spans that cover it.
export function pieces(length, spans) {
  const inside = spans.map(({ start, end }) => [Math.min(start, length), Math.min(end, length)]);
  const cuts = [...new Set([0, length, ...inside.flat()])].sort((a, b) => a - b);
  return cuts.slice(0, -1).map((start, i) => {
    const end = cuts[i + 1];
    return { start, end, spans: spans.filter((span) => span.start < end && span.end > start) };
  });
}

// The spans with one more, or without it if it is there already; null if none is left.
export function toggled(spans, span) {
  const same = (one) => one.start === span.start && one.end === span.end && one.label === span.label;
  const others = spans.filter((one) => !same(one));
  const now = others.length < spans.length ? others : [...others, span];
  now.sort((a, b) => a.start - b.start || a.end - b.end || (a.label < b.label ? -1 : 1));
  return now.length ? now : null;
}

// The positions of the words in a text, in code points.
export function wordsOf(text) {
  const positions = [];
  let at = 0;
  for (const { segment, isWordLike } of new Intl.Segmenter(undefined, { granularity: "word" }).segment(text)) {
    const { length } = [...segment];
    if (isWordLike) positions.push({ start: at, end: at + length });
    at += length;
  }
  return positions;
}

// The selection after an arrow key: the word after (1) or before (-1) the selected part; with `extend`, the part extended or
// reduced by a word, never to less than one. The same part if there is no such word.
export function stepped(words, selected, step, extend) {
  if (!words.length) return selected;
  if (!selected) return step > 0 ? words[0] : words.at(-1);
  const after = words.find((word) => word.end > selected.end && word.start >= selected.start);
  if (!extend) {
    const next =
      step > 0 ? words.find((word) => word.start >= selected.end) : words.findLast((word) => word.end <= selected.start);
    return next ?? selected;
  }
  if (step > 0) return after ? { start: selected.start, end: after.end } : selected;
  const shorter = words.findLast((word) => word.end < selected.end && word.end > selected.start);
  return shorter ? { start: selected.start, end: shorter.end } : selected;
}

export class Marks {
  // `place`: the element of the completion; `select` is called with the text that an arrow key has selected.
  constructor(place, select) {
    this.place = place;
    this.shown = null; // the text on show, see aligned()
    place.addEventListener("keydown", (event) => this.key(event, select));
  }

  // Show the text with its spans, unless it is there already, so that a selection in it stays.
  draw(id, text, spans) {
    const now = JSON.stringify([id, text, spans]);
    if (this.now === now && this.shown) return;
    const other = this.id !== id || !this.shown;
    Object.assign(this, { now, id, text, words: null, shown: aligned(text) });
    const { shown, starts } = this.shown;
    this.nodes = pieces(starts.length - 1, spans).map((piece) => {
      const node = document.createTextNode(shown.slice(starts[piece.start], starts[piece.end]));
      return { node, from: starts[piece.start], made: piece.spans.length ? marked(node, piece) : node };
    });
    this.place.classList.toggle("none", !text);
    this.place.replaceChildren(...(text ? this.nodes.map(({ made }) => made) : ["(empty)"]));
    if (other) this.place.scrollTop = 0;
  }

  // The place shows something else now.
  leave() {
    this.shown = null;
  }

  // The selected part of the text, in code points; null if nothing is selected.
  selected() {
    const range = selectedIn(this.place);
    if (!this.shown || !range) return null;
    const [from, to] = [
      [range.startContainer, range.startOffset],
      [range.endContainer, range.endOffset],
    ].map((end) => this.offset(...end));
    return from < to ? pointsIn(this.shown.starts, from, to) : null;
  }

  // How many characters of the shown text come before a boundary; boundaries outside count as its ends.
  offset(node, offset) {
    const whole = new Range();
    whole.selectNodeContents(this.place);
    const side = whole.comparePoint(node, offset);
    if (side < 0) return 0;
    if (side === 0) whole.setEnd(node, offset);
    return whole.toString().length;
  }

  key(event, select) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!this.shown || !step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault(); // the card's own arrows go to another candidate
    this.words ??= wordsOf(this.text);
    const selected = stepped(this.words, this.selected(), step, event.shiftKey);
    if (!selected) return;
    const { starts, shown } = this.shown;
    const [from, to] = [this.boundary(starts[selected.start]), this.boundary(starts[selected.end])];
    document.getSelection().setBaseAndExtent(from.node, from.offset, to.node, to.offset);
    from.node.parentElement.scrollIntoView({ block: "nearest" });
    select(shown.slice(starts[selected.start], starts[selected.end]));
  }

  // The text node that holds a position of the shown text, and the offset in it.
  boundary(at) {
    const { node, from } = this.nodes.findLast((one) => one.from <= at);
    return { node, offset: at - from };
  }
}

function marked(node, { end, spans }) {
  const made = element("mark", "part");
  const labels = [...new Set(spans.map(({ label }) => label))].join(", ");
  made.title = labels;
  const ending = spans.filter((span) => span.end === end).map(({ label }) => label);
  if (ending.length) made.dataset.label = ending.join(", ");
  made.append(node);
  return made;
}

// The selection, if it begins or ends in `place`, wherever the browser keeps it: the card is in a shadow tree.
function selectedIn(place) {
  const root = place.getRootNode();
  const selection = root.getSelection ? root.getSelection() : document.getSelection();
  if (!selection) return null;
  const composed = !root.getSelection && selection.getComposedRanges;
  const range = composed
    ? selection.getComposedRanges({ shadowRoots: [root] })[0]
    : selection.rangeCount && selection.getRangeAt(0);
  return range && (place.contains(range.startContainer) || place.contains(range.endContainer)) ? range : null;
}
