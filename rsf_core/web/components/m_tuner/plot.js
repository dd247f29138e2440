// Draws the histogram, the curve of the acceptance rate and the lines of M on the canvas.

import { ticks, tidy } from "./curves.js";

export const LEFT = 52; // room for the axes, CSS pixels
export const RIGHT = 44;
const TOP = 22;
const BOTTOM = 38;
const whole = new Intl.NumberFormat("en-US");

// `data`: from the page; `accepted`: counts of each bin at every position; `g`: the position of M; `peak`: the highest bin;
// `pointed`: the mark whose button is pointed at, or null.
export function draw(canvas, { data, accepted, g, logM, peak, pointed }) {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (!width) return;
  const c = context(canvas, width, height);
  const style = getComputedStyle(canvas);
  const ink = style.getPropertyValue("--st-text-color") || style.color;
  c.font = `12px ${style.fontFamily}`;
  const { positions } = data;
  const low = positions[0];
  const span = positions[positions.length - 1] - low;
  const inner = width - LEFT - RIGHT;
  const floor = height - BOTTOM;
  const tall = floor - TOP;
  const frame = {
    ink,
    low,
    span,
    inner,
    floor,
    tall,
    width,
    height,
    peak,
    x: (value) => LEFT + ((value - low) / span) * inner,
  };
  const at = Math.max(LEFT, Math.min(LEFT + inner, frame.x(logM)));

  drawAxes(c, frame, data.axis, style.getPropertyValue("--st-border-color") || ink);
  drawBars(c, frame, data, accepted, { g, at, color: (meaning) => style.getPropertyValue(`--rsf-${meaning}`) });
  drawRate(c, frame, data);
  c.textAlign = "center";
  drawLine(c, frame, frame.x(data.in_force), { color: style.getPropertyValue("--rsf-muted"), dash: [4, 4] });
  drawMarks(c, frame, data.marks);
  if (pointed && pointed.log_m !== null) {
    drawLine(c, frame, frame.x(pointed.log_m), { color: ink, dash: [2, 3], label: pointed.name });
  }
  drawLine(c, frame, at, { color: style.getPropertyValue("--st-primary-color"), label: `log M ${logM.toFixed(2)}` });
}

// The context of the canvas, with as many pixels as the screen has.
function context(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  const across = Math.round(width * ratio);
  const down = Math.round(height * ratio);
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
  }
  const c = canvas.getContext("2d");
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.clearRect(0, 0, width, height);
  return c;
}

function drawAxes(c, { ink, x, low, span, inner, floor, tall, width, height, peak }, axis, line) {
  c.lineWidth = 1;
  c.strokeStyle = line;
  c.fillStyle = ink;
  c.globalAlpha = 0.8;
  c.textAlign = "center";
  for (const tick of ticks(low, span, Math.max(3, inner / 90))) c.fillText(tidy(tick), x(tick), floor + 17);
  c.fillText(axis, LEFT + inner / 2, height - 5);
  c.textAlign = "right";
  for (const tick of ticks(0, peak, 4, 1)) {
    const y = floor - (tick / peak) * tall;
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

// The bars: rejected above accepted; right of M the accepted are bound violations.
function drawBars(c, { x, floor, tall, width, height, peak }, { edges, total }, accepted, { g, at, color }) {
  const bar = (from, count, b) => {
    if (count <= 0) return;
    const left = x(edges[b]);
    const wide = x(edges[b + 1]) - left;
    c.fillRect(left + 0.5, floor - ((from + count) / peak) * tall, Math.max(wide - 1, 0.5), (count / peak) * tall);
  };
  const bars = (meaning) => {
    c.fillStyle = color(meaning);
    for (let b = 0; b < total.length; b++) bar(0, accepted[b][g], b);
  };
  c.fillStyle = color("rejected");
  for (let b = 0; b < total.length; b++) bar(accepted[b][g], total[b] - accepted[b][g], b);
  bars("accepted");
  c.save();
  c.beginPath();
  c.rect(at, 0, width, height);
  c.clip();
  bars("violated");
  c.restore();
}

function drawRate(c, { ink, x, floor, tall }, { expected_rate, positions }) {
  c.strokeStyle = ink;
  c.lineWidth = 1.5;
  c.beginPath();
  expected_rate.forEach((rate, i) => {
    c.lineTo(x(positions[i]), floor - rate * tall);
  });
  c.stroke();
}

function drawMarks(c, { ink, x, floor }, marks) {
  c.fillStyle = ink;
  for (const mark of marks) {
    if (mark.log_m === null) continue;
    c.beginPath();
    c.arc(x(mark.log_m), floor + 0.5, 3, 0, 7);
    c.fill();
  }
}

// A vertical line with its label above.
function drawLine(c, { ink, floor }, x, { color, dash = [], label = "" }) {
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
