// Elements of the page. Words are only ever set as text, never as markup: completions are untrusted.

export function element(tag, name = "", words = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (words) made.textContent = words;
  return made;
}

// Write words into a place, unless they are there already: writing them again would lay the place out again, and announce them
// again to screen readers.
export function write(place, words) {
  if (place.textContent !== words) place.textContent = words;
}

export function button(name, words, onclick) {
  const made = element("button", name, words);
  made.type = "button";
  made.onclick = onclick;
  return made;
}

// Whether the focus is in a place of a card, which may be in a shadow tree.
export function hasFocus(place) {
  return place.contains(place.getRootNode().activeElement);
}

// The colour of a meaning (palette.py).
export function tone(kind) {
  return kind ? `var(--rsf-${kind})` : "currentColor";
}

// Do something once the browser is idle.
export function whenIdle(work) {
  if (globalThis.requestIdleCallback) requestIdleCallback(work, { timeout: 500 });
  else setTimeout(work, 50); // Safari
}

const UNSEEN = 100; // ms to wait for a frame: a tab that is not seen draws none
const due = new Map();

// Do something after the next frame is drawn, once however often it is requested until then, so that work that is not part of
// the frame does not delay it.
export function afterFrame(work) {
  if (due.has(work)) return;
  const timer = setTimeout(run, UNSEEN);
  due.set(work, timer);
  requestAnimationFrame(() => setTimeout(run, 0));
  function run() {
    if (due.get(work) !== timer) return;
    clearTimeout(timer);
    due.delete(work);
    work();
  }
}

const waiting = new Set();

// Do something before the next frame is drawn, once however often it is requested until then: reading the position of an
// element lays the page out, again after each change.
export function inFrame(work) {
  if (waiting.has(work)) return;
  waiting.add(work);
  requestAnimationFrame(() => {
    waiting.delete(work);
    work();
  });
}
