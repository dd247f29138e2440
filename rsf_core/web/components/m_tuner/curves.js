// The figures at each M, and the scales they are drawn on, without the page. M is log M in nats everywhere.

// The counts of each bin at every position of M, a row for each bin, from the text of by how many they fall after each
// position (steps() in __init__.py).
export function counts(steps, positions) {
  return steps.split(";").map((row) => {
    const falls = row.split(",");
    const at = new Array(positions);
    let left = 0;
    for (let g = positions - 1; g >= 0; g--) {
      left += Number(falls[g] || 0);
      at[g] = left;
    }
    return at;
  });
}

// The position nearest to M. Positions are evenly spaced.
export function nearest(logM, positions) {
  const last = positions.length - 1;
  const share = (logM - positions[0]) / (positions[last] - positions[0]);
  return atShare(share, last);
}

// The position at a share of the way from the first to the last.
export function atShare(share, last) {
  return Math.max(0, Math.min(last, Math.round(share * last)));
}

// The numbers at M: exact if Python has sent them for it (`between`), else those of the nearest position.
export function numbersAt(logM, data) {
  const exact = data.between.find((numbers) => numbers.log_m === logM);
  if (exact) return exact;
  const g = nearest(logM, data.positions);
  return {
    accepted: data.accepted_count[g],
    expected_rate: data.expected_rate[g],
    prompts_with_none: data.prompts_with_none[g],
    violating: data.violating[g],
  };
}

// The ticks of an axis from `low` over `span`, about `count` of them, at round numbers at least `least` apart.
export function ticks(low, span, count, least = 0) {
  const step = Math.max(nice(span / count), least);
  const first = Math.ceil(low / step - 1e-9) * step;
  const many = Math.floor((low + span - first) / step + 1e-9) + 1;
  return Array.from({ length: many }, (_, i) => first + i * step);
}

// The round number (1, 2 or 5 times a power of ten) that is not less than `step`.
export function nice(step) {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * ([1, 2, 5, 10].find((m) => m * power >= step) ?? 10);
}

export function tidy(value) {
  return Math.abs(value) < 1e-9 ? "0" : String(Number(value.toPrecision(6)));
}

// M itself, from its logarithm in nats: three digits, with a power of ten if it is far from 1, however large.
export function timesOf(logM) {
  if (Math.abs(logM) < 6.9) return Math.exp(logM).toPrecision(3);
  const power = Math.floor(logM / Math.LN10);
  const [mantissa, carried] = (10 ** (logM / Math.LN10 - power)).toExponential(2).split("e");
  return `${mantissa}·10${[...String(power + Number(carried))].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"["0123456789-".indexOf(digit)]).join("")}`;
}

// A share in percent, with enough digits not to read 0 if there is something, nor 100 if something is missing.
export function percent(share) {
  const whole = Math.min(share, 1 - share) < 1e-6;
  let digits = share < 0.1 ? 1 : 0;
  while (!whole && [0, 100].includes(Number((100 * share).toFixed(digits)))) digits += 1;
  return `${(100 * share).toFixed(digits)} %`;
}
