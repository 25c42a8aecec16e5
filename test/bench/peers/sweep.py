"""The reference's search with PyTorch hooks: seconds a candidate of three passes over the validation prompts.

`sweep.py FOLDER INPUT.json`: FOLDER is a transformers checkpoint, or an export of onnxruntime-genai's builder whose weights are taken; INPUT
holds ids of harmful and harmless prompts, candidates {layer, vector} and the number of threads. Prints JSON: seconds a candidate, and the
logits at the end of the first harmful prompt without edits and with the first candidate ablated, so that the caller can see that it is one model.
Procedure after andyrdt/refusal_direction: ablation at the input of every block and the outputs of attention and MLP, addition at the input of
the candidate's block, prompts padded on the left in one batch.
"""
import json, sys, time
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

folder, path = sys.argv[1:3]
data = json.load(open(path))
torch.set_num_threads(data["threads"])
if any(Path(folder).glob("*.safetensors")):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
else:
    from from_onnx import llama_from_onnx

    model = llama_from_onnx(folder)
blocks = model.model.layers


def batch(rows):
    longest = max(map(len, rows))
    ids = torch.tensor([[0] * (longest - len(r)) + r for r in rows])
    return ids, torch.tensor([[0] * (longest - len(r)) + [1] * len(r) for r in rows])


def project_out(x, r):
    return x - (x @ r).unsqueeze(-1) * r


def run(inputs, pre, post):
    ids, mask = inputs
    handles = [m.register_forward_pre_hook(f) for m, f in pre] + [m.register_forward_hook(f) for m, f in post]
    try:
        with torch.no_grad():
            return model(input_ids=ids, attention_mask=mask).logits[:, -1]
    finally:
        for h in handles:
            h.remove()


harmful, harmless = batch(data["harmful"]), batch(data["harmless"])
shown = [run(harmful, [], [])[0]]
run(harmless, [], [])
start = time.perf_counter()
for candidate in data["candidates"]:
    v = torch.tensor(candidate["vector"])
    r = v / v.norm()
    cut_in = lambda m, a: (project_out(a[0], r),) + a[1:]
    cut_out = lambda m, a, o: (project_out(o[0], r),) + o[1:] if isinstance(o, tuple) else project_out(o, r)
    pre = [(b, cut_in) for b in blocks]
    post = [(m, cut_out) for b in blocks for m in (b.self_attn, b.mlp)]
    ablated = run(harmful, pre, post)
    if len(shown) == 1:
        shown.append(ablated[0])
    run(harmless, pre, post)
    run(harmless, [(blocks[candidate["layer"]], lambda m, a: (a[0] + v,) + a[1:])], [])
seconds = (time.perf_counter() - start) / len(data["candidates"])
print(json.dumps({"seconds": seconds, "logits": [row.tolist() for row in shown]}))
