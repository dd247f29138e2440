// What the browser stores, and stored values that count as nothing.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { fresh, leaveRoom } from "./support/browser.mjs";

const STORAGE = "../../../rsf_core/web/components/review_card/storage.js";
const { LOCAL, read, SESSION, write } = await import(STORAGE);

beforeEach(fresh);

test("a value is read as it was written, in the store it was written to", () => {
  assert.equal(write("key", { a: [1, null] }), true);
  assert.deepEqual(read("key", null), { a: [1, null] });
  assert.equal(read("key", "otherwise", SESSION), "otherwise");
  write("key", "session", SESSION);
  assert.equal(read("key", null, SESSION), "session");
});

test("what something else wrote, and what is not there, is as good as nothing", () => {
  LOCAL.setItem("key", "{ broken");
  assert.equal(read("key", "otherwise"), "otherwise");
  assert.equal(read("no such key", "otherwise"), "otherwise");
});

test("a full store says that it has not kept it", () => {
  leaveRoom(10);
  assert.equal(write("key", "x".repeat(20)), false);
  assert.equal(write("key", "x"), true);
});

test("a forbidden store is none: nothing is kept or found", async () => {
  const own = Object.getOwnPropertyDescriptor(globalThis, "localStorage");
  const deny = () => {
    throw new DOMException("denied", "SecurityError");
  };
  Object.defineProperty(globalThis, "localStorage", { get: deny, configurable: true });
  const forbidden = await import(`${STORAGE}?forbidden`);
  Object.defineProperty(globalThis, "localStorage", own);
  assert.deepEqual([forbidden.LOCAL, forbidden.write("key", 1), forbidden.read("key", 0)], [null, false, 0]);
});

test("a value that cannot be written is a fault of the program, not of the store", () => {
  const circle = {};
  circle.self = circle;
  assert.throws(() => write("key", circle), TypeError);
});
