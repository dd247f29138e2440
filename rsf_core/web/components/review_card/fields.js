// The fields that open on the card: the editor of a completion, a note, tags.

export class Fields {
  // `say(kind, id, value)` keeps what was typed; `trouble` shows why it cannot be kept; `closed` is called when a field has
  // closed.
  constructor($, { say, trouble, closed }) {
    Object.assign(this, { $, say, trouble, closed });
  }

  edit(candidate) {
    const editor = this.$(".editor");
    editor.hidden = false;
    editor.value = candidate.edit ?? candidate.completion;
    editor.focus();
    this.open(editor, () => {
      const value = editor.value === candidate.completion ? null : editor.value;
      if (value !== null && !value.trim()) this.trouble("An edited completion cannot be empty: reject the candidate instead.");
      else if (value !== candidate.edit) this.say("edit", candidate.candidate_id, value);
    });
  }

  // `kind`: note or tags.
  line(candidate, kind) {
    const input = this.$(".line-input");
    const label = kind === "note" ? "Note" : "Tags, separated by commas";
    this.$(".line").hidden = false;
    this.$(".line-label").textContent = label;
    input.setAttribute("aria-label", label);
    input.value = candidate[kind] ?? "";
    input.focus();
    this.open(input, () => {
      const value = (kind === "tags" ? tidyTags(input.value) : input.value.trim()) || null;
      if (value !== candidate[kind]) this.say(kind, candidate.candidate_id, value);
    });
  }

  // Enter (Ctrl+Enter in the editor) or leaving the field keeps what was typed; Escape does not.
  open(field, save) {
    const press = new Press();
    const close = (keep) => {
      press.forget();
      field.onkeydown = field.onblur = null;
      if (keep) save();
      this.$(".editor").hidden = this.$(".line").hidden = this.$(".keeping").hidden = true;
      this.closed();
    };
    const enter = field.tagName === "INPUT" ? "Enter" : "Ctrl+Enter";
    this.$(".keeping").hidden = false;
    this.$(".keeping").textContent = `${enter}, or a click elsewhere, keeps what is typed; Escape does not.`;
    field.onblur = () => press.over(() => field.onblur && close(true));
    field.onkeydown = (event) => {
      event.stopPropagation();
      if (event.key === "Escape") {
        event.preventDefault(); // else the browser may close the dialog that the card is alone in
        close(false);
      } else if (event.key === "Enter" && (field.tagName === "INPUT" || event.ctrlKey || event.metaKey)) close(true);
    };
  }
}

// A press of the mouse or a finger. A field that loses the focus by it closes only when the press is over: else the pressed
// element moves away from under it, and the click is lost.
class Press {
  constructor() {
    this.down = false;
    this.listening = new AbortController();
    const options = { capture: true, signal: this.listening.signal };
    const set = (down) => () => {
      this.down = down;
    };
    addEventListener("pointerdown", set(true), options);
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, set(false), options);
  }

  // Run when nothing is pressed: before the clicked element gets the click, or after the press if nothing is clicked.
  over(run) {
    if (!this.down) return run();
    const options = { capture: true, once: true, signal: this.listening.signal };
    addEventListener("click", run, options);
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(run), options);
  }

  forget() {
    this.listening.abort();
  }
}

export function tidyTags(text) {
  return text
    .split(",")
    .map((tag) => tag.trim())
    .filter(Boolean)
    .join(",");
}
