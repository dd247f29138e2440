// The card of Rank: completions of a prompt, each of which gets a place.

import { Choices } from "../compare_card/choices.js";
import { ChoosingCard, SPOKEN } from "../compare_card/choosing.js";
import { button, element, hasFocus } from "../review_card/dom.js";
import { same } from "../review_card/steps.js";
import { read, SESSION, write } from "../review_card/storage.js";
import { counted } from "../review_card/words.js";
import { Places } from "./places.js";
import { SETS } from "./sets.js";

const KEPT_AS = "rsf-ranking"; // in this tab: the last places given, restored after a reload
const KEYS = { Enter: "send", Backspace: "back", ArrowLeft: "before", ArrowRight: "next" };

export class RankCard extends ChoosingCard {
  constructor(root) {
    super(root, new Choices(SETS), "sets");
    this.given = new WeakMap(); // by set: its places so far, restored on coming back to it
    this.places = new Places(); // of the set on the card
  }

  own(key) {
    return /^[1-9]$/.test(key) ? `place ${key}` : KEYS[key];
  }

  does(name) {
    if (!this.choices.here) return;
    this.stand();
    if (name === "send") return this.send();
    if (name === "back") this.places.back() || this.trouble("There is no place to take back.");
    else if (name === "before" || name === "next") this.places.move(name === "next" ? 1 : -1);
    else this.give(Number(name.split(" ")[1]));
    this.cards[this.places.at].scrollIntoView({ block: "nearest" }); // the one that the next key applies to
  }

  give(place) {
    const { ids } = this.places;
    this.letGo();
    if (!this.places.give(place)) this.trouble(`There are ${ids.length} candidates: the last place is ${ids.length}.`);
    else this.messages.clear();
  }

  // Without this, Enter would press the button that has the focus instead of sending. The button of a place keeps the focus,
  // so that a person who came there by Tab goes on from there.
  letGo() {
    const card = this.$(".card");
    const { activeElement } = hasFocus(card) ? card.getRootNode() : document;
    if (!card.contains(activeElement) || activeElement.matches("button:not(.place)")) activeElement?.blur();
  }

  send() {
    const { open, dense } = this.places;
    const letters = open.map((id) => this.letter(id)).join(", ");
    if (open.length) this.trouble(`${letters} ${open.length === 1 ? "has" : "have"} no place yet.`);
    else this.choices.choose(dense);
  }

  // Back at a set that was sent: it has its places again, so that one can be corrected.
  taken({ candidates, places }) {
    const ids = SETS.ids(this.choices.here);
    if (same(ids, candidates)) this.stand(ids.map((id) => places[candidates.indexOf(id)]));
  }

  // Make `this.places` those of the set that is shown; `places` are given to it, if any.
  stand(places) {
    const { here } = this.choices;
    if (places || !this.given.has(here)) {
      const ids = SETS.ids(here);
      this.given.set(here, new Places());
      this.given.get(here).of(ids, places ?? this.kept(ids));
    }
    this.places = this.given.get(here);
  }

  // The places that these candidates had when the page was left.
  kept(ids) {
    const { whose, places } = read(KEPT_AS, {}, SESSION);
    const theirs = whose === this.asked && same(ids, Object.keys(places));
    return theirs ? ids.map((id) => places[id] ?? undefined) : [];
  }

  keep() {
    const { ids, open } = this.places;
    if (open.length === ids.length) return; // none yet: an undo may bring back those given before
    const places = Object.fromEntries(ids.map((id) => [id, this.places.get(id) ?? null]));
    write(KEPT_AS, { whose: this.asked, places }, SESSION);
  }

  letter(id) {
    return String.fromCharCode(65 + this.places.ids.indexOf(id));
  }

  where() {
    const { count } = this.choices;
    return `${counted(count)} ${count === 1 ? "prompt" : "prompts"} ranked in this round`;
  }

  // Why there is no prompt to rank.
  nothing() {
    if (this.choices.queue.length) return "That was the last prompt for now. Undo takes you back.";
    if (this.data.again) return "You have not ranked a prompt of this round yet.";
    return "There are no prompts left for you: the others were ranked, or have no two different completions.";
  }

  // -- drawing -------------------------------------------------------------------------------------------------------

  offers() {
    return [
      ["send", "Send", "Enter", "better"],
      ["back", "Take back", "Backspace", ""],
    ];
  }

  aloud({ prompt, candidates }) {
    this.stand();
    const { ids, at, atHand, open } = this.places;
    const given = ids.length === open.length ? "" : `${this.order()}. `;
    if (!open.length) return `${given}Enter sends it.`;
    const text = candidates[at].completion.slice(0, SPOKEN) || "(empty)";
    const about = given ? "" : `Prompt ${prompt.prompt_id}, ${ids.length} candidates. `;
    return `${about}${given}Place of ${this.letter(atHand)}: ${text}`;
  }

  // The ranking so far, in words.
  order() {
    return this.places.groups.map((group) => group.map((id) => this.letter(id)).join(" = ")).join(", then ");
  }

  read({ candidates }) {
    return candidates;
  }

  draw(here) {
    this.stand();
    if (this.shown !== here) this.build(here);
    const { places } = this;
    for (const [at, card] of this.cards.entries()) {
      const place = places.get(places.ids[at]);
      card.classList.toggle("at-hand", at === places.at);
      card.classList.toggle("placed", place !== undefined);
      this.texts.show(card.querySelector(".text"), here.candidates[at].completion);
      for (const one of card.querySelectorAll(".place")) one.setAttribute("aria-pressed", String(place === Number(one.value)));
    }
    this.$(".order").textContent =
      this.order() || `Give each of the ${places.ids.length} a place: 1 is the best, equal places are ties.`;
    this.$(".actions .better").setAttribute("aria-disabled", String(places.open.length > 0));
    this.keep();
  }

  build(here) {
    const { candidates } = here;
    this.shown = here;
    this.cards = candidates.map((_, at) => this.candidate(at, candidates.length));
    this.$(".ranks").replaceChildren(...this.cards);
    const count = candidates.length;
    this.$(".ranks").style.setProperty("--rank-columns", String(count > 6 ? 4 : count > 4 ? 3 : count));
  }

  candidate(at, count) {
    const letter = String.fromCharCode(65 + at);
    const made = element("article", "one");
    const id = this.places.ids[at];
    const go = () => {
      this.places.go(id);
      this.paint();
    };
    const text = element("div", "text");
    Object.assign(text, { dir: "auto", tabIndex: 0, onfocus: go });
    named(text, "group", `Completion ${letter}`);
    made.onclick = go;
    const places = element("div", "places");
    named(places, "group", `Place of ${letter}`);
    for (let place = 1; place <= count; place++) places.append(this.placeButton(letter, place, go));
    const head = element("div", "named");
    head.append(element("span", "letter", letter), places);
    made.append(head, text);
    return made;
  }

  placeButton(letter, place, go) {
    const one = button("place", String(place), (event) => {
      event.stopPropagation(); // a click on the card below would make it the one at hand again
      go();
      this.give(place);
      this.paint();
      this.rest();
    });
    one.value = String(place);
    one.setAttribute("aria-label", `${letter}: place ${place}`);
    one.onmousedown = (event) => event.preventDefault(); // the focus stays where it is, so that Enter sends
    return one;
  }
}

function named(one, role, label) {
  one.setAttribute("role", role);
  one.setAttribute("aria-label", label);
}
