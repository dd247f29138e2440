// Undo and redo: steps known here first, then those that only the server knows.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Steps, same } from "../../../rsf_core/web/components/review_card/steps.js";

function after(...steps) {
  const made = new Steps();
  for (const step of steps) made.add(step);
  return made;
}

test("where nothing was said there is nothing to undo or redo", () => {
  const steps = new Steps();
  assert.equal(steps.undo(), undefined);
  assert.equal(steps.redo(), undefined);
});

test("steps are taken back last first, and done again in the order they were said", () => {
  const steps = after("a", "b");
  assert.deepEqual([steps.undo(), steps.undo(), steps.undo()], ["b", "a", undefined]);
  assert.deepEqual([steps.redo(), steps.redo(), steps.redo()], ["a", "b", undefined]);
});

test("something new ends what could be redone, here and on the server", () => {
  const steps = after("a", "b");
  steps.stands({ undo: 2, redo: 3 });
  steps.undo();
  steps.add("c");
  assert.equal(steps.redo(), undefined);
  assert.deepEqual([steps.undo(), steps.undo()], ["c", "a"]);
});

test("beyond what is known here the server's steps are taken back, as many as it has", () => {
  const steps = after("a");
  steps.stands({ undo: 3, redo: 0 });
  assert.deepEqual([steps.undo(), steps.undo(), steps.undo(), steps.undo()], ["a", null, null, undefined]);
  assert.deepEqual([steps.redo(), steps.redo(), steps.redo(), steps.redo()], [null, null, "a", undefined]);
});

test("the server's steps can be redone", () => {
  const steps = new Steps();
  steps.stands({ undo: 0, redo: 1 });
  assert.deepEqual([steps.redo(), steps.redo(), steps.undo()], [null, undefined, null]);
});

test("an answer that tells no numbers changes none", () => {
  const steps = new Steps();
  steps.stands({ undo: 1, redo: 1 });
  steps.stands({});
  assert.deepEqual([steps.undoable, steps.redoable], [1, 1]);
});

test("fewer steps on the server than here are none beyond", () => {
  const steps = after("a", "b");
  steps.stands({ undo: 1, redo: 0 });
  assert.deepEqual([steps.undo(), steps.undo(), steps.undo()], ["b", "a", undefined]);
});

test("what was taken back is compared as a set, up to fifty", () => {
  assert.equal(same(["b", "a"], ["a", "b"]), true);
  assert.equal(same(["a"], ["a", "b"]), false);
  assert.equal(same(["a"], []), false);
  const many = Array.from({ length: 51 }, (_, i) => String(i));
  assert.equal(same(many, many.slice(0, 50)), true);
  assert.equal(same(many.slice(0, 50), many.slice(0, 49)), false);
});
