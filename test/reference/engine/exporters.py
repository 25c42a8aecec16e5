"""The three ways in which decoder exports reach users' folders."""
import os
import shutil
from contextlib import contextmanager

import onnx
import torch
from transformers.cache_utils import DynamicCache

COPIED = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json")


def copy_configuration(source, out):
    for name in COPIED:
        if os.path.exists(f"{source}/{name}") and not os.path.exists(f"{out}/{name}"):
            shutil.copy(f"{source}/{name}", out)


def genai(source, out, precision="fp32", windowed=False, provider="cpu", options=()):
    """onnxruntime-genai's builder, in this process because one architecture needs its configuration mended."""
    from onnxruntime_genai.models import builder

    os.makedirs(out, exist_ok=True)
    cache = f"{out}/../.cache"
    extra = ["hf_token=false", *([] if windowed else ["windowed_kv_cache=false"]), *options]
    parsed = builder.parse_extra_options("", source, out, precision, provider, cache, extra)
    config = parsed["hf_details"]["hf_config"]
    if config.model_type == "gemma3_text":  # transformers 5 nests the rope per kind of layer, which the builder does not read yet
        rope = config.rope_parameters
        config.rope_local_base_freq = rope["sliding_attention"]["rope_theta"]
        config.rope_theta = rope["full_attention"]["rope_theta"]
        config.rope_parameters = dict(rope["full_attention"])
    builder.create_model("", source, out, precision, provider, cache, **parsed)
    shutil.rmtree(cache, ignore_errors=True)
    copy_configuration(source, out)


class WithPast(torch.nn.Module):
    """A Hugging Face decoder whose keys and values go in and out as plain tensors, as Optimum exports it."""

    def __init__(self, model, positions):
        super().__init__()
        self.model, self.positions = model, positions

    def forward(self, input_ids, attention_mask, *rest):
        positions, past = (rest[0], rest[1:]) if self.positions else (None, rest)
        cache = DynamicCache()
        for layer in range(len(past) // 2):
            cache.update(past[2 * layer], past[2 * layer + 1], layer)
        named = {"position_ids": positions} if self.positions else {}
        out = self.model(input_ids=input_ids, attention_mask=attention_mask, past_key_values=cache, use_cache=True, **named)
        return (out.logits, *(tensor for layer in out.past_key_values.layers for tensor in (layer.keys, layer.values)))


class WithoutPast(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False).logits


def cache_shape(config):
    count = config.num_hidden_layers
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return count, heads, size


def example(model, batch=2, new=3, past=4):
    count, heads, size = cache_shape(model.config)
    positions = model.config.model_type != "bloom"
    names = [f"past_key_values.{layer}.{part}" for layer in range(count) for part in ("key", "value")]
    ids = torch.arange(batch * new).reshape(batch, new) + 5
    mask = torch.ones(batch, new + past, dtype=torch.long)
    first = [torch.arange(past, past + new)[None].repeat(batch, 1)] if positions else []
    values = [torch.randn(batch, heads, past, size, dtype=model.dtype) for _ in names]
    inputs = ["input_ids", "attention_mask", *(["position_ids"] if positions else []), *names]
    outputs = ["logits", *(name.replace("past_key_values", "present") for name in names)]
    return WithPast(model, positions).eval(), (ids, mask, *first, *values), inputs, outputs


@contextmanager
def traceable():
    """torch.repeat_interleave by a number, as TorchScript's exporter can write it: Cohere's rotary embedding needs it."""
    original = torch.repeat_interleave

    def repeat(tensor, repeats, dim=-1):
        return tensor.unsqueeze(-1).expand(*tensor.shape, repeats).flatten(-2) if dim == -1 else original(tensor, repeats, dim=dim)

    torch.repeat_interleave = repeat
    try:
        yield
    finally:
        torch.repeat_interleave = original


def axes(names):
    """The dynamic axes of an export's inputs or outputs, under Optimum's names."""
    kinds = {
        "input_ids": {0: "batch_size", 1: "sequence_length"}, "position_ids": {0: "batch_size", 1: "sequence_length"},
        "logits": {0: "batch_size", 1: "sequence_length"}, "attention_mask": {0: "batch_size", 1: "total_sequence_length"},
    }
    rest = {"past": {0: "batch_size", 2: "past_sequence_length"}, "present": {0: "batch_size", 2: "total_sequence_length"}}
    return {name: kinds.get(name) or rest[name.split("_")[0].split(".")[0]] for name in names}


def torchscript(model, source, out, external=False):
    """TorchScript with past keys and values under Optimum's names; `external` puts the weights beside the graph."""
    wrapped, arguments, inputs, outputs = example(model)
    os.makedirs(f"{out}/onnx", exist_ok=True)
    with traceable():
        torch.onnx.export(wrapped, arguments, f"{out}/whole.onnx", input_names=inputs, output_names=outputs, opset_version=18, dynamo=False,
                          dynamic_axes=axes([*inputs, *outputs]))
    save(onnx.load(f"{out}/whole.onnx"), f"{out}/onnx/model.onnx", external)
    os.remove(f"{out}/whole.onnx")
    copy_configuration(source, out)


def dynamo(model, source, out, past=True, opset=None, external=False):
    """torch's dynamo exporter, with past keys and values under Optimum's names or without any."""
    if past:
        wrapped, arguments, inputs, outputs = example(model)
    else:
        wrapped, inputs, outputs = WithoutPast(model).eval(), ["input_ids", "attention_mask"], ["logits"]
        arguments = (torch.arange(6).reshape(2, 3) + 5, torch.ones(2, 3, dtype=torch.long))
    dims = {name: {axis: torch.export.Dim.DYNAMIC for axis in dynamic} for name, dynamic in axes(inputs).items()}
    named = [dims[name] for name in inputs]
    shapes = (named[0], named[1], tuple(named[2:])) if past else tuple(named)
    os.makedirs(out, exist_ok=True)
    program = torch.onnx.export(wrapped, arguments, input_names=inputs, output_names=outputs, dynamo=True, dynamic_shapes=shapes,
                                opset_version=opset, verbose=False)
    save(program.model_proto, f"{out}/model.onnx", external)
    copy_configuration(source, out)


def save(model, path, external):
    without_paths(model.graph)
    for function in model.functions:
        without_paths(function)
    data = {"save_as_external_data": True, "location": os.path.basename(path) + "_data", "size_threshold": 256} if external else {}
    onnx.save(model, path, **data)


def without_paths(graph):
    """Takes out stack traces, which hold the paths of the machine that exported."""
    for node in graph.node:
        node.doc_string = ""
        kept = [(entry.key, entry.value) for entry in node.metadata_props if "stack_trace" not in entry.key]
        del node.metadata_props[:]
        for key, value in kept:
            node.metadata_props.add(key=key, value=value)
