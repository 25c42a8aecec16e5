"""dictionary.py FOLDER ROWS THREADS: encoding and top-16 with SAELens's own encoder, or, where only torch is there, with what it computes.

Says who it is in a line of JSON, then runs once for each line that it is given and answers with the milliseconds of that run.
THREADS is what torch may use; 0 leaves it to torch.
"""
import json
import sys
import time

import torch

folder, rows, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if threads > 0:
    torch.set_num_threads(threads)
try:
    import sae_lens

    sae = sae_lens.SAE.load_from_disk(folder, dtype="float32")
    encode, d, who = sae.encode, sae.cfg.d_in, f"sae-lens {sae_lens.__version__}, torch {torch.__version__}"
except ImportError:
    from safetensors.torch import load_file

    w = load_file(folder + "/sae_weights.safetensors")
    d, who = w["W_enc"].shape[0], f"SAELens's formula, torch {torch.__version__}"

    def encode(x):
        pre = (x - w["b_dec"]) @ w["W_enc"] + w["b_enc"]
        return torch.relu(pre) * (pre > w["threshold"]).to(x.dtype)


torch.manual_seed(0)
x = torch.randn(rows, d)
print(json.dumps({"who": who, "threads": torch.get_num_threads()}), flush=True)
for _ in sys.stdin:
    started = time.perf_counter()
    with torch.no_grad():
        torch.topk(encode(x), 16, dim=-1)
    print(json.dumps(1000 * (time.perf_counter() - started)), flush=True)
