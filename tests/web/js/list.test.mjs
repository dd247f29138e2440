// The list of a prompt's candidates, and work that is done once per frame.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { fresh, pass } from "./support/browser.mjs";
import { prompt } from "./support/candidates.mjs";
import { place } from "./support/page.mjs";

const { oneOfEach } = await import("../../../rsf_core/web/components/review_card/alike.js");
const { List } = await import("../../../rsf_core/web/components/review_card/list.js");
const { afterFrame, inFrame } = await import("../../../rsf_core/web/components/review_card/dom.js");

beforeEach(fresh);

const data = { blind: false, view: "pending", reviewer: "ann" };

function listed() {
  const places = { ".others": place(), ".others-label": place() };
  const chosen = [];
  const list = new List(
    (name) => places[name],
    (id) => chosen.push(id),
  );
  return { list, chosen, where: places[".others"] };
}

// Each row is `high` pixels high, or hidden.
function stand(where, high, isConnected = true) {
  for (const [i, item] of where.children.entries()) {
    Object.assign(item.children[0], { isConnected, offsetTop: high * i });
  }
}

test("a list longer than its place shows the row in focus in its middle from the next frame on", async () => {
  const { list, where } = listed();
  const whole = prompt(1, 10);
  let looks = 0;
  Object.defineProperty(where, "scrollHeight", { get: () => looks++ * 0 + 500 });
  Object.assign(where, { clientHeight: 100, offsetTop: 0, scrollTop: 0 });
  for (const candidate of whole.candidates.slice(0, 8)) list.draw(whole.candidates, candidate.candidate_id, data);
  stand(where, 50);
  assert.deepEqual([looks, where.scrollTop], [0, 0]);
  await pass(16);
  assert.deepEqual([looks, where.scrollTop], [1, 300]);
});

test("a list that is not longer, or is gone before the frame, is not scrolled", async () => {
  const { list, where } = listed();
  const whole = prompt(1, 3);
  Object.assign(where, { scrollHeight: 100, clientHeight: 100, offsetTop: 0, scrollTop: 7 });
  list.draw(whole.candidates, "1.1.2", data);
  stand(where, 50);
  await pass(16);
  assert.equal(where.scrollTop, 7);
  where.scrollHeight = 500;
  list.draw(whole.candidates, "1.1.1", data);
  stand(where, 50, false);
  await pass(16);
  assert.equal(where.scrollTop, 7);
});

test("what is asked for within a frame is done in the next one", async () => {
  const done = [];
  const again = () => done.push("again");
  const first = () => {
    done.push("first");
    inFrame(again);
  };
  inFrame(first);
  inFrame(first);
  assert.deepEqual(done, []);
  await pass(16);
  assert.deepEqual(done, ["first"]);
  await pass(16);
  assert.deepEqual(done, ["first", "again"]);
});

test("what waits for a frame to be drawn is done once after it, and soon where none is drawn", async () => {
  const done = [];
  const work = () => done.push("work");
  afterFrame(work);
  afterFrame(work);
  requestAnimationFrame(() => done.push("frame"));
  await pass(16);
  assert.deepEqual(done, ["frame", "work"]);
  await pass(1_000);
  assert.deepEqual(done, ["frame", "work"]);
  const { requestAnimationFrame: draws } = globalThis;
  globalThis.requestAnimationFrame = () => {}; // as in a hidden tab
  afterFrame(work);
  globalThis.requestAnimationFrame = draws;
  await pass(99);
  assert.equal(done.length, 2);
  await pass(1);
  assert.deepEqual(done, ["frame", "work", "work"]);
});

const words = (list) => list.children.map((item) => item.children[0].children[2].textContent);
const current = (list) => list.children.map((item) => item.children[0].getAttribute("aria-current"));

test("the rows stay from prompt to prompt, each with what its candidate is by then", () => {
  const { list, where, chosen } = listed();
  const [one, two] = [prompt(1, 2), prompt(2, 3)];
  list.draw(one.candidates, "1.1.0", data);
  const rows = where.children;
  assert.deepEqual(
    [words(where), current(where)],
    [
      ["text of 1.1.0", "text of 1.1.1"],
      ["true", "false"],
    ],
  );
  two.candidates[1].completion = "another text";
  list.draw(two.candidates, "1.2.1", data);
  assert.deepEqual(where.children.slice(0, 2), rows);
  assert.deepEqual(words(where), ["text of 1.2.0", "another text", "text of 1.2.2"]);
  assert.deepEqual(current(where), ["false", "true", "false"]);
  where.children[2].children[0].onclick();
  assert.deepEqual(chosen, ["1.2.2"]);
  list.draw(one.candidates, "1.1.0", data);
  assert.deepEqual([where.children, words(where)], [rows, ["text of 1.1.0", "text of 1.1.1"]]);
});

test("a row says what has changed of its candidate", () => {
  const { list, where } = listed();
  const { candidates } = prompt(1, 1);
  const cells = () => where.children[0].children[0].children.map((part) => part.textContent);
  list.draw(candidates, "1.1.0", data);
  const before = cells();
  candidates[0].opinions.push({ reviewer: "ann", action: "accept", final: false });
  list.draw(candidates, "1.1.0", data);
  assert.deepEqual([before[1], cells()[1]], ["✕", "✓"]);
  assert.match(cells()[3], /^accepted · ann: accept/);
  candidates[0].edit = "edited";
  list.draw(candidates, "1.1.0", data);
  assert.equal(cells()[2], "edited");
});

test("of candidates that are alike the one in focus is listed, and no other looks as if it were", () => {
  const { list, where } = listed();
  const { candidates } = prompt(1, 3);
  candidates[2].completion = candidates[1].completion;
  const rows = () =>
    where.children.map(({ children: [row] }) => [row.children[0].textContent, row.getAttribute("aria-current")]);
  for (const [at, ...drawn] of [
    [1, ["1", "false"], ["2", "true"]],
    [2, ["1", "false"], ["3", "true"]],
    [0, ["1", "true"], ["2", "false"]],
  ]) {
    const together = { ...data, together: true };
    list.draw(oneOfEach(candidates, candidates[at], together), candidates[at].candidate_id, together);
    assert.deepEqual(rows(), drawn);
  }
});
