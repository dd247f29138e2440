// A prompt as what was said, turn by turn.

import { element, inFrame } from "./dom.js";

// [who speaks, what is said] of each turn, in order; the earlier turns are by turns the user's and the assistant's.
export function turns({ system, earlier, text }) {
  const spoken = [...earlier, text].map((said, at) => [at % 2 ? "assistant" : "user", said]);
  return system ? [["system", system], ...spoken] : spoken;
}

const drawn = new WeakMap(); // by place: the prompt that stands there, who speaks, and where each of its turns stands

// Who speaks is said where there are several turns; the last, which the completion answers, is in sight. A prompt that stands
// there already is only read anew by `reader`.
export function drawTurns(place, prompt, reader) {
  const said = turns(prompt);
  const roles = said.map(([role]) => role).join();
  const before = drawn.get(place);
  const same = before?.roles === roles; // the places of the prompt before are those of this one
  const texts = same ? before.texts : said.map(turn);
  said.forEach(([, text], i) => {
    reader.show(texts[i], text);
  });
  if (before?.prompt === prompt) return;
  const several = said.length > 1;
  if (!same) {
    place.classList.toggle("several", several);
    place.replaceChildren(
      ...said.flatMap(([role], i) => (several ? [element("div", "label role", role), texts[i]] : [texts[i]])),
    );
  }
  const scroll = before?.scroll ?? (() => inSight(place));
  drawn.set(place, { prompt, roles, texts, scroll });
  inFrame(scroll);
}

// The last of several, else the beginning.
function inSight(place) {
  place.scrollTop = place.classList.contains("several") ? place.scrollHeight : 0;
}

function turn() {
  const made = element("div", "text");
  made.dir = "auto";
  return made;
}
