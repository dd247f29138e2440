// Two leaves at one place.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { fresh } from "./support/browser.mjs";
import { place } from "./support/page.mjs";

const { Leaves } = await import("../../../rsf_core/web/components/review_card/leaves.js");

beforeEach(() => {
  fresh();
  document.activeElement = null;
});

function pair() {
  const [front, back] = [place(), place()];
  front.className = "text read";
  back.className = "text read-behind";
  return { front, back, leaves: new Leaves((name) => ({ ".read": front, ".read-behind": back })[name], "read") };
}

test("one is read and the other stands behind, and a turn changes them", () => {
  const { front, back, leaves } = pair();
  assert.equal(leaves.turn(), true);
  assert.deepEqual([leaves.front, leaves.back], [back, front]);
  assert.deepEqual([front.className, back.className], ["text read-behind", "text read"]);
  leaves.turn();
  assert.deepEqual([front.className, back.className], ["text read", "text read-behind"]);
});

test("the one that has the focus stays", () => {
  const { front, leaves } = pair();
  document.activeElement = front;
  assert.equal(leaves.turn(), false);
  assert.deepEqual([leaves.front, front.className], [front, "text read"]);
});
