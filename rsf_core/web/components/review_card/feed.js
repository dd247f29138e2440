// The queue of a view, requested from the server: the first part, then more before it runs out.

import { NO_ANSWER } from "./server.js";

const AHEAD = 50; // candidates that are kept in advance
const AGAIN = 2_000; // ms until a queue is requested again

export class Feed {
  // `ask(from)` requests a part of the queue.
  constructor(ask) {
    this.ask = ask;
    this.turn = 0; // counts the queues: an answer for an earlier one is not shown
    this.waiting = null; // the message while there is no queue
    this.unreached = null; // why no more of it can be loaded
    this.stale = false; // the queue was refused: the page will bring a newer token
    this.refilling = false;
    this.ended = false;
  }

  // The first part; undefined if it could not be loaded (`waiting` holds the reason; `again` is called if trying again may
  // help) or if another queue was begun meanwhile. `ready` resolves when the part may be requested.
  async begin(from, ready, again) {
    this.end();
    const turn = this.turn;
    this.refilling = false; // a request under way is for another queue
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

  // More of the queue if `left` are too few: null if it could not be loaded (`unreached` holds the reason; `again` is called
  // to try again), undefined if none is needed or it came too late.
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

  // Ignore the answers to requests that are under way.
  end() {
    clearTimeout(this.timer);
    this.turn++;
  }

  // Why there is nothing to read for now; null if the queue is at its end.
  get pause() {
    return this.waiting ?? this.unreached ?? (this.refilling ? "Looking for more …" : null);
  }

  // The message if there is no candidate to read.
  nothing(walked) {
    if (this.pause) return this.pause;
    return walked ? "That was the last one of this view. Undo takes you back." : "Nothing is left in this view.";
  }
}
