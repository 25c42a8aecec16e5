#!/usr/bin/env python3
"""make.py [NAME ...] [--seed N]: writes test/fixtures/models/<architecture>/: golden values, their inputs, and the exports listed in EXPORTS.

Deterministic for the pinned versions of ../requirements.txt. Without names: every architecture.
"""
import argparse
import copy
import json
import logging
import os
import pathlib
import platform
import shutil
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import exported
import exporters
import golden
import onnx
import onnxruntime
import onnxruntime_genai
import onnxscript
import spliced
import torch
import transformers
from architectures import ARCHITECTURES, VOCAB, build
from edits import Conditions
from fixture import NEW_TOKENS, SEQUENCES, write_inputs
from hooks import has_middle, hook_points, layers_of
from safetensors.torch import load_file
from tokenizer import characters

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "models"
ROUNDING = 0.03  # gaps below this may close when fp16 or int4 round elsewhere: texts end there
# the first seed from 1 on whose greedy margins are wide and whose every edit changes the text
SEEDS = {"llama": 3, "mistral": 1, "qwen2": 4, "qwen3": 1, "gemma2": 1, "gemma3": 18, "phi3": 3, "gpt2": 5, "neox-parallel": 1, "neox-sequential": 1,
         "olmo2": 6, "granite": 3, "stablelm": 1, "cohere": 4, "bloom": 1}
GENAI = ("llama", "mistral", "qwen2", "qwen3", "gemma2", "gemma3", "phi3", "granite")
NEWER_OPSET = ("mistral", "qwen3", "gemma2", "olmo2", "cohere")  # with RMSNormalization and RotaryEmbedding as single operators
BESIDE = ("mistral", "qwen2")  # weights in a file of their own


def genai(**options):
    return lambda model, source, out: exporters.genai(source, out, **options)


def torchscript(model, source, out):
    exporters.torchscript(model, source, out, external=model.config.model_type in BESIDE)


def torchscript_half(model, source, out):
    exporters.torchscript(copy.deepcopy(model).half(), source, out)


def dynamo(model, source, out):
    kind = model.config.model_type
    exporters.dynamo(model, source, out, opset=23 if kind in NEWER_OPSET else None, external=kind in BESIDE)


def dynamo_without_cache(model, source, out):
    exporters.dynamo(model, source, out, past=False)


@dataclass
class Kind:
    """A way to export: what it gives, for which architectures, and how far a logit may be from PyTorch's, as a fraction of the largest."""

    exporter: str
    kv: str
    precision: str
    architectures: tuple
    export: Callable
    tolerance: float = 2e-5


EXPORTS = {
    "genai-fp32": Kind("genai", "group-query", "fp32", GENAI, genai()),
    "genai-int4": Kind("genai", "group-query", "int4", ("llama", "gemma3"), genai(precision="int4"), 2.0),
    # the builder's fp16 for cpu avoids GroupQueryAttention; the one for webgpu has it, and runs on the cpu too
    "genai-fp16": Kind("genai", "group-query", "fp16", ("qwen2",), genai(precision="fp16", provider="webgpu"), 2e-2),
    "genai-fp16-cpu": Kind("genai", "concat", "fp16", ("llama",), genai(precision="fp16"), 2e-2),
    "genai-windowed": Kind("genai", "windowed", "fp32", ("gemma3",), genai(windowed=True)),
    "torchscript": Kind("torchscript", "concat", "fp32", tuple(ARCHITECTURES), torchscript),
    "torchscript-fp16": Kind("torchscript", "concat", "fp16", ("llama",), torchscript_half, 2e-2),
    "dynamo": Kind("dynamo", "concat", "fp32", tuple(ARCHITECTURES), dynamo),
    "dynamo-no-cache": Kind("dynamo", "none", "fp32", ("llama", "gpt2"), dynamo_without_cache),
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


def compare(name, folder, texts, tensors, other_texts, other_tensors):
    """Two references that share nothing but the formulas of the edits: hooks in PyTorch, and the export cut at its hook points."""
    for condition in texts:
        if texts[condition]["ids"] != other_texts[condition]["ids"]:
            raise ValueError(f"{name}/{folder}: PyTorch and the cut export say different texts under {condition}")
    for key, value in tensors.items():
        difference = float((value - other_tensors[key]).abs().max() / value.abs().max())
        if difference > 1e-4 and key != "mixed/resid_post.1":  # there the export's tensor is also resid_pre.2, edited once more
            raise ValueError(f"{name}/{folder}: PyTorch and the cut export differ by {difference:.1e} of scale in {key}")


def begin(name, seeds, work):
    """Writes a fixture without exports."""
    seed, (model, inputs, found) = next((s, c) for s in seeds if (c := candidate(name, s, work)))
    out = FIXTURES / name
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(inputs, out)
    described = {
        "about": "PyTorch's forward hooks on the Hugging Face model, float32, eager attention, without a cache", "versions": VERSIONS, "seed": seed,
        "architecture": model.config.model_type, "layers": len(layers_of(model)), "dModel": model.config.hidden_size, "vocabSize": VOCAB,
        "hookPoints": hook_points(model), "exports": {}, "sequences": SEQUENCES, "newTokens": NEW_TOKENS, "edits": "edits.json",
        "captures": "golden.safetensors",
    }
    golden.write(out, described, found, golden.captures(model, inputs))


def source_folder(model, found, folder):
    shutil.rmtree(folder, ignore_errors=True)
    model.config.eos_token_id = model.generation_config.eos_token_id = unsaid(found)
    model.save_pretrained(folder)
    characters(VOCAB, unsaid(found)).save_pretrained(folder)
    return folder


def export_all(name, wanted, work, check):
    """Adds the exports to a fixture that has its golden values, and tells golden.json of each when it is done."""
    out = FIXTURES / name
    described = json.loads((out / "golden.json").read_text())
    found, tensors = described.pop("conditions"), load_file(out / "golden.safetensors")
    model = build(name, described["seed"])
    source, shape = source_folder(model, found, f"{work}/hf"), exporters.cache_shape(model.config)
    for folder in [folder for folder in wanted if name in EXPORTS[folder].architectures]:
        kind = EXPORTS[folder]
        shutil.rmtree(out / folder, ignore_errors=True)
        kind.export(model, source, str(out / folder))
        entry = {"exporter": kind.exporter, "kv": kind.kv, "precision": kind.precision}
        if kind.kv != "windowed":  # which wants a cache of a fixed size from the first pass on: nothing here gives it one
            difference = exported.largest_difference(out / folder, SEQUENCES, tensors["baseline/logits"].numpy(), shape)
            print(name, folder, f"{difference:.1e}", flush=True)
            if difference > kind.tolerance:
                raise ValueError(f"{name}/{folder}: a logit of the untouched export differs from PyTorch by {difference:.1e} of scale")
            entry["differs"] = float(f"{difference:.1e}")
            if kind.precision != "fp32":
                about = "onnxruntime on the untouched export, run up to each hook point, edited there in float32, and run on"
                texts, values = cut(out, folder, described, tensors, shape, ROUNDING)
                golden.write(out, {"about": about, "versions": VERSIONS, "captures": f"golden-{folder}.safetensors"}, texts, values, f"golden-{folder}")
                entry["golden"] = f"golden-{folder}.json"
            elif check:
                compare(name, folder, found, tensors, *cut(out, folder, described, tensors, shape, golden.ENOUGH))
        described["exports"][folder] = entry
        golden.write(out, described, found, tensors)


def cut(out, folder, described, tensors, shape, enough):
    """Texts and captures of every condition, computed in the export."""
    points = described["hookPoints"]
    values = {point: tensors[f"baseline/{point}"][1].numpy() for point in points}

    def opened(name, like=None):
        return spliced.Export(exported.model_file(out / name), shape, points, SEQUENCES[1], values, EXPORTS[name].tolerance, like)

    export = opened(folder, opened("genai-fp32") if EXPORTS[folder].precision == "int4" else None)
    return spliced.texts_and_captures(export, Conditions(f"{out}/edits.json", points), SEQUENCES, NEW_TOKENS, enough)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(ARCHITECTURES))
    parser.add_argument("--check", action="store_true", help="also compute every condition in the fp32 exports, and compare")
    parser.add_argument("--find", action="store_true", help="only find a seed")
    parser.add_argument("--seed", type=int, help="try this seed and those after it, whatever is written in SEEDS")
    parser.add_argument("--exports", help="only renew these exports, of a fixture that is there: genai-fp32,dynamo")
    given = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as work:
        for name in given.names:
            start = given.seed or SEEDS.get(name)
            seeds = range(start or 1, 400) if given.seed or not start else [start]
            if given.find:  # the first that will do
                print(name, "seed", next(seed for seed in seeds if candidate(name, seed, work)), flush=True)
                continue
            if not given.exports:
                begin(name, seeds, work)
            export_all(name, given.exports.split(",") if given.exports else list(EXPORTS), work, given.check)
            print(name, "done", flush=True)
