// All candidates of a prompt side by side.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { fresh, pass } from "./support/browser.mjs";
import { candidate, prompt } from "./support/candidates.mjs";
import { laidOut, place } from "./support/page.mjs";

const { Columns } = await import("../../../rsf_core/web/components/review_card/columns.js");

beforeEach(fresh);

const data = { blind: false, view: "pending", reviewer: "ann" };

function columns() {
  const where = place();
  const chosen = [];
  const texts = {
    show: (into, text) => {
      into.textContent = text;
    },
  };
  const made = new Columns(
    () => where,
    (id) => chosen.push(id),
    texts,
  );
  return { made, where, chosen, heads: () => where.children.map((tile) => tile.children[0].textContent) };
}

test("each candidate has a tile with its digit, decision and numbers, the reference comes first", () => {
  const { made, where, heads } = columns();
  const whole = { ...prompt(1, 2, { scores: { sentiment: 0.5 } }), reference: "good" };
  made.draw(whole, whole.candidates, "1.1.1", data);
  assert.deepEqual(heads(), [
    "Reference",
    "1✕rejected · by the rule · p_accept 0.25 · ℓ\u00a0−1.50\u00a0nats · 3 tokens · sentiment 0.5",
    "2✕rejected · by the rule · p_accept 0.25 · ℓ\u00a0−1.50\u00a0nats · 3 tokens · sentiment 0.5",
  ]);
  assert.deepEqual(
    where.children.map((tile) => tile.className),
    ["tile reference-tile", "tile rejected", "tile rejected current"],
  );
  assert.deepEqual(
    where.children.map((tile) => tile.children[0].getAttribute("aria-current")),
    [null, "false", "true"],
  );
});

test("a decision and the focus change their tiles, which are not made anew", () => {
  const { made, where } = columns();
  const whole = prompt(1, 2);
  made.draw(whole, whole.candidates, "1.1.0", data);
  const before = where.children;
  whole.candidates[0].opinions.push({ reviewer: "ann", action: "accept", final: false });
  made.draw(whole, whole.candidates, "1.1.1", data);
  assert.deepEqual(where.children, before);
  assert.deepEqual(
    before.map((tile) => tile.className),
    ["tile accepted", "tile rejected current"],
  );
});

test("another prompt has other tiles", () => {
  const { made, heads } = columns();
  made.draw(prompt(1, 3), prompt(1, 3).candidates, "1.1.0", data);
  const other = prompt(2, 1);
  made.draw(other, other.candidates, "1.2.0", data);
  assert.equal(heads().length, 1);
});

test("in a blind review a tile hides what the card hides", () => {
  const { made, where, heads } = columns();
  const whole = prompt(1, 1, { opinions: [{ reviewer: "ben", action: "accept", final: false }] });
  made.draw(whole, whole.candidates, "1.1.0", { ...data, blind: true });
  assert.deepEqual(heads(), ["13 tokens"]); // only "1" and "3 tokens"
  assert.equal(where.children[0].className, "tile  current");
});

test("an edit stands in place of what was drawn, and what is not there yet is told", () => {
  const { made, where } = columns();
  const whole = prompt(1, 2);
  whole.candidates = [candidate("1.1.0", { edit: "better" }), candidate("1.1.1", { clipped: 6_000 })];
  made.draw(whole, whole.candidates, "1.1.0", data);
  const [first, second] = where.children;
  assert.match(first.children[0].textContent, /· edited$/);
  assert.equal(first.children[1].textContent, "better");
  assert.equal(second.children[2].textContent, "… 6,000 more characters");
});

test("a click on a tile's head brings its candidate into focus", () => {
  const { made, where, chosen } = columns();
  const whole = prompt(1, 2);
  made.draw(whole, whole.candidates, "1.1.0", data);
  where.children[1].children[0].onclick();
  assert.deepEqual(chosen, ["1.1.1"]);
});

test("where the tile in focus stands is asked once a frame, however many keys came before it", async () => {
  const { made, where } = columns();
  const whole = prompt(1, 4);
  let looks = 0;
  Object.defineProperty(where, "offsetTop", { get: () => looks++ * 0 });
  Object.assign(where, { clientHeight: 100, scrollTop: 0 });
  for (const candidate of whole.candidates) made.draw(whole, whole.candidates, candidate.candidate_id, data);
  for (const [i, tile] of where.children.entries()) {
    Object.assign(tile, { isConnected: true, offsetTop: 80 * i, offsetHeight: 80 });
  }
  assert.deepEqual([looks, where.scrollTop], [0, 0]);
  await pass(16);
  assert.deepEqual([looks, where.scrollTop], [1, 220]); // the last is completely in sight
  await pass(100);
  assert.equal(looks, 1);
});

test("the tiles of the next prompt stand behind, and come to the front with it as they are by then", () => {
  const places = { ".columns": place(), ".columns-behind": place() };
  const texts = {
    show: (into, text) => {
      into.textContent = text;
    },
  };
  const made = new Columns(
    (name) => places[name],
    () => {},
    texts,
  );
  const textsIn = (where) => where.children.map((tile) => tile.children[1].textContent);
  const [one, two] = [prompt(1, 1), prompt(2, 2)];
  made.draw(one, one.candidates, "1.1.0", data);
  made.drawNext(two, two.candidates, "1.2.0", data);
  assert.deepEqual(
    [textsIn(places[".columns"]), textsIn(places[".columns-behind"])],
    [["text of 1.1.0"], ["text of 1.2.0", "text of 1.2.1"]],
  );
  assert.deepEqual(laidOut, [places[".columns-behind"]]); // before its key is pressed
  const tiles = places[".columns-behind"].children;
  two.candidates[0].edit = "edited";
  made.draw(two, two.candidates, "1.2.1", data);
  assert.equal(made.leaves.front, places[".columns-behind"]);
  assert.deepEqual(made.leaves.front.children, tiles);
  assert.deepEqual(textsIn(made.leaves.front), ["edited", "text of 1.2.1"]);
  made.drawNext(two, two.candidates, "1.2.0", data);
  assert.deepEqual(textsIn(made.leaves.back), ["text of 1.1.0"]);
});
