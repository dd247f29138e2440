// The effective decision on a candidate.

import assert from "node:assert/strict";
import { test } from "node:test";

import { accepted, apply, hidden, ownOpinion } from "../../../rsf_core/web/components/review_card/decisions.js";

const accept = (reviewer, final = false) => ({ reviewer, action: "accept", final });
const reject = (reviewer, final = false) => ({ reviewer, action: "reject", final });

const cases = [
  ["the rule where nobody has said anything", [], "accepted", true],
  ["the rule where it rejects", [], "rejected", false],
  ["not accepted where nothing has decided yet", [], null, false],
  ["one word before the rule", [reject("a")], "accepted", false],
  ["one word before the rule, the other way", [accept("a")], "rejected", true],
  ["the majority", [reject("a"), accept("b"), accept("c")], "rejected", true],
  ["the majority, whoever spoke last", [accept("a"), accept("b"), reject("c")], "rejected", true],
  ["the newest of two that differ", [accept("a"), reject("b")], "accepted", false],
  ["the newest of two that differ, the other way", [reject("a"), accept("b")], "rejected", true],
  ["the settling word before the majority", [accept("a"), accept("b"), reject("c", true)], "accepted", false],
  ["the settling word, though others speak after it", [accept("a", true), reject("b"), reject("c")], "rejected", true],
  ["the last of two settling words", [accept("a", true), reject("b", true)], "accepted", false],
];
for (const [name, opinions, decision, expected] of cases) {
  test(`decides: ${name}`, () => assert.equal(accepted({ opinions, decision }), expected));
}

function candidate(...opinions) {
  return { candidate_id: "1.1.0", opinions, decision: "rejected", flagged: false, note: null, tags: null, edit: null };
}

test("a second word of a reviewer takes the place of the first", () => {
  const shown = candidate(accept("ann"), accept("ben"));
  apply({ kind: "decide", action: "reject" }, shown, "ann");
  assert.deepEqual(shown.opinions, [accept("ben"), reject("ann")]);
});

test("back to the rule takes a reviewer's word away, and nobody else's", () => {
  const shown = candidate(accept("ann"), accept("ben"));
  apply({ kind: "decide", action: "auto" }, shown, "ann");
  assert.deepEqual(shown.opinions, [accept("ben")]);
});

test("who settles has the last word", () => {
  const shown = candidate(accept("ann"), accept("ben"));
  apply({ kind: "adjudicate", action: "reject" }, shown, "cleo");
  assert.equal(shown.opinions.at(-1).final, true);
  assert.equal(accepted(shown), false);
});

test("a flag, a note, tags and an edit are kept and taken away", () => {
  const shown = candidate();
  for (const [kind, key, value, kept] of [
    ["flag", "flagged", "yes", true],
    ["flag", "flagged", null, false],
    ["note", "note", "a word", "a word"],
    ["tags", "tags", "x,y", "x,y"],
    ["edit", "edit", "better", "better"],
    ["edit", "edit", null, null],
  ]) {
    apply({ kind, value }, shown, "ann");
    assert.equal(shown[key], kept);
  }
});

test("an act of a kind that is not shown changes nothing", () => {
  const shown = candidate();
  apply({ kind: "undo", value: 1 }, shown, "ann");
  assert.deepEqual(shown, candidate());
});

test("a blind review hides the rule until one has decided, but not from who settles", () => {
  const data = { blind: true, view: "pending", reviewer: "ann" };
  assert.equal(hidden(candidate(accept("ben")), data), true);
  assert.equal(hidden(candidate(accept("ben"), reject("ann")), data), false);
  assert.equal(hidden(candidate(accept("ben")), { ...data, view: "disagreement" }), false);
  assert.equal(hidden(candidate(), { ...data, blind: false }), false);
});

test("one's own word is found, and none of a candidate that is not known", () => {
  assert.deepEqual(ownOpinion(candidate(reject("ben"), accept("ann")), "ann"), accept("ann"));
  assert.equal(ownOpinion(candidate(reject("ben")), "ann"), undefined);
  assert.equal(ownOpinion(undefined, "ann"), undefined);
});
