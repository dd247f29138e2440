// A prompt as what was said, turn by turn.

import { element } from "./dom.js";
import { visible } from "./words.js";

// [who speaks, what is said] of each turn, in order; the earlier turns are by turns the user's and the assistant's.
export function turns({ system, earlier, text }) {
  const spoken = [...earlier, text].map((said, at) => [at % 2 ? "assistant" : "user", said]);
  return system ? [["system", system], ...spoken] : spoken;
}

// Who speaks is said where there are several turns; the last, which the completion answers, is in sight.
export function drawTurns(place, prompt) {
  const said = turns(prompt);
  place.classList.toggle("several", said.length > 1);
  place.replaceChildren(
    ...said.flatMap(([role, text]) => (said.length > 1 ? [element("div", "label role", role), turn(text)] : [turn(text)])),
  );
  place.scrollTop = said.length > 1 ? place.scrollHeight : 0;
}

function turn(text) {
  const made = element("div", "text", visible(text));
  made.dir = "auto";
  return made;
}
