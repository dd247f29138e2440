// A completion as thoughts and answers: <think>…</think>, also thinking and reasoning, before the answer.

const OPENING = /^\s*<(?:think(?:ing)?|reasoning)>/i;
const ANY = /(?:^|\n)[ \t]*<(?:think(?:ing)?|reasoning)>[\s\S]*?<\/(?:think(?:ing)?|reasoning)>/gi;
const CLOSING = /<\/(?:think(?:ing)?|reasoning)>/i;
const TAGS = /^\s*<(?:think(?:ing)?|reasoning)>|<\/(?:think(?:ing)?|reasoning)>\s*$/gi;

// The parts of a text in order: {text, as it was drawn; inner, without the tags; thought; finished}. A thought begins the
// text, or is complete and on lines of its own; if the prompt template has opened it, there is only the closing tag.
export function thoughts(text) {
  if (!/think|reasoning/i.test(text)) return [answer(text)]; // nearly all texts
  const parts = [];
  let rest = text;
  const closing = rest.search(CLOSING);
  if (OPENING.test(rest) || (closing >= 0 && !/<(?:think(?:ing)?|reasoning)>/i.test(rest.slice(0, closing)))) {
    const end = closing < 0 ? rest.length : closing + rest.slice(closing).match(CLOSING)[0].length;
    parts.push(thought(rest.slice(0, end), closing >= 0));
    rest = rest.slice(end);
  }
  let from = 0;
  for (const match of rest.matchAll(ANY)) {
    if (rest.slice(from, match.index).trim()) parts.push(answer(rest.slice(from, match.index)));
    parts.push(thought(match[0], true));
    from = match.index + match[0].length;
  }
  if (rest.slice(from).trim() || !parts.length) parts.push(answer(rest.slice(from)));
  return parts;
}

// Whether a text of which `clipped` characters are missing ends within a thought, so that its answer is missing.
export function cutInThought(text, clipped) {
  const last = thoughts(text).at(-1);
  return clipped > 0 && last.thought && !last.finished;
}

function thought(text, finished) {
  return { text, inner: text.replace(TAGS, "").trim(), thought: true, finished };
}

function answer(text) {
  return { text, inner: text, thought: false, finished: true };
}
