// Texts that look the same to a reader are decided once; no others are.

import assert from "node:assert/strict";
import { test } from "node:test";

import { alikeTo, folded, oneOfEach } from "../../../rsf_core/web/components/review_card/alike.js";
import { candidate } from "./support/candidates.mjs";

const texts = ["A  train,\nlate", "a train, late", "A train, late!", "a Train, late ", "another"];
const siblings = (extra = {}) => texts.map((completion, k) => candidate(`1.1.${k}`, { completion, ...extra[k] }));
const ids = (candidates) => candidates.map((one) => one.k);
const ON = { together: true };

test("case and white space are no difference, a sign and a letter are one", () => {
  assert.equal(folded(" É\u00a0b\n"), folded("e\u0301 B"));
  assert.notEqual(folded("a b"), folded("ab"));
  assert.notEqual(folded("a"), folded("a."));
});

test("those that read the same are decided together, in their order", () => {
  const all = siblings();
  assert.deepEqual(ids(alikeTo(all[1], all, ON)), [0, 1, 3]);
  assert.deepEqual(ids(alikeTo(all[2], all, ON)), [2]);
  assert.deepEqual(ids(oneOfEach(all, all[1], ON)), [1, 2, 4]);
  assert.deepEqual(ids(oneOfEach(all, all[4], ON)), [0, 2, 4]);
});

test("where the project does not want it, each stands for itself", () => {
  const all = siblings();
  assert.deepEqual(ids(alikeTo(all[1], all, { together: false })), [1]);
  assert.deepEqual(ids(alikeTo(all[1], all, {})), [1]);
  assert.deepEqual(ids(oneOfEach(all, all[1], {})), [0, 1, 2, 3, 4]);
});

test("an edited text and one that is not read to its end are like no other", () => {
  const all = siblings({ 0: { edit: "other words" }, 3: { clipped: 10 } });
  assert.deepEqual(ids(alikeTo(all[1], all, ON)), [1]);
  for (const k of [0, 3]) assert.deepEqual(ids(alikeTo(all[k], all, ON)), [k]);
  assert.deepEqual(ids(oneOfEach(all, all[2], ON)), [0, 1, 2, 3, 4]);
});

test("a text that was read to its end meanwhile is compared as it is now", () => {
  const all = siblings({ 4: { completion: "A trai", clipped: 7 } });
  assert.deepEqual(ids(alikeTo(all[1], all, ON)), [0, 1, 3]);
  Object.assign(all[4], { completion: "A train, late", clipped: 0 });
  assert.deepEqual(ids(alikeTo(all[1], all, ON)), [0, 1, 3, 4]);
});
