// The card of Compare: what the page wants, what the keys say and what the server answers, put to the parts that do it.

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
import { post } from "../review_card/server.js";
import { Texts } from "../review_card/texts.js";
import { drawTurns } from "../review_card/turns.js";
import { counted } from "../review_card/words.js";
import { Choices, ROUTE } from "./choices.js";

const SETTLING = 350; // ms after which a burst of keys has come to rest
const AHEAD = 5; // pairs whose texts are asked for before they are read
const SPOKEN = 200; // characters of a completion that are read aloud
const VERDICTS = [
  ["left", "Left is better", "ArrowLeft"],
  ["tie", "A tie", "ArrowDown"],
  ["right", "Right is better", "ArrowRight"],
];
const ALWAYS = ["undo", "redo"];
const WORDS = { skip: "Skip", undo: "Undo", redo: "Redo" };

export class CompareCard {
  constructor(root) {
    this.$ = (selector) => root.querySelector(selector);
    this.choices = new Choices();
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
    if (this.outbox.card === this) this.outbox.card = null; // it goes on sending
    this.outbox.hurry();
    this.closed = true;
  }

  // -- the pairs -----------------------------------------------------------------------------------------------------

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

  // Ask for pairs once what was said before has arrived: they would come back as not compared.
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
    const { token, round, again } = this.data;
    return post("pairs", { token, round, again, ...from });
  }

  rendered(texts) {
    return post("rendered", { token: this.data.token, round: this.data.round, texts });
  }

  // -- choosing ------------------------------------------------------------------------------------------------------

  key(event) {
    const key = keyFor(event);
    if (key === null || event.repeat) return;
    if ((key === " " || key === "Enter") && event.composedPath()[0].tagName === "BUTTON") return;
    const verdict = VERDICTS.find(([, , of]) => of === key)?.[0];
    const name = verdict ?? ["skip", "undo", "redo", "markup", "thought", "guide"].find((one) => this.keys[one] === key);
    if (!name || scrolls(key, event.composedPath())) return;
    event.preventDefault();
    this.act(name);
  }

  act(name) {
    if (name === "guide") return this.guide.toggle();
    if (name === "markup" || name === "thought") this.modes.toggle(name);
    else if (name === "skip") this.choices.skip();
    else if (ALWAYS.includes(name)) {
      if (this.feed.waiting) return undefined; // what stands before it is not known yet
      if (this.choices.walk(name) === undefined) this.trouble(`There is nothing to ${name}.`);
      else if (this.outbox.failures) this.trouble(`The ${name} is kept here until the server answers.`);
    } else this.choices.choose(name);
    this.paint();
    this.rest();
    return this.refill();
  }

  // The outbox's answer for a batch.
  told(batch, content) {
    const words = refusedWords(batch, content);
    if (words) this.trouble(words, true);
    if (routeOf(batch[0]) !== ROUTE || batch[0].round !== this.data.round || this.feed.waiting) return;
    if (this.choices.told(batch, content)) this.start();
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

  // Where a burst of keys came to rest, for who listens instead of reading.
  settle() {
    const { here } = this.choices;
    const [left, right] = here ? [here.left, here.right].map((one) => one.completion.slice(0, SPOKEN) || "(empty)") : [];
    this.$(".spoken").textContent = here
      ? `Prompt ${here.prompt.prompt_id}. Left: ${left}. Right: ${right}`
      : this.$(".empty").textContent;
  }

  paint() {
    this.status();
    const { here, compared } = this.choices;
    this.$(".where").textContent = `${counted(compared)} ${compared === 1 ? "pair" : "pairs"} compared in this round`;
    this.$(".read").hidden = !here;
    this.$(".empty").hidden = Boolean(here);
    this.buttons(Boolean(here));
    if (!here) {
      this.$(".empty").textContent = this.feed.pause ?? this.nothing();
      return;
    }
    this.$(".prompt-id").textContent = here.prompt.prompt_id;
    drawTurns(this.$(".turns"), here.prompt, this.texts);
    this.texts.show(this.$(".left-text"), here.left.completion);
    this.texts.show(this.$(".right-text"), here.right.completion);
    this.ahead();
  }

  // Why there is no pair to read.
  nothing() {
    if (this.choices.pairs.length) return "That was the last pair for now. Undo takes you back.";
    if (this.data.again) return "You have compared no pair of this round yet.";
    return "No pair is left for you: each was compared, or its texts nearly repeat each other.";
  }

  ahead() {
    const { pairs, position } = this.choices;
    const next = pairs.slice(position, position + AHEAD).flatMap(({ left, right }) => [left, right]);
    this.renderings.want(next.flatMap((one) => this.texts.needed(one.completion)).reverse());
  }

  // The buttons, each with its key; a pair that is there to be judged has all of them.
  buttons(some) {
    const drawn = [this.modes.markup, some].join();
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    drawModes(this.$(".modes"), this.modes, this.keys, (name) => this.act(name), ["markup"]);
    const verdicts = some ? VERDICTS : [];
    const others = (some ? ["skip", ...ALWAYS] : ALWAYS).map((name) => [name, WORDS[name], this.keys[name]]);
    const made = [...verdicts, ...others].map(([name, words, key]) => {
      const one = button(name === "left" || name === "right" ? "better" : "", words, () => this.act(name));
      one.append(element("kbd", "", keyName(key)));
      return one;
    });
    this.$(".actions").replaceChildren(...made);
  }
}
