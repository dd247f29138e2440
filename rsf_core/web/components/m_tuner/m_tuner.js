// The M tuner: while M is dragged everything is drawn from numbers that came with the page; on release M goes to Python.
const LEFT = 52, RIGHT = 44, TOP = 22, BOTTOM = 38;
const tuners = new WeakMap();
const whole = new Intl.NumberFormat("en-US");
const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

export default function ({ data, parentElement, setStateValue }) {
  let tuner = tuners.get(parentElement);
  if (!tuner) {
    tuner = new Tuner(parentElement, setStateValue);
    tuners.set(parentElement, tuner);
  }
  tuner.show(data);
  return () => {
    tuner.observer.disconnect();
    tuners.delete(parentElement);
  };
}

// A bin's counts at every position, from by how many they fall after each.
function counts(row, positions) {
  const falls = row.split(","), found = new Array(positions);
  let left = 0;
  for (let g = positions - 1; g >= 0; g--) found[g] = left += Number(falls[g] || 0);
  return found;
}

class Tuner {
  constructor(root, report) {
    this.$ = (selector) => root.querySelector(selector);
    this.report = report;
    this.canvas = this.$("canvas");
    this.range = this.$(".range");
    this.exact = this.$(".exact input");
    this.frame = 0;
    this.reset = undefined;
    this.observer = new ResizeObserver(() => this.redraw());
    this.observer.observe(this.$(".plot"));
    this.range.oninput = () => this.move(this.data.positions[this.range.valueAsNumber]);
    this.range.onchange = () => this.release();
    this.exact.onchange = () => {
      if (!Number.isFinite(this.exact.valueAsNumber)) return this.redraw();
      this.move(this.exact.valueAsNumber);
      this.release();
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

  // New numbers from Python. Where M stands stays as it is, unless Python asks for a new start.
  show(data) {
    this.data = data;
    this.accepted = data.steps.split(";").map((row) => counts(row, data.positions.length));
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
    const last = this.data.positions.length - 1;
    this.move(this.data.positions[Math.max(0, Math.min(last, Math.round(share * last)))]);
  }

  move(logM) {
    this.logM = logM;
    this.redraw();
  }

  release() {
    if (this.logM !== this.reported) this.report("log_m", (this.reported = this.logM));
  }

  // Show where a mark lies while its button is pointed at.
  point(mark) {
    this.pointed = mark;
    this.redraw();
  }

  redraw() {
    if (!this.frame) this.frame = requestAnimationFrame(() => ((this.frame = 0), this.paint()));
  }

  // The position nearest to M.
  position() {
    const { positions } = this.data;
    const share = (this.logM - positions[0]) / (positions[positions.length - 1] - positions[0]);
    return Math.max(0, Math.min(positions.length - 1, Math.round(share * (positions.length - 1))));
  }

  paint() {
    const { data } = this, g = this.position();
    const known = data.between.find((one) => one.log_m === this.logM);
    const accepted = known ? known.accepted : data.accepted_count[g];
    this.$(".accepted").textContent = whole.format(accepted);
    this.$(".accepted-share").textContent = `${percent(accepted / data.candidates)} of ${whole.format(data.candidates)}`;
    this.$(".rate").textContent = percent(known ? known.expected_rate : data.expected_rate[g]);
    this.$(".none").textContent = whole.format(known ? known.prompts_with_none : data.prompts_with_none[g]);
    this.$(".none-of").textContent = `of ${whole.format(data.prompts)}`;
    this.$(".violating").textContent = whole.format(known ? known.violating : data.violating[g]);
    this.range.value = g;
    this.range.setAttribute("aria-valuetext", `log M ${this.logM.toFixed(2)}, ${accepted} accepted`);
    this.exact.value = this.logM.toFixed(3);
    this.$(".times").textContent = `M = ${Math.exp(this.logM).toPrecision(3)}`;
    for (const button of this.$(".marks").children) {
      button.setAttribute("aria-pressed", button.value !== "" && Math.abs(Number(button.value) - this.logM) < 1e-9);
    }
    this.draw(g);
  }

  draw(g) {
    const { data, canvas } = this, ratio = devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const style = getComputedStyle(canvas), ink = style.getPropertyValue("--st-text-color") || style.color;
    const line = style.getPropertyValue("--st-border-color") || "#8884";
    const c = canvas.getContext("2d");
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, width, height);
    c.font = `12px ${style.fontFamily}`;
    const { positions, edges, total, colors } = data, accepted = this.accepted;
    const low = positions[0], span = positions[positions.length - 1] - low;
    const inner = width - LEFT - RIGHT, floor = height - BOTTOM, tall = floor - TOP;
    const x = (value) => LEFT + ((value - low) / span) * inner;
    const at = Math.max(LEFT, Math.min(LEFT + inner, x(this.logM)));

    this.axes(c, { ink, line, x, low, span, inner, floor, tall, width, height });
    const bar = (color, from, count, b) => {
      const left = x(edges[b]), wide = x(edges[b + 1]) - left;
      c.fillStyle = color;
      c.fillRect(left + 0.5, floor - ((from + count) / this.peak) * tall, Math.max(wide - 1, 0.5), (count / this.peak) * tall);
    };
    const bars = (color) => {
      for (let b = 0; b < total.length; b++) if (accepted[b][g]) bar(color, 0, accepted[b][g], b);
    };
    for (let b = 0; b < total.length; b++) if (total[b] > accepted[b][g]) bar(colors.rejected, accepted[b][g], total[b] - accepted[b][g], b);
    bars(colors.accepted);
    c.save(); // right of M the same bars are bound violations
    c.beginPath();
    c.rect(at, 0, width, height);
    c.clip();
    bars(colors.violated);
    c.restore();

    c.strokeStyle = ink;
    c.lineWidth = 1.5;
    c.beginPath();
    data.expected_rate.forEach((rate, i) => c.lineTo(x(positions[i]), floor - rate * tall));
    c.stroke();

    c.textAlign = "center";
    this.vertical(c, x(data.in_force), { color: colors.muted, dash: [4, 4], floor, label: "", ink });
    for (const mark of data.marks) {
      if (mark.log_m === null) continue;
      c.fillStyle = ink;
      c.beginPath();
      c.arc(x(mark.log_m), floor + 0.5, 3, 0, 7);
      c.fill();
    }
    if (this.pointed && this.pointed.log_m !== null) {
      this.vertical(c, x(this.pointed.log_m), { color: ink, dash: [2, 3], floor, label: this.pointed.name, ink });
    }
    this.vertical(c, at, { color: style.getPropertyValue("--st-primary-color"), dash: [], floor, label: `log M ${this.logM.toFixed(2)}`, ink });
  }

  vertical(c, x, { color, dash, floor, label, ink }) {
    c.save();
    c.strokeStyle = color;
    c.setLineDash(dash);
    c.lineWidth = 2;
    c.beginPath();
    c.moveTo(x, TOP - 4);
    c.lineTo(x, floor);
    c.stroke();
    c.fillStyle = ink;
    c.fillText(label, x, TOP - 9);
    c.restore();
  }

  axes(c, { ink, line, x, low, span, inner, floor, tall, width, height }) {
    c.lineWidth = 1;
    c.strokeStyle = line;
    c.fillStyle = ink;
    c.globalAlpha = 0.8;
    c.textAlign = "center";
    const step = nice(span / Math.max(3, inner / 90));
    for (let tick = Math.ceil(low / step) * step; tick <= low + span + 1e-9; tick += step) {
      c.fillText(tidy(tick), x(tick), floor + 17);
    }
    c.fillText(this.data.axis, LEFT + inner / 2, height - 5);
    const counts = nice(this.peak / 4);
    for (let tick = 0; tick <= this.peak; tick += Math.max(counts, 1)) {
      const y = floor - (tick / this.peak) * tall;
      c.textAlign = "right";
      c.fillText(whole.format(Math.round(tick)), LEFT - 7, y + 4);
      c.beginPath();
      c.moveTo(LEFT, y);
      c.lineTo(LEFT + inner, y);
      c.stroke();
    }
    c.textAlign = "left";
    for (const share of [0, 0.5, 1]) c.fillText(`${100 * share} %`, width - RIGHT + 7, floor - share * tall + 4);
    c.globalAlpha = 1;
  }

  legend() {
    const { colors } = this.data;
    const entry = (word, color, kind = "") => {
      const span = document.createElement("span");
      span.className = kind;
      span.style.setProperty("--swatch", color);
      span.textContent = word;
      return span;
    };
    this.$(".legend").replaceChildren(
      entry("accepted", colors.accepted),
      entry("rejected", colors.rejected),
      entry("bound violated: accepted for certain", colors.violated),
      entry("acceptance rate at this M (right axis)", "currentColor", "line"),
      entry("M in force", colors.muted, "line"),
    );
  }

  buttons() {
    this.$(".marks").replaceChildren(
      ...this.data.marks.map((mark) => {
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
      }),
    );
  }
}

function nice(step) {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * ([1, 2, 5, 10].find((m) => m * power >= step) ?? 10);
}

function tidy(value) {
  return Math.abs(value) < 1e-9 ? "0" : String(Number(value.toPrecision(6)));
}
