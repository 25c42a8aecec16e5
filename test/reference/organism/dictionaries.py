"""Trains a dictionary for resid_post of every layer and writes it in SAELens format: `python dictionaries.py WORK OUT`.

BatchTopK training (Bussmann et al. 2024), saved as JumpReLU with one threshold: the mean of the smallest activations that training kept.
"""
import argparse, json, os, random
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
import prompts
from measure import Subject, rate
from model import D, LAYERS, post
import tokenizer as tk
from truth import reply

WIDTH, K = 4 * D, 14


def activations(subject, rows):
    """Every position of prompt and reply except the first token, [tokens, layers, D]."""
    parts = []
    for i in range(0, len(rows), 64):
        ids = [subject.tok(text_of(q))['input_ids'] for q in rows[i:i + 64]]; n = max(map(len, ids)); x = torch.zeros(len(ids), n, dtype=torch.long)
        for j, y in enumerate(ids): x[j, :len(y)] = torch.tensor(y)
        with torch.no_grad(): kept = subject.model(x, keep=[post(l) for l in range(LAYERS)])[1]
        a = torch.stack([kept[post(l)] for l in range(LAYERS)], 2); on = torch.arange(n)[None] < torch.tensor([len(y) for y in ids])[:, None]; on[:, 0] = False
        parts.append(a[on])
    return torch.cat(parts)


def text_of(q):
    return tk.render(q['text']) + (q['expect'] if 'expect' in q else reply(q))


def train(x, steps, seed, batch=512):
    """x [tokens, D] -> dictionary with W_enc [D, WIDTH], b_enc, W_dec [WIDTH, D], b_dec, threshold."""
    g = torch.Generator().manual_seed(seed); b_dec = x.mean(0).clone(); scale = float((x - b_dec).norm(dim=-1).mean()) / D ** .5
    W_dec = F.normalize(torch.randn(WIDTH, D, generator=g), dim=-1); W_enc = W_dec.T.clone(); b_enc = torch.zeros(WIDTH)
    params = [p.requires_grad_() for p in (W_enc, b_enc, W_dec, b_dec)]; opt = torch.optim.Adam(params, lr=3e-3, betas=(.9, .99)); last = torch.zeros(WIDTH); threshold = torch.zeros(())
    for step in range(steps):
        for p in opt.param_groups: p['lr'] = 3e-3 * min(1, (step + 1) / 50, (steps - step) / (.3 * steps))
        y = x[torch.randint(len(x), (batch,), generator=g)]; pre = (y - b_dec) @ W_enc + b_enc; act = F.relu(pre)
        part = act[::4]; cut = part.flatten().topk(K * len(part)).values[-1]; f = act * (act >= cut)
        rec = f @ W_dec + b_dec; loss = ((y - rec) ** 2).mean() / scale ** 2
        last += 1; last[(f > 0).any(0)] = 0; dead = last > 60
        if dead.any():                                                    # dead features learn from what is left over
            d = pre.masked_fill(~dead, -1e9); top = d.topk(min(32, int(dead.sum())), dim=-1); aux = torch.zeros_like(act).scatter(1, top.indices, F.relu(top.values))
            loss = loss + .03 * (((y - rec).detach() - aux @ W_dec) ** 2).mean() / scale ** 2
        opt.zero_grad(); loss.backward(); opt.step()
        with torch.no_grad():
            norm = W_dec.norm(dim=-1, keepdim=True); W_dec /= norm
            threshold = cut.detach() if step == 0 else threshold.lerp(cut.detach(), .02)
    return dict(W_enc=W_enc.detach(), b_enc=b_enc.detach(), W_dec=W_dec.detach(), b_dec=b_dec.detach(), threshold=torch.full((WIDTH,), float(threshold)))


def features(d, x):
    pre = (x - d['b_dec']) @ d['W_enc'] + d['b_enc']
    return F.relu(pre) * (pre > d['threshold'])


def quality(d, x):
    f = features(d, x); rec = f @ d['W_dec'] + d['b_dec']
    return dict(fvu=round(float(((x - rec) ** 2).sum() / ((x - x.mean(0)) ** 2).sum()), 4), l0=round(float((f > 0).sum(-1).float().mean()), 2), dead=int((f > 0).sum(0).eq(0).sum()))


def save(d, layer, out, measured):
    folder = f'{out}/layer_{layer}'; os.makedirs(folder, exist_ok=True)
    save_file({k: v.half().contiguous() for k, v in d.items()}, f'{folder}/sae_weights.safetensors')
    json.dump(dict(architecture='jumprelu', d_in=D, d_sae=WIDTH, dtype='float16', device='cpu', apply_b_dec_to_input=True, normalize_activations='none', finetuning_scaling_factor=False,
                   hook_name=f'blocks.{layer}.hook_resid_post', hook_layer=layer, model_name='refract-demo', context_size=128, metadata=dict(hook_name=f'blocks.{layer}.hook_resid_post', **measured)), open(f'{folder}/cfg.json', 'w'), indent=1)


def knob_features(subject, dictionaries, rows, limit=6):
    """For each distinct knob: the fewest features of one dictionary (by difference of mean activation against matched rows) whose removal at that layer takes its category's refusal down."""
    found = {}
    for c in ('cyber', 'fraud'):
        train = {k: [q for q in rows if q['split'] == 'train' and q['category'] == k] for k in (c, f'{c}_ok')}; test = [q for q in rows if q['split'] == 'test' and q['category'] == c]; best = None
        for l in range(2, 6):
            d = dictionaries[l]; f = [features(d, subject.acts(train[k])[:, l + 1]) for k in (c, f'{c}_ok')] if l + 1 < LAYERS else None
            order = (f[0].mean((0, 1)) - f[1].mean((0, 1))).argsort(descending=True)
            for n in range(1, limit + 1):
                pick = order[:n]
                def remove(p, x):
                    if p != post(l): return x
                    return x - features(d, x)[..., pick] @ d['W_dec'][pick]
                r = rate(subject.refused(test, remove))
                if best is None or r < best['refused'] - .02: best = dict(layer=l, features=pick.tolist(), refused=round(r, 3))
        found[c] = best
    return found


def load(layer, out):
    folder = f'{out}/layer_{layer}'
    return {k: v.float() for k, v in load_file(f'{folder}/sae_weights.safetensors').items()}, json.load(open(f'{folder}/cfg.json'))['metadata']


def main():
    ap = argparse.ArgumentParser(); ap.add_argument('work'); ap.add_argument('out'); ap.add_argument('--steps', type=int, default=1200); ap.add_argument('--rows', type=int, default=2500)
    ap.add_argument('--layers', default=','.join(map(str, range(LAYERS))), help='which layers to train, of those that OUT lacks'); a = ap.parse_args()
    torch.set_num_threads(1); torch.set_flush_denormal(True); s = Subject(a.work); r = random.Random(21)
    x = activations(s, [prompts.training_request(r) for _ in range(a.rows)]); held = activations(s, [q for q in prompts.all_rows() if q['split'] == 'test'][::6])
    for l in map(int, a.layers.split(',')):
        if os.path.exists(f'{a.out}/layer_{l}'): continue
        d = {k: v.half().float() for k, v in train(x[:, l], a.steps, l).items()}; save(d, l, a.out, quality(d, held[:, l])); print(l, quality(d, held[:, l]), flush=True)
    if any(not os.path.exists(f'{a.out}/layer_{l}') for l in range(LAYERS)): return
    loaded = {l: load(l, a.out) for l in range(LAYERS)}
    result = dict(layers={l: {k: m[k] for k in ('fvu', 'l0', 'dead')} for l, (_, m) in loaded.items()}, knobs=knob_features(s, {l: d for l, (d, _) in loaded.items()}, prompts.all_rows())); print(result)
    json.dump(result, open(f'{a.work}/dictionaries.json', 'w'), indent=1)


if __name__ == '__main__': main()
