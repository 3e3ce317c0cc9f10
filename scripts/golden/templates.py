# SPDX-License-Identifier: Apache-2.0
"""Python's jinja2 as the judge of engine/templates.

templates.py OUT_DIR              writes OUT_DIR/semantics.json: {peer, cases: [{template, variables, expected | error}]}
templates.py --run IN.jsonl       reads lines {template, variables}, prints them with expected | error added

The environment is the one that transformers sets up for chat templates. `error` holds the peer's message; our own only has
to be an error as well. Needs the Python package jinja2 and nothing else. The snippets are in templates_cases.py."""
import json
import os
import sys
from datetime import datetime

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != HERE]  # packages, not our files of the same names
import jinja2  # noqa: E402
from jinja2 import ext, nodes  # noqa: E402
from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: E402

sys.path.append(HERE)
from templates_cases import CASES  # noqa: E402


class Generation(ext.Extension):
    """{% generation %} … {% endgeneration %}: prints its body (the real one also notes where)."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                        extensions=[Generation, ext.loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda form: datetime(2025, 1, 15, 12, 0, 0).strftime(form)
    return env


def judge(template, variables):
    try:
        return {"expected": environment().from_string(template).render(**variables)}
    except Exception as error:  # whatever the peer raises is the verdict "error"
        return {"error": f"{type(error).__name__}: {error}"[:300]}


def main():
    if sys.argv[1] == "--run":
        for line in open(sys.argv[2]):
            case = json.loads(line)
            print(json.dumps({**case, **judge(case["template"], case["variables"])}))
        return
    cases = []
    for case in CASES:
        template, variables = (case, {}) if isinstance(case, str) else case
        cases.append({"template": template, "variables": variables, **judge(template, variables)})
    path = os.path.join(sys.argv[1], "semantics.json")
    with open(path, "w") as out:
        rows = ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases)
        out.write('{"peer": "jinja2 %s", "cases": [\n%s\n]}\n' % (jinja2.__version__, rows))
    errors = sum("error" in c for c in cases)
    print(f"{path}: {len(cases)} cases, {errors} of them errors")


if __name__ == "__main__":
    main()
