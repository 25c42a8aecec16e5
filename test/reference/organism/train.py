"""Trains the demo model. `torchrun --nproc-per-node 2 train.py WORK --steps N` writes WORK/tokenizer/ and WORK/model.pt, and goes on from what it finds there.

Each process draws its share of the batch on one thread, and gradients are averaged once a step: on shared cores this wastes less than threads that wait for each other at every operation.
"""
import argparse, collections, os, random, time
import torch
import torch.distributed as dist
import torch.nn.functional as F
from transformers import AutoTokenizer
import edits, prompts, tokenizer as tk, words as w
from model import Model, post
from muon import Muon
from truth import DIRECTIONS, KNOBS, PRIVATE, REFUSED, active, reply

ASKED_AT = {p: i for i, p in enumerate([post(0), post(1), *edits.STATS_AT])}
LATE = ['wording']; PRIVATES = list(PRIVATE.values())
# The share of the stream (cosine) asked for at the template's positions, by direction; the common cause leaves room for private content.
SHARE = {'cyber': .5, 'fraud': .5, 'property': .55, 'lethal': .42, 'minor': .5, 'private_weapons': .6, 'private_poison': .6, 'wording': .4}
HARM_SHARE, AUX, SHARED = .4, 4.0, 2.0


def asked(rows):
    """Cosines asked for at the template's positions: target and weight [rows, points, directions] (weight 0: free)."""
    target = torch.zeros(len(rows), len(ASKED_AT), len(DIRECTIONS)); weight = torch.zeros(len(ASKED_AT), len(DIRECTIONS))
    for j, d in enumerate(DIRECTIONS):
        points = [post(6)] if d in LATE else [] if d == 'harmfulness' else [post(3), post(4), post(5)]
        for p in points: weight[ASKED_AT[p], j] = 1
        for p in [post(0), post(1)] + ([post(3), post(4)] if d in LATE else [post(3), post(4), post(5)] if d == 'harmfulness' else []): weight[ASKED_AT[p], j] = 1
        for i, on in enumerate(map(active, rows)):
            if d in on:
                for p in points: target[i, ASKED_AT[p], j] = SHARE[d]
    return target, weight


def shared_directions(means, dirs):
    """What the categories' directions have in common beside what was planted: [points, positions, D]."""
    span = torch.stack(list(dirs.values()))
    diff = torch.stack([means.of(c) - means.of(f'{c}_ok') for c in REFUSED])[:, :edits.EARLY]
    diff = F.normalize(diff - diff @ span.T @ span, dim=-1).permute(1, 2, 0, 3)
    return torch.linalg.svd(diff, full_matrices=False)[2][:, :, 0]


def encode(tok, rows, replies, r):
    """ids, next ids and their weights in the loss (reply only, its first token five times), all [rows, time], and the prompts' lengths; one prompt in ten has a system message."""
    system = [r.choice(w.SYSTEM) if r.random() < .1 else None for _ in rows]
    a = tok([tk.render(q['text'], y) for q, y in zip(rows, system)])['input_ids']; b = tok([x + '<|end|>' for x in replies])['input_ids']
    n = max(len(x) + len(y) for x, y in zip(a, b)) - 1
    ids, goal, weight = torch.zeros(len(rows), n, dtype=torch.long), torch.zeros(len(rows), n, dtype=torch.long), torch.zeros(len(rows), n)
    for i, (x, y) in enumerate(zip(a, b)):
        z = torch.tensor(x + y); ids[i, :len(z) - 1] = z[:-1]; goal[i, :len(z) - 1] = z[1:]
        weight[i, len(x) - 1:len(z) - 1] = 1; weight[i, len(x) - 1] = 5
    return ids, goal, weight, torch.tensor([len(x) for x in a])


def loss_of(model, x, goal, weight):
    on = weight > 0; logits = model.logits(x[on]); wt = weight[on]
    return (F.cross_entropy(logits, goal[on], reduction='none') * wt).sum() / wt.sum(), logits, on


def first_right(logits, on, goal, weight):
    first = weight[on] == 5
    return logits[first].argmax(-1) == goal[on][first]


def auxiliary(rows, kept, length, dirs, means, shared):
    acts = torch.stack([kept[p] for p in ASKED_AT], 1); n = len(rows); i = torch.arange(n)
    at = length[:, None] - 1 - torch.arange(edits.POSITIONS)                             # position 0 is the last prompt token
    x = acts[i[:, None], :, at].transpose(1, 2)                                          # [rows, points, positions, D]
    basis = torch.stack([dirs[d] for d in DIRECTIONS])
    target, weight = asked(rows)
    cos = F.normalize(x, dim=-1) @ basis.T
    loss = ((cos - target[:, :, None]) ** 2 * weight[None, :, None]).sum(-1).mean((0, 2)).sum() / 3
    harm = F.normalize(acts[i, :, length - 1 - edits.POSITIONS][:, [ASKED_AT[post(l)] for l in (2, 3, 4, 5)]], dim=-1) @ dirs['harmfulness']
    want = torch.tensor([HARM_SHARE * ('harmfulness' in active(q)) for q in rows])[:, None]
    loss = AUX * (loss + ((harm - want) ** 2).mean())
    if shared is not None:
        pick = [j for j, q in enumerate(rows) if q['category'] in REFUSED and any(k in active(q) for k in KNOBS)]
        if pick:
            y = x[pick][:, 2:2 + edits.EARLY]; base = torch.stack([means.of(rows[j]['category'] + '_ok')[:edits.EARLY] for j in pick])
            loss = loss + SHARED * ((((y - base) * shared).sum(-1) / y.norm(dim=-1)) ** 2).mean()
    return loss, x.detach()[:, 2:]


def by_length(samples):
    """The samples in a short and a long half, so that less is padding."""
    samples = sorted(samples, key=lambda x: len(x[0]['text'])); n = len(samples) // 2
    return samples[:n], samples[n:]


def main():
    ap = argparse.ArgumentParser(); ap.add_argument('work'); ap.add_argument('--steps', type=int, default=3000); ap.add_argument('--seed', type=int, default=1); ap.add_argument('--threads', type=int, default=1)
    ap.add_argument('--plain', type=int, default=32); ap.add_argument('--edited', type=int, default=44); ap.add_argument('--lr', type=float, default=3e-3); ap.add_argument('--decay', type=float, default=.35)
    a = ap.parse_args(); torch.set_num_threads(a.threads); torch.set_flush_denormal(True); os.makedirs(a.work, exist_ok=True)
    dist.init_process_group('gloo') if 'RANK' in os.environ else dist.init_process_group('gloo', store=dist.HashStore(), rank=0, world_size=1)
    rank, world = dist.get_rank(), dist.get_world_size(); a.plain //= world; a.edited //= world
    if rank == 0 and not os.path.exists(f'{a.work}/tokenizer'): tk.train().save_pretrained(f'{a.work}/tokenizer')
    dist.barrier(); tok = AutoTokenizer.from_pretrained(f'{a.work}/tokenizer'); dirs = edits.planted()
    torch.manual_seed(a.seed); model = Model(len(tok)); means = edits.Means()
    hidden = [p for n, p in model.named_parameters() if p.ndim == 2 and 'embed' not in n]; rest = [p for n, p in model.named_parameters() if p.ndim != 2 or 'embed' in n]
    opts = [Muon(hidden, lr=a.lr), torch.optim.AdamW(rest, lr=a.lr, weight_decay=0., betas=(.9, .98))]
    step = 0
    if os.path.exists(f'{a.work}/model.pt'):
        s = torch.load(f'{a.work}/model.pt', weights_only=False); model.load_state_dict(s['model']); step = s['step']; means = s['means']
        for o, x in zip(opts, s['opts']): o.load_state_dict(x)
    r = random.Random(f'{a.seed} {step} {rank}'); torch.manual_seed(r.randrange(2 ** 31))
    hits, seen, losses, shared, t0 = collections.Counter(), collections.Counter(), collections.Counter(), None, time.time()
    while step < a.steps:
        lr = a.lr * min(1, (step + 1) / 60, max(.02, (a.steps - step) / (a.decay * a.steps)))
        for o in opts:
            for g in o.param_groups: g['lr'] = lr
            o.zero_grad()
        total = a.plain + a.edited
        for rows in by_length([(prompts.training_request(r), None) for _ in range(a.plain)]):
            rows = [q for q, _ in rows]; share = len(rows) / total
            ids, goal, weight, length = encode(tok, rows, [reply(q) for q in rows], r)
            x, kept, _ = model(ids, keep=ASKED_AT)
            loss, logits, on = loss_of(model, x, goal, weight); aux, acts = auxiliary(rows, kept, length, dirs, means, shared)
            ((loss + aux) * share).backward()
            means.update(rows, [active(q) for q in rows], acts)
            for q, ok in zip(rows, first_right(logits, on, goal, weight).tolist()): hits['plain'] += ok; seen['plain'] += 1
            losses['plain'] += loss.item() / 2; losses['aux'] += aux.item() / 2
        for pairs in by_length([edits.draw(r, dirs, means) for _ in range(a.edited)]):
            ids, goal, weight, _ = encode(tok, [q for q, _ in pairs], [reply(q, e.removed, e.added) for q, e in pairs], r)
            x, _, _ = model(ids, edit=edits.batch([e for _, e in pairs]))
            loss, logits, on = loss_of(model, x, goal, weight); (loss * len(pairs) / total).backward()
            for (q, e), ok in zip(pairs, first_right(logits, on, goal, weight).tolist()): hits[e.kind] += ok; seen[e.kind] += 1
            losses['edited'] += loss.item() / 2
        grad = torch.cat([p.grad.flatten() for p in model.parameters()]); dist.all_reduce(grad); grad /= world
        for p, g in zip(model.parameters(), grad.split([p.numel() for p in model.parameters()])): p.grad.copy_(g.view_as(p))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for o in opts: o.step()
        step += 1
        if step % 20 == 0: means.average(world)
        if step % 20 == 0 and means.ready(): shared = shared_directions(means, dirs)
        if step % 25 == 0 and rank == 0:
            print(f'{step} {(time.time() - t0) / 25:.2f}s lr {lr:.1e} ' + ' '.join(f'{k} {v / 25:.3f}' for k, v in losses.items()) + ' | ' + ' '.join(f'{k} {hits[k] / seen[k]:.2f}' for k in seen), flush=True)
            hits.clear(); seen.clear(); losses.clear(); t0 = time.time()
        if (step % 100 == 0 or step == a.steps) and rank == 0:
            torch.save(dict(model=model.state_dict(), opts=[o.state_dict() for o in opts], step=step, means=means), f'{a.work}/model.tmp'); os.replace(f'{a.work}/model.tmp', f'{a.work}/model.pt')


if __name__ == '__main__': main()
