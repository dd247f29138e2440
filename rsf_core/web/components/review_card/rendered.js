// Texts that the server has rendered, requested ahead of the reader.

const KEPT = 2_000; // texts
const MOST_PENDING = 200; // texts
const LONGEST = 40_000; // characters of a text (web/markup/render.py)
const AT_ONCE = 30; // texts in a request
const LARGEST = 600_000; // characters in a request
const GATHERING = 30; // ms in which texts are gathered for a request
const AGAIN = 2_000; // ms after which texts that could not be rendered are requested again
// a text without any of these reads the same unrendered, and is not requested
const MARKS = /[*_`#>|$\\[\]~&<]|^[ ]{0,3}(?:[-+=]|\d{1,9}[.)])|^(?: {4}|[ ]{0,3}\t)|\0/m;

export function mayDiffer(text) {
  return MARKS.test(text);
}

export class Renderings {
  // `ask(texts)` resolves to {status, content}; `arrived` is called when there is more to show.
  constructor(ask, arrived) {
    Object.assign(this, { ask, arrived });
    this.kept = new Map(); // by text: {nodes} (null: reads the same unrendered) or {why}
    this.pending = new Set();
    this.timer = null;
    this.asking = false;
  }

  // The rendering of a text; undefined while it is not known.
  get(text) {
    if (text.length > LONGEST) return { why: "it is longer than 40,000 characters" };
    if (!mayDiffer(text)) return { nodes: null };
    const rendering = this.kept.get(text);
    if (rendering?.tree === undefined) return rendering;
    if (rendering.nodes === undefined) rendering.nodes = JSON.parse(rendering.tree);
    return rendering;
  }

  // Whether a text still has to be requested.
  lacks(text) {
    return !this.kept.has(text) && text.length <= LONGEST && mayDiffer(text);
  }

  // Request texts, the last one first.
  want(texts) {
    for (const text of texts) {
      if (!this.lacks(text)) continue;
      this.pending.delete(text);
      this.pending.add(text);
    }
    for (const oldest of this.pending) {
      if (this.pending.size <= MOST_PENDING) break;
      this.pending.delete(oldest);
    }
    if (this.pending.size) this.soon(GATHERING);
  }

  soon(milliseconds) {
    if (this.timer === null && !this.asking) this.timer = setTimeout(() => this.send(), milliseconds);
  }

  end() {
    clearTimeout(this.timer);
    this.ended = true;
  }

  async send() {
    this.timer = null;
    const texts = this.batch();
    this.asking = true;
    const answer = await this.ask(texts);
    this.asking = false;
    if (this.ended) return;
    const answers = answer.status === 200 ? answer.content.texts : [];
    texts.forEach((text, i) => {
      if (answers[i] && !answers[i].later) this.keep(text, answers[i]);
    });
    const late = texts.some((text) => !this.kept.has(text));
    const refused = answer.status >= 400 && answer.status < 500; // requested again, they would be refused again
    for (const text of texts) if (refused || this.kept.has(text)) this.pending.delete(text);
    if (this.pending.size) this.soon(late ? AGAIN : 0);
    if (answers.length) this.arrived();
  }

  // The newest texts first: a reader who has gone on does not wait for those passed.
  batch() {
    const texts = [];
    let room = LARGEST;
    for (const text of [...this.pending].reverse()) {
      room -= text.length;
      if (texts.length && (texts.length === AT_ONCE || room < 0)) break;
      texts.push(text);
    }
    return texts;
  }

  keep(text, answer) {
    this.kept.set(text, answer);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT) break;
      this.kept.delete(oldest);
    }
  }
}
