// A key acts as in the table, and does nothing if something else needs it.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  DEFAULT_KEYS,
  keyFor,
  keyName,
  meaning,
  NAMES,
  scrolls,
  taken,
} from "../../../rsf_core/web/components/review_card/keys.js";

const body = { tagName: "BODY", closest: () => null };

function press(key, { target = body, ...extra } = {}) {
  return { key, shiftKey: false, composedPath: () => [target], ...extra };
}

const means = (key, { repeat = false, tagName = "BODY" } = {}) => meaning(DEFAULT_KEYS, key, { repeat, tagName });

test("each action has a name and a key of its own", () => {
  assert.deepEqual(Object.keys(NAMES).sort(), Object.keys(DEFAULT_KEYS).sort());
  assert.equal(new Set(Object.values(DEFAULT_KEYS)).size, Object.keys(DEFAULT_KEYS).length);
  assert.equal(new Set(Object.values(NAMES)).size, Object.keys(NAMES).length);
});

test("no usual key is one that is kept for something else", () => {
  for (const [action, key] of Object.entries(DEFAULT_KEYS)) assert.equal(taken(DEFAULT_KEYS, action, key), null);
});

for (const [action, key] of Object.entries(DEFAULT_KEYS)) {
  test(`“${key}” asks for ${action}`, () => assert.deepEqual(means(key), { action }));
}

for (const digit of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
  test(`${digit} is a place`, () => assert.deepEqual(means(String(digit)), { digit }));
}

for (const key of ["0", "j", "F5", "Escape", "Enter", "Tab", ""]) {
  test(`“${key}” is nothing`, () => assert.equal(means(key), null));
}

test("held down, only the arrows go on", () => {
  for (const [action, key] of Object.entries(DEFAULT_KEYS)) {
    assert.deepEqual(means(key, { repeat: true }), key.startsWith("Arrow") ? { action } : null);
  }
  assert.equal(means("1", { repeat: true }), null);
});

test("the space bar on a button presses the button", () => {
  assert.equal(means(" ", { tagName: "BUTTON" }), null);
  assert.deepEqual(means("a", { tagName: "BUTTON" }), { action: "accept" });
  assert.equal(meaning({ accept: "Enter" }, "Enter", { repeat: false, tagName: "BUTTON" }), null);
});

test("up and down are a text's that has the focus and can scroll, and no other key", () => {
  const text = (scrollHeight) => ({ closest: (of) => (of === ".text" ? { scrollHeight, clientHeight: 100 } : null) });
  for (const key of ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "u", " "]) {
    assert.equal(scrolls(key, [text(101)]), key === "ArrowUp" || key === "ArrowDown");
    assert.equal(scrolls(key, [text(100)]), false);
    assert.equal(scrolls(key, [body]), false);
  }
});

test("a key that was changed asks for the action, and its old key for nothing", () => {
  const keys = { ...DEFAULT_KEYS, accept: "j" };
  assert.deepEqual(meaning(keys, "j", { repeat: false, tagName: "BODY" }), { action: "accept" });
  assert.equal(meaning(keys, "a", { repeat: false, tagName: "BODY" }), null);
});

test("with Caps Lock on a letter is its small one, with Shift its large one", () => {
  assert.equal(keyFor(press("A")), "a");
  assert.equal(keyFor(press("a")), "a");
  assert.equal(keyFor(press("A", { shiftKey: true })), "A");
  assert.equal(keyFor(press("a", { shiftKey: true })), "A"); // Caps Lock and Shift together
  assert.equal(keyFor(press("ArrowLeft", { shiftKey: true })), "ArrowLeft");
});

for (const extra of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }, { defaultPrevented: true }]) {
  test(`with ${Object.keys(extra)} it is the browser's`, () => assert.equal(keyFor(press("a", extra)), null));
}

for (const tagName of ["INPUT", "TEXTAREA", "SELECT"]) {
  test(`in a ${tagName} it is typed`, () => assert.equal(keyFor(press("a", { target: { ...body, tagName } })), null));
}

test("at a box that is ticked only the space bar is not the card's", () => {
  const target = { ...body, tagName: "INPUT", type: "checkbox" };
  assert.deepEqual(
    ["a", "1", "ArrowLeft", "Enter", " "].map((key) => keyFor(press(key, { target }))),
    ["a", "1", "ArrowLeft", "Enter", null],
  );
});

test("in what can be edited it is typed", () => {
  assert.equal(keyFor(press("a", { target: { ...body, isContentEditable: true } })), null);
});

test("arrows and the space bar belong to what is chosen with them, letters do not", () => {
  const inside = { tagName: "DIV", closest: (selector) => (selector.includes('[role="radiogroup"]') ? {} : null) };
  for (const key of ["ArrowLeft", "ArrowUp", " "]) assert.equal(keyFor(press(key, { target: inside })), null);
  assert.equal(keyFor(press("a", { target: inside })), "a");
  assert.equal(keyFor(press("ArrowLeft", { target: { tagName: "#document" } })), "ArrowLeft"); // a document has no closest()
});

for (const key of ["1", "9", "Backspace", "Delete", "Enter", "Tab", "r", "c", "R", "C"]) {
  test(`${key} cannot be chosen`, () => assert.match(taken(DEFAULT_KEYS, "accept", key), /kept for something else/));
}

test("the key of another action cannot be chosen, its own and a free one can", () => {
  assert.equal(taken(DEFAULT_KEYS, "accept", "x"), "X is “Reject” already.");
  assert.equal(taken(DEFAULT_KEYS, "accept", "A"), "Shift+A is “Accept the whole prompt” already.");
  assert.equal(taken(DEFAULT_KEYS, "accept", "a"), null);
  assert.equal(taken(DEFAULT_KEYS, "accept", "j"), null);
  assert.equal(taken(DEFAULT_KEYS, "accept", "0"), null);
});

test("keys are named as they stand on the keyboard", () => {
  const named = Object.entries({
    a: "A",
    A: "Shift+A",
    " ": "Space",
    ArrowUp: "↑",
    ArrowLeft: "←",
    ";": ";",
    F2: "F2",
    é: "É",
  });
  for (const [key, name] of named) assert.equal(keyName(key), name);
});
