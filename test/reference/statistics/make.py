"""Golden values for sidecar/statistics: inputs and what SciPy, scikit-learn, statsmodels and the methods' authors' code make of them.

Run `python make.py` with the packages of requirements.txt; it writes test/fixtures/statistics/*.json. Where no package has a method
(Newcombe's paired interval, Newcombe's AUC interval, cross-fitted cosines), the value is the published example or a direct,
slow evaluation of the definition, and says so.
"""

import json
from importlib.metadata import version
from itertools import combinations
from pathlib import Path

import numpy as np
import scipy.linalg
import scipy.optimize
import scipy.special
import scipy.stats
import torch
from concept_erasure import LeaceFitter
from sklearn import metrics
from sklearn.linear_model import LogisticRegression
import statsmodels.formula.api as smf
import pandas
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import ttost_paired

OUT = Path(__file__).parents[2] / "fixtures" / "statistics"
MADE_WITH = {name: version(name) for name in ["numpy", "scipy", "scikit-learn", "statsmodels", "concept-erasure"]}


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return value.item()
    return value


def write(name, content):
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps({"madeWith": MADE_WITH, **plain(content)}) + "\n")


def distributions():
    p = [1e-12, 1e-6, 0.001, 0.025, 0.2, 0.5, 0.7, 0.975, 0.9999, 1 - 1e-9]
    z = [-9.5, -6.2, -3.0, -1.0, 0.0, 0.3, 1.96, 4.0, 5.9, 7.0]
    t = [[x, df] for df in [1, 2, 5, 30, 200] for x in [-6.0, -1.2, 0.0, 0.4, 2.5]]
    q = [[x, df] for df in [1, 2, 5, 30, 200] for x in [0.005, 0.3, 0.9, 0.975, 0.999]]
    write("distributions", {
        "normalQuantile": [[x, scipy.stats.norm.ppf(x)] for x in p],
        "normalCdf": [[x, scipy.stats.norm.cdf(x)] for x in z],
        "tCdf": [[x, df, scipy.stats.t.cdf(x, df)] for x, df in t],
        "tQuantile": [[x, df, scipy.stats.t.ppf(x, df)] for x, df in q],
    })


def newcombe_10(table, level=0.95):
    """Newcombe 1998, method 10, from the four counts (both, first only, second only, neither); direct from the paper's formula."""
    a, b, c, d = table
    n = a + b + c + d
    p1, p2 = (a + b) / n, (a + c) / n
    l1, u1 = proportion_confint(a + b, n, 1 - level, "wilson")
    l2, u2 = proportion_confint(a + c, n, 1 - level, "wilson")
    product = (a + b) * (c + d) * (a + c) * (b + d)
    if product == 0:
        phi = 0
    else:
        top = a * d - b * c
        top = max(top - n / 2, 0) if top > 0 else top
        phi = top / np.sqrt(product)
    theta = p1 - p2
    down = np.sqrt((p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2)
    up = np.sqrt((p2 - l2) ** 2 - 2 * phi * (p2 - l2) * (u1 - p1) + (u1 - p1) ** 2)
    return [theta, theta - down, theta + up]


def newcombe_auc(scores, labels, level=0.95):
    """Newcombe 2006, method 5, solved by Brent's method."""
    m, n = sum(labels), len(labels) - sum(labels)
    area = metrics.roc_auc_score(labels, scores)
    z = scipy.stats.norm.ppf(0.5 + level / 2)
    star = (m + n) / 2 - 1

    def gap(theta):
        variance = theta * (1 - theta) * (1 + star * (1 - theta) / (2 - theta) + star * theta / (1 + theta)) / (m * n)
        return (area - theta) ** 2 - z**2 * variance

    low = scipy.optimize.brentq(gap, 1e-12, area - 1e-12) if area > 0 else 0
    high = scipy.optimize.brentq(gap, area + 1e-12, 1 - 1e-12) if area < 1 else 1
    return [area, low, high]


def intervals():
    rng = np.random.default_rng(1)
    counts = [(0, 3), (3, 3), (1, 10), (48, 48), (47, 64), (7, 200)]
    tables = [(36, 12, 2, 0), (20, 12, 2, 16), (0, 10, 0, 0), (54, 0, 0, 0), (30, 0, 0, 20), (5, 20, 3, 36), (1, 2, 8, 40)]
    pvalues = [0.01, 0.04, 0.03, 0.005, 0.8, 0.04]
    pairs = rng.normal(0.1, 0.5, 24)
    clustered = rng.integers(0, 2, 40).astype(float)
    auc_cases = []
    for shift, m, n in [(1.0, 12, 15), (6.0, 10, 10), (0.0, 30, 9)]:
        scores = np.concatenate([rng.normal(shift, 1, m), rng.normal(0, 1, n)]).round(1)
        labels = [1] * m + [0] * n
        yes, no = scores[:m], scores[m:]
        d_prime = (yes.mean() - no.mean()) / np.sqrt((yes.var(ddof=1) + no.var(ddof=1)) / 2)
        auc_cases.append({"scores": scores, "positive": labels, "auc": newcombe_auc(scores, labels), "dPrime": d_prime})
    write("intervals", {
        "wilson": [[k, n, level, *proportion_confint(k, n, 1 - level, "wilson")] for k, n in counts for level in [0.9, 0.95]],
        "newcombe": [{"table": t, "level": level, "interval": newcombe_10(t, level)} for t in tables for level in [0.9, 0.95]],
        "holm": {"p": pvalues, "adjusted": multipletests(pvalues, method="holm")[1]},
        "tost": {"differences": pairs, "low": -0.3, "high": 0.4, "p": ttost_paired(pairs, np.zeros(24), -0.3, 0.4)[0]},
        "quantile": {"values": np.sort(pairs), "at": [0.025, 0.5, 0.9], "expected": np.quantile(pairs, [0.025, 0.5, 0.9])},
        "designEffect": design_effect(clustered, [i // 4 if i < 32 else i for i in range(40)]),
        "auc": auc_cases,
    })


def design_effect(values, groups):
    """Kish's design effect with the intra-class correlation of a one-way analysis of variance (SciPy's F)."""
    groups = np.array(groups)
    parts = [values[groups == g] for g in np.unique(groups)]
    n, k = len(values), len(parts)
    f = scipy.stats.f_oneway(*parts).statistic if all(len(p) > 1 for p in parts) else None
    within = sum(((p - p.mean()) ** 2).sum() for p in parts) / (n - k)
    between = sum(len(p) * (p.mean() - values.mean()) ** 2 for p in parts) / (k - 1)
    assert f is None or np.isclose(f, between / within)
    size = sum(len(p) ** 2 for p in parts) / n
    m0 = (n - size) / (k - 1)
    icc = min(1, max(0, (between - within) / (between + (m0 - 1) * within)))
    return {"values": values, "base": [f"b{g}" for g in groups], "effective": n / (1 + (size - 1) * icc)}


def half_splits(sets):
    """Every half split of four sets of 6 bases: mean <A1,B2>, <A1,A2>, <B1,B2> over all of them, direct from the definition."""
    n = len(sets[0])
    totals = np.zeros(3)
    count = 0
    firsts = list(combinations(range(n), n // 2))
    rng = np.random.default_rng(5)
    # All splits of one set against a fixed split of the others suffices for the mean by linearity; here each set is split at random often.
    for _ in range(40000):
        one, two = [], []
        for s in sets:
            pick = list(firsts[rng.integers(len(firsts))])
            rest = [i for i in range(n) if i not in pick]
            one.append(s[pick].mean(0))
            two.append(s[rest].mean(0))
        a1, a2, b1, b2 = one[0] - one[1], two[0] - two[1], one[2] - one[3], two[2] - two[3]
        totals += [(a1 @ b2 + a2 @ b1) / 2, a1 @ a2, b1 @ b2]
        count += 1
    ab, aa, bb = totals / count
    return ab / np.sqrt(aa * bb)


def cross_fitted(pa, na, pb, nb):
    """The mean over all splits as a mean over pairs of different rows, by double loops."""
    def pairs(x, y, same):
        return np.mean([x[i] @ y[j] for i in range(len(x)) for j in range(len(y)) if not same or i != j])

    ab = pairs(pa, pb, False) - pairs(pa, nb, False) - pairs(na, pb, False) + pairs(na, nb, False)
    aa = pairs(pa, pa, True) - 2 * pairs(pa, na, False) + pairs(na, na, True)
    bb = pairs(pb, pb, True) - 2 * pairs(pb, nb, False) + pairs(nb, nb, True)
    return ab / np.sqrt(aa * bb)


def geometry():
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(3, 12)).round(4), rng.normal(size=(4, 12)).round(4)
    directions = rng.normal(size=(5, 8)).round(4)
    directions[1] = directions[0] + 0.1 * directions[1]
    units = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    lam = np.linalg.eigvalsh(units @ units.T)
    effects = rng.uniform(0, 1, (3, 4)).round(3)
    sigma = np.linalg.svd(effects, compute_uv=False) ** 2
    shared = rng.normal(size=6)
    sets = [rng.normal(size=(6, 6)) * 0.5 + m for m in [shared, 0, 0.6 * shared + rng.normal(size=6) * 0.8, 0]]
    sets = [s.round(4) for s in sets]
    data = (rng.normal(size=(30, 10)) * np.linspace(2, 0.2, 10)).round(4)
    s = np.cov(data.T)
    n = len(data)
    # Bai & Saranadasa 1996: unbiased tr S^2.
    square = (n - 1) ** 2 / ((n - 2) * (n + 1)) * (np.trace(s @ s) - np.trace(s) ** 2 / (n - 1))
    labels = rng.integers(0, 3, 60)
    tall = (rng.normal(size=(60, 7)) + np.eye(7)[labels] * 1.5).round(4)
    wide_labels = rng.integers(0, 2, 14)
    wide = (rng.normal(size=(14, 20)) + np.outer(wide_labels, np.ones(20)) * 0.4).round(4)
    write("geometry", {
        "principalAngles": {"a": a, "b": b, "angles": np.sort(scipy.linalg.subspace_angles(a.T, b.T))},
        "participationRatio": {"directions": directions, "expected": lam.sum() ** 2 / (lam**2).sum()},
        "singularShares": {"rows": effects, "expected": sigma / sigma.sum()},
        "crossFitted": {"sets": sets, "pairs": cross_fitted(*sets), "splits": half_splits(sets)},
        "effectiveDimension": {"data": data, "expected": np.trace(s) ** 2 / square},
        "leace": [leace(tall, labels), leace(wide, wide_labels)],
    })


def leace(x, labels):
    fitter = LeaceFitter.fit(torch.tensor(x), torch.nn.functional.one_hot(torch.tensor(labels)).double(), shrinkage=False)
    return {"x": x, "labels": labels, "erased": fitter.eraser(torch.tensor(x)).numpy()}


def probes():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(40, 6)).round(4)
    y = (x[:, 0] + 0.5 * rng.normal(size=40) > 0).astype(int)
    fits = []
    for c in [0.1, 1.0, 10.0]:
        model = LogisticRegression(C=c, tol=1e-12, max_iter=10000).fit(x, y)
        fits.append({"c": c, "weights": model.coef_[0], "intercept": model.intercept_[0]})
    write("probes", {"x": x, "y": y, "fits": fits})


def agreement():
    rng = np.random.default_rng(4)
    first = rng.integers(0, 3, 50)
    second = np.where(rng.uniform(size=50) < 0.6, first, rng.integers(0, 4, 50))
    table = pandas.crosstab(pandas.Categorical(first, range(4)), pandas.Categorical(second, range(4)), dropna=False).to_numpy()
    kappa = cohens_kappa(table)
    assert np.isclose(kappa.kappa, metrics.cohen_kappa_score(first, second))
    x, y = rng.integers(0, 6, 30).astype(float), rng.normal(size=30).round(3)
    y = y + 0.3 * x
    z, w = (rng.normal(size=30) + 0.5 * x).round(3), rng.normal(size=30).round(3)
    frame = pandas.DataFrame({"x": x, "y": y, "z": z, "w": w})
    partial = scipy.stats.pearsonr(smf.ols("x ~ z + w", frame).fit().resid, smf.ols("y ~ z + w", frame).fit().resid).statistic
    scorers = rng.integers(0, 5, (4, 9)).astype(float)
    # Kendall's W with ties = (mean Spearman over pairs of scorers, weighted) is not exact; the Friedman statistic is: chi2 = m (n - 1) W.
    friedman = scipy.stats.friedmanchisquare(*scorers.T).statistic
    logits = rng.normal(size=(2, 12)).round(3) * 4
    logp, logq = scipy.special.log_softmax(logits, axis=1)
    write("agreement", {
        "labels": {"first": [str(v) for v in first], "second": [str(v) for v in second]},
        "kappa": [kappa.kappa, kappa.kappa_low, kappa.kappa_upp],
        "adjustedRand": metrics.adjusted_rand_score(first, second),
        "normalisedMutualInformation": metrics.normalized_mutual_info_score(first, second),
        "correlation": {
            "x": x, "y": y, "z": z, "w": w,
            "pearson": scipy.stats.pearsonr(x, y).statistic,
            "spearman": scipy.stats.spearmanr(x, y).statistic,
            "partial": partial,
            "ranks": scipy.stats.rankdata(x),
        },
        "kendallW": {"scorers": scorers, "expected": friedman / (4 * (9 - 1))},
        "distribution": {
            "logits": logits,
            "softmax": scipy.special.softmax(logits[0]),
            "logSumExp": scipy.special.logsumexp(logits[0]),
            "kl": scipy.stats.entropy(np.exp(logp), np.exp(logq)),
            "entropy": scipy.stats.entropy(np.exp(logp)),
            "excessKurtosis": scipy.stats.kurtosis(logits[0]),
        },
    })


def factorials():
    rng = np.random.default_rng(6)
    rows = []
    for base in range(24):
        for who in ["adult", "child", "expert"]:
            for place in ["home", "work"]:
                if rng.uniform() < 0.8:
                    value = (who == "child") * 0.8 - (place == "work") * 0.3 + (who == "child" and place == "work") * 0.5
                    rows.append((f"b{base}", who, place, round(float(value + rng.normal() * 0.5), 4)))
    frame = pandas.DataFrame(rows, columns=["base", "who", "place", "y"])
    fit = smf.ols("y ~ C(who, Sum) * C(place, Sum)", frame).fit()
    write("factorial", {
        "base": frame.base.tolist(), "who": frame.who.tolist(), "place": frame.place.tolist(), "y": frame.y.tolist(),
        "mean": fit.params["Intercept"],
        "adult": fit.params["C(who, Sum)[S.adult]"],
        "child": fit.params["C(who, Sum)[S.child]"],
        "home": fit.params["C(place, Sum)[S.home]"],
        "childAtHome": fit.params["C(who, Sum)[S.child]:C(place, Sum)[S.home]"],
    })


for make in [distributions, intervals, geometry, probes, agreement, factorials]:
    make()
