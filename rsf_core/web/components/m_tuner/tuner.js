// The M tuner: while M is dragged, everything is drawn from numbers that came with the page; on release M goes to Python.

import { atShare, counts, nearest, numbersAt, percent, timesOf } from "./curves.js";
import { draw, LEFT, RIGHT } from "./plot.js";

const whole = new Intl.NumberFormat("en-US");

export class Tuner {
  constructor(root, report) {
    this.$ = (selector) => root.querySelector(selector);
    this.report = report;
    this.range = this.$(".range");
    this.exact = this.$(".exact input");
    this.frame = 0;
    this.reset = undefined;
    this.pointed = null; // the mark whose button is pointed at: the plot shows where it is
    this.observer = new ResizeObserver(() => this.redraw());
    this.observer.observe(this.$(".plot"));
    this.listen();
  }

  listen() {
    this.range.oninput = () => this.move(this.data.positions[this.range.valueAsNumber]);
    this.range.onchange = () => this.release();
    this.exact.onchange = () => {
      if (Number.isFinite(this.exact.valueAsNumber)) {
        this.move(this.exact.valueAsNumber);
        this.release();
      } else this.redraw();
    };
    const plot = this.$(".plot");
    plot.onpointerdown = (event) => {
      if (event.button) return;
      plot.setPointerCapture(event.pointerId);
      this.drag(event);
    };
    plot.onpointermove = (event) => plot.hasPointerCapture(event.pointerId) && this.drag(event);
    plot.onpointerup = () => this.release();
  }

  // New numbers from Python. M stays where it is, unless Python asks for a new start.
  show(data) {
    this.data = data;
    this.accepted = counts(data.steps, data.positions.length);
    if (data.reset !== this.reset) {
      this.reset = data.reset;
      this.logM = data.log_m;
    }
    this.range.max = data.positions.length - 1;
    this.peak = Math.max(1, ...data.total);
    this.legend();
    this.buttons();
    this.redraw();
  }

  drag(event) {
    const box = this.$(".plot").getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT);
    const { positions } = this.data;
    this.move(positions[atShare(share, positions.length - 1)]);
  }

  move(logM) {
    this.logM = logM;
    this.redraw();
  }

  release() {
    if (this.logM === this.reported) return;
    this.reported = this.logM;
    this.report("log_m", this.logM);
  }

  point(mark) {
    this.pointed = mark;
    this.redraw();
  }

  redraw() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }

  paint() {
    const { data, logM, accepted, peak, pointed } = this;
    const g = nearest(logM, data.positions);
    const numbers = numbersAt(logM, data);
    this.$(".accepted").textContent = whole.format(numbers.accepted);
    this.$(".accepted-share").textContent =
      `${percent(numbers.accepted / data.candidates)} of ${whole.format(data.candidates)}`;
    this.$(".rate").textContent = percent(numbers.expected_rate);
    this.$(".none").textContent = whole.format(numbers.prompts_with_none);
    this.$(".none-of").textContent = `of ${whole.format(data.prompts)}`;
    this.$(".violating").textContent = whole.format(numbers.violating);
    this.range.value = g;
    this.range.setAttribute("aria-valuetext", `log M ${logM.toFixed(2)}, ${numbers.accepted} accepted`);
    this.exact.value = logM.toFixed(3);
    this.$(".times").textContent = `M = ${timesOf(logM)}`;
    for (const button of this.$(".marks").children) {
      button.setAttribute("aria-pressed", button.value !== "" && Math.abs(Number(button.value) - logM) < 1e-9);
    }
    draw(this.$("canvas"), { data, accepted, g, logM, peak, pointed });
  }

  legend() {
    const entry = (words, color, kind = "") => {
      const span = document.createElement("span");
      span.className = kind;
      span.style.setProperty("--swatch", color);
      span.textContent = words;
      return span;
    };
    this.$(".legend").replaceChildren(
      entry("accepted", "var(--rsf-accepted)"),
      entry("rejected", "var(--rsf-rejected)"),
      entry("bound violated: always accepted", "var(--rsf-violated)"),
      entry("acceptance rate at this M (right axis)", "currentColor", "line"),
      entry("M in force", "var(--rsf-muted)", "line"),
    );
  }

  buttons() {
    this.$(".marks").replaceChildren(...this.data.marks.map((mark) => this.button(mark)));
  }

  button(mark) {
    const button = document.createElement("button");
    button.type = "button";
    button.value = mark.log_m ?? "";
    button.disabled = mark.log_m === null;
    button.title = mark.explanation;
    const name = document.createElement("b");
    name.textContent = mark.name;
    button.append(name, mark.log_m === null ? "–" : mark.log_m.toFixed(2));
    button.onpointerenter = button.onfocus = () => this.point(mark);
    button.onpointerleave = button.onblur = () => this.point(null);
    button.onclick = () => {
      this.move(mark.log_m);
      this.release();
    };
    return button;
  }
}
