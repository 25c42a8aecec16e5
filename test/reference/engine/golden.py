"""Golden values of one tiny model: greedy ids under every condition, and captures under a few, from PyTorch's forward hooks in float32."""
import json

import torch
from edits import Conditions
from fixture import NEW_TOKENS, SEQUENCES
from hooks import forward, greedy, hook_points
from safetensors.torch import save_file

ENOUGH = 2e-3  # the smallest gap between best and second logit that noise of float32 cannot turn around
IN_FULL = ("baseline", "mixed")


def texts(model, inputs, enough=ENOUGH, count=NEW_TOKENS, sequences=SEQUENCES):
    """{condition: {"ids": [[...]], "margin": smallest gap}}, or None as soon as one gap is below `enough`."""
    conditions = Conditions(f"{inputs}/edits.json", hook_points(model))
    found = {}
    for name in conditions.names:
        runs = [greedy(model, ids, conditions, name, count, enough) for ids in sequences]
        margin = min(gap for _, gap in runs)
        if margin < enough:
            return None
        found[name] = {"ids": [ids for ids, _ in runs], "margin": round(margin, 5)}
    return found


def weak(found):
    """Conditions whose text is the baseline's in every sequence: the edit would go unseen."""
    return [name for name in found if name != "baseline" and found[name]["ids"] == found["baseline"]["ids"]]


def padded(rows):
    length = max(row.shape[0] for row in rows)
    return torch.stack([torch.nn.functional.pad(row, (0, 0, 0, length - row.shape[0])) for row in rows]).contiguous()


def captures(model, inputs, sequences=SEQUENCES):
    """Tensors `condition/hook point` [sequence, position, d_model] padded with zeros on the right, and `condition/logits` [.., vocab].

    All hook points and all logits under the conditions IN_FULL; under the others the last layer's output and the logits of the last position
    [sequence, 1, vocab].
    """
    points = hook_points(model)
    conditions = Conditions(f"{inputs}/edits.json", points)
    found = {}
    for name in conditions.names:
        runs = []
        for ids in sequences:
            run = {}
            run["logits"] = forward(model, ids, conditions, name, len(ids), run)
            runs.append({point: value[0] if value.dim() == 3 else value for point, value in run.items()})
        for point in [*points, "logits"] if name in IN_FULL else [points[-1], "logits"]:
            rows = [run[point] for run in runs]
            if point == "logits" and name not in IN_FULL:
                rows = [row[-1:] for row in rows]
            found[f"{name}/{point}"] = padded(rows)
    return found


def write(folder, described, found, tensors, name="golden"):
    save_file(tensors, f"{folder}/{name}.safetensors")
    lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in found.items())
    head = json.dumps(described, indent=2).rstrip("\n}")
    with open(f"{folder}/{name}.json", "w") as file:
        file.write(f'{head},\n  "conditions": {{\n{lines}\n  }}\n}}\n')
