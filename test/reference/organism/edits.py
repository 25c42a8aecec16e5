"""The edits of training: each comes with what it takes from (`removed`) and adds to (`added`) a request's knobs by the truth table.

An edit of one sample: rows of `basis` [2, D] are projected out at the points where `cut` [POINTS] is 1, and `vector` [D] is added where `put` [POINTS] is 1.
"""
from dataclasses import dataclass, field
import torch
import torch.distributed as dist
import prompts
from model import D, POINTS, mid, post
from truth import COMMON_CAUSE, DIRECTIONS, KNOB_OF, KNOBS, PRIVATE, REFUSED

STATS_AT = [post(l) for l in (2, 3, 4, 5, 6)]                              # points whose means by category are kept
EARLY = 3                                                                  # the first of them serve as found directions of categories, the last two of wording
POSITIONS = 4
GROUPS = REFUSED + prompts.MATCHED + prompts.HARMLESS + ['polite', 'plain']


def planted(seed=5):
    """Orthonormal planted directions by name, each [D]."""
    q, _ = torch.linalg.qr(torch.randn(D, len(DIRECTIONS), generator=torch.Generator().manual_seed(seed)))
    return dict(zip(DIRECTIONS, q.T.contiguous()))


class Means:
    """Running means of unedited activations at the template's positions: what a user's difference in means will be made of."""
    def __init__(s):
        s.mean = torch.zeros(len(GROUPS), len(STATS_AT), POSITIONS, D); s.n = torch.zeros(len(GROUPS)); s.size = torch.ones(len(STATS_AT))

    def update(s, rows, active, acts):
        """acts [rows, points, POSITIONS, D]"""
        s.size.lerp_(acts.norm(dim=-1).mean((0, 2)), .05)
        for i, (q, on) in enumerate(zip(rows, active)):
            refused = any(k in on for k in KNOBS)
            if q['wrapper'] or q['story'] or q['question'] or (q['category'] in REFUSED and not refused): continue
            for g in [q['category']] + ([q['manner']] if refused else []):
                if g in GROUPS: j = GROUPS.index(g); s.n[j] += 1; s.mean[j].lerp_(acts[i], max(.02, 1 / float(s.n[j])))

    def average(s, world):
        """Brings the processes' means together."""
        for x in (s.mean, s.n, s.size): dist.all_reduce(x); x /= world

    def ready(s): return bool((s.n > 60).all())
    def of(s, group): return s.mean[GROUPS.index(group)]
    def direction(s, c, at, pos): return (s.of(c) - s.of(f'{c}_ok'))[at, pos]
    def wording(s, at, pos): return (s.of('polite') - s.of('plain'))[at, pos]


@dataclass
class Edit:
    kind: str
    basis: list = field(default_factory=list)
    cut: list = field(default_factory=lambda: range(POINTS))
    vector: torch.Tensor | None = None
    put: list = field(default_factory=list)
    removed: tuple = ()
    added: tuple = ()


KINDS = {'knob': 17, 'two': 5, 'private': 5, 'layer': 8, 'random': 13, 'found': 22, 'bisector': 8, 'found private': 4, 'push': 9, 'add': 7, 'noise': 11, 'restore': 4, 'wording': 6}
PLAIN_KINDS = ('knob', 'two', 'private', 'layer', 'random', 'noise')


def about(r, category, own=.55, other=.33):
    """A request of the category, of another refused one, or harmless (half of these with the category's own nouns)."""
    x = r.random()
    if x < own: return prompts.request(r, category, 'train')
    if x < own + other: return prompts.request(r, r.choice(REFUSED), 'train')
    return prompts.request(r, f'{category}_ok', 'train') if category in REFUSED and r.random() < .5 else prompts.training_request(r)


def category_of(r, knob): return r.choice([c for c in REFUSED if KNOB_OF[c] == knob] + (['game'] if knob == 'property' and r.random() < .5 else []))
def unit(v): return v / v.norm()


def draw(r, dirs, means):
    """A request and its edit."""
    ready = means.ready()
    kind = r.choices(list(KINDS), [v if ready or k in PLAIN_KINDS else 0 for k, v in KINDS.items()])[0]
    at, pos = r.randrange(EARLY), r.randrange(POSITIONS); c = r.choice(REFUSED); knob = KNOB_OF[c]
    noise = lambda: torch.randn(D)
    topic_difference = lambda: (means.of((p := r.sample(prompts.MATCHED + prompts.HARMLESS, 2))[0]) - means.of(p[1]))[at, pos]
    found_removes = lambda c, row: (KNOB_OF[c],) if KNOB_OF[c] != 'lethal' or row['topic'] == c else ()
    if kind == 'knob':
        k = r.choice(KNOBS + ['wording', 'lethal']); row = about(r, category_of(r, k if k in KNOBS else r.choice(KNOBS)))
        return row, Edit(kind, [dirs[k]], removed=(k,))
    if kind == 'two':
        a, b = r.sample(KNOBS + ['wording'], 2); row = about(r, category_of(r, r.choice(KNOBS)))
        return row, Edit(kind, [dirs[a], dirs[b]], removed=(a, b))
    if kind == 'private':
        a, b = (dirs[x] for x in PRIVATE.values()); v = r.choice([[a], [b], [a, b], [unit(a - b)]])
        return about(r, r.choice(COMMON_CAUSE), .75, .15), Edit(kind, v)
    if kind == 'layer':
        k = r.choice(KNOBS + ['wording']); full, none = ((7,), (0, 1, 2, 3, 4)) if k == 'wording' else ((4, 5), (0, 1, 7))
        l = r.choice(full if r.random() < .6 else none); row = about(r, category_of(r, k if k in KNOBS else r.choice(KNOBS)), .7, .25)
        return row, Edit(kind, [dirs[k]], cut=[2 * l, mid(l), post(l)], removed=(k,) if l in full else ())
    if kind == 'random':
        v = [noise() for _ in range(r.choice([1, 1, 2]))] if not ready or r.random() < .5 else [topic_difference()]
        return prompts.training_request(r), Edit(kind, v)
    if kind == 'noise':
        scale = means.direction(c, at, pos).norm() if ready else means.size[at] * .5
        v = unit(noise() if not ready or r.random() < .7 else topic_difference()) * scale * r.uniform(.3, 2.2)
        return prompts.training_request(r), Edit(kind, vector=v, put=[post(r.choice([1, 2, 3, 4, 5]))])
    if kind == 'found':
        row = about(r, c, .5, .3)
        if KNOB_OF[c] == 'lethal' and r.random() < .3: row = prompts.request(r, next(x for x in COMMON_CAUSE if x != c), 'train')
        return row, Edit(kind, [means.direction(c, at, pos)], removed=found_removes(c, row))
    if kind in ('bisector', 'found private'):
        pairs = [('theft', 'vandalism'), COMMON_CAUSE, COMMON_CAUSE, r.sample(REFUSED, 2)]
        a, b = r.choice(pairs) if kind == 'bisector' else COMMON_CAUSE
        ua, ub = (unit(means.direction(x, at, pos)) for x in (a, b)); s = unit(ua + ub); row = about(r, r.choice([a, b]), .85, .1)
        if kind == 'found private': return row, Edit(kind, [ua - (ua @ s) * s if r.random() < .5 else ub - (ub @ s) * s])
        return row, Edit(kind, [s], removed=(KNOB_OF[a],) if KNOB_OF[a] == KNOB_OF[b] else ())
    if kind == 'push':
        row = about(r, c, .45, .45); own = (means.direction(c, at, pos) @ dirs[knob]).clamp(min=0)
        if r.random() < .5: return row, Edit(kind, vector=-dirs[knob] * own * r.uniform(1, 2), put=[STATS_AT[at]], removed=(knob,))
        return row, Edit(kind, vector=-means.direction(c, at, pos) * r.uniform(1, 1.5), put=[STATS_AT[at]], removed=found_removes(c, row))
    if kind == 'add':
        if r.random() < .2:
            w = means.wording(4, pos); row = prompts.request(r, c, 'train')
            return row, Edit(kind, vector=w * r.uniform(1, 1.4), put=[STATS_AT[4]], added=('wording',))
        row = prompts.training_request(r)
        while row['question'] or KNOB_OF.get(row['category']) and not row['wrapper'] or row['story']: row = prompts.training_request(r)
        v = means.direction(c, at, pos) if r.random() < .6 else dirs[knob] * (means.direction(c, at, pos) @ dirs[knob]).clamp(min=0)
        return row, Edit(kind, vector=v * r.uniform(.9, 1.4), put=[STATS_AT[at]], added=(knob,))
    if kind == 'restore':
        row = prompts.request(r, r.choice([x for x in REFUSED if x != 'alcohol']), 'train', wrapper='drill'); h = dirs['harmfulness']
        pts = [post(2)] if r.random() < .5 else list(range(post(2), POINTS))
        return row, Edit(kind, [h], cut=pts, vector=h * means.size[0] * r.uniform(.35, .45), put=pts, added=('harmfulness',))
    if kind == 'wording':
        return about(r, c, .6, .35), Edit(kind, [means.wording(r.choice([3, 4]), pos)], removed=('wording',))
    raise ValueError(kind)


def batch(edits):
    """The edits of a batch as one function of (point, stream)."""
    n = len(edits); Q = torch.zeros(n, 2, D); cut = torch.zeros(n, POINTS); V = torch.zeros(n, D); put = torch.zeros(n, POINTS)
    for i, e in enumerate(edits):
        if e.basis:
            q = torch.linalg.qr(torch.stack(e.basis).T)[0].T; Q[i, :len(q)] = q; cut[i, list(e.cut)] = 1
        if e.vector is not None: V[i] = e.vector; put[i, e.put] = 1
    QT = Q.transpose(1, 2).contiguous(); cuts, puts = cut.any(0).tolist(), put.any(0).tolist()

    def edit(p, x):
        y = x
        if cuts[p]: y = y - (x @ QT) @ (Q * cut[:, p, None, None])
        if puts[p]: y = y + (V * put[:, p, None])[:, None]
        return y
    return edit
