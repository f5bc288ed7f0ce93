#!/usr/bin/env python3
"""@DOC@"""
from __future__ import annotations

import base64
import csv
import datetime
import hashlib
import io
import itertools
import json
import math
import numbers
import re
import struct
import sys
import unicodedata
import zlib
from array import array


def predict(rows):
    """Answers rows, each a dictionary with a value for every input by its name.

    None, an empty text and a number that is none (nan) are missing. Of a class the answer is {"label": ..., "probabilities": {...}}, of a number {"number": ...}.
    Raises ValueError with the row, the column, what was found and what was expected where a value does not fit.
    """
    return [answer(outputs) for outputs in score(rows)]


def score(rows):
    "The bare answers: for each row one probability a class, or the number."
    return [LOADED.score(values) for values in read_rows(rows)]


def answer(outputs):
    classes = LOADED.model["classes"]
    if not classes:
        return {"number": outputs[0] if math.isfinite(outputs[0]) else None}
    threshold = LOADED.model.get("threshold")
    if threshold is not None:
        return {"label": classes[1 if outputs[1] >= threshold else 0], "probabilities": dict(zip(classes, outputs))}
    # The first of several likeliest.
    best = 0
    for k in range(1, len(outputs)):
        if outputs[k] > outputs[best]:
            best = k
    return {"label": classes[best], "probabilities": dict(zip(classes, outputs))}


def main(arguments):
    "Reads rows from standard input, as CSV or JSON, and writes the answers: as CSV, with --json as JSON."
    if any(a not in ("--json",) for a in arguments):
        print(f"Usage: python3 {sys.argv[0]} [--json] < rows.csv\n\n" + __doc__.strip(), file=sys.stderr)
        return 2
    text = sys.stdin.buffer.read().decode("utf-8-sig")
    try:
        if text.lstrip()[:1] in ("[", "{"):
            rows = json.loads(text)
            rows = rows.get("records", [rows]) if isinstance(rows, dict) else rows
        else:
            rows = rows_of_csv(text)
        outputs = score(rows)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if "--json" in arguments:
        print(json.dumps([answer(o) for o in outputs]))
        return 0
    classes = LOADED.model["classes"]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["prediction"] + ["probability " + name for name in classes])
    for o in outputs:
        first = answer(o)
        writer.writerow([first["label"]] + [repr(p) for p in o] if classes else ["" if first["number"] is None else repr(first["number"])])
    return 0


def rows_of_csv(text):
    "Rows of a text with a line of names; between fields commas, semicolons, tabs or pipes."
    known = {i["name"] for i in LOADED.model["inputs"]}
    csv.field_size_limit(1 << 24)

    def records(delimiter):
        return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)

    delimiter = max(",;\t|", key=lambda d: len(known.intersection(name.strip(BLANKS) for name in next(records(d), []))))
    lines = records(delimiter)
    names = [name if name in known else name.strip(BLANKS) for name in next(lines, [])]
    rows = []
    for fields in lines:
        if not "".join(fields).strip(BLANKS) and len(names) > 1 and len(fields) <= 1:
            continue
        if len(fields) != len(names):
            raise ValueError(f"Line {lines.line_num}: found {len(fields)} values, expected {len(names)}, as the first line has names.")
        rows.append({name: None if field.strip(BLANKS) in MISSING_MARKS else field for name, field in zip(names, fields)})
    return rows


def read_rows(rows):
    "Values by column: numbers with nan for missing, dates as ticks (100 ns since the year 1) and texts with None for missing."
    problems, read = [], []
    for place, row in enumerate(rows):
        values = {}
        for column in LOADED.used:
            name = column["name"]
            if name not in row:
                problems.append(f"Row {place}, column '{name}': found no such column in the record; expected a value, or None where it is missing.")
                continue
            try:
                values[name] = read_value(row[name], column)
            except ValueError as error:
                problems.append(f"Row {place}, column '{name}': found {str(row[name])[:60]!r}; expected {error}.")
        read.append(values)
        if len(problems) >= 100:
            break
    if problems:
        raise ValueError(" ".join(problems[:100]))
    return read


def read_value(value, column):
    kind = column["kind"]
    missing = NAN if kind == "numeric" else None
    if value is None or value != value:
        return missing
    if isinstance(value, bool):
        if kind in ("numeric", "datetime"):
            raise ValueError("a number or None" if kind == "numeric" else "an ISO 8601 date or None")
        value = "true" if value else "false"
    elif isinstance(value, numbers.Real):
        if kind == "numeric":
            try:
                value = float(value)
            except OverflowError:
                value = math.inf
            if math.isinf(value):
                raise ValueError("a finite number or None")
            return value
        if kind == "datetime":
            raise ValueError("an ISO 8601 date or None")
        value = str(int(value)) if isinstance(value, numbers.Integral) else repr(float(value))
    elif hasattr(value, "isoformat"):
        value = value.isoformat()
    text = str(value).strip(BLANKS)
    if not text:
        return missing
    if len(text) > 65536:
        raise ValueError("at most 65536 characters")
    if kind == "numeric":
        number = number_of(text)
        if math.isfinite(number):
            return number
        if text.lower() == "nan":
            return missing
        raise ValueError("a number or None")
    if kind == "datetime":
        ticks = ticks_of(text)
        if ticks is None:
            raise ValueError("an ISO 8601 date or None")
        return ticks
    choices = column.get("choices")
    if choices is not None and text not in column["known"]:
        if kind == "boolean" and truth_of(text) is not None:
            for choice in choices:
                if truth_of(choice) == truth_of(text):
                    return choice
        # What no training row had tells the model nothing.
        if column["choicesAreComplete"]:
            return None
    return text


class Loaded:
    "The model ready to answer: the steps, the features and the scorer as functions."

    def __init__(self):
        data = base64.b64decode(DATA)
        found = hashlib.sha256(MODEL.encode("ascii") + data).hexdigest()
        if found != SHA256:
            raise RuntimeError(f"The model in {__file__} is damaged: the SHA-256 of its data is {found}, expected {SHA256}. It gives no answers.")
        self.model = json.loads(MODEL)
        self.data = zlib.decompress(data)
        self.used = [i for i in self.model["inputs"] if i["used"]]
        for column in self.used:
            column["known"] = set(column.get("choices", ()))
        make = globals()
        self.steps = [make["step_" + s["op"].replace("-", "_")](s, self) for s in self.model["steps"]]
        self.encoders = [make["encode_" + f["kind"].replace("-", "_")](f, self) for f in self.model["features"]]
        self.scorer = self.scorer_of(self.model["scorer"])
        self.data = None

    def scorer_of(self, scorer):
        return globals()["score_" + scorer["kind"].replace("-", "_")](scorer, self)

    def numbers(self, said):
        "An array of the data; a description is type, first byte and count."
        if isinstance(said, dict):
            table = self.numbers(said["table"])
            return array(table.typecode, map(table.__getitem__, self.numbers(said["codes"])))
        kind, first, count = said.split()
        values = array({"f8": "d", "f4": "f", "i4": "i", "i2": "h", "u2": "H", "u1": "B"}[kind])
        values.frombytes(memoryview(self.data)[int(first):int(first) + int(count) * values.itemsize])
        if sys.byteorder == "big":
            values.byteswap()
        return values

    def score(self, values):
        for step in self.steps:
            step(values)
        features = []
        for encode in self.encoders:
            encode(values, features)
        return self.scorer(features)


NAN = float("nan")


DAY = 864000000000


# What is taken off both ends of a text.
BLANKS = " \t\n\v\f\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"


# What a field of CSV says where a value is missing.
MISSING_MARKS = @MARKS@


NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")


def number_of(text):
    "The number that a text writes, perhaps infinite; nan where it is none."
    text = text.strip(" \t\n\v\f\r")
    if NUMBER.match(text):
        return float(text)
    return {"infinity": math.inf, "+infinity": math.inf, "-infinity": -math.inf}.get(text.lower(), NAN)


MOMENT = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{0,7}))?( UTC|[+-][0-9]{2}(?![0-9:]))?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?\Z")


def ticks_of(text):
    "An ISO 8601 date with or without a time of day as ticks, UTC where no offset is written; None where it is none."
    text = text.strip(BLANKS)
    found = MOMENT.match(text)
    if found is None or not 8 <= len(text) <= 40 or (found[8] and (found[9] or found[8] == " UTC" and text[10] != " ")):
        return None
    hour, minute, second = int(found[4] or 0), int(found[5] or 0), int(found[6] or 0)
    zone = (found[9] or found[8] or "").strip()
    ticks = ticks_at(int(found[1]), int(found[2]), int(found[3]), hour, minute, second, int((found[7] or "").ljust(7, "0")))
    if ticks is None or zone in ("", "Z", "UTC"):
        return ticks
    hours, minutes = int(zone[1:3]), int(zone[-2:]) if len(zone) > 3 else 0
    if minutes > 59 or hours * 60 + minutes > 14 * 60:
        return None
    offset = (hours * 60 + minutes) * 600000000
    ticks += offset if zone[0] == "-" else -offset
    ticks += DAY if ticks < 0 else 0
    return ticks if ticks < 3652059 * DAY else None


def ticks_at(year, month, day, hour, minute, second, fraction):
    if hour > 23 or minute > 59 or second > 59:
        return None
    try:
        days = datetime.date(year, month, day).toordinal() - 1
    except ValueError:
        return None
    return days * DAY + ((hour * 60 + minute) * 60 + second) * 10000000 + fraction


def date_of(ticks):
    return datetime.date.fromordinal(ticks // DAY + 1)


def text_of(value):
    "A value written out: 12.5, 2024-01-31, true."
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        seconds, fraction = divmod(value % DAY, 10000000)
        day = date_of(value).isoformat()
        if seconds == 0 and fraction == 0:
            return day
        time = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        return day + "T" + time + (f".{fraction:07}".rstrip("0") if fraction else "")
    if value != value:
        return None
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if abs(value) >= 1e15:
        mantissa, exponent = next(s for s in (f"{value:.{n}e}" for n in range(18)) if float(s) == value).split("e")
        # An exponent stands only where zeros would have to be put behind the digits.
        digits = mantissa.replace(".", "").lstrip("-")
        return f"{mantissa}E{exponent}" if int(exponent) >= len(digits) else ("-" if value < 0 else "") + digits
    written = repr(value)
    return written[:-2] if written.endswith(".0") else written.replace("e", "E")


def truth_of(word):
    "Whether a word such as yes or no is true; None for other words."
    word = None if word is None else lower_case(word)
    return True if word in ("true", "yes", "y", "t", "1") else False if word in ("false", "no", "n", "f", "0") else None


def single(value):
    "Rounded to 32 bits, as features are."
    return SINGLE.unpack(SINGLE.pack(value))[0]


SINGLE = struct.Struct("f")


LARGEST_SINGLE = 3.4028234663852886e38


def is_missing(value):
    return value is None or value != value


def read_as(kind, value):
    "A filled-in value, which is written as a number or a text."
    return float(value) if kind == "number" else ticks_of(value) if kind == "date" else value


def on_value(column, change):
    "A step that changes the values of a column, each by itself."
    def run(values):
        values[column] = change(values[column])
    return run


def on_texts(column, change):
    "A step that changes texts; where nothing is left a text is missing."
    def run(values):
        if values[column] is not None:
            values[column] = change(values[column]) or None
    return run


def step_copy(s, loaded):
    def run(values):
        values[s["to"]] = values[s["column"]]
    return run


def step_flag(s, loaded):
    def run(values):
        values[s["to"]] = "true" if is_missing(values[s["column"]]) else "false"
    return run


def step_fill(s, loaded):
    kind, column, by = s["kind"], s["column"], s.get("by")
    fill = read_as(kind, s["value"])
    groups = {group: read_as(kind, value) for group, value in s.get("groups", {}).items()}

    def run(values):
        if is_missing(values[column]):
            values[column] = groups.get(text_of(values[by]), fill) if by is not None else fill
    return run


def step_convert(s, loaded):
    column, to = s["column"], s["to"]

    def change(value):
        text = text_of(value)
        if to == "number":
            number = NAN if text is None else number_of(text)
            return number if math.isfinite(number) else NAN
        if to == "date":
            return None if text is None else ticks_of(text)
        return None if to == "boolean" and truth_of(text) is None else text
    return on_value(column, change)


def log1p(x):
    if not x > -1:
        return NAN
    u = 1 + x
    return x if u == 1 or u == math.inf else math.log(u) * (x / (u - 1))


def step_log1p(s, loaded):
    return on_value(s["column"], log1p)


def step_log(s, loaded):
    return on_value(s["column"], lambda x: math.log(x) if x > 0 else NAN)


def step_square_root(s, loaded):
    return on_value(s["column"], lambda x: math.sqrt(x) if x >= 0 else NAN)


def raised(x, power):
    "x to the power; nan where that is no number or too large."
    try:
        return math.pow(x, power)
    except (ValueError, OverflowError):
        return NAN


def step_yeo_johnson(s, loaded):
    def bend(x, power):
        return log1p(x) if abs(power) < 1e-12 else (raised(x + 1, power) - 1) / power

    def change(x):
        if x != x:
            return x
        y = bend(x, s["power"]) if x >= 0 else -bend(-x, 2 - s["power"])
        return y if math.isfinite(y) else NAN
    return on_value(s["column"], change)


def step_scale(s, loaded):
    center, scale = float(s["center"]), float(s["scale"])
    return on_value(s["column"], lambda x: (x - center) / scale)


def step_clip(s, loaded):
    lower, upper = float(s["lower"]), float(s["upper"])
    return on_value(s["column"], lambda x: lower if x < lower else upper if x > upper else x)


def step_project(s, loaded):
    columns, to, mean, scale = s["columns"], s["to"], loaded.numbers(s["mean"]), loaded.numbers(s["scale"])
    weights = loaded.numbers(s["weights"])

    def run(values):
        scores = [0.0] * len(to)
        for j, column in enumerate(columns):
            # A missing value counts as the mean.
            if values[column] == values[column]:
                centred = (values[column] - mean[j]) / scale[j]
                for c in range(len(to)):
                    scores[c] += centred * weights[c * len(columns) + j]
        values.update(zip(to, scores))
    return run


def step_missing(s, loaded):
    column, kind = s["column"], s["kind"]
    if kind == "text":
        looked = {upper_case(value) for value in s["values"]}
        return on_texts(column, lambda text: None if upper_case(text.strip(BLANKS)) in looked else text)
    looked = {read_as(kind, value) for value in s["values"]}
    return on_value(column, lambda value: (NAN if kind == "number" else None) if value in looked else value)


def step_replace(s, loaded):
    find, by, ignore_case = s["find"], s["by"], s["ignoreCase"]
    if s["match"] == "pattern":
        pattern = re.compile(find, re.IGNORECASE if ignore_case else 0)
        return on_texts(s["column"], lambda text: pattern.sub(by, text))
    if s["match"] == "whole":
        if ignore_case:
            return on_texts(s["column"], lambda text: by if upper_case(text) == upper_case(find) else text)
        return on_texts(s["column"], lambda text: by if text == find else text)
    if ignore_case:
        return on_texts(s["column"], lambda text: replace_in_any_case(text, upper_case(find), by))
    return on_texts(s["column"], lambda text: text.replace(find, by))


def step_tidy(s, loaded):
    def change(text):
        if s["trim"]:
            text = text.strip(BLANKS)
        if s["collapse"]:
            text = re.sub(f"[{BLANKS}]+", " ", text)
        return lower_case(text) if s["case"] == "lower" else upper_case(text) if s["case"] == "upper" else text
    return on_texts(s["column"], change)


def part_of(ticks, part, since):
    if part == "DaysSince":
        return float(ticks - since) / DAY
    if part == "Hour":
        return float(ticks % DAY // 36000000000)
    day = date_of(ticks)
    return float({"Year": day.year, "Quarter": (day.month + 2) // 3, "Month": day.month, "Day": day.day, "Weekday": day.weekday()}[part])


def step_date_part(s, loaded):
    since = ticks_of(s["since"]) if "since" in s else 0

    def run(values):
        ticks = values[s["column"]]
        values[s["to"]] = NAN if ticks is None else part_of(ticks, s["part"], since)
    return run


def step_merge(s, loaded):
    keep, other = set(s["keep"]), s["other"]
    return on_texts(s["column"], lambda text: text if text in keep else other)


def step_one_hot(s, loaded):
    column, to, places = s["column"], s["to"], {value: i for i, value in enumerate(s["values"])}

    def run(values):
        place = places.get(values[column], -1)
        for i, name in enumerate(to):
            values[name] = 1.0 if i == place else 0.0
    return run


def step_ordinal(s, loaded):
    numbers_of = {value: float(i) for i, value in enumerate(s["values"])}
    return on_value(s["column"], lambda text: numbers_of.get(text, NAN))


def step_parse_number(s, loaded):
    def change(text):
        return NAN if text is None else number_in(text, s["decimal"], s["percentAsFraction"], s["magnitudes"])
    return on_value(s["column"], change)


def step_parse_date(s, loaded):
    "Dates as people write them."
    patterns = [[date + time, None] for time in s["times"] for date in s["dates"]]

    def change(value):
        text = text_of(value)
        if text is None:
            return None
        trimmed = text.strip(BLANKS)
        if not 6 <= len(trimmed) <= 60 or not re.search("[0-9]", trimmed):
            return None
        ticks = ticks_of(text)
        for place, pattern in enumerate(patterns):
            if ticks is not None:
                break
            if pattern[1] is None:
                pattern[1] = date_pattern(pattern[0])
            ticks = ticks_in(pattern[1].match(trimmed))
        return ticks
    return on_value(s["column"], change)


def ticks_in(found):
    "The date that a match tells, or None where there is no such day or time."
    if found is None:
        return None
    part = {name: value for name, value in found.groupdict().items() if value is not None}
    short = int(part.get("short_year", 0))
    year = int(part["year"]) if "year" in part else short + (2000 if short <= @LASTYEAR@ else 1900)
    names = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    month = names.index(part["month_name"][:3].lower()) + 1 if "month_name" in part else int(part["month"])
    hour = int(part.get("hour", 0))
    if "half_day_hour" in part:
        hour = int(part["half_day_hour"])
        if hour > 12:
            return None
        hour = hour % 12 + (12 if part["half"].upper() == "PM" else 0)
    ticks = ticks_at(year, month, int(part.get("day", 1)), hour, int(part.get("minute", 0)), int(part.get("second", 0)), int(part.get("fraction", "0").ljust(7, "0")))
    if ticks is not None and "weekday" in part:
        days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        if days[date_of(ticks).weekday()] != part["weekday"][:3].lower():
            return None
    return ticks


def step_bin(s, loaded):
    edges, labels = s["edges"], s.get("labels")

    def change(x):
        if x != x:
            return NAN if labels is None else None
        place = sum(edge < x for edge in edges)
        return float(place) if labels is None else labels[place]
    return on_value(s["column"], change)


def step_hash(s, loaded):
    column, to = s["column"], s["to"]

    def run(values):
        text = values[column]
        place = -1 if text is None else abs(hash_of(text)) % len(to)
        for i, name in enumerate(to):
            values[name] = 1.0 if i == place else 0.0
    return run


def weights_of(pieces, places, frequencies):
    "Term frequency times inverse document frequency by place, scaled to length 1."
    counts = {}
    for piece in pieces:
        if piece in places:
            counts[places[piece]] = counts.get(places[piece], 0) + 1
    if frequencies is None:
        return counts
    length = 0.0
    for place in sorted(counts):
        length += math.pow(counts[place] * frequencies[place], 2)
    length = math.sqrt(length)
    return {place: count * frequencies[place] / length for place, count in counts.items()}


def step_ngrams(s, loaded):
    column, to, places = s["column"], s["to"], {gram: i for i, gram in enumerate(s["grams"])}
    frequencies = loaded.numbers(s["frequencies"]) if s["weight"] == "tf-idf" else None

    def run(values):
        text = values[column]
        weights = {} if text is None else weights_of(ngrams_of(text, s["unit"] == "word", s["shortest"], s["longest"]), places, frequencies)
        for i, name in enumerate(to):
            weight = weights.get(i, 0)
            values[name] = float(weight > 0) if s["weight"] == "present" else float(weight)
    return run


def step_means(s, loaded):
    column, to, learnt = s["column"], s["to"], loaded.numbers(s["values"])
    width = len(to)
    means = {category: learnt[i * width:(i + 1) * width] for i, category in enumerate(s["categories"])}
    missing, other = [float(v) for v in s["missing"]], [float(v) for v in s["other"]]

    def run(values):
        text = values[column]
        values.update(zip(to, missing if text is None else means.get(text, other)))
    return run


def step_formula(s, loaded):
    formula = FORMULAS[s["formula"]]

    def run(values):
        value = formula(values)
        values[s["to"]] = text_of(value) if isinstance(value, bool) else value
    return run


def finite(x):
    return x if math.isfinite(x) else NAN


def calculated(function, *operands):
    "What a function makes of numbers: nan where one is missing, or where the result is infinite or undefined."
    if any(x != x for x in operands):
        return NAN
    try:
        return finite(function(*operands))
    except (ValueError, OverflowError, ZeroDivisionError):
        return NAN


def modulo(a, b):
    "The remainder with the sign of the divisor: -7 % 3 is 2."
    rest = math.fmod(a, b)
    return rest + b if rest != 0 and (rest < 0) != (b < 0) else rest


def round_to(x, digits=0.0):
    "A half goes to the even neighbour."
    factor = math.pow(10, min(max(digits, 0), 15))
    scaled = x * factor
    return math.copysign(float(round(scaled)), scaled) / factor if math.isfinite(scaled) else x


def floor(x):
    return math.copysign(float(math.floor(x)), x) if x else x


def ceil(x):
    return math.copysign(float(math.ceil(x)), x) if x else x


def ordered(a, b, test):
    "Whether two values stand so; None where one is missing. Texts go by character code."
    if is_missing(a) or is_missing(b):
        return None
    if isinstance(a, str) and not (a.isascii() and b.isascii()):
        a, b = a.encode("utf-16-be", "surrogatepass"), b.encode("utf-16-be", "surrogatepass")
    return test((a > b) - (a < b))


def both(a, b):
    return False if a is False or b is False else None if a is None or b is None else True


def either(a, b):
    return True if a is True or b is True else None if a is None or b is None else False


def opposite(a):
    return None if a is None else not a


def coalesce(*values):
    return next((value for value in values if not is_missing(value)), values[0])


def on_text(text, function, missing=None):
    return missing if text is None else function(text)


def join(*values):
    texts = [text_of(value) for value in values]
    return None if None in texts else "".join(texts)


def part_in(ticks, function):
    return NAN if ticks is None else float(function(ticks))


def days_between(start, end):
    return NAN if start is None or end is None else float(end - start) / DAY


def finite_number_of(text):
    return NAN if text is None else finite(number_of(text))


def number_of_truth(truth):
    return NAN if truth is None else float(truth)


def feature_of(f):
    "A number as a feature: filled, shifted, scaled, rounded to 32 bits."
    fill, mean, scale = (NAN if f["fill"] is None else float(f["fill"])), float(f["mean"]), float(f["scale"])

    def run(value):
        if value != value:
            value = fill
            if value != value:
                return NAN
        return single(min(max((value - mean) / scale, -LARGEST_SINGLE), LARGEST_SINGLE))
    return run


def encode_number(f, loaded):
    column, marks, is_text = f["column"], f["marksMissing"], f["from"] != "number"
    feature = feature_of(f["value"]) if f["value"] is not None else None

    def run(values, features):
        value = values[column]
        if is_text:
            text = text_of(value)
            value = NAN if text is None else number_of(text)
        if feature is not None:
            features.append(feature(value))
        if marks:
            features.append(1.0 if value != value else 0.0)
    return run


def encode_codes(f, loaded):
    column, codes, unknown = f["column"], {value: float(i) for i, value in enumerate(f["values"])}, 0.0 if f["fillsMissing"] else NAN

    def run(values, features):
        features.append(codes.get(text_of(values[column]), unknown))
    return run


def encode_one_hot(f, loaded):
    column, places, width = f["column"], {value: i for i, value in enumerate(f["values"])}, len(f["values"]) + f["marksMissing"]
    if f["marksMissing"]:
        places[None] = width - 1

    def run(values, features):
        place = places.get(text_of(values[column]), -1)
        features.extend(1.0 if i == place else 0.0 for i in range(width))
    return run


def encode_date(f, loaded):
    column, origin, marks = f["column"], f["origin"], f["marksMissing"]
    parts = [(p["part"], feature_of(p)) for p in f["parts"]]

    def number(part, ticks):
        if part == "Days":
            return float(ticks - origin) / DAY
        if part == "Hour":
            return float(ticks % DAY // 36000000000)
        day = date_of(ticks)
        return float({"Year": day.year, "Month": day.month, "DayOfYear": day.timetuple().tm_yday, "DayOfWeek": (day.weekday() + 1) % 7}[part])

    def run(values, features):
        value = values[column]
        ticks = value if f["from"] == "date" else ticks_of(value) if isinstance(value, str) else None
        for part, feature in parts:
            features.append(feature(NAN if ticks is None else number(part, ticks)))
        if marks:
            features.append(1.0 if ticks is None else 0.0)
    return run


def encode_words(f, loaded):
    column, places, frequencies = f["column"], {word: i for i, word in enumerate(f["words"])}, loaded.numbers(f["frequencies"])

    def run(values, features):
        text = text_of(values[column])
        weights = {} if text is None else weights_of(re.findall(r"\w\w+", lower_case(text)), places, frequencies)
        features.extend(single(weights[i]) if i in weights else 0.0 for i in range(len(places)))
    return run


def sigmoid(x):
    try:
        return 1 / (1 + math.exp(-x))
    except OverflowError:
        return 0.0


def softmax(sums):
    largest = max(sums)
    sums = [math.exp(s - largest) for s in sums]
    total = 0.0
    for s in sums:
        total += s
    return [s / total for s in sums]


def exponential(x):
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def finish(link, sums):
    "From sums to answers."
    if link == "logistic":
        positive = sigmoid(sums[0])
        return [1 - positive, positive]
    if link == "softmax":
        return softmax(sums)
    if link == "one-versus-all":
        each = [sigmoid(s) for s in sums]
        total = 0.0
        for s in each:
            total += s
        # Far below zero the sigmoid is exp(score), and that ratio is the softmax, which does not underflow.
        return softmax(sums) if total < 1e-300 else [s / total for s in each]
    if link == "exponential":
        return [exponential(sums[0])]
    return sums


def sharpened(outputs, sharpness):
    if len(outputs) < 2 or sharpness == 1:
        return outputs
    raised_outputs = [math.pow(max(o, 1e-15), sharpness) for o in outputs]
    total = 0.0
    for o in raised_outputs:
        total += o
    return [o / total for o in raised_outputs]


def score_constant(s, loaded):
    outputs = [float(o) for o in s["outputs"]]
    return lambda features: list(outputs)


def score_linear(s, loaded):
    link, biases, weights = s["link"], [float(b) for b in s["biases"]], loaded.numbers(s["weights"])
    width = len(weights) // len(biases)
    rows = [weights[k * width:(k + 1) * width] for k in range(len(biases))]

    def run(features):
        sums = []
        for total, row in zip(biases, rows):
            for weight, value in zip(row, features):
                total += weight * value
            sums.append(total)
        return finish(link, sums)
    return run


def score_quantised_linear(s, loaded):
    link, biases, steps, weights = s["link"], s["biases"], s["steps"], loaded.numbers(s["weights"])
    width = len(weights) // len(biases)
    rows = [weights[k * width:(k + 1) * width] for k in range(len(biases))]

    def run(features):
        sums = []
        for bias, step, row in zip(biases, steps, rows):
            total = 0.0
            for weight, value in zip(row, features):
                total += weight * value
            sums.append(total * step + bias)
        return finish(link, sums)
    return run


def score_trees(s, loaded):
    """Decision trees: a value at most the threshold goes left, a missing one where the node says.

    Nodes stand tree by tree and breadth-first, siblings side by side; 0 is a leaf, else 1 + 2 * feature, and 1 more where missing values go left.
    """
    link, base, roots, tags, thresholds = s["link"], [float(b) for b in s["base"]], loaded.numbers(s["roots"]), loaded.numbers(s["tags"]), loaded.numbers(s["thresholds"])
    values, outputs = loaded.numbers(s["entryValues"]), loaded.numbers(s["entryOutputs"])
    # Splits up to each node, the node included; entries before each leaf.
    splits = array("i", itertools.accumulate(map(bool, tags)))
    firsts = array("i", itertools.chain((0,), itertools.accumulate(loaded.numbers(s["entryCounts"]))))

    def run(features):
        sums = list(base)
        for tree, node in enumerate(roots):
            tag = tags[node]
            while tag:
                split = splits[node]
                value = features[(tag - 1) >> 1]
                node = 2 * split + tree - 1
                if not value <= thresholds[split - 1] and (tag & 1 or value == value):
                    node += 1
                tag = tags[node]
            leaf = node - splits[node]
            for entry in range(firsts[leaf], firsts[leaf + 1]):
                sums[outputs[entry]] += values[entry]
        if link == "average":
            return [total / len(roots) for total in sums]
        return finish(link, sums)
    return run


def score_additive(s, loaded):
    link, biases = s["link"], [float(b) for b in s["biases"]]
    counts, edges, values = loaded.numbers(s["edgeCounts"]), loaded.numbers(s["edges"]), loaded.numbers(s["values"])
    sums, curves, edge, value = len(biases), [], 0, 0
    for count in counts:
        curves.append((edges[edge:edge + count], values[value:value + (count + 2) * sums]))
        edge, value = edge + count, value + (count + 2) * sums

    def run(features):
        totals = list(biases)
        for (own, added), x in zip(curves, features):
            place = len(own) + 1
            if x == x:
                low, high = 0, len(own)
                while low < high:
                    middle = (low + high) >> 1
                    if x <= own[middle]:
                        high = middle
                    else:
                        low = middle + 1
                place = low
            for k in range(sums):
                totals[k] += added[place * sums + k]
        return finish(link, totals)
    return run


def score_gaussian_bayes(s, loaded):
    sharpness, offsets, means, variances = s["sharpness"], s["offsets"], loaded.numbers(s["means"]), loaded.numbers(s["variances"])

    def run(features):
        sums, width = [], len(features)
        for k, total in enumerate(offsets):
            for j, value in enumerate(features):
                distance = value - means[k * width + j]
                total -= 0.5 * distance * distance / variances[k * width + j]
            # Beyond the range of numbers a class is as unlikely as can be told.
            sums.append((total if math.isfinite(total) else -1.7976931348623157e308 / 4) * sharpness)
        return softmax(sums)
    return run


def held(features, largest):
    return [largest if x > largest else -largest if x < -largest else x for x in features]


def score_neural(s, loaded):
    "Layers of weighted sums, below zero zero but in the last; 32-bit numbers between layers."
    link, largest = s["link"], s["largestInput"]
    layers = []
    for layer in s["layers"]:
        weights, width = loaded.numbers(layer["weights"]), layer["inputs"]
        layers.append(([weights[o * width:(o + 1) * width] for o in range(layer["units"])], loaded.numbers(layer["biases"])))

    def run(features):
        current = held(features, largest)
        for place, (rows, biases) in enumerate(layers):
            following = []
            for row, bias in zip(rows, biases):
                total = 0.0
                for weight, value in zip(row, current):
                    total += weight * value
                total = single(single(total) + bias)
                following.append(0.0 if total < 0 and place < len(layers) - 1 else total)
            current = following
        return [current[0] * s["scale"] + s["mean"]] if link == "identity" else finish(link, current)
    return run


def score_neighbours(s, loaded):
    "The mean of the nearest training rows."
    count, by_distance, manhattan, largest, width, outputs = s["count"], s["byDistance"], s["manhattan"], s["largestInput"], s["features"], s["outputs"]
    values, labels = loaded.numbers(s["rows"]), loaded.numbers(s["labels"])
    weights = loaded.numbers(s["weights"]) if s.get("weights") is not None else None
    rows = [values[i * width:(i + 1) * width] for i in range(len(labels))]
    # One row more a class, so that none is impossible.
    shares = [1 / (len(labels) + outputs)] * outputs
    if outputs > 1:
        for label in labels:
            shares[int(label)] += 1 / (len(labels) + outputs)

    def distance(a, b):
        total = 0.0
        if manhattan:
            for x, y in zip(a, b):
                total = single(total + abs(single(x - y)))
            return total
        for x, y in zip(a, b):
            total += (x - y) * (x - y)
        return single(math.sqrt(total))

    def run(features):
        own = held(features, largest)
        # The nearest so far, farthest first: a heap; of equally far ones those that came first stay.
        heap = []
        for place, row in enumerate(rows):
            far = distance(own, row)
            if len(heap) < count:
                heap.append((far, place))
                if len(heap) == count:
                    for parent in range(count // 2 - 1, -1, -1):
                        sift_down(heap, parent)
            elif far < heap[0][0]:
                heap[0] = (far, place)
                sift_down(heap, 0)
        sums, total = [0.0] * outputs, 0.0
        on_the_row = by_distance and any(far == 0 for far, _ in heap)
        for far, place in heap:
            weight = 1.0 if not by_distance else float(far == 0) if on_the_row else 1.0 / far
            if weights is not None:
                weight *= weights[place]
            total += weight
            if outputs == 1:
                sums[0] += weight * labels[place]
            else:
                sums[int(labels[place])] += weight
        if outputs == 1:
            return [sums[0] / total if total else NAN]
        return [((own_sum / total if total else NAN) * count + share) / (count + 1) for own_sum, share in zip(sums, shares)]
    return run


def sift_down(heap, parent):
    while True:
        child = 2 * parent + 1
        if child >= len(heap):
            return
        if child + 1 < len(heap) and heap[child + 1][0] > heap[child][0]:
            child += 1
        if heap[child][0] <= heap[parent][0]:
            return
        heap[child], heap[parent] = heap[parent], heap[child]
        parent = child


def score_ensemble(s, loaded):
    "The weighted mean of several models."
    members = [(m["first"], m["first"] + m["features"], m["weight"], loaded.scorer_of(m["scorer"])) for m in s["members"]]

    def run(features):
        sums = [0.0] * s["outputs"]
        for first, end, weight, scorer in members:
            sums = [own * weight + total for own, total in zip(scorer(features[first:end]), sums)]
        return sharpened(sums, s["sharpness"])
    return run


def score_sharpened(s, loaded):
    inner = loaded.scorer_of(s["inner"])
    return lambda features: sharpened(inner(features), s["sharpness"])


def score_exponential(s, loaded):
    "The model learnt ln(1 + target)."
    inner = loaded.scorer_of(s["inner"])
    return lambda features: [s["factor"] * math.exp(min(inner(features)[0], s["ceiling"])) - 1]


def score_projected(s, loaded):
    "A model over principal components of the features."
    inner, weights, offsets = loaded.scorer_of(s["inner"]), loaded.numbers(s["weights"]), loaded.numbers(s["offsets"])
    width = len(weights) // len(offsets)

    def run(features):
        coordinates = []
        for k, offset in enumerate(offsets):
            total = 0.0
            for weight, value in zip(weights[k * width:(k + 1) * width], features):
                total += weight * value
            coordinates.append(single(single(total) + offset))
        return inner(coordinates)
    return run
