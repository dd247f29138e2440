// The queue of a view, asked of the server: its first part, then more before what is there runs out.

import { NO_ANSWER } from "./server.js";

const AHEAD = 50; // candidates that are always there to go on with
const AGAIN = 2_000; // ms until a queue is asked for again

export class Feed {
  // `ask(from)` is the request for a part of the queue.
  constructor(ask) {
    this.ask = ask;
    this.turn = 0; // one more for each queue: an answer for another one is not shown
    this.waiting = null; // what is said while there is no queue
    this.unreached = null; // why there is no more of it
    this.stale = false; // it was refused: a newer token will come with the page
    this.refilling = false;
    this.ended = false;
  }

  // The first part; undefined where it could not be had (`waiting` says why; `again` is called where asking again may help) or
  // another queue was begun meanwhile. `ready` resolves when it may be asked for.
  async begin(from, ready, again) {
    this.end();
    const turn = this.turn;
    this.refilling = false; // what was under way is of another queue
    this.waiting = "Loading …";
    await ready();
    if (turn !== this.turn) return undefined;
    const answer = await this.ask(from);
    if (turn !== this.turn) return undefined;
    if (answer.status !== 200) {
      this.waiting = answer.error ?? NO_ANSWER;
      this.stale = answer.status === 401;
      if (answer.status === 0 || answer.status >= 500) this.timer = setTimeout(again, AGAIN);
      return undefined;
    }
    this.waiting = this.unreached = null;
    this.stale = false;
    return this.took(answer.content);
  }

  // More of it where `left` are too few: null where it could not be had (`unreached` says why; `again` is called to ask once
  // more), undefined where none is needed or it came too late.
  async more(left, again) {
    if (this.refilling || this.ended || this.waiting || left > AHEAD) return undefined;
    clearTimeout(this.timer);
    const turn = this.turn;
    this.refilling = true;
    const answer = await this.ask(this.cursor);
    if (turn !== this.turn) return undefined;
    this.refilling = false;
    this.unreached = answer.status === 200 ? null : (answer.error ?? NO_ANSWER);
    if (this.unreached) this.timer = setTimeout(again, AGAIN);
    return this.unreached ? null : this.took(answer.content);
  }

  took(content) {
    if (content.last) this.cursor = { after: content.last, after_audit: content.last_audit };
    this.ended = content.ended ?? content.queue.length === 0;
    return content;
  }

  // Nothing that is under way is waited for any more.
  end() {
    clearTimeout(this.timer);
    this.turn++;
  }

  // Why there is nothing to read for now; null where the queue is at its end.
  get pause() {
    return this.waiting ?? this.unreached ?? (this.refilling ? "Looking for more …" : null);
  }

  // What is said where there is no candidate to read.
  nothing(walked) {
    if (this.pause) return this.pause;
    return walked ? "That was the last one of this view. Undo takes you back." : "Nothing is left in this view.";
  }
}
