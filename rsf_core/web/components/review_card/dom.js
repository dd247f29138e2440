// Elements. Words are only ever set as text, never as markup: completions are untrusted.

export function element(tag, name = "", words = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (words) made.textContent = words;
  return made;
}

// Words into a place, unless they stand there: to say them again would lay it out again, and tell who listens once more.
export function write(place, words) {
  if (place.textContent !== words) place.textContent = words;
}

export function button(name, words, onclick) {
  const made = element("button", name, words);
  made.type = "button";
  made.onclick = onclick;
  return made;
}

// Whether the focus is in a place of a card, which may stand in a shadow.
export function hasFocus(place) {
  return place.contains(place.getRootNode().activeElement);
}

// The colour of a meaning (palette.py).
export function tone(kind) {
  return kind ? `var(--rsf-${kind})` : "currentColor";
}

// Does something once the browser has nothing better to do.
export function whenIdle(work) {
  if (globalThis.requestIdleCallback) requestIdleCallback(work, { timeout: 500 });
  else setTimeout(work, 50); // Safari
}

const UNSEEN = 100; // ms after which nothing waits for a frame any more: a tab that is not seen draws none
const due = new Map();

// Does something once the next frame is drawn, once however often it is asked for until then: what is not part of that frame
// does not hold it up.
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

// Does something before the next frame is drawn, once however often it is asked for until then: what asks where an element
// stands lays the page out, and after each change anew.
export function inFrame(work) {
  if (waiting.has(work)) return;
  waiting.add(work);
  requestAnimationFrame(() => {
    waiting.delete(work);
    work();
  });
}
