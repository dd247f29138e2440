// Shows texts as they are to be read: as Markdown or as they were drawn, with thoughts folded.

import { button, element } from "./dom.js";
import { thoughts } from "./thoughts.js";
import { draw } from "./tree.js";
import { visible } from "./visible.js";
import { counted } from "./words.js";

const LONG = 1_200; // characters of a text that does not fit into its place

export class Texts {
  // `toggled` is called when the reader unfolds or folds a thought.
  constructor(modes, renderings, toggled) {
    Object.assign(this, { modes, renderings, toggled });
    this.drawn = new WeakMap(); // by place: what is shown there
    this.watched = new WeakSet(); // places whose scrolling is observed
    this.scrolled = new WeakSet(); // places that are not at their beginning
  }

  // Show `text` in `place`, unless it is there already. Returns whether anything changed.
  show(place, text) {
    const parts = thoughts(text);
    const made = parts.map((part) => (this.modes.markup ? this.renderings.get(body(part, true)) : undefined));
    const now = [text, this.modes.markup, this.modes.thought, ...made];
    if (!this.watched.has(place)) this.watch(place);
    const before = this.drawn.get(place);
    if (before?.length === now.length && now.every((value, i) => value === before[i])) return false;
    if (this.modes.markup) this.renderings.want(parts.map((part) => body(part, true)));
    this.drawn.set(place, now);
    place.classList.toggle("none", !text);
    if (!text) place.textContent = "(empty)";
    else place.replaceChildren(...parts.flatMap((part, i) => this.part(part, made[i])), ...missing(parts));
    if (before?.[0] !== text) this.top(place);
    return true;
  }

  // Whether a place shows this text.
  stands(place, text) {
    return this.drawn.get(place)?.[0] === text;
  }

  // Show `text` on the leaf that is read; if the leaf behind has it already, turn to that.
  showOn(leaves, text) {
    if (!this.stands(leaves.front, text) && this.stands(leaves.back, text) && leaves.turn()) this.top(leaves.front);
    return this.show(leaves.front, text);
  }

  // Scroll a place to its beginning, only if it was scrolled: setting the position lays the page out, which is most of what a
  // key costs in a long text.
  top(place) {
    if (this.scrolled.delete(place)) place.scrollTop = 0;
  }

  watch(place) {
    this.watched.add(place);
    place.addEventListener("scroll", () => {
      if (place.scrollTop > 0) this.scrolled.add(place);
      else this.scrolled.delete(place);
    });
  }

  // Another part draws in this place now.
  leave(place) {
    this.drawn.delete(place);
  }

  // The texts to be rendered before a text is shown.
  needed(text) {
    return this.modes.markup ? thoughts(text).map((part) => body(part, true)) : [];
  }

  part(part, made) {
    if (!part.thought) return content(body(part, this.modes.markup), made);
    const open = this.modes.thought;
    const words = counted(part.inner.split(/\s+/).filter(Boolean).length);
    const fold = button("quiet fold", `Thought, ${words} words${part.finished ? "" : ", not finished"}`, this.toggled);
    fold.setAttribute("aria-expanded", String(open));
    if (!open) return [fold];
    const inside = element("div", "thought");
    inside.append(...content(body(part, this.modes.markup), made));
    return [fold, inside];
  }
}

function body(part, markup) {
  return markup ? part.inner : part.text;
}

// The text as Markdown, if its rendering is there and differs.
function content(text, made) {
  if (made?.nodes) return [draw(made.nodes, element("div", text.length > LONG ? "markdown long" : "markdown"))];
  const raw = document.createTextNode(visible(text));
  return made?.why ? [element("div", "why", `Shown as it was drawn: ${made.why}.`), raw] : [raw];
}

function missing(parts) {
  const last = parts.at(-1);
  const words = last.finished ? "(no answer after the thought)" : "(no answer yet: the thought is not finished)";
  return last.thought ? [element("div", "none", words)] : [];
}
