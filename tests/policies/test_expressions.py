from __future__ import annotations

import ast
import math
import pickle
import random
import subprocess
import sys
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.explanation import Change, Needs
from policies.expressions import DEEPEST, LONGEST, FeatureType, parse
from retrieval.errors import InputError

NUMBER, BOOL, STRING = FeatureType("number"), FeatureType("bool"), FeatureType("string")
VOCABULARY = {
    "x": NUMBER, "y": NUMBER, "z": NUMBER, "flag": BOOL, "done": BOOL, "word": STRING, "label": STRING,
    "status": FeatureType("string", ("active", "closed", "deceased", "merged")),
    "contacts_7d": NUMBER, "days_since_order": NUMBER, "cycle_days": NUMBER, "ok_ch": BOOL, "ch": STRING,
}  # fmt: skip
SCHEMA = {"number": pl.Float64, "bool": pl.Boolean, "string": pl.String}
NAN = float("nan")


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    kinds = {name: SCHEMA[feature.kind] for name, feature in VOCABULARY.items()}
    columns = {name: [row.get(name) for row in rows] for name in VOCABULARY}
    return pl.DataFrame(columns, schema=kinds, strict=False)


def both(text: str, row: dict[str, Any], kind: Any = "bool") -> Any:
    """The one answer of closure and Polars."""
    expression = parse(text, VOCABULARY, kind=kind)
    one = expression.closure()(row)
    (many,) = frame(row).select(expression.polars().alias("answer"))["answer"].to_list()
    assert one == many, (text, row, one, many)
    assert kind != "bool" or (type(one) is bool and type(many) is bool)
    return one


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("True", {}, True),
        ("False", {}, False),
        ("x < 2", {"x": 1}, True),
        ("x < 2", {"x": 2}, False),
        ("x <= 2", {"x": 2}, True),
        ("x > 2", {"x": 2.5}, True),
        ("x >= 2", {"x": 1}, False),
        ("x == 2", {"x": 2}, True),
        ("x != 2", {"x": 3}, True),
        ("2 > x", {"x": 1}, True),
        ("1 < 2", {}, True),
        ("x > -1", {"x": 0}, True),
        *[(f"x {op} 2", {"x": null}, False) for op in ("<", "<=", ">", ">=", "==", "!=") for null in (None, NAN)],
        *[(f"not x {op} 2", {"x": null}, True) for op in ("<", ">=", "==", "!=") for null in (None, NAN)],
        ("x < 2", {}, False),
        ("x == y", {"x": None, "y": None}, False),
        ("x == y", {"x": NAN, "y": NAN}, False),
        ("x > y", {"x": NAN, "y": 1}, False),
        ("x < y", {"x": 1, "y": NAN}, False),
        ("1 <= x <= 3", {"x": 2}, True),
        ("1 <= x <= 3", {"x": 4}, False),
        ("1 <= x <= 3", {"x": None}, False),
        ("1 <= x <= 3 != y", {"x": 2, "y": 4}, True),
        ("1 < x in (2, 3)", {"x": 2}, True),
        ("1 < x is not None", {"x": 2}, True),
        ("flag", {"flag": True}, True),
        ("flag", {"flag": None}, False),
        ("not flag", {"flag": None}, True),
        ("not not flag", {"flag": None}, False),
        ("flag == False", {"flag": None}, False),
        ("flag != True", {"flag": None}, False),
        ("flag != True", {"flag": False}, True),
        ("(x < 2) == flag", {"x": None, "flag": False}, True),
        ("flag in (True, False)", {"flag": None}, False),
        ("flag is None", {}, True),
        ("flag and done", {"flag": True, "done": True}, True),
        ("flag and done", {"flag": True}, False),
        ("flag or done", {"done": True}, True),
        ("flag or True", {}, True),
        ("flag or x < 2", {"x": 1}, True),
        ("not flag and x >= 1 or done", {"x": 1}, True),
        ("status == 'active'", {"status": "active"}, True),
        ("status != 'active'", {"status": None}, False),
        ("status in ('active', 'closed')", {"status": "closed"}, True),
        ("status in ('active',)", {"status": None}, False),
        ("status not in ('active',)", {"status": None}, True),
        ("x in (1, 2.5, -3)", {"x": -3}, True),
        ("x in (1, 2)", {"x": NAN}, False),
        ("x not in (1, 2)", {"x": NAN}, True),
        ("'ア' == word", {"word": "ア"}, True),
        ("x is None", {"x": NAN}, True),
        ("x is None", {"x": 0}, False),
        ("x is not None", {"x": 0}, True),
        ("x + y is None", {"x": 1}, True),
        ("x + 1 > 2", {"x": None}, False),
        ("not x + 1 > 2", {"x": None}, True),
        ("x / y is None", {"x": 1, "y": 0}, True),
        ("x / y is None", {"x": 0, "y": 0}, True),
        ("x - x is None", {"x": math.inf}, True),
        ("x < max(7, 0.6 * (y or 0))", {"x": 6}, True),
        ("x < max(7, 0.6 * (y or 0))", {"x": 10, "y": 30}, True),
        ("x < max(7, 0.6 * y)", {"x": 6}, False),
        ("x >= 3 * (y or 122)", {"x": 366}, True),
        ("x >= 3 * (y or 122)", {"x": 366, "y": NAN}, True),
        ("x >= 3 * (y or 122)", {"x": 90, "y": 30}, True),
        ("(x or 5) == 0", {"x": 0}, True),
        ("(x or y or 5) == 5", {}, True),
        ("(word or 'none') == 'none'", {}, True),
        ("x\n  > 1 and\n flag", {"x": 2, "flag": True}, True),
    ],
)
def test_conditions(text, row, expected):
    assert both(text, row) is expected


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("x + y * 2 - 1", {"x": 1, "y": 2}, 4),
        ("(x + y) / 2", {"x": 1, "y": 2}, 1.5),
        ("-x", {"x": 3}, -3),
        ("--x", {"x": 3}, 3),
        ("-x", {}, None),
        ("abs(x - 5)", {"x": 3}, 2),
        ("abs(x)", {"x": NAN}, None),
        ("min(x, y, 3)", {"x": 5, "y": 4}, 3),
        ("min(x, y)", {"x": 5}, None),
        ("max(x, y)", {"x": NAN, "y": 1}, None),
        ("max(1, 2)", {}, 2),
        ("x / 0", {"x": 1}, None),
        ("x", {"x": NAN}, None),
        ("x or y", {}, None),
        ("word or label", {"label": "b"}, "b"),
    ],
)
def test_values(text, row, expected):
    assert both(text, row, kind=None) == expected


CATALOGUE_LIKE = [
    "status == 'active' and not x >= 0.9",
    "ok_ch and not flag",
    "word is None",
    "x < 2 and y < 6 and not z < 24 and not contacts_7d >= cycle_days and not (ch == 'sms' and x >= 1)",
    "not (flag and not done)",
    "not (flag and word in ('strategic', 'key'))",
    "not x < max(7, 0.6 * (cycle_days or 0))",
    "x >= 0.4 or (y <= 0.5 and 1.6 < z < 3)",
    "29 <= x <= 31 or 6 <= x <= 8 or 2 <= x <= 4",
    "(x >= 2 or flag) and not done and not y < 90 and not ok_ch",
    "2 <= x <= (y or 30)",
    "(ch == 'post' and 10 <= x <= 14) or (ch != 'post' and x <= 3)",
    "days_since_order >= 3 * (cycle_days or 122)",
    "not flag and x >= 1 or done",
    "flag and word is None and x >= 2",
    "x is not None and not flag",
    "not x < 3 or y <= 72",
    "True",
]


@pytest.mark.parametrize("text", CATALOGUE_LIKE)
@pytest.mark.parametrize("row", [{}, {"x": 12, "y": 1, "z": 2, "flag": True, "ch": "post", "cycle_days": 30}])
def test_rules_like_the_catalogue(text, row):
    both(text, row)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("   ", "empty"),
        (3, "is text"),
        (None, "is text"),
        ("contcts_7d < 2", "column 1: unknown feature 'contcts_7d' — did you mean 'contacts_7d'?"),
        ("x < 1 and contcts_7d < 2", "column 11: unknown feature"),
        ("word == 'あ' and contcts_7d < 2", "column 17: unknown feature"),
        ("status == 'activ'", "column 11: 'activ' is not a word of this feature — did you mean 'active'?"),
        ("'activ' == status", "did you mean 'active'?"),
        ("status in ('active', 'closd')", "did you mean 'closed'?"),
        ("(status or 'none') == 'nome'", "did you mean 'none'?"),
        ("word < 2", "word is a word and 2 is a number: they cannot be compared"),
        ("flag == 1", "flag is true or false and 1 is a number"),
        ("word < 'b'", "< compares numbers, and word is a word"),
        ("flag < True", "< compares numbers"),
        ("word + 1 > 2", "word is a word, where a number is needed"),
        ("flag * 2 > 2", "flag is true or false, where a number is needed"),
        ("-flag < 2", "where a number is needed"),
        ("max(x, flag) > 1", "where a number is needed"),
        ("x", "must be true or false, but is a number"),
        ("'a'", "must be true or false, but is a word"),
        ("x or 3", "must be true or false, but is a number"),
        ("x and flag", "x is a number, where a condition is needed"),
        ("flag and word", "column 10: word is a word, where a condition is needed"),
        ("flag or 3", "3 is a number, where a condition is needed"),
        ("not x", "x is a number, where a condition is needed"),
        ("x or 3 > 2", "`x or default` goes in parentheses"),
        ("(x or 'a') == 'a'", "x is a number, but its default 'a' is a word"),
        ("x == None", "write `is None`"),
        ("None != x", "write `is None`"),
        ("None", "None stands only after"),
        ("(x or None) > 1", "None stands only after"),
        ("x in (1, None)", "None stands only after"),
        ("x is 1", "stands only None"),
        ("flag is True", "stands only None"),
        ("x is y", "stands only None"),
        ("(x < 2) is None", "the condition x < 2 is never None"),
        ("x in (1, 'a')", "x is a number and cannot be 'a'"),
        ("x in (1, y)", "y is not a literal"),
        ("x in (1)", "needs a tuple"),
        ("x in ()", "needs a tuple"),
        ("x in [1, 2]", "needs a tuple"),
        ("word in 'abc'", "needs a tuple"),
        ("word in ('a' 'b', 'c')", "a comma is missing before 'b'"),
        ("(x, 1) == (1, 1)", "a tuple outside `in`"),
        ("[x] == [1]", "a list"),
        ("{x} == {1}", "a set"),
        ("{} == {}", "a dictionary"),
        ("x % 2 == 1", "+ - * /"),
        ("x ** 2 == 1", "+ - * /"),
        ("x // 2 == 1", "+ - * /"),
        ("x | 2 == 1", "+ - * /"),
        ("+x > 1", "- and not"),
        ("~x > 1", "- and not"),
        ("sum(x, 1) > 1", "only min, max and abs"),
        ("min(x) > 1", "min takes two or more numbers"),
        ("abs(x, y) > 1", "abs takes one number"),
        ("min() > 1", "min takes two"),
        ("max(x, y, key=x) > 1", "max takes two"),
        ("max(*x, y) > 1", "a star"),
        ("min > 1", "unknown feature 'min'"),
        ("x < 1e999", "1e999 is too large"),
        ("x < 9007199254740993", "too large"),
        ("x < 1j", "1j is neither"),
        ("word == b'a'", "is neither a number nor a word"),
        ("x < ...", "neither a number nor a word"),
        ("x > 1 # why", "a comment has no place"),
        ("x > 1 # why\nand flag", "a comment has no place"),
        ("word == 'a\\x41'", "a backslash has no place"),
        ("x = 1", "write '==' for '='"),
        ("x ≦ 1", "write '<=' for '≦'"),
        ("x × 2 > 1", "write '*' for '×'"),
        ("x ÷ 2 > 1", "write '/' for '÷'"),
        ("x ＜ 1", "write '<' for '＜'"),
        ("x > 1 && flag", "write 'and' for '&&'"),
        ("x >", "invalid syntax"),
        ("(x > 1", "was never closed"),
        ("x > 1)", "unmatched"),
        ("x > 1; x", "invalid syntax"),
        ("x > 1\x00", "column 1"),
        ("word == '\ud800'", "cannot be read"),
    ],
)
def test_errors(text, says):
    with pytest.raises(InputError) as caught:
        parse(text, VOCABULARY, file="actions/winback.yaml", line=7, key="suitable")
    assert str(caught.value).startswith("actions/winback.yaml:7: suitable: ")
    assert says in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__.__bases__[0].__subclasses__()",
        "x.__class__ == x",
        "x[0] > 1",
        "(lambda: flag)()",
        "(lambda: flag) == flag",
        "f'{x}' == word",
        "[a for a in (1, 2)] == x",
        "{a: 1 for a in (1, 2)} == x",
        "any(a for a in (flag,))",
        "(x := 3) > 1",
        "flag if done else ok_ch",
        "eval('1') > 1",
        "open('/etc/passwd')",
        "max.__self__ == x",
        "(max)(x, 1).real > 1",
        "(yield x) > 1",
        "await x > 1",
        "import os",
        "x > 1\nimport os",
        "__builtins__ == x",
        "print(x) or flag",
        "'%s' % word == word",
        "word.format(x) == word",
    ],
)
def test_injection_is_refused(text):
    with pytest.raises(InputError):
        parse(text, VOCABULARY)


@pytest.mark.parametrize(
    "text",
    [
        "not " * 450 + "flag",
        "-" * 1500 + "x > 1",
        "(" * 900 + "flag" + ")" * 900,
        "flag and (" * 60 + "flag" + ")" * 60,
        "x" + " + 1" * 300 + " > 1",
        "max(1, " * 60 + "x" + ")" * 60 + " > 1",
        "not " * (DEEPEST + 1) + "flag",
        "flag or " * LONGEST + "flag",
    ],
)
def test_depth_and_length_are_bounded(text):
    with pytest.raises(InputError, match=r"nested|too long|parenthes"):
        parse(text, VOCABULARY)


def test_what_is_allowed_to_be_deep_or_long_works():
    both("not " * (DEEPEST - 2) + "flag", {"flag": True})
    both(" and ".join(["flag"] * 220), {"flag": True})
    assert both("(" * 15 + "x" + " or 1)" * 15 + " == 1", {}) is True


def test_an_expression_is_a_value():
    expression = parse("  x < 2 and\n(flag or x == y) ", VOCABULARY)
    assert (expression.text, expression.type, expression.names) == (
        "x < 2 and (flag or x == y)", "bool", frozenset({"x", "y", "flag"}),
    )  # fmt: skip
    assert expression == parse("x < 2 and (flag or x == y)", VOCABULARY)
    assert pickle.loads(pickle.dumps(expression)) == expression
    assert parse("x * 2", VOCABULARY, kind="number").type == "number"
    assert parse(True, VOCABULARY).text == "True"


def test_clauses_split_the_top_and():
    clauses = parse("x < 2 and (flag or done) and (1 < y < 3 and not done)", VOCABULARY).clauses()
    assert [clause.text for clause in clauses] == ["x < 2", "(flag or done)", "1 < y < 3", "not done"]
    assert [clause.closure()({"x": 1, "y": 5}) for clause in clauses] == [True, False, False, True]
    whole = parse("flag or done", VOCABULARY)
    assert whole.clauses() == (whole,)


def test_names_are_bound_to_columns_and_constants():
    expression = parse("ok_ch and ch == 'email' and x < 2", VOCABULARY)
    row = {"ok.email": True, "x": 1}
    columns, constants = {"ok_ch": "ok.email"}, {"ch": "email", "unused": object()}
    assert expression.closure(columns, constants)(row) is True
    assert expression.closure(columns, {"ch": "sms"})(row) is False
    assert expression.closure(lambda name: {"ok_ch": "ok.email"}.get(name, name), constants)(row) is True
    answer = pl.DataFrame([row]).select(expression.polars(columns, constants).alias("answer"))
    assert answer["answer"].to_list() == [True]
    assert parse("x is None", VOCABULARY).closure(constants={"x": NAN})({"x": 1}) is True
    with pytest.raises(TypeError, match="ch=3 is not a word"):
        expression.closure(constants={"ch": 3})
    with pytest.raises(TypeError):
        expression.polars(constants={"ch": True})


@pytest.mark.parametrize("dtype", [pl.UInt8, pl.Int64, pl.Float32, pl.Float64])
def test_number_columns_of_any_width(dtype):
    rows = pl.DataFrame({"x": [0, 1, 200, None]}, schema={"x": dtype})
    expression = parse("x - 1 < 0 or x * 2 == 400", VOCABULARY)
    expected = [expression.closure()(row) for row in rows.to_dicts()]
    assert rows.select(expression.polars())["x"].to_list() == expected == [True, False, True, False]


@pytest.mark.parametrize(
    "text", ["x / 3.5", "x / y", "3.5 / x", "x / (word_count or 3.5)", "x / c", "x + y * z", "x * 0.1 - y / 7 / z"]
)
def test_a_partition_rounds_like_one_customer(text):
    rng = random.Random(7)
    vocabulary = VOCABULARY | {"word_count": NUMBER, "c": NUMBER}
    found = [{name: rng.uniform(-100, 100) for name in NUMBERS} | {"word_count": None} for _ in range(500)]
    expression = parse(text, vocabulary, kind="number")
    many = pl.DataFrame(found, schema_overrides={"word_count": pl.Float64}).with_columns(c=pl.lit(0.6))
    expected = [expression.closure()({**row, "c": 0.6}) for row in found]
    assert many.select(answer=expression.polars())["answer"].to_list() == expected
    assert many.with_columns(answer=expression.polars(constants={"c": 0.6}))["answer"].to_list() == expected
    assert many.head(1).select(answer=expression.polars())["answer"].to_list() == expected[:1]


def test_columns_without_values_and_categories():
    rows = pl.DataFrame({"x": [None], "flag": [None], "word": pl.Series(["a"], dtype=pl.Enum(["a"]))})
    for text, expected in [("x < 1", False), ("not flag", True), ("word == 'b'", False), ("word in ('a', 'b')", True)]:
        assert rows.select(answer=parse(text, VOCABULARY).polars())["answer"].to_list() == [expected]


def test_importing_does_not_import_polars():
    script = "import sys, policies.expressions; sys.exit('polars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


# Why not


def explain(text: str, row: dict[str, Any], **bound: Any) -> Any:
    return parse(text, VOCABULARY).explain(row, **bound)


def test_nothing_to_explain_when_it_holds():
    assert explain("x < 2 and not y < 3", {"x": 1}) is None
    with pytest.raises(TypeError):
        parse("x", VOCABULARY, kind=None).explain({})


def test_the_first_false_clause_is_explained():
    why = explain("flag and contacts_7d < 2 and x > 1", {"flag": True, "contacts_7d": 2})
    assert (why.clause, why.seen) == ("contacts_7d < 2", {"contacts_7d": 2})
    assert why.need == Change("contacts_7d", "contacts_7d", 2, "<", 2)
    assert why.need.needs == "< 2"
    assert why.en == "contacts_7d must be below 2 (is 2)"
    assert why.ja == "contacts_7d は 2 未満である必要があります（現在 2）"


@pytest.mark.parametrize(
    ("text", "row", "en", "ja"),
    [
        ("x >= 90", {"x": 40}, "x must be at least 90 (is 40)", "x は 90 以上である必要があります（現在 40）"),
        ("x > 0.5", {}, "x must be above 0.5 (is unknown)", "x は 0.5 を超える値である必要があります（現在 不明）"),
        ("2 >= x", {"x": NAN}, "x must be at most 2 (is unknown)", "x は 2 以下である必要があります（現在 不明）"),
        ("x != 2", {"x": 2}, "x must be other than 2 (is 2)", "x は 2 以外である必要があります（現在 2）"),
        (
            "not x < 90",
            {"x": 40},
            "x must be at least 90, or unknown (is 40)",
            "x は 90 以上、または不明である必要があります（現在 40）",
        ),
        (
            "not x < max(7, 0.6 * (y or 0))",
            {"x": 5, "y": 30},
            "x must be at least 18 [max(7, 0.6 * (y or 0))], or unknown (is 5)",
            "x は 18 [max(7, 0.6 * (y or 0))] 以上、または不明である必要があります（現在 5）",
        ),
        (
            "x < y",
            {"x": 1},
            "x must be below y, which is unknown (is 1)",
            "x は y（不明） 未満である必要があります（現在 1）",
        ),
        (
            "x + y < 3",
            {"x": 1, "y": 2},
            "x + y must be below 3 (is 3)",
            "x + y は 3 未満である必要があります（現在 3）",
        ),
        ("1 <= x <= 3", {"x": 5}, "x must be at most 3 (is 5)", "x は 3 以下である必要があります（現在 5）"),
        ("1 <= x <= 3", {"x": 0}, "x must be at least 1 (is 0)", "x は 1 以上である必要があります（現在 0）"),
        (
            "1 <= x <= 3",
            {},
            "x must be at least 1 and at most 3 (is unknown)",
            "x は 1 以上かつ 3 以下である必要があります（現在 不明）",
        ),
        (
            "not 1 <= x <= 3",
            {"x": 2},
            "x must be below 1 or above 3, or unknown (is 2)",
            "x は 1 未満または 3 を超える値、または不明である必要があります（現在 2）",
        ),
        ("flag", {"flag": False}, "flag must be true (is false)", "flag は はいである必要があります（現在 いいえ）"),
        (
            "not flag",
            {"flag": True},
            "flag must be false, or unknown (is true)",
            "flag は いいえ、または不明である必要があります（現在 はい）",
        ),
        (
            "word is None",
            {"word": "a"},
            "word must be empty (is 'a')",
            "word は 値なしである必要があります（現在 「a」）",
        ),
        ("x is not None", {}, "x must be known (is unknown)", "x は 値ありである必要があります（現在 不明）"),
        (
            "status in ('active', 'closed')",
            {"status": "merged"},
            "status must be one of 'active', 'closed' (is 'merged')",
            "status は 「active」、「closed」 のいずれかである必要があります（現在 「merged」）",
        ),
        (
            "status not in ('active', 'closed')",
            {"status": "active"},
            "status must be none of 'active', 'closed' (is 'active')",
            "status は 「active」、「closed」 以外である必要があります（現在 「active」）",
        ),
        (
            "flag or x < 2",
            {"x": 2},
            "flag must be true (is unknown), or x must be below 2 (is 2)",
            "flag は はいである必要があります（現在 不明）。または、x は 2 未満である必要があります（現在 2）",
        ),
        (
            "flag or (x < 2 and y < 3)",
            {"x": 2, "y": 4},
            "flag must be true (is unknown), or (x must be below 2 (is 2), and y must be below 3 (is 4))",
            "flag は はいである必要があります（現在 不明）。または、"
            "（x は 2 未満である必要があります（現在 2）。かつ、y は 3 未満である必要があります（現在 4））",
        ),
    ],
)
def test_sentences(text, row, en, ja):
    why = explain(text, row)
    assert (why.en, why.ja) == (en, ja)


def test_changes_are_structured():
    why = explain("days_since_order >= 3 * (cycle_days or 122)", {"days_since_order": 40})
    (change,) = why.changes
    assert (change.name, change.seen, change.op, change.bound, change.source, change.alone) == (
        "days_since_order", 40, ">=", 366, "3 * (cycle_days or 122)", True,
    )  # fmt: skip
    assert why.seen == {"days_since_order": 40, "cycle_days": None}

    why = explain("(ch == 'post' and 10 <= x <= 14) or (ch != 'post' and x <= 3)", {"x": 20}, constants={"ch": "post"})
    assert why.seen == {"ch": "post", "x": 20}
    assert [(c.name, c.needs, c.alone) for c in why.changes] == [
        ("x", "<= 14", True), ("ch", "!= 'post'", False), ("x", "<= 3", False),
    ]  # fmt: skip
    assert why.need == Needs("any", (why.changes[0], Needs("all", why.changes[1:])))

    why = explain("not (flag and word in ('key', 'gold'))", {"ok": True, "word": "key"}, columns={"flag": "ok"})
    assert why.need == Needs(
        "any",
        (
            Change("flag", "flag", True, "is not", True, or_unknown=True),
            Change("word", "word", "key", "not in", ("key", "gold")),
        ),
    )
    assert not explain("x + (y or 0) < 3", {"x": 9}).changes[0].name


# The two compiled forms against an oracle that knows nothing of them

NUMBERS, BOOLS, WORDS = ("x", "y", "z"), ("flag", "done"), ("word", "label")
number_literals = st.sampled_from(["0", "1", "2", "3.5", "-1", "0.25", "100"])
word_literals = st.sampled_from(["'a'", "'b'", "'縁'"])


def joined(parts: st.SearchStrategy[str], between: list[str]) -> st.SearchStrategy[str]:
    return st.tuples(parts, st.sampled_from(between), parts).map(lambda found: f"({found[0]} {found[1]} {found[2]})")


def deeper_number(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return (
        joined(inner, ["+", "-", "*", "/", "or"])
        | inner.map("abs({})".format)
        | inner.map("(-{})".format)
        | st.tuples(st.sampled_from(["min", "max"]), st.lists(inner, min_size=2, max_size=3)).map(
            lambda found: f"{found[0]}({', '.join(found[1])})"
        )
    )


numbers = st.recursive(st.sampled_from(NUMBERS) | number_literals, deeper_number, max_leaves=4)
words = st.sampled_from(WORDS) | word_literals | st.sampled_from(WORDS).map("({} or 'a')".format)
choices = st.lists(number_literals, min_size=1, max_size=3).map(lambda found: f"({', '.join(found)},)")
links = st.lists(st.tuples(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numbers), min_size=1, max_size=2)
atoms = (
    st.sampled_from([*BOOLS, "True", "False"])
    | st.tuples(numbers, links).map(lambda f: f"({f[0]} {' '.join(f'{op} {right}' for op, right in f[1])})")
    | joined(words, ["==", "!="])
    | joined(st.sampled_from([*BOOLS, "True", "(x < 1)"]), ["==", "!="])
    | st.tuples(numbers, st.sampled_from(["in", "not in"]), choices).map(lambda f: f"({f[0]} {f[1]} {f[2]})")
    | st.tuples(words, st.sampled_from(["in ('a',)", "not in ('a', '縁')"])).map(lambda f: f"({f[0]} {f[1]})")
    | st.tuples(numbers | words | st.sampled_from(BOOLS), st.sampled_from(["is None", "is not None"])).map(
        lambda f: f"({f[0]} {f[1]})"
    )
)
conditions = st.recursive(
    atoms, lambda inner: joined(inner, ["and", "or"]) | inner.map("(not {})".format), max_leaves=6
)
rows = st.fixed_dictionaries(
    {name: st.sampled_from([None, NAN, 0.0, 1.0, 2.0, -1.0, 3.5, 100.0, math.inf]) for name in NUMBERS}
    | {name: st.sampled_from([None, True, False]) for name in BOOLS}
    | {name: st.sampled_from([None, "a", "b", "縁"]) for name in WORDS}
)


class Oracle:
    """Reads Python's own tree, straight from the rules of null in words."""

    def __init__(self, row: dict[str, Any]) -> None:
        self.row = row

    def holds(self, node: ast.expr) -> bool:
        return self.value(node) is True

    def value(self, node: Any) -> Any:
        found = getattr(self, type(node).__name__)(node)
        return None if isinstance(found, float) and math.isnan(found) else found

    def Constant(self, node: ast.Constant) -> Any:  # noqa: N802
        return node.value

    def Name(self, node: ast.Name) -> Any:  # noqa: N802
        return self.row[node.id]

    def Tuple(self, node: ast.Tuple) -> Any:  # noqa: N802
        return [self.value(each) for each in node.elts]

    def BoolOp(self, node: ast.BoolOp) -> Any:  # noqa: N802
        if isinstance(node.op, ast.And):
            return all(self.holds(each) for each in node.values)
        if self.condition(node.values[0]):
            return any(self.holds(each) for each in node.values)
        return next((value for each in node.values if (value := self.value(each)) is not None), None)

    def condition(self, node: ast.expr) -> bool:
        match node:
            case ast.Compare() | ast.UnaryOp(op=ast.Not()) | ast.BoolOp(op=ast.And()):
                return True
            case ast.BoolOp(values=[first, *_]):
                return self.condition(first)
            case ast.Name(id=name):
                return name in BOOLS
            case ast.Constant(value=value):
                return isinstance(value, bool)
        return False

    def UnaryOp(self, node: ast.UnaryOp) -> Any:  # noqa: N802
        if isinstance(node.op, ast.Not):
            return not self.holds(node.operand)
        value = self.value(node.operand)
        return None if value is None else -value

    def BinOp(self, node: ast.BinOp) -> Any:  # noqa: N802
        left, right = self.value(node.left), self.value(node.right)
        if left is None or right is None:
            return None
        match node.op:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
        return None if right == 0 else left / right

    def Call(self, node: ast.Call) -> Any:  # noqa: N802
        values = [self.value(each) for each in node.args]
        return None if None in values else {"min": min, "max": max, "abs": abs}[node.func.id](*values)

    def Compare(self, node: ast.Compare) -> bool:  # noqa: N802
        values = [self.value(each) for each in (node.left, *node.comparators)]
        return all(self.link(*link) for link in zip(values, node.ops, values[1:], strict=False))

    def link(self, left: Any, op: ast.cmpop, right: Any) -> bool:
        if isinstance(op, (ast.Is, ast.IsNot)):
            return (left is None) is isinstance(op, ast.Is)
        if isinstance(op, (ast.In, ast.NotIn)):
            return (left is not None and left in right) is isinstance(op, ast.In)
        if left is None or right is None:
            return False
        less, same = left < right, left == right
        return {
            ast.Lt: less, ast.LtE: less or same, ast.Gt: not less and not same, ast.GtE: not less,
            ast.Eq: same, ast.NotEq: not same,
        }[type(op)]  # fmt: skip


@pytest.mark.parametrize("text", ["x < min(0, abs(0))", "max(1, -2) + abs(-1) > x", "x / (2 - max(1, 2)) > 0", "x < 3 and 0 < min(0, abs(0))"])
def test_what_is_made_of_numbers_alone_is_one_number(text):
    values = [-1.0, 0.0, 2.0, None]
    expression = parse(text, {"x": VOCABULARY["x"]})
    answers = pl.DataFrame({"x": values}).with_columns(expression.polars().alias("answer"))["answer"].to_list()
    assert answers == [expression.closure()({"x": value}) for value in values]
    alike = pl.DataFrame({"x": values}).with_columns(pl.lit(2.0).alias("x")).with_columns(expression.polars().alias("answer"))
    assert alike["answer"].to_list() == [expression.closure()({"x": 2.0})] * len(values)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(conditions, st.lists(rows, min_size=1, max_size=8))
def test_polars_and_closure_agree_with_the_oracle(text, found):
    tree = ast.parse(text, mode="eval").body
    expected = [Oracle(row).holds(tree) for row in found]
    expression = parse(text, VOCABULARY)
    closure = expression.closure()
    assert [closure(row) for row in found] == expected
    answers = frame(*found).with_columns(expression.polars().alias("answer"))["answer"].to_list()
    assert answers == expected
    uniform = frame(*found).with_columns(
        pl.lit(found[0][name], dtype=SCHEMA[VOCABULARY[name].kind]).alias(name) for name in found[0]
    )
    assert uniform.with_columns(expression.polars().alias("answer"))["answer"].to_list() == expected[:1] * len(found)
    for row, holds in zip(found, expected, strict=True):
        assert all(clause.closure()(row) for clause in expression.clauses()) is holds
        why = expression.explain(row)
        assert (why is None) is holds
        assert holds or (why.changes and why.en and why.ja)


@settings(max_examples=100, deadline=None)
@given(numbers, st.lists(rows, min_size=1, max_size=8))
def test_values_agree_with_the_oracle(text, found):
    tree = ast.parse(text, mode="eval").body
    expected = [Oracle(row).value(tree) for row in found]
    expression = parse(text, VOCABULARY, kind="number")
    closure = expression.closure()
    assert [closure(row) for row in found] == expected
    assert frame(*found).with_columns(expression.polars().alias("answer"))["answer"].to_list() == expected
    uniform = frame(*found).with_columns(pl.lit(found[0][name], dtype=pl.Float64).alias(name) for name in NUMBERS)
    assert uniform.with_columns(expression.polars().alias("answer"))["answer"].to_list() == expected[:1] * len(found)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | st.text(alphabet="xy flagornt()<>=!+-*/,.'0123[]{}:#@\\\n", max_size=40))
def test_any_text_gives_an_expression_or_an_input_error(text):
    try:
        parse(text, VOCABULARY)
    except InputError as wrong:
        assert wrong.message
