// The questions below a completion: a key answers the current question and goes on, and typed text is kept.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { fresh } from "./support/browser.mjs";
import { candidate, prompt, queue } from "./support/candidates.mjs";
import { place } from "./support/page.mjs";

const { Questions } = await import("../../../rsf_core/web/components/review_card/questions.js");
const { Review } = await import("../../../rsf_core/web/components/review_card/review.js");
const { Outbox } = await import("../../../rsf_core/web/components/review_card/outbox.js");
const { apply } = await import("../../../rsf_core/web/components/review_card/decisions.js");

const usual = { options: [], points: 5, required: false, version: 2, alike: [2] };
const clear = { ...usual, name: "clear", kind: "rating", text: "How clear?" };
const tone = { ...usual, name: "tone", kind: "choice", text: "Tone?", options: ["kind", "rude"] };
const why = { ...usual, name: "why", kind: "text", text: "Why?" };

beforeEach(fresh);

// Questions below one candidate, as the card draws them: an answer counts at once.
function panel(asked, { editable = true, answers = [] } = {}) {
  const [box, completion] = [place(), place()];
  completion.focus = () => {};
  const calls = { acts: [], trouble: [], back: 0 };
  const data = { reviewer: "ann", questions: asked, editable };
  const known = new Map([
    ["1.1.0", candidate("1.1.0", { answers })],
    ["1.1.1", candidate("1.1.1")],
  ]);
  let focused = "1.1.0";
  const find = (selector) =>
    selector === ".completion"
      ? completion
      : selector === ".questions"
        ? box
        : box.below.find((one) => one.classList.contains(selector.slice(1)));
  const questions = new Questions(find, {
    answer: (question, value, id) => {
      const act = {
        kind: "answer",
        value: JSON.stringify(value),
        asked: { question: question.name, version: question.version },
      };
      if (value === null) act.value = null;
      calls.acts.push([id, question.name, value]);
      apply(act, known.get(id), "ann");
      draw();
    },
    trouble: (words) => calls.trouble.push(words),
    back: () => calls.back++,
    moved: () => draw(),
  });
  const draw = (id = focused) => {
    focused = id;
    questions.draw(known.get(id), data);
    questions.drawMarks(known.get(id));
    for (const one of box.below) {
      one.focus ??= () => one.onfocus?.();
      one.scrollIntoView ??= () => {};
    }
  };
  draw();
  const buttons = () => box.below.filter((one) => one.classList.contains("choice"));
  const pressed = () =>
    buttons()
      .filter((one) => one.getAttribute("aria-pressed") === "true")
      .map((one) => one.textContent);
  const field = () => box.below.find((one) => one.tag === "textarea");
  const type = (text) => {
    field().onfocus();
    field().value = text;
  };
  const key = (name, more = {}) =>
    field().onkeydown({ key: name, stopPropagation: () => {}, preventDefault: () => {}, ...more });
  return {
    box,
    completion,
    questions,
    calls,
    known,
    draw,
    buttons,
    pressed,
    field,
    type,
    key,
    at: () => questions.question.name,
  };
}

test("without questions nothing is drawn and no digit is taken", () => {
  const { box, questions } = panel([]);
  assert.equal(box.hidden, true);
  assert.equal(box.childNodes.length, 0);
  assert.equal(questions.digit(4), false);
  assert.equal(questions.hold(["1.1.0"], new Map(), "ann"), false);
});

test("a digit answers the question at hand and goes on to the next", () => {
  const { questions, calls, pressed, at } = panel([clear, tone, why]);
  assert.equal(at(), "clear");
  assert.equal(questions.digit(4), true);
  assert.equal(at(), "tone");
  questions.digit(2);
  assert.deepEqual(calls.acts, [
    ["1.1.0", "clear", 4],
    ["1.1.0", "tone", "rude"],
  ]);
  assert.deepEqual(pressed(), ["4", "rude2"]);
  assert.equal(questions.digit(9), true); // neither the place of a candidate nor an answer
  assert.equal(calls.acts.length, 2);
});

test("a click answers, and takes the same answer back", () => {
  const { calls, buttons, pressed } = panel([clear, tone]);
  buttons()[2].onclick();
  assert.deepEqual(pressed(), ["3"]);
  buttons()[2].onclick();
  assert.deepEqual(pressed(), []);
  assert.deepEqual(calls.acts.at(-1), ["1.1.0", "clear", null]);
});

test("keys go from question to question, round and round, and say which is at hand", () => {
  const { questions, box, at } = panel([clear, tone]);
  questions.go(1);
  assert.equal(at(), "tone");
  const spoken = box.below.find((one) => one.classList.contains("asked-said"));
  assert.equal(spoken.textContent, "Tone? (keys 1 to 2), not answered.");
  assert.deepEqual(
    box.below.filter((one) => one.getAttribute("aria-current") === "true").map((one) => one.className),
    ["question at-hand"],
  );
  questions.go(1);
  assert.equal(at(), "clear");
  questions.go(-1);
  assert.equal(at(), "tone");
});

test("the key for the next question enters a field once, and goes on from it", () => {
  const { questions, key, at } = panel([clear, why, tone]);
  questions.go(1);
  assert.equal(at(), "why");
  key("Escape");
  questions.go(1);
  assert.equal(at(), "tone");
});

test("words are typed in their field: Enter keeps them, Escape does not, and what stands is not said again", () => {
  const { calls, type, key, field } = panel([why]);
  type(" because \n");
  key("Enter", { shiftKey: true });
  key("Enter", { isComposing: true });
  assert.equal(calls.acts.length, 0);
  key("Enter");
  assert.deepEqual(calls.acts, [["1.1.0", "why", "because"]]);
  assert.equal(calls.back, 1);
  field().onblur();
  type("other");
  key("Escape");
  assert.equal(calls.acts.length, 1);
  assert.equal(field().value, "because");
  type("  ");
  field().onblur();
  assert.deepEqual(calls.acts.at(-1), ["1.1.0", "why", null]);
});

test("what is being typed is kept for its own candidate when the card goes on, or goes away", () => {
  const { calls, type, draw, field, questions } = panel([why]);
  type("first");
  draw("1.1.1");
  assert.deepEqual(calls.acts, [["1.1.0", "why", "first"]]);
  draw("1.1.1");
  assert.equal(field().value, "");
  type("second");
  draw("1.1.1"); // the server has answered: the field stays as it is
  assert.equal(field().value, "second");
  questions.leave();
  assert.deepEqual(calls.acts.at(-1), ["1.1.1", "why", "second"]);
});

test("a decision waits for what must be answered, and the question comes to hand", () => {
  const needed = { ...tone, required: true };
  const { questions, calls, known, at } = panel([clear, needed]);
  assert.equal(questions.hold(["1.1.0"], known, "ann"), true);
  assert.deepEqual(calls.trouble, ["“Tone?” is to be answered first (keys 1 to 2)."]);
  assert.equal(at(), "tone");
  questions.hold(["1.1.0", "1.1.1"], known, "ann");
  assert.match(calls.trouble[1], /answered first of 2 of these 2 candidates/);
  questions.digit(1);
  assert.equal(questions.hold(["1.1.0"], known, "ann"), false);
});

test("what is typed counts for the decision that comes right after", () => {
  const { questions, calls, known, type } = panel([{ ...why, required: true }]);
  type("because");
  assert.equal(questions.hold(["1.1.0"], known, "ann"), false);
  assert.deepEqual(calls.acts, [["1.1.0", "why", "because"]]);
});

test("an answer to other options is shown as such, and nothing is answered", () => {
  const { box, pressed } = panel([{ ...tone, version: 3, alike: [3] }], {
    answers: [{ reviewer: "ann", question: "tone", version: 1, value: "so so" }],
  });
  assert.deepEqual(pressed(), []);
  assert.match(box.textContent, /Answered under version 1, which asked otherwise: so so/);
});

test("a label marks what is selected, and each mark can be taken away", () => {
  const parts = { ...usual, name: "parts", kind: "spans", text: "Mark it", options: ["bad", "good"] };
  const { box, completion, questions, calls, at } = panel([clear, parts]);
  assert.equal(completion.textContent, ""); // another module draws it
  questions.go(1);
  assert.equal(at(), "parts");
  assert.equal(completion.textContent, "text of 1.1.0");
  questions.marks.selected = () => null;
  questions.digit(1);
  assert.match(calls.trouble[0], /Select a part of the text first/);
  questions.marks.selected = () => ({ start: 0, end: 4 });
  questions.digit(3); // there are two labels
  questions.digit(1);
  assert.deepEqual(calls.acts, [["1.1.0", "parts", [{ start: 0, end: 4, label: "bad" }]]]);
  const items = () => box.below.filter((one) => one.tag === "li");
  assert.deepEqual(
    items().map((one) => one.textContent),
    ["badtext✕"],
  );
  assert.equal(completion.below[0].textContent, "text");
  questions.marks.selected = () => ({ start: 8, end: 13 });
  box.below.find((one) => one.textContent === "good2").onclick();
  assert.equal(items().length, 2);
  items()[0]
    .below.find((one) => one.tag === "button")
    .onclick();
  assert.deepEqual(calls.acts.at(-1)[2], [{ start: 8, end: 13, label: "good" }]);
  items()[0]
    .below.find((one) => one.tag === "button")
    .onclick();
  assert.equal(calls.acts.at(-1)[2], null);
  assert.equal(completion.below.length, 0);
});

test("in a round of before nothing can be answered", () => {
  const { buttons } = panel([clear], { editable: false });
  assert.ok(buttons().every((one) => one.disabled));
});

test("an answer goes the way of a decision: shown at once, sent with its version, undone and redone", () => {
  const review = new Review();
  const acts = [];
  review.of(
    { round: 1, reviewer: "ann", view: "pending", editable: true },
    { acts, failures: 0, add: (act) => acts.push(act) },
  );
  review.expect();
  review.begin(queue(prompt("1", 2)));
  const id = review.place.focused;
  review.say("answer", [id], { value: "4", asked: { question: "clear", version: 2 } });
  assert.deepEqual(review.known.get(id).answers, [{ reviewer: "ann", question: "clear", version: 2, value: 4 }]);
  const sent = new Outbox("rsf-act:p:ann:").body(acts).acts[0];
  assert.deepEqual([sent.kind, sent.value, sent.asked], ["answer", "4", { question: "clear", version: 2 }]);
  assert.equal(review.place.focused, id); // not a decision: the focus stays
  review.walk("undo");
  assert.deepEqual(review.known.get(id).answers, []);
  review.walk("redo");
  assert.equal(review.known.get(id).answers[0].value, 4);
});

test("what is typed outlasts another question that comes to hand, and is kept once", () => {
  const { calls, questions, type, field } = panel([why, clear]);
  type("half a thought");
  questions.come(1); // like the label of a part, which leaves the focus in the field
  assert.equal(questions.question.name, "clear");
  assert.equal(field().value, "half a thought");
  questions.leave(); // the tab is hidden, and shown again
  field().value = "half a thought, and the rest";
  field().onblur();
  field().onblur();
  assert.deepEqual(calls.acts, [
    ["1.1.0", "why", "half a thought"],
    ["1.1.0", "why", "half a thought, and the rest"],
  ]);
});

test("where nothing can be answered a digit says nothing and no field stops the way", () => {
  const { calls, questions } = panel([why, clear], { editable: false });
  const seen = [0, 1].map(() => {
    questions.go(1);
    assert.equal(questions.digit(4), true);
    return questions.question.name;
  });
  assert.deepEqual(seen.sort(), ["clear", "why"]);
  assert.deepEqual(calls.acts, []);
});
