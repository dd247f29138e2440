// Finds words in the texts on the card during typing. Matches are marked by CSS highlights, which change nothing in the texts.

const MOST = 1_000; // matches that are marked
const ALL = "rsf-found";
const NOW = "rsf-found-now";
const BLOCKS = "p,li,td,th,pre,blockquote,.heading,.text,.thought";

// The positions of some words in a text, ignoring case: [start, end] of each, MOST at most.
export function matches(text, query) {
  if (!query) return [];
  const pattern = new RegExp(query.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&").replace(/\s+/g, "\\s+"), "giu");
  const positions = [];
  for (const match of text.matchAll(pattern)) {
    positions.push([match.index, match.index + match[0].length]);
    if (positions.length === MOST) break;
  }
  return positions;
}

// The index of the piece of a joined text that holds a position, and the position in it; `starts`: where each piece begins.
export function placed(starts, position) {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (starts[middle] <= position) low = middle;
    else high = middle - 1;
  }
  return [low, position - starts[low]];
}

export class Search {
  constructor($) {
    this.$ = $;
    this.at = 0;
    this.ranges = [];
    this.able = typeof Highlight === "function" && Boolean(globalThis.CSS?.highlights);
    const field = $(".search-field");
    field.oninput = () => this.look(true);
    field.onkeydown = (event) => {
      event.stopPropagation();
      if (event.key === "Enter") this.go(event.shiftKey ? -1 : 1);
      else if (event.key === "Escape") this.$(".focus").focus();
      else return;
      event.preventDefault();
    };
    $(".search-before").onclick = () => this.go(-1);
    $(".search-next").onclick = () => this.go(1);
    $(".search-close").onclick = () => this.close();
  }

  get open() {
    return !this.$(".search").hidden;
  }

  begin() {
    this.$(".search").hidden = false;
    this.$(".search-field").focus();
    this.$(".search-field").select();
    this.look();
  }

  close() {
    this.$(".search").hidden = true;
    this.mark([]);
    this.$(".focus").focus();
  }

  // Search the texts that are shown now. `typed`: the words have changed, so the first match is scrolled into sight.
  look(typed = false) {
    if (!this.open) return;
    const query = this.$(".search-field").value.trim();
    const places = [...this.$(".card").querySelectorAll(".read .text")].filter((place) =>
      place.checkVisibility({ visibilityProperty: true }),
    );
    const ranges = places.flatMap((place) => rangesIn(place, query)).slice(0, MOST);
    if (typed) this.at = 0;
    this.at = Math.min(this.at, Math.max(0, ranges.length - 1));
    this.mark(ranges);
    this.say(query);
    if (typed) this.show();
  }

  go(step) {
    if (!this.ranges.length) return;
    this.at = (this.at + step + this.ranges.length) % this.ranges.length;
    this.mark(this.ranges);
    this.say(this.$(".search-field").value.trim());
    this.show();
  }

  mark(ranges) {
    this.ranges = ranges;
    if (!this.able) return;
    CSS.highlights.set(ALL, new Highlight(...ranges));
    CSS.highlights.set(NOW, new Highlight(...ranges.slice(this.at, this.at + 1)));
  }

  say(query) {
    const { length } = this.ranges;
    const all = length === MOST ? `the first ${MOST}` : length;
    const words = length ? `${this.at + 1} of ${all}` : "not found";
    this.$(".search-found").textContent = !query ? "" : this.able ? words : `${words} (this browser cannot mark them)`;
  }

  show() {
    const range = this.ranges[this.at];
    range?.startContainer.parentElement.scrollIntoView({ block: "nearest" });
    const box = range?.startContainer.parentElement.closest(".text");
    if (!box) return;
    const [rect, frame] = [range.getBoundingClientRect(), box.getBoundingClientRect()];
    if (rect.top < frame.top || rect.bottom > frame.bottom) box.scrollTop += rect.top - frame.top - frame.height / 3;
  }
}

function rangesIn(place, query) {
  if (!query) return [];
  const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
  const nodes = [];
  const starts = [];
  let text = "";
  let block = null;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement.closest(".fold")) continue;
    const within = node.parentElement.closest(BLOCKS);
    if (block && within !== block) text += "\u0000"; // so that no match extends beyond a paragraph
    block = within;
    nodes.push(node);
    starts.push(text.length);
    text += node.data;
  }
  return matches(text, query).map(([start, end]) => {
    const range = new Range();
    const [first, from] = placed(starts, start);
    const [last, to] = placed(starts, end - 1);
    range.setStart(nodes[first], from);
    range.setEnd(nodes[last], to + 1);
    return range;
  });
}
