"""A transformers Llama with the weights of an export by onnxruntime-genai's builder in float32: the same numbers for a peer, where no checkpoint is kept."""
import json
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from transformers import LlamaConfig, LlamaForCausalLM


def llama_from_onnx(folder):
    folder = Path(folder)
    config = LlamaConfig(**json.loads((folder / "config.json").read_text()))
    graph = onnx.load(folder / "model.onnx").graph
    weights = {i.name: torch.tensor(numpy_helper.to_array(i)) for i in graph.initializer if "cache" not in i.name}
    heads, groups, size = config.num_attention_heads, config.num_key_value_heads, config.head_dim
    state = {}
    for name, value in weights.items():
        # A MatMul reads [in, out], a Linear holds [out, in].
        name = name.replace(".MatMul.", ".").replace(".attn.", ".self_attn.")
        if value.dim() == 2:
            value = value.T.contiguous()
        if "qkv_proj" in name:
            parts = value.split([heads * size, groups * size, groups * size])
            for letter, part in zip("qkv", parts):
                state[name.replace("qkv_proj", f"{letter}_proj")] = part
        elif "final_norm" in name:
            state["model.norm.weight"] = value
        else:
            state[name] = value
    state["model.embed_tokens.weight"] = state["lm_head.weight"]
    model = LlamaForCausalLM(config)
    model.load_state_dict(state)
    return model.eval()
