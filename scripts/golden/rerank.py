# SPDX-License-Identifier: Apache-2.0
"""Tiny random cross-encoders and the scores that sentence-transformers' CrossEncoder gives, for
tests/engine/generation/test_rerank.cpp and tests/stdlib/test_rerank.lua.

Writes tests/golden/rerank/<name>/: a model folder with a tokenizer of the family's kind, and
golden.json with {query, texts, scores, order (rank(), 0-based), versions, seed}. Some texts are
longer than the model takes. The three say in different ways what a score goes through.
tests/golden/rerank/tagger is a head over tokens: {texts, tags of each}.
"""
import json
import shutil
import sys
from pathlib import Path

sys.path.pop(0)  # this folder, whose tokenizers.py would hide the package

import sentence_transformers as st  # noqa: E402
import torch  # noqa: E402
import transformers as tf  # noqa: E402
from tokenizers import (Tokenizer, decoders, models, normalizers, pre_tokenizers,  # noqa: E402
                        processors)

OUT = Path(__file__).resolve().parents[2] / "tests/golden/rerank"
SEED = 20261124
QUERY = "How many moons has Mars?"
TEXTS = [
    "Mars has two moons, Phobos and Deimos.", "The moon orbits the Earth.", "",
    "Saturn has many moons; some say 146, and more are found each year by those who look up.",
    "how many moons has mars?", "화성에는 위성이 둘 있다.", "Mars has two moons, Phobos and Deimos.",
    "x " * 60, "Crème brûlée is no moon."]
LETTERS = sorted(set("".join([QUERY, *TEXTS]).lower()) - set(" "))
WORDS = ["moon", "moons", "mars", "has", "many", "two", "the"]
SMALL = dict(hidden_size=12, intermediate_size=20, num_hidden_layers=2, num_attention_heads=3,
             num_labels=1)


def wordpiece():
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERS, *WORDS,
              *("##" + c for c in LETTERS if c.isalpha())]
    t = Tokenizer(models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    t.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    t.add_special_tokens(pieces[:4])
    return t


def unigram():
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0)]
    pieces += [("▁" + w, -4.0 - 0.1 * i) for i, w in enumerate(WORDS)]
    pieces += [(c, -6.0 - 0.01 * i) for i, c in enumerate(LETTERS)]
    t = Tokenizer(models.Unigram(pieces, unk_id=3))
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.decoder = decoders.Metaspace()
    t.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)])
    t.add_special_tokens([p for p, _ in pieces[:4]])
    return t


def bytelevel():
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    merges = [("h", "a"), ("ha", "s"), ("m", "o"), ("o", "n"), ("mo", "on"), ("Ġ", "mo")]
    pieces += ["".join(m) for m in merges]
    t = Tokenizer(models.BPE({p: i for i, p in enumerate(dict.fromkeys(pieces))}, merges))
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    t.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True)
    t.add_special_tokens(pieces[:4])
    return t


# name: tokenizer, special tokens, config class, model class, its keys, how the activation is said
BERT = dict(pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]")
ROBERTA = dict(pad_token="<pad>", unk_token="<unk>", cls_token="<s>", sep_token="</s>",
               bos_token="<s>", eos_token="</s>")
MODELS = {
    "bert": (wordpiece, BERT, tf.BertConfig, tf.BertForSequenceClassification,
             dict(max_position_embeddings=40), "old"),
    "xlm-roberta": (unigram, ROBERTA, tf.XLMRobertaConfig, tf.XLMRobertaForSequenceClassification,
                    dict(max_position_embeddings=42, type_vocab_size=1, pad_token_id=1), "none"),
    "roberta": (bytelevel, ROBERTA, tf.RobertaConfig, tf.RobertaForSequenceClassification,
                dict(max_position_embeddings=42, type_vocab_size=1, pad_token_id=1), "new"),
}


def make(name):
    tokenizer, special, config_class, model_class, keys, activation = MODELS[name]
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    fast = tf.PreTrainedTokenizerFast(tokenizer_object=tokenizer(), model_max_length=40, **special)
    config = config_class(vocab_size=len(fast), **SMALL, **keys)
    model = model_class(config).eval()
    generator = torch.Generator().manual_seed(SEED)
    for key, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        norm = parameter.dim() == 1 and key.endswith("weight")
        parameter.data = 1 + 0.2 * noise if norm else 0.3 * noise
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    if name == "bert":  # whose tokenizer says which token is of which text
        path = folder / "tokenizer_config.json"
        said = {**json.loads(path.read_text()), "tokenizer_class": "BertTokenizer"}
        path.write_text(json.dumps(said, indent=1) + "\n")
    if activation == "old":
        path = folder / "config.json"
        said = json.loads(path.read_text())
        said["sbert_ce_default_activation_function"] = "torch.nn.modules.linear.Identity"
        path.write_text(json.dumps(said, indent=1) + "\n")
    if activation == "new":
        encoder = st.CrossEncoder(str(folder), device="cpu", activation_fn=torch.nn.Identity())
        shutil.rmtree(folder)
        encoder.save_pretrained(str(folder), create_model_card=False)
    encoder = st.CrossEncoder(str(folder), device="cpu")
    typed = "token_type_ids" in encoder.tokenizer(QUERY, TEXTS[0])
    assert typed == (name == "bert")
    scores = encoder.predict([(QUERY, text) for text in TEXTS], show_progress_bar=False)
    order = [hit["corpus_id"] for hit in encoder.rank(QUERY, TEXTS, show_progress_bar=False)]
    (folder / "README.md").unlink(missing_ok=True)
    golden = {"query": QUERY, "texts": TEXTS, "scores": [float(s) for s in scores],
              "order": order, "sentence_transformers": st.__version__,
              "transformers": tf.__version__, "torch": torch.__version__, "seed": SEED}
    (folder / "golden.json").write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n")
    print(name, type(encoder.activation_fn).__name__, golden["scores"])


def make_tagger():
    """The same for a head over tokens: what transformers' pipeline says of each."""
    folder = OUT / "tagger"
    shutil.rmtree(folder, ignore_errors=True)
    fast = tf.PreTrainedTokenizerFast(tokenizer_object=wordpiece(), model_max_length=40, **BERT)
    config = tf.BertConfig(**{**SMALL, "num_labels": 3}, vocab_size=len(fast),
                           max_position_embeddings=40, id2label={0: "O", 1: "B-MOON", 2: "I-MOON"})
    model = tf.BertForTokenClassification(config).eval()
    generator = torch.Generator().manual_seed(SEED)
    for key, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        norm = parameter.dim() == 1 and key.endswith("weight")
        parameter.data = 1 + 0.2 * noise if norm else 0.4 * noise
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    pipe = tf.pipeline("token-classification", model=model, tokenizer=fast, ignore_labels=[])
    texts = TEXTS[:2] + TEXTS[4:5]  # ASCII: transformers counts characters, we count bytes
    tags = [[{"label": t["entity"], "score": float(t["score"]), "start": t["start"],
              "end": t["end"]} for t in pipe(text)] for text in texts]
    golden = {"texts": texts, "tags": tags, "transformers": tf.__version__, "seed": SEED}
    (folder / "golden.json").write_text(json.dumps(golden) + "\n")
    print("tagger", sum(len(t) for t in tags))


for each in sys.argv[1:] or MODELS:
    make(each)
make_tagger()
