"""The battery of the product's `geometry` and `cross-ablation` experiments, in Python: shapes and causes of every pair of refused categories at one layer."""
import itertools, math
import numpy as np
from measure import POSITIONS, project_out, rate, unit
from truth import REFUSED, verdict


def wilson(k, n, z=1.645):
    p = k / n; c = p + z * z / 2 / n; h = z * math.sqrt(p * (1 - p) / n + z * z / 4 / n / n)
    return (c - h) / (1 + z * z / n), (c + h) / (1 + z * z / n)


def drop_at_least(base, edited, share):
    """Whether the drop of a refusal rate is at least `share` of the base rate, one-sided 95% by Newcombe's hybrid score: True, False (surely not), None."""
    b, e = rate(base), rate(edited); n = len(base)
    (bl, bh), (el, eh) = wilson(b * n, n), wilson(e * n, n); gap = (1 - share) * b - e
    low = gap - math.hypot((1 - share) * (b - bl), eh - e); high = gap + math.hypot((1 - share) * (bh - b), e - el)
    return True if low > 0 else False if high < 0 else None


def cross_cosine(a, b, a0, b0, splits=20, seed=0):
    """Cross-fitted cosine of two differences in means; a, b harmful [n, D], a0, b0 matched harmless; interval by jackknife over blocks of bases."""
    a, b, a0, b0 = (x.double().numpy() for x in (a, b, a0, b0)); g = np.random.default_rng(seed)

    def once(a, b, a0, b0):
        out = []
        for _ in range(splits):
            h = [g.permutation(len(x)) for x in (a, b)]
            da = [a[i].mean(0) - a0[i].mean(0) for i in np.array_split(h[0], 2)]; db = [b[i].mean(0) - b0[i].mean(0) for i in np.array_split(h[1], 2)]
            out.append((da[0] @ db[1] + da[1] @ db[0]) / 2 / math.sqrt(max(da[0] @ da[1], 1e-9) * max(db[0] @ db[1], 1e-9)))
        return float(np.mean(out))
    n, k = min(len(a), len(b)), 12; parts = []
    for block in np.array_split(np.arange(n), k):
        keep = np.setdiff1d(np.arange(n), block); parts.append(once(a[keep], b[keep], a0[keep], b0[keep]))
    c = once(a, b, a0, b0); se = math.sqrt((k - 1) / k * sum((p - np.mean(parts)) ** 2 for p in parts))
    return c, c - 1.96 * se, c + 1.96 * se


def battery(s, train, val, test, layer, pairs=None):
    """train, val, test: rows by category, `c` and `c_ok` in the same order of bases. Everything is computed at resid_pre.layer; yields one record per pair."""
    acts = {c: s.acts(train[c])[:, layer] for c in train}
    r = {c: [acts[c][:, j].mean(0) - acts[f'{c}_ok'][:, j].mean(0) for j in range(len(POSITIONS))] for c in REFUSED}
    best = {c: min(range(len(POSITIONS)), key=lambda j: rate(s.refused(val[c], project_out(r[c][j])))) for c in REFUSED}
    base = {c: s.refused(test[c]) for c in REFUSED}
    gone = {(d, c): s.refused(test[c], project_out(r[d][best[d]])) for d in REFUSED for c in REFUSED}
    for a, b in pairs or itertools.combinations(REFUSED, 2):
        own = {c: rate(base[c]) - rate(gone[c, c]) for c in (a, b)}; cross = {c: rate(base[c]) - rate(gone[d, c]) for c, d in ((a, b), (b, a))}
        bisectors = [unit(unit(r[a][j]) + unit(r[b][j])) for j in range(len(POSITIONS))]
        j = min(range(len(POSITIONS)), key=lambda j: max(rate(s.refused(val[c], project_out(bisectors[j]))) for c in (a, b)))
        sv = bisectors[j]; common = {c: s.refused(test[c], project_out(sv)) for c in (a, b)}
        private = {}
        for c in (a, b):
            p = unit(r[c][j]) - (unit(r[c][j]) @ sv) * sv; private[c] = {d: s.refused(test[d], project_out(p)) for d in (a, b)}
        exists = all(drop_at_least(base[c], common[c], .7 * own[c] / max(rate(base[c]), 1e-9)) is True for c in (a, b))
        inert = all(drop_at_least(base[c], private[c][c], .25 * own[c] / max(rate(base[c]), 1e-9)) is False for c in (a, b))
        sufficient = all(drop_at_least(base[c], private[c][c], .7 * own[c] / max(rate(base[c]), 1e-9)) is True for c in (a, b))
        absent = all(drop_at_least(base[c], gone[d, c], .2 * own[c] / max(rate(base[c]), 1e-9)) is False for c, d in ((a, b), (b, a)))
        equal = all(abs(own[c] - cross[c]) + 1.645 * math.sqrt(sum(max(rate(x) * (1 - rate(x)), .25 / len(base[c])) / len(base[c]) for x in (gone[c, c], gone[d, c]))) < .2 * own[c] for c, d in ((a, b), (b, a)))
        positive = all(own[c] > .5 for c in (a, b))
        one = positive and (equal or (exists and inert)); distinct = positive and absent and not (exists and not sufficient)
        cos, low, high = cross_cosine(*(acts[x][:, best[y]] for x, y in ((a, a), (b, b), (f'{a}_ok', a), (f'{b}_ok', b))))
        shapes = 'distinct' if high < .5 else 'one' if low > .5 else 'undecided'
        said = 'undecided' if shapes == 'undecided' or not (one or distinct) else {('distinct', False): 'detached', ('distinct', True): 'one cause under distinct shapes', ('one', True): 'sintered', ('one', False): 'distinct causes under one shape'}[shapes, one]
        yield dict(pair=[a, b], layer=layer, cosine=[round(x, 3) for x in (cos, low, high)], own=[round(own[c], 3) for c in (a, b)], cross=[round(cross[c], 3) for c in (a, b)],
                   common=[round(rate(base[c]) - rate(common[c]), 3) for c in (a, b)], private=[round(rate(base[c]) - rate(private[c][c]), 3) for c in (a, b)],
                   verdict=said, planted=verdict(a, b), right=said == verdict(a, b))
