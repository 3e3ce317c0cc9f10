# SPDX-License-Identifier: Apache-2.0
"""transformers' apply_chat_template as the judge of templates/chat_template: which template is
taken, what becomes of messages, continued answers, ids and the mask of what the assistant says.
Writes tests/golden/templates/chat.json: {peer, tokenizer, cases: [{template, special, messages,
options, text | error, ids, mask}]}; `template` is one text or {name: text}."""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path = [p for p in sys.path if os.path.abspath(p or ".") != HERE]
import tokenizers  # noqa: E402
import transformers  # noqa: E402

GOLDEN = os.path.join(HERE, "..", "..", "tests", "golden")
TOKENIZER = "gpt2.json"
SPECIAL = {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"}

PLAIN = ("{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}</>\n{% endfor %}"
         "{% if add_generation_prompt %}<assistant>{% endif %}")
TRIMS = "{% for m in messages %}<{{ m.role }}>{{ m.content|trim }}</>{% endfor %}"
PARTS = ("{% for m in messages %}<{{ m.role }}>{% if m.content is string %}{{ m.content }}"
         "{% else %}{% for p in m.content %}{{ p.text or p.type }}{% endfor %}{% endif %}</>"
         "{% endfor %}")
MARKED = ("{% for m in messages %}{{ m.role }}: {% if m.role == 'assistant' %}{% generation %}"
          "{{ m.content }}<|endoftext|>{% endgeneration %}{% else %}{{ m.content }}{% endif %}\n"
          "{% endfor %}")
FIRST = "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}"
KEYS = "{% for m in messages %}{{ m.keys()|list|join(',') }};{% endfor %}{{ tools is none }}"
THINK = ("{% for m in messages %}{% if m.reasoning_content %}<think>{{ m.reasoning_content }}"
         "</think>{% endif %}{{ m.content }}{% endfor %}")
NAMED = {"default": "d", "tool_use": "t{{ tools|length }}", "rag": "r{{ documents|length }}"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object",
                                                                     "properties": {}}}}
TALK = [{"role": "user", "content": "hello é"}, {"role": "assistant", "content": " Well, 한글 "}]
PIECES = [{"role": "user", "content": "x"},
          {"role": "assistant", "content": [{"type": "image"}, {"type": "text", "text": "so "}]}]
NULLS = [{"role": "assistant", "content": None, "tool_calls": None, "name": "n"},
         {"role": "user", "content": "x", "reasoning": None}]
THOUGHT = [{"role": "user", "content": "q"},
           {"role": "assistant", "thinking": "hm", "content": ""}]

CASES = [
    (PLAIN, TALK, {}), (PLAIN, TALK, {"add_generation_prompt": True}),
    (PLAIN, TALK, {"bos_token": "<B>"}),
    (PLAIN, TALK, {"continue_final_message": True}),
    (TRIMS, TALK, {"continue_final_message": True}),
    (PARTS, PIECES, {"continue_final_message": True}), (PARTS, PIECES, {}),
    ("x", TALK, {"continue_final_message": True}),
    ("{{ messages[0].content }}", TALK, {"continue_final_message": True}),
    (PLAIN, TALK, {"continue_final_message": True, "add_generation_prompt": True}),
    (PLAIN, NULLS[:1], {"continue_final_message": True}),
    (THINK, THOUGHT, {}), (THINK, THOUGHT, {"continue_final_message": "reasoning_content"}),
    (THINK, THOUGHT, {"continue_final_message": "thinking"}),
    (PLAIN, THOUGHT, {"continue_final_message": "thinking"}),
    (KEYS, NULLS, {}), (KEYS, THOUGHT, {"tools": [TOOL]}), (KEYS, THOUGHT, {"tools": []}),
    (MARKED, TALK + TALK, {}), (MARKED, TALK[:1], {}), (FIRST, TALK, {}),
    (MARKED, [{"role": "assistant", "content": ""}, *TALK], {}),
    (NAMED, TALK, {}), (NAMED, TALK, {"tools": [TOOL]}),
    (NAMED, TALK, {"chat_template": "rag", "documents": [{"text": "x"}]}),
    (NAMED, TALK, {"chat_template": "{{ messages|length }}"}),
    ({"rag": "r", "tool_use": "t"}, TALK, {}), ({"rag": "r", "tool_use": "t"}, TALK, {"tools": []}),
]


def judged(peer, template, messages, options):
    peer.chat_template = template
    case = {"template": template, "special": SPECIAL, "messages": messages, "options": options}
    try:
        case["text"] = peer.apply_chat_template(messages, tokenize=False, **options)
        marks = not options.get("continue_final_message")
        out = peer.apply_chat_template(messages, tokenize=True, return_dict=True,
                                       return_assistant_tokens_mask=marks, **options)
        case["ids"] = out["input_ids"]
        if marks:
            case["mask"] = out["assistant_masks"]
    except Exception as error:  # whatever the peer raises is the verdict "error"
        case["error"] = f"{type(error).__name__}: {error}".split("\n")[0][:200]
    return case


def main():
    with open(os.path.join(GOLDEN, "tokenizers", TOKENIZER)) as f:
        fast = tokenizers.Tokenizer.from_str(json.dumps(json.load(f)["tokenizer"]))
    peer = transformers.PreTrainedTokenizerFast(tokenizer_object=fast, **SPECIAL)
    cases = [judged(peer, *case) for case in CASES]
    rows = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    with open(os.path.join(GOLDEN, "templates", "chat.json"), "w") as f:
        f.write('{"peer": "transformers %s", "tokenizer": "%s", "cases": [\n%s\n]}\n'
                % (transformers.__version__, TOKENIZER, rows))
    print(len(cases), "cases,", sum("error" in case for case in cases), "of them errors")


if __name__ == "__main__":
    main()
