// The search for words in the displayed text.

import assert from "node:assert/strict";
import { test } from "node:test";

import { matches, placed } from "../../../rsf_core/web/components/review_card/search.js";

for (const [text, query, places] of [
  [
    "a film, a Film",
    "film",
    [
      [2, 6],
      [10, 14],
    ],
  ],
  [
    "aaa",
    "a",
    [
      [0, 1],
      [1, 2],
      [2, 3],
    ],
  ],
  ["a.b a?b", "a.b", [[0, 3]]],
  ["x^2 [a] (b) {c} \\d $ | / -", "[a] (b) {c} \\d $ | / -", [[4, 26]]],
  ["a \n b", "a b", [[0, 5]]],
  ["İstanbul ist", "IST", [[9, 12]]],
  ["東京は雨", "雨", [[3, 4]]],
  ["😀 x", "X", [[3, 4]]],
  ["abc", "", []],
  ["abc", "z", []],
]) {
  test(`“${query}” in “${text}”`, () => assert.deepEqual(matches(text, query), places));
}

test("of a million matches the first thousand are marked, in a moment", () => {
  const start = process.cpuUsage().user;
  assert.equal(matches("a".repeat(1_000_000), "a").length, 1_000);
  assert.ok(process.cpuUsage().user - start < 5e6);
});

test("no words make a search run for ever", () => {
  const start = process.cpuUsage().user;
  for (const query of ["(a+)+$", "a".repeat(200), " a ".repeat(60), ".*".repeat(50)]) matches(`${"a".repeat(20_000)}!`, query);
  assert.ok(process.cpuUsage().user - start < 5e6);
});

test("a position is in the piece that holds it", () => {
  const starts = [0, 3, 3, 10]; // the second piece is empty
  const held = [0, 2, 3, 9, 10, 15].map((position) => placed(starts, position));
  assert.deepEqual(held, [
    [0, 0],
    [0, 2],
    [2, 0],
    [2, 6],
    [3, 0],
    [3, 5],
  ]);
});
