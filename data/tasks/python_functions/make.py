"""Writes prompts.jsonl: small Python functions, each with asserts that its own solution here passes. Functions of one kind
(what is done with even numbers, with vowels, …) stand on one side, so that no held-out or sealed function is trained on.

python data/tasks/python_functions/make.py
"""

# ruff: noqa: E501 (a function a line)

import json
import random
from pathlib import Path

Function = tuple[str, str, str, str, list]  # name, arguments, what it returns, the expression that is it, its inputs

NUMBERS = [[3, -4, 10, 7, 0, 12], [1], [], [-2, -9, 25, 100, 5], [8, 8, 15, -30, 49, 6]]
NUMBER_KINDS = {
    "even": ("are even", "x % 2 == 0"),
    "odd": ("are odd", "x % 2 != 0"),
    "positive": ("are greater than zero", "x > 0"),
    "negative": ("lie below zero", "x < 0"),
    "triple": ("can be divided by three", "x % 3 == 0"),
    "fives": ("are multiples of five", "x % 5 == 0"),
    "big": ("exceed nine", "x > 9"),
    "digit": ("have a single digit and no minus", "0 <= x <= 9"),
    "square": ("are perfect squares", "x >= 0 and int(x ** 0.5 + 0.5) ** 2 == x"),
    "lonely": ("occur only once", "xs.count(x) == 1"),
    "large_part": ("surpass the average of the list", "x > sum(xs) / len(xs)"),
    "zero_end": ("end in the digit zero", "x % 10 == 0"),
}
NUMBER_USES = {
    "sum": ("the sum of the numbers in the list xs that {0}", "sum(x for x in xs if {0})"),
    "count": ("how many numbers in the list xs {0}", "sum(1 for x in xs if {0})"),
    "keep": ("a list of the numbers in the list xs that {0}, in their order", "[x for x in xs if {0}]"),
    "drop": ("the list xs without the numbers that {0}", "[x for x in xs if not ({0})]"),
}
TEXTS = ["Hello World", "a1b2, C3!", "", "UPPER lower 42", "programming is fun?"]
LETTER_KINDS = {
    "vowels": ("vowels", "c.lower() in 'aeiou'"),
    "consonants": ("consonants", "c.isalpha() and c.lower() not in 'aeiou'"),
    "digits": ("digits", "c.isdigit()"),
    "capitals": ("capital letters", "c.isupper()"),
    "small": ("lowercase letters", "c.islower()"),
    "spaces": ("spaces", "c == ' '"),
    "marks": ("commas, exclamation marks and question marks", "c in ',!?'"),
    "els": ("letters l or L", "c in 'lL'"),
    "early": ("letters of the first half of the alphabet (a to m, in either case)", "c.lower() in 'abcdefghijklm'"),
    "doubled": ("characters equal to the one directly before them", "i > 0 and text[i - 1] == c"),
}
LETTER_USES = {
    "count": ("the number of {0} in the string text", "sum(1 for i, c in enumerate(text) if {0})"),
    "only": ("a string made of just the {0} in the string text", "''.join(c for i, c in enumerate(text) if {0})"),
    "without": ("the string text with all {0} removed", "''.join(c for i, c in enumerate(text) if not ({0}))"),
    "starred": (
        "the string text with a * in place of each of the {0}",
        "''.join('*' if {0} else c for i, c in enumerate(text))",
    ),
}
MAPS = {
    "squared": ("squared", "x * x"),
    "doubled": ("multiplied by two", "2 * x"),
    "negated": ("with its sign flipped", "-x"),
    "absolute": ("as its absolute value", "abs(x)"),
    "next": ("plus one", "x + 1"),
    "cubed": ("raised to the third power", "x ** 3"),
    "halved": ("halved and rounded down", "x // 2"),
    "capped": ("limited to ten at most", "min(x, 10)"),
    "floored": ("replaced by zero where it is negative", "max(x, 0)"),
    "last": ("reduced to its remainder after division by seven", "x % 7"),
    "away": ("as its distance from one hundred", "abs(100 - x)"),
    "parity": ("turned into True where it is odd, else False", "x % 2 != 0"),
}
MAP_USES = {
    "all": ("a list of every number of the list xs {0}", "[{0} for x in xs]"),
    "total": ("the total after every number of the list xs is {0}", "sum({0} for x in xs)"),
    "reversed": ("the numbers of the list xs, each {0}, from the last to the first", "[{0} for x in reversed(xs)]"),
    "pairs": ("a list of tuples (x, y), where y is the number x of the list xs {0}", "[(x, {0}) for x in xs]"),
}
NESTED = [[[1, 2], [3]], [[]], [], [[5, 5, 5], [-1], [2, 0]]]
WORDS = ["the cat sat on the mat", "one", "", "Big small Big tiny enormous"]
PAIRS = [([1, 2, 3], [4, 5, 6]), ([], []), ([7, 0], [7, 2]), ([9, 1, 9], [1, 1, 9])]
INTS = [(0,), (1,), (7,), (12,), (345,)]
SINGLES: list[Function] = [
    ("factorial", "n", "the factorial of the integer n", "1 if n < 2 else n * factorial(n - 1)", [(0,), (1,), (5,), (7,)]),
    ("fibonacci", "n", "the n-th Fibonacci number, where number 0 is 0 and number 1 is 1", "n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)", [(0,), (1,), (7,), (12,)]),
    ("is_prime", "n", "True if the integer n is a prime, else False", "n > 1 and all(n % d for d in range(2, n))", [(1,), (2,), (9,), (13,), (0,)]),
    ("divisors", "n", "all divisors of the positive integer n, ascending", "[d for d in range(1, n + 1) if n % d == 0]", [(1,), (7,), (12,), (36,)]),
    ("digit_sum", "n", "the sum of the decimal digits of the integer n", "sum(int(c) for c in str(n))", INTS),
    ("flip_digits", "n", "the integer n written backwards", "int(str(n)[::-1])", INTS),
    ("binary", "n", "the integer n in base two as a string of 0 and 1", "bin(n)[2:]", INTS),
    ("count_ones", "n", "how many bits of the integer n are set", "bin(n).count('1')", INTS),
    ("collatz", "n", "the number that follows n in the Collatz sequence: half of it if it is even, else three times it plus one", "n // 2 if n % 2 == 0 else 3 * n + 1", INTS),
    ("countdown", "n", "the integers from n down to 1 in a list", "list(range(n, 0, -1))", [(0,), (1,), (3,), (5,)]),
    ("triangular", "n", "1 + 2 + … + n for a whole number n", "n * (n + 1) // 2", INTS),
    ("is_leap", "year", "True if the year has a 29th of February, else False", "year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)", [(2000,), (1900,), (2024,), (2023,)]),
    ("fahrenheit", "celsius", "the temperature celsius in degrees Fahrenheit", "celsius * 9 / 5 + 32", [(0,), (100,), (-40,), (25,)]),
    ("clock", "minutes", "minutes after midnight as a string like 07:05", "f'{minutes // 60:02d}:{minutes % 60:02d}'", [(0,), (425,), (60,), (1439,)]),
    ("roman_digit", "n", "the Roman numeral of n, from 1 to 5", "['I', 'II', 'III', 'IV', 'V'][n - 1]", [(1,), (3,), (4,), (5,)]),
    ("ordinal", "n", "first, second or third for 1, 2 or 3, and None otherwise", "{1: 'first', 2: 'second', 3: 'third'}.get(n)", [(1,), (2,), (3,), (4,)]),
    ("greatest_common", "a, b", "the greatest common divisor of the positive integers a and b", "a if b == 0 else greatest_common(b, a % b)", [(12, 18), (7, 5), (9, 3), (100, 75)]),
    ("least_common", "a, b", "the least common multiple of the positive integers a and b", "next(m for m in range(a, a * b + 1, a) if m % b == 0)", [(4, 6), (3, 5), (2, 8), (7, 7)]),
    ("distance", "a, b", "how far apart the numbers a and b are", "abs(a - b)", [(3, 8), (8, 3), (-2, 2), (5, 5)]),
    ("between", "x, low, high", "True when x lies between low and high, both included, else False", "low <= x <= high", [(3, 1, 5), (1, 1, 5), (6, 1, 5), (0, 1, 5)]),
    ("clamp", "x, low, high", "x, or the nearer limit where it is outside low to high", "max(low, min(x, high))", [(3, 1, 5), (0, 1, 5), (9, 1, 5), (-7, -3, 0)]),
    ("sign", "x", "-1, 0 or 1 according to the sign of x", "(x > 0) - (x < 0)", [(5,), (-3,), (0,), (0.5,)]),
    ("larger", "a, b", "whichever of a and b is larger", "a if a > b else b", [(1, 2), (5, 3), (-1, -4), (2, 2)]),
    ("middle", "a, b, c", "the one of three different numbers that is neither smallest nor largest", "sorted([a, b, c])[1]", [(1, 2, 3), (9, 1, 5), (4, 6, 2), (-1, -3, -2)]),
    ("power", "base, exponent", "base to the power of a non-negative integer exponent", "base ** exponent", [(2, 3), (5, 0), (-2, 3), (10, 4)]),
    ("area", "width, height", "the area of a rectangle", "width * height", [(2, 3), (5, 0), (1.5, 4), (7, 7)]),
    ("perimeter", "width, height", "the length around a rectangle", "2 * (width + height)", [(2, 3), (5, 0), (1.5, 4), (7, 7)]),
    ("hypotenuse", "a, b", "the longest side of a right-angled triangle with the legs a and b, as a float", "(a * a + b * b) ** 0.5", [(3, 4), (6, 8), (5, 12), (0, 2)]),
    ("discount", "price, percent", "the price after percent percent are taken off", "price * (100 - percent) / 100", [(200, 10), (50, 0), (80, 25), (10, 100)]),
    ("grade", "points", "'A' from 90 points, 'B' from 75, 'C' from 50, else 'F'", "'A' if points >= 90 else 'B' if points >= 75 else 'C' if points >= 50 else 'F'", [(95,), (90,), (75,), (60,), (12,)]),
    ("flatten", "lists", "one list with the elements of all lists, in order", "[x for inner in lists for x in inner]", [(one,) for one in NESTED]),
    ("lengths", "lists", "the length of each inner list", "[len(inner) for inner in lists]", [(one,) for one in NESTED]),
    ("longest_list", "lists", "the size of the biggest inner list, 0 without any", "max([len(inner) for inner in lists], default=0)", [(one,) for one in NESTED]),
    ("row_sums", "lists", "the sums of the inner lists", "[sum(inner) for inner in lists]", [(one,) for one in NESTED]),
    ("transpose", "rows", "rows and columns exchanged, for a list of rows of equal size", "[list(column) for column in zip(*rows)]", [([[1, 2], [3, 4]],), ([[1, 2, 3]],), ([],), ([[1], [2]],)]),
    ("backwards", "items", "the list items in opposite order", "items[::-1]", [(one,) for one in NUMBERS]),
    ("first_or_none", "items", "the first element, or None for an empty list", "items[0] if items else None", [(one,) for one in NUMBERS]),
    ("final_two", "items", "the last two elements, fewer where there are not so many", "items[-2:]", [(one,) for one in NUMBERS]),
    ("without_ends", "items", "everything but the first and the last element", "items[1:-1]", [(one,) for one in NUMBERS]),
    ("every_other", "items", "the elements at positions 0, 2, 4 and so on", "items[::2]", [(one,) for one in NUMBERS]),
    ("rotate", "items", "the list with its first element moved to the end", "items[1:] + items[:1]", [(one,) for one in NUMBERS]),
    ("swap_ends", "items", "a copy with the first and the last element exchanged", "items if len(items) < 2 else [items[-1], *items[1:-1], items[0]]", [(one,) for one in NUMBERS]),
    ("unique", "items", "the elements without repetitions, in order of first appearance", "list(dict.fromkeys(items))", [([1, 2, 1, 3],), ([],), ([5, 5],), ([3, 2, 3, 2, 1],)]),
    ("has_repeats", "items", "True if any element appears twice, else False", "len(set(items)) < len(items)", [([1, 2, 1],), ([],), ([5, 5],), ([3, 2],)]),
    ("most_frequent", "items", "the element that appears most often, of a list where that is a single one", "max(set(items), key=items.count)", [([1, 2, 1],), ([4],), (["a", "b", "b"],), ([3, 3, 3, 2],)]),
    ("tally", "items", "a dictionary that tells for each element how often it appears", "{x: items.count(x) for x in items}", [([1, 2, 1],), ([],), (["a", "b", "b"],)]),
    ("running_totals", "xs", "the list of the sums of the first one, two, three … numbers", "[sum(xs[: i + 1]) for i in range(len(xs))]", [(one,) for one in NUMBERS]),
    ("differences", "xs", "each number minus its predecessor, from the second on", "[b - a for a, b in zip(xs, xs[1:])]", [(one,) for one in NUMBERS]),
    ("average", "xs", "the arithmetic mean, or None of an empty list", "sum(xs) / len(xs) if xs else None", [(one,) for one in NUMBERS]),
    ("spread", "xs", "the largest number less the smallest, 0 of an empty list", "max(xs) - min(xs) if xs else 0", [(one,) for one in NUMBERS]),
    ("median", "xs", "the middle value of an odd number of values once they are sorted", "sorted(xs)[len(xs) // 2]", [([3, 1, 2],), ([7],), ([5, 5, 1, 9, 8],)]),
    ("product", "xs", "all numbers multiplied with each other, 1 of an empty list", "1 if not xs else xs[0] * product(xs[1:])", [([2, 3],), ([],), ([5, -1, 2],), ([4, 0],)]),
    ("second_largest", "xs", "the runner-up among different numbers", "sorted(xs)[-2]", [([1, 2, 3],), ([9, 4],), ([-5, -1, -3],)]),
    ("is_sorted", "xs", "True if no number is smaller than the one before it, else False", "all(a <= b for a, b in zip(xs, xs[1:]))", [([1, 2, 2],), ([],), ([3, 1],), ([5],)]),
    ("descending", "xs", "the numbers ordered from high to low", "sorted(xs, reverse=True)", [(one,) for one in NUMBERS]),
    ("position_of_largest", "xs", "the index of the maximum (the first of equal ones)", "xs.index(max(xs))", [([1, 9, 3],), ([5],), ([2, 8, 8],), ([-1, -4],)]),
    ("move_zeros", "xs", "the list with all zeros shifted behind the others", "[x for x in xs if x != 0] + [x for x in xs if x == 0]", [([0, 1, 0, 2],), ([],), ([0],), ([3, 4],)]),
    ("chunks_of_two", "items", "the list cut into lists of two, the last one shorter if need be", "[items[i : i + 2] for i in range(0, len(items), 2)]", [(one,) for one in NUMBERS]),
    ("repeat_each", "items", "a list in which each element stands two times in a row", "[x for x in items for _ in range(2)]", [(one,) for one in NUMBERS]),
    ("index_pairs", "items", "a list of tuples of position and element", "list(enumerate(items))", [(one,) for one in NUMBERS]),
    ("pair_up", "a, b", "a list of tuples of the elements at the same place of the lists a and b", "list(zip(a, b))", PAIRS),
    ("add_lists", "a, b", "the elementwise sum of two equally long lists", "[x + y for x, y in zip(a, b)]", PAIRS),
    ("dot", "a, b", "the scalar product of the vectors a and b", "sum(x * y for x, y in zip(a, b))", PAIRS),
    ("common", "a, b", "a sorted list of what occurs in both lists, without repetitions", "sorted(set(a) & set(b))", PAIRS),
    ("either", "a, b", "a sorted list of what occurs in at least one of the lists, without repetitions", "sorted(set(a) | set(b))", PAIRS),
    ("missing", "a, b", "the elements of a that b lacks, in order", "[x for x in a if x not in b]", PAIRS),
    ("interleave", "a, b", "the elements of two equally long lists by turns, beginning with a", "[x for both in zip(a, b) for x in both]", PAIRS),
    ("matches", "a, b", "at how many places two equally long lists agree", "sum(x == y for x, y in zip(a, b))", PAIRS),
    ("make_dict", "a, b", "a dictionary with the keys a and the values b", "dict(zip(a, b))", PAIRS),
    ("invert", "table", "a dictionary with keys and values exchanged", "{value: key for key, value in table.items()}", [({"a": 1, "b": 2},), ({},), ({1: "x"},)]),
    ("keys_of", "table, value", "a sorted list of the keys that have the given value", "sorted(k for k, v in table.items() if v == value)", [({"a": 1, "b": 2, "c": 1}, 1), ({}, 3), ({"x": 0}, 0)]),
    ("richest", "table", "the key with the highest value", "max(table, key=table.get)", [({"a": 1, "b": 2},), ({"x": 0},), ({"p": 5, "q": -1, "r": 3},)]),
    ("value_total", "table", "what the values of a dictionary add up to", "sum(table.values())", [({"a": 1, "b": 2},), ({},), ({"x": -4, "y": 1},)]),
    ("merge", "a, b", "a dictionary with the entries of a and b, where b wins", "{**a, **b}", [({1: 1}, {2: 2}), ({}, {}), ({1: 1}, {1: 5})]),
    ("word_count", "text", "how many words, separated by spaces, the string has", "len(text.split())", [(one,) for one in WORDS]),
    ("longest_word", "text", "the longest word (the first of equal ones), or an empty string", "max(text.split(), key=len, default='')", [(one,) for one in WORDS]),
    ("word_lengths", "text", "the list of how long each word is", "[len(w) for w in text.split()]", [(one,) for one in WORDS]),
    ("reverse_words", "text", "the words in opposite order, joined by single spaces", "' '.join(text.split()[::-1])", [(one,) for one in WORDS]),
    ("title_words", "text", "every word with a capital first letter and the others lowercase", "' '.join(w.capitalize() for w in text.split())", [(one,) for one in WORDS]),
    ("initials", "text", "the first letters of the words, joined and in capitals", "''.join(w[0] for w in text.split()).upper()", [(one,) for one in WORDS]),
    ("different_words", "text", "the number of distinct words", "len(set(text.split()))", [(one,) for one in WORDS]),
    ("sorted_words", "text", "a list of the words from A to Z, whatever their case", "sorted(text.split(), key=str.lower)", [(one,) for one in WORDS]),
    ("snake_case", "text", "the string in lowercase with underscores for spaces", "text.lower().replace(' ', '_')", [(one,) for one in WORDS]),
    ("acronym_dots", "text", "the initial of each word followed by a dot, as in t.c.s.", "''.join(w[0] + '.' for w in text.split())", [(one,) for one in WORDS]),
    ("mirror", "text", "the string spelled from its end", "text[::-1]", [(one,) for one in TEXTS]),
    ("is_palindrome", "text", "True if it reads the same in both directions, else False", "text == text[::-1]", [("level",), ("ab",), ("",), ("noon",)]),
    ("shout", "text", "the string in capitals with an exclamation mark added", "text.upper() + '!'", [(one,) for one in TEXTS]),
    ("swap_case", "text", "small letters made large and large ones made small", "text.swapcase()", [(one,) for one in TEXTS]),
    ("ends", "text", "the first and the last character together, an empty string of an empty one", "text[:1] + text[-1:]", [(one,) for one in TEXTS]),
    ("half", "text", "the front half, the shorter one where the length is odd", "text[: len(text) // 2]", [(one,) for one in TEXTS]),
    ("ascii_codes", "text", "the list of the code points", "[ord(c) for c in text]", [(one,) for one in TEXTS]),
    ("stretched", "text", "a hyphen put between neighbouring characters", "'-'.join(text)", [(one,) for one in TEXTS]),
    ("distinct_letters", "text", "how many different characters it contains", "len(set(text))", [(one,) for one in TEXTS]),
    ("are_anagrams", "a, b", "True if both strings consist of the same letters equally often, else False", "sorted(a) == sorted(b)", [("listen", "silent"), ("aab", "abb"), ("", ""), ("x", "xx")]),
    ("common_start", "a, b", "the longest beginning that two strings share", "next((a[:i] for i in range(min(len(a), len(b)), -1, -1) if a[:i] == b[:i]), '')", [("flower", "flow"), ("dog", "cat"), ("", "x"), ("same", "same")]),
    ("repeat", "text, n", "the string n times over, joined by commas", "','.join([text] * n)", [("ab", 2), ("x", 1), ("q", 0), ("go", 3)]),
    ("pad", "text, width", "the string filled with dots on the left up to the width", "text.rjust(width, '.')", [("ab", 5), ("long", 2), ("", 3), ("x", 1)]),
    ("caesar", "text", "each lowercase letter replaced by the next in the alphabet, z by a, the rest as it is", "''.join(chr((ord(c) - 96) % 26 + 97) if 'a' <= c <= 'z' else c for c in text)", [("abc",), ("xyz",), ("Hi, zoo",), ("",)]),
    ("brackets_close", "text", "True if ( and ) are balanced in a string of just these, else False", "text.count('(') == text.count(')') and all(text[:i].count('(') >= text[:i].count(')') for i in range(len(text)))", [("(())",), (")(",), ("",), ("((",)]),
    ("file_ending", "name", "what follows the last dot of a file name, an empty string without a dot", "name.rpartition('.')[2] if '.' in name else ''", [("a.txt",), ("archive.tar.gz",), ("README",)]),
    ("mask_card", "number", "a string of which all but the last four characters are replaced by #", "'#' * (len(number) - 4) + number[-4:]", [("1234567890",), ("1234",), ("98765",)]),
    ("fizz", "n", "'fizz' for a multiple of three, 'buzz' for one of five, 'fizzbuzz' for both, else n itself", "'fizzbuzz' if n % 15 == 0 else 'fizz' if n % 3 == 0 else 'buzz' if n % 5 == 0 else n", [(3,), (10,), (15,), (7,)]),
    ("adult", "age", "'child' below 13, 'teenager' below 20, else 'adult'", "'child' if age < 13 else 'teenager' if age < 20 else 'adult'", [(5,), (13,), (19,), (40,)]),
    ("multiplication_row", "n", "the first ten multiples in a list", "[n * i for i in range(1, 11)]", [(1,), (3,), (0,), (12,)]),
    ("powers_of_two", "n", "the list 1, 2, 4 … with n entries", "[2 ** i for i in range(n)]", [(0,), (1,), (4,), (7,)]),
    ("diagonal", "matrix", "the main diagonal of a quadratic matrix", "[row[i] for i, row in enumerate(matrix)]", [([[1, 2], [3, 4]],), ([[5]],), ([],), ([[1, 0, 0], [0, 2, 0], [0, 0, 3]],)]),
    ("identity", "n", "the n × n matrix with ones on the diagonal and zeros elsewhere, as a list of lists", "[[int(i == j) for j in range(n)] for i in range(n)]", [(0,), (1,), (2,), (3,)]),
]  # fmt: skip


def families() -> list[list[Function]]:
    """The functions by kind: what is alike stays together."""
    found: list[list[Function]] = [[one] for one in SINGLES]
    for kinds, uses, argument, inputs in (
        (NUMBER_KINDS, NUMBER_USES, "xs", NUMBERS),
        (LETTER_KINDS, LETTER_USES, "text", TEXTS),
        (MAPS, MAP_USES, "xs", NUMBERS),
    ):
        for kind, (words, code) in kinds.items():
            found.append(
                [
                    (f"{use}_{kind}", argument, sentence.format(words), body.format(code), [(one,) for one in inputs])
                    for use, (sentence, body) in uses.items()
                ]
            )
    return found


def solution(function: Function) -> str:
    name, arguments, _, body, _ = function
    return f"def {name}({arguments}):\n    return {body}\n"


def tests(function: Function) -> list[str]:
    """An assert for each input, by what the solution returns."""
    name, inputs = function[0], function[4]
    namespace: dict = {}
    exec(solution(function), namespace)
    calls = [(", ".join(map(repr, one)), namespace[name](*one)) for one in inputs]
    return [f"assert {name}({written}) == {value!r}" for written, value in calls]


def main() -> None:
    rng = random.Random(23)
    kinds = families()
    rng.shuffle(kinds)
    rows, sides = [], {"sealed": 48, "held_out": 54, "train": 10_000}
    for kind in kinds:
        side = next(side for side, left in sides.items() if left >= len(kind))
        sides[side] -= len(kind)
        for function in kind:
            name, arguments, sentence, _, _ = function
            text = f"Write a Python function `{name}({arguments})` that returns {sentence}. Answer with the code alone."
            rows.append({"text": text, "reference": "\n".join(tests(function)), "split": side})
    rng.shuffle(rows)
    rows.sort(key=lambda row: ("train", "held_out", "sealed").index(row["split"]))
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    Path(__file__).with_name("prompts.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
