// Acts arrive in order and once, whatever the network, the server and the tab do.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { frame, fresh, leaveRoom, pass, serve, settle } from "./support/browser.mjs";

const OUTBOX = "../../../rsf_core/web/components/review_card/outbox.js";
let visits = 0;

// The outbox of a page that has just been loaded; the calls to the card are in `acknowledged`, `troubles` and `shown`.
async function visit(project = "project", reviewer = "ann", token = "token") {
  delete globalThis.rsfOutboxes;
  const { Outbox, unique } = await import(`${OUTBOX}?visit=${visits++}`);
  const outbox = Outbox.of(project, reviewer);
  const heard = { acknowledged: [], troubles: [], shown: 0 };
  outbox.card = {
    acknowledge: (batch, content) => heard.acknowledged.push([batch.map((act) => act.act), content]),
    trouble: (words) => heard.troubles.push(words),
    status: () => heard.shown++,
  };
  outbox.accept(token);
  return { outbox, heard, unique };
}

function decision(act, extra = {}) {
  return { act, round: 1, kind: "decide", candidates: [`1.1.${act}`], action: "accept", ...extra };
}

const stored = { status: 200, content: { results: [], prompts: [] } };
const names = ({ body }) => body.acts.map((act) => act.act);
const kept = () => Object.keys(localStorage).filter((key) => key.startsWith("rsf-act:"));

beforeEach(fresh);

// The first act is sent after the frame that shows it is drawn; the others are added while it is under way.
async function say(outbox, ...names) {
  for (const name of names) {
    outbox.add(decision(name));
    if (name === names[0]) await frame();
  }
}

test("an act is kept at once, sent as it was said after the frame that shows it, and forgotten once it is stored", async () => {
  const server = serve(() => stored);
  const { outbox, heard } = await visit();
  outbox.add(decision("a", { value: "x" }));
  assert.equal(kept().length, 1);
  await settle();
  assert.deepEqual(server.requests, []);
  await frame();
  assert.deepEqual(server.requests[0].body, {
    token: "token",
    round: 1,
    acts: [{ act: "a", kind: "decide", candidates: ["1.1.a"], action: "accept", value: "x" }],
  });
  assert.equal(server.requests[0].what, "say");
  assert.deepEqual(heard.acknowledged, [[["a"], stored.content]]);
  assert.deepEqual(outbox.acts, []);
  assert.deepEqual(kept(), []);
});

test("what is said while a request is under way goes together in the next, in order", async () => {
  const { promise, resolve: answer } = Promise.withResolvers();
  const server = serve(() => promise);
  const { outbox } = await visit();
  await say(outbox, "a", "b", "c");
  assert.deepEqual(server.requests.map(names), [["a"]]);
  outbox.add(decision("d"));
  answer(stored);
  await pass(150);
  assert.deepEqual(server.requests.map(names), [["a"], ["b", "c", "d"]]);
});

test("the next request of a burst waits 150 ms, unless there is a hurry", async () => {
  const { promise, resolve: answer } = Promise.withResolvers();
  const server = serve(() => promise);
  const { outbox } = await visit();
  await say(outbox, "a", "b");
  answer(stored);
  await pass(149);
  assert.equal(server.requests.length, 1);
  await pass(1);
  assert.equal(server.requests.length, 2);
  for (const name of ["c", "d"]) outbox.add(decision(name));
  assert.equal(await outbox.hurry(), true); // it does not wait for a frame either
  assert.deepEqual(server.requests.map(names), [["a"], ["b"], ["c", "d"]]);
});

test("in a hurry that begins while a request is under way there is no pause after it", async () => {
  const { promise, resolve: answer } = Promise.withResolvers();
  const server = serve(() => promise);
  const { outbox } = await visit();
  await say(outbox, "a", "b");
  const hurried = outbox.hurry();
  answer(stored);
  await settle();
  assert.deepEqual(server.requests.map(names), [["a"], ["b"]]);
  assert.equal(await hurried, true);
});

test("a hurry ends a pause that has begun", async () => {
  const { promise, resolve: answer } = Promise.withResolvers();
  const server = serve(() => promise);
  const { outbox } = await visit();
  await say(outbox, "a", "b");
  answer(stored);
  await settle();
  assert.equal(server.requests.length, 1);
  await outbox.hurry();
  assert.deepEqual(server.requests.map(names), [["a"], ["b"]]);
});

test("without an answer it is asked again, later each time and at most 5 s later, with the same names", async () => {
  const server = serve(() => null);
  const { outbox } = await visit();
  outbox.add(decision("a"));
  for (let second = 0; second < 200; second++) await pass(100);
  const times = server.requests.map((request) => request.at);
  assert.deepEqual(
    times.slice(1, 7).map((time, i) => time - times[i]),
    [600, 1200, 2400, 4800, 5000, 5000],
  );
  assert.ok(server.requests.every((request) => names(request).join() === "a"));
  assert.equal(outbox.acts.length, 1);
});

test("after a failure the order holds, and what was said meanwhile comes after", async () => {
  const server = serve(() => null);
  const { outbox } = await visit();
  await say(outbox, "a");
  for (const name of ["b", "c"]) outbox.add(decision(name));
  await settle();
  server.answer = () => stored;
  await pass(10_000);
  assert.deepEqual(names(server.requests.at(-1)), ["a", "b", "c"]);
  assert.deepEqual(outbox.acts, []);
  assert.equal(outbox.failures, 0);
});

test("back online it is sent at once, not when the pause is over", async () => {
  const server = serve(() => null);
  const { outbox } = await visit();
  await say(outbox, "a");
  server.answer = () => stored;
  await outbox.send();
  assert.equal(server.requests.length, 2);
  await pass(20_000);
  assert.equal(server.requests.length, 2); // the timer of the failure is gone
});

test("asked again before its time, it is not asked once more when that time comes", async () => {
  const server = serve(() => null);
  const { outbox } = await visit();
  await say(outbox, "a");
  await outbox.send();
  for (let tenth = 0; tenth < 15; tenth++) await pass(100);
  const [first, ...later] = server.requests.map((request) => request.at);
  assert.deepEqual(
    later.map((time) => time - first),
    [0, 1200],
  );
});

test("a request without an answer has a limit, and is made again after it", async (t) => {
  const limits = [];
  t.mock.method(AbortSignal, "timeout", (milliseconds) => {
    const limit = new AbortController();
    limits.push({ milliseconds, limit });
    return limit.signal;
  });
  const server = serve(
    (_, __, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(new DOMException("too long", "TimeoutError")));
      }),
  );
  const { outbox } = await visit();
  await say(outbox, "a");
  assert.deepEqual(
    limits.map(({ milliseconds }) => milliseconds),
    [20_000],
  );
  assert.equal(server.requests[0].signal, limits[0].limit.signal);
  limits[0].limit.abort();
  server.answer = () => stored;
  await pass(600);
  assert.deepEqual(server.requests.map(names), [["a"], ["a"]]);
  assert.deepEqual(outbox.acts, []);
});

test("an error of the server is told, and the act is sent again", async () => {
  const server = serve(() => ({ status: 503, content: { error: "the project is closing" } }));
  const { outbox, heard } = await visit();
  await say(outbox, "a");
  assert.deepEqual(heard.troubles, ["the project is closing"]);
  assert.equal(outbox.acts.length, 1);
  server.answer = () => stored;
  await pass(600);
  assert.deepEqual(outbox.acts, []);
});

test("a page of a proxy in place of an answer counts as no answer", async () => {
  const server = serve(() => ({ status: 200, text: "<html>Bad gateway</html>" }));
  const { outbox } = await visit();
  await say(outbox, "a");
  assert.equal(outbox.acts.length, 1);
  server.answer = () => stored;
  await pass(600);
  assert.deepEqual(outbox.acts, []);
});

for (const status of [400, 413]) {
  test(`one act that is refused (${status}) is told and dropped; the others arrive, in order`, async () => {
    const arrived = [];
    serve(({ acts }) => {
      if (acts.some((act) => act.act === "bad")) return { status, content: { error: "value: too long" } };
      arrived.push(...acts.map((act) => act.act));
      return stored;
    });
    const { outbox, heard } = await visit();
    outbox.send = () => {}; // until all are added
    for (const name of ["a", "b", "bad", "c", "d"]) outbox.add(decision(name));
    delete outbox.send;
    outbox.send();
    await pass(1_000);
    await pass(1_000);
    assert.deepEqual(arrived, ["a", "b", "c", "d"]);
    assert.deepEqual(outbox.acts, []);
    assert.deepEqual(kept(), []);
    const refused = heard.acknowledged.filter(([, content]) => content.results[0]?.refused);
    assert.deepEqual(refused, [
      [["bad"], { results: [{ act: "bad", refused: "value: too long", candidates: [] }], prompts: [] }],
    ]);
  });
}

for (const status of [401, 403]) {
  test(`who may not speak (${status}) is not asked again, until the page brings another token`, async () => {
    const server = serve(() => ({ status, content: { error: "reload the page" } }));
    const { outbox, heard } = await visit();
    outbox.add(decision("a"));
    await pass(60_000);
    assert.equal(server.requests.length, 1);
    assert.equal(outbox.stopped, "reload the page");
    assert.deepEqual(heard.troubles, ["reload the page"]);
    outbox.accept("token");
    await pass(60_000);
    assert.equal(server.requests.length, 1);
    server.answer = () => stored;
    outbox.accept("a newer token");
    await settle();
    assert.equal(server.requests[1].body.token, "a newer token");
    assert.deepEqual(outbox.acts, []);
  });
}

test("a refused request is sent again with the token that came while it was under way", async () => {
  const { promise, resolve: refuse } = Promise.withResolvers();
  const server = serve(() => promise);
  const { outbox, heard } = await visit();
  outbox.add(decision("a"));
  await frame();
  outbox.accept("a newer token"); // the page was drawn again by the restarted server, which refuses what the old one signed
  server.answer = () => stored;
  refuse({ status: 403, content: { error: "reload the page" } });
  await settle();
  assert.deepEqual(
    server.requests.map(({ body }) => body.token),
    ["token", "a newer token"],
  );
  assert.deepEqual([outbox.acts, outbox.stopped, heard.troubles], [[], null, []]);
});

test("what a closed tab left unsent is sent by the next visit, in order, under the same names", async () => {
  const server = serve(() => null);
  const first = await visit();
  for (const name of ["a", "b", "c"]) first.outbox.add(decision(name));
  await frame();
  clearTimeout(first.outbox.timer); // the tab is closed and sends no more
  server.requests.length = 0;
  server.answer = () => stored;
  const second = await visit();
  second.outbox.add(decision("d"));
  await pass(1_000);
  assert.deepEqual(server.requests.flatMap(names), ["a", "b", "c", "d"]);
  assert.deepEqual(kept(), []);
});

test("each reviewer and each project has an outbox of its own", async () => {
  const server = serve(() => null);
  const ann = await visit("project", "ann");
  ann.outbox.add(decision("a"));
  await settle();
  const ben = await visit("project", "ben");
  const other = await visit("other", "ann");
  assert.deepEqual([ben.outbox.acts, other.outbox.acts], [[], []]);
  server.answer = () => stored;
  const again = await visit("project", "ann");
  assert.deepEqual(
    again.outbox.acts.map((act) => act.act),
    ["a"],
  );
});

test("a name that begins like another one's gets nothing of it, also of what an earlier version kept", async () => {
  serve(() => null);
  const names = ["ann", "ann:b", "ann%3Ab", "ann:b:000000000000001-x"];
  for (const name of names) (await visit("p 1", name)).outbox.add(decision(`new of ${names.indexOf(name)}`));
  for (const name of ["ann", "ann:b"]) {
    const act = decision(`old of ${names.indexOf(name)}`);
    localStorage.setItem(`rsf-act:p 1:${name}:000000000000001-${act.act}`, JSON.stringify(act));
  }
  const had = [];
  for (const name of names) had.push((await visit("p 1", name)).outbox.acts.map((act) => act.act));
  assert.deepEqual(had, [["old of 0", "new of 0"], ["old of 1", "new of 1"], ["new of 2"], ["new of 3"]]);
});

test("what an earlier version kept is forgotten once it is stored", async () => {
  const server = serve(() => stored);
  localStorage.setItem("rsf-act:p 1:2:ann:000000000000001-a", JSON.stringify(decision("a")));
  await visit("p 1:2", "ann");
  await settle();
  assert.deepEqual([server.requests.map(names), kept()], [[["a"]], []]);
});

test("a tab that is opened beside another sends what is unsent there too, each act under one name", async () => {
  const server = serve(() => null);
  const first = await visit();
  first.outbox.add(decision("a"));
  const second = await visit();
  second.outbox.add(decision("b"));
  await settle();
  assert.deepEqual(
    second.outbox.acts.map((act) => act.act),
    ["a", "b"],
  );
  assert.deepEqual(
    first.outbox.acts.map((act) => act.act),
    ["a"],
  );
  assert.ok(server.requests.flatMap(names).every((name) => "ab".includes(name)));
});

test("what another tab said earlier and left unsent goes before what was said later here", async () => {
  serve(() => null);
  const tabs = [await visit(), await visit()];
  tabs[1].outbox.send = () => {};
  tabs[0].outbox.add(decision("earlier"));
  await pass(1);
  tabs[1].outbox.add(decision("later"));
  clearTimeout(tabs[0].outbox.timer);
  tabs[1].outbox.adopt();
  assert.deepEqual(
    tabs[1].outbox.acts.map((act) => act.act),
    ["earlier", "later"],
  );
});

for (const hours of [
  [0, 0, 0, 0],
  [0, -1, -2, -3],
  [0, 1, 0, 1],
  [0, -1, 1, -1],
]) {
  test(`the order of what was said outlives a clock that is set by ${hours} h, and a reload`, async (t) => {
    serve(() => null);
    const now = Date.now();
    const names = [];
    for (const again of [1, 2]) {
      const { outbox } = await visit();
      outbox.send = () => {};
      for (const [at, hour] of hours.entries()) {
        t.mock.method(Date, "now", () => now + 3_600_000 * (hour - again));
        names.push(`visit ${again} act ${at}`);
        outbox.add(decision(names.at(-1)));
      }
    }
    const later = await visit();
    assert.deepEqual(
      later.outbox.acts.map((act) => act.act),
      names,
    );
  });
}

test("what stands in the store and is no act is left alone", async () => {
  serve(() => null);
  localStorage.setItem("rsf-act:project:ann:000000000000001-x", "{ broken");
  localStorage.setItem("rsf-act:project:ann:000000000000002-y", '"a word"');
  const { outbox } = await visit();
  assert.deepEqual(outbox.acts, []);
});

test("acts of another round go in a request of their own", async () => {
  const server = serve(() => null);
  const { outbox } = await visit();
  await say(outbox, "a");
  outbox.add(decision("b", { round: 2 }));
  outbox.add(decision("c", { round: 2 }));
  server.answer = () => stored;
  await pass(5_000);
  await pass(1_000);
  const rounds = server.requests.filter((request) => names(request).join() !== "a").map(({ body }) => body.round);
  assert.deepEqual(rounds, [2]);
  assert.deepEqual(names(server.requests.at(-1)), ["b", "c"]);
});

test("a request holds a hundred acts and a megabyte at most, and one act always", async () => {
  const { outbox } = await visit();
  outbox.send = () => {};
  for (let i = 0; i < 150; i++) outbox.add(decision(String(i)));
  assert.equal(outbox.next(100, 1_000_000).length, 100);
  outbox.acts = [];
  for (let i = 0; i < 3; i++) outbox.add(decision(String(i), { kind: "edit", value: "東".repeat(150_000) })); // 450,000 bytes
  assert.equal(outbox.next(100, 1_000_000).length, 2);
  outbox.acts = [];
  outbox.add(decision("0", { kind: "edit", value: "東".repeat(400_000) }));
  assert.equal(outbox.next(100, 1_000_000).length, 1);
});

test("a request that a browser would send for a closed tab is marked so, one it would drop is not", async () => {
  const server = serve(() => stored);
  const { outbox } = await visit();
  outbox.add(decision("small"));
  await pass(1_000);
  outbox.add(decision("large", { kind: "edit", value: "東".repeat(25_000) }));
  await pass(1_000);
  assert.deepEqual(
    server.requests.map((request) => request.keepalive),
    [true, false],
  );
});

test("as the tab goes all that fits is sent once more, with what is under way", async () => {
  const server = serve(() => new Promise(() => {}));
  const { outbox } = await visit();
  await say(outbox, "a", "b");
  outbox.add(decision("c", { kind: "edit", value: "x".repeat(59_500) }));
  await settle();
  outbox.flush();
  await settle();
  assert.deepEqual(server.requests.map(names), [["a"], ["a", "b"]]);
  assert.equal(server.requests[1].keepalive, true);
});

test("what does not fit into the browser's store is sent all the same, and known to be here alone until it is", async () => {
  const server = serve(() => null);
  const { outbox } = await visit();
  leaveRoom(1_000);
  outbox.add(decision("large", { kind: "note", value: "x".repeat(2_000) }));
  assert.equal(outbox.onlyhere, true);
  outbox.add(decision("small"));
  assert.equal(outbox.onlyhere, true); // the large one would be lost with the tab
  assert.equal(kept().length, 1);
  server.answer = () => stored;
  await pass(10_000);
  assert.deepEqual(outbox.acts, []);
  assert.equal(outbox.onlyhere, false);
});

test("no two acts have the same name", async () => {
  const { unique } = await visit();
  const made = new Set(Array.from({ length: 1_000 }, unique));
  assert.equal(made.size, 1_000);
  for (const name of made) assert.match(name, /^[0-9a-f]{32}$/);
});

test("choices and decisions go each to its own route, in the order in which they were said", async () => {
  const server = serve(() => null);
  const { outbox } = await visit();
  const choice = (act) => ({ act, to: "compare", round: 1, kind: "compare", candidates: ["1.1.0", "1.1.1"], verdict: "tie" });
  for (const act of [decision("a"), choice("b"), choice("c"), decision("d")]) outbox.add(act);
  server.requests.length = 0;
  server.answer = () => stored;
  for (const wait of [5_000, 1_000, 1_000]) await pass(wait);
  assert.deepEqual(
    server.requests.map((request) => [request.what, ...names(request)]),
    [
      ["say", "a"],
      ["compare", "b", "c"],
      ["say", "d"],
    ],
  );
  assert.equal(server.requests[1].body.acts[0].verdict, "tie");
});

test("the scripts of two components of a page have one outbox, in which a choice made by either waits once", async () => {
  serve(() => null);
  const { outbox } = await visit();
  outbox.add(decision("a"));
  const { Outbox } = await import(`${OUTBOX}?visit=${visits++}`); // that of the other component
  assert.equal(Outbox.of("project", "ann"), outbox);
  assert.notEqual(Outbox.of("project", "ben"), outbox);
});
