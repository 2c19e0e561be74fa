# ruff: noqa: E501
"""A sample frame enters with Hypothesis' choices; leaves one set of arguments for each core expectation, and facts.

Facts are what a listed difference may appeal to: kinds of columns, whether values are missing, and the arguments' shape.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from frames import Sample
from hypothesis import strategies as st
from moments import OLDER_ABOUT_MOMENTS, condition_facts, draw_condition, writes_texts

from loadgate.checking.engine.samples import MOST_NUMBERS

Draw = Callable[[st.SearchStrategy[Any]], Any]
PATTERNS = (
    r"^a",
    r"^[A-Z]",
    r"^\d+$",
    r"b$",
    r"^.{2,}$",
    r"^$",
    r"a|b",
    r"(?i)A",
    r"\s",
    r"[æøå]",
    r"^\d{4}-\d{2}-\d{2}$",
)
LIKES = ("a%", "%b", "_", "%", "", "a_c", "__%", "1%", "b!%", "A%")
FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%Y%m%d", "%H:%M", "%b %d, %Y", "%Y-%m")
SCHEMAS = (
    {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]},
    {"type": "array", "maxItems": 1},
    {"type": ["number", "string"]},
    {},
)
TYPES = (
    "int64",
    "float64",
    "bool",
    "datetime64",
    "int",
    "float",
    "int8",
    "str",
    "int64",
    "float64",
    "bool",
    "no_such_type",
)
QUERY_FORMS = ("pandas", "objects")
OLDER = "great_expectations"
OLDER_CONDITIONS: dict[str, Callable[[Any], Any]] = {
    'col("g") == 1': lambda column: column("g") == 1,
    'col("g") != 0': lambda column: column("g") != 0,
    'col("k") > 105': lambda column: column("k") > 105,
    'col("k") <= 107': lambda column: column("k") <= 107,
    'col("a").notNull()': lambda column: column("a").is_not_null(),
    **OLDER_ABOUT_MOMENTS,
}
"""Conditions in GX's own older language, which its pandas engine cannot read, and what they say."""
SEPARATORS = frozenset("\x1c\x1d\x1e\x1f")
MOVABLE = ("min_value", "max_value", "value", "value_set", "mostly", "threshold", "regex", "sum_total", "like_pattern")
"""Arguments that a suite may leave to a parameter."""
RESULT_FORMATS: tuple[Any, ...] = (
    "BOOLEAN_ONLY",
    "BASIC",
    "SUMMARY",
    "COMPLETE",
    {"result_format": "COMPLETE", "unexpected_index_column_names": ["k"]},
    {"result_format": "SUMMARY", "unexpected_index_column_names": ["k", "g"], "partial_unexpected_count": 3},
    {"result_format": "COMPLETE", "partial_unexpected_count": 0},
    {"result_format": "BASIC", "partial_unexpected_count": 2},
    {"result_format": "COMPLETE", "exclude_unexpected_values": True},
    {"result_format": "SUMMARY", "include_unexpected_rows": True},
    {"result_format": "BASIC", "include_unexpected_rows": True},
    {"result_format": "COMPLETE", "return_unexpected_index_query": False},
)


@dataclass(frozen=True)
class Asked:
    """One case: an expectation, its arguments, values of its parameters, and facts about all and about the frame."""

    expectation: str
    kwargs: dict[str, Any]
    facts: frozenset[str] = field(default_factory=frozenset)
    parameters: dict[str, Any] = field(default_factory=dict)


class Arguments:
    """Draws arguments that fit the sample more often than not."""

    def __init__(self, draw: Draw, sample: Sample) -> None:
        self.draw, self.sample = draw, sample

    def one(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def chance(self, parts: int) -> bool:
        return bool(self.draw(st.integers(1, parts)) == parts)

    def value(self, column: str) -> Any:
        """A value that could stand in the column, as a suite can write it."""
        kind = self.sample.kinds[column]
        own = self.sample.values(column)
        value = self.one(*own) if own and not self.chance(4) else self.draw(kind.values)
        if isinstance(value, Decimal):
            return float(value)
        if kind.name == "zoned" and isinstance(value, dt.datetime):
            value = value.astimezone(dt.UTC) if value.tzinfo else value.replace(tzinfo=dt.UTC)
        if isinstance(value, dt.datetime):
            return value if self.chance(2) else value.isoformat()
        if isinstance(value, dt.date):
            return value.isoformat() if self.chance(2) else dt.datetime.combine(value, dt.time())
        if isinstance(value, float) and value != value:
            return 1.5
        return 1 if value is None else value

    def value_set(self, column: str, most: int = 5) -> list[Any]:
        wanted = [self.value(column) for _ in range(self.draw(st.integers(1, most)))]
        if self.chance(8):
            wanted.append(self.one("x", 3, 2.5, None))
        if self.chance(4):
            wanted += self.sample.values(column)
        return wanted if all(type(value) is not Decimal for value in wanted) else [_written(v) for v in wanted]

    def limits(self, low: Callable[[], Any], high: Callable[[], Any], strict: bool = True) -> dict[str, Any]:
        found: dict[str, Any] = {}
        which = self.one("both", "min", "max", "both")
        if which != "max":
            found["min_value"] = low()
        if which != "min":
            found["max_value"] = high()
        if which == "both" and type(found["min_value"]) is type(found["max_value"]):
            if not self.chance(15):
                found["min_value"], found["max_value"] = sorted(found.values())
        elif which == "both":
            del found["max_value"]
        for name, limit in (("strict_min", "min_value"), ("strict_max", "max_value")):
            if strict and limit in found and self.chance(3):
                found[name] = True
        return found

    def mostly(self) -> dict[str, Any]:
        return {"mostly": self.one(0.0, 0.3, 0.5, 0.75, 0.9)} if self.chance(3) else {}

    def condition(self) -> dict[str, Any]:
        """A row_condition in one of GX's three forms, or none."""
        if not self.chance(4):
            return {}
        about_time = [name for name in "ac" if self.sample.kinds[name].family == "time"]
        if about_time and self.chance(4):
            return draw_condition(self, about_time)
        from great_expectations.expectations.row_conditions import Column

        number = self.one(0, 1, 2)
        text = self.sample.kinds["c"].family == "text" and self.chance(2)
        form = self.one("object", "object", "pandas", "older")
        if form == "older":
            dated = "a" in about_time and not writes_texts(self.sample)
            fit = [one for one in OLDER_CONDITIONS if dated or one not in OLDER_ABOUT_MOMENTS]
            return {"row_condition": self.one(*fit), "condition_parser": OLDER}
        if form == "pandas":
            written = self.one(
                f"g == {number}", f"g > {number}", f"g != {number} and k < 108", "(g == 0) | (k >= 105)",
                f"g in [0, {number}]", f"not g == {number}", "a.isnull()", "a.notnull()", "g <= 1 and not k == 101",
                f"k not in [100, 103] or g == {number}", "`g` == 1", "100 < k <= 107", "k + g > 104", "k // 3 == 34", "k // g > 51", "0 / g == 0",
                "abs(k - 104) <= 2", "-g < 0", f"k.between(101, 10{number + 4}, inclusive='left')",
                f"not g.isin([{number}, 7])", f"g.ne({number}) and (a.isna() == False)", *self.parts(),
            )  # fmt: skip
            return {"row_condition": written, "condition_parser": "pandas"}
        choices = [
            Column("g") == number, Column("g") != number, Column("k") > 105, Column("g") <= number,
            Column("g").is_in([0, number]), Column("g").is_not_in([number]), Column("a").is_null(),
            Column("a").is_not_null(), (Column("g") == number) & (Column("k") < 110),
            (Column("g") == 1) | (Column("c").is_null()),
        ]  # fmt: skip
        if text:
            choices += [Column("c") == self.one("a", "b"), Column("c") != "a", Column("c").is_in(["a", "b"])]
        return {"row_condition": self.one(*choices)}

    def parts(self) -> list[str]:
        """Conditions on parts of the values of column c, if it has values of which they can be asked."""
        family = self.sample.kinds["c"].family if self.sample.values("c") else "none"
        texts = [
            "c.str.contains('a')", "not c.str.contains('^[A-Z0-9]+$')", "c.str.contains('a(?!b)', na=True)",
            "c.str.contains('A', case=False)", "c.str.contains('.', regex=False)", "c.str.match('a')",
            "c.str.fullmatch('a|b|[0-9]+')", "c.str.startswith('a') or g == 0", "not c.str.endswith('b')",
            "c.str.len() > 1", "c.str.len() != 1", "c.str.upper() == 'A'", "c.str.strip().str.lower() in ['a', 'b']",
        ]  # fmt: skip
        moments = ["c.dt.year == 2024", "c.dt.month != 1", "c.dt.day >= 2 or c.dt.weekday == 0", "c.dt.quarter == 4"]
        return {"text": texts, "time": moments}.get(family, [])

    def ignore(self, *values: str) -> dict[str, Any]:
        return {"ignore_row_if": self.one(*values)} if self.chance(2) else {}


PAIRS = ("both_values_are_missing", "either_value_is_missing", "neither")
LISTS = ("all_values_are_missing", "any_value_is_missing", "never")


def draw_case(name: str, draw: Draw, sample: Sample) -> Asked:
    """Draw arguments for one expectation."""
    arguments = Arguments(draw, sample)
    kwargs = BUILDERS[name](arguments)
    if name not in WITHOUT_CONDITION:
        kwargs |= arguments.condition()
    told = facts(name, kwargs, sample)
    movable = [key for key in MOVABLE if kwargs.get(key) is not None]
    if not movable or not arguments.chance(12):
        return Asked(f"expect_{name}", kwargs, told)
    key = arguments.one(*movable)
    parameter = f"{key}_of_{name}"
    left = kwargs | {key: {"$PARAMETER": parameter}}
    return Asked(f"expect_{name}", left, told | {"parameter"}, {parameter: kwargs[key]})


def facts(name: str, kwargs: dict[str, Any], sample: Sample) -> frozenset[str]:
    columns = [kwargs[key] for key in ("column", "column_A", "column_B") if key in kwargs]
    columns += kwargs.get("column_list") or [] if "table" not in name else []
    found = {f"rows:{min(sample.frame.height, 2)}"} | ({"many rows"} if sample.frame.height > MOST_NUMBERS else set())
    for column in dict.fromkeys(columns):
        kind = sample.kinds.get(column)
        if kind is None:
            found |= {"another case"} if column.casefold() in sample.kinds else set()
            continue
        values = sample.values(column)
        found |= {f"kind:{kind.name}", f"family:{kind.family}"}
        found |= {"missing"} if sample.has_missing(column) else set()
        found |= {"no values"} if not any(value == value for value in values) else set()
        found |= (
            {"infinite"} if any(v in (float("inf"), float("-inf")) for v in values if isinstance(v, float)) else set()
        )
        found |= {"beyond floats"} if any(isinstance(v, int) and abs(v) > 2**53 for v in values) else set()
        found |= {"nan"} if any(v != v for v in values) else set()
        found |= {"separators"} if any(isinstance(v, str) and SEPARATORS & set(v) for v in values) else set()
        found |= {"ends a line"} if any(isinstance(v, str) and v.endswith("\n") for v in values) else set()
        found |= {"no binary fraction"} if any(isinstance(v, Decimal) and v != float(v) for v in values) else set()
    if "column_A" in kwargs and not sample.has_pairs(kwargs["column_A"], kwargs["column_B"]):
        found.add("no values")
    condition = kwargs.get("row_condition")
    if condition is not None:
        found.add("condition:text" if isinstance(condition, str) else "condition:object")
        found.add(f"condition={condition!r}")
        if any(sample.has_missing(name) and f" {name} " in f" {condition!r} ".replace("(", " ") for name in "ac"):
            found.add("condition on missing")
        found |= condition_facts(condition, sample)
    for key, value in kwargs.items():
        parts = value if isinstance(value, list | tuple) else [value]
        found |= {f"{key}:{type(part).__name__}" for part in parts}
        if isinstance(value, str | bool):
            found.add(f"{key}={value}")
    return frozenset(found)


def _written(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def _column(a: Arguments) -> dict[str, Any]:
    filled = [name for name in ("a", "a", "c") if a.sample.values(name)]  # an empty column has its turn, not more
    names = [*filled, "g"] if not a.chance(6) else ["a", "a", "c", "g"]
    if a.chance(60):
        return {"column": a.one("elsewhere", "elsewhere", "elsewhere", "A")}
    return {"column": a.one(*names)}


def _mapped(a: Arguments) -> dict[str, Any]:
    return _column(a) | a.mostly()


def _with_set(a: Arguments, most: int = 5) -> dict[str, Any]:
    chosen = _column(a)
    return chosen | {"value_set": a.value_set(chosen["column"] if chosen["column"] in "acg" else "a", most)}


def _range(a: Arguments) -> dict[str, Any]:
    chosen = _column(a)
    name = chosen["column"] if chosen["column"] in "acg" else "a"
    return chosen | a.limits(lambda: a.value(name), lambda: a.value(name))


def _fitting(a: Arguments, *families: str, mapped: bool = True) -> dict[str, Any]:
    """A column of a family that the expectation is about, and one time in twelve any other."""
    fit = [name for name in ("a", "a", "c") if a.sample.kinds[name].family in families]
    fit += ["g"] if "number" in families else []
    chosen = {"column": a.one(*fit)} if fit and not a.chance(12) else _column(a)
    return chosen | a.mostly() if mapped else chosen


def _typed(a: Arguments) -> dict[str, Any]:
    """A column that means the same to pandas: without gaps, which make whole numbers floats; or, rarely, any."""
    kinds = ("whole", "float", "word", "few", "moment", "boolean", "big")
    fit = [n for n in ("a", "c") if a.sample.kinds[n].name in kinds and not a.sample.has_missing(n)]
    return {"column": a.one(*fit, "g")} if not a.chance(10) else _column(a)


def _like(a: Arguments) -> dict[str, Any]:
    """SQL has LIKE for texts only."""
    fit = [name for name in ("a", "c") if a.sample.kinds[name].family == "text"]
    return {"column": a.one(*fit) if fit else "elsewhere"} | a.mostly()


def _number_range(a: Arguments, low: float = -3, high: float = 5) -> dict[str, Any]:
    pick = st.floats(low, high, width=16)
    chosen = _column(a) if low == 0 and high == 1 else _fitting(a, "number", mapped=False)
    return chosen | a.limits(lambda: a.draw(pick), lambda: a.draw(pick))


def _whole_range(a: Arguments, most: int) -> dict[str, Any]:
    pick = st.integers(0, most)
    return a.limits(lambda: a.draw(pick), lambda: a.draw(pick))


def _patterns(a: Arguments, source: tuple[str, ...]) -> list[str]:
    return a.draw(st.lists(st.sampled_from(source), min_size=1, max_size=3, unique=True))


def _escape(a: Arguments) -> dict[str, Any]:
    return {"escape": "!"} if a.chance(3) else {}


def _pair(a: Arguments, **more: Any) -> dict[str, Any]:
    other = a.one("b", "b", "b", "c", "g")
    return {"column_A": "a", "column_B": other, **more} | a.ignore(*PAIRS) | a.mostly()


def _several(a: Arguments, **more: Any) -> dict[str, Any]:
    names = a.one(["a", "b"], ["a", "b", "g"], ["a", "g"], ["a", "c"], ["c", "g", "b"])
    if "sum_total" in more and not a.chance(12):
        names = [name for name in names if a.sample.kinds[name].family == "number"] or ["g", "k"]
    return {"column_list": list(names), **more} | a.ignore(*LISTS)


def _quantiles(a: Arguments) -> dict[str, Any]:
    chosen = _column(a)
    name = chosen["column"] if chosen["column"] in "acg" else "a"
    quantiles = sorted(
        a.draw(
            st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.6, 0.75, 0.9, 1.0]), min_size=1, max_size=4, unique=True)
        )
    )
    number = a.sample.kinds[name].family != "time"

    def limit() -> Any:
        value = a.value(name)
        return (
            (value if isinstance(value, int | float) else 1)
            if number
            else value
            if not isinstance(value, str)
            else dt.datetime.fromisoformat(value)
        )

    ranges = []
    for _ in quantiles:
        pair: list[Any] = sorted([limit(), limit()])
        ranges.append([None if a.chance(4) else pair[0], None if a.chance(4) else pair[1]])
    more = {"allow_relative_error": a.one("linear", "lower", "higher", "midpoint", "nearest")} if a.chance(2) else {}
    return chosen | {"quantile_ranges": {"quantiles": quantiles, "value_ranges": ranges}} | more


def _divergence(a: Arguments) -> dict[str, Any]:
    shape = a.one("bins", "bins", "bins", "values", "values", "own bins", "own values")
    more: dict[str, Any] = {"threshold": a.one(0.1, 0.5, 2.0, 0)}
    if shape == "bins":
        ends = a.one((), (float("-inf"), float("inf")))
        bins = a.one([-4.0, 0.0, 2.0, 8.0], [0, 1, 2, 3], [-3.5, 1.5, 6.5])
        bins = [*ends[:1], *bins, *ends[1:]]
        partition: dict[str, Any] = {"bins": bins, "weights": [1 / (len(bins) - 1)] * (len(bins) - 1)}
        if not ends and a.chance(3):
            partition["weights"] = [weight * 0.8 for weight in partition["weights"]]
            partition["tail_weights"] = [0.1, 0.1]
        elif not ends:
            more["tail_weight_holdout"] = a.one(0, 0.01, 0.1)
        if a.chance(3):
            more["internal_weight_holdout"] = 0.01
        return {"column": a.one("a", "a", "g"), "partition_object": partition, "bucketize_data": True, **more}
    if shape == "values":
        column = a.one("a", "c", "g")
        values = list(dict.fromkeys(a.value(column) for _ in range(a.draw(st.integers(1, 4)))))
        partition = {"values": values, "weights": [1 / len(values)] * len(values)}
        return {
            "column": column,
            "partition_object": partition,
            "bucketize_data": False,
            "tail_weight_holdout": a.one(0, 0.05),
            **more,
        }
    # GX makes as many bins as the spread asks for: millions, where one value lies far from close ones
    close = ("whole", "narrow", "unsigned", "boolean", "short float", "decimal", "few", "category", "day")
    column = a.one("a", "g") if a.sample.kinds["a"].name in close else "g"
    return {"column": column, "bucketize_data": shape == "own bins", **more}


def _pair_sets(a: Arguments) -> list[list[Any]]:
    rows = a.sample.frame.select("a", "b").rows()
    plain = [[_written(x), _written(y)] for x, y in rows]
    drawn = [[a.value("a"), a.value("b")] for _ in range(2)]
    return drawn + (plain if a.chance(2) else plain[: len(plain) // 2])


def _columns_list(a: Arguments) -> list[str]:
    names = list(a.sample.frame.columns)
    return a.one(names, names, names[::-1], names[:-1], [*names, "more"], ["a", "b", "c"])


BUILDERS: dict[str, Callable[[Arguments], dict[str, Any]]] = {
    "table_row_count_to_be_between": lambda a: _whole_range(a, 20),
    "table_row_count_to_equal": lambda a: {"value": a.one(a.sample.frame.height, 5)},
    "table_column_count_to_be_between": lambda a: {k: v for k, v in _whole_range(a, 8).items() if "strict" not in k},
    "table_column_count_to_equal": lambda a: {"value": a.one(5, 6)},
    "table_columns_to_match_ordered_list": lambda a: {"column_list": _columns_list(a)},
    "table_columns_to_match_set": lambda a: {"column_set": _columns_list(a)} | ({"exact_match": False} if a.chance(2) else {}),
    "column_to_exist": lambda a: _column(a) | ({"column_index": a.one(0, 1, 2, 9)} if a.chance(2) else {}),
    "column_type_to_be": lambda a: _typed(a) | {"type_": a.one(*TYPES)},
    "column_values_to_be_of_type": lambda a: _typed(a) | a.mostly() | {"type_": a.one(*TYPES)},
    "column_values_to_be_in_type_list": lambda a: _typed(a) | a.mostly() | {"type_list": _patterns(a, TYPES if a.chance(4) else TYPES[:-1])},
    "column_distinct_values_to_be_in_set": _with_set,
    "column_distinct_values_to_contain_set": _with_set,
    "column_distinct_values_to_equal_set": _with_set,
    "column_kl_divergence_to_be_less_than": _divergence,
    "column_max_to_be_between": _range,
    "column_min_to_be_between": _range,
    "column_mean_to_be_between": _number_range,
    "column_median_to_be_between": _range,
    "column_most_common_value_to_be_in_set": lambda a: _with_set(a, 2) | ({"ties_okay": a.one(True, False)} if a.chance(2) else {}),
    "column_proportion_of_non_null_values_to_be_between": lambda a: _number_range(a, 0, 1),
    "column_proportion_of_unique_values_to_be_between": lambda a: _number_range(a, 0, 1),
    "column_quantile_values_to_be_between": _quantiles,
    "column_stdev_to_be_between": lambda a: _number_range(a, 0, 4),
    "column_sum_to_be_between": lambda a: _number_range(a, -9, 40),
    "column_unique_value_count_to_be_between": lambda a: _column(a) | _whole_range(a, 9),
    "column_value_lengths_to_be_between": lambda a: _fitting(a, "text") | _whole_range(a, 5),
    "column_value_lengths_to_equal": lambda a: _fitting(a, "text") | {"value": a.one(0, 1, 2, 3)},
    "column_value_z_scores_to_be_less_than": lambda a: _fitting(a, "number") | {"threshold": a.one(0.5, 1, 1.4, -1), "double_sided": a.one(True, False)},
    "column_values_to_be_between": lambda a: _range(a) | a.mostly(),
    "column_values_to_be_dateutil_parseable": lambda a: _fitting(a, "text"),
    "column_values_to_be_decreasing": lambda a: _fitting(a, "number", "time") | ({"strictly": True} if a.chance(2) else {}),
    "column_values_to_be_in_set": lambda a: _with_set(a) | a.mostly(),
    "column_values_to_be_increasing": lambda a: _fitting(a, "number", "time") | ({"strictly": True} if a.chance(2) else {}),
    "column_values_to_be_json_parseable": lambda a: _fitting(a, "text"),
    "column_values_to_be_null": _mapped,
    "column_values_to_be_unique": _mapped,
    "column_values_to_match_json_schema": lambda a: _fitting(a, "text") | {"json_schema": a.one(*SCHEMAS)},
    "column_values_to_match_like_pattern": lambda a: _like(a) | {"like_pattern": a.one(*LIKES)} | _escape(a),
    "column_values_to_match_like_pattern_list": lambda a: _like(a) | {"like_pattern_list": _patterns(a, LIKES), "match_on": a.one("any", "all")} | _escape(a),
    "column_values_to_match_regex": lambda a: _fitting(a, "text") | {"regex": a.one(*PATTERNS)},
    "column_values_to_match_regex_list": lambda a: _fitting(a, "text") | {"regex_list": _patterns(a, PATTERNS), "match_on": a.one("any", "all")},
    "column_values_to_match_strftime_format": lambda a: _fitting(a, "text") | {"strftime_format": a.one(*FORMATS)},
    "column_values_to_not_be_in_set": lambda a: _with_set(a) | a.mostly(),
    "column_values_to_not_be_null": _mapped,
    "column_values_to_not_be_outliers": lambda a: _fitting(a, "number") | {"method": a.one("iqr", "std"), "multiplier": a.one(0, 0.5, 1.5, 3)},
    "column_values_to_not_match_like_pattern": lambda a: _like(a) | {"like_pattern": a.one(*LIKES)} | _escape(a),
    "column_values_to_not_match_like_pattern_list": lambda a: _like(a) | {"like_pattern_list": _patterns(a, LIKES)} | _escape(a),
    "column_values_to_not_match_regex": lambda a: _fitting(a, "text") | {"regex": a.one(*PATTERNS)},
    "column_values_to_not_match_regex_list": lambda a: _fitting(a, "text") | {"regex_list": _patterns(a, PATTERNS)},
    "column_pair_values_a_to_be_greater_than_b": lambda a: _pair(a) | ({"or_equal": True} if a.chance(2) else {}),
    "column_pair_values_to_be_equal": _pair,
    "column_pair_values_to_be_in_set": lambda a: _pair(a, value_pairs_set=_pair_sets(a)) | {"column_B": "b"},
    "compound_columns_to_be_unique": lambda a: _several(a) | a.mostly(),
    "multicolumn_sum_to_equal": lambda a: _several(a, sum_total=a.one(0, 1, 2, 3.5, 4)) | a.mostly(),
    "multicolumn_values_to_be_equal": lambda a: _several(a) | a.mostly(),
    "select_column_values_to_be_unique_within_record": lambda a: _several(a) | a.mostly(),
}  # fmt: skip
"""Every core expectation that needs neither SQL nor another table."""
CANNOT = {
    "expect_table_row_count_to_equal_other_table": {"other_table_name": "t"},
    "expect_query_results_to_match_comparison": {
        "base_query": "SELECT 1 FROM {batch}",
        "comparison_data_source_name": "d",
        "comparison_query": "SELECT 1",
    },
    "unexpected_rows_expectation": {"unexpected_rows_query": "SELECT * FROM {batch}"},
}
WITHOUT_CONDITION = (
    "column_to_exist",
    "column_type_to_be",
    "table_column_count_to_be_between",
    "table_column_count_to_equal",
    "table_columns_to_match_ordered_list",
    "table_columns_to_match_set",
)
# What columns of texts hold is of interest to some expectations more than to others.
LIKED_KINDS = {
    "column_values_to_be_dateutil_parseable": ("day text", "number text", "word"),
    "column_values_to_match_strftime_format": ("day text", "number text"),
    "column_values_to_be_json_parseable": ("json", "number text"),
    "column_values_to_match_json_schema": ("json",),
}
