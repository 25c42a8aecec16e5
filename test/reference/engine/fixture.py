"""What is put into every fixture: ragged sequences, an edits file with every kind of edit, and the vectors and dictionaries it names."""
import json
import os

import torch
from safetensors.torch import save_file

SEQUENCES = [[5, 17, 42, 8, 63], [71, 12, 12, 30, 55, 9, 88, 24, 3], [40, 7, 26]]
NEW_TOKENS = 24
EVERYWHERE = ["resid_pre.*", "resid_mid.*", "resid_post.*"]


def conditions(layers, middle):
    """Every kind of edit and every way to say positions; the second layer's output is where dictionaries belong."""
    everywhere = EVERYWHERE if middle else [name for name in EVERYWHERE if "mid" not in name]
    inner = "resid_mid.1" if middle else "resid_pre.1"
    last = f"resid_post.{layers - 1}"

    def add(at, scale, positions=None):
        edit = {"kind": "add", "at": at, "vector": "vectors.safetensors#v", "scale": scale}
        return edit if positions is None else {**edit, "positions": positions}

    def feature(kind, dictionary, index, error, **change):
        return {"kind": kind, "at": "resid_post.1", "dictionary": dictionary, "feature": index, **change, "error": error}

    return {
        "baseline": [],
        "add": [add("resid_post.1", 2.0)],
        "add-from": [add("resid_post.1", 4.0, {"from": 2})],
        "add-range": [add("resid_post.0", -5.0, {"from": 1, "to": 3})],
        "add-prompt": [add("resid_pre.1", 4.0, "prompt")],
        "add-generated": [add("resid_post.1", 4.0, "generated")],
        "add-last": [add(inner, 8.0, "last")],
        "add-positions": [add("resid_post.1", 9.0, [0, -2])],
        "add-last-layer": [add(last, 1.5)],
        "ablate": [{"kind": "ablate", "at": everywhere, "vectors": "vectors.safetensors#r"}],
        "ablate-subspace": [{"kind": "ablate", "at": everywhere, "vectors": "vectors.safetensors#q"}],
        "ablate-generated": [{"kind": "ablate", "at": everywhere, "vectors": "vectors.safetensors#q", "positions": "generated"}],
        "affine": [{"kind": "affine", "at": "resid_pre.2", "vector": "vectors.safetensors#u", "target": 3.5}],
        "clamp": [feature("clamp", "sae-standard", 5, "keep", value=6.0)],
        "scale": [feature("scale", "sae-standard", 3, "keep", factor=-4.0)],
        "clamp-jumprelu": [feature("clamp", "sae-jumprelu", 2, "keep", value=7.0)],
        "scale-jumprelu": [feature("scale", "sae-jumprelu", 6, "keep", factor=0.0)],
        "drop": [feature("scale", "sae-standard", 0, "drop", factor=1.0)],
        "drop-jumprelu": [feature("clamp", "sae-jumprelu", 2, "drop", value=3.0)],
        "overlapping": [
            add("resid_post.1", 3.0),
            {"kind": "ablate", "at": "resid_post.1", "vectors": "vectors.safetensors#q"},
            {"kind": "affine", "at": "resid_post.1", "vector": "vectors.safetensors#u", "target": -2.0},
        ],
        "mixed": [
            add("resid_post.1", 3.0, {"from": 2}),
            {"kind": "ablate", "at": everywhere, "vectors": "vectors.safetensors#q"},
            {"kind": "affine", "at": "resid_pre.2", "vector": "vectors.safetensors#u", "target": 1.5},
            feature("clamp", "sae-jumprelu", 7, "keep", value=5.0),
            feature("scale", "sae-standard", 3, "keep", factor=0.0),
        ],
    }


def write_inputs(folder, width, layers, middle, generator):
    """Writes edits.json, vectors.safetensors and two SAELens folders; random, of the activations' order of size."""
    os.makedirs(folder, exist_ok=True)

    def noise(*shape):
        return torch.randn(shape, generator=generator)

    save_file({"v": noise(width), "u": noise(width), "r": noise(width), "q": noise(2, width)}, f"{folder}/vectors.safetensors")
    for kind in ("standard", "jumprelu"):
        write_dictionary(f"{folder}/sae-{kind}", kind, width, noise)
    listed = [{"name": name, "edits": edits} for name, edits in conditions(layers, middle).items()]
    with open(f"{folder}/edits.json", "w") as file:
        file.write('{"conditions": [\n' + ",\n".join("  " + json.dumps(condition) for condition in listed) + "\n]}\n")


def write_dictionary(folder, kind, width, noise, features=24):
    os.makedirs(folder, exist_ok=True)
    decoder = noise(features, width) / width**0.5
    weights = {"W_enc": noise(width, features) / width**0.5, "b_enc": 0.3 * noise(features), "W_dec": decoder, "b_dec": 0.3 * noise(width)}
    if kind == "jumprelu":
        weights["threshold"] = 0.2 + 0.3 * noise(features).abs()
    save_file(weights, f"{folder}/sae_weights.safetensors")
    config = {
        "architecture": kind, "d_in": width, "d_sae": features, "dtype": "float32", "device": "cpu", "apply_b_dec_to_input": kind == "standard",
        "normalize_activations": "none", "reshape_activations": "none", "metadata": {"hook_name": "blocks.1.hook_resid_post"},
    }
    with open(f"{folder}/cfg.json", "w") as file:
        json.dump(config, file, indent=2)
