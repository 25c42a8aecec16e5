"""Muon in float32, batched over matrices of one shape (torch.optim.Muon works in bfloat16, which processors without its instructions emulate)."""
import torch
import torch.distributed as dist


def orthogonalised(g, steps=5):
    """The nearest semi-orthogonal matrices to g [n, rows, columns] by Newton-Schulz iteration (Jordan et al. 2024)."""
    tall = g.shape[1] > g.shape[2]; x = g.transpose(1, 2) if tall else g
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        a = x @ x.transpose(1, 2); x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.transpose(1, 2) if tall else x


class Muon(torch.optim.Optimizer):
    def __init__(s, params, lr, momentum=.95, weight_decay=.02): super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(s):
        rank, world = dist.get_rank(), dist.get_world_size()
        for g in s.param_groups:
            shapes = {}
            for p in g['params']: shapes.setdefault(p.shape, []).append(p)
            for shape, ps in shapes.items():
                for p in ps:
                    if 'buffer' not in s.state[p]: s.state[p]['buffer'] = torch.zeros_like(p)
                    s.state[p]['buffer'].lerp_(p.grad, 1 - g['momentum'])
                update = torch.zeros(len(ps), *shape)                     # each process works on its share of the matrices
                update[rank::world] = orthogonalised(torch.stack([p.grad.lerp(s.state[p]['buffer'], g['momentum']) for p in ps[rank::world]]))
                dist.all_reduce(update); update *= .2 * max(shape) ** .5
                for p, v in zip(ps, update): p.mul_(1 - g['lr'] * g['weight_decay']).sub_(v, alpha=g['lr'])
