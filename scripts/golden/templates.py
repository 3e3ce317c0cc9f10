# SPDX-License-Identifier: Apache-2.0
"""Python's jinja2 as the judge of engine/templates.

templates.py FILE            asks the peer again for every case of tests/golden/templates/
                             semantics.json: {peer, cases: [{area, template, variables,
                             expected | error}]}. A new case is added by hand without a verdict.
templates.py --run LINES     reads {template, variables} lines, prints them with verdicts
templates.py --fuzz N SEED   prints N random cases with verdicts (grammar: templates_fuzz.py)
templates.py --table         prints every filter, test, method and operator with values of every
                             kind, with verdicts (templates_table_cases.py)

test_templates reads such lines where MOONLET_TEMPLATE_CASES names a file of them. The environment
is the one that transformers sets up for chat templates. `error` holds the peer's message; ours has
to be an error too, in its own words. Needs the Python package jinja2 and nothing else."""
import copy
import json
import os
import sys
from datetime import datetime

HERE = os.path.dirname(os.path.abspath(__file__))
# Packages, not our files of the same names.
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != HERE]
import jinja2  # noqa: E402
from jinja2 import ext, nodes  # noqa: E402
from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: E402

sys.path.append(HERE)
from templates_fuzz import cases as random_cases  # noqa: E402
import templates_table_cases as templates_table  # noqa: E402


class Generation(ext.Extension):
    """{% generation %} … {% endgeneration %}: prints its body (the real one also notes where)."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


class Dict:
    """`dict` as transformers gives it to templates: callable, with fromkeys and nothing else."""

    def __call__(self, *args, **kwargs):
        return dict(*args, **kwargs)

    def fromkeys(self, *args, **kwargs):
        return dict.fromkeys(*args, **kwargs)


class Namespace(jinja2.utils.Namespace):
    """`namespace` as transformers gives it: no attribute begins with an underscore."""

    def __init__(*args, **kwargs):
        self, args = args[0], args[1:]
        attributes = dict(*args, **kwargs)
        for name in attributes:
            Namespace.check(name)
        jinja2.utils.Namespace.__init__(self, attributes)

    def __setitem__(self, name, value):
        Namespace.check(name)
        jinja2.utils.Namespace.__setitem__(self, name, value)

    @staticmethod
    def check(name):
        if isinstance(name, str) and name.startswith("_"):
            raise jinja2.exceptions.SecurityError(f"attribute {name!r} of a namespace")


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators,
                      sort_keys=sort_keys)


def strftime_now(form):
    return datetime(2025, 1, 15, 12, 0, 0).strftime(form)


def environment():
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                        extensions=[Generation, ext.loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = strftime_now
    env.globals["dict"] = Dict()
    env.globals["namespace"] = Namespace
    return env


def judge(template, variables):
    variables = copy.deepcopy(variables)  # a few filters change lists in place
    try:
        return {"expected": environment().from_string(template).render(**variables)}
    except Exception as error:  # whatever the peer raises is the verdict "error"
        return {"error": f"{type(error).__name__}: {error}"[:300]}


def judged(case):
    kept = {k: v for k, v in case.items() if k not in ("expected", "error")}
    return {**kept, **judge(case["template"], case.get("variables", {}))}


def main():
    if sys.argv[1] == "--run":
        for line in open(sys.argv[2]):
            print(json.dumps(judged(json.loads(line))))
    elif sys.argv[1] in ("--fuzz", "--table"):
        if sys.argv[1] == "--table":
            made = ((t, templates_table.VARIABLES) for t in templates_table.cases())
        else:
            made = random_cases(int(sys.argv[2]), int(sys.argv[3]))
        for template, variables in made:
            case = judged({"template": template, "variables": variables})
            # A memory address in the output is nobody's to match.
            if " at 0x" not in case.get("expected", "").lower():
                print(json.dumps(case))
    else:
        if os.path.isdir(sys.argv[1]):
            sys.argv[1] = os.path.join(sys.argv[1], "semantics.json")
        with open(sys.argv[1]) as golden:
            cases = [judged(case) for case in json.load(golden)["cases"]]
        rows = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
        with open(sys.argv[1], "w") as golden:
            golden.write('{"peer": "jinja2 %s", "cases": [\n%s\n]}\n' % (jinja2.__version__, rows))
        errors = sum("error" in case for case in cases)
        print(f"{sys.argv[1]}: {len(cases)} cases, {errors} of them errors")


if __name__ == "__main__":
    main()
