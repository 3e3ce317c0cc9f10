# SPDX-License-Identifier: Apache-2.0
"""Chat completion streams, and what the openai client's own stream helper reads in them from a
local server: tests/golden/protocols/streams.json. usage: protocols.py [OUT_DIR]"""

import http.server
import json
import os
import sys
import threading

import openai

USAGE = {
    "prompt_tokens": 9,
    "completion_tokens": 4,
    "total_tokens": 13,
    "prompt_tokens_details": {"cached_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 1},
}


def chunk(delta, reason=None, **more):
    choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None, **more}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return {**head, "choices": [choice]}


def texts(words):
    return [chunk({"role": "assistant", "content": ""})] + [chunk({"content": w}) for w in words]


def call(index, id=None, name=None, arguments=""):
    piece = {"index": index, "function": {"arguments": arguments}}
    if id:
        piece.update(id=id, type="function")
        piece["function"]["name"] = name
    return {"tool_calls": [piece]}


def logprob(token, value):
    top = [{"token": t, "logprob": p, "bytes": None} for t, p in ((token, value), ("x", -9.5))]
    return {"content": [{"token": token, "logprob": value, "bytes": None, "top_logprobs": top}],
            "refusal": None}


END = chunk({}, "stop")
LAST = {**chunk({}), "choices": [], "usage": USAGE}
TOOLS = [
    chunk({"role": "assistant", "content": None}),
    chunk(call(0, "call_a", "get_weather")),
    chunk(call(0, arguments='{"ci')),
    chunk(call(0, arguments='ty": "Seoul"}')),
    chunk(call(1, "call_b", "get_weather")),
    chunk(call(1, arguments='{"city": ')),
    chunk(call(1, arguments='"부산"}')),
    chunk({}, "tool_calls"),
]
MIXED = [TOOLS[i] for i in (0, 1, 2, 4, 5, 3, 6, 7)]
SHARED = chunk({"tool_calls": [call(0, "a", "f", "{}")["tool_calls"][0],
                               call(1, "b", "g", '{"x": [1, null]}')["tool_calls"][0]]})


def body(chunks, end="\n", before="", ascii=True):
    lines = [before + "data: " + json.dumps(c, ensure_ascii=ascii) for c in chunks]
    return "".join(line + end + end for line in lines + ["data: [DONE]"])


CASES = {
    "text": body(texts(["Hello", ", ", "world", "!"]) + [END, LAST]),
    "no usage, length": body(texts(["cut ", "short"]) + [chunk({}, "length")]),
    "unicode as it is": body(texts(["한국어 ", "🙂", " wörld"]) + [END], ascii=False),
    "crlf and comments": body(texts(["a", "b"]) + [END, LAST], "\r\n", ": keep-alive\r\n\r\n"),
    "cr": body(texts(["a", "b"]) + [END], "\r"),
    "parallel tools": body(TOOLS + [LAST]),
    "parallel tools in turn": body(MIXED + [LAST]),
    "two calls in one chunk": body([SHARED, chunk({}, "tool_calls")]),
    "text and a tool": body(texts(["I look."]) + TOOLS[1:4] + [chunk({}, "tool_calls")]),
    "logprobs": body([chunk({"content": "Hi"}, logprobs=logprob("Hi", -0.5)),
                      chunk({"content": "!"}, logprobs=logprob("!", -1.25)), END]),
    "refusal": body([chunk({"role": "assistant", "refusal": "I "}), chunk({"refusal": "won't."}),
                     END]),
    "reason with the last text": body(texts(["x"]) + [chunk({"content": "y"}, "stop"), LAST]),
    "event names": body(texts(["named"]) + [END], before="event: chunk\nid: 7\n"),
}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = CASES[self.headers["X-Case"]].encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def read(client, name):
    with client.chat.completions.stream(
        model="m", messages=[{"role": "user", "content": "x"}], extra_headers={"X-Case": name}
    ) as stream:
        try:
            final = stream.get_final_completion()
        except openai.LengthFinishReasonError as e:
            final = e.completion
    choice, usage = final.choices[0], final.usage
    rows = choice.logprobs.content if choice.logprobs and choice.logprobs.content else []
    expected_usage = {}
    if usage:
        expected_usage = {k: getattr(usage, k)
                          for k in ("prompt_tokens", "completion_tokens", "total_tokens")}
        expected_usage["cached_tokens"] = usage.prompt_tokens_details.cached_tokens
        expected_usage["reasoning_tokens"] = usage.completion_tokens_details.reasoning_tokens
    return {
        "id": final.id,
        "text": choice.message.content or "",
        "refusal": choice.message.refusal or "",
        "finish_reason": choice.finish_reason,
        "calls": [{"id": c.id, "name": c.function.name, "raw": c.function.arguments}
                  for c in choice.message.tool_calls or []],
        "logprobs": [{"token": r.token, "logprob": r.logprob,
                      "top": [{"token": t.token, "logprob": t.logprob} for t in r.top_logprobs]}
                     for r in rows],
        "usage": expected_usage,
    }


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = openai.OpenAI(base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none",
                       max_retries=0)
streams = [{"name": n, "body": CASES[n], "expected": read(client, n)} for n in CASES]
folder = sys.argv[1] if len(sys.argv) > 1 else "tests/golden/protocols"
os.makedirs(folder, exist_ok=True)
with open(os.path.join(folder, "streams.json"), "w") as f:
    json.dump({"source": "openai " + openai.__version__, "streams": streams}, f, indent=1)
    f.write("\n")
