// Where the keys lead from the current place.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Place } from "../../../rsf_core/web/components/review_card/place.js";

const nothing = () => false;
const promptOf = (id) => id?.split(".")[0];

// A queue, with the focus on its first candidate or on the named one.
function at(ids, focused = ids[0], position = Math.max(0, ids.indexOf(focused))) {
  const place = new Place();
  place.extend(ids, nothing);
  Object.assign(place, { focused, position });
  return place;
}

test("an empty place is nowhere", () => {
  const place = new Place();
  assert.deepEqual([place.here, place.left, place.focused], [null, 0, null]);
  place.advance(nothing);
  assert.deepEqual([place.here, place.left, place.focused], [null, 0, null]);
});

test("one goes on to the next, and at the end to none", () => {
  const place = at(["a", "b"]);
  place.advance(nothing);
  assert.deepEqual([place.focused, place.position, place.left], ["b", 1, 1]);
  place.advance(nothing);
  assert.deepEqual([place.focused, place.position, place.left], [null, 2, 0]);
  place.extend(["c"], nothing); // more candidates have arrived
  assert.equal(place.here, "c");
});

test("what is passed is not shown on the way", () => {
  const place = at(["a", "b", "c", "d"]);
  place.advance((id) => id === "b" || id === "c");
  assert.equal(place.focused, "d");
});

test("from a candidate beside the queue one comes back to where one stood in it", () => {
  const place = at(["a", "b", "c"], "b");
  place.focused = "beside";
  place.advance(nothing);
  assert.equal(place.focused, "b");
});

test("from a candidate further back one comes back to where one stood", () => {
  const place = at(["a", "b", "c", "d"], "c");
  place.focused = "a";
  place.advance(nothing);
  assert.deepEqual([place.focused, place.position], ["c", 2]);
});

test("from one further ahead one goes on from there", () => {
  const place = at(["a", "b", "c", "d"]);
  place.focused = "c";
  place.advance(nothing);
  assert.equal(place.focused, "d");
});

test("what comes twice or is passed is queued once or not at all", () => {
  const place = at(["a", "b"]);
  place.extend(["b", "c", "d"], (id) => id === "c");
  assert.deepEqual(place.queue, ["a", "b", "d"]);
});

test("the next and the last prompt are the nearest others in the queue", () => {
  const place = at(["1.a", "1.b", "2.a", "2.b", "3.a"], "1.b");
  assert.equal(place.toPrompt(1, promptOf), true);
  assert.deepEqual([place.focused, place.position], ["2.a", 2]);
  assert.equal(place.toPrompt(1, promptOf), true);
  assert.equal(place.focused, "3.a");
  assert.equal(place.toPrompt(-1, promptOf), true);
  assert.equal(place.focused, "2.b");
});

test("before the first and after the last prompt one stays", () => {
  const place = at(["1.a", "2.a"]);
  assert.equal(place.toPrompt(-1, promptOf), false);
  assert.deepEqual([place.focused, place.position], ["1.a", 0]);
  place.toPrompt(1, promptOf);
  assert.equal(place.toPrompt(1, promptOf), false);
  assert.deepEqual([place.focused, place.position], ["2.a", 1]);
});

test("from beside the queue another prompt is sought from where one stands in it", () => {
  const place = at(["1.a", "2.a", "3.a"], "2.a");
  place.focused = "2.z";
  assert.equal(place.toPrompt(1, promptOf), true);
  assert.equal(place.focused, "3.a");
});

test("siblings go round and round", () => {
  const place = at(["a", "b", "c"]);
  assert.equal(place.sibling(1, ["a", "b", "c"]), "b");
  assert.equal(place.sibling(-1, ["a", "b", "c"]), "c");
  assert.equal(place.sibling(1, ["a"]), "a");
  place.focused = "c";
  assert.equal(place.sibling(1, ["a", "b", "c"]), "a");
});

test("a cleared place forgets all", () => {
  const place = at(["a", "b"], "b");
  place.done.add("a");
  place.clear();
  assert.deepEqual([place.queue, place.position, place.focused, place.done.size], [[], 0, null, 0]);
});

test("what stands in the queue as one of the audit is known as such, once, and only there", () => {
  const place = at(["a", "b"]);
  place.extend(["r", "b", "c"], nothing, ["r", "b"]); // b came in its own turn before
  assert.deepEqual([...place.audit], ["r"]);
  assert.deepEqual(place.shown("r", "boundary"), { candidate: "r", order: "boundary", audit: true });
  assert.deepEqual(place.shown("b", "boundary"), { candidate: "b", order: "boundary", audit: false });
  assert.equal(place.shown("beside", "boundary"), undefined);
  place.clear();
  assert.equal(place.audit.size, 0);
});

test("one resumes at the candidate in focus, or beside one of the audit at the next that has a place in the order", () => {
  const place = at(["a"]);
  place.extend(["r", "s", "b", "t"], nothing, ["r", "s", "t"]);
  const from = (id) => {
    place.focused = id;
    return place.resume;
  };
  assert.deepEqual(["a", "r", "s", "b", "t", "beside", null].map(from), ["a", "b", "b", "b", "b", "beside", null]);
  const alone = at([]);
  alone.extend(["r"], nothing, ["r"]);
  alone.focused = "r";
  assert.equal(alone.resume, "r");
});

test("where one comes next is known before one goes there", () => {
  const place = at(["a", "b", "c", "d"]);
  assert.equal(
    place.ahead((id) => id === "b"),
    2,
  );
  assert.deepEqual([place.focused, place.position], ["a", 0]);
  assert.equal(
    place.ahead(() => true),
    4,
  );
});
