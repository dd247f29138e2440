// The review card: reading and deciding happen in the browser; what is said goes to /api/review in order, each act with
// a name of its own, and is kept in localStorage until the server has it, so that nothing is lost or done twice.
// Text of prompts and completions is only ever set as textContent.

const ICONS = { accepted: "✓", rejected: "✕", truncated: "✂", violated: "▲", overridden: "☻", flagged: "⚑" };
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
const REFILL_AT = 35, SEND_AT_ONCE = 100;
const cards = new WeakMap();
const number = new Intl.NumberFormat("en-US");

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
    this.queue = [];
    this.position = 0;
    this.focused = null;
    this.unsent = [];
    this.history = [];
    this.counts = {};
    this.decided = 0;
    this.revealed = new Set();
    this.keys = { ...DEFAULT_KEYS, ...read("rsf-keys", {}) };
    this.onkey = (event) => this.key(event);
    this.ononline = () => this.send();
    this.onleave = () => this.keep();
    document.addEventListener("keydown", this.onkey);
    addEventListener("online", this.ononline);
    addEventListener("offline", this.ononline);
    addEventListener("pagehide", this.onleave);
    this.$(".help-button").onclick = () => this.act("help");
    this.$(".more").onclick = () => this.whole();
  }

  close() {
    document.removeEventListener("keydown", this.onkey);
    removeEventListener("online", this.ononline);
    removeEventListener("offline", this.ononline);
    removeEventListener("pagehide", this.onleave);
    clearTimeout(this.timer);
    this.closed = true;
  }

  // What the page wants: whose card, which view. Another view starts another queue; a new token only replaces the old.
  receive(data) {
    const before = this.data;
    this.data = data;
    for (const [name, color] of Object.entries(data.colors)) this.$(".card").style.setProperty(`--${name}`, color);
    this.store = `rsf-unsent:${data.project}:${data.round}:${data.reviewer}`;
    this.place = `rsf-at:${data.project}:${data.round}:${data.reviewer}:${data.view}:${data.order}:${JSON.stringify(data.filter)}`;
    if (!before || before.reviewer !== data.reviewer || before.round !== data.round || before.project !== data.project) {
      this.unsent = read(this.store, []);
      this.history = [];
    }
    if (!before || before.token !== data.token) this.refusedToken = false;
    const asked = [data.round, data.reviewer, data.view, data.order, JSON.stringify(data.filter), data.at, data.nonce].join("|");
    if (asked !== this.asked) {
      this.asked = asked;
      this.start(data.at ?? read(this.place, null));
    }
    this.buttons();
    this.send();
  }

  // Ask for the queue only once what was said before has arrived: it would come back as undecided.
  async start(at) {
    const asked = this.asked;
    this.loading = true;
    this.paint();
    while (this.unsent.length && !this.refusedToken && !this.closed && (await this.send())) {}
    const answer = await this.ask("queue", { filter: this.data.filter, view: this.data.view, order: this.data.order, at });
    if (asked !== this.asked || this.closed) return;
    this.loading = false;
    if (!answer) return this.paint();
    this.queue = [];
    this.position = 0;
    this.decided = 0;
    this.take(answer);
    for (const waiting of this.unsent) this.apply(waiting);
    this.focus(this.queue[0] ?? null);
  }

  take(answer) {
    for (const prompt of answer.prompts) {
      this.prompts.set(prompt.prompt_id, prompt);
      for (const candidate of prompt.candidates) this.candidates.set(candidate.candidate_id, candidate);
    }
    const known = new Set(this.queue);
    this.queue.push(...(answer.queue ?? []).filter((id) => !known.has(id)));
    this.counts = answer.counts ?? this.counts;
    this.undoable = answer.undo;
    this.redoable = answer.redo;
    if (answer.queue) this.ended = answer.queue.length === 0;
  }

  async refill() {
    if (this.refilling || this.ended || this.queue.length - this.position > REFILL_AT) return;
    this.refilling = true;
    const asked = this.asked;
    const after = this.queue.at(-1);
    const answer = await this.ask("queue", { filter: this.data.filter, view: this.data.view, order: this.data.order, after });
    this.refilling = false;
    if (!answer || asked !== this.asked || this.closed) return;
    const before = this.queue.length;
    // what was decided here has left the view on the server, and the candidate to go on after may be among it
    answer.queue = answer.queue.filter((id) => !this.mine(this.candidates.get(id)));
    this.take({ ...answer, prompts: answer.prompts.filter((prompt) => !this.prompts.has(prompt.prompt_id)) });
    this.ended = this.queue.length === before;
    if (this.focused === null) this.focus(this.queue[this.position] ?? null);
    else this.paint();
  }

  // -- deciding ------------------------------------------------------------------------------------------------------

  mine(candidate) {
    return candidate?.opinions.find((one) => one.reviewer === this.data.reviewer);
  }

  say(kind, ids, extra = {}) {
    const act = { act: crypto.randomUUID(), kind, candidates: ids, ...extra };
    this.history.push({ act, focused: this.focused, position: this.position, before: ids.map((id) => structuredClone(this.candidates.get(id))) });
    this.apply(act);
    this.push(act);
  }

  push(act) {
    this.unsent.push(act);
    this.keep();
    this.send();
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
    this.decided += ids.length;
    this.advance();
  }

  advance() {
    let next = this.queue.indexOf(this.focused, this.position);
    next = (next < 0 ? this.position : next) + 1;
    while (next < this.queue.length && this.mine(this.candidates.get(this.queue[next]))) next++;
    this.position = next;
    this.focus(this.queue[next] ?? null);
    this.refill();
  }

  undo() {
    if (!this.data.editable) return;
    const last = this.history.pop();
    if (last) {
      for (const candidate of last.before) this.replace(candidate);
      this.position = last.position;
      this.focus(last.focused);
    } else if (!this.undoable && !this.unsent.length) return this.trouble("There is nothing to undo.");
    this.push({ act: crypto.randomUUID(), kind: "undo", candidates: [], jump: !last });
  }

  redo() {
    if (!this.data.editable) return;
    this.push({ act: crypto.randomUUID(), kind: "redo", candidates: [], jump: true });
  }

  replace(candidate) {
    const old = this.candidates.get(candidate.candidate_id);
    if (old) Object.assign(old, candidate);
    else this.candidates.set(candidate.candidate_id, candidate);
  }

  // -- the server ----------------------------------------------------------------------------------------------------

  keep() {
    if (!this.store) return;
    if (this.unsent.length) write(this.store, this.unsent);
    else localStorage.removeItem(this.store);
    if (this.focused !== null) write(this.place, this.focused);
  }

  async send() {
    this.status();
    if (this.sending || !this.unsent.length || this.refusedToken || this.closed) return false;
    clearTimeout(this.timer);
    this.sending = true;
    const store = this.store, batch = this.unsent.slice(0, SEND_AT_ONCE);
    const answer = await this.ask("say", { acts: batch.map(({ jump, ...act }) => act) });
    this.sending = false;
    if (store !== this.store) return false;
    if (answer) {
      this.failures = 0;
      const settled = new Set(answer.results.map((result) => result.act));
      this.unsent = this.unsent.filter((act) => !settled.has(act.act));
      this.keep();
      this.undoable = answer.undo;
      this.redoable = answer.redo;
      const refused = answer.results.filter((result) => result.refused);
      if (refused.length) this.trouble(refused.map((result) => result.refused).join(" · "));
      if (!this.unsent.length) {
        for (const prompt of answer.prompts) {
          if (!this.prompts.has(prompt.prompt_id)) this.take({ ...answer, queue: undefined, prompts: [prompt] });
          else prompt.candidates.forEach((candidate) => this.replace(candidate));
        }
        const walked = batch.findLast((act) => act.jump);
        const touched = walked && answer.results.find((result) => result.act === walked.act)?.candidates[0];
        if (touched) this.focus(touched);
        else this.paint();
      }
    } else if (!this.refusedToken) {
      this.failures = (this.failures ?? 0) + 1;
      this.timer = setTimeout(() => this.send(), Math.min(5000, 300 * 2 ** this.failures));
    }
    this.status();
    if (answer && this.unsent.length) this.send();
    return Boolean(answer);
  }

  async ask(what, body) {
    try {
      const text = JSON.stringify({ token: this.data.token, round: this.data.round, ...body });
      const answer = await fetch(`/api/review/${what}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: text,
        keepalive: text.length < 60000,
      });
      const content = await answer.json();
      if (answer.ok) return content;
      if (answer.status === 401) this.refusedToken = true;
      this.trouble(content.error);
      if (answer.status === 400 && what === "say") this.refusedToken = true; // sending it again cannot help
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error; // no answer, or none of ours
    }
    return null;
  }

  async whole() {
    const candidate = this.candidates.get(this.focused);
    const answer = await this.ask("text", { candidate: candidate.candidate_id });
    if (!answer) return;
    candidate.completion = answer.completion;
    candidate.clipped = 0;
    this.paint();
  }

  // -- keys ----------------------------------------------------------------------------------------------------------

  key(event) {
    const target = event.composedPath()[0];
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
    if (this.remapping) {
      event.preventDefault();
      if (event.key !== "Escape" && event.key !== "Shift") this.remap(event.key);
      return;
    }
    const wanted = Object.keys(this.keys).find((name) => this.keys[name] === event.key);
    const digit = /^[1-9]$/.test(event.key) ? Number(event.key) : 0;
    if (!wanted && !digit) return;
    if (event.repeat && !/^Arrow/.test(event.key)) return;
    if (target.tagName === "BUTTON" && (event.key === " " || event.key === "Enter")) return; // the button's own keys
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
    if (candidate.clipped) return this.whole().then(() => this.edit(this.candidates.get(this.focused)));
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
      localStorage.removeItem("rsf-keys");
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
  }

  trouble(message) {
    this.$(".trouble").hidden = !message;
    this.$(".trouble").textContent = message ?? "";
    clearTimeout(this.quiet);
    if (message && !this.refusedToken) this.quiet = setTimeout(() => this.trouble(null), 8000);
  }

  status() {
    const left = this.unsent.reduce((sum, act) => sum + Math.max(1, act.candidates.length), 0);
    const why = !navigator.onLine ? "offline" : this.failures ? "the server does not answer" : "";
    this.$(".unsent").textContent = left ? `${left} unsent${why ? ` (${why}; kept here)` : ""}` : "";
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
      this.$(".empty").textContent = this.loading ? "Loading …"
        : this.refilling ? "Looking for more …"
        : this.queue.length ? "That was the last one of this view. Undo takes you back."
        : "Nothing is left in this view.";
      return;
    }
    const prompt = this.prompts.get(candidate.prompt_id);
    this.$(".prompt-id").textContent = prompt.prompt_id;
    this.$(".prompt-text").textContent = (prompt.system ? `${prompt.system}\n\n` : "") + prompt.text;
    this.$(".reference").hidden = prompt.reference === null;
    this.$(".reference-text").textContent = prompt.reference ?? "";
    const siblings = this.siblings(), hidden = this.data.blind && !this.mine(candidate);
    this.$(".number").textContent = `${candidate.k + 1} of ${siblings.length}`;
    const state = this.effective(candidate);
    this.$(".focus").className = `focus ${hidden ? "" : state ? "accepted" : "rejected"}`;
    this.badges(candidate, state, hidden);
    const ratio = candidate.impossible ? "−∞" : candidate.log_ratio?.toFixed(2);
    this.$(".meta").textContent = [
      !hidden && candidate.p_accept !== null && `p_accept ${candidate.p_accept.toFixed(2)}`,
      !hidden && ratio !== undefined && `ℓ ${ratio} nats`,
      `${candidate.tokens} tokens`,
    ].filter(Boolean).join(" · ");
    this.$(".scores").textContent = hidden ? "" : Object.entries(candidate.scores).map(([name, score]) => `${name} ${Number(score.toPrecision(3))}`).join(" · ");
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
    if (candidate.edit !== null) shown.replaceChildren(...difference(candidate.completion, candidate.edit));
    else shown.textContent = candidate.completion || "(empty)";
    shown.scrollTop = 0;
  }

  said(candidate) {
    const lines = [];
    if (candidate.edit !== null) lines.push("Edited: this text is trained on; its tokens and log q are not those of the draw any more.");
    if (candidate.note) lines.push(`Note: ${candidate.note}`);
    if (candidate.tags) lines.push(`Tags: ${candidate.tags.split(",").join(", ")}`);
    this.$(".said").replaceChildren(...lines.map((line) => element("div", "", line)));
  }

  others(siblings) {
    const list = this.$(".others");
    this.$(".others-label").textContent = siblings.length > 1 ? "All candidates of this prompt" : "";
    list.replaceChildren(
      ...siblings.map((one) => {
        const hidden = this.data.blind && !this.mine(one), state = this.effective(one);
        const button = element("button", "other");
        button.type = "button";
        button.setAttribute("aria-current", String(one.candidate_id === this.focused));
        const mark = element("span", "mark", hidden ? "" : ICONS[one.truncated && !one.opinions.length ? "truncated" : state ? "accepted" : "rejected"]);
        mark.title = hidden ? "" : state ? "accepted" : one.truncated ? "truncated" : "rejected";
        mark.style.setProperty("--tone", this.data.colors[state ? "accepted" : one.truncated ? "truncated" : "rejected"]);
        const line = element("span", "line1", (one.edit ?? one.completion).slice(0, 160).replaceAll("\n", " ⏎ ") || "(empty)");
        line.dir = "auto";
        const p = hidden || one.p_accept === null ? "" : `p ${one.p_accept.toFixed(2)}`;
        button.append(element("span", "no", String(one.k + 1)), mark, element("span", "p", p), line);
        button.onclick = () => this.focus(one.candidate_id);
        const item = element("li");
        item.append(button);
        return item;
      }),
    );
    const current = list.querySelector('[aria-current="true"]');
    if (current && list.scrollHeight > list.clientHeight) {
      list.scrollTop = current.offsetTop - list.offsetTop - list.clientHeight / 2;
    }
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

function element(tag, name = "", words = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (words) made.textContent = words;
  return made;
}

function keyName(key) {
  const arrows = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", " ": "Space" };
  return arrows[key] ?? (key.length === 1 && key !== key.toLowerCase() ? `Shift+${key}` : key.toUpperCase());
}

// Words taken out and put in, by the longest common run of words; long texts are shown one after the other.
function difference(before, after) {
  const a = before.split(/(\s+)/), b = after.split(/(\s+)/);
  const piece = (tag, words) => element(tag, "", words);
  if (a.length * b.length > 400000) return [piece("del", before), document.createTextNode("\n"), piece("ins", after)];
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const pieces = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (i < a.length && j < b.length && a[i] === b[j]) pieces.push(document.createTextNode(a[i])), i++, j++;
    else if (j >= b.length || (i < a.length && common[i + 1][j] >= common[i][j + 1])) pieces.push(piece("del", a[i++]));
    else pieces.push(piece("ins", b[j++]));
  }
  return pieces;
}

function read(key, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise; // written by something else: as good as nothing
  }
}

function write(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // the browser's store is full or forbidden: memory has it still
  }
}
