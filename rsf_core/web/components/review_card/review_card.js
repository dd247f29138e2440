// The review card: reading and deciding happen in the browser; what is said goes to /api/review through the outbox.
// Text of prompts and completions is only ever set as textContent.

const DEFAULT_KEYS = {
  accept: "a", reject: "x", skip: " ", undo: "u", redo: "U", back: "ArrowLeft", forward: "ArrowRight", up: "ArrowUp",
  down: "ArrowDown", auto: "d", edit: "e", flag: "f", note: "n", tags: "t", help: "h", acceptAll: "A", rejectAll: "X",
  settleAccept: "y", settleReject: "z",
};
const NAMES = {
  accept: "Accept", reject: "Reject", skip: "Skip", undo: "Undo", redo: "Redo", back: "Candidate before", forward: "Next candidate",
  up: "Prompt before", down: "Next prompt", auto: "Back to the rule", edit: "Edit", flag: "Flag", note: "Note", tags: "Tags",
  help: "Keys", acceptAll: "Accept the whole prompt", rejectAll: "Reject the whole prompt",
  settleAccept: "Settle: accept", settleReject: "Settle: reject",
};
const AHEAD = 50, AGAIN = 2_000; // candidates that are always there to go on with, ms until a queue is asked for again
const NO_ANSWER = "The server does not answer. Nothing is lost; it is asked again …";
const SELECTING = '[role="radiogroup"],[role="slider"],[role="listbox"],[role="tablist"],[role="menu"]'; // have arrow keys of their own
const cards = new WeakMap();

export default function ({ data, parentElement }) {
  let card = cards.get(parentElement);
  if (!card) cards.set(parentElement, (card = new Card(parentElement)));
  card.receive(data);
  const held = (card.held = {});
  return () => {
    if (card.held !== held) return; // only drawn again, not taken away
    card.close();
    cards.delete(parentElement);
  };
}

class Card {
  constructor(root) {
    this.root = root;
    this.$ = (selector) => root.querySelector(selector);
    this.candidates = new Map();
    this.prompts = new Map();
    this.rows = new Map(); // of the list, by candidate
    this.queue = [];
    this.position = 0;
    this.focused = null;
    this.past = []; // what undo takes back; null stands for something that only the server knows
    this.future = [];
    this.done = new Set();
    this.behind = new Map(); // prompts as the server knows them, to be shown once it knows everything that was said here
    this.later = []; // what was said since it knew them so
    this.recent = []; // what was said while a queue is under way
    this.counts = {};
    this.decided = 0;
    this.turn = 0;
    this.keys = { ...DEFAULT_KEYS, ...read("rsf-keys", {}) };
    this.gone = new AbortController();
    const { signal } = this.gone;
    document.addEventListener("keydown", (event) => this.key(event), { signal });
    for (const name of ["online", "offline"]) addEventListener(name, () => (this.status(), this.outbox?.send()), { signal });
    addEventListener("pagehide", () => (this.keep(), this.outbox?.flush()), { signal });
    addEventListener("beforeunload", (event) => this.outbox?.onlyhere && this.outbox.acts.length && event.preventDefault(), { signal });
    this.$(".help-button").onclick = () => this.act("help");
    this.$(".more").onclick = () => this.whole();
    this.$(".dismiss").onclick = () => this.trouble(null);
  }

  close() {
    this.keep();
    this.gone.abort();
    clearTimeout(this.again);
    if (this.outbox.card === this) this.outbox.card = null; // it goes on sending
    this.outbox.hurry();
    this.closed = true;
  }

  // What the page wants: whose card, which view. Another view or version of the round (M, scores) starts another queue; a
  // new token only replaces the old.
  receive(data) {
    const first = !this.data;
    this.data = data;
    for (const [name, color] of Object.entries(data.colors)) this.$(".card").style.setProperty(`--${name}`, color);
    const asked = [data.project, data.round, data.version, data.reviewer, data.view, data.order, JSON.stringify(data.filter)].join("|");
    const nonce = data.nonce !== this.nonce;
    this.nonce = data.nonce;
    // where this tab was before M or the scores changed is no place to begin: what is nearest now would be left out
    const wrote = read("rsf-linked", null, SESSION) ?? {}, own = data.at === wrote.at;
    const old = (this.version ?? (own ? wrote.version : data.version)) !== data.version;
    this.version = data.version;
    if (this.outbox?.stopped) this.trouble(null);
    if (nonce || this.stale || asked !== this.asked) {
      if (!first) this.keep();
      this.asked = asked;
      this.place = `rsf-at:${asked}`;
      const outbox = Outbox.of(data.project, data.reviewer);
      if (this.outbox && this.outbox !== outbox) this.outbox.card = null;
      this.outbox = outbox;
      outbox.card = this;
      this.outbox.accept(data.token);
      // a link names a candidate; where this tab wrote that link itself, it may have gone on since
      const linked = first && data.at && !own ? data.at : null;
      this.start(linked ?? read(this.place, null) ?? (old ? null : data.at));
    } else this.outbox.accept(data.token);
    this.buttons();
  }

  // Ask for the queue once what was said before has arrived: it would come back as undecided.
  async start(at) {
    const turn = ++this.turn;
    clearTimeout(this.again);
    this.recent = [];
    this.waiting = "Loading …";
    this.paint();
    await this.outbox.hurry();
    if (turn !== this.turn || this.closed) return;
    const answer = await this.ask(at ? { at } : {});
    if (turn !== this.turn || this.closed) return;
    if (answer.status !== 200) {
      this.waiting = answer.error ?? NO_ANSWER;
      this.stale = answer.status === 401; // a newer token will come with the page
      if (answer.status === 0 || answer.status >= 500) this.again = setTimeout(() => this.start(at), AGAIN);
      return this.paint();
    }
    this.waiting = null;
    this.stale = false;
    this.queue = [];
    this.position = this.decided = 0;
    this.past = [];
    this.future = [];
    this.done.clear();
    this.behind.clear();
    this.later = [];
    // another round has the same prompt ids, another version other decisions: nothing of before may stand in for them
    this.prompts.clear();
    this.candidates.clear();
    this.rows.clear();
    this.listed = null;
    this.take(answer.content);
    // the answer may be older than what was said while it was under way
    for (const act of new Set([...this.outbox.acts, ...this.recent])) if (act.round === this.data.round) this.apply(act);
    this.focus(this.queue[0] ?? null);
    this.refill();
  }

  ask(from) {
    const { token, round, filter, view, order } = this.data;
    return post("queue", { token, round, filter, view, order, ...from });
  }

  take(content) {
    for (const prompt of content.prompts) {
      this.prompts.set(prompt.prompt_id, prompt);
      for (const candidate of prompt.candidates) this.candidates.set(candidate.candidate_id, candidate);
    }
    const known = new Set(this.queue);
    this.queue.push(...content.queue.filter((id) => !known.has(id) && !this.passed(id)));
    this.counts = content.counts;
    this.cursor = content.queue.at(-1) ?? this.cursor;
    this.ended = content.queue.length === 0;
    this.stands(content);
  }

  // How many steps the server can undo and redo beyond those known here, once it knows everything that was said.
  stands({ undo, redo }) {
    if (this.outbox.acts.length || undo === undefined) return;
    this.undoable = Math.max(0, undo - this.past.length);
    this.redoable = Math.max(0, redo - this.future.length);
  }

  async refill() {
    if (this.refilling || this.ended || this.waiting || this.queue.length - this.position > AHEAD) return;
    clearTimeout(this.again);
    this.refilling = true;
    const turn = this.turn;
    const answer = await this.ask({ after: this.cursor });
    this.refilling = false;
    if (turn !== this.turn || this.closed) return;
    this.unreached = answer.status === 200 ? null : answer.error ?? NO_ANSWER;
    if (this.unreached) this.again = setTimeout(() => this.refill(), AGAIN);
    else {
      const { content } = answer;
      this.take({ ...content, prompts: content.prompts.filter((prompt) => !this.prompts.has(prompt.prompt_id)) });
    }
    if (this.focused === null) this.focus(this.queue[this.position] ?? null);
    else this.paint();
    if (!this.unreached) this.refill();
  }

  // -- deciding ------------------------------------------------------------------------------------------------------

  mine(candidate) {
    return candidate?.opinions.find((one) => one.reviewer === this.data.reviewer);
  }

  // What need not be shown on the way through the queue.
  passed(id) {
    return this.done.has(id) || (this.data.view === "pending" && Boolean(this.mine(this.candidates.get(id))));
  }

  // In a blind review the rule and the others are hidden until one has decided oneself; who settles sees them all.
  hides(candidate) {
    return this.data.blind && this.data.view !== "disagreement" && !this.mine(candidate);
  }

  say(kind, ids, extra = {}) {
    const act = { act: unique(), round: this.data.round, kind, candidates: ids, ...extra };
    this.past.push({ act, focused: this.focused, position: this.position, before: this.copies(ids) });
    this.future = [];
    this.redoable = 0;
    this.apply(act);
    if (this.waiting) this.recent.push(act);
    this.outbox.add(act);
  }

  copies(ids) {
    return ids.filter((id) => this.candidates.has(id)).map((id) => structuredClone(this.candidates.get(id)));
  }

  // What an act does to what is shown here; the server does the same to what is stored.
  apply(act) {
    for (const id of act.candidates) {
      const candidate = this.candidates.get(id);
      if (!candidate) continue;
      if (act.kind === "decide" || act.kind === "adjudicate") {
        candidate.opinions = candidate.opinions.filter((one) => one.reviewer !== this.data.reviewer);
        if (act.action !== "auto") {
          candidate.opinions.push({ reviewer: this.data.reviewer, action: act.action, final: act.kind === "adjudicate" });
        }
      } else if (act.kind === "flag") candidate.flagged = act.value !== null;
      else if (act.kind in candidate) candidate[act.kind] = act.value;
    }
  }

  decide(action, ids = [this.focused], kind = "decide") {
    if (!this.data.editable || this.focused === null) return;
    this.say(kind, ids, { action });
    for (const id of ids) this.done.add(id);
    this.decided += ids.length;
    this.advance();
  }

  advance() {
    const here = this.queue.indexOf(this.focused, this.position);
    let next = here < 0 ? this.position : here + 1; // from a candidate beside the queue back to where it stood
    while (next < this.queue.length && this.passed(this.queue[next])) next++;
    this.position = next;
    this.focus(this.queue[next] ?? null);
    this.refill();
  }

  undo() {
    if (!this.data.editable) return;
    if (!this.past.length && !this.undoable) return this.trouble("There is nothing to undo.");
    if (!this.past.length) this.undoable--;
    const step = this.past.pop() ?? null;
    this.future.push(step);
    if (step) {
      step.after = this.copies(step.act.candidates);
      for (const id of step.act.candidates) this.done.delete(id);
      this.show(step, step.before);
    }
    this.walk("undo", step);
  }

  redo() {
    if (!this.data.editable) return;
    if (!this.future.length && !this.redoable) return this.trouble("There is nothing to redo.");
    if (!this.future.length) this.redoable--;
    const step = this.future.pop() ?? null;
    this.past.push(step);
    if (step) this.show(step, step.after);
    this.walk("redo", step);
  }

  show(step, candidates) {
    candidates.forEach((candidate) => this.replace(candidate));
    this.position = step.position;
    this.focus(step.focused);
  }

  // What is not known here is shown when the server has answered, unless one has gone on meanwhile.
  walk(kind, step) {
    this.outbox.add({ act: unique(), round: this.data.round, kind, candidates: [], expects: step?.act.candidates, from: this.focused });
    if (!step && this.outbox.failures) this.trouble(`The ${kind} is shown once the server answers.`);
  }

  replace(candidate) {
    const old = this.candidates.get(candidate.candidate_id);
    if (old && !old.clipped) candidate = { ...candidate, completion: old.completion, clipped: 0 };
    if (old) Object.assign(old, candidate);
    else this.candidates.set(candidate.candidate_id, candidate);
  }

  // -- the server ----------------------------------------------------------------------------------------------------

  keep() {
    if (!this.place || this.waiting) return; // while a queue is on its way, what is shown is of the one before
    if (this.focused !== null) write(this.place, this.focused);
    else LOCAL?.removeItem(this.place);
  }

  // The outbox's answer for a batch. Once nothing is unsent, what the server knows is shown.
  told(batch, content) {
    if (batch[0].round !== this.data.round) return;
    const results = new Map(content.results.map((result) => [result.act, result]));
    const refused = batch.filter((act) => results.get(act.act)?.refused);
    if (refused.length) {
      const words = refused.map((act) => `${act.kind} ${act.candidates.slice(0, 3).join(", ")}: ${results.get(act.act).refused}`);
      this.trouble(`Not saved: ${words.join(" · ")}`, true);
    }
    for (const prompt of content.prompts) this.behind.set(prompt.prompt_id, prompt);
    // what is said after such an answer is not in it
    const fresh = new Set(content.prompts.flatMap((prompt) => prompt.candidates.map((candidate) => candidate.candidate_id)));
    this.later = this.behind.size ? [...this.later, ...batch].filter((act) => !act.candidates.some((id) => fresh.has(id))) : [];
    this.stands(content);
    const walks = batch.filter((act) => act.kind === "undo" || act.kind === "redo");
    const other = walks.some((act) => act.expects && !same(act.expects, results.get(act.act)?.candidates ?? []));
    this.adrift ||= other || refused.length > 0; // refused, or another tab of the same reviewer was at work
    if (this.outbox.acts.length) return;
    if (this.adrift) {
      this.adrift = false;
      return this.start(this.focused);
    }
    for (const prompt of this.behind.values()) {
      if (this.prompts.has(prompt.prompt_id)) prompt.candidates.forEach((candidate) => this.replace(candidate));
      else {
        this.prompts.set(prompt.prompt_id, prompt);
        for (const candidate of prompt.candidates) this.candidates.set(candidate.candidate_id, candidate);
      }
    }
    for (const act of this.later) this.apply(act);
    this.behind.clear();
    this.later = [];
    const last = walks.at(-1), touched = last && !last.expects && results.get(last.act)?.candidates[0];
    if (touched && last.from === this.focused) this.focus(touched);
    else if (walks.length) this.paint();
  }

  // Read all of a clipped text; whether that went well.
  async whole() {
    const candidate = this.candidates.get(this.focused);
    const answer = await post("text", { token: this.data.token, round: this.data.round, candidate: candidate.candidate_id });
    if (this.closed) return false;
    if (answer.status !== 200) {
      this.trouble(answer.error ?? "The server does not answer: the rest of this text cannot be read now.");
      return false;
    }
    Object.assign(candidate, { completion: answer.content.completion, clipped: 0 });
    this.paint();
    return this.focused === candidate.candidate_id;
  }

  // -- keys ----------------------------------------------------------------------------------------------------------

  key(event) {
    const target = event.composedPath()[0];
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
    const key = pressed(event);
    if (/^(Arrow| )/.test(key) && target.closest?.(SELECTING)) return;
    if (this.remapping) {
      event.preventDefault();
      if (!["Escape", "Shift", "CapsLock"].includes(key)) this.remap(key);
      return;
    }
    const wanted = Object.keys(this.keys).find((name) => this.keys[name] === key);
    const digit = /^[1-9]$/.test(key) ? Number(key) : 0;
    if (!wanted && !digit) return;
    if (event.repeat && !/^Arrow/.test(key)) return;
    if (target.tagName === "BUTTON" && (key === " " || key === "Enter")) return; // the button's own keys
    event.preventDefault();
    if (digit) this.focus(this.siblings()[digit - 1]?.candidate_id ?? this.focused);
    else this.act(wanted);
  }

  act(name) {
    const candidate = this.candidates.get(this.focused);
    if (name === "help") return this.help();
    if (name === "undo") return this.undo();
    if (name === "redo") return this.redo();
    if (!candidate) return;
    const all = this.siblings().map((one) => one.candidate_id);
    if (name === "accept" || name === "reject" || name === "auto") this.decide(name);
    else if (name === "acceptAll" || name === "rejectAll") this.decide(name === "acceptAll" ? "accept" : "reject", all);
    else if (name === "settleAccept" || name === "settleReject") {
      this.decide(name === "settleAccept" ? "accept" : "reject", [this.focused], "adjudicate");
    } else if (name === "skip") this.advance();
    else if (name === "back" || name === "forward") {
      const at = all.indexOf(this.focused) + (name === "back" ? -1 : 1);
      this.focus(all[(at + all.length) % all.length]);
    } else if (name === "up" || name === "down") this.prompt(name === "up" ? -1 : 1);
    else if (!this.data.editable) return;
    else if (name === "flag") {
      this.say("flag", [this.focused], { value: candidate.flagged ? null : "yes" });
      this.paint();
    } else if (name === "edit") this.edit(candidate);
    else if (name === "note" || name === "tags") this.line(candidate, name);
  }

  prompt(step) {
    const here = this.candidates.get(this.focused).prompt_id;
    let at = this.queue.indexOf(this.focused);
    if (at < 0) at = this.position;
    for (at += step; at >= 0 && at < this.queue.length; at += step) {
      if (this.candidates.get(this.queue[at]).prompt_id !== here) {
        this.position = at;
        this.focus(this.queue[at]);
        return this.refill();
      }
    }
  }

  siblings() {
    const candidate = this.candidates.get(this.focused);
    return candidate ? this.prompts.get(candidate.prompt_id).candidates.map((one) => this.candidates.get(one.candidate_id)) : [];
  }

  edit(candidate) {
    if (candidate.clipped) return this.whole().then((read) => read && this.edit(candidate));
    const editor = this.$(".editor");
    editor.hidden = false;
    editor.value = candidate.edit ?? candidate.completion;
    editor.focus();
    this.ask_for(editor, () => {
      const value = editor.value === candidate.completion ? null : editor.value;
      if (value !== null && !value.trim()) return this.trouble("An edited completion cannot be empty: reject the candidate instead.");
      if (value !== candidate.edit) this.say("edit", [candidate.candidate_id], { value });
    });
  }

  line(candidate, kind) {
    const input = this.$(".line-input");
    this.$(".line").hidden = false;
    this.$(".line-label").textContent = kind === "note" ? "Note" : "Tags, separated by commas";
    input.setAttribute("aria-label", this.$(".line-label").textContent);
    input.value = candidate[kind] ?? "";
    input.focus();
    this.ask_for(input, () => {
      const text = kind === "tags" ? input.value.split(",").map((tag) => tag.trim()).filter(Boolean).join(",") : input.value.trim();
      if ((text || null) !== candidate[kind]) this.say(kind, [candidate.candidate_id], { value: text || null });
    });
  }

  // Enter (Ctrl+Enter in the editor) or leaving the field keeps what was typed; Escape does not.
  ask_for(field, save) {
    const done = (keep) => {
      field.onkeydown = field.onblur = null;
      if (keep) save();
      this.$(".editor").hidden = this.$(".line").hidden = true;
      this.paint();
      this.$(".focus").focus();
    };
    field.onblur = () => done(true);
    field.onkeydown = (event) => {
      event.stopPropagation();
      if (event.key === "Escape") done(false);
      else if (event.key === "Enter" && (field.tagName === "INPUT" || event.ctrlKey || event.metaKey)) done(true);
    };
  }

  help() {
    const help = this.$(".help");
    help.hidden = !help.hidden;
    this.$(".help-button").setAttribute("aria-expanded", String(!help.hidden));
    if (help.hidden) return;
    const table = element("table");
    for (const [name, words] of Object.entries(NAMES)) {
      const row = element("tr"), change = element("button", "quiet", "Change");
      change.type = "button";
      change.setAttribute("aria-label", `Change the key of “${words}”`);
      change.onclick = () => {
        this.remapping = name;
        change.textContent = "Press a key, or Esc";
        change.blur();
      };
      const key = element("td");
      key.append(element("kbd", "", keyName(this.keys[name])));
      const last = element("td");
      last.append(change);
      row.append(element("td", "", words), key, last);
      table.append(row);
    }
    const digits = element("p", "", "1 to 9 focus a candidate. Keys are kept in this browser.");
    const reset = element("button", "quiet", "Back to the usual keys");
    reset.type = "button";
    reset.onclick = () => {
      LOCAL?.removeItem("rsf-keys");
      this.keys = { ...DEFAULT_KEYS };
      this.redraw_help();
    };
    help.replaceChildren(table, digits, reset);
  }

  remap(key) {
    const name = this.remapping;
    this.remapping = null;
    const other = Object.keys(this.keys).find((one) => this.keys[one] === key);
    if (/^[1-9]$|^(Backspace|Delete|Enter|Tab|r|c|R|C)$/.test(key)) this.trouble(`${keyName(key)} is kept for something else.`);
    else if (other && other !== name) this.trouble(`${keyName(key)} is “${NAMES[other]}” already.`);
    else {
      this.keys[name] = key;
      write("rsf-keys", this.keys);
    }
    this.redraw_help();
    this.buttons();
  }

  redraw_help() {
    this.$(".help").hidden = true;
    this.help();
    this.buttons();
  }

  // -- drawing -------------------------------------------------------------------------------------------------------

  focus(id) {
    this.focused = id;
    this.paint();
    clearTimeout(this.settling);
    if (!this.waiting) this.settling = setTimeout(() => !this.closed && this.settle(), 350);
  }

  // Where a burst of keys came to rest: into the URL, and said to who listens instead of reading.
  settle() {
    this.keep();
    const url = new URL(location);
    if (this.focused === null) url.searchParams.delete("at");
    else url.searchParams.set("at", this.focused);
    write("rsf-linked", { at: this.focused, version: this.data.version }, SESSION);
    if (url.href !== location.href) history.replaceState(history.state, "", url);
    const candidate = this.candidates.get(this.focused);
    this.$(".spoken").textContent = candidate
      ? `Prompt ${candidate.prompt_id}, candidate ${candidate.k + 1}. ${this.hides(candidate) ? "" : facts(candidate, this.effective(candidate))}. ${(candidate.edit ?? candidate.completion).slice(0, 300) || "(empty)"}`
      : this.$(".empty").textContent;
  }

  // `stay`: until it is dismissed.
  trouble(message, stay = false) {
    if (this.staying && message && !stay) return;
    this.staying = Boolean(message && stay);
    this.$(".trouble").hidden = !message;
    this.$(".trouble-text").textContent = message ?? "";
    clearTimeout(this.quiet);
    if (message && !stay && !this.outbox.stopped) this.quiet = setTimeout(() => this.trouble(null), 8000);
  }

  status() {
    const { acts, failures, onlyhere, stopped } = this.outbox;
    const left = acts.reduce((sum, act) => sum + Math.max(1, act.candidates.length), 0);
    const why = !navigator.onLine ? "offline" : stopped ? "reload the page" : failures ? "the server does not answer" : "";
    const where = onlyhere ? "keep this tab open" : "kept here";
    this.$(".unsent").textContent = left ? `${left} unsent${why ? ` (${why}; ${where})` : ""}` : "";
  }

  paint() {
    const candidate = this.candidates.get(this.focused);
    this.$(".read").hidden = !candidate;
    this.$(".empty").hidden = Boolean(candidate);
    this.status();
    const pending = this.counts[this.data.view] ?? 0;
    this.$(".where").textContent =
      `${number.format(pending)} ${this.data.view} at the last look` + (this.decided ? ` · ${number.format(this.decided)} decided since` : "");
    if (!candidate) {
      this.$(".empty").textContent = this.waiting ? this.waiting
        : this.unreached ? this.unreached
        : this.refilling ? "Looking for more …"
        : this.queue.length ? "That was the last one of this view. Undo takes you back."
        : "Nothing is left in this view.";
      return;
    }
    const prompt = this.prompts.get(candidate.prompt_id);
    this.$(".prompt-id").textContent = prompt.prompt_id;
    this.$(".prompt-text").textContent = visible((prompt.system ? `${prompt.system}\n\n` : "") + prompt.text);
    this.$(".reference").hidden = prompt.reference === null;
    this.$(".reference-text").textContent = visible(prompt.reference ?? "");
    const siblings = this.siblings(), hidden = this.hides(candidate);
    this.$(".number").textContent = `${candidate.k + 1} of ${siblings.length}`;
    const state = this.effective(candidate);
    this.$(".focus").className = `focus ${hidden ? "" : state ? "accepted" : "rejected"}`;
    this.badges(candidate, state, hidden);
    this.$(".meta").textContent = (hidden ? [`${candidate.tokens} tokens`] : numbers(candidate)).join(" · ");
    this.$(".scores").textContent = hidden ? "" : scores(candidate).join(" · ");
    this.text(candidate);
    this.$(".more").hidden = !candidate.clipped;
    this.$(".more").textContent = `Show ${number.format(candidate.clipped)} more characters`;
    this.said(candidate);
    this.others(siblings);
  }

  // The same rule as in the store: the settling word, else the majority, else the newest; the automatic decision before all.
  effective(candidate) {
    const said = candidate.opinions, final = said.findLast((one) => one.final);
    if (final) return final.action === "accept";
    const balance = said.reduce((sum, one) => sum + (one.action === "accept" ? 1 : -1), 0);
    if (balance) return balance > 0;
    return said.length ? said.at(-1).action === "accept" : candidate.decision === "accepted";
  }

  badges(candidate, state, hidden) {
    const badge = (kind, words) => {
      const span = element("span", "badge", words);
      span.dataset.icon = ICONS[kind];
      span.style.setProperty("--tone", this.data.colors[kind]);
      return span;
    };
    const list = [];
    if (!hidden && (candidate.decision || candidate.opinions.length)) list.push(badge(state ? "accepted" : "rejected", state ? "accepted" : "rejected"));
    if (!hidden && candidate.decision && candidate.opinions.length) list.push(badge(candidate.decision, `rule: ${candidate.decision}`));
    else if (!hidden && candidate.decision) list.push(element("span", "quietly", "by the rule"));
    if (!hidden) for (const one of candidate.opinions) {
      list.push(badge("overridden", `${one.reviewer}: ${one.action}${one.final ? ", settled" : ""}`));
    }
    if (candidate.truncated) list.push(badge("truncated", "truncated"));
    if (!hidden && candidate.violated) list.push(badge("violated", "bound violated"));
    if (candidate.flagged) list.push(badge("flagged", "flagged"));
    this.$(".badges").replaceChildren(...list);
  }

  text(candidate) {
    const shown = this.$(".completion");
    shown.classList.toggle("none", !candidate.completion && !candidate.edit);
    if (candidate.edit !== null) shown.replaceChildren(...difference(visible(candidate.completion), visible(candidate.edit)));
    else shown.textContent = visible(candidate.completion) || "(empty)";
    shown.scrollTop = 0;
  }

  said(candidate) {
    const lines = [];
    if (candidate.edit !== null) lines.push("Edited: this text is trained on; its tokens and log q are not those of the draw any more.");
    if (candidate.note) lines.push(`Note: ${candidate.note}`);
    if (candidate.tags) lines.push(`Tags: ${candidate.tags.split(",").join(", ")}`);
    this.$(".said").replaceChildren(...lines.map((line) => element("div", "", line)));
  }

  // The list. A row is made once and drawn again only where something in it has changed.
  others(siblings) {
    const list = this.$(".others");
    this.$(".others-label").textContent = siblings.length > 1 ? "All candidates of this prompt" : "";
    const first = siblings[0].candidate_id, anew = this.listed !== first;
    if (anew) this.rows.clear();
    const rows = siblings.map((one) => {
      if (!this.rows.has(one.candidate_id)) this.rows.set(one.candidate_id, this.row(one));
      const row = this.rows.get(one.candidate_id);
      row.button.setAttribute("aria-current", String(one.candidate_id === this.focused));
      const hidden = this.hides(one), state = this.effective(one);
      const kind = hidden ? "" : state ? "accepted" : one.truncated && !one.opinions.length ? "truncated" : "rejected";
      const words = hidden ? `${one.tokens} tokens` : facts(one, state);
      const text = one.edit ?? one.completion;
      if (row.words !== words || row.text !== text) {
        row.mark.textContent = ICONS[kind] ?? "";
        row.mark.style.setProperty("--tone", this.data.colors[kind] ?? "currentColor");
        row.line.textContent = visible(text.slice(0, 160)).replaceAll("\n", " ⏎ ") || "(empty)";
        row.facts.textContent = words;
        Object.assign(row, { words, text });
      }
      return row.item;
    });
    if (anew || list.children.length !== rows.length) list.replaceChildren(...rows);
    this.listed = first;
    const current = this.rows.get(this.focused)?.button;
    if (current && list.scrollHeight > list.clientHeight) {
      list.scrollTop = current.offsetTop - list.offsetTop - list.clientHeight / 2;
    }
  }

  row(candidate) {
    const button = element("button", "other"), item = element("li");
    button.type = "button";
    const mark = element("span", "mark"), line = element("span", "line1"), facts = element("span", "facts");
    mark.setAttribute("aria-hidden", "true"); // said in words beside it
    line.dir = "auto";
    button.append(element("span", "no", String(candidate.k + 1)), mark, line, facts);
    button.onclick = () => this.focus(candidate.candidate_id);
    item.append(button);
    return { button, item, mark, line, facts };
  }

  buttons() {
    const shown = this.data.view === "disagreement"
      ? ["settleAccept", "settleReject", "skip", "undo", "note", "flag"]
      : ["accept", "reject", "auto", "skip", "undo", "redo", "edit", "flag", "note", "tags"];
    this.$(".actions").replaceChildren(
      ...(this.data.editable ? shown : ["skip"]).map((name) => {
        const button = element("button", name === "accept" || name === "settleAccept" ? "yes" : "", NAMES[name]);
        button.type = "button";
        button.append(element("kbd", "", keyName(this.keys[name])));
        button.onclick = () => this.act(name);
        return button;
      }),
    );
  }
}

function same(some, others) {
  return some.length > 50 || [...some].sort().join() === [...others].sort().join(); // the server names fifty at most
}
