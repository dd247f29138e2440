// Places are given by digits, taken back one by one, and define an order whatever gaps they have.

import assert from "node:assert/strict";
import { test } from "node:test";

const { Places } = await import("../../../rsf_core/web/components/rank_card/places.js");

function given(...digits) {
  const places = new Places();
  places.of(["a", "b", "c", "d"]);
  for (const digit of digits) places.give(digit);
  return places;
}

test("each digit is the place of the next candidate, and the same digit twice is a tie", () => {
  const places = given(2, 1, 2, 3);
  assert.deepEqual(places.dense, [2, 1, 2, 3]);
  assert.deepEqual(places.groups, [["b"], ["a", "c"], ["d"]]);
  assert.deepEqual(places.open, []);
});

test("places with gaps are sent without", () => {
  assert.deepEqual(given(4, 1, 4, 1).dense, [2, 1, 2, 1]);
  assert.deepEqual(given(3, 3, 3, 3).dense, [1, 1, 1, 1]);
});

test("a place that there is not is refused and changes nothing", () => {
  const places = given(1);
  assert.equal(places.give(5), false);
  assert.equal(places.give(0), false);
  assert.deepEqual([places.atHand, places.open], ["b", ["b", "c", "d"]]);
  assert.equal(new Places().give(1), false);
});

test("what is given last is taken back first, to be given anew", () => {
  const places = given(1, 2);
  assert.equal(places.back(), true);
  assert.deepEqual([places.atHand, places.open], ["b", ["b", "c", "d"]]);
  places.give(3);
  assert.deepEqual([places.get("b"), places.atHand], [3, "c"]);
  places.go("a");
  places.give(4); // the same candidate gets another place
  assert.deepEqual([places.get("a"), places.atHand], [4, "c"]);
  places.back();
  assert.deepEqual([places.get("a"), places.atHand], [1, "a"]);
  assert.equal(places.back() && places.back(), true);
  assert.equal(places.back(), false);
  assert.deepEqual(places.open, ["a", "b", "c", "d"]);
});

test("one may go to any candidate, and on to the next without a place, round the end", () => {
  const places = given(1);
  places.go("d");
  places.give(2);
  assert.equal(places.atHand, "b");
  places.move(-5);
  assert.equal(places.atHand, "a");
  places.move(9);
  assert.equal(places.atHand, "d");
  places.go("c");
  places.give(3);
  places.give(1);
  assert.deepEqual(places.open, []);
  assert.equal(places.atHand, "b"); // the last candidate stays current: another digit corrects a wrong one
  places.give(2);
  assert.deepEqual(places.groups, [["a"], ["b", "d"], ["c"]]);
});

test("what was sent comes back with its places, and each can be taken back", () => {
  const places = new Places();
  places.of(["a", "b"], [2, 1]);
  assert.deepEqual([places.dense, places.open], [[2, 1], []]);
  places.back();
  assert.deepEqual([places.open, places.atHand], [["b"], "b"]);
});

test("some may have places already: the next one goes to the first without, and they are taken back last first", () => {
  const places = new Places();
  places.of(["a", "b", "c", "d"], [2, undefined, 1, undefined]);
  assert.deepEqual([places.atHand, places.open], ["b", ["b", "d"]]);
  places.give(3);
  assert.equal(places.atHand, "d");
  assert.equal(places.back() && places.back(), true);
  assert.deepEqual([places.atHand, places.open], ["c", ["b", "c", "d"]]);
});
