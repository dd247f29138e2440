// The queue is requested, again if there is no answer, and more of it before it runs out.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { fresh, pass, settle } from "./support/browser.mjs";

const { Feed } = await import("../../../rsf_core/web/components/review_card/feed.js");
const ready = async () => true;
const never = () => assert.fail("it is not to be asked again");

// A feed whose server gives the prepared answers in turn; `asked` has its requests.
function feeding(...answers) {
  const asked = [];
  const feed = new Feed((from) => {
    asked.push(from);
    return Promise.resolve(answers.shift());
  });
  return { feed, asked };
}

const part = (...ids) => ({ status: 200, content: { queue: ids, last: ids.at(-1) ?? null, last_audit: null } });

beforeEach(fresh);

test("a queue is asked for once what was said before has arrived", async () => {
  const { feed, asked } = feeding(part("a"));
  const { promise, resolve } = Promise.withResolvers();
  const begun = feed.begin({ at: "a" }, () => promise, never);
  assert.equal(feed.waiting, "Loading …");
  await settle();
  assert.deepEqual(asked, []);
  resolve();
  assert.deepEqual(await begun, part("a").content);
  assert.deepEqual([asked, feed.waiting, feed.ended], [[{ at: "a" }], null, false]);
});

test("a queue that is overtaken by another is not shown", async () => {
  const slow = Promise.withResolvers();
  const { feed } = feeding(slow.promise, part("b"));
  const first = feed.begin({}, ready, never);
  await settle();
  const second = feed.begin({}, ready, never);
  slow.resolve(part("a"));
  assert.deepEqual([await first, await second], [undefined, part("b").content]);
  assert.equal(feed.cursor.after, "b");
});

test("a queue that is overtaken before it may be asked for is not asked for", async () => {
  const { feed, asked } = feeding(part("b"));
  const { promise, resolve } = Promise.withResolvers();
  const first = feed.begin({ at: "a" }, () => promise, never);
  const second = feed.begin({ at: "b" }, ready, never);
  resolve();
  assert.deepEqual([await first, await second], [undefined, part("b").content]);
  assert.deepEqual(asked, [{ at: "b" }]);
});

for (const status of [0, 500, 503]) {
  test(`without an answer (${status}) it is asked again after 2 s`, async () => {
    const { feed } = feeding({ status, error: null });
    let again = 0;
    assert.equal(await feed.begin({}, ready, () => again++), undefined);
    assert.match(feed.waiting, /does not answer/);
    await pass(1_999);
    assert.equal(again, 0);
    await pass(1);
    assert.equal(again, 1);
  });
}

test("a refusal is told and not asked again; a stale token makes it stale", async () => {
  for (const [status, stale] of [
    [401, true],
    [403, false],
    [400, false],
  ]) {
    const { feed } = feeding({ status, error: "no" });
    assert.equal(await feed.begin({}, ready, never), undefined);
    assert.deepEqual([feed.waiting, feed.stale], ["no", stale]);
    await pass(60_000);
  }
});

test("more is asked for after the last one, where fewer than fifty are left", async () => {
  const { feed, asked } = feeding(part("a", "b"), part("c"), part());
  await feed.begin({}, ready, never);
  assert.equal(await feed.more(51, never), undefined);
  assert.deepEqual(await feed.more(50, never), part("c").content);
  assert.deepEqual(await feed.more(0, never), part().content);
  assert.equal(await feed.more(0, never), undefined); // it has ended
  assert.deepEqual(asked, [{}, { after: "b", after_audit: null }, { after: "c", after_audit: null }]);
});

test("more is asked for once at a time, and not while a queue is under way", async () => {
  const slow = Promise.withResolvers();
  const { feed, asked } = feeding(part("a"), slow.promise);
  await feed.begin({}, ready, never);
  const more = feed.more(0, never);
  assert.equal(await feed.more(0, never), undefined);
  slow.resolve(part("b"));
  assert.deepEqual(await more, part("b").content);
  feed.begin({}, () => new Promise(() => {}), never);
  assert.equal(await feed.more(0, never), undefined);
  assert.equal(asked.length, 2);
});

test("more that cannot be had is said so and asked for again", async () => {
  const { feed } = feeding(part("a"), { status: 0, error: null }, part("b"));
  await feed.begin({}, ready, never);
  let again = 0;
  assert.equal(await feed.more(0, () => again++), null);
  assert.match(feed.nothing(true), /does not answer/);
  await pass(2_000);
  assert.equal(again, 1);
  assert.deepEqual(await feed.more(0, never), part("b").content);
  assert.match(feed.nothing(true), /last one/);
});

test("more that comes after the card is gone or another queue began is not shown", async () => {
  const slow = Promise.withResolvers();
  const { feed } = feeding(part("a"), slow.promise);
  await feed.begin({}, ready, never);
  const more = feed.more(0, never);
  feed.end();
  slow.resolve(part("b"));
  assert.equal(await more, undefined);
  assert.equal(feed.cursor.after, "a");
});

test("a new queue is filled up though more of the one before is still under way, and that one's end changes nothing", async () => {
  const [slow, next] = [Promise.withResolvers(), Promise.withResolvers()];
  const { feed, asked } = feeding(part("a"), slow.promise, part("c"), next.promise);
  await feed.begin({}, ready, never);
  const before = feed.more(0, never);
  await feed.begin({}, ready, never);
  const more = feed.more(0, never);
  slow.resolve(part("b"));
  assert.equal(await before, undefined);
  assert.equal(await feed.more(0, never), undefined); // one at a time
  next.resolve(part("d"));
  assert.deepEqual([(await more).queue, asked.length], [["d"], 4]);
});

test("a new queue forgets that the one before could not be had", async () => {
  const { feed } = feeding(part("a"), { status: 0, error: null }, part());
  await feed.begin({}, ready, never);
  await feed.more(0, () => {});
  await feed.begin({}, ready, never);
  assert.equal(feed.nothing(false), "Nothing is left in this view.");
});

test("where there is nothing to read it says why", async () => {
  const slow = Promise.withResolvers();
  const { feed } = feeding(part("a"), slow.promise);
  const begun = feed.begin({}, ready, never);
  assert.equal(feed.nothing(false), "Loading …");
  await begun;
  assert.equal(feed.nothing(true), "That was the last one of this view. Undo takes you back.");
  feed.more(0, never);
  assert.equal(feed.nothing(true), "Looking for more …");
});
