"""peers.py HF_FOLDER TOKENS: the neighbouring tools on the same weights: capture of every layer, and steered generation of 64 + 64 tokens.

Prints `peer<tab>work<tab>seconds`, where work is `capture`, `1 lane` or `8 lanes`. Each peer that is not installed is left out and named on stderr.
Times are medians of three after one to warm up.
"""
import importlib
import statistics
import sys
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

folder, tokens = sys.argv[1], int(sys.argv[2])
NEW = 64


def timed(work, repeats=3):
    work()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def say(peer, work, seconds):
    print(peer, work, f"{seconds:.3f}", sep="\t", flush=True)


def ids(length, vocab, seed=0):
    return torch.tensor([[((i + 1) * 7919 + seed * 104729) % vocab for i in range(length)]])


@torch.no_grad()
def hugging_face():
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    vocab, layers = model.config.vocab_size, model.model.layers
    say("transformers", "capture", timed(lambda: model(ids(tokens, vocab), output_hidden_states=True)))
    v = torch.randn(model.config.hidden_size)
    v /= v.norm()

    def ablate(_module, _inputs, output):
        x = output[0] if isinstance(output, tuple) else output
        y = x - (x @ v)[..., None] * v
        return (y, *output[1:]) if isinstance(output, tuple) else y

    hook = layers[len(layers) // 2].register_forward_hook(ablate)
    for lanes in (1, 8):
        batch = torch.cat([ids(64, vocab, seed) for seed in range(lanes)])
        run = lambda: model.generate(batch, attention_mask=torch.ones_like(batch), min_new_tokens=NEW, max_new_tokens=NEW, do_sample=False)
        say("transformers", "1 lane" if lanes == 1 else f"{lanes} lanes", timed(run))
    hook.remove()


@torch.no_grad()
def transformer_lens():
    from transformer_lens.model_bridge import TransformerBridge

    hf = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    model = TransformerBridge.boot_transformers(folder, hf_model=hf, tokenizer=AutoTokenizer.from_pretrained(folder), device="cpu")
    vocab = hf.config.vocab_size
    say("TransformerLens", "capture", timed(lambda: model.run_with_cache(ids(tokens, vocab))))
    v = torch.randn(hf.config.hidden_size)
    v /= v.norm()
    middle = f"blocks.{hf.config.num_hidden_layers // 2}.hook_out"
    ablate = lambda x, hook: x - (x @ v)[..., None] * v
    for lanes in (1, 8):
        batch = torch.cat([ids(64, vocab, seed) for seed in range(lanes)])

        def steered():
            with model.hooks(fwd_hooks=[(middle, ablate)]):
                return model.generate(batch, max_new_tokens=NEW, do_sample=False, stop_at_eos=False, verbose=False)

        say("TransformerLens", "1 lane" if lanes == 1 else f"{lanes} lanes", timed(steered))


@torch.no_grad()
def nnsight_trace():
    import nnsight
    from nnsight import LanguageModel

    model = LanguageModel(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval(), tokenizer=AutoTokenizer.from_pretrained(folder))

    def capture():
        with model.trace(ids(tokens, model.config.vocab_size)):
            streams = nnsight.save([])
            for layer in model.model.layers:
                streams.append(layer.output[0])
        return streams

    say("nnsight", "capture", timed(capture))


for package, run in (("transformers", hugging_face), ("transformer_lens", transformer_lens), ("nnsight", nnsight_trace)):
    try:
        importlib.import_module(package)
    except ImportError as missing:
        print(f"{package}: not installed ({missing})", file=sys.stderr, flush=True)
        continue
    try:
        run()
    except Exception as problem:  # a peer that fails is a line, and not the end of the others
        print(f"{package}: failed: {type(problem).__name__}: {problem}", file=sys.stderr, flush=True)
