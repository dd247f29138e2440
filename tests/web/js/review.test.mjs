// Acts, undo and answers: the card shows the state that the server will have.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { fresh } from "./support/browser.mjs";
import { candidate, prompt, queue } from "./support/candidates.mjs";

const { Review } = await import("../../../rsf_core/web/components/review_card/review.js");
const { accepted } = await import("../../../rsf_core/web/components/review_card/decisions.js");

// An outbox that keeps its acts until `answer` takes them out.
class Held {
  acts = [];
  failures = 0;

  add(act) {
    this.acts.push(act);
  }
}

// A review of two prompts with two candidates each, and the stand-in for its server.
function begun(data = {}) {
  const review = new Review();
  const outbox = new Held();
  review.of({ round: 1, reviewer: "ann", view: "pending", order: "boundary", editable: true, ...data }, outbox);
  review.expect();
  review.begin(queue(prompt("1", 2), prompt("2", 2)));
  return { review, outbox };
}

// Let the server answer the first acts with its state of some prompts; `results` by act name.
function answer({ review, outbox }, { many = outbox.acts.length, prompts = [], results = {}, undo, redo } = {}) {
  const batch = outbox.acts.splice(0, many);
  const acknowledged = batch.map((act) => ({ act: act.act, candidates: act.candidates, ...results[act.kind] }));
  return review.acknowledge(batch, { results: acknowledged, prompts, undo, redo });
}

const opinions = (review, id) => review.known.get(id).opinions.map(({ reviewer, action }) => `${reviewer}: ${action}`);
const decide = (review, action) => review.decide(action, [review.place.focused], "decide");

beforeEach(fresh);

test("a queue begins at its first candidate", () => {
  const { review } = begun();
  assert.equal(review.focused.candidate_id, "1.1.0");
  assert.deepEqual(
    review.siblings.map((one) => one.candidate_id),
    ["1.1.0", "1.1.1"],
  );
});

test("a decision is shown, counted, kept for undo and put into the outbox; the next one is in focus", () => {
  const { review, outbox } = begun();
  decide(review, "accept");
  assert.equal(accepted(review.known.get("1.1.0")), true);
  assert.equal(review.decided, 1);
  assert.equal(review.place.focused, "1.1.1");
  const [{ act, ...body }] = outbox.acts;
  assert.match(act, /^[0-9a-f]{32}$/);
  const shown = { candidate: "1.1.0", order: "boundary", audit: false };
  assert.deepEqual(body, { round: 1, kind: "decide", candidates: ["1.1.0"], action: "accept", shown });
});

test("how a candidate was come upon is said of the one in focus, where all that is pending is gone through", () => {
  const shown = ({ review, outbox }, ids) => {
    review.decide("accept", ids ?? [review.place.focused], "decide");
    return outbox.acts.at(-1).shown;
  };
  const { review, outbox } = begun({ order: "reward" });
  review.place.audit.add("1.1.0");
  assert.deepEqual(shown({ review, outbox }, ["1.1.0", "1.1.1"]), { candidate: "1.1.0", order: "reward", audit: true });
  assert.equal(shown({ review, outbox }, ["1.1.1"]), undefined); // not the one in focus
  assert.equal(shown(begun({ view: "all" })), undefined);
  assert.equal(shown(begun({ filter: { tokens: "1..5" } })), undefined);
  assert.ok(shown(begun({ filter: {} })));
});

for (const other of [
  { act: "c", to: "compare", round: 1, kind: "compare", candidates: ["1.1.0", "1.1.1"] },
  { act: "c", round: 2, kind: "decide", candidates: ["2.1.0"], action: "accept" },
]) {
  test(`what waits of ${other.to ?? "another round"} holds back nothing that the server says`, () => {
    const { review, outbox } = begun();
    decide(review, "accept");
    outbox.add(other);
    const refused = { decide: { refused: "why" } };
    assert.equal(answer({ review, outbox }, { many: 1, results: refused, undo: 0, redo: 0 }).again, true);
  });
}

test("a whole prompt is decided in one act, and the next prompt is in focus", () => {
  const { review, outbox } = begun();
  review.decide("accept", ["1.1.0", "1.1.1"], "decide");
  assert.equal(outbox.acts.length, 1);
  assert.deepEqual([review.decided, review.place.focused], [2, "1.2.0"]);
});

test("what is taken back is not counted as decided, what is decided twice counts once", () => {
  const { review } = begun();
  const counts = [];
  const then = (step) => {
    step();
    counts.push(review.decided);
  };
  then(() => decide(review, "accept")); // 1.1.0
  then(() => decide(review, "reject")); // 1.1.1
  then(() => review.walk("undo"));
  then(() => review.walk("redo"));
  then(() => review.decide("reject", ["1.1.0", "1.2.0"], "decide")); // one of them again
  then(() => review.walk("undo"));
  then(() => review.say("note", ["1.1.0"], { value: "why?" }));
  then(() => review.walk("undo")); // only the note
  then(() => review.walk("undo"));
  then(() => review.walk("undo"));
  assert.deepEqual(counts, [1, 2, 1, 2, 3, 2, 2, 2, 1, 0]);
});

test("undo shows what was before and where, redo what was after", () => {
  const { review, outbox } = begun();
  decide(review, "accept");
  decide(review, "accept");
  review.walk("undo");
  assert.deepEqual([review.place.focused, opinions(review, "1.1.1")], ["1.1.1", []]);
  review.walk("undo");
  assert.deepEqual([review.place.focused, opinions(review, "1.1.0")], ["1.1.0", []]);
  review.walk("redo");
  assert.deepEqual([review.place.focused, opinions(review, "1.1.0")], ["1.1.0", ["ann: accept"]]);
  assert.deepEqual(
    outbox.acts.map(({ kind, expects }) => [kind, expects]),
    [
      ["decide", undefined],
      ["decide", undefined],
      ["undo", ["1.1.1"]],
      ["undo", ["1.1.0"]],
      ["redo", ["1.1.0"]],
    ],
  );
});

test("what was taken back comes again on the way", () => {
  const { review } = begun();
  decide(review, "accept");
  review.walk("undo");
  assert.equal(review.passed("1.1.0"), false);
});

test("a step that only the server knows is asked for, with nothing expected", () => {
  const held = begun();
  assert.equal(held.review.walk("undo"), undefined);
  assert.equal(held.outbox.acts.length, 0);
  held.review.steps.stands({ undo: 1, redo: 0 });
  assert.equal(held.review.walk("undo"), null);
  assert.deepEqual([held.outbox.acts[0].expects, held.outbox.acts[0].from], [undefined, "1.1.0"]);
});

test("what such a step has changed comes into focus, unless one has gone on", () => {
  for (const [goOn, touched] of [
    [false, "1.2.1"],
    [true, null],
  ]) {
    const held = begun();
    held.review.steps.stands({ undo: 1, redo: 0 });
    held.review.walk("undo");
    if (goOn) held.review.advance();
    const outcome = answer(held, { results: { undo: { candidates: ["1.2.1"] } } });
    assert.deepEqual([outcome.touched, outcome.walked, outcome.again], [touched, true, false]);
  }
});

test("another tab's step that was taken back instead asks for the queue again", () => {
  const held = begun();
  decide(held.review, "accept");
  held.review.walk("undo");
  const outcome = answer(held, { results: { undo: { candidates: ["1.2.1"] } } });
  assert.equal(outcome.again, true);
  decide(held.review, "accept");
  assert.equal(answer(held).again, false); // once
});

test("where something was refused the queue is asked for again once nothing is unsent", () => {
  const held = begun();
  decide(held.review, "accept");
  decide(held.review, "accept");
  const first = answer(held, { many: 1, results: { decide: { refused: "frozen" } } });
  assert.equal(first.again, false);
  assert.equal(answer(held).again, true);
});

test("the server's prompts are shown once nothing is unsent, with what was said since", () => {
  const held = begun();
  decide(held.review, "accept"); // 1.1.0
  decide(held.review, "reject"); // 1.1.1
  const ben = { reviewer: "ben", action: "reject", final: false };
  const ann = { reviewer: "ann", action: "accept", final: false };
  const known = prompt("1", 2);
  known.candidates = [candidate("1.1.0", { opinions: [ann, ben] }), candidate("1.1.1", { opinions: [ben] })];
  answer(held, { many: 1, prompts: [known] });
  assert.deepEqual(opinions(held.review, "1.1.0"), ["ann: accept"]); // not yet
  answer(held);
  assert.deepEqual(opinions(held.review, "1.1.0"), ["ann: accept", "ben: reject"]); // the server's opinions
  assert.deepEqual(opinions(held.review, "1.1.1"), ["ben: reject", "ann: reject"]);
});

test("what was said while a queue was under way stands in it", () => {
  const { review } = begun();
  review.expect();
  decide(review, "accept");
  review.outbox.acts.length = 0; // the act has arrived meanwhile
  review.begin(queue(prompt("1", 2)));
  assert.deepEqual(opinions(review, "1.1.0"), ["ann: accept"]);
});

test("what was said and stored before a queue is asked for is not said again", () => {
  const held = begun();
  decide(held.review, "accept");
  answer(held);
  held.review.expect();
  held.review.begin(queue(prompt("1", 2)));
  assert.deepEqual(opinions(held.review, "1.1.0"), []);
});

test("what is unsent of another round is not shown in this one", () => {
  const { review, outbox } = begun();
  outbox.acts.push({ act: "x", round: 2, kind: "decide", candidates: ["1.1.0"], action: "accept" });
  review.expect();
  review.begin(queue(prompt("1", 2)));
  assert.deepEqual(opinions(review, "1.1.0"), []);
});

test("another queue forgets the decided, the steps and the texts of the one before", () => {
  const { review, outbox } = begun();
  decide(review, "accept");
  outbox.acts.length = 0;
  review.expect();
  review.begin(queue(prompt("3", 1)));
  assert.deepEqual([review.decided, review.place.focused, review.known.get("1.1.0")], [0, "1.3.0", undefined]);
  assert.equal(review.walk("undo"), undefined);
});

test("more of a queue leaves the prompts that are known as they are", () => {
  const { review } = begun();
  decide(review, "accept");
  review.more(queue(prompt("2", 2, { completion: "another" }), prompt("3", 1)));
  assert.equal(review.known.get("1.2.0").completion, "text of 1.2.0");
  assert.equal(review.place.queue.at(-1), "1.3.0");
  assert.equal(review.place.focused, "1.1.1");
});

test("more of a queue comes into focus where there was nothing left", () => {
  const { review } = begun();
  for (let i = 0; i < 4; i++) decide(review, "accept");
  assert.equal(review.focused, undefined);
  review.more(queue(prompt("3", 1)));
  assert.equal(review.focused.candidate_id, "1.3.0");
});

test("in pending what one has decided is passed by; in another view only what was decided on the way", () => {
  const ann = { opinions: [{ reviewer: "ann", action: "accept", final: false }] };
  for (const [view, passed] of [
    ["pending", true],
    ["overridden", false],
  ]) {
    const { review } = begun({ view });
    review.known.add(prompt("4", 1, ann));
    assert.equal(review.passed("1.4.0"), passed);
    decide(review, "accept");
    assert.equal(review.passed("1.1.0"), true);
  }
});

test("while acts are unsent the server's count of steps is not believed", () => {
  const held = begun();
  decide(held.review, "accept");
  decide(held.review, "accept");
  answer(held, { many: 1, undo: 7, redo: 0 });
  assert.equal(held.review.steps.undoable, 0);
  answer(held, { undo: 7, redo: 0 });
  assert.equal(held.review.steps.undoable, 5);
});

test("a text that was read whole stays whole when the server tells it clipped", () => {
  const { review } = begun();
  const shown = review.focused;
  Object.assign(shown, { completion: "all of it", clipped: 0 });
  review.known.replace(candidate("1.1.0", { completion: "all", clipped: 6, note: "new" }));
  assert.deepEqual([shown.completion, shown.clipped, shown.note], ["all of it", 0, "new"]);
});

test("a clipped text is told anew, and one that is not known is taken", () => {
  const { review } = begun();
  Object.assign(review.focused, { completion: "al", clipped: 7 });
  review.known.replace(candidate("1.1.0", { completion: "all", clipped: 6 }));
  assert.equal(review.focused.completion, "all");
  review.known.replace(candidate("1.9.0"));
  assert.equal(review.known.get("1.9.0").completion, "text of 1.9.0");
});

test("a copy for undo does not change with what is shown", () => {
  const { review } = begun();
  const [copy] = review.known.copies(["1.1.0", "not known"]);
  decide(review, "accept");
  assert.deepEqual(copy.opinions, []);
  assert.equal(review.known.copies(["not known"]).length, 0);
});
