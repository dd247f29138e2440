// Which question is current, which answer a digit gives, and which questions must be answered first.

import assert from "node:assert/strict";
import { test } from "node:test";
import { candidate } from "./support/candidates.mjs";

const asking = await import("../../../rsf_core/web/components/review_card/asking.js");
const { choices, firstOpen, given, keyed, keysOf, lacking, nextOpen, outdated, spokenQuestion } = asking;
const { apply } = await import("../../../rsf_core/web/components/review_card/decisions.js");

const usual = { text: "?", options: [], points: 5, required: false, version: 1, alike: [1] };
const clear = { ...usual, name: "clear", kind: "rating", text: "How clear?" };
const tone = { ...usual, name: "tone", kind: "choice", options: ["kind", "rude"] };
const why = { ...usual, name: "why", kind: "text" };
const parts = { ...usual, name: "parts", kind: "spans", options: ["bad", "good"] };
const all = [clear, tone, why, parts];

const answer = (question, value, reviewer = "ann", version = 1) => ({ reviewer, question, version, value });
const of = (...answers) => candidate("1.1.0", { answers });

test("a rating is chosen from its points and a choice from its options, by the keys in their order", () => {
  assert.deepEqual(
    [1, 5, 6, 9].map((digit) => keyed(clear, new Map(), digit)),
    [1, 5, undefined, undefined],
  );
  assert.equal(keyed({ ...clear, points: 9 }, new Map(), 9), 9);
  assert.deepEqual(
    [1, 2, 3].map((digit) => keyed(tone, new Map(), digit)),
    ["kind", "rude", undefined],
  );
  for (const question of [why, parts]) assert.equal(keyed(question, new Map(), 1), undefined);
  assert.deepEqual(choices(tone)[1], { words: "rude", value: "rude" });
});

test("the same key again takes the answer back, another changes it", () => {
  const answers = new Map([["clear", 4]]);
  assert.equal(keyed(clear, answers, 4), null);
  assert.equal(keyed(clear, answers, 3), 3);
});

test("only one's own answers count, and only under versions that ask the same", () => {
  const one = of(answer("clear", 4, "ben"), answer("clear", 2), answer("tone", "kind", "ann", 1));
  const renewed = { ...tone, version: 2, alike: [2] };
  assert.deepEqual([...given([clear, renewed], one, "ann")], [["clear", 2]]);
  assert.deepEqual([...given([clear], one, "cleo")], []);
  assert.equal(outdated(renewed, one, "ann"), "Answered under version 1, which asked otherwise: kind");
  assert.equal(outdated(clear, one, "ann"), "");
  assert.equal(outdated({ ...tone, version: 2, alike: [1, 2] }, one, "ann"), ""); // only the wording differs
});

test("one begins at the first open question that keys answer, or that must be answered", () => {
  const begun = (questions, answers = []) => firstOpen(questions, new Map(answers));
  assert.equal(begun(all), 0);
  assert.equal(begun([parts, why, clear]), 2);
  assert.equal(begun([parts, { ...why, required: true }, clear]), 1);
  assert.equal(begun([clear, tone], [["clear", 4]]), 1);
  const done = [
    ["clear", 4],
    ["tone", "kind"],
  ];
  assert.equal(begun([clear, tone], done), 0);
  assert.equal(begun([why, parts]), 0);
});

test("after an answer comes the next open question that keys answer, round and round", () => {
  assert.equal(nextOpen(all, new Map([["clear", 4]]), 0), 1);
  assert.equal(nextOpen(all, new Map([["tone", "kind"]]), 1), 0);
  const both = new Map([
    ["clear", 4],
    ["tone", "kind"],
  ]);
  assert.equal(nextOpen(all, both, 1), 1); // none is open: it stays
  assert.equal(nextOpen([clear], new Map(), 0), 0);
});

test("what must be answered is named with how many lack it, the first question first", () => {
  const needed = [tone, { ...clear, required: true }, { ...why, required: true }];
  const [full, none] = [of(answer("clear", 4), answer("why", "x")), of()];
  assert.equal(lacking(all, [none], "ann"), null);
  assert.equal(lacking(needed, [full], "ann"), null);
  assert.deepEqual(lacking(needed, [full, none, none], "ann"), { at: 1, question: needed[1], count: 2 });
  assert.equal(lacking(needed, [full], "ben").count, 1); // an answer of another reviewer does not count
  assert.equal(lacking(needed, [of(answer("clear", 4))], "ann").at, 2);
});

test("keys and answers are said in words", () => {
  assert.deepEqual(
    all.map((question) => keysOf(question)),
    ["keys 1 to 5", "keys 1 to 2", "type the answer", "select a part, then keys 1 to 2"],
  );
  assert.equal(spokenQuestion(clear, new Map()), "How clear? (keys 1 to 5), not answered.");
  assert.equal(spokenQuestion(clear, new Map([["clear", 4]])), "How clear? (keys 1 to 5), answered 4.");
});

test("an act answers for its reviewer alone, changes the answer, and takes it back", () => {
  const one = of(answer("clear", 1, "ben"), answer("clear", 2), answer("tone", "kind"));
  const act = (value) => ({ kind: "answer", value, asked: { question: "clear", version: 3 } });
  apply(act("5"), one, "ann");
  assert.deepEqual(one.answers, [answer("clear", 1, "ben"), answer("tone", "kind"), answer("clear", 5, "ann", 3)]);
  apply(act(null), one, "ann");
  assert.deepEqual(one.answers, [answer("clear", 1, "ben"), answer("tone", "kind")]);
});
