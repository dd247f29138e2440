// The card: it passes the page's data, the keys and the server's answers to its parts.

import { drawActions } from "./actions.js";
import { alikeTo, oneOfEach } from "./alike.js";
import { afterFrame, whenIdle } from "./dom.js";
import { Ending } from "./ending.js";
import { Feed } from "./feed.js";
import { Fields } from "./fields.js";
import { Gold } from "./gold.js";
import { Guide } from "./guide.js";
import { Help } from "./help.js";
import { keyFor, meaning } from "./keys.js";
import { List } from "./list.js";
import { Messages, refusedWords } from "./messages.js";
import { hear } from "./mount.js";
import { Outbox, routeOf } from "./outbox.js";
import { Questions } from "./questions.js";
import { Reader } from "./reader.js";
import { drawCandidate, drawPrompt, drawWhere, spoken } from "./reading.js";
import { Review, ROUTE } from "./review.js";
import { post, postWith } from "./server.js";
import { similarTo } from "./similar.js";
import { LOCAL, read, SESSION, write } from "./storage.js";
import { cutInThought } from "./thoughts.js";

const SETTLING = 350; // ms without a key after which a burst of keys has ended

export class Card {
  constructor(root) {
    this.$ = (selector) => root.querySelector(selector);
    this.review = new Review();
    this.feed = new Feed((from) => this.ask(from));
    this.messages = new Messages(this.$);
    this.list = new List(this.$, (id) => this.focus(id));
    this.reader = new Reader(this.$, {
      ask: (texts) => this.rendered(texts),
      paint: () => this.paint(),
      act: (name) => this.act(name),
      choose: (id) => this.focus(id),
    });
    this.guide = new Guide(this.$, (texts) => this.rendered(texts));
    this.help = new Help(this.$, { trouble: (words) => this.trouble(words), changed: () => this.actions() });
    this.gold = new Gold(this.$, { act: (name) => this.act(name), mark: (id, action) => this.markGold(id, action) });
    this.fields = new Fields(this.$, {
      say: (kind, id, value) => this.review.say(kind, [id], { value }),
      trouble: (words) => this.trouble(words),
      closed: () => {
        this.paint();
        this.$(".focus").focus();
      },
    });
    this.questions = new Questions(this.$, {
      answer: (question, value, id) => this.answer(question, value, id),
      trouble: (words) => this.trouble(words),
      back: () => this.$(".focus").focus(),
      moved: () => this.paint(),
    });
    this.around = () => this.drawAround();
    this.ending = new Ending(this.$, { ask: () => this.summary(), open: (href) => location.assign(href) });
    this.listen();
  }

  listen() {
    this.gone = hear(this);
    this.$(".guide-button").onclick = () => this.act("guide");
    this.$(".help-button").onclick = () => this.act("help");
    this.$(".more").onclick = () => this.whole();
    this.$(".dismiss").onclick = () => this.trouble(null);
  }

  connection() {
    this.status();
    this.outbox?.send();
  }

  leave() {
    this.questions.leave();
    this.keep();
    this.outbox?.flush();
  }

  close() {
    this.questions.leave();
    this.keep();
    this.gone.abort();
    this.feed.end();
    this.ending.end();
    this.guide.end();
    this.reader.end();
    clearTimeout(this.settling);
    if (this.outbox.card === this) this.outbox.card = null; // the outbox goes on sending
    this.outbox.hurry();
    this.closed = true;
  }

  // -- the queue -----------------------------------------------------------------------------------------------------

  // The page's data: whose card, which view. Another view or version of the round (M, scores) starts another queue; a new
  // token only replaces the old one.
  receive(data) {
    const first = !this.data;
    // text being typed belongs to the previous round and name
    if (!first && ["project", "round", "reviewer"].some((one) => data[one] !== this.data[one])) this.questions.leave();
    this.data = data;
    const { project, round, version, reviewer, view, order, filter } = data;
    const asked = [project, round, version, reviewer, view, order, JSON.stringify(filter)].join("|");
    const nonce = data.nonce !== this.nonce;
    this.nonce = data.nonce;
    // do not begin where this tab was before M or the scores changed: the candidates that are nearest now would be left out
    const wrote = read("rsf-linked", null, SESSION) ?? {};
    const own = data.at === wrote.at;
    const old = (this.version ?? (own ? wrote.version : version)) !== version;
    this.version = version;
    if (this.outbox?.stopped) this.trouble(null);
    if (nonce || this.feed.stale || asked !== this.asked) {
      if (!first) this.keep();
      this.asked = asked;
      this.keptAs = `rsf-at:${asked}`;
      this.speakThrough(Outbox.of(project, reviewer));
      // a link names a candidate; if this tab wrote that link itself, it may have gone on since
      const linked = first && data.at && !own ? data.at : null;
      this.start(linked ?? read(this.keptAs, null) ?? (old ? null : data.at));
    } else {
      this.review.of(data, this.outbox);
      this.outbox.accept(data.token);
    }
    this.actions();
  }

  speakThrough(outbox) {
    if (this.outbox && this.outbox !== outbox) this.outbox.card = null;
    this.outbox = outbox;
    outbox.card = this;
    this.review.of(this.data, outbox);
    outbox.accept(this.data.token);
  }

  // Request the queue once all earlier acts have arrived: else their candidates would come back as undecided.
  async start(at) {
    this.review.expect();
    const begun = this.feed.begin(
      at ? { at } : {},
      () => this.outbox.hurry(),
      () => this.start(at),
    );
    this.paint();
    const content = await begun;
    if (this.closed) return;
    if (content) {
      this.review.begin(content);
      this.rest();
      this.refill();
    }
    this.paint();
  }

  async refill() {
    const { place } = this.review;
    const content = await this.feed.more(place.left, () => this.refill());
    if (content === undefined) return;
    const looking = place.focused === null;
    if (content) this.review.more(content);
    if (looking) this.rest();
    this.paint();
    if (content) this.refill();
  }

  rendered(texts) {
    return postWith(() => this.data.token, "rendered", { round: this.data.round, texts });
  }

  // The summary of what was done, once the server knows all of it.
  async summary() {
    // while the server does not answer, the outbox retries by itself, later each time
    if (this.outbox.failures || !(await this.outbox.hurry())) return { status: 0 };
    const { round, filter, view, order } = this.data;
    return postWith(() => this.data.token, "summary", { round, filter, view, order });
  }

  ask(from) {
    const { round, filter, view, order } = this.data;
    return postWith(() => this.data.token, "queue", { round, filter, view, order, ...from });
  }

  // Keep the place for the next visit. While a queue is being loaded, the previous one is still shown.
  keep() {
    if (!this.keptAs || this.feed.waiting) return;
    const { resume } = this.review.place;
    if (resume !== null) write(this.keptAs, resume);
    else LOCAL?.removeItem(this.keptAs);
  }

  // -- deciding ------------------------------------------------------------------------------------------------------

  key(event) {
    const key = keyFor(event);
    if (key === null) return;
    if (this.help.remapping) {
      event.preventDefault();
      this.help.press(key);
      return;
    }
    if (key === "Escape" && (this.help.escape() || this.reader.escape())) return event.preventDefault();
    const asked = meaning(this.help.keys, key, { repeat: event.repeat, tagName: event.composedPath()[0].tagName });
    if (!asked) return;
    event.preventDefault();
    if (asked.action) this.act(asked.action);
    else if (!this.review.focused || !this.questions.digit(asked.digit))
      this.focus(this.review.siblings[asked.digit - 1]?.candidate_id ?? this.review.place.focused);
  }

  act(name) {
    if (name === "help") return this.help.toggle();
    if (this.reader.does(name, this.review)) return undefined;
    if (name === "guide") return this.guide.toggle();
    if (name === "undo" || name === "redo") return this.walk(name);
    const candidate = this.review.focused;
    if (this.gold.does(name, candidate, this.data)) return undefined;
    if (!candidate) return undefined;
    const id = candidate.candidate_id;
    const all = this.review.siblings.map((sibling) => sibling.candidate_id);
    const alike = alikeTo(candidate, this.review.siblings, this.data).map((one) => one.candidate_id);
    const actions = {
      accept: () => this.decide("accept", alike),
      reject: () => this.decide("reject", alike),
      auto: () => this.decide("auto", alike),
      acceptAll: () => this.decide("accept", all),
      rejectAll: () => this.decide("reject", all),
      settleAccept: () => this.decide("accept", [id], "adjudicate"),
      settleReject: () => this.decide("reject", [id], "adjudicate"),
      skip: () => this.advance(),
      back: () => this.focus(this.review.place.sibling(-1, all)),
      forward: () => this.focus(this.review.place.sibling(1, all)),
      up: () => this.review.toPrompt(-1) && this.moved(),
      down: () => this.review.toPrompt(1) && this.moved(),
      flag: () => this.flag(candidate),
      edit: () => this.edit(candidate),
      note: () => this.line(candidate, "note"),
      tags: () => this.line(candidate, "tags"),
      question: () => this.questions.go(1),
      questionBack: () => this.questions.go(-1),
      similar: () => location.assign(similarTo(id, location)),
    };
    return actions[name]();
  }

  advance() {
    this.review.advance();
    this.moved();
  }

  decide(action, ids, kind = "decide") {
    if (!this.data.editable) return;
    if (action !== "auto" && this.questions.hold(ids, this.review.known, this.data.reviewer)) return;
    this.review.decide(action, ids, kind);
    this.moved();
  }

  // Candidates that read the same are answered together, as they are decided; marked parts belong to one text alone.
  answer({ name, version, kind }, value, id) {
    if (!this.data.editable) return;
    const candidate = this.review.known.get(id); // undefined if another queue began during typing: the answer is kept
    const alike = kind === "spans" || !candidate ? [] : alikeTo(candidate, this.review.known.siblings(id), this.data);
    const ids = alike.length ? alike.map((one) => one.candidate_id) : [id];
    this.review.say("answer", ids, {
      value: value === null ? null : JSON.stringify(value),
      asked: { question: name, version },
    });
    this.paint();
  }

  flag(candidate) {
    if (!this.data.editable) return;
    this.review.say("flag", [candidate.candidate_id], { value: candidate.flagged ? null : "yes" });
    this.paint();
  }

  edit(candidate) {
    if (!this.data.editable) return;
    if (candidate.clipped) this.whole().then((read) => read && this.edit(candidate));
    else this.fields.edit(candidate);
  }

  line(candidate, kind) {
    if (this.data.editable) this.fields.line(candidate, kind);
  }

  // `action`: the right decision, null to make it an ordinary candidate again.
  async markGold(id, action) {
    if (!this.data.editable) return;
    const { token, round } = this.data; // read now: another round may be shown by the time it is sent
    await this.outbox.hurry(); // earlier acts come first
    const answer = await post("gold", { token, round, candidate: id, action });
    if (this.closed || round !== this.data.round) return;
    if (answer.status === 200) {
      this.data.gold = answer.content.gold;
      const now = answer.content.prompts.flatMap((prompt) => prompt.candidates).find((one) => one.candidate_id === id);
      if (now) this.review.known.replace(now); // its right decision is in effect, or people's decisions are again
    } else this.trouble(answer.error ?? "The server does not answer: this candidate is not marked. Press the key again.", true);
    this.paint();
  }

  // `kind`: undo or redo.
  walk(kind) {
    if (!this.data.editable) return;
    const step = this.review.walk(kind);
    if (step === undefined) this.trouble(`There is nothing to ${kind}.`);
    else if (step) this.focus(this.review.place.focused);
    else if (this.outbox.failures) this.trouble(`The ${kind} is shown once the server answers.`);
  }

  // -- the server's answers ------------------------------------------------------------------------------------------

  // Take the server's answer to a batch of the outbox.
  acknowledge(batch, content) {
    const words = refusedWords(batch, content);
    if (words) this.trouble(words, true);
    if (routeOf(batch[0]) !== ROUTE || batch[0].round !== this.data.round) return; // of another card or round
    const { again, touched, walked } = this.review.acknowledge(batch, content);
    if (again) this.start(this.review.place.resume);
    else if (touched) this.focus(touched);
    else if (walked) this.paint();
  }

  // Load the rest of a clipped text. Returns whether the candidate is complete and still in focus.
  async whole() {
    const candidate = this.review.focused;
    const { token, round } = this.data;
    const answer = await post("text", { token, round, candidate: candidate.candidate_id });
    if (this.closed) return false;
    if (answer.status !== 200) {
      this.trouble(answer.error ?? "The server does not answer: the rest of this text cannot be read now.");
      return false;
    }
    Object.assign(candidate, { completion: answer.content.completion, clipped: 0 });
    this.paint();
    return this.review.focused === candidate;
  }

  // -- drawing -------------------------------------------------------------------------------------------------------

  focus(id) {
    this.review.place.focused = id;
    this.paint();
    this.rest();
  }

  // The review has moved on: show it, and load more if needed.
  moved() {
    this.focus(this.review.place.focused);
    this.refill();
  }

  rest() {
    clearTimeout(this.settling);
    if (!this.feed.waiting) this.settling = setTimeout(() => this.settle(), SETTLING);
  }

  // After a burst of keys: put the candidate into the URL, and announce it for screen readers.
  settle() {
    this.keep();
    this.reader.rest(this.review);
    const { focused } = this.review.place;
    const url = new URL(location);
    if (focused === null) url.searchParams.delete("at");
    else url.searchParams.set("at", focused);
    write("rsf-linked", { at: focused, version: this.data.version }, SESSION);
    if (url.href !== location.href) history.replaceState(history.state, "", url);
    const candidate = this.review.focused;
    if (candidate && cutInThought(candidate.completion, candidate.clipped)) this.whole();
    this.$(".spoken").textContent = candidate ? spoken(candidate, this.data) : this.$(".empty").textContent;
  }

  trouble(message, stay = false) {
    this.messages.trouble(message, { stay, hold: Boolean(this.outbox?.stopped) });
  }

  status() {
    this.messages.unsent(this.outbox);
  }

  actions() {
    this.reader.buttons(this.help.keys);
    drawActions(this.$, this.data, this.help.keys, (name) => this.act(name));
    this.guide.draw(this.data.guide, this.help.keys);
  }

  paint() {
    this.status();
    afterFrame(this.around);
    const candidate = this.review.focused;
    this.$(".read").hidden = !candidate;
    this.$(".empty").hidden = Boolean(candidate);
    const ended = !candidate && this.feed.pause === null;
    this.ending.draw(ended ? [this.asked, this.review.steps.past.length, this.review.decided].join() : null);
    if (!candidate) {
      this.$(".empty").textContent = this.feed.nothing(this.review.place.queue.length > 0);
      return;
    }
    const { siblings } = this.review;
    const prompt = this.review.known.prompts.get(candidate.prompt_id);
    drawPrompt(this.$, prompt, this.reader);
    this.gold.draw(candidate, this.data, this.help.keys);
    drawCandidate(this.$, candidate, this.data, siblings.length, alikeTo(candidate, siblings, this.data).length);
    this.questions.draw(candidate, this.data);
    if (this.questions.drawMarks(candidate)) this.reader.leaveCompletion();
    else this.reader.drawCompletion(candidate, prompt, siblings, !this.questions.marks); // marks stay on their leaf
    this.reader.drawn(this.review, this.data);
  }

  // After the frame that shows the candidate: draw what is around it, which nobody reads as fast.
  drawAround() {
    if (this.closed) return;
    drawWhere(this.$, this.review, this.data.view);
    const { focused, siblings } = this.review;
    if (!focused) return;
    this.list.draw(oneOfEach(siblings, focused, this.data), focused.candidate_id, this.data);
    this.drawAhead();
  }

  // When the browser is idle: draw the next candidate, behind the one that is read.
  drawAhead() {
    if (this.behind) return;
    this.behind = true;
    whenIdle(() => {
      this.behind = false;
      const { focused, upcoming, known } = this.review;
      if (this.closed || !focused || !upcoming || this.questions.marks) return;
      const prompt = known.prompts.get(upcoming.prompt_id);
      this.reader.drawNext(upcoming, prompt, known.siblings(upcoming.candidate_id), this.data);
    });
  }
}
