// The card of Compare: two completions of a prompt, side by side.

import { counted } from "../review_card/words.js";
import { Choices, PAIRS } from "./choices.js";
import { ChoosingCard, SPOKEN } from "./choosing.js";

const VERDICTS = [
  ["left", "Left is better", "ArrowLeft", "better"],
  ["tie", "A tie", "ArrowDown", ""],
  ["right", "Right is better", "ArrowRight", "better"],
];

export class CompareCard extends ChoosingCard {
  constructor(root) {
    super(root, new Choices(PAIRS), "pairs");
  }

  own(key) {
    return VERDICTS.find(([, , of]) => of === key)?.[0];
  }

  does(verdict) {
    this.choices.choose(verdict);
  }

  offers() {
    return VERDICTS;
  }

  where() {
    const { count } = this.choices;
    return `${counted(count)} ${count === 1 ? "pair" : "pairs"} compared in this round`;
  }

  aloud({ prompt, left, right }) {
    const [one, other] = [left, right].map(({ completion }) => completion.slice(0, SPOKEN) || "(empty)");
    return `Prompt ${prompt.prompt_id}. Left: ${one}. Right: ${other}`;
  }

  read({ left, right }) {
    return [left, right];
  }

  draw({ left, right }) {
    this.texts.show(this.$(".left-text"), left.completion);
    this.texts.show(this.$(".right-text"), right.completion);
  }

  // Why there is no pair to read.
  nothing() {
    if (this.choices.queue.length) return "That was the last pair for now. Undo takes you back.";
    if (this.data.again) return "You have not compared a pair of this round yet.";
    return "There are no pairs left for you: the others were compared or ranked, or their texts are near-duplicates.";
  }
}
