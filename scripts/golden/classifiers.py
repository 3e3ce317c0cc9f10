# SPDX-License-Identifier: Apache-2.0
"""Tiny random *ForSequenceClassification models of transformers and their scores, for
tests/engine/models/test_classifier.cpp.

Writes tests/golden/classifiers/<name>/: config.json, model.safetensors, golden.safetensors with
ids int64 [B, T], mask bool (padding at the end), scores f32 [B, labels]; labels int64 [B], and what
training on them gives: losses and norms f32 [STEPS], all weights learning (no dropout).
<name>-tokens: a label for each token, scores f32 [B, T, labels], no training.
"""
import shutil
import sys
from pathlib import Path

sys.path.pop(0)  # this folder, whose tokenizers.py would hide the package

import torch  # noqa: E402
import transformers as tf  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

OUT = Path(__file__).resolve().parents[2] / "tests/golden/classifiers"
SEED = 20261122
STEPS = 12
LABELS = {"id2label": {0: "bad", 1: "fair", 2: "good"},
          "label2id": {"bad": 0, "fair": 1, "good": 2}, "pad_token_id": 0}
SMALL = dict(vocab_size=41, hidden_size=18, intermediate_size=26, num_hidden_layers=2,
             num_attention_heads=3, max_position_embeddings=26, type_vocab_size=1)
MODELS = {
    "llama": (tf.LlamaConfig(vocab_size=67, hidden_size=32, intermediate_size=48,
                             num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
                             max_position_embeddings=128, **LABELS),
              tf.LlamaForSequenceClassification),
    "gpt2": (tf.GPT2Config(vocab_size=61, n_embd=32, n_layer=2, n_head=4, n_positions=24,
                           **LABELS), tf.GPT2ForSequenceClassification),
    "bert": (tf.BertConfig(vocab_size=73, hidden_size=32, intermediate_size=56,
                           num_hidden_layers=2, num_attention_heads=4,
                           max_position_embeddings=24, **LABELS),
             tf.BertForSequenceClassification),
    "roberta": (tf.RobertaConfig(**SMALL, **{**LABELS, "pad_token_id": 1}),
                tf.RobertaForSequenceClassification),
    "xlm-roberta": (tf.XLMRobertaConfig(**SMALL, **{**LABELS, "pad_token_id": 2}),
                    tf.XLMRobertaForSequenceClassification),
    "distilbert": (tf.DistilBertConfig(vocab_size=41, dim=15, hidden_dim=26, n_layers=2, n_heads=5,
                                       max_position_embeddings=24, **LABELS),
                   tf.DistilBertForSequenceClassification),
}
TOKENS = {  # a label for each token
    "bert-tokens": (tf.BertConfig(**{**SMALL, **LABELS}), tf.BertForTokenClassification),
    "roberta-tokens": (MODELS["roberta"][0], tf.RobertaForTokenClassification),
    "distilbert-tokens": (MODELS["distilbert"][0], tf.DistilBertForTokenClassification),
    "llama-tokens": (tf.LlamaConfig(vocab_size=41, hidden_size=18, intermediate_size=26,
                                    num_hidden_layers=2, num_attention_heads=3,
                                    max_position_embeddings=26, **LABELS),
                     tf.LlamaForTokenClassification),
}


def train(model, ids, mask, labels):
    """STEPS of AdamW on the batch, lr 1e-3 constant, clipped at 1: losses and gradient norms."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
    losses, norms = [], []
    for _ in range(STEPS):
        loss = torch.nn.functional.cross_entropy(
            model(input_ids=ids, attention_mask=mask.long()).logits, labels)
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0))
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.detach())
    return torch.stack(losses), torch.stack(norms)


def make(name):
    config, cls = {**MODELS, **TOKENS}[name]
    generator = torch.Generator().manual_seed(SEED)
    model = cls(config).eval()
    for key, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        norm = parameter.dim() == 1 and key.endswith("weight")
        parameter.data = 1 + 0.2 * noise if norm else 0.15 * noise
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    ids = torch.zeros(3, 11, dtype=torch.long)
    mask = torch.zeros(3, 11, dtype=torch.bool)
    low = max(config.pad_token_id, 0) + 1  # no padding inside a text
    ids.fill_(config.pad_token_id)
    for row, length in enumerate((11, 6, 1)):
        ids[row, :length] = torch.randint(low, config.vocab_size, (length,), generator=generator)
        mask[row, :length] = True
    with torch.no_grad():
        scores = model(input_ids=ids, attention_mask=mask.long()).logits
    numbers = {"ids": ids, "mask": mask, "scores": scores}
    if name in MODELS:
        labels = torch.tensor([2, 0, 1])
        losses, norms = train(model, ids, mask, labels)
        numbers |= {"labels": labels, "losses": losses, "norms": norms}
    save_file(numbers, folder / "golden.safetensors",
              metadata={"transformers": tf.__version__, "torch": torch.__version__,
                        "seed": str(SEED)})
    print(f"classifiers/{name}: {scores.shape}")


for name in sys.argv[1:] or [*MODELS, *TOKENS]:
    make(name)
