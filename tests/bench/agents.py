# SPDX-License-Identifier: Apache-2.0
"""The same by Python: asyncio's processes and the jsonschema package, where it is installed."""
import asyncio
import importlib.metadata
import statistics
import time

SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "city name"},
        "days": {"type": "integer", "default": 1, "minimum": 1},
    },
    "required": ["city"],
}


def row(what, seconds, unit):
    print(f"peer {what:<56} {seconds * (1e3 if unit == 'ms' else 1e6):9.3f} {unit}")


def median(rounds, run):
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


async def four():
    async def one():
        process = await asyncio.create_subprocess_exec("sleep", "0.1")
        await process.wait()

    await asyncio.gather(*(one() for _ in range(4)))


row("four processes of 100 ms together (asyncio)", median(7, lambda: asyncio.run(four())), "ms")
try:
    import jsonschema

    checker = jsonschema.Draft202012Validator(SCHEMA)
    value = {"city": "Seoul", "days": 2}
    version = importlib.metadata.version("jsonschema")
    row(f"schema: check of two arguments (jsonschema {version})",
        median(2000, lambda: list(checker.iter_errors(value))), "us")
    row(f"schema: made and checked (jsonschema {version})",
        median(500, lambda: list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(value))), "us")
except ImportError:
    print("peer schema: the package jsonschema is not installed (PYTHON names another Python)")
