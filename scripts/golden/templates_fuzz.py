# SPDX-License-Identifier: Apache-2.0
"""Random templates over a small grammar of Jinja2, for the differential test: templates.py --fuzz
judges them, and test_templates compares where MOONLET_TEMPLATE_CASES names the file."""
import random

import templates_table_cases as table

VARIABLES = {
    "a": 1, "b": -3, "n": None, "s": "Hello wörld 한", "l": [3, 1, 2, "x", None], "f": 2.5,
    "d": {"k": 1, "b": [1, 2], "items": 5}, "t": True, "z": 0, "e": "",
    "m": [{"r": "u", "c": "Hi", "n": 2}, {"r": "A", "c": " x ", "n": 1}, {"r": "u"}]}
LEAVES = [
    "a", "b", "n", "s", "l", "d", "u", "f", "t", "z", "m", "e", "1", "2", "0", "1.5", "'x'",
    "\"it's\"", "none", "true", "false", "[]", "{}", "()", "''", "'a b'", "7", "-1"]
FILTERS = [
    "upper", "lower", "trim", "title", "capitalize", "length", "list", "first", "last", "join",
    "join(',')", "sort", "reverse", "reverse|list", "unique|list", "string", "int", "float",
    "abs", "round", "round(1)", "default('D')", "default('D', true)", "tojson",
    "tojson(indent=2)", "items|list", "sum", "min", "max", "replace('l', 'L')", "batch(2)|list",
    "slice(2)|list", "map('string')|list", "map('upper')|list", "map(attribute='r')|list",
    "selectattr('c')|list", "selectattr('n', 'gt', 1)|list", "select|list",
    "select('string')|list", "reject('none')|list", "rejectattr('n', 'undefined')|list",
    "dictsort", "indent(2)", "truncate(6)", "wordcount", "center(9)", "escape", "urlencode",
    "format(1)", "wordwrap(5)", "groupby('r')", "sort(attribute='r')", "map('default', 0)|list",
    "striptags", "safe", "count", "filesizeformat", "attr('k')", "map('int')|sum", "xmlattr", "d",
    "e"]
TESTS = [
    "defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "mapping",
    "sequence", "iterable", "true", "false", "odd", "even", "divisibleby 2", "eq 1", "ne 'x'",
    "gt 0", "lt 2", "in [1, 'x', none]", "sameas none", "callable", "lower", "upper", "filter",
    "test", "escaped"]
METHODS = [
    ".upper()", ".lower()", ".strip()", ".split()", ".split('l')", ".split('l', 1)",
    ".rsplit(None, 1)", ".title()", ".find('o')", ".count('l')", ".replace('l', 'r', 1)",
    ".startswith('H')", ".endswith(('n', '한'))", ".splitlines()", ".isalpha()", ".items()",
    ".keys()|list", ".values()|list", ".get('k')", ".get('q', 7)", ".index(1)", ".zfill(7)",
    ".partition('o')", ".capitalize()", ".join(['p', 'q'])", ".k", ".q", "['k']", "[0]", "[-1]",
    "[1:]", "[::-1]", "[:2]", "['b'][1]", "[1:3]|list", "[::2]", ".0"]
BINARY = [
    "+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and",
    "or"]
# What only Python's own values can do, or what prints addresses, is left out.
FOREIGN = ("encode", "translate", "maketrans", "__len__", "has_key", "count=", "lipsum", "random")
FILTERS += [f + a for f, all_ in table.FILTERS.items() for a in all_ if f != "nope"]
# Names that do not exist err or not by what the peer folds away: not random.
TESTS += [test for test in table.TESTS if test != "nope"]
METHODS += ["." + m for m in table.STR + table.LIST + table.DICT
            if not any(f in m for f in FOREIGN)]
EXTRAS = [
    "", "{{ loop.index }}", "{{ loop.last }}", "{{ loop.previtem }}",
    "%s if loop.index == 2 %s%s break %s%s endif %s"]


def expression(rng, depth=0):
    r = rng.random()
    if depth > 2 or r < 0.35:
        return rng.choice(LEAVES)

    def inner():
        return expression(rng, depth + 1)
    if r < 0.5:
        form = "(%s)|%s" if rng.random() < 0.7 else "%s|%s"
        return form % (inner(), rng.choice(FILTERS))
    if r < 0.62:
        owner = f"({inner()})" if rng.random() < 0.5 else rng.choice("sldm")
        method = rng.choice(METHODS)
        # A slice of a constant errs or not by how the peer folds it: only names are sliced.
        return (rng.choice("sldm") if ":" in method else owner) + method
    if r < 0.7:
        return f"{inner()} is {rng.choice(['', '', 'not '])}{rng.choice(TESTS)}"
    if r < 0.86:
        return f"{inner()} {rng.choice(BINARY)} {inner()}"
    if r < 0.9:
        return f"({inner()} if {inner()} else {inner()})"
    if r < 0.93:
        return f"{rng.choice(['not ', '-', '+', 'not '])}{inner()}"
    if r < 0.96:
        return f"[{inner()}, {inner()}]"
    return f"{{'p': {inner()}, 'q': {inner()}}}"


def statement(rng, depth=0):
    r = rng.random() * (1 if depth else 1.2)
    space = rng.choice(["", "", "\n", "  ", "\n  ", " x "])
    l, e = rng.choice(["{%", "{%", "{%-", "{%+"]), rng.choice(["%}", "%}", "-%}"])
    if depth > 2 or r < 0.4 or r > 1:
        begin, end = rng.choice(["{{ ", "{{- "]), rng.choice([" }}", " -}}"])
        return space + begin + expression(rng, 1) + end + space
    body = "".join(statement(rng, depth + 1) for _ in range(rng.randint(1, 2)))
    name = rng.choice("abnsxy")
    value = expression(rng, 2)
    if r < 0.55:
        other = f"{l} else {e}{space}" + statement(rng, depth + 1) if rng.random() < 0.5 else ""
        return f"{space}{l} if {value} {e}{body}{other}{l} endif {e}{space}"
    if r < 0.72:
        over = rng.choice(["l", "m", "d", "s", "range(3)", "u", "d.items()", value])
        condition = f" if {expression(rng, 3)}" if rng.random() < 0.2 else ""
        extra = rng.choice(EXTRAS)
        extra = extra % (l, e, l, e, l, e) if "%s" in extra else extra
        other = f"{l} else {e}E" if rng.random() < 0.2 else ""
        begin = f"{space}{l} for {name} in {over}{condition} {e}"
        return f"{begin}{body}{extra}{other}{l} endfor {e}{space}"
    if r < 0.82:
        return f"{space}{l} set {name} = {value} {e}{space}{{{{ {name} }}}}"
    if r < 0.87:
        return f"{l} set {name} {e}{body}{l} endset {e}{{{{ {name} }}}}{space}"
    if r < 0.93:
        call = f"{{{{ g({value}) }}}}"
        return f"{l} macro g({name}, y=1) {e}{body}{l} endmacro {e}{space}{call}"
    if r < 0.94:
        return f"{l} with {name} = {value} {e}{body}{l} endwith {e}"
    if r < 0.98:
        return construct(rng, l, e, body, name, value)
    chosen = rng.choice(["upper", "trim", "indent(1)", "replace(1, 2)"])
    return f"{l} filter {chosen} {e}{body}{l} endfilter {e}{space}"


def construct(rng, l, e, body, name, value):
    """Macros with callers, recursive loops, namespaces and what else takes several tags."""
    return rng.choice([
        f"{l} set ns = namespace(k={value}) {e}{l} for {name} in l {e}{l} set ns.k = {name} {e}"
        f"{body}{l} endfor {e}{{{{ ns.k }}}}",
        f"{l} macro h(p, q={value}) {e}{{{{ p }}}}{{{{ q }}}}{{{{ varargs }}}}{{{{ kwargs }}}}"
        f"{l} endmacro {e}{{{{ h({value}) }}}}{{{{ h(1, 2, 3, z={value}) }}}}",
        f"{l} macro w() {e}<{{{{ caller({value}) }}}}>{l} endmacro {e}"
        f"{l} call({name}) w() {e}{body}{l} endcall {e}",
        f"{l} for {name} in [1, [2, [3]], {value}] recursive {e}{{{{ loop.depth }}}}"
        f"{{{{ loop({name}) if {name} is sequence and {name} is not string else {name} }}}}"
        f"{l} endfor {e}",
        f"{l} for {name} in {value} {e}{{{{ loop.index }}}}{{{{ loop.revindex0 }}}}"
        f"{{{{ loop.cycle('p', 'q') }}}}{{{{ loop.changed({name}) }}}}{{{{ loop.nextitem }}}}"
        f"{body}{l} endfor {e}",
        f"{l} set {name}, o = {value}, 2 {e}{{{{ {name} }}}}{{{{ o }}}}",
        f"{l} set {name} | upper | trim {e} {body} {l} endset {e}{{{{ {name} }}}}",
        f"{l} generation {e}{body}{l} endgeneration {e}",
        f"{l} block {name} {e}{body}{l} endblock {e}{{{{ self.{name}() }}}}",
        f"{l} autoescape true {e}{body}{{{{ {value} }}}}{l} endautoescape {e}",
        f"{l} raw {e}{{{{ {name} }}}} {l} endraw {e}",
        f"{l} print {value}, {name} {e}",
        f"{l} if false {e}{l} include 'x' {e}{l} endif {e}",
    ])


def cases(count, seed):
    rng = random.Random(seed)
    for _ in range(count):
        source = "".join(statement(rng) for _ in range(rng.randint(1, 2)))
        tail = rng.choice(["\n", "{#- c #}", "{# c -#}\n "]) if rng.random() < 0.1 else ""
        yield source + tail, VARIABLES
