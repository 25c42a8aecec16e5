"""The contract's edits, by their definition and with nothing shared with the TypeScript engine.

An edit takes the activations x [position, d_model] (float32) at one hook point and returns what is added to them [position, d_model].
Edits of one condition at one hook point are all read from the value before any of them, and their changes are summed.
"""
import fnmatch
import json
import os
from dataclasses import dataclass

import torch
from safetensors.torch import load_file


@dataclass
class Dictionary:
    """A SAELens folder, standard or JumpReLU: W_enc [d, n], b_enc [n], W_dec [n, d], b_dec [d], threshold [n] or None."""

    W_enc: torch.Tensor
    b_enc: torch.Tensor
    W_dec: torch.Tensor
    b_dec: torch.Tensor
    threshold: torch.Tensor | None
    subtract_b_dec: bool

    def encode(self, x):
        z = (x - self.b_dec if self.subtract_b_dec else x) @ self.W_enc + self.b_enc
        f = torch.relu(z)
        return f if self.threshold is None else f * (z > self.threshold)

    def decode(self, f):
        return f @ self.W_dec + self.b_dec


def load_dictionary(folder):
    with open(f"{folder}/cfg.json") as file:
        config = json.load(file)
    weights = load_file(f"{folder}/sae_weights.safetensors")
    kind = config["architecture"]
    if kind not in ("standard", "jumprelu") or config["normalize_activations"] != "none":
        raise ValueError(f"{folder}: only standard and jumprelu without normalisation are computed here")
    return Dictionary(
        *(weights[name].float() for name in ("W_enc", "b_enc", "W_dec", "b_dec")),
        weights["threshold"].float() if kind == "jumprelu" else None,
        config["apply_b_dec_to_input"],
    )


def orthonormal(rows):
    return torch.linalg.qr(rows.double().T)[0].T.float()


class Conditions:
    """The conditions of an edits file, with everything it names loaded; paths are relative to the file."""

    def __init__(self, path, hook_points):
        self.folder, self.files = os.path.dirname(path), {}
        with open(path) as file:
            conditions = json.load(file)["conditions"]
        self.names = [condition["name"] for condition in conditions]
        self.edits = {c["name"]: [self.resolve(edit, hook_points) for edit in c["edits"]] for c in conditions}

    def tensor(self, reference):
        file, name = reference.split("#")
        return self.load(file, load_file)[name].float()

    def load(self, path, reader):
        if path not in self.files:
            self.files[path] = reader(f"{self.folder}/{path}")
        return self.files[path]

    def resolve(self, edit, hook_points):
        wanted = [edit["at"]] if isinstance(edit["at"], str) else edit["at"]
        at = {point for point in hook_points if any(fnmatch.fnmatchcase(point, pattern) for pattern in wanted)}
        kind = edit["kind"]
        change = self.steered(edit, kind) if kind in ("add", "ablate", "affine") else self.featured(edit, kind)
        return at, edit.get("positions"), change

    def steered(self, edit, kind):
        rows = self.tensor(edit.get("vectors") or edit["vector"])
        if kind == "add":
            return lambda x: (edit.get("scale", 1.0) * rows).expand_as(x)
        if kind == "ablate":
            q = orthonormal(rows.reshape(-1, rows.shape[-1]))
            return lambda x: -(x @ q.T) @ q
        unit = rows / rows.norm()
        return lambda x: (edit["target"] - x @ unit)[:, None] * unit

    def featured(self, edit, kind):
        dictionary = self.load(edit["dictionary"].rstrip("/"), load_dictionary)
        feature = edit["feature"]

        def change(x):
            before = dictionary.encode(x)
            after = before.clone()
            after[:, feature] = edit["value"] if kind == "clamp" else edit["factor"] * before[:, feature]
            if edit["error"] == "drop":
                return dictionary.decode(after) - x
            return (after - before)[:, feature, None] * dictionary.W_dec[feature]

        return change

    def delta(self, condition, point, x, prompt_length, start=0):
        """What the condition adds to x [position, d_model], whose first row is position `start`, at this hook point; None if it does nothing here."""
        total = None
        for at, positions, change in self.edits[condition]:
            if point not in at:
                continue
            mask = touched(positions, x.shape[0], prompt_length, start)
            part = change(x) * mask[:, None]
            total = part if total is None else total + part
        return total


def touched(positions, count, prompt_length, start):
    """Which of the `count` positions from `start` on an edit touches, as 0 and 1."""
    index = torch.arange(start, start + count)
    if positions is None:
        mask = torch.ones(count, dtype=torch.bool)
    elif positions == "prompt":
        mask = index < prompt_length
    elif positions == "generated":
        mask = index >= prompt_length
    elif positions == "last":
        mask = index == prompt_length - 1
    elif isinstance(positions, dict):
        mask = (index >= positions.get("from", 0)) & (index < positions.get("to", start + count))
    else:
        mask = torch.isin(index, torch.tensor([p if p >= 0 else prompt_length + p for p in positions]))
    return mask.float()
