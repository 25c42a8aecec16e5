#!/usr/bin/env python3
"""make.py [NAME ...] [--seed N]: writes test/fixtures/models/<architecture>/: golden values, their inputs, and the exports listed in EXPORTS.

Deterministic for the pinned versions of ../requirements.txt. Without names: every architecture.
"""
import argparse
import logging
import os
import pathlib
import platform
import shutil
import tempfile
import warnings

import exported
import exporters
import golden
import onnx
import onnxruntime
import onnxruntime_genai
import onnxscript
import torch
import transformers
from architectures import ARCHITECTURES, VOCAB, build
from fixture import NEW_TOKENS, SEQUENCES, write_inputs
from hooks import has_middle, hook_points, layers_of
from tokenizer import characters

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "models"
# the first seed from 1 on whose greedy margins are wide and whose every edit changes the text
SEEDS = {"llama": 3}
GENAI = ("llama", "mistral", "qwen2", "qwen3", "gemma2", "gemma3", "phi3", "granite")
NO_CACHE = ("llama", "gpt2")
EXPORTS = {
    "genai-fp32": ("genai", "group-query", GENAI, lambda model, source, out: exporters.genai(source, out)),
    "torchscript": ("torchscript", "concat", tuple(ARCHITECTURES), lambda model, source, out: exporters.torchscript(model, source, out)),
    "dynamo": ("dynamo", "concat", tuple(ARCHITECTURES), lambda model, source, out: exporters.dynamo(model, source, out)),
    "dynamo-no-cache": ("dynamo", "none", NO_CACHE, lambda model, source, out: exporters.dynamo(model, source, out, past=False)),
}
VERSIONS = {"python": platform.python_version(), "torch": torch.__version__, "transformers": transformers.__version__, "onnx": onnx.__version__,
            "onnxscript": onnxscript.__version__, "onnxruntime": onnxruntime.__version__, "onnxruntime-genai": onnxruntime_genai.__version__}


def candidate(name, seed, work):
    """The model of this seed with its texts, or None with the reason said."""
    model = build(name, seed)
    inputs = f"{work}/inputs"
    shutil.rmtree(inputs, ignore_errors=True)
    write_inputs(inputs, model.config.hidden_size, len(layers_of(model)), has_middle(model), torch.Generator().manual_seed(seed))
    found = golden.texts(model, inputs)
    if found is None:
        return print(name, seed, "a margin is too small", flush=True)
    if weak := golden.weak(found):
        return print(name, seed, "no effect on the text:", *weak, flush=True)
    if max(len(set(ids)) for ids in found["baseline"]["ids"]) < 4:
        return print(name, seed, "says the same token over and over", flush=True)
    return model, inputs, found


def unsaid(found):
    """An id that no condition ever says, to be the end token: so the texts have their full length."""
    said = {token for value in found.values() for ids in value["ids"] for token in ids}
    return next(token for token in [2, *range(VOCAB - 1, 2, -1)] if token not in said)


def make(name, seeds, work):
    seed, (model, inputs, found) = next((s, c) for s in seeds if (c := candidate(name, s, work)))
    source, out = f"{work}/hf", FIXTURES / name
    shutil.rmtree(source, ignore_errors=True)
    shutil.rmtree(out, ignore_errors=True)
    eos = unsaid(found)
    model.config.eos_token_id = model.generation_config.eos_token_id = eos
    model.save_pretrained(source)
    characters(VOCAB, eos).save_pretrained(source)
    shutil.copytree(inputs, out)
    tensors = golden.captures(model, inputs)
    made, shape = {}, exporters.cache_shape(model.config)
    for folder, (exporter, kv, architectures, export) in EXPORTS.items():
        if name not in architectures:
            continue
        export(model, source, str(out / folder))
        difference = exported.largest_difference(out / folder, SEQUENCES, tensors["baseline/logits"].numpy(), shape)
        print(name, folder, f"{difference:.1e}", flush=True)
        if difference > 2e-5:
            raise ValueError(f"{name}/{folder}: a logit of the untouched export differs from PyTorch by {difference:.1e} of scale")
        made[folder] = {"exporter": exporter, "kv": kv, "precision": "fp32", "differs": float(f"{difference:.1e}")}
    described = {
        "about": "PyTorch's forward hooks on the Hugging Face model, float32, eager attention, without a cache", "versions": VERSIONS, "seed": seed,
        "architecture": model.config.model_type, "layers": len(layers_of(model)), "dModel": model.config.hidden_size, "vocabSize": VOCAB,
        "hookPoints": hook_points(model), "exports": made, "sequences": SEQUENCES, "newTokens": NEW_TOKENS, "edits": "edits.json",
        "captures": "golden.safetensors",
    }
    golden.write(out, described, found, tensors)
    print(name, "seed", seed, "done", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(ARCHITECTURES))
    parser.add_argument("--seed", type=int, help="try this seed and those after it, whatever is written in SEEDS")
    given = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as work:
        for name in given.names:
            start = given.seed or SEEDS.get(name)
            make(name, range(start or 1, 400) if given.seed or not start else [start], work)
