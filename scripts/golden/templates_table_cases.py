# SPDX-License-Identifier: Apache-2.0
"""Templates by table, for the differential test: every filter, test, method and operator of Jinja2
with values of every kind and with all their arguments. templates.py --table judges them."""

VARIABLES = {
    "i": 3, "j": -7, "z": 0, "f": 2.5, "g": -0.0, "h": 1e20, "n": None, "t": True, "w": False,
    "e": "", "s": "Hello wörld", "p": "  pad\t\n", "k": "a,b,,c", "q": "12", "r": "3.7", "x": "0x1F",
    "y": "<a href='x'>&amp; \"q\"</a>", "u": "한글 ß ǆ İ ﬁ", "m": "line one\nline  two\r\n\nfour words in here",
    "l": [3, 1, 2], "v": ["b", "A", "c", "a"], "o": [], "d": {"b": 2, "a": 1, "C": 3}, "c": {},
    "ll": [[1, 2], [3], []], "mix": [1, "a", None, 2.5, True, [1], {"k": 1}],
    "rows": [{"n": "x", "v": 2, "g": {"a": 1}}, {"n": "Y", "v": 1, "g": {"a": 2}},
             {"n": "x", "v": None}]}
NAMES = ["i", "j", "z", "f", "g", "h", "n", "t", "w", "e", "s", "p", "k", "q", "r", "x", "y", "u",
         "m", "l", "v", "o", "d", "c", "ll", "mix", "rows", "nope", "(1, 2)", "range(4)",
         "d.items()", "d.keys()", "d.values()", "'<b>'|safe", "v|map('upper')", "range", "ns",
         "(s|safe)"]
SHORT = ["i", "f", "n", "t", "s", "e", "l", "d", "nope", "(1, 2)", "range(3)", "'<b>'|safe", "o",
         "q", "z", "u", "ns", "d.items()", "v|map('upper')"]

FILTERS = {
    "abs": [""], "attr": ["('upper')", "('nope')", "('k')", "(1)", "('__class__')", ""],
    "batch": ["(2)", "(2, 'x')", "(0)", "(-1)", "('2')", "(2.0)", "(linecount=2, fill_with=none)"],
    "capitalize": [""], "center": ["", "(20)", "(3)", "('x')", "(width=7)"],
    "default": ["", "('D')", "('D', true)", "(boolean=true)", "(default_value=1)", "(1,2,3)"],
    "d": ["('D', true)"],
    "dictsort": ["", "(true)", "(by='value')", "(reverse=true)", "(false, 'value', true)", "(by='x')"],
    "escape": [""], "e": [""], "forceescape": [""], "safe": [""], "string": [""], "list": [""],
    "filesizeformat": ["", "(true)", "(binary=false)"], "first": [""], "last": [""],
    "float": ["", "('D')", "(default=1.5)"], "int": ["", "(5)", "(base=16)", "(0, 2)", "(0, 0)", "('D')"],
    "format": ["", "(1)", "(a=1)", "(1, 2)"],
    "groupby": ["('n')", "('v')", "('n', default='z')", "('g.a', default=0)", "(0)", "",
                "('n', case_sensitive=true)", "('n')|map('last')|list", "('n')|tojson",
                "('n')|map(attribute='grouper')|list", "('n')|map('list')|list"],
    "indent": ["", "(2)", "(2, true)", "(2, true, true)", "('> ')", "('> ', first=true, blank=true)",
               "(width=3, blank=true)", "(0)", "(none)", "(-1)", "(1.5)"],
    "items": ["", "|list", "|first"], "join": ["", "(', ')", "(', ', 'n')", "(1)", "(d='|', attribute='v')",
                                              "(none)", "(l)"],
    "length": [""], "count": [""], "lower": [""], "upper": [""], "title": [""], "trim": ["", "('H')", "('ab,')", "(none)", "(1)"],
    "map": ["('upper')|list", "(attribute='n')|list", "(attribute='n', default='-')|list",
            "('default', 'x')|list", "('nope')|list", "()|list", "|list", "(attribute='g.a')|list",
            "('int')|sum", "('join', '-')|list", "(attribute=0)|list", "('tojson')|list", "('length')|list",
            "(attribute='nope')|list", "('attr', 'n')|list", "(attribute='n', foo=1)|list", "(1)|list"],
    "max": ["", "(true)", "(attribute='v')", "(case_sensitive=true)"], "min": ["", "(true)", "(attribute='n')"],
    "pprint": [""], "reject": ["|list", "('odd')|list", "('none')|list", "('in', [1, 'a'])|list", "('nope')|list"],
    "rejectattr": ["('v')|list", "('v', 'none')|list", "('n', 'equalto', 'x')|list", "()|list", "|list"],
    "replace": ["('l', 'L')", "('l', 'L', 1)", "('', '-')", "('o', '')", "(1, 2)", "('a')", "('l', 1)", "('l', 'L', count=none)"],
    "reverse": ["", "|list", "|join", "|string"], "round": ["", "(1)", "(-1)", "(1, 'ceil')", "(0, 'floor')", "(method='nope')", "(precision=2)", "('1')", "(none)"],
    "select": ["|list", "('odd')|list", "('string')|list", "('in', [1, 'a'])|list", "('divisibleby', 2)|list", "('gt', 1)|list", "('==', 3)|list", "(1)|list"],
    "selectattr": ["('v')|list", "('v', 'defined')|list", "('n', 'in', ['x'])|list", "('g.a', 'eq', 1)|list", "('nope')|list", "(0)|list"],
    "slice": ["(2)|list", "(2, 'x')|list", "(5)|list", "(0)|list", "(-1)|list", "('2')|list"],
    "sort": ["", "(true)", "(reverse=true)", "(case_sensitive=true)", "(attribute='n')", "(attribute='n,v')",
             "(false, true)", "(attribute='g.a')", "(attribute=0)"],
    "striptags": [""], "sum": ["", "(attribute='v')", "(start=10)", "(start='')", "(start=[])", "(attribute='nope')"],
    "tojson": ["", "(indent=2)", "(ensure_ascii=true)", "(sort_keys=true)", "(separators=(',', ':'))", "(indent='--')", "(true)", "(indent=0)", "(none, 1)",
               "(indent=-1)", "(indent=true)", "(separators=[',', ':'], indent=1)", "(separators=',')", "(nope=1)"],
    "truncate": ["", "(5)", "(5, true)", "(5, false, '…')", "(5, leeway=0)", "(8, true, '', 0)", "(1)", "('5')"],
    "unique": ["|list", "(true)|list", "(attribute='n')|list", "(attribute='v')|list"],
    "urlencode": [""], "urlize": ["", "(5)", "(target='_blank')", "(nofollow=true)"],
    "wordcount": [""], "wordwrap": ["", "(5)", "(5, false)", "(6, true, '|')", "(4, break_on_hyphens=false)", "(0)"],
    "xmlattr": ["", "(false)"], "random": [""] * 0, "nope": [""]}
TESTS = ["defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "mapping",
         "sequence", "iterable", "true", "false", "odd", "even", "divisibleby 2", "divisibleby(0)",
         "divisibleby", "eq 3", "equalto 's'", "ne 3", "!= 3", "== 3", "gt 1", "greaterthan 1", "> 1",
         "lt 2", "< 2", "le 3", "<= 3", "ge 3", ">= 3", "in [3, 'a', none]", "in 'Hello'", "in d", "in 5",
         "sameas none", "sameas true", "sameas 3", "callable", "lower", "upper", "filter", "test",
         "escaped", "nope", "not defined", "not in l"]
STR = ["upper()", "lower()", "title()", "capitalize()", "swapcase()", "casefold()", "strip()", "lstrip()",
       "rstrip()", "strip('H d')", "strip(none)", "strip(1)", "split()", "split(',')", "split(',', 1)",
       "split(none, 1)", "split(sep=',', maxsplit=1)", "split('')", "rsplit(',', 1)", "rsplit()", "rsplit(none, 1)",
       "splitlines()", "splitlines(true)", "splitlines(keepends=true)", "partition(',')", "rpartition(',')",
       "partition('')", "startswith('H')", "startswith(('x', 'H'))", "startswith('e', 1)", "startswith('')", "startswith(1)",
       "startswith('l', 2, 3)", "endswith('d')", "endswith('')", "endswith(('c', 'd'), 0, -1)", "find('o')", "find('o', 5)",
       "find('l', -3)", "find('')", "find('o', none, none)", "rfind('o')", "rfind('')", "index('l')", "index('zz')", "rindex('l')", "count('l')",
       "count('')", "count('l', 3)", "replace('l', 'L')", "replace('l', 'L', 1)", "replace('', '.')", "replace('l', 'L', -1)", "replace('l')", "replace('l', 'L', count=1)",
       "join(['a', 'b'])", "join('xyz')", "join([1])", "join(d)", "ljust(15, '.')", "rjust(15)", "center(16, '*')", "center(3)",
       "ljust(5, '')", "zfill(15)", "zfill(2)", "expandtabs()", "expandtabs(3)", "expandtabs(0)", "removeprefix('He')",
       "removesuffix('ld')", "removeprefix('')", "isalpha()", "isalnum()", "isdigit()", "isdecimal()", "isnumeric()",
       "isspace()", "isupper()", "islower()", "istitle()", "isascii()", "isprintable()", "isidentifier()",
       "format(1)", "encode()", "translate({})", "__len__()", "format_map(d)", "nope()", "maketrans('a', 'b')"]
LIST = ["count(1)", "index(1)", "index(9)", "append(1)", "copy()", "pop()", "sort()", "reverse()", "index(1, 1)", "extend([1])", "__len__()",
        "insert(0, 1)", "remove(1)", "clear()"]
DICT = ["items()", "keys()", "values()", "get('a')", "get('zz')", "get('zz', 5)", "get('zz', default=5)", "get()", "get([])", "copy()", "pop('a')",
        "update({'a': 2})", "setdefault('a', 1)", "popitem()", "clear()", "items()|list", "keys()|list|sort", "values()|sum", "has_key('a')",
        "keys() == ['b']", "fromkeys(['a'])"]
BINARY = ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or"]
VALUES = ["i", "j", "z", "f", "h", "n", "t", "e", "s", "q", "l", "o", "d", "nope", "(1, 2)", "range(3)", "'<b>'|safe", "d.keys()", "'%s-%d'", "'%'"]
INDEX = ["[0]", "[-1]", "[9]", "['a']", "['nope']", "[1:]", "[:-1]", "[::2]", "[::-1]", "[1:2]", "[none:none]", "['x':]", "[::0]", "[5:1:-1]", "[-100:100]",
         ".a", ".nope", ".0", "[i]", "[f]", "[n]", "[nope]", "[true]", "[[]]", "[0][0]", ".__class__", "['__class__']", ".upper", ".items", "[1,2]", "[]"]
SPECS = ["d", "5d", "05d", "+d", " d", "-5d", "<5d", "^7d", ",", "_", "x", "#x", "#X", "o", "#o", "b", "#b", "c", "e", ".2e", "E", "f", ".0f", ".3f", "F", "g",
         ".3g", "G", "%", ".1%", "n", "10", "<10", ">10", "^10", "*^10", "=10", "010", ".2", "10.3", ",.2f", "_d", "_x", "#.0f", "+.1f", "s", "10s", ".3s", "<10s",
         "=10s", "q", "5.", "z.1f", "05", "+", ",d", ",s", "<", "é^9", "020,.1f", "#g", ".0e", "1.1", ".15g", ".17g", "1_000", "#_b"]
PERCENT = ["%s", "%r", "%a", "%d", "%i", "%u", "%5d", "%-5d|", "%05d", "%+d", "% d", "%x", "%#x", "%X", "%o", "%#o", "%c", "%e", "%.2e", "%f", "%.1f", "%10.2f", "%-10.2f|",
           "%g", "%G", "%.3g", "%%", "%5%", "%s %s", "%(a)s", "%(nope)s", "%(a)d %(b)s", "%", "%q", "%.3s", "%10s", "%-10s|", "%*d", "%.*f", "%ld", "%5.3d", "%+.1e", "%#.3g",
           "%05.1f", "%(a)", "%.0f", "%b"]
NUMBERS = ["0", "1", "-1", "7", "255", "-255", "1000000", "1234567.891", "0.1", "-0.5", "1e16", "1e-7", "123456789012", "1e22", "2.5", "3.5", "0.0", "1e100", "true"]

PROGRAMS = """
{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}
{% for x in v|map('upper') %}{{ loop.index }}/{{ loop.last }}/{{ x }}{{ loop.nextitem is defined }}{% endfor %}
{% for x in v|map('upper') %}{{ loop.length }}{{ loop.revindex }}{% endfor %}
{% for x in l %}{{ loop.cycle('a', 'b') }}{{ loop.changed(x) }}{{ loop.changed(1) }}{% endfor %}
{% for x in l %}{{ loop }}{% endfor %}
{% for x in l if x > 1 %}{{ loop.index }}{{ loop.length }}{{ x }}{% else %}none{% endfor %}
{% for x in l if x > 9 %}{{ x }}{% else %}none{{ x }}{% endfor %}
{% for a, b in d.items() %}{{ a }}={{ b }} {% endfor %}
{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for a, b in [(1, 2, 3)] %}{{ a }}{% endfor %}
{% for a, b in [(1,)] %}{{ a }}{% endfor %}
{% for a, b in ['xy', 'zw'] %}{{ a }}{{ b }}{% endfor %}
{% for x in ll recursive %}[{{ loop(x) if x is iterable and x is not string else x }}]{% endfor %}
{% for x in ll recursive %}{{ loop.depth }}{% if x is iterable %}{{ loop(x) }}{% endif %}{% endfor %}
{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% if loop.index == 2 %}{% break %}{% endif %}{% else %}E{% endfor %}
{% for x in l %}{% for y in v %}{% if y == 'A' %}{% break %}{% endif %}{{ x }}{{ y }}{% endfor %}|{% endfor %}
{% for x in l %}{% set z = x %}{% endfor %}{{ z }}
{% set ns = namespace(a=1) %}{% for x in l %}{% set ns.a = ns.a + x %}{% endfor %}{{ ns.a }}{{ ns }}
{% set ns = namespace() %}{{ ns.nope }}{{ ns.nope is defined }}{% set ns.b = [1] %}{{ ns.b }}{{ ns['b'] }}
{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns.b }}
{% set ns = namespace(_a=1) %}{{ ns._a }}
{% set ns = namespace() %}{% set ns._a = 1 %}
{% set x.y = 1 %}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set a, b = b, a %}{{ a }}{{ b }}
{% set a = 1, 2 %}{{ a }}
{% set a, b = [1] %}
{% set x %}a{{ i }}b{% endset %}{{ x }}{{ x is string }}{{ x is escaped }}
{% set x | upper | replace('A', 'z') %}abc{{ i }}{% endset %}{{ x }}
{% filter upper %}abc {{ s }}{% endfilter %}
{% filter indent(2) | upper %}a\nb\n{{ m }}{% endfilter %}
{% macro f(a, b=2, c='x') %}{{ a }}-{{ b }}-{{ c }}{% endmacro %}{{ f(1) }} {{ f(1, c=3) }} {{ f(1, 2, 3) }} {{ f() }} {{ f(b=1) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1, 2) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(b=2) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1, a=2) }}
{% macro f(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, 3, k=4) }}{{ f() }}
{% macro f() %}{{ caller() }}{{ caller(1) if false }}{% endmacro %}{% call f() %}body{% endcall %}
{% macro f() %}{% for x in l %}{{ caller(x, loop.index) }}{% endfor %}{% endmacro %}{% call(a, b=9) f() %}{{ a }}:{{ b }} {% endcall %}
{% macro f() %}{{ caller is defined }}{% endmacro %}{{ f() }}{% call f() %}{% endcall %}
{% macro f() %}x{% endmacro %}{% call f() %}y{% endcall %}
{% macro f(a=i) %}{{ a }}{% endmacro %}{% set i = 9 %}{{ f() }}
{% macro f(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ f(1) }}
{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(4) }}
{% macro f() %}{{ i }}{% endmacro %}{% set i = 5 %}{{ f() }}
{% macro f(x) %}{% endmacro %}{{ f.name }}{{ f.arguments }}{{ f.catch_kwargs }}{{ f.catch_varargs }}{{ f.caller }}
{% macro f(x) %}{% set x = 2 %}{{ x }}{% endmacro %}{{ f(1) }}{{ x }}
{% with a = 1, b = i %}{{ a }}{{ b }}{% endwith %}{{ a }}
{% with %}{% set a = 1 %}{{ a }}{% endwith %}{{ a }}
{% with a = 1, b = a %}{{ b }}{% endwith %}
{% if i > 2 and s %}y{% elif nope %}e{% else %}n{% endif %}
{% if nope %}a{% elif l %}b{% endif %}
{% if not (i == 3 or f) %}a{% else %}b{% endif %}
{% raw %}{{ x }}{% if %}{% endraw %}
{%- raw -%}  {{ x }}  {%- endraw -%}
a {%- if true %} b {% endif -%} c
  {% if true %}
  x
  {% endif %}
y
  {%+ if true %}
  x
  {%+ endif +%}
y
{# comment {{ x }} #}a{#- b -#} c
a\n{# c #}\nb
{{- i -}}   x   {{- i }}
{{ 'a' if nope }}{{ 'a' if nope else 'b' if i else 'c' }}
{{ ('a' if nope) is defined }}
{{ [1, 2][::-1] }}{{ (1, 2)[0] }}{{ {'a': {'b': [1]}}.a.b[0] }}{{ {'a': 1}['a'] }}
{{ {1: 2, 'x': [], none: {}, true: 5, 1.5: 1, (1, 2): 3} }}
{{ {'a': 1, 'a': 2} }}{{ {[]: 1} }}
{{ dict(a=1, b=2) }}{{ dict({'a': 1}, b=2) }}{{ dict([('a', 1)]) }}{{ dict() }}
{{ dict.fromkeys(['a', 'b'], 1) }}
{{ dict([1]) }}
{{ range(3) }}{{ range(1, 4) | list }}{{ range(5, 0, -2) | list }}{{ range(0) | list }}
{{ range(1.5) }}
{{ range() }}
{{ range(3)[1] }}{{ range(3)[1:] }}{{ 2 in range(3) }}{{ range(3) == range(0, 3) }}{{ range(3) | last }}
{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.current }}
{{ cycler() }}
{% set j = joiner('|') %}{{ j() }}a{{ j() }}b{{ j() }}c
{{ joiner()() }}x
{{ strftime_now('%Y-%m-%d %H:%M:%S %j %A %B %y %% %d %b %a') }}
{{ raise_exception('no') }}
{{ raise_exception() }}
{{ namespace }}{{ 1 }}
{{ lipsum is defined }}{{ range is defined }}{{ self is defined }}{{ loop is defined }}{{ caller is defined }}
{% block a %}x{{ i }}{% block b %}y{% endblock b %}{% endblock %}{{ self.a() }}{{ self.b() }}
{% for x in l %}{% block a scoped %}{{ x }}{% endblock %}{% endfor %}
{% for x in l %}{% block a %}{{ x }}{% endblock %}{% endfor %}
{% block a %}{% endblock %}{% block a %}{% endblock %}
{% block a %}{{ super() }}{% endblock %}
{% extends 'x' %}
{% include 'x' %}
{% import 'x' as y %}
{% from 'x' import y %}
{% if false %}{% include 'x' %}{% endif %}ok
{% if false %}{% import 'x' as y %}{% endif %}ok
{% if false %}{% from 'x' import y, z as w with context %}{% endif %}ok
{% if false %}{% extends 'x' %}{% endif %}ok
{% if false %}{% include 'x' ignore missing without context %}{% endif %}ok
{% include ['a', 'b'] ignore missing %}
{% autoescape true %}{{ y }}{{ y|safe }}{{ '<' ~ y }}{{ [y] }}{% endautoescape %}{{ y }}
{% autoescape true %}{% set x %}<b>{{ y }}{% endset %}{{ x }}{{ y|upper }}{{ y|replace('a', '<') }}{{ y|join(',') }}{% endautoescape %}
{% do l.append(1) %}
{% debug %}
{% trans %}x{% endtrans %}
{% continue %}
{% print i, f %}{% print(i) %}
{% set x = [] %}{% set _ = x.append(1) %}{{ x }}
{{ x.append }}{{ l.append is defined }}{{ l.append }}
{{ ''.__class__ }}{{ ''.__class__ is defined }}
{{ ''.__class__.__mro__ }}
{{ s|attr('__class__') }}{{ s|attr('upper')() }}
{{ f.is_integer() }}{{ i.bit_length() }}{{ f.real }}{{ i.numerator }}{{ (2.0).is_integer() }}
{{ i.real }}{{ i.imag }}{{ i.denominator }}{{ f.as_integer_ratio() }}{{ i.conjugate() }}{{ f.hex() }}
{{ 1 if 1 == 1.0 and true == 1 else 2 }}{{ 'a' < 'b' < 'c' }}{{ 1 < 2 > 1 }}{{ not 1 in [2] }}{{ 1 not in [2] }}
{{ -2 ** 2 }}{{ (-2) ** 2 }}{{ 2 ** 3 ** 2 }}{{ 2 ** -1 }}{{ 10 // 3 * 3 + 10 % 3 }}{{ -7 // 2 }}{{ -7 % 3 }}{{ 7 % -3 }}
{{ 2 ** 64 }}{{ 9223372036854775807 + 1 }}{{ 99999999999999999999 }}
{{ 1_000 }}{{ 0x_ff }}{{ 0b1 }}{{ 0o7 }}{{ 1e3 }}{{ 1.5e-3 }}{{ 1E5 }}{{ 12_3.4_5 }}
{{ 01 }}
{{ 1. }}
{{ .5 }}
{{ 'a\\nb\\t\\x41\\u00e9\\'"' }}{{ "a'b\\"c" }}{{ 'a' 'b' }}{{ '\\q' }}{{ 'a\\\\b' }}{{ '\\101' }}{{ '\\N{BULLET}' }}
{{ 'unterminated }}
{{ i
{% if i %}
{% endif %}
{% for %}
{{ i i }}
{{ i + }}
{{ (i }}
{{ [1, 2 }}
{{ i | }}
{{ i is }}
{{ i.}}
{{ 'a'|upper|lower|title }}{{ ('a'|upper) ~ 'b' }}{{ 'a' ~ 1 ~ none ~ true ~ 1.0 ~ [] }}
{{ -1|abs }}{{ (-1)|abs }}{{ 1 + 2|string|int }}{{ not nope|default(false) }}
{{ nope.x }}
{{ nope + 1 }}
{{ nope ~ 'x' }}{{ nope == nope2 }}{{ nope == none }}{{ nope in [1] }}{{ 1 in nope }}{{ nope|length }}{{ nope|list }}{{ not nope }}{{ nope|upper }}|{{ [nope] }}
{{ nope() }}
{{ nope[0] }}
{% for x in nope %}{{ x }}{% else %}empty{% endfor %}
{{ s() }}
{{ none.x }}{{ none.x is defined }}
{{ none.x.y }}
{{ d.nope.x }}
{{ d.items }}{{ 1 }}
{{ d['items'] is defined }}{{ {'items': 3}.items }}{{ {'items': 3}['items'] }}
{{ loop }}{{ self }}
{{ [x for x in l] }}
{{ lambda x: x }}
{{ {'a': 1}|items|list }}{{ d|dictsort }}{{ d|length }}{{ d|first }}{{ d|list }}{{ d|join }}
{{ 'x'.format() }}{{ '{} {}'.format(1, 2) }}{{ '{0} {1} {0}'.format(1, 2) }}{{ '{a} {b.x} {c[0]}'.format(a=1, b={'x': 1}, c=[5]) }}
{{ '{:>5}|{:<5}|{:^5}'.format(1, 'a', 2.5) }}{{ '{!r} {!s} {!a}'.format('é', 'é', 'é') }}{{ '{{}}'.format() }}{{ '{:{}}'.format(1, 5) }}
{{ '{} {0}'.format(1) }}
{{ '{'.format(1) }}
{{ '{a.__class__}'.format(a=1) }}
{{ l|map('string')|join('-') }}{{ l|sum }}{{ l|max }}{{ l|sort|first }}{{ l|sort(reverse=true)|join }}
{{ rows|map(attribute='n')|unique|join(',') }}{{ rows|selectattr('v')|map(attribute='v')|sum }}
{{ rows|groupby('n')|length }}{% for k, g in rows|groupby('n') %}{{ k }}{{ g|length }}{% endfor %}{% for g in rows|groupby('n') %}{{ g.grouper }}{{ g.list|length }}{{ g[0] }}{{ g }}{% endfor %}
{% generation %}a{{ i }}{% endgeneration %}
{% for x in l %}{% generation %}{{ x }}{% if x == 1 %}!{% endif %}{% endgeneration %}{% endfor %}
{% generation %}{% set a = 1 %}{% endgeneration %}{{ a }}
{% set a = 1 %}{% generation %}{{ a }}{% set a = 2 %}{{ a }}{% endgeneration %}{{ a }}
{% set a = 1 %}{% if true %}{% set a = 2 %}{% endif %}{{ a }}{% for x in [1] %}{% set a = 3 %}{% endfor %}{{ a }}{% with %}{% set a = 4 %}{% endwith %}{{ a }}
{{ a }}{% set a = 1 %}{{ a }}
{% if false %}{% set i = 1 %}{% endif %}{{ i }}
{% for i in [1] %}{{ i }}{% endfor %}{{ i }}
{% macro m() %}{{ q1 }}{% endmacro %}{% set q1 = 5 %}{{ m() }}
{% for x in [1, 2] %}{{ q2 }}{% set q2 = x %}{% endfor %}
{% set q3 = 1 %}{% for x in [1, 2] %}{{ q3 }}{% set q3 = x + 5 %}{{ q3 }}{% endfor %}{{ q3 }}
{{ i, f }}{{ (i,) }}{{ () }}{{ [] }}{{ {} }}
{{ 1 if i else }}
{{ i if }}
{{ **d }}
{{ dict(**d) }}{{ range(*[1, 3])|list }}
{{ dict(**[1]) }}
{{ range(*5) }}
{%if i%}a{%endif%}{%-if i-%} b {%-endif-%}
{% if i %}\n\n  x{% endif %}\n\n
x{% set a = 1 %}\ny\n  {% set b = 2 %}\n  z
{{ i }}\n{{ i }}\n
{{ "\\u{1F600}" }}
{{ m|indent }}{{ m|indent(2, first=true) }}{{ m|wordcount }}{{ m|length }}
{{ 5|string|center(9, '*') }}
{{ [1,[2,[3]]]|string }}{{ [s, u, y, p] }}{{ {'k': p} }}
{{ mix|tojson }}{{ mix|tojson(indent=2) }}{{ rows|tojson(indent=4, sort_keys=true) }}{{ u|tojson(ensure_ascii=true) }}
{{ {1: 1, none: 2, true: 3, 1.5: 4}|tojson }}
{{ {(1, 2): 1}|tojson }}
{{ [1.0, 1e100, -0.0, 1e-7, 123456789.123]|tojson }}
{{ [range(2)]|tojson }}
{{ d.items()|tojson }}
{{ ('<'|safe)|tojson }}{{ nope|tojson }}
{{ x|default(y|default(nope|default('deep'))) }}{{ d.zz|default('dd') }}{{ none|default('n') }}{{ none|default('n', true) }}{{ ''|default('e', true) }}
{{ l is iterable and l is not string }}{{ d is mapping }}{{ 'a' is in 'abc' }}{{ 3 is divisibleby 3 }}{{ i is odd and not i is even }}
{{ [[1, 2], [3]]|sum(start=[]) }}{{ [1.5, 2]|sum }}{{ ['a']|sum(start='') }}
{{ 'abc'|first }}{{ 'abc'|last }}{{ ''|first }}{{ []|last is defined }}{{ 'abc'|reverse }}{{ 'abc'|list }}{{ 'cab'|sort }}{{ 'abc'|batch(2)|list }}
{{ 3.0 }}{{ 3.10 }}{{ 1e15 }}{{ 1e16 }}{{ 1e17|int }}{{ 1.0e-5 }}{{ 0.1 + 0.2 }}{{ 1/3 }}{{ 10/2 }}{{ 7//2.0 }}{{ 2.5|round }}{{ 3.5|round }}{{ 2.567|round(2) }}{{ 42|round(-1) }}{{ 1e308 * 10 }}{{ -(1e308 * 10) }}
{{ true + 1 }}{{ true|int }}{{ true|string }}{{ true|tojson }}{{ -true }}{{ true * 'ab' }}{{ [1] * true }}
""".strip("\n").split("\n")


def cases():
    for name in NAMES:
        prefix = "{% set ns = namespace(a=1) %}" if "ns" == name else ""
        for filter_, arguments in FILTERS.items():
            for args in arguments:
                yield f"{prefix}{{{{ {name}|{filter_}{args} }}}}"
        for test in TESTS:
            yield f"{prefix}{{{{ {name} is {test} }}}}"
        for index in INDEX:
            yield f"{prefix}{{{{ ({name}){index} }}}}"
        for form in ("-", "+", "not "):
            yield f"{prefix}{{{{ {form}{name} }}}}"
        yield f"{prefix}{{% for x in {name} %}}{{{{ x }}}},{{% else %}}E{{% endfor %}}"
        yield f"{prefix}{{{{ {name} }}}}{{{{ [{name}] }}}}"
        for method in DICT + LIST:
            yield f"{prefix}{{{{ ({name}).{method} }}}}"
    for name in ("e", "s", "p", "k", "q", "r", "x", "y", "u", "m", "i", "nope", "n", "('<b>'|safe)"):
        for method in STR:
            yield f"{{{{ {name}.{method} }}}}"
    for left in VALUES:
        for right in VALUES:
            for op in BINARY:
                yield f"{{{{ ({left}) {op} ({right}) }}}}"
    for number in NUMBERS:
        for spec in SPECS:
            yield f"{{{{ '{{:{spec}}}'.format({number}) }}}}"
        for form in PERCENT:
            yield f"{{{{ '{form}' % ({number}) }}}}"
        for f in ("round", "round(2)", "round(-2)", "round(1, 'ceil')", "round(1, 'floor')", "int", "float", "string", "tojson", "filesizeformat",
                  "filesizeformat(true)", "abs"):
            yield f"{{{{ ({number})|{f} }}}}"
    for value in ("s", "u", "e", "l", "n", "d", "nope", "(1, 2)", "(1,)", "('a', 'b')", "'<b>'|safe"):
        for spec in SPECS:
            yield f"{{{{ '{{:{spec}}}'.format({value}) }}}}"
        for form in PERCENT:
            yield f"{{{{ '{form}' % {value if value[0] == '(' else '(' + value + ')'} }}}}"
            yield f"{{{{ '{form}'|format({value}) }}}}"
    for program in PROGRAMS:
        yield program.replace("\\n", "\n")
    for a in SHORT:
        for b in SHORT:
            yield f"{{{{ [{a}, {b}]|sort }}}}{{{{ [{a}, {b}]|unique|list }}}}"
            yield f"{{{{ [{a}, {b}]|max }}}}{{{{ [{a}] == [{b}] }}}}"
            yield f"{{{{ {{'k': {a}, 'l': {b}}}|dictsort(by='value') }}}}"
