# SPDX-License-Identifier: Apache-2.0
"""tests/golden/formats/hub.json from huggingface_hub: where it looks by the environment, which
names it takes, which files its patterns mean, and the cache it leaves on disk after pulling from a
small hub of our own on this machine. With --load FOLDER REPO it opens a cache that moonlet has
filled, by huggingface_hub and transformers, offline: the way back, done by hand."""

import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMIT, SECOND = "a" * 40, "b" * 40
FILES = {
    "config.json": b'{"model_type": "llama"}\n',
    "1_Pooling/config.json": b"{}\n",
    "model.safetensors": bytes(range(256)) * 8,
}
LARGE = {"model.safetensors"}


def git_id(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def etag(name, content):
    return hashlib.sha256(content).hexdigest() if name in LARGE else git_id(content)


class Hub(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        _, _, rest = self.path.partition("/resolve/")
        revision, _, name = rest.partition("/")
        content = FILES.get(name)
        self.send_response(404 if content is None else 200)
        self.send_header("X-Repo-Commit", SECOND if revision == "v1.0" else COMMIT)
        if content is None:
            self.send_header("X-Error-Code", "EntryNotFound")
            content = b""
        else:
            self.send_header("ETag", '"%s"' % etag(name, content))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


def run(code, environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING", "TRANSF"))}
    clean.pop("XDG_CACHE_HOME", None)
    clean.update(environment)
    done = subprocess.run([sys.executable, "-c", code], env=clean, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


SETTINGS = """
import json
from huggingface_hub import constants, get_token
print(json.dumps({"cache": constants.HF_HUB_CACHE, "endpoint": constants.ENDPOINT,
    "offline": constants.HF_HUB_OFFLINE, "token": get_token() or "",
    "on_request": constants.HF_HUB_DISABLE_IMPLICIT_TOKEN}))
"""


def settings():
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder)
        for name, text in {"token": "  hf_file\n", "mytoken": "hf_mine", "empty": "\n"}.items():
            (home / name).write_text(text)
        for environment in [
            {}, {"XDG_CACHE_HOME": "/x/cache"}, {"HF_HOME": "/x/home"}, {"HF_HOME": "~/hf"},
            {"HF_HOME": "$DATA/hf", "DATA": "/d"}, {"HF_HOME": "${DATA}x/$NOPE/hf", "DATA": "/d"},
            {"HF_HOME": "/x/home", "XDG_CACHE_HOME": "/x/cache"},
            {"HUGGINGFACE_HUB_CACHE": "/old"}, {"HF_HUB_CACHE": "/new"},
            {"HF_HUB_CACHE": "~/new", "HUGGINGFACE_HUB_CACHE": "/old", "HF_HOME": "/x/home"},
            {"HF_ENDPOINT": "http://mirror.example/hub//"},
            {"HF_HUB_OFFLINE": "1"}, {"HF_HUB_OFFLINE": "yes"}, {"HF_HUB_OFFLINE": "true"},
            {"HF_HUB_OFFLINE": "0"}, {"HF_HUB_OFFLINE": "2"}, {"TRANSFORMERS_OFFLINE": "ON"},
            {"HF_HUB_OFFLINE": "0", "TRANSFORMERS_OFFLINE": "1"},
            {"HF_TOKEN": "hf_a"}, {"HF_TOKEN": " hf_a\r\n"}, {"HUGGING_FACE_HUB_TOKEN": "hf_b"},
            {"HF_TOKEN": "hf_a", "HUGGING_FACE_HUB_TOKEN": "hf_b"},
            {"HF_TOKEN": "  ", "HUGGING_FACE_HUB_TOKEN": "hf_b"},
            {"HF_HOME": "HOME_FOLDER"}, {"HF_TOKEN_PATH": "HOME_FOLDER/mytoken"},
            {"HF_TOKEN_PATH": "~/mytoken", "HF_HOME": "HOME_FOLDER"},
            {"HF_TOKEN_PATH": "HOME_FOLDER/empty"}, {"HF_TOKEN": "hf_a", "HF_HOME": "HOME_FOLDER"},
            {"HF_TOKEN": "hf_a", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"},
        ]:
            real = {k: v.replace("HOME_FOLDER", folder) for k, v in environment.items()}
            found = run(SETTINGS, {**real, "HOME": folder})
            found["cache"] = found["cache"].replace(folder, "HOME_FOLDER")
            cases.append({"environment": environment, "found": found})
    return cases


def names():
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    cases = {}
    for name in ["gpt2", "org/name", "Org-1/na.me_2", "a/b/c", "", "/", "a/", "/b", "a//b",
                 "org/-x", "org/x-", "org/.x", "org/x.", "-o/x", "o-/x", "o--x/y", "o/x--y",
                 "o/x..y", "x.git", "o/x.git", "o/x.gitt", "o/ü", "o x/y", "o/_x_", "_",
                 "demo@v1", "a:b", "~/x", "./x", "../x", "a" * 96, "a" * 97, "b/" + "a" * 96,
                 "b/" + "a" * 97, "b" * 97 + "/a"]:
        try:
            validate_repo_id(name)
            cases[name] = True
        except HFValidationError:
            cases[name] = False
    return cases


def patterns():
    from huggingface_hub.utils import filter_repo_objects

    files = ["config.json", "a.bin", "A.BIN", "x/a.bin", "x/y/b.json", "model-00001-of-00002.gguf",
             "we[i]rd.txt", "a-b.txt", "a+b.txt", "a.b.txt", "%d.txt", "x/.hidden", "café.txt"]
    cases = []
    for given in ["*", "*.bin", "?.bin", "x/", "x/*", "x/*.bin", "*/*.json", "[ab].bin", "[!a]*",
                  "model-?????-of-*.gguf", "we[[]i]rd.txt", "a[-+]b.txt", "a.b.txt", "%d.txt",
                  "*é*",
                  "[a-c].bin", "x", "config", "*.JSON", "[", "a[", "[]]*", "[!]]*", "[^a]*", "**"]:
        cases.append([given, list(filter_repo_objects(files, allow_patterns=given))])
    return {"files": files, "cases": cases}


def licences():
    from huggingface_hub import RepoCard

    cases = []
    for front in ["license: mit", "license: 'apache-2.0'", 'license: "mit" # a word',
                  "language: en",
                  "license:\n- mit\n- cc-by-4.0\nlanguage:\n- en", "license: [mit, gpl-3.0]",
                  "license:\n  - mit\ntags:\n  - license", "tags:\n- a\nlicense: other\n"
                  "license_name: llama3.1\nlicense_link: x"]:
        text = "---\n" + front + "\n---\n# Title\nlicense: no\n"
        data = RepoCard(text).data.to_dict()
        found = data.get("license")
        if found == "other" and data.get("license_name"):
            found = data["license_name"]
        cases.append([text, found])
    return cases


PULL = """
from huggingface_hub import hf_hub_download
for revision in ("main", "v1.0", "refs/pr/2"):
    for name in NAMES:
        hf_hub_download("org/name", name, revision=revision)
    try:
        hf_hub_download("org/name", "tokenizer.json", revision=revision)
    except Exception as error:
        assert "EntryNotFound" in type(error).__name__, error
print("null")
"""


def layout():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        code = PULL.replace("NAMES", repr(list(FILES)))
        run(code, {"HF_HOME": folder, "HF_HUB_DISABLE_PROGRESS_BARS": "1",
                   "HF_ENDPOINT": "http://127.0.0.1:%d" % server.server_port})
        hub = pathlib.Path(folder, "hub")
        tree = {}
        for path in sorted(hub.rglob("*")):
            name = str(path.relative_to(hub))
            if path.is_symlink():
                tree[name] = {"link": os.readlink(path)}
            elif path.is_file():
                content = path.read_bytes()
                small = len(content) < 300
                tree[name] = {"text": content.decode()} if small else {"bytes": len(content)}
    server.shutdown()
    files = [{"name": n, "text": c.decode("latin-1"), "etag": etag(n, c)} for n, c in FILES.items()]
    return {"id": "org/name", "files": files, "tree": tree,
            "revisions": {"main": COMMIT, "v1.0": SECOND, "refs/pr/2": COMMIT}}


def load(folder, repository):
    """The way back: what moonlet pulled, opened by the Python packages without a network."""
    os.environ.update(HF_HUB_CACHE=folder, HF_HUB_OFFLINE="1")
    from huggingface_hub import scan_cache_dir, snapshot_download, try_to_load_from_cache
    from transformers import AutoModelForCausalLM, AutoTokenizer

    print("snapshot_download:", snapshot_download(repository))
    print("try_to_load_from_cache:", try_to_load_from_cache(repository, "config.json"))
    print("warnings of scan_cache_dir:", scan_cache_dir(folder).warnings)
    print(type(AutoModelForCausalLM.from_pretrained(repository)).__name__,
          AutoTokenizer.from_pretrained(repository)("Once").input_ids)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--load"]:
        load(*sys.argv[2:])
        raise SystemExit
    import huggingface_hub

    result = {"huggingface_hub": huggingface_hub.__version__, "settings": settings(),
              "names": names(), "patterns": patterns(), "licences": licences(), "cache": layout()}
    out = ROOT / "tests/golden/formats/hub.json"
    out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
