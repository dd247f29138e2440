import { afterFrame } from "./dom.js";
import { isForbidden, KEPT_ALIVE, post, postWith, size } from "./server.js";
import { LOCAL, read, write } from "./storage.js";

// Acts that are not yet known to be stored: kept in localStorage one by one (so that tabs do not overwrite each other), sent
// in order, and sent again until the server has them. The outbox outlives the card: going to another page of the app in the
// middle of a burst does not hold back the rest. Sending twice is harmless, because every act has a unique name. `to` of an
// act is the route that it is sent to; all cards of a page (each component is a script of its own) share one outbox.

const AT_ONCE = 100; // acts
const LARGEST = 1_000_000; // bytes
const PACE = 150; // ms between requests in a burst: a request for every key would take time from painting
const ENDING = /^\d{15}-[^:]+$/; // of a key
globalThis.rsfOutboxes ??= new Map();

export class Outbox {
  static of(project, reviewer) {
    const prefix = `rsf-act::${[project, reviewer].map(whole).join(":")}:`;
    const outboxes = globalThis.rsfOutboxes;
    if (!outboxes.has(prefix)) outboxes.set(prefix, new Outbox(prefix, `rsf-act:${project}:${reviewer}:`));
    const outbox = outboxes.get(prefix);
    outbox.adopt();
    return outbox;
  }

  // `old`: the prefix of the keys of an earlier version.
  constructor(prefix, old) {
    Object.assign(this, { prefix, old });
    this.acts = [];
    this.latest = 0; // the number of the newest act
    this.failures = 0;
    this.alone = 0; // so many acts are sent one by one, to find the one that the server cannot read
    this.begin = () => this.send();
  }

  // Whether closing the tab would lose something unsent, because the browser's store was full or forbidden.
  get onlyhere() {
    return this.acts.some((act) => act.unkept);
  }

  // Take over what a closed tab or an earlier visit left behind.
  adopt() {
    const known = new Set(this.acts.map((act) => act.key));
    for (const key of Object.keys(LOCAL ?? {})) {
      if (known.has(key) || this.ending(key) === null) continue;
      const act = read(key, null);
      if (act?.act) this.acts.push({ ...act, key });
    }
    this.acts.sort((a, b) => (this.ending(a.key) < this.ending(b.key) ? -1 : 1));
    for (const act of this.acts) this.latest = Math.max(this.latest, parseInt(this.ending(act.key), 10));
  }

  // The part of a key that names an act of this outbox: its time and unique name; null if the key belongs to another outbox.
  ending(key) {
    const prefix = [this.prefix, this.old].find((one) => key.startsWith(one) && ENDING.test(key.slice(one.length)));
    return prefix === undefined ? null : key.slice(prefix.length);
  }

  add(act) {
    // The time orders the acts of several tabs; those of one tab keep their order even if the clock is set back.
    this.latest = Math.max(this.latest + 1, Date.now());
    act.key = `${this.prefix}${String(this.latest).padStart(15, "0")}-${act.act}`;
    this.acts.push(act);
    act.unkept = !write(act.key, act);
    afterFrame(this.begin); // beginning a request would delay the painting of the next candidate
  }

  // Send until nothing is left (true), or the server cannot be reached or refuses (false); if it cannot be reached, retry
  // later.
  send() {
    this.draining ??= this.drain().finally(() => {
      this.draining = null;
    });
    return this.draining;
  }

  // Like send, without a pause between requests.
  hurry() {
    this.hasty = true;
    this.wake?.();
    return this.send().finally(() => {
      this.hasty = false;
    });
  }

  async drain() {
    clearTimeout(this.timer);
    while (this.acts.length && !this.stopped) {
      const sent = performance.now();
      const batch = this.next(this.alone ? 1 : AT_ONCE, LARGEST);
      const answer = await postWith(() => this.token, routeOf(batch[0]), this.body(batch), true);
      if (answer.status === 200) {
        this.failures = 0;
        this.alone = Math.max(0, this.alone - 1);
        this.forget(batch);
        this.card?.acknowledge(batch, answer.content);
      } else if (answer.status === 400 || answer.status === 413) {
        if (batch.length > 1) this.alone = batch.length;
        else {
          this.alone = Math.max(0, this.alone - 1);
          this.forget(batch);
          const refused = { act: batch[0].act, refused: answer.error, candidates: [] };
          this.card?.acknowledge(batch, { results: [refused], prompts: [] });
        }
      } else {
        if (isForbidden(answer)) this.stopped = answer.error;
        else this.timer = setTimeout(() => this.send(), Math.min(5000, 300 * 2 ** ++this.failures));
        if (answer.error) this.card?.trouble(answer.error);
        this.card?.status();
        return false;
      }
      this.card?.status();
      if (this.acts.length && !this.alone) await this.pace(sent);
    }
    return !this.acts.length;
  }

  // Wait for PACE after a request that was sent at this time, unless there is a hurry.
  async pace(sent) {
    const early = sent + PACE - performance.now();
    if (early <= 0 || this.hasty) return;
    await new Promise((done) => {
      this.wake = done;
      setTimeout(done, early);
    });
  }

  // The next acts of the same round and route, to be sent together.
  next(most, bytes) {
    const batch = [];
    let room = bytes;
    for (const act of this.acts) {
      room -= size(JSON.stringify(act));
      const apart = batch.length && (act.round !== batch[0].round || routeOf(act) !== routeOf(batch[0]));
      if (apart || (batch.length && (batch.length === most || room < 0))) break;
      batch.push(act);
    }
    return batch;
  }

  body(batch) {
    const acts = batch.map(({ act, kind, candidates, action, value, guide, shown, asked, verdict, places }) => {
      return { act, kind, candidates, action, value, guide, shown, asked, verdict, places };
    });
    return { round: batch[0].round, acts };
  }

  forget(batch) {
    for (const act of batch) LOCAL?.removeItem(act.key);
    const gone = new Set(batch);
    this.acts = this.acts.filter((act) => !gone.has(act));
  }

  // The tab is closing: send all again in one request that outlives it, including what is under way, so that the order is
  // kept.
  flush() {
    if (!this.acts.length || this.stopped) return;
    const batch = this.next(AT_ONCE, KEPT_ALIVE - 1000);
    post(routeOf(batch[0]), { token: this.token, ...this.body(batch) }, true);
  }

  // Take a new token from the page.
  accept(token) {
    if (token !== this.token) this.stopped = null;
    this.token = token;
    this.send();
  }
}

// A name escaped for a key: with a ":" in it, the keys of "ann:b" would begin like those of "ann".
function whole(name) {
  return name.replaceAll("%", "%25").replaceAll(":", "%3A");
}

// The route of an act. An act kept by an earlier version names none: it belongs to the review card.
export function routeOf(act) {
  return act.to ?? "say";
}

// A unique name. crypto.randomUUID is missing if the app is reached over plain http from another machine.
export function unique() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
