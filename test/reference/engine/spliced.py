"""The same edits in an export as it is: onnxruntime runs it up to a hook point, the edit is computed here, and the run goes on from the edited value.

This is the reference for precisions PyTorch does not have (int4) or rounds elsewhere (fp16): captures are the export's own internal tensors, declared as outputs.
"""
import os

import numpy as np
import onnx
import onnxruntime
import torch
from exported import TYPES, feeds, session
from golden import IN_FULL, padded

FUSED = ("SkipSimplifiedLayerNormalization", "SkipLayerNormalization")
ONLY_WHAT_IS_READ = onnxruntime.RunOptions()
ONLY_WHAT_IS_READ.only_execute_path_to_fetches = True
KINDS = {onnx.TensorProto.FLOAT: "tensor(float)", onnx.TensorProto.FLOAT16: "tensor(float16)"}


def declare(graph, names):
    for name in names:
        if name not in {output.name for output in graph.output}:
            graph.output.add().name = name


def streams(points):
    """The hook points in groups that are one tensor: an edit at resid_pre.(L+1) follows one at resid_post.L."""
    groups = []
    for point in points:
        kind, layer = point.split(".")
        if kind == "resid_pre" and layer != "0":
            groups[-1].append(point)
        else:
            groups.append([point])
    return groups


class Export:
    """An export whose residual stream was found by its values: the tensors that equal PyTorch's captures on one sequence.

    Where the numbers are too far from PyTorch's (int4), `like` is another export by the same builder, whose names are taken.
    """

    def __init__(self, path, cache_shape, points, ids, expected, tolerance, like=None):
        self.path, self.cache_shape, self.groups, self.points = path, cache_shape, streams(points), points
        model = onnx.load(path, load_external_data=False)
        for node in model.graph.node:  # the last norm has no need of the sum it could give
            if node.op_type in FUSED and len(node.output) < 4:
                node.output.extend([""] * (3 - len(node.output)) + [f"{node.name}/sum"])
        self.model = model
        self.values, self.kinds = self.everything(ids)
        written = {name for node in model.graph.node for name in node.output}
        self.places = [
            # The builder names a quantised embedding after another operator.
            self.named(like.places[index][0]) if like and like.places[index][0] in written else self.find(group[0], expected[group[0]], tolerance)
            for index, group in enumerate(self.groups)
        ]

    def everything(self, ids):
        """Every tensor's value on one sequence, and its type."""
        opened = self.open([name for node in self.model.graph.node if node.op_type != "Constant" for name in node.output if name])
        names = [output.name for output in opened.get_outputs()]
        kinds = {output.name: output.type for output in opened.get_outputs()}
        return dict(zip(names, opened.run(names, feeds(opened, ids, self.cache_shape)))), kinds

    def open(self, outputs, inputs=()):
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        for original, kind, consumers in inputs:
            for index, slot in consumers:
                model.graph.node[index].input[slot] = f"{original}#edited"
            model.graph.input.add().CopyFrom(onnx.helper.make_tensor_value_info(f"{original}#edited", kind, None))
        declare(model.graph, outputs)
        temporary = f"{self.path}.spliced"  # beside the export, where its external data is
        onnx.save(model, temporary)
        try:
            return session(temporary)
        finally:
            os.remove(temporary)

    def named(self, name):
        index, node = next((index, node) for index, node in enumerate(self.model.graph.node) if name in node.output)
        return name, index if node.op_type in FUSED else None

    def find(self, point, expected, tolerance):
        """(name, index of its node where that is a fused norm) of the tensor nearest to `expected` [position, d_model], all within `tolerance` of its scale."""
        scale, sizes = np.abs(expected).max(), np.abs(expected).max(1)
        near = {}
        for node in self.model.graph.node:
            for name in node.output:
                value = self.values.get(name)
                if value is None or value.shape != (1, *expected.shape):
                    continue
                apart = np.abs(value[0].astype(np.float32) - expected).max(1)
                if apart.max() <= tolerance * scale:
                    near[name] = float((apart / sizes).max())
        if not near:
            raise ValueError(f"{self.path}: no tensor equals {point}")
        return self.named(min(near, key=near.get))

    def differs(self, expected):
        """The largest difference of the untouched export's stream from `expected`, as a fraction of the position's largest value."""
        return max(
            float((np.abs(self.values[name][0] - expected[group[0]]).max(1) / np.abs(expected[group[0]]).max(1)).max())
            for group, (name, _) in zip(self.groups, self.places)
        )

    def consumers(self, name):
        return [(index, slot) for index, node in enumerate(self.model.graph.node) for slot, used in enumerate(node.input) if used == name]


class Edited:
    """An export under one condition, cut at the hook points that the condition touches."""

    def __init__(self, export, conditions, condition):
        self.export, self.conditions, self.condition = export, conditions, condition
        touched = {point for at, _, _ in conditions.edits[condition] for point in at}
        self.cuts = []
        for group, (total, fused) in zip(export.groups, export.places):
            if not touched.intersection(group):
                continue
            if fused is None:
                self.cuts.append((group, total, [total], export.consumers(total)))
            else:
                node = export.model.graph.node[fused]
                self.cuts.append((group, node.input[1], list(node.input[:2]), [(fused, 1)]))
        kind = {name: next(k for k, text in KINDS.items() if text == export.kinds[name]) for _, name, _, _ in self.cuts}
        wanted = [name for name, _ in export.places] + [name for _, _, read, _ in self.cuts for name in read]
        self.session = export.open(dict.fromkeys(wanted), [(name, kind[name], consumers) for _, name, _, consumers in self.cuts])

    def run(self, ids, prompt_length):
        """(logits [position, vocab], {hook point: [position, d_model]}), float32."""
        width = len(ids)
        given = {}
        plain = {wanted.name: wanted for wanted in self.session.get_inputs()}
        for _, name, _, _ in self.cuts:
            given[f"{name}#edited"] = np.zeros((1, width, self.conditions_width()), TYPES[plain[f"{name}#edited"].type])
        undecided = set(given)
        given |= feeds(self.session, ids, self.export.cache_shape, skip=given)
        after = {}
        for group, name, read, _ in self.cuts:
            values = self.session.run(read, given, ONLY_WHAT_IS_READ)
            parts = [value if f"{part}#edited" in undecided else given.get(f"{part}#edited", value) for part, value in zip(read, values)]
            value = torch.tensor(sum(part.astype(np.float32) for part in parts)[0])
            undecided.discard(f"{name}#edited")
            edited = value
            for point in group:
                delta = self.conditions.delta(self.condition, point, edited, prompt_length)
                edited = edited if delta is None else edited + delta
            base = parts[-1]
            given[f"{name}#edited"] = (base.astype(np.float32) + (edited - value).numpy()[None]).astype(base.dtype)
            if len(read) == 1:
                after[name] = given[f"{name}#edited"][0].astype(np.float32)
        names = [name for name, _ in self.export.places]
        logits, *values = self.session.run(["logits", *names], given)
        captured = {}
        for group, name, value in zip(self.export.groups, names, values):
            for point in group:
                captured[point] = after.get(name, value[0].astype(np.float32))
        return logits[0].astype(np.float32), captured

    def conditions_width(self):
        return self.export.values[self.export.places[0][0]].shape[-1]


def texts_and_captures(export, conditions, sequences, count, enough):
    """In golden.py's forms: {condition: {"ids", "margin"}} and the tensors of its golden file.

    `count` new tokens, or a function of the number of cuts to it. The ids end where the gap between the best two logits is below `enough`: from there on rounding decides.
    """
    texts, tensors = {}, {}
    last = export.points[-1]
    for name in conditions.names:
        edited = Edited(export, conditions, name)
        length = count(len(edited.cuts)) if callable(count) else count
        said, margins, runs = [], [], []
        for ids in sequences:
            logits, captured = edited.run(ids, len(ids))
            runs.append({**captured, "logits": logits})
            sequence, gap = list(ids), float("inf")
            for _ in range(length):
                second, best = np.sort(logits[-1])[-2:]
                if best - second < enough:
                    break
                gap = min(gap, float(best - second))
                sequence.append(int(logits[-1].argmax()))
                logits, _ = edited.run(sequence, len(ids))
            said.append(sequence[len(ids):])
            margins.append(gap)
        texts[name] = {"ids": said, "margin": round(min(margins), 5)}
        for point in [*export.points, "logits"] if name in IN_FULL else [last, "logits"]:
            rows = [torch.tensor(run[point]) for run in runs]
            tensors[f"{name}/{point}"] = padded([row[-1:] for row in rows] if point == "logits" and name not in IN_FULL else rows)
    return texts, tensors
