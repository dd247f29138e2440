// The figures that the M tuner shows at each M.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  atShare,
  counts,
  nearest,
  nice,
  numbersAt,
  percent,
  ticks,
  tidy,
  timesOf,
} from "../../../rsf_core/web/components/m_tuner/curves.js";

test("counts are the falls after each position, added up from the right", () => {
  assert.deepEqual(counts(",2,1", 4), [[3, 3, 1, 0]]);
  assert.deepEqual(counts(";,,,5", 4), [
    [0, 0, 0, 0],
    [5, 5, 5, 5],
  ]);
  assert.deepEqual(counts("1", 1), [[1]]);
});

const positions = [-2, -1, 0, 1, 2];

test("the nearest position is the nearest, and none lies beyond the ends", () => {
  const cases = [
    [-9, 0],
    [-2, 0],
    [-1.51, 0],
    [-1.49, 1],
    [0, 2],
    [0.4, 2],
    [1.6, 4],
    [99, 4],
  ];
  for (const [logM, at] of cases) assert.equal(nearest(logM, positions), at, `log M ${logM}`);
});

test("each position is nearest to itself", () => {
  const fine = Array.from({ length: 481 }, (_, i) => -12 + (i * 24) / 480);
  fine.forEach((logM, i) => {
    assert.equal(nearest(logM, fine), i);
  });
});

test("a drag beyond the plot stands at its end", () => {
  assert.deepEqual(
    [atShare(-0.2, 480), atShare(0, 480), atShare(0.5, 480), atShare(1, 480), atShare(1.7, 480)],
    [0, 0, 240, 480, 480],
  );
});

const data = {
  positions,
  accepted_count: [50, 40, 30, 20, 10],
  expected_rate: [0.5, 0.4, 0.3, 0.2, 0.1],
  prompts_with_none: [0, 1, 2, 3, 4],
  violating: [9, 7, 5, 3, 1],
  between: [{ log_m: 0.25, accepted: 28, expected_rate: 0.28, prompts_with_none: 2, violating: 4 }],
};

test("at a position its numbers stand, at an M that Python has answered these", () => {
  assert.deepEqual(numbersAt(1, data), { accepted: 20, expected_rate: 0.2, prompts_with_none: 3, violating: 3 });
  assert.equal(numbersAt(0.25, data).accepted, 28);
});

test("at any other M the numbers of the nearest position stand", () => {
  assert.equal(numbersAt(0.26, data).accepted, 30);
  assert.equal(numbersAt(-7, data).accepted, 50);
});

test("a step is 1, 2 or 5 times a power of ten, and not less than asked for", () => {
  const cases = [
    [1, 1],
    [1.01, 2],
    [2.3, 5],
    [5.1, 10],
    [0.03, 0.05],
    [0.2, 0.2],
    [70, 100],
  ];
  for (const [step, round] of cases) assert.ok(Math.abs(nice(step) - round) < 1e-12, `${step}`);
  for (let step = 0.001; step < 1_000; step *= 1.07) {
    assert.ok(nice(step) >= step * (1 - 1e-12) && nice(step) < 2.6 * step, `${step}`);
  }
});

test("ticks stand at round numbers inside the axis", () => {
  assert.deepEqual(ticks(-5, 10, 5).map(tidy), ["-4", "-2", "0", "2", "4"]);
  assert.deepEqual(ticks(0, 7, 4, 1), [0, 2, 4, 6]);
  assert.deepEqual(ticks(0.3, 0.6, 3).map(tidy), ["0.4", "0.6", "0.8"]);
});

test("an axis of counts has whole ticks, from nothing on", () => {
  for (const peak of [1, 2, 3, 9, 10_000]) {
    const shown = ticks(0, peak, 4, 1);
    assert.ok(Object.is(shown[0], 0), "not -0");
    assert.ok(
      shown.every((tick) => Number.isInteger(tick) && tick <= peak),
      `${peak}`,
    );
  }
});

test("an axis has about as many ticks as requested, whatever it spans", () => {
  for (let span = 0.01; span < 1e4; span *= 1.3) {
    for (const low of [-span, -span / 3, 0, 7]) {
      const shown = ticks(low, span, 6);
      assert.ok(shown.length >= 2 && shown.length <= 8, `${low} + ${span}: ${shown}`);
      assert.ok(shown[0] >= low - 1e-6 * span && shown.at(-1) <= low + span * (1 + 1e-6));
    }
  }
});

test("nothing is 0, not -0 or a rounding error", () => {
  assert.deepEqual([tidy(-0), tidy(1e-17), tidy(-3e-10), tidy(0.1 + 0.2), tidy(-2)], ["0", "0", "0", "0.3", "-2"]);
});

test("M is a number however far its logarithm is from 0", () => {
  const shown = [0, 0.886, -0.5, 6.8, 6.9, 100, 800, -800, 1e4, 10 * Math.LN10, 9 * Math.LN10].map(timesOf);
  assert.deepEqual(shown, [
    "1.00",
    "2.43",
    "0.607",
    "898",
    "9.92·10²",
    "2.69·10⁴³",
    "2.73·10³⁴⁷",
    "3.67·10⁻³⁴⁸",
    "8.81·10⁴³⁴²",
    "1.00·10¹⁰",
    "1.00·10⁹",
  ]);
});

test("a small share has a digit after the point", () => {
  assert.deepEqual([1e-17, 0.00004, 0.0004, 0.994, 0.995, 0.99996].map(percent), [
    "0.0 %",
    "0.004 %",
    "0.04 %",
    "99 %",
    "99.5 %",
    "99.996 %",
  ]);
  assert.deepEqual([0, 0.0123, 0.0999, 0.1, 0.574, 1].map(percent), ["0.0 %", "1.2 %", "10.0 %", "10 %", "57 %", "100 %"]);
});
