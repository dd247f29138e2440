// What the cards of Compare and of Rank share: they pass the page's data, the keys and the server's answers to their parts.

import { button, element } from "../review_card/dom.js";
import { Feed } from "../review_card/feed.js";
import { Guide } from "../review_card/guide.js";
import { keptKeys } from "../review_card/help.js";
import { keyFor, keyName, scrolls } from "../review_card/keys.js";
import { Messages, refusedWords } from "../review_card/messages.js";
import { drawModes, Modes } from "../review_card/modes.js";
import { hear } from "../review_card/mount.js";
import { Outbox, routeOf } from "../review_card/outbox.js";
import { Renderings } from "../review_card/rendered.js";
import { postWith } from "../review_card/server.js";
import { Texts } from "../review_card/texts.js";
import { drawTurns } from "../review_card/turns.js";

const SETTLING = 350; // ms without a key after which a burst of keys has ended
const AHEAD = 5; // pairs or prompts whose texts are requested before they are read
const WALKS = ["undo", "redo"];
const OTHERS = ["skip", ...WALKS];
const WORDS = { skip: "Skip", undo: "Undo", redo: "Redo" };
export const SPOKEN = 200; // characters of a completion that are read aloud

// A card defines the route of its queue (`asks`), what its own keys do (`own(key)`: a name, or nothing; `does(name)`), its
// buttons (`offers(here)`: [name, words, key, class]), the words if nothing is left (`nothing()`), what is read aloud
// (`aloud(here)`), and which candidates are read (`read(here)`); and it draws them (`draw(here)`).
export class ChoosingCard {
  constructor(root, choices, asks) {
    this.$ = (selector) => root.querySelector(selector);
    Object.assign(this, { choices, asks });
    this.feed = new Feed((from) => this.ask(from));
    this.messages = new Messages(this.$);
    this.keys = keptKeys();
    this.modes = new Modes();
    this.renderings = new Renderings(
      (texts) => this.rendered(texts),
      () => this.paint(),
    );
    this.texts = new Texts(this.modes, this.renderings, () => this.act("thought"));
    this.guide = new Guide(this.$, (texts) => this.rendered(texts));
    this.gone = hear(this);
    this.$(".guide-button").onclick = () => this.act("guide");
    this.$(".dismiss").onclick = () => this.trouble(null);
  }

  connection() {
    this.status();
    this.outbox?.send();
  }

  leave() {
    this.outbox?.flush();
  }

  close() {
    this.gone.abort();
    this.feed.end();
    this.guide.end();
    this.renderings.end();
    clearTimeout(this.settling);
    if (this.outbox.card === this) this.outbox.card = null; // the outbox goes on sending
    this.outbox.hurry();
    this.closed = true;
  }

  // -- the queue -----------------------------------------------------------------------------------------------------

  receive(data) {
    this.data = data;
    const { project, round, reviewer, again } = data;
    const asked = [project, round, reviewer, again].join("|");
    const outbox = Outbox.of(project, reviewer);
    if (this.outbox && this.outbox !== outbox) this.outbox.card = null;
    if (this.outbox?.stopped) this.trouble(null);
    this.outbox = outbox;
    outbox.card = this;
    this.choices.of(data, outbox);
    outbox.accept(data.token);
    this.guide.draw(data.guide, this.keys);
    if (this.feed.stale || asked !== this.asked) {
      this.asked = asked;
      this.start();
    }
  }

  // Request the queue once all earlier choices have arrived: else they would come back as open.
  async start() {
    this.choices.clear();
    const begun = this.feed.begin(
      {},
      () => this.outbox.hurry(),
      () => this.start(),
    );
    this.paint();
    const content = await begun;
    if (this.closed) return;
    if (content) {
      this.choices.take(content);
      this.rest();
      this.refill();
    }
    this.paint();
  }

  async refill() {
    const content = await this.feed.more(this.choices.left, () => this.refill());
    if (content === undefined || this.closed) return;
    if (content) this.choices.take(content);
    this.paint();
    if (content) this.refill();
  }

  ask(from) {
    const { round, again } = this.data;
    return postWith(() => this.data.token, this.asks, { round, again, ...from });
  }

  rendered(texts) {
    return postWith(() => this.data.token, "rendered", { round: this.data.round, texts });
  }

  // -- choosing ------------------------------------------------------------------------------------------------------

  key(event) {
    const key = keyFor(event);
    if (key === null || event.repeat || this.outbox?.card !== this) return; // or another card has taken its place on the page
    if ((key === " " || key === "Enter") && event.composedPath()[0].tagName === "BUTTON") return;
    const name = this.own(key) ?? [...OTHERS, "markup", "thought", "guide"].find((one) => this.keys[one] === key);
    if (!name || scrolls(key, event.composedPath())) return;
    event.preventDefault();
    this.act(name);
  }

  act(name) {
    if (name === "guide") return this.guide.toggle();
    if (name === "markup" || name === "thought") this.modes.toggle(name);
    else if (name === "skip") this.choices.skip();
    else if (WALKS.includes(name)) {
      if (this.feed.waiting) return undefined; // what comes before is not known yet
      const step = this.choices.walk(name);
      if (step === undefined) this.trouble(`There is nothing to ${name}.`);
      else if (this.outbox.failures) this.trouble(`The ${name} is kept here until the server answers.`);
      if (step && name === "undo") this.taken(step.act);
    } else this.does(name);
    this.paint();
    this.rest();
    return this.refill();
  }

  // An act of this card was taken back, and what it was about is shown again.
  taken() {}

  // Take the server's answer to a batch of the outbox.
  acknowledge(batch, content) {
    const words = refusedWords(batch, content);
    if (words) this.trouble(words, true);
    const mine = routeOf(batch[0]) === this.choices.between.route;
    if (!mine || batch[0].round !== this.data.round || this.feed.waiting) return;
    if (this.choices.acknowledge(batch, content)) this.start();
    else this.paint();
  }

  // -- drawing -------------------------------------------------------------------------------------------------------

  trouble(message, stay = false) {
    this.messages.trouble(message, { stay, hold: Boolean(this.outbox?.stopped) });
  }

  status() {
    this.messages.unsent(this.outbox);
  }

  rest() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.settle(), SETTLING);
  }

  // After a burst of keys: announce what is shown, for screen readers.
  settle() {
    const { here } = this.choices;
    this.$(".spoken").textContent = here ? this.aloud(here) : this.$(".empty").textContent;
  }

  paint() {
    this.status();
    const { here, queue, position } = this.choices;
    this.$(".where").textContent = this.where();
    this.$(".read").hidden = !here;
    this.$(".empty").hidden = Boolean(here);
    this.buttons(here);
    if (!here) {
      this.$(".empty").textContent = this.feed.pause ?? this.nothing();
      return;
    }
    this.$(".prompt-id").textContent = here.prompt.prompt_id;
    drawTurns(this.$(".turns"), here.prompt, this.texts);
    this.draw(here);
    const next = queue.slice(position, position + AHEAD).flatMap((one) => this.read(one));
    this.renderings.want(next.flatMap((one) => this.texts.needed(one.completion)).reverse());
  }

  // The buttons, each with its key; all of them if there is something to judge.
  buttons(here) {
    const offered = here ? this.offers(here) : [];
    const drawn = [this.modes.markup, ...offered.map(([name, words]) => name + words)].join();
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    drawModes(this.$(".modes"), this.modes, this.keys, (name) => this.act(name), ["markup"]);
    const others = (here ? OTHERS : WALKS).map((name) => [name, WORDS[name], this.keys[name], ""]);
    const made = [...offered, ...others].map(([name, words, key, dress]) => {
      const one = button(dress, words, () => this.act(name));
      one.append(element("kbd", "", keyName(key)));
      return one;
    });
    this.$(".actions").replaceChildren(...made);
  }
}
