// The parts of a browser that the modules use: its stores, its clock, a server that answers. Import it before them.

import { mock } from "node:test";

class FakeStorage {
  static room = Infinity; // the most characters of a value

  getItem(key) {
    return Object.hasOwn(this, key) ? this[key] : null;
  }

  setItem(key, value) {
    if (value.length > FakeStorage.room) throw new DOMException("full", "QuotaExceededError");
    this[key] = value;
  }

  removeItem(key) {
    delete this[key];
  }
}

for (const name of ["localStorage", "sessionStorage"]) {
  Object.defineProperty(globalThis, name, { value: new FakeStorage(), configurable: true });
}

// Let only values of up to so many characters fit into the stores.
export function leaveRoom(characters) {
  FakeStorage.room = characters;
}

// A frame is drawn 16 ms after it was asked for.
globalThis.requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()), 16);

// Empty stores, and a clock that moves only by `pass`.
export function fresh() {
  for (const store of [localStorage, sessionStorage]) for (const key of Object.keys(store)) store.removeItem(key);
  leaveRoom(Infinity);
  mock.reset();
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_700_000_000_000 });
  mock.method(performance, "now", () => Date.now());
}

// Let everything go on that waits for an answer.
export async function settle() {
  for (let i = 0; i < 20; i++) await new Promise((done) => setImmediate(done));
}

export async function pass(milliseconds) {
  await settle();
  mock.timers.tick(milliseconds);
  await settle();
}

// Wait until the next frame is drawn and everything that waits for it is done.
export const frame = () => pass(16);

// A server whose `answer(body, what)` returns {status, content}, null for no answer at all, or a promise of these. Its
// requests are in `requests`: {what, body, keepalive, at}.
export function serve(answer) {
  const server = { answer, requests: [] };
  mock.method(globalThis, "fetch", async (url, { body, keepalive, signal }) => {
    const what = url.replace("/api/review/", "");
    server.requests.push({ what, body: JSON.parse(body), keepalive, signal, at: Date.now() });
    const answered = await server.answer(JSON.parse(body), what, signal);
    if (!answered) throw new TypeError("Failed to fetch");
    const text = answered.text ?? JSON.stringify(answered.content);
    return new Response(text, { status: answered.status });
  });
  return server;
}
