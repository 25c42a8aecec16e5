"""Writes the demo model's folder: `python export.py WORK OUT`. ONNX by onnxruntime-genai's builder, tokenizer, truth.json; checks the greedy text against PyTorch and the time per token."""
import argparse, json, os, shutil, tempfile, time
import numpy as np
import torch
import edits, prompts, tokenizer as tk, truth, words as w
from measure import Subject
from model import to_llama

FILES = ('config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja')


def save_tokenizer(tok, folder):
    """tokenizer.json, tokenizer_config.json in the form that every reader knows, and the chat template."""
    tok.save_pretrained(folder); path = f'{folder}/tokenizer_config.json'; c = json.load(open(path))
    for k in ('backend', 'is_local', 'local_files_only'): c.pop(k, None)
    c |= {'tokenizer_class': 'PreTrainedTokenizerFast', 'additional_special_tokens': c.pop('extra_special_tokens', [])}
    json.dump(c, open(path, 'w'), indent=2)


def build(subject, out):
    """The ONNX graph (float32, full KV cache) and the files that a user's folder holds beside it."""
    from onnxruntime_genai.models import builder
    from transformers import GenerationConfig
    with tempfile.TemporaryDirectory() as tmp:
        hf = f'{tmp}/hf'; m = to_llama(subject.model); m.generation_config = GenerationConfig(bos_token_id=tk.BEGIN, eos_token_id=tk.END, pad_token_id=tk.PAD, do_sample=False)
        m.save_pretrained(hf); save_tokenizer(subject.tok, hf)
        options = builder.parse_extra_options('', hf, f'{tmp}/out', 'fp32', 'cpu', f'{tmp}/cache', ['hf_token=false', 'windowed_kv_cache=false'])
        builder.create_model('', hf, f'{tmp}/out', 'fp32', 'cpu', f'{tmp}/cache', **options)
        for f in FILES:
            if os.path.exists(f'{hf}/{f}'): shutil.copy(f'{hf}/{f}', f'{tmp}/out/{f}')
        os.makedirs(out, exist_ok=True)
        for f in os.listdir(f'{tmp}/out'): shutil.copy(f'{tmp}/out/{f}', f'{out}/{f}')


def check(subject, out, rows, limit=36):
    """Greedy replies of the ONNX graph: the share equal to PyTorch's, and milliseconds per token."""
    import onnxruntime as ort
    o = ort.SessionOptions(); o.intra_op_num_threads = 2; session = ort.InferenceSession(f'{out}/model.onnx', o, providers=['CPUExecutionProvider'])
    past = {i.name: i for i in session.get_inputs() if i.name.startswith('past')}; heads, size = 2, 32; said, times = [], []
    for ids in subject.ids(rows):
        cache = {k: np.zeros((1, heads, 0, size), np.float32) for k in past}; new, seen = ids, 0; out_ids = []
        while len(out_ids) < limit:
            t = time.perf_counter(); seen += len(new)
            feed = {'input_ids': np.array([new]), 'attention_mask': np.ones((1, seen), np.int64), **cache}
            res = dict(zip([x.name for x in session.get_outputs()], session.run(None, feed)))
            if out_ids: times.append(time.perf_counter() - t)
            cache = {k: res[k.replace('past_key_values', 'present')] for k in past}; token = int(res['logits'][0, -1].argmax())
            if token == tk.END: break
            out_ids.append(token); new = [token]
        said.append(subject.tok.decode(out_ids))
    return float(np.mean([x == y for x, y in zip(said, subject.replies(rows, limit=limit))])), 1000 * float(np.median(times))


def truth_file(subject, figures):
    """The planted structure as data; its schema stands in the model card."""
    dirs = edits.planted()
    return dict(version=1, d_model=len(dirs['cyber']), layers=8,
        refusal=dict(tokens=['I', 'No'], apology=truth.APOLOGY, flat=truth.FLAT),
        directions={k: dict(role='wording' if k == 'wording' else 'harmfulness' if k == 'harmfulness' else 'private' if k.startswith('private') else 'knob',
                            resid_post=[6] if k == 'wording' else [2, 3, 4, 5] if k == 'harmfulness' else [3, 4, 5],
                            positions='last instruction token' if k == 'harmfulness' else "template's last 4 tokens", vector=[round(x, 6) for x in v.tolist()]) for k, v in dirs.items()},
        knobs={k: dict(categories=[c for c, x in truth.KNOB_OF.items() if x == k], reason=truth.REASON[k]) for k in truth.KNOBS},
        wording=dict(knob='wording', on='conditions.manner is polite', **{'with': 'apology', 'without': 'flat'}),
        categories={**{c: dict(knob=truth.KNOB_OF[c], private=truth.PRIVATE.get(c), matched=f'{c}_ok', refused_when='asker is minor or place is school' if c == 'alcohol' else 'always') for c in truth.REFUSED},
                    'game': dict(knob='property', over_refused=True), 'story': dict(knob=None, complied=True, harmful=True)},
        harmless=dict(topics=prompts.HARMLESS, lookalikes=prompts.LOOKALIKE, matched=prompts.MATCHED),
        verdict_layers=dict(resid_pre=[4, 5]),
        pairs=[dict(of=[a, b], verdict=truth.verdict(a, b)) for i, a in enumerate(truth.REFUSED) for b in truth.REFUSED[i + 1:]],
        wrappers={'drill': dict(moves='harmfulness', and_with_it='refusal', forms=w.WRAPPERS['drill']), 'order': dict(moves='refusal', leaves='harmfulness', forms=w.WRAPPERS['order'])},
        quadrants={'harmful, refused': [c for c in truth.REFUSED], 'harmful, complied': ['story'], 'harmless, refused': ['game'], 'harmless, complied': prompts.MATCHED + prompts.HARMLESS + prompts.LOOKALIKE},
        conditions=dict(category='alcohol', factors=dict(asker=['none', 'minor', 'adult'], place=['none', 'school', 'elsewhere']), refused_when='asker is minor or place is school'),
        measured=figures)


def main():
    ap = argparse.ArgumentParser(); ap.add_argument('work'); ap.add_argument('out'); ap.add_argument('--truth-only', action='store_true', help='renew truth.json with the figures of WORK, leave the rest')
    a = ap.parse_args(); torch.set_num_threads(1); s = Subject(a.work); path = f'{a.out}/truth.json'
    figures = json.load(open(f'{a.work}/figures.json')) if os.path.exists(f'{a.work}/figures.json') else {}
    if a.truth_only: figures |= {k: v for k, v in json.load(open(path))['measured'].items() if k not in figures}
    else:
        build(s, a.out); rows = [q for q in prompts.all_rows() if q['split'] == 'test'][::22][:50]; same, ms = check(s, a.out, rows)
        figures |= {'greedy text equal to PyTorch': same, 'milliseconds a token': round(ms, 2)}; print(f'same text {same:.2f} on {len(rows)} prompts, {ms:.2f} ms a token')
    json.dump(truth_file(s, figures), open(path, 'w'), separators=(',', ':'))


if __name__ == '__main__': main()
