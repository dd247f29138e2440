// Which key does what, and which keys may replace it.

export const DEFAULT_KEYS = {
  accept: "a",
  reject: "x",
  skip: " ",
  undo: "u",
  redo: "U",
  back: "ArrowLeft",
  forward: "ArrowRight",
  up: "ArrowUp",
  down: "ArrowDown",
  auto: "d",
  edit: "e",
  flag: "f",
  note: "n",
  tags: "t",
  guide: "g",
  similar: "k",
  help: "h",
  acceptAll: "A",
  rejectAll: "X",
  settleAccept: "y",
  settleReject: "z",
  markup: "m",
  thought: "o",
  differences: "v",
  against: "V",
  side: "s",
  alone: "l",
  find: "/",
  question: "q",
  questionBack: "Q",
  goldAccept: "w",
  goldReject: "W",
};
export const NAMES = {
  accept: "Accept",
  reject: "Reject",
  skip: "Skip",
  undo: "Undo",
  redo: "Redo",
  back: "Previous candidate",
  forward: "Next candidate",
  up: "Previous prompt",
  down: "Next prompt",
  auto: "Back to the rule",
  edit: "Edit",
  flag: "Flag",
  note: "Note",
  tags: "Tags",
  guide: "Guide",
  similar: "Similar ones",
  help: "Keys",
  acceptAll: "Accept the whole prompt",
  rejectAll: "Reject the whole prompt",
  settleAccept: "Settle: accept",
  settleReject: "Settle: reject",
  markup: "Markdown, or as it was drawn",
  thought: "Thought: unfold or fold",
  differences: "Differences, word by word",
  against: "Compare with the next text",
  side: "All candidates side by side",
  alone: "The card alone",
  find: "Find words in the text",
  question: "Next question",
  questionBack: "Previous question",
  goldAccept: "Gold item: right to accept (owners)",
  goldReject: "Gold item: right to reject (owners)",
};
const ARROWS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", " ": "Space" };
// keys of the browser and of Streamlit, and the numbers of candidates and answers
const KEPT = /^[1-9]$|^(Backspace|Delete|Enter|Tab|r|c|R|C)$/;
const OWN_ARROWS = '[role="radiogroup"],[role="slider"],[role="listbox"],[role="tablist"],[role="menu"]';

export function keyName(key) {
  return ARROWS[key] ?? (key.length === 1 && key !== key.toLowerCase() ? `Shift+${key}` : key.toUpperCase());
}

// The key by the state of Shift alone: with Caps Lock on, A without Shift does not accept a whole prompt.
function pressed({ key, shiftKey }) {
  return key.length === 1 ? (shiftKey ? key.toUpperCase() : key.toLowerCase()) : key;
}

// The key of an event that is for the card; null if the element with the focus needs it.
export function keyFor(event) {
  const target = event.composedPath()[0];
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return null;
  const box = target.type === "checkbox"; // nothing is typed into it: only the space bar is its own
  if (target.isContentEditable || (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !box)) return null;
  const key = pressed(event);
  if (box && key === " ") return null;
  return /^(Arrow| )/.test(key) && target.closest?.(OWN_ARROWS) ? null : key;
}

// Whether a key scrolls the text that has the focus.
export function scrolls(key, [target]) {
  const text = /^Arrow(Up|Down)$/.test(key) ? target.closest?.(".text") : null;
  return Boolean(text) && text.scrollHeight > text.clientHeight;
}

// What a key means: {digit}, the number of a candidate or an answer, or {action}; null if it means nothing, or presses the
// button that has the focus.
export function meaning(keys, key, { repeat, tagName }) {
  const action = Object.keys(keys).find((name) => keys[name] === key);
  const digit = /^[1-9]$/.test(key) ? Number(key) : 0;
  if (!action && !digit) return null;
  if (repeat && !key.startsWith("Arrow")) return null;
  if (tagName === "BUTTON" && (key === " " || key === "Enter")) return null;
  return digit ? { digit } : { action };
}

// Why a key cannot be used for an action, or null.
export function taken(keys, action, key) {
  if (KEPT.test(key)) return `${keyName(key)} is kept for something else.`;
  const other = Object.keys(keys).find((name) => keys[name] === key);
  return other && other !== action ? `${keyName(key)} is “${NAMES[other]}” already.` : null;
}
