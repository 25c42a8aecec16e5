#!/usr/bin/env python3
"""make.py OUT [--models smollm2,gemma3] [--exports fp32,ts,int4]: golden values for real models, beside them.

OUT/<model>/hf is a Hugging Face folder; OUT/<model>/<export> are exports of its weights. Writes OUT/<model>/golden.json and what it names, in the form of
the tiny fixtures (../README.md). Nothing of it belongs in a repository. fp32 exports are held to PyTorch; an int4 export is another model, so its
golden values come from the export itself, cut at its hook points. About 15 minutes for both on two cores.
"""
import argparse
import json
import os
import pathlib
import platform
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "engine"))

import exported
import exporters
import golden
import onnxruntime
import spliced
import torch
import transformers
from edits import Conditions
from fixture import EVERYWHERE
from hooks import forward, greedy, hook_points, layers_of
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

EXPORTS = {"fp32": ("genai", "group-query", "fp32"), "ts": ("torchscript", "concat", "fp32"), "int4": ("genai", "group-query", "int4")}
VERSIONS = {"python": platform.python_version(), "torch": torch.__version__, "transformers": transformers.__version__, "onnxruntime": onnxruntime.__version__}
NEW_TOKENS = 48
ENOUGH = {"fp32": 5e-3, "int4": 0.1}  # exports of these weights differ from PyTorch by up to 9e-4 in a logit; int4 rounds activations too
TEXTS = ["Why is the sky blue? Answer in two sentences.", "Name three rivers in Europe,\nthen say which one is the longest: 長江 is not one of them."]


def prompts(tokenizer):
    """The ids of each prompt: through the chat template where there is one."""
    if tokenizer.chat_template is None:
        return [tokenizer(text).input_ids for text in TEXTS]
    return [tokenizer.apply_chat_template([{"role": "user", "content": text}], add_generation_prompt=True, return_dict=True).input_ids for text in TEXTS]


def conditions(layer):
    """One edit of each kind, around the middle of the model."""
    v, u, r, q = (f"vectors.safetensors#{name}" for name in "vurq")
    after, later = f"resid_post.{layer}", f"resid_pre.{layer + 2}"

    def feature(kind, dictionary, index, error, **change):
        return {"kind": kind, "at": after, "dictionary": dictionary, "feature": index, **change, "error": error}

    return {
        "baseline": [],
        "add": [{"kind": "add", "at": after, "vector": v, "scale": 1.0, "positions": {"from": 4}}],
        "add-generated": [{"kind": "add", "at": after, "vector": v, "scale": 1.5, "positions": "generated"}],
        "ablate": [{"kind": "ablate", "at": EVERYWHERE, "vectors": r}],
        "ablate-subspace": [{"kind": "ablate", "at": after, "vectors": q}],
        "affine": [{"kind": "affine", "at": later, "vector": u, "target": 150.0, "positions": {"from": 1}}],
        "clamp": [feature("clamp", "sae-standard", 5, "keep", value=6.0)],
        "scale": [feature("scale", "sae-jumprelu", 6, "keep", factor=-5.0)],
        "drop": [feature("scale", "sae-standard", 0, "drop", factor=1.0)],
        "mixed": [
            {"kind": "add", "at": after, "vector": v, "scale": 0.5, "positions": {"from": 2}},
            {"kind": "ablate", "at": f"resid_mid.{layer}", "vectors": q},
            {"kind": "affine", "at": later, "vector": u, "target": 80.0, "positions": "prompt"},
            feature("clamp", "sae-jumprelu", 7, "keep", value=5.0),
        ],
    }


def write_inputs(folder, width, layer, size):
    """Random vectors and dictionaries of the activations' size: `size` is the usual norm at the edited place."""
    generator = torch.Generator().manual_seed(1)

    def noise(*shape):
        return torch.randn(shape, generator=generator)

    unit = size / width**0.5
    save_file({"v": noise(width) * unit, "u": noise(width), "r": noise(width), "q": noise(4, width)}, f"{folder}/vectors.safetensors")
    for kind in ("standard", "jumprelu"):
        features = 64
        weights = {"W_enc": noise(width, features) / size, "b_enc": 0.3 * noise(features), "W_dec": noise(features, width) * unit * 0.2,
                   "b_dec": noise(width) * unit * 0.2}
        if kind == "jumprelu":
            weights["threshold"] = 0.2 + 0.3 * noise(features).abs()
        os.makedirs(f"{folder}/sae-{kind}", exist_ok=True)
        save_file(weights, f"{folder}/sae-{kind}/sae_weights.safetensors")
        config = {"architecture": kind, "d_in": width, "d_sae": features, "dtype": "float32", "device": "cpu", "apply_b_dec_to_input": kind == "standard",
                  "normalize_activations": "none", "reshape_activations": "none", "metadata": {"hook_name": f"blocks.{layer}.hook_resid_post"}}
        with open(f"{folder}/sae-{kind}/cfg.json", "w") as file:
            json.dump(config, file, indent=2)
    listed = [{"name": name, "edits": edits} for name, edits in conditions(layer).items()]
    with open(f"{folder}/edits.json", "w") as file:
        json.dump({"conditions": listed}, file, indent=1)


def few_where_slow(cuts):
    """The export is run from the start once per cut and token: fewer tokens where it is cut at every hook point."""
    return NEW_TOKENS // 4 if cuts <= 2 else 1


def make(folder, wanted):
    tokenizer = AutoTokenizer.from_pretrained(f"{folder}/hf")
    model = AutoModelForCausalLM.from_pretrained(f"{folder}/hf", dtype=torch.float32, attn_implementation="eager").eval()
    sequences, points, layers, width = prompts(tokenizer), hook_points(model), len(layers_of(model)), model.config.hidden_size
    layer, seen = layers // 2, {}
    write_inputs(folder, width, layer, 1.0)
    forward(model, sequences[0], Conditions(f"{folder}/edits.json", points), "baseline", len(sequences[0]), seen)
    size = float(seen[f"resid_post.{layer}"][0, 1:].norm(dim=-1).median())  # the first position is far larger than all others
    write_inputs(folder, width, layer, size)
    edits = Conditions(f"{folder}/edits.json", points)
    tensors = golden.captures(model, folder, sequences)
    texts = {}
    for name in edits.names:
        runs = [greedy(model, ids, edits, name, NEW_TOKENS, ENOUGH["fp32"], cached=True) for ids in sequences]
        texts[name] = {"ids": [ids for ids, _ in runs], "margin": round(min(gap for _, gap in runs), 5)}
        print(folder, name, [len(ids) for ids, _ in runs], repr(tokenizer.decode(runs[0][0])), flush=True)
    shape, made = exporters.cache_shape(model.config), {}
    values = {point: tensors[f"baseline/{point}"][1][: len(sequences[1])].numpy() for point in points}
    expected = tensors["baseline/logits"].numpy()
    described = {
        "about": "PyTorch's forward hooks on the Hugging Face model, float32, eager attention", "versions": VERSIONS,
        "architecture": model.config.model_type, "layers": layers, "dModel": width, "vocabSize": expected.shape[-1], "hookPoints": points,
        "exports": made, "texts": TEXTS, "sequences": sequences, "newTokens": NEW_TOKENS, "edits": "edits.json", "captures": "golden.safetensors",
    }
    del model
    for export in sorted(wanted, key=lambda name: EXPORTS[name][2] == "int4"):  # the slow ones last: golden.json holds what is done
        exporter, kv, precision = EXPORTS[export]
        difference = exported.largest_difference(f"{folder}/{export}", sequences, expected, shape)
        entry = {"exporter": exporter, "kv": kv, "precision": precision, "differs": float(f"{difference:.1e}")}
        print(folder, export, f"{difference:.1e}", flush=True)
        if precision == "int4":
            entry["golden"] = f"golden-{export}.json"
            narrow(folder, export, spliced.Export(exported.model_file(f"{folder}/fp32"), shape, points, sequences[1], values, 1e-4), values, edits, sequences)
        else:
            entry["streamDiffers"] = float(f"{spliced.Export(exported.model_file(f'{folder}/{export}'), shape, points, sequences[1], values, 1e-3).differs(values):.2e}")
        made[export] = entry
        golden.write(folder, described, texts, tensors)


def narrow(folder, export, like, values, edits, sequences):
    """Golden values of an int4 export, from itself; `like` is the fp32 export by the same builder."""
    cut = spliced.Export(exported.model_file(f"{folder}/{export}"), like.cache_shape, like.points, sequences[1], values, 0.3, like=like)
    said, captured = spliced.texts_and_captures(cut, edits, sequences, few_where_slow, ENOUGH["int4"])
    about = "onnxruntime on the untouched export, run up to each hook point, edited there in float32, and run on"
    golden.write(folder, {"about": about, "versions": VERSIONS, "captures": f"golden-{export}.safetensors"}, said, captured, f"golden-{export}")
    print(folder, export, {name: [len(ids) for ids in value["ids"]] for name, value in said.items()}, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--models", default="smollm2,gemma3")
    parser.add_argument("--exports", default="fp32,ts,int4")
    given = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    for model_name in given.models.split(","):
        make(f"{given.out}/{model_name}", given.exports.split(","))
