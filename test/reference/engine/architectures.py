"""The tiny models: one entry per architecture, with random weights that make every mistake visible.

Norms have weights away from one and biases away from zero, so that a skipped norm or bias shows; weights lie on a grid of 1/128, so that float16 holds
them exactly and git compresses them; the gains are large enough that every edit changes the text.
"""
import math

import torch
from transformers import AutoConfig, AutoModelForCausalLM

VOCAB = 96
COMMON = {"vocab_size": VOCAB, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "initializer_range": 0.02}
# 2 heads of 16 and 1 key-value head where the head size follows from the width; 4 heads and 2 key-value heads where it is given
WIDE = {"hidden_size": 32, "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 48, "max_position_embeddings": 64}
NARROW = {"hidden_size": 16, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "intermediate_size": 24, "max_position_embeddings": 64}

ARCHITECTURES = {
    "llama": {"model_type": "llama", **WIDE, "num_hidden_layers": 4},
    "mistral": {"model_type": "mistral", **NARROW, "num_hidden_layers": 3, "sliding_window": None},
    "qwen2": {"model_type": "qwen2", **WIDE, "num_hidden_layers": 3, "tie_word_embeddings": True},
    "qwen3": {"model_type": "qwen3", **NARROW, "num_hidden_layers": 3},
    "gemma2": {"model_type": "gemma2", **NARROW, "num_hidden_layers": 3, "sliding_window": 6, "query_pre_attn_scalar": 16},
    "gemma3": {"model_type": "gemma3_text", **NARROW, "num_hidden_layers": 3, "sliding_window": 6, "query_pre_attn_scalar": 16,
               "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]},
    # genai's builder takes any linear layer with as many outputs as the vocabulary for the unembedding: 2 x 48 would be one
    "phi3": {"model_type": "phi3", **WIDE, "intermediate_size": 40, "num_hidden_layers": 3, "original_max_position_embeddings": 64},
    "gpt2": {"model_type": "gpt2", "n_embd": 16, "n_head": 4, "n_layer": 3, "n_inner": 32, "n_positions": 64},
    "neox-parallel": {"model_type": "gpt_neox", "hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 3, "intermediate_size": 32,
                      "max_position_embeddings": 64, "use_parallel_residual": True},
    "neox-sequential": {"model_type": "gpt_neox", "hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 3, "intermediate_size": 32,
                        "max_position_embeddings": 64, "use_parallel_residual": False},
    "olmo2": {"model_type": "olmo2", "hidden_size": 16, "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 3,
              "intermediate_size": 24, "max_position_embeddings": 64},
    "granite": {"model_type": "granite", **WIDE, "num_hidden_layers": 3, "embedding_multiplier": 2.0, "residual_multiplier": 0.5,
                "attention_multiplier": 0.25, "logits_scaling": 0.5},
    "stablelm": {"model_type": "stablelm", **WIDE, "num_hidden_layers": 3, "use_qkv_bias": True},
    "cohere": {"model_type": "cohere", "hidden_size": 16, "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 3,
               "intermediate_size": 24, "max_position_embeddings": 64, "logit_scale": 1.0},
    "bloom": {"model_type": "bloom", "hidden_size": 16, "n_layer": 3, "n_head": 4},
}


def build(name, seed):
    """The model in float32, evaluation mode, eager attention."""
    settings = dict(ARCHITECTURES[name])
    config = AutoConfig.for_model(settings.pop("model_type"), **COMMON, **settings)
    config._attn_implementation = "eager"
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="eager").eval()
    config.architectures = [type(model).__name__]
    generator = torch.Generator().manual_seed(seed)
    tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
    with torch.no_grad():
        for key, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            weight.copy_(grid(initial(name, key, weight, noise, tied)))
    model.tie_weights()
    return model


def initial(name, key, weight, noise, tied):
    if weight.dim() == 1:
        if not key.endswith("weight"):
            return 0.3 * noise
        if name.startswith("gemma"):  # these norms multiply with 1 + weight; the ones on the branches must outweigh the scaled embedding
            return (3.0 if "post_" in key else 0.0) + 0.4 * noise
        return 1.0 + 0.3 * noise
    if "embed" in key or "wte" in key or "lm_head" in key or "embed_out" in key:
        return 0.8 * noise
    if "wpe" in key:
        return 0.5 * noise
    fan_in = weight.shape[0] if name == "gpt2" else weight.shape[-1]  # GPT-2 keeps its matrices transposed
    return (2.0 if tied else 1.4) * noise / math.sqrt(fan_in)


def grid(weight):
    return (weight * 128).round() / 128
