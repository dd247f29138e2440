// The guide that this project's reviewers decide by, beside the card. Whether it is open is kept in this browser.

import { element } from "./dom.js";
import { keyName } from "./keys.js";
import { Renderings } from "./rendered.js";
import { read, write } from "./storage.js";
import { draw } from "./tree.js";
import { visible } from "./visible.js";

const KEPT_AS = "rsf-guide-open";

export class Guide {
  // `ask(texts)` requests rendered Markdown: {status, content}.
  constructor($, ask) {
    this.$ = $;
    this.renderings = new Renderings(ask, () => this.fill());
    this.guide = null;
    this.shown = null; // the text that is shown, and whether it is rendered
  }

  get open() {
    return read(KEPT_AS, false) === true;
  }

  toggle() {
    if (!this.guide) return;
    write(KEPT_AS, !this.open);
    this.lay();
    if (this.open) this.$(".guide").focus();
  }

  // `guide`: {version, text}, null if the project has none.
  draw(guide, keys) {
    this.guide = guide;
    const button = this.$(".guide-button");
    button.hidden = !guide;
    if (guide) button.replaceChildren(`Guide ${guide.version} `, element("kbd", "", keyName(keys.guide)));
    this.lay();
  }

  lay() {
    const open = this.open && Boolean(this.guide);
    this.$(".guide").hidden = !open;
    this.$(".card").classList.toggle("guided", open);
    this.$(".guide-button").setAttribute("aria-expanded", String(open));
    if (open) this.fill();
  }

  // The text, rendered once the server has answered; until then, or if it cannot be rendered, as it was written.
  fill() {
    if (!this.guide) return;
    const { version, text } = this.guide;
    const nodes = this.renderings.get(text)?.nodes;
    this.renderings.want([text]);
    const now = `${version} ${Boolean(nodes)} ${text}`;
    if (this.shown === now) return;
    this.shown = now;
    const body = nodes ? draw(nodes, element("div", "markdown")) : element("div", "text", visible(text));
    body.dir = "auto";
    this.$(".guide").replaceChildren(element("div", "label", `Guide, version ${version}`), body);
  }

  end() {
    this.renderings.end();
  }
}
