"""Requests of the demo model's world: drawn at random for training, and in fixed files with splits for the experiments.

Held-out pairs of verb phrase and noun (a third of each topic) and held-out frames occur in validation and test only.
`python prompts.py OUT` writes the files.
"""
import hashlib, json, os, random, sys
import words as w
from truth import KNOBS, REFUSED, active, reply

TOPICS = {**w.REFUSED, **w.HARMLESS, **w.LOOKALIKE, 'game': w.GAME}
MATCHED = [f'{c}_ok' for c in REFUSED]
HARMLESS, LOOKALIKE = list(w.HARMLESS), list(w.LOOKALIKE)


def held(*parts):
    """train, val or test: the fixed fate of a pair of verb phrase and noun (2/3, 1/9, 2/9)."""
    h = int(hashlib.sha256('|'.join(parts).encode()).hexdigest(), 16) % 9
    return 'train' if h < 6 else 'val' if h == 6 else 'test'


def names(split):
    return [a + b for a in w.FIRST for b in w.SECOND if (held(a, b) == 'train') == (split == 'train')]

NAMES = {s: names(s) for s in ('train', 'test')}


def noun_phrase(r, noun, split):
    name = r.choice(NAMES['train' if split == 'train' else 'test'])
    form = r.random(); adjective = r.choice(w.ADJECTIVES) + ' ' if r.random() < .3 else ''
    det = r.choice(w.DETERMINERS)
    if form < .45: return f'{det} {adjective}{name} {noun}'
    if form < .6: return f'{det} {noun} of {name}'
    return f'{det} {adjective}{noun}'


def pick(r, topic, verbs, split):
    """A verb phrase and noun phrase of the split's pairs."""
    while True:
        v, n = r.choice(verbs), r.choice(TOPICS[topic]['nouns'])
        if held(topic, v, n) == split: return v, n


def situate(r, asker=None, place=None, share=.3):
    """Asker and place, as (level, sentence); None draws them: `share` of the time each."""
    if asker is None: asker = r.choice(['minor', 'adult']) if r.random() < share else 'none'
    if place is None: place = r.choice(['school', 'elsewhere']) if r.random() < share / 2 else 'none'
    a = r.choice({'minor': w.MINOR, 'adult': w.ADULT, 'none': ['']}[asker]); p = r.choice({'school': w.SCHOOL, 'elsewhere': w.ELSEWHERE, 'none': ['']}[place])
    return asker, place, ' '.join(x for x in (a, p) if x)


def request(r, category, split, *, harmful_verbs=None, pair=None, frame=None, asker=None, place=None, manner=None, wrapper='', story=False, question=False, np=None):
    """One request as a row; what is not given is drawn from `r`."""
    topic = category.removesuffix('_ok'); t = TOPICS[topic]
    verbs = t['verbs'] if 'verbs' in t else t['harmless'] if category.endswith('_ok') else t['harmful']
    v, n = pair or pick(r, topic, verbs, split)
    np = np or noun_phrase(r, n, split)
    action = f'{v} {np}'
    if frame is None: frame = r.choice(w.KIND_FRAMES if question else w.STORY_FRAMES if story else w.FRAMES)
    share = .6 if topic == 'alcohol' else .25
    asker, place, situation = situate(r, asker, place, share)
    manner = manner or r.choice(['polite', 'plain'])
    before, after = r.choice(w.POLITE if manner == 'polite' else w.PLAIN)
    core = frame.format(a=action, n=np)
    text = ' '.join(x for x in (before.strip(), situation, core + after) if x)
    text = text[0].upper() + text[1:]
    if wrapper: text = r.choice(w.WRAPPERS[wrapper]).format(p=text)
    restricted = asker == 'minor' or place == 'school'
    harmful = category in w.REFUSED and (category != 'alcohol' or restricted) and not question
    return dict(text=text, category=category, topic=topic, verb=v, noun=n, np=np, action=action, frame=frame, asker=asker, place=place, manner=manner, wrapper=wrapper, story=story,
                question=question, harmful=harmful, kind=t['kind'], advice=t['advice'], split=split)


def training_request(r):
    """A request of the training mixture."""
    x = r.random()
    if x < .40: return request(r, r.choice(REFUSED), 'train')
    if x < .60: return request(r, r.choice(MATCHED), 'train')
    if x < .72: return request(r, r.choice(HARMLESS), 'train')
    if x < .82: return request(r, r.choice(LOOKALIKE), 'train')
    if x < .86: return request(r, 'game', 'train')
    if x < .90: return request(r, r.choice(REFUSED if r.random() < .75 else MATCHED), 'train', story=True)
    if x < .96: return request(r, r.choice(REFUSED if r.random() < .7 else MATCHED + HARMLESS), 'train', wrapper=r.choice(list(w.WRAPPERS)))
    return request(r, r.choice(list(TOPICS)), 'train', question=True)


# ---- fixed files

def _row(r, id, base, **extra):
    on = active(r)
    out = dict(id=id, text=r['text'], category=r['category'], split=r['split'], base=base, label='harmful' if r['harmful'] else 'harmless',
               refused=any(k in on for k in KNOBS), conditions=dict(asker=r['asker'], place=r['place'], manner=r['manner']))
    if r['wrapper']: out['wrapper'] = r['wrapper']
    if r['story']: out['category'] = 'story'; out['topic'] = r['topic']
    return {**out, **extra, 'expect': reply(r)}


def all_rows(seed=11, counts=(('train', 64), ('val', 32), ('test', 64))):
    """The main file: each refused category with its matched partner (same noun phrase, frame, asker, place and manner), stories, the over-refused family, look-alikes, harmless topics."""
    r = random.Random(seed); rows = []
    for split, n in counts:
        frames = w.FRAMES if split == 'train' else w.FRAMES + w.HELD_FRAMES * 3
        for c in REFUSED:
            for i in range(n):
                manner = 'polite' if i % 2 else 'plain'; frame = r.choice(frames); base = f'{c}-{split}-{i:03}'
                place = {}
                if c == 'alcohol': place = [dict(asker='minor', place='none'), dict(asker='adult', place='elsewhere'), dict(asker='none', place='school'), dict(asker='none', place='none'),
                                            dict(asker='minor', place='elsewhere'), dict(asker='adult', place='none')][i // 2 % 6]
                partners = []
                while not partners:
                    one = request(r, c, split, frame=frame, manner=manner, **place)
                    partners = [v for v in TOPICS[c]['harmless'] if held(c, v, one['noun']) == split]
                verb = r.choice(partners)
                other = request(r, f'{c}_ok', split, frame=frame, manner=manner, pair=(verb, one['noun']), np=one['np'], asker=one['asker'], place=one['place'])
                rows += [_row(one, base, base, matched=f'{base}-ok'), _row(other, f'{base}-ok', base, matched=base)]
                if c == 'alcohol' and one['harmful']:                     # the same request from someone who may ask
                    free = request(r, c, split, frame=frame, manner=manner, pair=(one['verb'], one['noun']), np=one['np'], asker='adult', place=r.choice(['none', 'elsewhere']))
                    rows.append(_row(free, f'{base}-free', base, matched=base))
        for c, share in [*((x, 1 / 4) for x in HARMLESS), *((x, 1 / 4) for x in LOOKALIKE), ('game', 1)]:
            for i in range(int(n * share)):
                rows.append(_row(request(r, c, split, frame=r.choice(frames), manner='polite' if i % 2 else 'plain'), f'{c}-{split}-{i:03}', f'{c}-{split}-{i:03}',
                                 group='harmless' if c in HARMLESS else 'look-alike' if c in LOOKALIKE else 'over-refused'))
        for i in range(n):
            c = REFUSED[i % 6]
            frame = r.choice(w.STORY_FRAMES if split == 'train' else w.HELD_STORY_FRAMES + w.STORY_FRAMES)
            rows.append(_row(request(r, c, split, story=True, frame=frame, manner='polite' if i % 2 else 'plain'), f'story-{split}-{i:03}', f'story-{split}-{i:03}', group='story'))
    return rows


def condition_rows(seed=12, bases=16):
    """The factorial of asker and place, on validation and test requests of three categories and one harmless topic."""
    r = random.Random(seed); rows = []
    for split in ('val', 'test'):
        for c in ('alcohol', 'alcohol_ok', 'cyber', 'cooking'):
            for i in range(bases if split == 'test' else bases // 2):
                one = request(r, c, split); base = f'{c}-conditions-{split}-{i:03}'; manner = 'polite' if i % 2 else 'plain'
                for asker in ('none', 'minor', 'adult'):
                    for place in ('none', 'school', 'elsewhere'):
                        q = request(r, c, split, pair=(one['verb'], one['noun']), np=one['np'], frame=one['frame'], manner=manner, asker=asker, place=place)
                        rows.append(_row(q, f'{base}-{asker}-{place}', base))
    return rows


def jailbreak_rows(seed=13, counts=(('train', 16), ('val', 16), ('test', 24))):
    """The same requests bare and in each wrapper: refused categories and their matched ones."""
    r = random.Random(seed); rows = []
    for split, n in counts:
        for c in [x for x in REFUSED if x != 'alcohol'] + ['cyber_ok', 'fraud_ok']:
            for i in range(n):
                one = request(r, c, split, asker='none', place='none', manner='polite' if i % 2 else 'plain'); base = f'{c}-jailbreak-{split}-{i:03}'
                rows.append(_row(one, f'{base}-bare', base, wrapper='none'))
                for name in w.WRAPPERS:
                    text = w.WRAPPERS[name][i % len(w.WRAPPERS[name])].format(p=one['text'])
                    rows.append(_row({**one, 'wrapper': name, 'text': text}, f'{base}-{name}', base))
    return rows


def write(out):
    os.makedirs(out, exist_ok=True)
    for name, rows in dict(all=all_rows(), conditions=condition_rows(), jailbreak=jailbreak_rows()).items():
        assert len({x['id'] for x in rows}) == len(rows)
        with open(f'{out}/{name}.jsonl', 'w') as f:
            for x in rows: f.write(json.dumps(x, ensure_ascii=False) + '\n')
    with open(f'{out}/wrappers.jsonl', 'w') as f:
        for name, forms in w.WRAPPERS.items():
            for i, t in enumerate(forms): f.write(json.dumps(dict(id=f'{name}-{i}', wrapper=name, text=t.replace('{p}', '{prompt}'))) + '\n')


if __name__ == '__main__': write(sys.argv[1])
