// A prompt as a conversation, turn by turn.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { fresh, pass } from "./support/browser.mjs";
import { place } from "./support/page.mjs";

const { drawTurns, turns } = await import("../../../rsf_core/web/components/review_card/turns.js");

beforeEach(fresh);

const plain = { system: null, earlier: [], text: "What is 2+2?" };
const talk = { system: "Be brief.", earlier: ["I am Ann.", "Hello <b>Ann</b>."], text: "Who am I?" };
const shown = [];
const reader = {
  show: (where, text) => {
    shown.push(text);
    where.textContent = text;
  },
};

test("who speaks follows from the place of a turn", () => {
  assert.deepEqual(turns(plain), [["user", "What is 2+2?"]]);
  assert.deepEqual(
    turns({ ...plain, system: "Be brief." }).map(([role]) => role),
    ["system", "user"],
  );
  assert.deepEqual(turns(talk), [
    ["system", "Be brief."],
    ["user", "I am Ann."],
    ["assistant", "Hello <b>Ann</b>."],
    ["user", "Who am I?"],
  ]);
});

test("a plain prompt is its text alone, read from its beginning", async () => {
  const where = place();
  where.scrollTop = 70; // of the previous prompt
  drawTurns(where, plain, reader);
  await pass(16);
  assert.deepEqual(
    where.children.map((each) => each.textContent),
    ["What is 2+2?"],
  );
  assert.equal(where.classList.contains("several"), false);
  assert.equal(where.scrollTop, 0);
});

test("each turn stands under who speaks, and the last is in sight", async () => {
  const where = place();
  drawTurns(where, plain, reader);
  drawTurns(where, talk, reader);
  await pass(16);
  assert.deepEqual(
    where.children.map((each) => each.textContent),
    [...["system", "Be brief.", "user", "I am Ann.", "assistant", "Hello <b>Ann</b>.", "user", "Who am I?"]],
  );
  assert.deepEqual(
    where.children.filter((each) => each.className !== "text").map((each) => each.className),
    Array(4).fill("label role"),
  );
  assert.ok(where.classList.contains("several"));
  assert.equal(where.scrollTop, 500);
});

test("a prompt that stands there already stays where it was scrolled to, and is read anew", async () => {
  const where = place();
  drawTurns(where, talk, reader);
  await pass(16);
  const before = where.children;
  where.scrollTop = 7;
  shown.length = 0;
  drawTurns(where, talk, reader);
  await pass(16);
  assert.deepEqual([where.children, where.scrollTop], [before, 7]);
  assert.deepEqual(shown, ["Be brief.", "I am Ann.", "Hello <b>Ann</b>.", "Who am I?"]);
});
