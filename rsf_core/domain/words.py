"""Numbers and durations as a person reads them, the same on every page and in the terminal."""

from __future__ import annotations

SHARES = (
    "pass@1",
    "pass@k",
    "accuracy",
    "constraints met",
    "acceptance rate",
    "truncated",
    "distinct-2",
    "self-similarity",
)
"""The metrics that are shares, shown in percent."""
UNITS = {"length": "tokens", "entropy": "nats", "KL to base": "nats", "log perplexity": "nats a token"}
"""The units of the other metrics that have one: of a completion, unless the unit says otherwise."""
NOTHING = 1e-9  # a rounding error
NO_NATS = 1e-4  # what float32 leaves of the log-likelihood of a completion under two passes of one model
MORE = 4  # digits that a small number may take, so that it does not read as 0


def seconds(value: float) -> str:
    """A duration a person reads at a glance: 40 s, 3 min 10 s, 2 h 5 min."""
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def speed(tokens_per_second: float) -> str:
    """How fast tokens are drawn, never 0 for a low speed: 1,234 tokens/s, 0.25 tokens/s."""
    return f"{tokens_per_second:,.0f} tokens/s" if tokens_per_second >= 9.95 else f"{tokens_per_second:.2g} tokens/s"


def plural(count: int, noun: str) -> str:
    """A count with its noun: 1 prompt, 1,200 prompts."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def one_line(text: str, most: int) -> str:
    """Foreign text as one line of at most `most` characters, which can be stored whatever it contained."""
    line = " ".join(text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}").split())
    return line if len(line) <= most else line[: most - 1] + "…"


def number(value: float | None, name: str, signed: bool = False) -> str:
    """A metric as a person reads it, in percent if it is a share; "?" if it is not known."""
    if value is None:
        return "?"
    if name in SHARES:
        return percent(value, 1, signed)
    return fixed(0.0 if unit(name) == "nats" and abs(value) < NO_NATS else value, 2, signed)


def unit(name: str) -> str:
    """The unit of a metric; "" if it has none, as scores."""
    return "%" if name in SHARES else UNITS.get(name, "")


def fixed(value: float, digits: int, signed: bool = False) -> str:
    """`value` with so many digits after the point, and up to `MORE` more if it would otherwise read as 0; never −0."""
    digits = next((more for more in range(digits, digits + MORE + 1) if round(value, more) != 0), digits)
    rounded = round(value, digits) + 0.0
    return f"{rounded:{'+' if signed else ''}.{digits}f}"


def significant(value: float, digits: int = 3) -> str:
    """`value` to so many significant digits, but with all digits before the point: 0.0123, 12.3, 1,235."""
    if abs(value) < NOTHING:
        return "0"
    return f"{value:,.0f}" if abs(value) >= 10**digits - 0.5 else f"{value:.{digits}g}"


def percent(value: float, digits: int = 0, signed: bool = False) -> str:
    """A share of 1 as a number of percent, as `fixed` writes it, with more digits rather than 100 for less than all."""
    shown = (more for more in range(digits, digits + MORE + 1) if abs(round(100.0 * value, more)) != 100)
    digits = next(shown, digits)
    return fixed(100.0 * value, digits, signed)


def in_percent(value: float, digits: int = 0) -> str:
    """A share of 1 in percent: 12%, 0.3%, 99.6%; 0% and 100% only for nothing and for all, to within 0.0001%."""
    return f"{percent(value, digits)}%"


def size(count: int) -> str:
    """A number of bytes a person reads at a glance: 812 kB, 3.4 MB, 1.2 GB (powers of 1,000)."""
    value, unit = count / 1e3, "kB"
    for larger in ("MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1e3, larger
    return f"{value:.0f} {unit}" if value >= 10 or unit == "kB" else f"{value:.1f} {unit}"


def ago(value: float) -> str:
    """How long ago something was, in one unit: just now, 5 min ago, 3 h ago, 12 days ago."""
    minutes = int(value // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    if minutes < 48 * 60:
        return f"{minutes // 60} h ago"
    return f"{minutes // (24 * 60)} days ago"
