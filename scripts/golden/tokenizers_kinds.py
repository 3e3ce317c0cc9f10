# SPDX-License-Identifier: Apache-2.0
"""The tokenizers that scripts/golden/tokenizers.py trains and asks: each kind is a small but real
one, built with Hugging Face tokenizers on the texts below, that together use every part
engine/tokenizers knows."""
import json

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

ENGLISH = (
    """The moon is a quiet neighbour. It pulls the sea twice a day, and nobody thanks it for that.
A small boat left the harbour before sunrise; the fishermen weren't talking,
they'd said everything yesterday.
"Where are we going?" asked the boy. "We're going where the water is warm,"
his uncle said, "and you'll see."
In 1969 people walked on the Moon; they brought back 21.5 kg of rock,
3 films and a great many questions.
Learning is remembering what surprised you. Models learn tokens, tokens make words,
words make promises.
I don't know, she doesn't know, they've never known: that's how research starts, isn't it?
""" * 3
)
KOREAN = """달은 조용한 이웃이다. 하루에 두 번 바다를 끌어당기지만 아무도 고맙다고 하지 않는다.
작은 배가 해 뜨기 전에 항구를 떠났다. 어부들은 말이 없었고, 어제 이미 모든 것을 말했다.
"우리는 어디로 가나요?" 소년이 물었다. "물이 따뜻한 곳으로 간단다." 삼촌이 대답했다.
1969년에 사람들은 달 위를 걸었고 돌 21.5kg과 필름 세 통과 수많은 질문을 가지고 돌아왔다.
배운다는 것은 놀라웠던 일을 기억하는 것이다. 모델은 토큰을 배우고 토큰은 낱말이 된다.
""" * 3
OTHERS = (
    """Ärger über Öl, naïve café, Ελληνικά γράμματα, Русский текст и ещё немного,
שלום עולם, مرحبا بالعالم.
日本語のテキスト、漢字とかな。中文文本没有空格。नमस्ते दुनिया। ภาษาไทยไม่มีช่องว่าง 🙂🚀👩‍👩‍👧‍👦 👍🏽 ❤️ 🇰🇷
def forward(self, x):\n    for i in range(10):\n        y = x[i] ** 2 + 0x1F
    return {"loss": y, 'n': len(x)}
int main(void) { printf("%d\\n", 1 << 10); return 0; }  // C
	if (a != b && c >= 3.14e-5) { goto end; }
https://example.org/path?q=1&r=a%20b#top user@example.com $12,345.67 €9 ½ ² №5
… — “quotes” ‘single’ «guillemets»
"""
    * 3
)
CORPUS = [line + "\n" for line in (ENGLISH + KOREAN + OTHERS).split("\n") if line]

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace("{1,3}", "")
ENDINGS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
O200K = "|".join(
    [
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+" + ENDINGS,
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*" + ENDINGS,
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ]
)
DEEPSEEK = (
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
    r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
BYTES = sorted(pre_tokenizers.ByteLevel.alphabet())


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


def byte_level(pre, size=700, special=("<|endoftext|>",), normalizer=None, **model):
    t = Tokenizer(models.BPE(**model))
    if normalizer:
        t.normalizer = normalizer
    t.pre_tokenizer = pre
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=list(special),
            show_progress=False,
            initial_alphabet=BYTES,
        ),
    )
    return t


def edited(t, change):
    """The tokenizer whose JSON `change` has changed in place."""
    j = json.loads(t.to_str())
    change(j)
    return Tokenizer.from_str(json.dumps(j))


def gpt2():
    t = byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False))
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    return t


def roberta():
    t = byte_level(
        pre_tokenizers.ByteLevel(add_prefix_space=True), special=["<s>", "<pad>", "</s>", "<unk>"]
    )
    t.add_tokens([AddedToken("<mask>", lstrip=True, special=True, normalized=True)])
    t.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=True
    )
    return t


def llama3():
    special = [
        "<|begin_of_text|>",
        "<|end_of_text|>",
        "<|start_header_id|>",
        "<|end_header_id|>",
        "<|eot_id|>",
    ]
    t = byte_level(
        pre_tokenizers.Sequence([split(LLAMA3), pre_tokenizers.ByteLevel(False, use_regex=False)]),
        800,
        special,
        ignore_merges=True,
    )
    t.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=True),
            processors.TemplateProcessing(
                single="<|begin_of_text|> $A",
                pair="<|begin_of_text|> $A <|begin_of_text|>:1 $B:1",
                special_tokens=[("<|begin_of_text|>", 0)],
            ),
        ]
    )

    def no_way(j):  # a token that no merge reaches: only ignore_merges finds it
        j["model"]["vocab"]["Ġquestionsasked"] = len(j["model"]["vocab"])
        j["model"]["merges"] = [
            " ".join(m) if isinstance(m, list) else m for m in j["model"]["merges"]
        ]

    return edited(t, no_way)


def qwen2():
    t = byte_level(
        pre_tokenizers.Sequence([split(QWEN2), pre_tokenizers.ByteLevel(False, use_regex=False)]),
        700,
        ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        normalizers.NFC(),
    )
    t.add_tokens(
        [
            AddedToken("<tool_call>", normalized=False),
            AddedToken("<think>", normalized=False),
            AddedToken("café", normalized=True),
        ]
    )
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    return t


def o200k():
    return byte_level(
        pre_tokenizers.Sequence(
            [split(O200K, "removed", True), pre_tokenizers.ByteLevel(False, use_regex=False)]
        ),
        750,
    )


def deepseek():
    return byte_level(
        pre_tokenizers.Sequence(
            [
                split(r"\p{N}{1,3}"),
                split("[一-龥぀-ゟ゠-ヿ]+"),
                split(DEEPSEEK),
                pre_tokenizers.Digits(True),
                pre_tokenizers.ByteLevel(False, use_regex=False),
            ]
        ),
        750,
        ["<｜begin▁of▁sentence｜>", "<｜User｜>"],
    )


def falcon():
    """Cut again after ByteLevel has spelled the bytes."""
    return byte_level(
        pre_tokenizers.Sequence(
            [
                pre_tokenizers.Punctuation("contiguous"),
                pre_tokenizers.ByteLevel(add_prefix_space=False),
                pre_tokenizers.Digits(individual_digits=False),
                split("[0-9][0-9][0-9]"),
            ]
        )
    )


def bytes_first():
    """The bytes spelled by the normalizer; added tokens that are normalized are spelled too."""
    t = byte_level(split(r"[^Ġ]+|Ġ+"), normalizer=normalizers.ByteLevel())
    t.add_tokens([AddedToken("의 달", normalized=True), AddedToken("<n>", normalized=False)])
    return t


def bert(uncased=True):
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=40))
    t.normalizer = normalizers.BertNormalizer(
        lowercase=uncased, strip_accents=None if uncased else False
    )
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece(cleanup=uncased)
    t.train_from_iterator(
        CORPUS,
        trainers.WordPieceTrainer(
            vocab_size=900,
            special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
            show_progress=False,
        ),
    )
    if uncased:
        t.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]",
            pair="[CLS] $A [SEP] $B:1 [SEP]:1",
            special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
        )
    else:
        t.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    t.add_tokens([AddedToken("Straße", single_word=True), AddedToken("ÖL", normalized=True)])
    return t


def sentencepiece(size=900):
    """BPE over characters with byte fallback, as Llama 1 and 2 and Gemma have it."""
    special = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % b for b in range(256)]
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    t.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=size, special_tokens=special, show_progress=False, limit_alphabet=120
        ),
    )

    def named(j):
        j["added_tokens"] = j["added_tokens"][:3]

    return edited(t, named)


def llama2():
    t = sentencepiece()
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t.pre_tokenizer = None
    t.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    t.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)]
    )
    return edited(t, lambda j: None)


def gemma():
    t = sentencepiece()
    t.normalizer = normalizers.Replace(" ", "▁")
    t.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    t.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    return edited(t, lambda j: None)


def metaspace():
    """Metaspace with added tokens of every sort; unknown characters not fused."""
    t = Tokenizer(models.BPE(unk_token="<unk>"))
    t.normalizer = normalizers.NFKC()
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    t.decoder = decoders.Metaspace(prepend_scheme="first")
    t.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=600, special_tokens=["<unk>", "<s>"], show_progress=False, limit_alphabet=100
        ),
    )
    t.add_tokens(
        [
            AddedToken("<left>", lstrip=True, normalized=False),
            AddedToken("<right>", rstrip=True, normalized=False),
            AddedToken("<both>", lstrip=True, rstrip=True),
            AddedToken("moon", single_word=True),
            AddedToken("달", single_word=True, normalized=False),
            AddedToken("ＦＵＬＬ"),
        ]
    )
    return t


def gpt1():
    t = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>", fuse_unk=True))
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.BPEDecoder()
    t.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=700,
            special_tokens=["<unk>"],
            show_progress=False,
            end_of_word_suffix="</w>",
            limit_alphabet=90,
        ),
    )
    return t


def prefixed():
    t = Tokenizer(models.BPE(continuing_subword_prefix="##"))
    t.normalizer = normalizers.Sequence(
        [
            normalizers.NFD(),
            normalizers.StripAccents(),
            normalizers.Lowercase(),
            normalizers.Strip(),
            normalizers.Replace(Regex(r"\s{2,}"), " "),
        ]
    )
    t.pre_tokenizer = pre_tokenizers.Whitespace()
    t.decoder = decoders.WordPiece(prefix="##")
    t.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=700,
            special_tokens=["<e>"],
            show_progress=False,
            continuing_subword_prefix="##",
            limit_alphabet=110,
        ),
    )
    return t


def wordlevel():
    t = Tokenizer(models.WordLevel(unk_token="?"))
    t.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.Strip(left=False)])
    t.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Punctuation("merged_with_previous"),
            pre_tokenizers.Digits(),
            split(r"[aeiou]", "merged_with_next"),
            split(r"\w\w\b|[가-힣]", "contiguous"),
            pre_tokenizers.CharDelimiterSplit("x"),
        ]
    )
    t.train_from_iterator(
        CORPUS, trainers.WordLevelTrainer(vocab_size=500, special_tokens=["?"], show_progress=False)
    )
    return t

def charsmap(name):
    """sentencepiece's own normalization rules as the Precompiled normalizer holds them; "small" is
    a part of NFKC, without the 300 kB of the others."""
    import io
    import tempfile
    import unicodedata

    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    rules, out = {"normalization_rule_name": name}, io.BytesIO()
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as f:
        if name == "small":
            texts = [chr(c) for a, b in SMALL for c in range(a, b + 1)]
            texts += ["%s%s" % (x, y) for x in "aeiounAEIOUN" for y in "\u0300\u0301\u0303\u0308"]
            texts += ["\t", "\n", "\r", "\u200b", "\u3000", "…", "ﷺ"]
            for x in texts:
                to = unicodedata.normalize("NFKC", x) if x > "\x1f" else " "
                to = "" if x == "\u200b" else to
                if to != x:
                    f.write("%s\t%s\n" % tuple(" ".join("%X" % ord(c) for c in y) for y in (x, to)))
            f.flush()
            rules = {"normalization_rule_tsv": f.name}
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(CORPUS),
            model_writer=out,
            vocab_size=400,
            hard_vocab_limit=False,
            minloglevel=2,
            **rules,
        )
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(out.getvalue())
    return normalizers.Precompiled(model.normalizer_spec.precompiled_charsmap)


SMALL = [(0xA0, 0x17F), (0x958, 0x95F), (0x2000, 0x214F), (0x2460, 0x24FF), (0x3130, 0x318E)]
SMALL += [(0xFB00, 0xFB4F), (0xFF01, 0xFFEF), (0x1D400, 0x1D44F)]


def unigram(size=900, special=("<unk>",), **trainer):
    def train(t):
        t.train_from_iterator(
            CORPUS,
            trainers.UnigramTrainer(
                vocab_size=size,
                special_tokens=list(special),
                unk_token="<unk>",
                show_progress=False,
                **trainer,
            ),
        )
        return t

    return train


def t5():
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence(
        [
            normalizers.Strip(left=False, right=True),
            charsmap("small"),
            normalizers.Replace(Regex(" {2,}"), "▁"),
        ]
    )
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    t.decoder = decoders.Metaspace(prepend_scheme="always")
    unigram(800, ["<pad>", "</s>", "<unk>"])(t)
    t.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    t.add_tokens([AddedToken("<extra_id_0>", lstrip=True, rstrip=True, special=True)])
    return t


def xlm_r():
    """As XLM-R and bge-m3: white space cut away first, an unknown character is <unk>."""
    t = Tokenizer(models.Unigram())
    t.normalizer = charsmap("nmt_nfkc")
    t.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    t.decoder = decoders.Metaspace(prepend_scheme="always")
    unigram(850, ["<s>", "<pad>", "</s>", "<unk>"])(t)
    t.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    t.add_special_tokens([AddedToken("<mask>", lstrip=True, normalized=False, special=True)])
    return t


def unigram_bytes():
    """Unknown characters as bytes; not cut into words."""
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([normalizers.Nmt(), charsmap("small")])
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    unigram(700)(t)
    t.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    t.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )

    def bytes_too(j):
        j["model"]["byte_fallback"] = True
        j["model"]["vocab"] += [["<0x%02X>" % b, 0.0] for b in range(256)]

    return edited(t, bytes_too)


def scripts():
    """The rarer pre-tokenizers and CTC, which speech models have."""
    t = Tokenizer(models.WordLevel(unk_token="?"))
    t.normalizer = normalizers.Nmt()
    t.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.UnicodeScripts(),
            pre_tokenizers.FixedLength(3),
            pre_tokenizers.Metaspace(prepend_scheme="never", split=False),
        ]
    )
    t.train_from_iterator(
        CORPUS, trainers.WordLevelTrainer(vocab_size=700, special_tokens=["?", "|"])
    )
    t.decoder = decoders.CTC(pad_token="?", word_delimiter_token="▁", cleanup=True)
    return t


def tekken():
    """Mistral's: o200k's words, digits one by one."""
    pattern = O200K.replace(r"\p{N}{1,3}", r"\p{N}").replace("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "")
    return byte_level(
        pre_tokenizers.Sequence([split(pattern), pre_tokenizers.ByteLevel(False, use_regex=False)]),
        720,
        ["<unk>", "<s>", "</s>", "[INST]", "[/INST]"],
        ignore_merges=True,
    )


def gpt_neox():
    t = byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True), 650)
    t.normalizer = normalizers.NFC()
    t.post_processor = processors.ByteLevel(trim_offsets=True)
    t.add_tokens([AddedToken(" " * n, normalized=True) for n in range(24, 1, -1)])
    return t


def starcoder():
    """Digits, then ByteLevel; SmolLM has the same."""
    return byte_level(
        pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(False)]
        ),
        650,
        ["<|endoftext|>", "<fim_prefix>", "<fim_middle>"],
    )


def phi3():
    """Llama's with tokens that take the white space behind them."""
    t = llama2()
    t.add_tokens(
        [
            AddedToken("<|user|>", rstrip=True, normalized=False, special=True),
            AddedToken("<|end|>", rstrip=True, normalized=False, special=True),
        ]
    )
    return t


def gemma3():
    """As Gemma 1 to 3 write it: no words at all, only the normalizer's mark."""
    t = gemma()
    t.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    t.add_tokens([AddedToken("<start_of_turn>", normalized=False, special=True)])
    t.add_tokens([AddedToken("\n\n", normalized=False), AddedToken("▁▁", normalized=False)])
    return t


def legacy():
    """What old files and other writers have: merges as strings, an unknown that is not fused."""
    t = Tokenizer(models.BPE(unk_token="<unk>", continuing_subword_prefix="@@"))
    t.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation("removed")]
    )
    t.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=600,
            special_tokens=["<unk>"],
            show_progress=False,
            continuing_subword_prefix="@@",
            end_of_word_suffix="_",
            limit_alphabet=70,
        ),
    )
    t.decoder = decoders.BPEDecoder("_")

    def old(j):
        j["model"]["merges"] = [
            " ".join(m) if isinstance(m, list) else m for m in j["model"]["merges"]
        ]
        j["model"]["continuing_subword_prefix"] = "@@"
        j["model"]["end_of_word_suffix"] = "_"

    return edited(t, old)


KINDS = {
    "gpt2": gpt2,
    "roberta": roberta,
    "llama3": llama3,
    "qwen2": qwen2,
    "o200k": o200k,
    "deepseek": deepseek,
    "falcon": falcon,
    "bytes_first": bytes_first,
    "bert": bert,
    "bert_cased": lambda: bert(False),
    "llama2": llama2,
    "gemma": gemma,
    "metaspace": metaspace,
    "gpt1": gpt1,
    "prefixed": prefixed,
    "wordlevel": wordlevel,
    "t5": t5,
    "xlm_r": xlm_r,
    "unigram_bytes": unigram_bytes,
    "scripts": scripts,
    "tekken": tekken,
    "gpt_neox": gpt_neox,
    "starcoder": starcoder,
    "phi3": phi3,
    "gemma3": gemma3,
    "legacy": legacy,
}

TEXTS = [
    "",
    " ",
    "a",
    "Hello, world!",
    "  two  spaces  ",
    "tabs\tand\nnew\r\nlines\n\n\n",
    "\n\n  indented",
    "trailing   ",
    "I don't, she'll, they'VE, it'S, we'ſ, x'd",
    "The moon pulls the sea.",
    "1234567 3.14159 1,000,000 ٣٤٥ ½²",
    "달은 조용한 이웃이다. 값은 1969원!",
    "\u1112\u1161\u11ab\u1100\u1173\u11af 한글 ㅋㅋㅋ",
    "漢字とかなmixed中文",
    "café cafe\u0301 naïve Åström İstanbul STRASSE Straße ﬁne ＦＵＬＬ",
    "e\u0323\u0302\u0301 a\u0315\u0327",
    "🙂🚀👩‍👩‍👧‍👦👍🏽❤️🇰🇷",
    "zero\u200bwidth\u200djoin\ufeff \u00a0nbsp\u3000wide\u2028line",
    "\x00\x01\x7f\x85control",
    "def f(x):\n\treturn {'a': [x**2, 0x1F]}  # ok",
    "https://example.org/?q=1&r=a%20b#top",
    "don't  stop   questionsasked",
    "<|endoftext|>text<|endoftext|>",
    "a <mask> b<mask>c",
    "<s>x</s> <unk> [CLS] y [SEP]",
    "ab<left>cd <left> ef",
    "ab <right>  cd<right>",
    "x <both>  y",
    "moon moons themoon moon. 달 달은 그달",
    "ÖL öl oil, <think>hm</think><tool_call>",
    "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>",
    "mot\u0301 phở \ufffd \U0001f600\U000e0020",
    "x" * 45,
    "aaaaaaaaaaaaaaaa" * 8,
    "नमस्ते ภาษาไทย שלום مرحبا",
    "Ω\u2126 \u212b K\u212a \u1e9b\u0323",
    "?!?! ... --- ___ ***",
]
