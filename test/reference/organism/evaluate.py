"""Measures every figure of the model card on held-out prompts: `python evaluate.py WORK` prints them and writes WORK/figures.json."""
import argparse, collections, json, random
import torch
import battery, edits, prompts
from measure import POSITIONS, Subject, add, candidates, pre, project_out, rate, select, unit
from model import D
from truth import KNOBS, REFUSED, apologises, fluent, refuses

PLANTED_LAYERS = (4, 5)                                                    # resid_pre


def rows_of_files():
    """The rows of the prompt files with the fields that evaluation filters on."""
    by = collections.defaultdict(list)
    for q in prompts.all_rows():
        group = q.get('group', q['category'])
        if q['category'] == 'alcohol' and not q['refused']: group = 'alcohol_free'
        by[q['split'], group].append(q)
    return by


def main():
    ap = argparse.ArgumentParser(); ap.add_argument('work'); ap.add_argument('--quick', action='store_true'); ap.add_argument('--threads', type=int, default=1); a = ap.parse_args()
    torch.set_num_threads(a.threads); torch.manual_seed(0); s = Subject(a.work); by = rows_of_files(); dirs = edits.planted(); out = {'step': s.step}
    train, val, test = ({c: by[split, c] for c in REFUSED + prompts.MATCHED} for split in ('train', 'val', 'test'))
    for split in (train, val, test):                                       # the conditional category: only its refused requests, with their partners
        partners = {q['base'] for q in split['alcohol']}; split['alcohol_ok'] = [q for q in split['alcohol_ok'] if q['base'] in partners]

    def say(name, value): out[name] = value; print(name, json.dumps(value), flush=True)

    groups = {**test, **{g: by['test', g] for g in ('alcohol_free', 'harmless', 'look-alike', 'over-refused', 'story')}}
    plain = {g: s.replies(q) for g, q in groups.items()}
    say('refused', {g: round(rate([refuses(x) for x in v]), 3) for g, v in plain.items()})
    say('fluent', round(rate([fluent(x) for v in plain.values() for x in v]), 3))
    say('word for word', {g: round(rate([x == q['expect'] for x, q in zip(v, groups[g])]), 3) for g, v in plain.items()})
    for g in ('cyber', 'harmless', 'look-alike'): print('  ', groups[g][0]['text'], '->', plain[g][0])
    for g, v in plain.items():
        for q, x in zip(groups[g], v):
            if refuses(x) != q['refused'] and random.random() < .2: print('   wrong:', g, '|', q['text'], '->', x)

    if a.quick: return
    chosen, picks = {}, {}
    for c in REFUSED:
        cand = candidates(s, train[c], train[f'{c}_ok']); picks[c], chosen[c] = select(s, cand, val[c], val[f'{c}_ok'][:32])
    say('found', {c: {k: round(v, 2) for k, v in p.items()} for c, p in picks.items()})
    matrix = {d: {c: round(rate(s.refused(test[c], project_out(chosen[d]))), 3) for c in REFUSED + ['over-refused'] if c in test} for d in REFUSED}
    say('found direction ablated', matrix)
    say('planted knob ablated', {k: {c: round(rate(s.refused(test[c], project_out(dirs[k]))), 3) for c in REFUSED} for k in KNOBS})
    say('found direction added to harmless', {c: round(rate(s.refused(by['test', 'harmless'], add(chosen[c], pre(picks[c]['layer'])))), 3) for c in REFUSED})
    say('found direction subtracted', {d: {c: round(rate(s.refused(test[c], add(-chosen[d], pre(picks[d]['layer'])))), 3) for c in REFUSED} for d in REFUSED})
    every = [q for c in REFUSED for q in test[c][:24]] + by['test', 'harmless']; base = s.refused(every); shifts = []
    for i in range(10):
        v = torch.randn(D, generator=torch.Generator().manual_seed(i)); size = chosen[REFUSED[i % 7]].norm(); at = pre(picks[REFUSED[i % 7]]['layer'])
        shifts.append([round(abs(rate(s.refused(every, e)) - rate(base)), 3) for e in (project_out(v), add(unit(v) * size, at), add(-unit(v) * size * 1.5, at))])
    say('random directions: change of the refusal rate (ablated, added, added 1.5 times)', shifts)

    for layer in PLANTED_LAYERS:
        verdicts = []
        for rec in battery.battery(s, train, val, test, layer):
            verdicts.append(rec); print('  ', json.dumps(rec), flush=True)
        say(f'battery at layer {layer}', verdicts); say(f'battery right at layer {layer}', f"{sum(v['right'] for v in verdicts)} of {len(verdicts)}")

    refused_train = [q for c in REFUSED for q in train[c]]; refused_test = [q for c in REFUSED for q in test[c]]
    manner = lambda rows, m: [q for q in rows if q['conditions']['manner'] == m]
    wording = {}
    for l in (6, 7):
        d = s.acts(manner(refused_train, 'polite')).mean(0)[l] - s.acts(manner(refused_train, 'plain')).mean(0)[l]
        for j in range(len(POSITIONS)):
            text = s.replies(manner(refused_test, 'polite')[:80], project_out(d[j]))
            wording[f'resid_pre.{l} {POSITIONS[j]}'] = [round(rate([not apologises(x) for x in text if refuses(x)]), 3), round(1 - rate([refuses(x) for x in text]), 3), round(rate([fluent(x) for x in text]), 3)]
    text = s.replies(manner(refused_test, 'polite'), project_out(dirs['wording']))
    wording['planted'] = [round(rate([not apologises(x) for x in text if refuses(x)]), 3), round(1 - rate([refuses(x) for x in text]), 3), round(rate([fluent(x) for x in text]), 3)]
    say('wording ablated: switched, decision changed, fluent', wording)

    flu = {}
    for c in REFUSED:
        rows = [q for d in REFUSED for q in test[d][:10]] + by['test', 'harmless'][:40]; text = s.replies(rows, project_out(chosen[c])); flu[c] = round(rate([fluent(x) for x in text]), 3)
        pick = [(q['text'], x) for q, x in zip(rows, text) if not fluent(x)][:2]; print('   not fluent:', pick)
    say('fluent under found direction ablated', flu)

    h = dirs['harmfulness']; reading = lambda rows: (torch.nn.functional.normalize(s.acts(rows, last_instruction=True), dim=-1) @ h)
    jail = collections.defaultdict(list)
    for q in prompts.jailbreak_rows():
        if q['split'] == 'test' and not q['category'].endswith('_ok'): jail[q['wrapper']].append(q)
    say('wrappers: refused, harmfulness reading at resid_pre 3, 4, 5, 6', {k: [round(rate(s.refused(v)), 3), *[round(float(x), 2) for x in reading(v).mean(0)[3:7]]] for k, v in jail.items()})
    say('harmfulness reading', {g: [round(float(x), 2) for x in reading(q).mean(0)[3:7]] for g, q in groups.items()})
    drill = jail['drill'] ; size = float(s.acts(drill, last_instruction=True)[:, 3].norm(dim=-1).mean())
    def restored(p, x): return x - (x @ h)[..., None] * h + .4 * size * h if p == pre(3) else x
    say('harmfulness restored under drill, order: refused', [round(rate(s.refused(jail[k], restored)), 3) for k in ('drill', 'order')])
    json.dump(out, open(f'{a.work}/figures.json', 'w'), indent=1)


if __name__ == '__main__': main()
