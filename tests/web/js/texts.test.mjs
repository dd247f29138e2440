// How a text is drawn: as Markdown or as it was drawn, its thought folded.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { fresh, pass } from "./support/browser.mjs";
import { place, shape } from "./support/page.mjs";

const { Texts } = await import("../../../rsf_core/web/components/review_card/texts.js");
const { Renderings, mayDiffer } = await import("../../../rsf_core/web/components/review_card/rendered.js");

beforeEach(fresh);

// Texts whose server answers by `answers`; `asked` has its requests, `arrived` counts how often there was more to show.
function reading(answers = {}, modes = {}) {
  const made = { asked: [], arrived: 0, status: 200 };
  made.renderings = new Renderings(
    (texts) => {
      made.asked.push(texts);
      return Promise.resolve({
        status: made.status,
        content: { texts: texts.map((text) => answers[text] ?? { later: true }) },
      });
    },
    () => made.arrived++,
  );
  made.modes = { markup: true, thought: false, ...modes };
  made.texts = new Texts(made.modes, made.renderings, () => {});
  return made;
}

const bold = { tree: '[["p",{},["strong",{},"a"]]]' };

test("a text without any mark is shown at once, and nobody is asked", async () => {
  const { texts, asked } = reading();
  const where = place();
  assert.equal(texts.show(where, "A good film - isn't it? (Yes: 10/10!)\nIt is."), true);
  assert.deepEqual(shape(where), ["A good film - isn't it? (Yes: 10/10!)\nIt is."]);
  await pass(1_000);
  assert.deepEqual(asked, []);
});

test("Markdown is shown as it was drawn until the server has answered", async () => {
  const { texts, asked, arrived, ...rest } = reading({ "**a**": bold });
  const where = place();
  texts.show(where, "**a**");
  assert.deepEqual([shape(where), arrived], [["**a**"], 0]);
  await pass(100);
  assert.deepEqual(asked, [["**a**"]]);
  assert.equal(texts.show(where, "**a**"), true);
  assert.deepEqual(shape(where), [["div", ["p", ["strong", "a"]]]]);
  assert.equal(texts.show(where, "**a**"), false);
  rest.modes.markup = false;
  assert.equal(texts.show(where, "**a**"), true);
  assert.deepEqual(shape(where), ["**a**"]);
});

test("a text that reads as it is written stays as it was drawn", async () => {
  const { texts } = reading({ "a*b": { tree: "null" } });
  const where = place();
  texts.show(where, "a*b");
  await pass(100);
  texts.show(where, "a*b");
  assert.deepEqual(shape(where), ["a*b"]);
});

test("why a text is not Markdown is said, and it can be read", async () => {
  const { texts } = reading({ "**": { why: "it takes too long" } });
  const where = place();
  texts.show(where, "**");
  await pass(100);
  texts.show(where, "**");
  assert.deepEqual(shape(where), [["div", "Shown as it was drawn: it takes too long."], "**"]);
  const long = `*${"x".repeat(40_000)}`;
  texts.show(where, long);
  assert.match(where.textContent, /longer than 40,000 characters/);
  assert.ok(where.textContent.endsWith(long));
});

test("nobody is asked while texts are read as they were drawn", async () => {
  const { texts, asked } = reading({}, { markup: false });
  texts.show(place(), "**a**");
  assert.deepEqual(texts.needed("**a**"), []);
  await pass(1_000);
  assert.deepEqual(asked, []);
});

test("a thought is folded until it is asked for, its tags stay where it is read as it was drawn", () => {
  const { texts, modes } = reading();
  const where = place();
  const text = "<think>one two</think>4";
  texts.show(where, text);
  assert.deepEqual(shape(where), [["button", "Thought, 2 words"], "4"]);
  assert.equal(where.children[0].getAttribute("aria-expanded"), "false");
  modes.thought = true;
  texts.show(where, text);
  assert.deepEqual(shape(where), [["button", "Thought, 2 words"], ["div", "one two"], "4"]);
  assert.equal(where.children[0].getAttribute("aria-expanded"), "true");
  modes.markup = false;
  texts.show(where, text);
  assert.deepEqual(shape(where), [["button", "Thought, 2 words"], ["div", "<think>one two</think>"], "4"]);
});

test("where there is no answer that is said", () => {
  const { texts } = reading();
  const where = place();
  texts.show(where, "<think>one");
  assert.deepEqual(shape(where), [
    ["button", "Thought, 1 words, not finished"],
    ["div", "(no answer yet: the thought is not finished)"],
  ]);
  texts.show(where, "");
  assert.equal(where.textContent, "(empty)");
  assert.ok(where.classList.contains("none"));
});

test("what is read next comes first, and each text is asked for once", async () => {
  const answers = Object.fromEntries(["*1", "*2", "*3"].map((text) => [text, bold]));
  const { renderings, asked } = reading(answers);
  renderings.want(["*1", "*2", "plain"]);
  renderings.want(["*3", "*1"]);
  await pass(100);
  renderings.want(["*1", "*2", "*3"]);
  await pass(100);
  assert.deepEqual(asked, [["*1", "*3", "*2"]]);
});

test("what the server has no time for is asked for again, and not at once", async () => {
  const answers = { "*1": bold };
  const { renderings, asked } = reading(answers);
  renderings.want(["*2", "*1"]);
  await pass(100);
  assert.deepEqual(asked, [["*1", "*2"]]);
  await pass(1_000);
  assert.equal(asked.length, 1);
  answers["*2"] = bold;
  await pass(2_000);
  assert.deepEqual(asked, [["*1", "*2"], ["*2"]]);
  assert.ok(renderings.get("*2").nodes);
});

test("many and long texts go in several requests, and the oldest wishes are forgotten", async () => {
  const { renderings, asked } = reading();
  const texts = Array.from({ length: 250 }, (_, i) => `*${i}`);
  renderings.want(texts);
  await pass(31);
  assert.equal(asked[0].length, 30);
  assert.equal(asked[0][0], "*249");
  assert.equal(renderings.pending.size, 200);
  const long = reading();
  long.renderings.want(Array.from({ length: 40 }, (_, i) => `*${i}${"x".repeat(39_000)}`));
  await pass(31);
  assert.equal(long.asked[0].length, 15);
});

test("a server that does not answer is asked again, one that refuses is not", async () => {
  const first = reading({ "*": bold });
  first.status = 0;
  first.renderings.want(["*"]);
  await pass(100);
  first.status = 200;
  await pass(3_000);
  assert.equal(first.asked.length, 2);
  const second = reading({ "*": bold });
  second.status = 401;
  second.renderings.want(["*"]);
  await pass(10_000);
  assert.equal(second.asked.length, 1);
});

test("a card that is gone asks no more", async () => {
  const { renderings, asked } = reading();
  renderings.want(["*"]);
  renderings.end();
  await pass(10_000);
  assert.deepEqual(asked, []);
});

for (const [text, may] of [
  ["plain words, 3.5 of them; (really) “so” / 50% + 1 = x - y!", false],
  ["a\nb\n\nc", false],
  ["a - b\n- c", true],
  ["1. a", true],
  ["12) a", true],
  ["a\n===", true],
  ["    code", true],
  ["\tcode", true],
  ["a < b", true],
  ["R&D", true],
]) {
  test(`${JSON.stringify(text)} ${may ? "may differ" : "reads as it is written"}`, () => assert.equal(mayDiffer(text), may));
}

test("another text begins at its beginning, and the page is laid out anew for that only where one has scrolled", () => {
  const { texts } = reading();
  const where = place();
  let set = 0;
  texts.show(where, "a long text");
  where.scrollTo(300);
  texts.show(where, "another");
  assert.equal(where.scrollTop, 0);
  Object.defineProperty(where, "scrollTop", { get: () => 0, set: () => set++ });
  texts.show(where, "a third");
  texts.leave(where);
  texts.show(where, "a fourth");
  assert.equal(set, 0);
});

// Two leaves that can or cannot be turned.
function leaved(able = true) {
  const leaves = { front: place(), back: place(), turned: 0 };
  leaves.turn = () => {
    if (!able) return false;
    leaves.turned++;
    [leaves.front, leaves.back] = [leaves.back, leaves.front];
    return true;
  };
  return leaves;
}

test("a text that stands behind is turned to, from its beginning; any other is drawn where one reads", () => {
  const { texts } = reading();
  const leaves = leaved();
  texts.showOn(leaves, "one");
  leaves.front.scrollTo(50);
  texts.show(leaves.back, "two");
  texts.showOn(leaves, "two");
  assert.deepEqual([leaves.turned, shape(leaves.front), shape(leaves.back)], [1, ["two"], ["one"]]);
  texts.showOn(leaves, "one");
  assert.deepEqual([leaves.turned, shape(leaves.front), leaves.front.scrollTop], [2, ["one"], 0]);
  texts.showOn(leaves, "one");
  texts.showOn(leaves, "three");
  assert.deepEqual([leaves.turned, shape(leaves.front), shape(leaves.back)], [2, ["three"], ["two"]]);
});

test("a text behind that is to be read otherwise by now is drawn anew, and where one cannot turn too", async () => {
  const { texts, modes } = reading({ "**a**": bold });
  const leaves = leaved();
  texts.show(leaves.back, "**a**");
  await pass(100);
  texts.showOn(leaves, "**a**");
  assert.deepEqual([leaves.turned, shape(leaves.front)], [1, [["div", ["p", ["strong", "a"]]]]]);
  texts.show(leaves.back, "**b**");
  modes.markup = false;
  texts.showOn(leaves, "**b**");
  assert.deepEqual([leaves.turned, shape(leaves.front)], [2, ["**b**"]]);
  const stiff = leaved(false);
  texts.show(stiff.back, "two");
  texts.showOn(stiff, "two");
  assert.deepEqual(shape(stiff.front), ["two"]);
});
