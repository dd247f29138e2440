// Choices between two arrive like decisions: nothing waits for the server, nothing is lost, and undo takes back the last.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { frame, fresh, pass, serve, settle } from "./support/browser.mjs";

const { Choices } = await import("../../../rsf_core/web/components/compare_card/choices.js");
const { SETS } = await import("../../../rsf_core/web/components/rank_card/sets.js");
const { refusedWords, unsentWords } = await import("../../../rsf_core/web/components/review_card/messages.js");
const { Outbox } = await import("../../../rsf_core/web/components/review_card/outbox.js");

beforeEach(() => {
  fresh();
  globalThis.rsfOutboxes.clear();
});

function pair(prompt, left = 0, right = 1) {
  const side = (k) => ({ candidate_id: `1.${prompt}.${k}`, completion: `${prompt} ${k}` });
  return { prompt: { prompt_id: prompt, text: "?", system: null, earlier: [] }, left: side(left), right: side(right) };
}

// The server of one reviewer, who has already compared `before`; it answers by the choices that it has received.
function server(before = []) {
  const line = [...before];
  const known = new Map();
  const stands = () => ({ undo: line.length, compared: line.length });
  return serve(({ acts }) => {
    const undone = [];
    const results = acts.map(({ act, kind, candidates }) => {
      if (kind === "undo" && !known.has(act)) {
        if (!line.length) return { act, refused: "there is nothing to undo", candidates: [] };
        undone.push(line.at(-1));
        known.set(act, line.pop());
      } else if (!known.has(act)) {
        line.push(candidates);
        known.set(act, candidates);
      }
      return { act, refused: null, candidates: known.get(act) };
    });
    const pairs = undone.map((ids) => pair(Number(ids[0].split(".")[1]), ...ids.map((id) => Number(id.split(".")[2]))));
    return { status: 200, content: { results, pairs, ...stands() } };
  });
}

// A card's choices, with an outbox of their own; `heard` has what the server's answers ask for.
function visit(content, data = {}) {
  const outbox = Outbox.of("project", "ann");
  const choices = new Choices();
  choices.of({ round: 1, again: false, ...data }, outbox);
  const heard = [];
  outbox.card = {
    status: () => {},
    trouble: () => {},
    acknowledge: (batch, answer) => heard.push(choices.acknowledge(batch, answer)),
  };
  outbox.token = "token";
  choices.take({ compared: 0, undo: 0, ...content });
  return { choices, outbox, heard };
}

const where = ({ here }) => here?.prompt.prompt_id;
const sent = ({ requests }) =>
  requests.flatMap(({ body }) => body.acts.map(({ kind, candidates, verdict }) => [kind, ...candidates, verdict]));

test("each choice goes on at once, to the next pair, though no server answers", async () => {
  serve(() => null);
  const { choices, outbox } = visit({ queue: [pair(1), pair(2), pair(3)] });
  for (const verdict of ["left", "tie", "right"]) choices.choose(verdict);
  await frame();
  assert.equal(choices.here, null);
  assert.equal(choices.count, 3);
  assert.deepEqual(
    outbox.acts.map(({ verdict }) => verdict),
    ["left", "tie", "right"],
  );
  assert.equal(unsentWords(outbox, true), "3 unsent (the server does not answer; kept here)");
  choices.choose("left"); // with no pair shown
  assert.equal(outbox.acts.length, 3);
});

test("what was chosen while no server answered is sent after a reload, and not asked for again", async () => {
  serve(() => null);
  const before = visit({ queue: [pair(1), pair(2)] });
  before.choices.choose("right");
  await frame();
  clearTimeout(before.outbox.timer);
  globalThis.rsfOutboxes.clear(); // the page is loaded again
  const { choices, outbox } = visit({ queue: [pair(1, 1, 0), pair(2)] });
  assert.equal(where(choices), 2);
  const answers = server();
  outbox.accept("token");
  await pass(1_000);
  assert.deepEqual(sent(answers), [["compare", "1.1.0", "1.1.1", "right"]]);
  assert.deepEqual(outbox.acts, []);
  assert.equal(choices.count, 1);
});

test("undo goes back to the pair, redo chooses again, and a new choice forgets what was undone", async () => {
  const answers = server();
  const { choices } = visit({ queue: [pair(1), pair(2)] });
  choices.choose("left");
  choices.choose("tie");
  choices.walk("undo");
  assert.deepEqual([where(choices), choices.count], [2, 1]);
  choices.walk("undo");
  assert.equal(choices.walk("undo"), undefined);
  choices.walk("redo");
  assert.deepEqual([where(choices), choices.count], [2, 1]);
  choices.choose("right");
  assert.equal(choices.walk("redo"), undefined);
  await pass(1_000);
  assert.deepEqual(sent(answers), [
    ["compare", "1.1.0", "1.1.1", "left"],
    ["compare", "1.2.0", "1.2.1", "tie"],
    ["undo", undefined],
    ["undo", undefined],
    ["compare", "1.1.0", "1.1.1", "left"],
    ["compare", "1.2.0", "1.2.1", "right"],
  ]);
  const acts = answers.requests.flatMap(({ body }) => body.acts.map(({ act }) => act));
  assert.equal(new Set(acts).size, 6);
  assert.equal(choices.count, 2);
});

test("a pair that only the server knew to be the last comes back once it answers", async () => {
  server([["1.7.0", "1.7.1"]]);
  const { choices } = visit({ queue: [pair(1)], undo: 1, compared: 1 });
  assert.equal(choices.walk("undo"), null);
  assert.equal(where(choices), 1);
  await pass(1_000);
  assert.deepEqual([where(choices), choices.left, choices.count], [7, 2, 0]);
  assert.equal(choices.walk("redo"), undefined); // its choice is not known here
  assert.equal(choices.walk("undo"), undefined);
});

test("where another tab was at work the pairs are asked for again, once nothing is unsent", async () => {
  const { choices, heard } = visit({ queue: [pair(1), pair(2)] });
  server([["1.9.0", "1.9.1"]]); // it does not know the choice that is undone here
  choices.choose("left");
  await pass(1_000);
  choices.steps.past[0].act.candidates = ["1.1.0", "1.1.2"];
  choices.walk("undo");
  await pass(1_000);
  assert.deepEqual(heard, [false, true]);
});

test("a choice that is refused is told with its reason and asked for again", async () => {
  const { choices, heard } = visit({ queue: [pair(1)] });
  serve(({ acts }) => ({ status: 400, content: { error: "no such verdict", acts } }));
  choices.choose("left");
  await pass(1_000);
  assert.deepEqual(heard, [true]);
  const batch = [
    { act: "a", kind: "compare", candidates: ["1.1.0", "1.1.1"] },
    { act: "b", kind: "undo", candidates: [] },
  ];
  const results = (a, b) => ({
    results: [
      { act: "a", refused: a },
      { act: "b", refused: b },
    ],
  });
  assert.equal(refusedWords(batch, results("why", null)), "Not saved: compare 1.1.0, 1.1.1: why");
  assert.equal(refusedWords(batch, results(null, "none")), "Not saved: undo: none");
  assert.equal(refusedWords(batch, results(null, null)), "");
});

test("a skipped pair is passed, and more pairs are taken once each", () => {
  serve(() => null);
  const { choices, outbox } = visit({ queue: [pair(1), pair(2)] });
  choices.skip();
  choices.take({ queue: [pair(2, 1, 0), pair(3)], compared: 0, undo: 0 });
  assert.deepEqual([where(choices), choices.left], [2, 2]);
  choices.skip();
  choices.skip();
  choices.skip();
  assert.deepEqual([choices.here, choices.left, outbox.acts.length], [null, 0, 0]);
});

test("pairs that are compared once more count no second time", () => {
  serve(() => null);
  const { choices } = visit({ queue: [pair(1)], compared: 5, undo: 5 }, { again: true });
  choices.choose("tie");
  assert.equal(choices.count, 5);
  choices.walk("undo");
  assert.equal(choices.count, 5);
});

test("a choice names the version of the guide that it was made by", () => {
  serve(() => null);
  const { choices, outbox } = visit({ queue: [pair(1), pair(2)] }, { guide: { version: 3, text: "" } });
  choices.choose("tie");
  assert.equal(outbox.body(outbox.acts).acts[0].guide, 3);
});

function set(prompt, ...ks) {
  const candidates = ks.map((k) => ({ candidate_id: `1.${prompt}.${k}`, completion: `${prompt} ${k}` }));
  return { prompt: { prompt_id: prompt, text: "?", system: null, earlier: [] }, candidates };
}

test("rankings go the same way: at once to the next prompt, sent with their places, and not asked for again", async () => {
  serve(() => null);
  const outbox = Outbox.of("project", "ann");
  const choices = new Choices(SETS);
  choices.of({ round: 1, again: false, guide: { version: 2 } }, outbox);
  choices.take({ queue: [set(1, 2, 0, 1), set(2, 0, 1)], ranked: 3, undo: 3 });
  choices.choose([2, 1, 1]);
  assert.deepEqual([choices.here.prompt.prompt_id, choices.count], [2, 4]);
  assert.equal(unsentWords(outbox, true), "1 unsent");
  await settle();
  clearTimeout(outbox.timer);
  const [sent] = outbox.body(outbox.acts).acts;
  assert.deepEqual([sent.kind, sent.candidates, sent.places, sent.guide], ["rank", ["1.1.2", "1.1.0", "1.1.1"], [2, 1, 1], 2]);
  globalThis.rsfOutboxes.clear(); // the page is loaded again
  const again = new Choices(SETS);
  again.of({ round: 1, again: false }, Outbox.of("project", "ann"));
  again.take({ queue: [set(1, 0, 1, 5), set(2, 0, 1)], ranked: 3, undo: 3 });
  assert.deepEqual(
    again.queue.map(({ prompt }) => prompt.prompt_id),
    [2],
    "a prompt is one thing, whichever of its candidates are shown",
  );
});

test("an undo of a ranking goes back to its prompt, and one that only the server knows comes with its candidates", async () => {
  serve(({ acts }) => ({
    status: 200,
    content: {
      results: acts.map(({ act, kind }) => ({
        act,
        refused: null,
        candidates: kind === "undo" ? ["1.7.1", "1.7.0"] : ["1.1.0"],
      })),
      sets: acts.some(({ kind }) => kind === "undo") ? [set(7, 0, 1)] : [],
      ranked: 0,
      undo: 0,
    },
  }));
  const outbox = Outbox.of("project", "ann");
  const choices = new Choices(SETS);
  choices.of({ round: 1, again: false }, outbox);
  outbox.card = { status: () => {}, trouble: () => {}, acknowledge: (batch, answer) => choices.acknowledge(batch, answer) };
  outbox.token = "token";
  choices.take({ queue: [set(1, 0, 1)], ranked: 1, undo: 1 });
  choices.choose([1, 2]);
  assert.equal(choices.here, null);
  assert.deepEqual(choices.walk("undo").act.places, [1, 2]);
  assert.equal(choices.here.prompt.prompt_id, 1);
  assert.equal(choices.walk("undo"), null);
  await pass(1_000);
  assert.equal(choices.here.prompt.prompt_id, 7);
});

test("undo and redo go to what they are of, though one that only the server knew has come before it", async () => {
  const line = [["1.7.0", "1.7.1"]];
  serve(({ acts }) => {
    const undone = [];
    const results = acts.map(({ act, kind, candidates }) => {
      if (kind === "undo") undone.push(line.at(-1));
      const ids = kind === "undo" ? line.pop() : candidates;
      if (kind !== "undo") line.push(ids);
      return { act, refused: null, candidates: ids };
    });
    const sets = undone.map(([id]) => set(Number(id.split(".")[1]), 0, 1));
    return { status: 200, content: { results, sets, ranked: line.length, undo: line.length } };
  });
  const outbox = Outbox.of("project", "ann");
  const choices = new Choices(SETS);
  choices.of({ round: 1, again: false }, outbox);
  outbox.card = { status: () => {}, trouble: () => {}, acknowledge: (batch, answer) => choices.acknowledge(batch, answer) };
  outbox.token = "token";
  choices.take({ queue: [set(1, 0, 1), set(2, 0, 1)], ranked: 1, undo: 1 });
  choices.choose([2, 1]);
  choices.walk("undo");
  choices.walk("undo");
  await pass(1_000);
  assert.equal(where(choices), 7);
  assert.deepEqual(choices.walk("redo").act.candidates, ["1.1.0", "1.1.1"]);
  assert.equal(where(choices), 2);
  assert.deepEqual(choices.walk("undo").act.candidates, ["1.1.0", "1.1.1"]);
  assert.equal(where(choices), 1);
});
