"""Captures and edits at the residual stream of a Hugging Face decoder, with PyTorch's forward hooks alone.

resid_pre.L and resid_post.L are the input and output of decoder layer L. The middle point is not a module's output: it is the layer's input plus
the attention branch, so an edit there is added to the branch, divided by the factor the layer multiplies it with.
"""
from contextlib import contextmanager

import torch


def layers_of(model):
    for path in ("model.layers", "transformer.h", "gpt_neox.layers"):
        found = model
        for name in path.split("."):
            found = getattr(found, name, None)
        if found is not None:
            return found
    raise ValueError(f"{type(model).__name__}: no list of layers known")


def has_middle(model):
    config = model.config
    return not (config.model_type == "cohere" or getattr(config, "use_parallel_residual", False))


def attention_branch(layer, model_type):
    """The module whose output is added to the layer's input, and whether that output already contains it."""
    if model_type in ("gemma2", "gemma3_text", "olmo2"):
        return layer.post_attention_layernorm, False
    if model_type == "bloom":
        return layer.self_attention, True
    for name in ("self_attn", "attn", "attention"):
        if hasattr(layer, name):
            return getattr(layer, name), False
    raise ValueError(f"{type(layer).__name__}: no attention known")


def hook_points(model):
    count = len(layers_of(model))
    names = ["resid_pre", *(["resid_mid"] if has_middle(model) else []), "resid_post"]
    return [f"{name}.{layer}" for layer in range(count) for name in names]


def first(value):
    return value[0] if isinstance(value, tuple) else value


def with_first(value, tensor):
    return (tensor, *value[1:]) if isinstance(value, tuple) else tensor


@contextmanager
def hooked(model, edit, captured=None):
    """Runs `edit(point, x) -> delta or None` at every hook point; x is [batch, position, d_model].

    Fills `captured` with the value after the edit at each hook point.
    """
    handles, inputs = [], {}
    kind, middle = model.config.model_type, has_middle(model)
    factor = getattr(model.config, "residual_multiplier", 1.0)

    def changed(point, x):
        delta = edit(point, x)
        after = x if delta is None else x + delta
        if captured is not None:
            captured[point] = after.detach().clone()
        return after

    def add(index, layer):
        def before(_, args, kwargs):
            x = changed(f"resid_pre.{index}", args[0] if args else kwargs["hidden_states"])
            inputs[index] = x
            return ((x, *args[1:]), kwargs) if args else (args, {**kwargs, "hidden_states": x})

        def after(_, __, output):
            return with_first(output, changed(f"resid_post.{index}", first(output)))

        handles.append(layer.register_forward_pre_hook(before, with_kwargs=True))
        handles.append(layer.register_forward_hook(after))
        if not middle:
            return
        module, holds_input = attention_branch(layer, kind)

        def branch(_, __, output):
            own = first(output)
            x = own if holds_input else inputs[index] + own * factor
            edited = changed(f"resid_mid.{index}", x)
            return None if edited is x else with_first(output, own + (edited - x) / factor)

        handles.append(module.register_forward_hook(branch))

    for index, layer in enumerate(layers_of(model)):
        add(index, layer)
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@torch.no_grad()
def forward(model, ids, conditions, condition, prompt_length, captured=None):
    """Logits [position, vocab] of one sequence under one condition, the whole sequence in one pass without a cache."""

    def edit(point, x):
        delta = conditions.delta(condition, point, x[0], prompt_length)
        return None if delta is None else delta[None]

    with hooked(model, edit, captured):
        return model(input_ids=torch.tensor([ids]), use_cache=False).logits[0]


@torch.no_grad()
def greedy(model, ids, conditions, condition, count, enough=0.0, cached=False):
    """`count` greedy ids, and the smallest gap between the best and the second logit on the way; stops early when a gap is below `enough`.

    The whole sequence is computed anew for every token, unless `cached`, which is for models that are too slow for that.
    """
    sequence, margin, past = list(ids), float("inf"), None
    for _ in range(count):
        start = past.get_seq_length() if past is not None else 0

        def edit(point, x, start=start):
            delta = conditions.delta(condition, point, x[0], len(ids), start)
            return None if delta is None else delta[None]

        with hooked(model, edit):
            out = model(input_ids=torch.tensor([sequence[start:]]), past_key_values=past, use_cache=cached, logits_to_keep=1)
        past = out.past_key_values if cached else None
        best = out.logits[0, -1].topk(2)
        margin = min(margin, float(best.values[0] - best.values[1]))
        if margin < enough:
            break
        sequence.append(int(best.indices[0]))
    return sequence[len(ids):], margin
