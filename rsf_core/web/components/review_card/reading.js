// Draws the place in the view, the prompt and the candidate in focus.

import { accepted, hidden } from "./decisions.js";
import { element, tone, write } from "./dom.js";
import { numbered, tokens } from "./elsewhere.js";
import { drawTurns } from "./turns.js";
import { counted, facts, ICONS, numbers, opinion, scores } from "./words.js";

const SPOKEN = 300; // characters of a completion that are read aloud

export function drawWhere($, { counts, decided }, view) {
  if (!(view in counts)) return write($(".where"), ""); // nothing has come yet
  const inView = `${counted(counts[view])} ${view === "all" ? "in the view" : view}`;
  write($(".where"), decided ? `${inView}, ${counted(decided)} decided since` : inView);
}

// `reader` draws texts as they are to be read.
export function drawPrompt($, prompt, reader) {
  write($(".prompt-id"), prompt.prompt_id);
  drawTurns($(".turns"), prompt, reader);
  $(".reference").hidden = prompt.reference === null;
  if (prompt.reference !== null) reader.show($(".reference-text"), prompt.reference);
}

// `data`: from the page, which determines what is hidden in a blind review; `of`: how many candidates the prompt has; `alike`:
// how many are decided together, including this one.
export function drawCandidate($, candidate, data, of, alike = 1) {
  const state = accepted(candidate);
  const hide = hidden(candidate, data);
  write($(".number"), `${numbered(candidate)} of ${of}${alike > 1 ? ` · ${alike} alike, decided as one` : ""}`);
  $(".focus").className = `focus ${hide ? "" : state ? "accepted" : "rejected"}`;
  drawBadges($(".badges"), badges(candidate, state, hide));
  const figures = hide ? [tokens(candidate)].filter(Boolean) : [...numbers(candidate), ...scores(candidate)];
  write($(".meta"), figures.join("\u00a0· ")); // no line begins with the dot
  $(".more").hidden = !candidate.clipped;
  write($(".more"), `Show ${counted(candidate.clipped)} more characters`);
  const lines = remarks(candidate);
  if (lines.length || $(".said").firstChild) $(".said").replaceChildren(...lines.map((line) => element("div", "", line)));
}

// The candidate in focus, for screen readers.
export function spoken(candidate, data) {
  const words = hidden(candidate, data) ? "" : facts(candidate, accepted(candidate));
  const text = (candidate.edit ?? candidate.completion).slice(0, SPOKEN) || "(empty)";
  return `Prompt ${candidate.prompt_id}, candidate ${numbered(candidate)}. ${words}. ${text}`;
}

// [kind, words] of each badge; the note that the rule decided has no kind.
function badges(candidate, state, hide) {
  const { decision, opinions } = candidate;
  const list = [];
  if (!hide) {
    const effective = state ? "accepted" : "rejected";
    if (decision || opinions.length) list.push([effective, effective]);
    if (decision && opinions.length) list.push([decision, `rule: ${decision}`]);
    else if (decision) list.push([null, "by the rule"]);
    for (const one of opinions) list.push(["overridden", opinion(one)]);
  }
  if (candidate.truncated) list.push(["truncated", "truncated"]);
  if (!hide && candidate.violated) list.push(["violated", "bound violated"]);
  if (candidate.flagged) list.push(["flagged", "flagged"]);
  return list;
}

const badged = new WeakMap(); // by place: the badges that are shown there

// Most candidates have the badges of the one before: making them again would lay the line out again.
function drawBadges(place, list) {
  const now = JSON.stringify(list);
  if (badged.get(place) === now) return;
  badged.set(place, now);
  place.replaceChildren(...list.map(([kind, words]) => (kind ? badge(kind, words) : element("span", "quietly", words))));
}

function badge(kind, words) {
  const span = element("span", "badge", words);
  span.dataset.icon = ICONS[kind];
  span.style.setProperty("--tone", tone(kind));
  return span;
}

function remarks({ edit, note, tags }) {
  const lines = [];
  if (edit !== null) lines.push("Edited: training uses this text; the tokens and log q of the draw no longer apply to it.");
  if (note) lines.push(`Note: ${note}`);
  if (tags) lines.push(`Tags: ${tags.split(",").join(", ")}`);
  return lines;
}
