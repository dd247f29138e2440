// The list of a prompt's candidates, and what is done once a frame.

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
  const places = { ".others": place(), ".others-behind": place(), ".others-label": place() };
  return {
    list: new List(
      (name) => places[name],
      () => {},
    ),
    where: places[".others"],
    behind: places[".others-behind"],
  };
}

// The rows are `high` each, or gone.
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
  globalThis.requestAnimationFrame = () => {}; // of a tab that is not seen
  afterFrame(work);
  globalThis.requestAnimationFrame = draws;
  await pass(99);
  assert.equal(done.length, 2);
  await pass(1);
  assert.deepEqual(done, ["frame", "work", "work"]);
});

const words = (list) => list.children.map((item) => item.children[0].children[2].textContent);
const current = (list) => list.children.map((item) => item.children[0].getAttribute("aria-current"));

test("the list that stands behind comes to the front with its prompt, as it is by then", () => {
  const { list, where, behind } = listed();
  const [one, two] = [prompt(1, 2), prompt(2, 2)];
  list.draw(one.candidates, "1.1.0", data);
  list.drawNext(two.candidates, "1.2.0", data);
  const rows = behind.children;
  assert.deepEqual(
    [words(where), words(behind)],
    [
      ["text of 1.1.0", "text of 1.1.1"],
      ["text of 1.2.0", "text of 1.2.1"],
    ],
  );
  two.candidates[1].completion = "another text";
  list.draw(two.candidates, "1.2.1", data);
  assert.equal(list.leaves.front, behind);
  assert.deepEqual(behind.children, rows);
  assert.deepEqual(
    [words(behind), current(behind)],
    [
      ["text of 1.2.0", "another text"],
      ["false", "true"],
    ],
  );
});

test("the list of another prompt than the one behind is drawn where one reads", () => {
  const { list, where, behind } = listed();
  list.draw(prompt(1, 2).candidates, "1.1.0", data);
  list.drawNext(prompt(2, 2).candidates, "1.2.0", data);
  list.draw(prompt(3, 1).candidates, "1.3.0", data);
  assert.deepEqual(
    [list.leaves.front, words(where), words(behind)],
    [where, ["text of 1.3.0"], ["text of 1.2.0", "text of 1.2.1"]],
  );
});

test("nothing is drawn behind of the prompt that is read, and after another queue nothing of before comes back", () => {
  const { list, where, behind } = listed();
  const one = prompt(1, 2);
  list.draw(one.candidates, "1.1.0", data);
  list.drawNext(one.candidates, "1.1.1", data);
  assert.deepEqual(words(behind), []);
  list.drawNext(prompt(2, 1).candidates, "1.2.0", data);
  list.clear();
  list.draw(prompt(2, 3).candidates, "1.2.0", data);
  assert.deepEqual([list.leaves.front, words(where).length], [where, 3]);
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
