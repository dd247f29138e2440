// The questions below a completion: one is at hand, and the keys 1 to 9 answer it. The elements are built once for the
// questions; with each candidate only the answers change.

import { choices, firstOpen, given, isKeyed, keyed, keysOf, lacking, nextOpen, outdated, spokenQuestion } from "./asking.js";
import { button, element } from "./dom.js";
import { Marks, toggled } from "./marks.js";
import { visible } from "./visible.js";

const LONGEST = 10_000; // characters of an answer in words
const QUOTED = 60; // characters of a marked part in the list of them

export class Questions {
  // `answer(question, value, id)` records an answer about a candidate, null takes it back; `trouble` shows why the reviewer
  // cannot go on; `back` returns the focus to the card; `moved` is called when another question is at hand.
  constructor($, { answer, trouble, back, moved }) {
    Object.assign(this, { $, answer, trouble, back, moved });
    this.marks = null; // in the completion, once there is a question about its parts
    this.asked = [];
    this.at = 0; // the question at hand
    this.of = null; // the candidate that they are about
    this.built = null; // the questions that the elements were built for
    this.typing = this.keep = null; // the candidate that an answer is being typed for, and the function that keeps it
    this.entered = null; // the question whose field had the focus last
  }

  get question() {
    return this.asked[this.at];
  }

  // Draw the questions for the candidate in focus, with its answers. `data`: from the page.
  draw(candidate, data) {
    this.asked = data.questions ?? [];
    this.$(".questions").hidden = !this.asked.length;
    if (!this.asked.length) return;
    this.answers = given(this.asked, candidate, data.reviewer);
    if (this.of !== candidate.candidate_id) {
      this.leave();
      this.typing = this.keep = null;
      this.of = candidate.candidate_id;
      this.entered = null;
      this.at = firstOpen(this.asked, this.answers);
    }
    this.text = candidate.completion;
    this.editable = data.editable;
    this.at = Math.min(this.at, this.asked.length - 1);
    this.build(data.editable);
    this.parts.forEach((part, i) => {
      this.fill(part, this.asked[i], i === this.at, outdated(this.asked[i], candidate, data.reviewer));
    });
  }

  // If the question at hand is about parts of the completion, draw the completion with its marks. Returns whether it is.
  drawMarks({ candidate_id, completion }) {
    if (this.question?.kind !== "spans") {
      this.marks?.leave();
      return false;
    }
    this.marks ??= new Marks(this.$(".completion"), (words) => this.say(`“${words}” is selected.`));
    this.marks.draw(candidate_id, completion, this.answers.get(this.question.name) ?? []);
    return true;
  }

  // Answer with a digit. Returns whether the digit was for a question.
  digit(digit) {
    if (!this.asked.length) return false;
    if (!this.editable) return true;
    if (this.question.kind === "spans") {
      this.label(this.question.options[digit - 1]);
      return true;
    }
    const value = keyed(this.question, this.answers, digit);
    if (value !== undefined) this.choose(this.at, value);
    return true;
  }

  choose(at, value) {
    this.at = at;
    const { question } = this;
    const after = new Map(this.answers);
    if (value === null) after.delete(question.name);
    else {
      after.set(question.name, value);
      this.at = nextOpen(this.asked, after, at);
    }
    this.say(spokenQuestion(question, after), this.at === at ? "" : spokenQuestion(this.question, after));
    this.answer(question, value, this.of);
  }

  // Label the selected part of the completion; the same label again removes it.
  label(label) {
    if (label === undefined) return;
    const selected = this.marks?.selected();
    if (selected) this.mark({ ...selected, label });
    else this.trouble("Select a part of the text first, with the mouse or, in the text, with the arrow keys (Shift: more).");
  }

  // Mark a part, or remove its mark.
  mark(span) {
    const { question } = this;
    const value = toggled(this.answers.get(question.name) ?? [], span);
    this.say(`${question.text} ${value?.length ?? 0} marked.`);
    this.answer(question, value, this.of);
  }

  // Go to the question after (1) or before (-1) the one at hand; a question answered in words has a field, which gets the
  // focus.
  go(step) {
    if (!this.asked.length) return;
    const field = this.parts[this.at].field;
    if (field && !field.disabled && step > 0 && this.entered !== this.at) return field.focus();
    this.at = (this.at + step + this.asked.length) % this.asked.length;
    this.parts.forEach((part, i) => {
      mark(part, i === this.at);
    });
    this.say(spokenQuestion(this.question, this.answers));
    this.moved();
    if (this.question.kind === "spans") this.$(".completion").focus();
    else this.parts[this.at].field?.focus();
    this.parts[this.at].section.scrollIntoView({ block: "nearest" });
  }

  // Whether a decision on some candidates has to wait for an answer to a required question, which then comes to hand.
  hold(ids, known, reviewer) {
    if (!this.asked.length) return false;
    this.leave();
    const open = lacking(
      this.asked,
      ids.map((id) => known.get(id)),
      reviewer,
    );
    if (!open) return false;
    const { at, question, count } = open;
    const where = ids.length > 1 ? ` of ${count} of these ${ids.length} candidates` : "";
    this.at = at;
    this.parts?.forEach((part, i) => {
      mark(part, i === at);
    });
    this.moved();
    this.trouble(`“${question.text}” is to be answered first${where} (${keysOf(question)}).`);
    return true;
  }

  // Keep what is being typed.
  leave() {
    this.keep?.();
  }

  say(...words) {
    this.$(".asked-said").textContent = words.filter(Boolean).join(" ");
  }

  // -- elements ------------------------------------------------------------------------------------------------------

  build(editable) {
    const now = JSON.stringify([this.asked, editable]);
    if (this.built === now) return;
    this.built = now;
    const announcer = element("span", "spoken asked-said");
    announcer.setAttribute("role", "status");
    this.parts = this.asked.map((question, at) => this.part(question, at, editable));
    this.$(".questions").replaceChildren(announcer, ...this.parts.map((part) => part.section));
  }

  part(question, at, editable) {
    const section = element("section", "question");
    const words = element("span", "asked", question.text);
    words.id = `rsf-question-${question.name}`;
    section.setAttribute("role", "group");
    section.setAttribute("aria-labelledby", words.id);
    const head = element("div", "question-head");
    head.append(
      words,
      ...(question.required ? [element("span", "quietly", "needed")] : []),
      element("span", "quietly keyed", keysOf(question)),
    );
    const old = element("div", "quietly outdated");
    const part = { section, old, name: question.name, buttons: [], field: null, list: null };
    section.append(head, ...this.body(part, question, at, editable), old);
    return part;
  }

  body(part, question, at, editable) {
    if (question.kind === "text") return [this.field(part, question, at, editable)];
    if (!isKeyed(question)) return this.labels(part, question, at, editable);
    const row = element("div", "choices");
    part.buttons = choices(question).map(({ words, value }, i) => {
      const made = button("choice", words, () => this.choose(at, this.answers.get(question.name) === value ? null : value));
      if (words !== String(i + 1)) made.append(element("kbd", "", String(i + 1)));
      made.disabled = !editable;
      return { made, value };
    });
    row.append(...part.buttons.map(({ made }) => made));
    return [row];
  }

  // A button for each label, and the list of marked parts.
  labels(part, question, at, editable) {
    const row = element("div", "choices");
    const made = question.options.map((label, i) => {
      const one = button("choice", label, () => {
        this.come(at);
        this.label(label);
      });
      one.append(element("kbd", "", String(i + 1)));
      one.onmousedown = (event) => event.preventDefault(); // the selection stays
      one.disabled = !editable;
      return one;
    });
    row.append(...made);
    part.list = element("ul", "marked");
    part.list.setAttribute("aria-label", "Marked parts");
    part.editable = editable;
    return [row, part.list];
  }

  // Take this question to hand.
  come(at) {
    if (this.at === at) return;
    this.at = at;
    this.moved();
  }

  // Enter or leaving the field keeps what was typed, Escape does not; Shift+Enter begins a line.
  field(part, question, at, editable) {
    const field = element("textarea", "answer");
    Object.assign(field, { rows: 2, maxLength: LONGEST, disabled: !editable, dir: "auto" });
    field.setAttribute("aria-label", question.text);
    part.field = field;
    let before = "";
    const keep = () => {
      const id = this.typing;
      const value = field.value.trim() || null;
      if (!id || value === (before || null)) return;
      before = value ?? "";
      this.answer(question, value, id);
    };
    const end = () => {
      keep();
      this.typing = this.keep = null;
    };
    part.keep = keep;
    field.onfocus = () => {
      this.typing = this.of;
      this.entered = at;
      this.keep = keep;
      before = this.answers.get(question.name) ?? "";
      this.come(at);
    };
    field.onblur = end;
    field.onkeydown = (event) => {
      event.stopPropagation();
      if (event.isComposing || !(event.key === "Escape" || (event.key === "Enter" && !event.shiftKey))) return;
      event.preventDefault();
      if (event.key === "Escape") field.value = before;
      end();
      this.back();
    };
    return field;
  }

  // The marked parts, each with a button that removes it.
  list(part, spans) {
    const points = [...this.text];
    const now = JSON.stringify([this.of, spans]);
    if (part.listed === now) return;
    part.listed = now;
    const items = spans.map((span) => {
      const item = element("li");
      const quoted = visible(points.slice(span.start, Math.min(span.end, span.start + QUOTED)).join(""));
      const words = `${quoted}${span.end - span.start > QUOTED ? " …" : ""}` || `from ${span.start} to ${span.end}`;
      item.append(element("strong", "", span.label), element("q", "", words));
      const gone = button("quiet", "✕", () => {
        this.come(this.asked.findIndex((one) => one.name === part.name));
        this.mark(span);
      });
      gone.setAttribute("aria-label", `Take away “${words}” (${span.label})`);
      gone.disabled = !part.editable;
      item.append(gone);
      return item;
    });
    part.list.replaceChildren(...items);
  }

  fill(part, question, current, old) {
    const answer = this.answers.get(question.name);
    mark(part, current);
    for (const { made, value } of part.buttons) made.setAttribute("aria-pressed", String(answer === value));
    if (part.field && !(this.keep && this.keep === part.keep)) part.field.value = answer ?? "";
    if (part.list) this.list(part, answer ?? []);
    part.old.textContent = old;
    part.old.hidden = !old;
  }
}

function mark({ section }, current) {
  section.classList.toggle("at-hand", current);
  if (current) section.setAttribute("aria-current", "true");
  else section.removeAttribute("aria-current");
}
