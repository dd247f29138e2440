// A prompt as a conversation, turn by turn.

import { element, inFrame } from "./dom.js";

// [role, text] of each turn, in order; the earlier turns alternate between user and assistant.
export function turns({ system, earlier, text }) {
  const spoken = [...earlier, text].map((words, at) => [at % 2 ? "assistant" : "user", words]);
  return system ? [["system", system], ...spoken] : spoken;
}

const drawn = new WeakMap(); // by place: the prompt that is shown, its roles, and the element of each turn

// Draw a prompt. Roles are shown if there are several turns; the last turn, which the completion answers, is in sight. For a
// prompt that is shown already, `reader` only updates the texts.
export function drawTurns(place, prompt, reader) {
  const spoken = turns(prompt);
  const roles = spoken.map(([role]) => role).join();
  const before = drawn.get(place);
  const same = before?.roles === roles; // the elements of the previous prompt fit this one
  const texts = same ? before.texts : spoken.map(turn);
  spoken.forEach(([, text], i) => {
    reader.show(texts[i], text);
  });
  if (before?.prompt === prompt) return;
  const several = spoken.length > 1;
  if (!same) {
    place.classList.toggle("several", several);
    place.replaceChildren(
      ...spoken.flatMap(([role], i) => (several ? [element("div", "label role", role), texts[i]] : [texts[i]])),
    );
  }
  const scroll = before?.scroll ?? (() => inSight(place));
  drawn.set(place, { prompt, roles, texts, scroll });
  inFrame(scroll);
}

// Scroll to the last of several turns, else to the beginning.
function inSight(place) {
  place.scrollTop = place.classList.contains("several") ? place.scrollHeight : 0;
}

function turn() {
  const made = element("div", "text");
  made.dir = "auto";
  return made;
}
