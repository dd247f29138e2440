// The guide that this project's reviewers decide by, beside the card. Whether it is open is kept in this browser.

import { element } from "./dom.js";
import { keyName } from "./keys.js";
import { read, write } from "./storage.js";
import { visible } from "./visible.js";

const KEPT_AS = "rsf-guide-open";

export class Guide {
  constructor($) {
    this.$ = $;
    this.shown = null; // the version that stands there
  }

  get open() {
    return read(KEPT_AS, false) === true;
  }

  toggle() {
    if (!this.shown) return;
    write(KEPT_AS, !this.open);
    this.lay();
    if (this.open) this.$(".guide").focus();
  }

  // `guide`: {version, text}, null where the project has none.
  draw(guide, keys) {
    const button = this.$(".guide-button");
    button.hidden = !guide;
    if (guide) button.replaceChildren(`Guide ${guide.version} `, element("kbd", "", keyName(keys.guide)));
    if (guide && this.shown !== guide.version) {
      const text = element("div", "text", visible(guide.text));
      text.dir = "auto";
      this.$(".guide").replaceChildren(element("div", "label", `Guide, version ${guide.version}`), text);
    }
    this.shown = guide?.version ?? null;
    this.lay();
  }

  lay() {
    const open = this.open && this.shown !== null;
    this.$(".guide").hidden = !open;
    this.$(".card").classList.toggle("guided", open);
    this.$(".guide-button").setAttribute("aria-expanded", String(open));
  }
}
